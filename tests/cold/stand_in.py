"""
A stand-in for DynamoDB on loopback: it keeps what the engine answers once, and then answers alone.

A fresh process talks to it over HTTP as it would talk to DynamoDB, and waits for no engine.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from botocore.awsrequest import AWSPreparedRequest

from infra.local import in_process

_KEPT_HEADERS: Final = ("content-type", "x-amz-crc32", "x-amzn-requestid")


class Call(NamedTuple):
    """A call and its answer: the operation, the arguments as JSON, and what came back."""

    operation: str
    arguments: dict[str, Any]
    status: int
    headers: dict[str, str]
    body: bytes


#: What Secrets Manager answers: a root key.
_SECRET: Final = Call(
    "GetSecretValue",
    {},
    200,
    {"Content-Type": "application/x-amz-json-1.1"},
    json.dumps({"SecretString": base64.b64encode(bytes(32)).decode()}).encode(),
)


class Recording:
    """The calls of one process, in order; while ``plays`` is set it answers another like it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.plays = False
        self._next = 0

    def answer(self, target: str, url: str, headers: dict[str, str], body: bytes) -> Call:
        """
        Return what the engine says, or what it said at this place.

        Raises `LookupError` where another operation, or none, is known at this place.
        """
        operation = target.rpartition(".")[2]
        if not self.plays:
            if operation == _SECRET.operation:
                self.calls.append(_SECRET._replace(arguments=json.loads(body)))
                return self.calls[-1]
            result = in_process.send(AWSPreparedRequest("POST", url, headers, body, False))  # noqa: FBT003 - botocore's own
            kept = {n: v for n, v in result.headers.items() if n.lower() in _KEPT_HEADERS}
            self.calls.append(
                Call(operation, json.loads(body), result.status_code, kept, result.content)
            )
            return self.calls[-1]
        found = self.calls[self._next] if self._next < len(self.calls) else None
        if found is None or found.operation != operation:
            raise LookupError(f"call {self._next} is {operation}, which was not recorded")
        self._next += 1
        return found

    def rewind(self) -> None:
        """Answer from the first call on."""
        self.plays, self._next = True, 0


class StandIn:
    """The server; it answers one process at a time, the one that `serving` names."""

    def __init__(self) -> None:
        self._recording = Recording()
        self.failures: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.endpoint: Final = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def started(self) -> Iterator[StandIn]:
        """Answer within the block."""
        thread = threading.Thread(target=self._server.serve_forever, name="stand-in", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def serve(self, recording: Recording) -> None:
        """Let a recording answer from now on; one that has calls plays them."""
        if recording.calls:
            recording.rewind()
        self._recording = recording

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer in two packets would wait for the reader's delayed acknowledgement.
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                target = self.headers["X-Amz-Target"]
                try:
                    result = stand_in._recording.answer(
                        target, stand_in.endpoint, dict(self.headers), body
                    )
                except LookupError as unknown:
                    stand_in.failures.append(str(unknown))
                    self.send_error(400, str(unknown))
                    return
                self.send_response(result.status)
                for name, value in result.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(result.body)))
                self.end_headers()
                self.wfile.write(result.body)

            def log_message(self, *_: Any) -> None:
                """Tell nothing."""

        return Handler
