"""The schedule, locally: what EventBridge does once a minute on AWS."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any, Final

from infra.local.gateway import Context

INTERVAL_S: Final = 60.0

_log = logging.getLogger(__name__)


class Ticker:
    """Calls a scheduled Chalice handler at once and then every ``interval_s`` seconds."""

    def __init__(
        self, handler: Callable[[dict[str, Any], Any], Any], *, interval_s: float = INTERVAL_S
    ) -> None:
        self._handler = handler
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tick", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for the run under way to finish, and begin no other."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            run_id = str(uuid.uuid4())
            try:
                self._handler(_event(run_id), Context(run_id, "tick"))
            except Exception:  # noqa: BLE001 - logged with its trace
                # The outermost edge: a failed run is logged and the next one tries again.
                _log.exception("the scheduled tick failed")
            self._stopping.wait(self._interval_s)


def _event(run_id: str) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC)
    return {
        "version": "0",
        "id": run_id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "local",
        "resources": ["arn:aws:events:local:000000000000:rule/tick"],
        "detail": {},
    }
