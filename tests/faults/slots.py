"""
The containers in which tasks run: each has a connection of its own, as on Lambda.

What a real one keeps from call to call, this keeps too: the client, its budget of retries.  Making
one costs a third of a second, so a process makes a few and every history starts with their budgets
full.  The SDK's own retries are its own; only their waiting is virtual.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.retries import quota, standard

from chalicelib.store.connection import Connection
from chalicelib.store.dynamo import Dynamo
from infra.local import in_process
from tests.faults.storage import PREFIX

COUNT: Final = 3
# The same in every replay, and later than the engine deletes what has had its time.
_FAR_OFF: Final = 4_000_000_000

_RETRIES: Final = "needs-retry.dynamodb"
_RETRIES_ID: Final = "retry-config-dynamodb"

Transport = Callable[["Slot", AWSPreparedRequest], AWSResponse]
Sleep = Callable[["Slot", float], None]


class Slot:
    """One container: ``transport`` answers its calls, ``sleep`` takes its waits in seconds."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.connection = Connection("eu-west-1", "http://engine.invalid")
        self.transport: Transport = _straight
        self.sleep: Sleep = _never
        client: Any = self.connection.client
        # Telling DynamoDB which software this is takes botocore a tenth of all the time.
        client.meta.config._supplied_user_agent = "simulation"
        in_process.attach(client, lambda request: self.transport(self, request))
        self._retries = _own_retries(client, self._waited)
        self.dynamo = Dynamo(
            self.connection, PREFIX, lambda seconds: self.sleep(self, seconds), lambda: _FAR_OFF
        )

    def begin(self, transport: Transport, sleep: Sleep) -> None:
        """Start anew for a history."""
        self.transport, self.sleep = transport, sleep
        self._retries._retry_quota._quota = quota.RetryQuota()

    def end(self) -> None:
        """Answer straight from the engine again."""
        self.transport, self.sleep = _straight, _never

    def _waited(self, decide: Callable[..., float | None], **about: Any) -> float | None:
        if decide(**about) is None:
            return None
        # The SDK draws its delay by itself; here it is as long as it can be.
        self.sleep(self, float(2 ** (about["attempts"] - 1)))
        # botocore sleeps what it is told, and that was just done.
        return 0


def _own_retries(client: Any, waited: Callable[..., float | None]) -> Any:
    """Put the SDK's own decision about retries behind a waiting of ours."""
    events, attempts = client.meta.events, client.meta.config.retries["total_max_attempts"]
    events.unregister(_RETRIES, unique_id=_RETRIES_ID)
    handler = standard.register_retry_handler(client, attempts)
    events.unregister(_RETRIES, unique_id=_RETRIES_ID)

    def decided(**about: Any) -> float | None:
        return waited(handler.needs_retry, **about)

    events.register(_RETRIES, decided, unique_id=_RETRIES_ID)
    return handler


def _straight(_slot: Slot, request: AWSPreparedRequest) -> AWSResponse:
    return in_process.send(request)


def _never(_slot: Slot, seconds: float) -> None:
    raise AssertionError(f"nothing goes wrong here, yet a retry waits {seconds} s")
