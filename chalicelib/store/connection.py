"""
The one way to DynamoDB: a PynamoDB connection that knows what became of each attempt.

Of PynamoDB's `Connection` this uses ``dispatch`` and ``transact_write_items``: they add one id and
one dictionary to botocore's call, ask for the consumed capacity, and make no further request.
Nothing here ever asks DynamoDB to describe a table.  The client is made at the first call, or when
``client`` is first read, and no call is made before that.

PynamoDB makes its client without a lock and so may make several, of which one stays; here there is
one from the start, because it carries the hooks that count attempts.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import botocore.session
import pynamodb.connection
from botocore.config import Config
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate

import chalicelib

TIMEOUT_S: Final = 2
ATTEMPTS_MAX: Final = 3
POOL_SIZE: Final = 32
USER_AGENT: Final = f"tessera/{chalicelib.__version__} Botocore/{botocore.__version__}"

_SERVER_FAULT: Final = 500


class Attempts(threading.local):
    """
    What this thread's call has sent so far, and what of that was answered for certain.

    An attempt that was answered with a refusal changed nothing.  One that was answered with a
    server's fault, garbage or nothing at all may have been carried out.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget the call before."""
        self.sent = 0
        self.refused = 0
        self.faulted = False

    @property
    def all_refused(self) -> bool:
        """Whether nothing that was sent can have been carried out."""
        return self.sent == self.refused

    def on_sending(self, **_: Any) -> None:
        """Count an attempt; botocore calls this when the request is signed."""
        self.sent += 1

    def on_answer(self, parsed_response: dict[str, Any] | None, **_: Any) -> None:
        """Count an answer; botocore calls this for each that it could read."""
        if parsed_response is None:
            return
        status = parsed_response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        self.faulted = status >= _SERVER_FAULT
        self.refused += "Error" in parsed_response and 0 < status < _SERVER_FAULT


class Connection(pynamodb.connection.Connection):
    """
    A connection for all threads: bounded waits, bounded retries, and a record of attempts.

    ``region`` and the credentials are botocore's to find where they are not given; ``endpoint`` is
    for a local engine.  At worst a call takes three attempts of two seconds to connect and two to
    answer; throttling, server faults and broken connections are tried again, refusals are not.
    """

    def __init__(self, region: str | None = None, endpoint: str | None = None) -> None:
        super().__init__(
            region=region,
            host=endpoint,
            connect_timeout_seconds=TIMEOUT_S,
            read_timeout_seconds=TIMEOUT_S,
            max_pool_connections=POOL_SIZE,
            retry_configuration={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
        )
        self.attempts = Attempts()
        self._making = threading.Lock()
        self._hooked: BotocoreBaseClientPrivate | None = None

    @property
    def session(self) -> botocore.session.Session:
        """This thread's botocore session, whose clients say plainly who they are."""
        session = super().session
        # Botocore would put its own name together anew, twice a call: a tenth of what calls cost.
        session.set_default_client_config(Config(user_agent=USER_AGENT))
        return session

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The botocore client, made when it is first asked for."""
        made = self._hooked
        # PynamoDB makes the client anew where it found no credentials: they may come later.
        if made is not None and made._request_signer._credentials:  # noqa: SLF001
            return made
        with self._making:
            made = super().client
            if made is not self._hooked:
                events = made.meta.events
                # Last: what cannot be signed was never sent.
                events.register_last("request-created.dynamodb", self.attempts.on_sending)
                events.register("response-received.dynamodb", self.attempts.on_answer)
                self._hooked = made
        return made
