"""
A secret of AWS Secrets Manager, fetched when it is first needed.

What is in a function's environment is readable to whoever may look at the function; a secret is
granted, logged and encrypted apart.
"""

from __future__ import annotations

from typing import Final

TIMEOUT_S: Final = 2
ATTEMPTS_MAX: Final = 3


def fetch(secret_id: str) -> str:
    """
    Return a secret's text by its name or ARN.

    One call to AWS.  Raises botocore's errors where it is not to be had.
    """
    import botocore.session
    from botocore.config import Config

    client = botocore.session.Session().create_client(
        "secretsmanager",
        config=Config(
            connect_timeout=TIMEOUT_S,
            read_timeout=TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
        ),
    )
    return str(client.get_secret_value(SecretId=secret_id)["SecretString"])
