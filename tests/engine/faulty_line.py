"""
A line to the engine on which answers are refused and lost: microburst, as a process on loopback.

It speaks DynamoDB's own words, so that what is tested is the real client's handling of them.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from infra.local.engine import HOST, free_port

_CONTROL: Final = "/_microburst"
_TIMEOUT_S: Final = 60
_POLL_S: Final = 0.05
_LIST_TABLES: Final = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260302/eu-west-1/dynamodb/aws4_request",
}


class FaultyLineError(Exception):
    """The proxy did not start, or does not do as it is told."""


class FaultyLine:
    """
    A running proxy before an engine, faultless until told otherwise; a context manager.

    ``upstream`` is the engine's URL.  What it says goes to ``log``.
    """

    def __init__(self, upstream: str, log: Path) -> None:
        self.port = free_port()
        self._names: dict[int, str] = {}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "microburst"),
                    *("--upstream", upstream, "--host", HOST, "--port", str(self.port)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await(log)
            # It reads botocore's models at its first request, which takes longer than our own
            # clients wait.
            self._ask("POST", "/", {}, _LIST_TABLES)
        except BaseException:
            self.stop()
            raise

    @property
    def endpoint(self) -> str:
        """The URL for a client's ``endpoint_url``."""
        return f"http://{HOST}:{self.port}"

    def break_down(self, throttled: float, lost: float) -> None:
        """
        From now on refuse a share of the requests as too many, and lose a share of the answers.

        A refused request is not carried out; one whose answer is lost is.
        """
        # Only what is not refused can have its answer lost.
        rules = {
            "throttled": {
                "probability": throttled,
                "error": {"code": "ProvisionedThroughputExceededException"},
            },
            "lost": {"probability": lost / (1 - throttled), "response": {"abort_bytes": 0}},
        }
        body = [{"service": "dynamodb", **rule} for rule in rules.values()]
        made = self._ask("POST", f"{_CONTROL}/rules", body)
        self._names = dict(zip((rule["id"] for rule in made), rules, strict=True))

    def repair(self) -> Counter[str]:
        """Let everything through again; return how often each fault was done since it began."""
        rules = self._ask("GET", f"{_CONTROL}/rules")
        fired = Counter({self._names[rule["id"]]: int(rule["fired_count"]) for rule in rules})
        self._ask("POST", f"{_CONTROL}/rules", [])
        return fired

    @property
    def requests(self) -> int:
        """How many requests came in so far."""
        return int(self._ask("GET", f"{_CONTROL}/health")["requests_seen"])

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(_TIMEOUT_S)

    def __enter__(self) -> Self:
        """Return the line itself, which is up since its construction."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _await(self, log: Path) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self._ask("GET", f"{_CONTROL}/health")
            except OSError:
                time.sleep(_POLL_S)
            else:
                return
        raise FaultyLineError(f"microburst did not start:\n{log.read_text(errors='replace')}")

    def _ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Any:
        raw = None if body is None else json.dumps(body)
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=_TIMEOUT_S)) as line:
            line.request(method, path, raw, headers or {})
            response = line.getresponse()
            answer = response.read()
        if response.status >= 400:
            raise FaultyLineError(f"{method} {path}: {response.status} {answer[:500]!r}")
        return json.loads(answer)
