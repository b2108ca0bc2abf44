"""
A small client of the API, over the gateway inside this process or over a socket.

Every answer that it gets is held against the OpenAPI document: the status is documented, a
success fits its schema, a refusal is a problem document with a code that the operation names.  So
each journey is a test of the document too.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

from infra.local.gateway import Gateway
from tests.journeys.contract import Contract

AUTOMATIC = "automatic"
_numbers = itertools.count(1)

Headers = Mapping[str, str | None]


class Answer(NamedTuple):
    """A response; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.json["code"])

    @property
    def replayed(self) -> bool:
        """Whether this is a first answer told again."""
        return self.headers.get("idempotency-replayed") == "true"

    def expect(self, status: int, code: str | None = None) -> Any:
        """Return the decoded body of an answer with that status and, for a refusal, that code."""
        result = self.body.decode(errors="replace")[:2000]
        assert self.status == status, f"{self.status}, not {status}: {result}"
        assert code is None or self.code == code, f"{self.code}, not {code}: {result}"
        return self.json if self.body else None


class Transport(Protocol):
    """What carries one request to the API and brings its answer."""

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Carry it."""


class InProcess:
    """The WSGI gateway of this process, called as a server would; safe from any thread."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        result: dict[str, Any] = {}

        def start_response(status: str, given: list[tuple[str, str]]) -> None:
            result["status"] = int(status.partition(" ")[0])
            result["headers"] = {name.lower(): value for name, value in given}

        chunks = self._gateway(environ(method, target, headers, body), start_response)
        return Answer(result["status"], result["headers"], b"".join(chunks))


class OverHttp:
    """A server; each request has a connection of its own, so any thread may send one."""

    def __init__(self, base_url: str) -> None:
        self._host = urlsplit(base_url).netloc

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        with closing(http.client.HTTPConnection(self._host, timeout=60)) as connection:
            connection.request(method, target, body=body, headers=dict(headers))
            response = connection.getresponse()
            given = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, given, response.read())


class Api:
    """The API as one caller sees it: a transport, a credential, and the document it is held to."""

    def __init__(
        self, transport: Transport, contract: Contract, token: str | None, *, key: str = ""
    ) -> None:
        self.transport = transport
        self.contract = contract
        self.token = token
        self.key_id = key

    def as_(self, token: str | None) -> Self:
        """Return the same API with another credential, or with none."""
        return type(self)(self.transport, self.contract, token)

    def over(self, transport: Transport) -> Self:
        """Return the same API and credential by another way."""
        return type(self)(transport, self.contract, self.token)

    def get(self, path: str, **headers: str | None) -> Answer:
        """Read; header names have underscores here."""
        return self.send("GET", path, headers=_dashed(headers))

    def post(
        self, path: str, body: object = None, *, key: str | None = AUTOMATIC, **headers: str | None
    ) -> Answer:
        """Write; an Idempotency-Key of its own is sent where one is required and none given."""
        return self.send("POST", path, body, key=key, headers=_dashed(headers))

    def put(self, path: str, body: object = None, **headers: str | None) -> Answer:
        """Replace."""
        return self.send("PUT", path, body, headers=_dashed(headers))

    def patch(self, path: str, body: object = None, **headers: str | None) -> Answer:
        """Change."""
        return self.send("PATCH", path, body, headers=_dashed(headers))

    def delete(self, path: str, **headers: str | None) -> Answer:
        """Remove."""
        return self.send("DELETE", path, headers=_dashed(headers))

    def send(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        key: str | None = AUTOMATIC,
        headers: Headers | None = None,
    ) -> Answer:
        """
        Send one request and check its answer against the document.

        A ``body`` of bytes is sent as it is, anything else as JSON; a header of ``None`` is left
        out, also one that would be there by itself.
        """
        operation = self.contract.find(method, target.partition("?")[0])
        if key == AUTOMATIC:
            needed = operation is not None and self.contract.needs_key(operation)
            key = f"key-{next(_numbers)}" if needed else None
        raw = body if isinstance(body, bytes) else b"" if body is None else _encoded(body)
        sent = {
            "Authorization": None if self.token is None else f"Bearer {self.token}",
            "Content-Type": "application/json" if raw else None,
            "Idempotency-Key": key,
            **(headers or {}),
        }
        present = {name: value for name, value in sent.items() if value is not None}
        answer = self.transport(method, target, present, raw)
        self.contract.check(operation, method, target, answer)
        return answer


def environ(method: str, target: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return a request as a WSGI server hands it over."""
    path, _, query = target.partition("?")
    made: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": target,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    for name, value in headers.items():
        bare = name.upper().replace("-", "_")
        made[bare if bare == "CONTENT_TYPE" else f"HTTP_{bare}"] = value
    return made


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the work ``count`` times in as many threads that start together; results in order."""
    results: list[Any] = [None] * count
    failures: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(place: int) -> None:
        try:
            barrier.wait()
            results[place] = work(place)
        except BaseException as failure:  # noqa: BLE001 - raised again below, in the test
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def _dashed(headers: Headers) -> dict[str, str | None]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _encoded(body: object) -> bytes:
    return json.dumps(body).encode()
