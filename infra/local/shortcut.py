"""
A short way from this process to the embedded engine: plain sockets, and nothing to sign.

On loopback, to an engine that believes whatever it hears, a third of what a call costs goes into
proving who calls and into an HTTP client that could do anything.  This takes their places by
botocore's own events, for DynamoDB and this engine alone; all above it, with its retries and its
faults, is as it is with AWS.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import botocore
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from infra.local.in_process import respond

TIMEOUT_S: Final = 10

_BLOCK: Final = 1 << 16
_ID: Final = "tessera-shortcut"


@contextlib.contextmanager
def taken(endpoint: str, region: str, access_key: str) -> Iterator[None]:
    """
    Let every DynamoDB client that is made within the block take the short way to an engine.

    The engine keeps what it holds by ``region`` and ``access_key``, so these are still sent.  A
    process has one engine: whatever other address such a client was given is not asked.
    """
    line = Line(endpoint, region, access_key)

    def install(session: botocore.session.Session) -> None:
        session.register("choose-signer.dynamodb", _unsigned, unique_id=f"{_ID}-signer")
        session.register("before-send.dynamodb", line.send, unique_id=f"{_ID}-line")

    botocore.register_initializer(install)
    try:
        yield
    finally:
        botocore.unregister_initializer(install)
        line.close()


class Line:
    """A connection to the engine for each thread."""

    def __init__(self, endpoint: str, region: str, access_key: str) -> None:
        address = urlsplit(endpoint)
        self._endpoint = endpoint
        self._address = (address.hostname or "", address.port or 80)
        scope = f"Credential={access_key}/20000101/{region}/dynamodb/aws4_request"
        self._head = (
            f"POST / HTTP/1.1\r\nHost: {address.netloc}\r\n"
            "Content-Type: application/x-amz-json-1.0\r\n"
            f"Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none\r\n"
        ).encode()
        self._here = threading.local()
        self._opened: list[socket.socket] = []

    def close(self) -> None:
        """Close every connection."""
        for wire in self._opened:
            wire.close()

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Carry one request to the engine and its answer back, as botocore's errors if need be."""
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        target = request.headers["X-Amz-Target"]
        path = target if isinstance(target, bytes) else target.encode()
        head = b"%bX-Amz-Target: %b\r\nContent-Length: %d\r\n\r\n" % (self._head, path, len(body))
        try:
            wire = self._wire()
            wire.sendall(head + body)
            return self._answer(wire)
        except TimeoutError as late:
            self._drop()
            raise ReadTimeoutError(endpoint_url=self._endpoint, error=late) from late
        except (OSError, ValueError) as error:
            self._drop()
            raise ConnectionClosedError(endpoint_url=self._endpoint, error=error) from error

    def _wire(self) -> socket.socket:
        wire: socket.socket | None = getattr(self._here, "wire", None)
        if wire is None:
            try:
                wire = socket.create_connection(self._address, TIMEOUT_S)
            except OSError as error:
                raise EndpointConnectionError(endpoint_url=self._endpoint, error=error) from error
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._opened.append(wire)
            self._here.wire = wire
        return wire

    def _drop(self) -> None:
        wire: socket.socket | None = getattr(self._here, "wire", None)
        if wire is not None:
            wire.close()
            self._opened.remove(wire)
            self._here.wire = None

    def _answer(self, wire: socket.socket) -> AWSResponse:
        read = b""
        while b"\r\n\r\n" not in read:
            read += _some(wire)
        head, _, body = read.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        length = int(headers["content-length"])
        parts = [body]
        left = length - len(body)
        while left > 0:
            parts.append(_some(wire))
            left -= len(parts[-1])
        return respond(self._endpoint, int(status.split(" ", 2)[1]), headers, b"".join(parts))


def _some(wire: socket.socket) -> bytes:
    read = wire.recv(_BLOCK)
    if not read:
        raise ConnectionResetError("the engine closed the connection")
    return read


def _unsigned(**_: Any) -> object:
    return botocore.UNSIGNED
