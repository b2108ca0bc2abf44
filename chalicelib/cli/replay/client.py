"""
A client of the API for many threads: each keeps a connection of its own, and sends again.

What the server cannot take now (429, 503), and what broke on the way, is sent again as it was:
every write here has an identity, so twice is once.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import msgspec

_LATER: Final = frozenset({429, 503})
_ATTEMPTS: Final = 10
_WAIT_S: Final = 0.1
_WAIT_MAX_S: Final = 5.0
_TIMEOUT_S: Final = 60
_COST: Final = re.compile(r"calls=(\d+); write_units=(\d+)")


class Unreachable(Exception):
    """No usable answer came, however often it was asked for."""


class Problem(msgspec.Struct):
    """What of a problem document is counted and reported."""

    code: str = "unknown"
    detail: str = ""


class Answer(NamedTuple):
    """
    What came back, and how long that took, counting the attempt that brought it alone.

    ``calls`` and ``write_units`` are what a local server says that the request cost.
    """

    status: int
    body: bytes
    seconds: float
    calls: int | None
    write_units: int | None

    @property
    def is_refusal(self) -> bool:
        """Tell whether what was asked for was not done."""
        return self.status >= http.HTTPStatus.BAD_REQUEST

    def problem(self) -> Problem:
        """Return why it was refused."""
        try:
            return msgspec.json.decode(self.body, type=Problem)
        except msgspec.DecodeError:
            return Problem(code=f"http_{self.status}")


class Client:
    """
    Calls one server with one credential; a context manager that closes its connections.

    `stop` ends every wait for another attempt.
    """

    def __init__(self, base_url: str, token: str) -> None:
        address = urlsplit(base_url)
        if address.hostname is None or address.scheme not in ("http", "https"):
            raise Unreachable(f"{base_url!r} is no address of a server")
        secure = address.scheme == "https"
        self._connects = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._host, self._port, self._prefix = address.hostname, address.port, address.path
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._here = threading.local()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._opened: list[http.client.HTTPConnection] = []
        self.repeated = 0

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        for connection in self._opened:
            connection.close()

    def stop(self) -> None:
        """Let calls under way end without another attempt."""
        self._stopping.set()

    def get(self, path: str) -> Answer:
        """Read."""
        return self._call("GET", path, None, {})

    def post(self, path: str, body: Any, key: str | None = None) -> Answer:
        """Write; ``key`` is the Idempotency-Key where the body has no identity of its own."""
        extra = {} if key is None else {"Idempotency-Key": key}
        return self._call("POST", path, msgspec.json.encode(body), extra)

    def put(self, path: str, body: Any, key: str | None = None) -> Answer:
        """Replace; with an Idempotency-Key as for `post`."""
        extra = {} if key is None else {"Idempotency-Key": key}
        return self._call("PUT", path, msgspec.json.encode(body), extra)

    def _call(self, method: str, path: str, body: bytes | None, extra: dict[str, str]) -> Answer:
        trouble = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._wait(min(_WAIT_S * 2 ** (attempt - 1), _WAIT_MAX_S))
            try:
                answer = self._attempt(method, path, body, extra)
            except (OSError, http.client.HTTPException) as error:
                # It connects anew by itself.
                self._connection().close()
                trouble = f"{type(error).__name__}: {error}"
                continue
            if answer.status not in _LATER:
                return answer
            trouble = f"{answer.status} {answer.problem().code}"
        raise Unreachable(f"{method} {path} had no answer in {_ATTEMPTS} attempts: {trouble}")

    def _attempt(self, method: str, path: str, body: bytes | None, extra: dict[str, str]) -> Answer:
        connection = self._connection()
        started = time.perf_counter()
        connection.request(method, self._prefix + path, body, self._headers | extra)
        response = connection.getresponse()
        read = response.read()
        seconds = time.perf_counter() - started
        cost = _COST.match(response.getheader("Tessera-Cost") or "")
        calls, units = (int(cost[1]), int(cost[2])) if cost else (None, None)
        return Answer(response.status, read, seconds, calls, units)

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._here, "connection", None)
        if found is None:
            found = self._connects(self._host, self._port, timeout=_TIMEOUT_S)
            self._here.connection = found
            with self._lock:
                self._opened.append(found)
        return found

    def _wait(self, seconds: float) -> None:
        with self._lock:
            self.repeated += 1
        if self._stopping.wait(seconds):
            raise Unreachable("stopped")
