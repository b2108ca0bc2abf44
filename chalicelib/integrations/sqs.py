"""
A client for SQS that asks the host that its queue's URL names, and waits no longer than that.

On AWS and on a local engine the URL of a queue says where it is, so there is no setting beside it.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 2
ATTEMPTS_MAX: Final = 3


def client_for(queue_url: str) -> Any:
    """
    Return a botocore client for the queue.

    The region and the credentials are botocore's to find.
    """
    # Where there is no queue, and on a run that finds little to do, this costs nothing.
    import botocore.session
    from botocore.config import Config

    place = urlsplit(queue_url)
    return botocore.session.Session().create_client(
        "sqs",
        endpoint_url=f"{place.scheme}://{place.netloc}",
        config=Config(
            connect_timeout=TIMEOUT_S,
            read_timeout=TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
        ),
    )
