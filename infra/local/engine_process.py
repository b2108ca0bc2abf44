"""
What the engine's process runs: ministack behind a front of our own, until its parent is gone.

Run as a script, never imported: `Engine` starts it with an interpreter that sees nothing else of
this project.  ministack is an ASGI application that serves itself with hypercorn, and hypercorn's
reading and writing of HTTP takes twice as long as the engine's work.  The front here does the
little that AWS's SDKs need: requests with a length, one after the other on a kept connection.
"""

from __future__ import annotations

import asyncio
import http
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_HEAD_MAX: Final = 64 * 1024
_DRAIN_S: Final = 5
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class Front(asyncio.Protocol):
    """One connection: reads requests, has the application answer each, writes each at once."""

    def __init__(self, app: App, running: set[asyncio.Task[None]]) -> None:
        self._app = app
        self._running = running
        self._unread = b""
        self._answering = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's always is
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the next request as soon as all of it is here."""
        self._unread += data
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the way back; what is under way ends by itself."""
        self._transport = None

    def _go_on(self) -> None:
        if self._answering or self._transport is None:
            return
        head, end, rest = self._unread.partition(b"\r\n\r\n")
        if not end:
            if len(head) > _HEAD_MAX:
                self._transport.close()
            return
        line, *fields = head.split(b"\r\n")
        headers = [(name.strip().lower(), value.strip()) for name, value in map(_halves, fields)]
        length = next((int(value) for name, value in headers if name == b"content-length"), 0)
        if len(rest) < length:
            if (b"expect", b"100-continue") in headers and not rest:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self._unread = rest[length:]
        self._answering = True
        # A task has a context of its own, in which the application notes whose request it is.
        task = asyncio.ensure_future(self._answer(line, headers, rest[:length]))
        self._running.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._answering = False
        if self._transport is not None and task.exception() is not None:
            self._transport.close()
        self._go_on()

    async def _answer(self, line: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        method, target, _version = line.decode("latin-1").split(" ")
        path, _, query = target.partition("?")
        unread = [{"type": "http.request", "body": body, "more_body": False}]
        started: Message = {}
        written: list[bytes] = []

        async def receive() -> Message:
            return unread.pop() if unread else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            elif message["type"] == "http.response.body":
                written.append(message.get("body", b""))

        scope: Message = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
            "extensions": {},
        }
        await self._app(scope, receive, send)
        if self._transport is not None:
            payload = b"" if method == "HEAD" else b"".join(written)
            self._transport.write(_head(started, len(payload)) + payload)


def _halves(field: bytes) -> tuple[bytes, bytes]:
    name, _, value = field.partition(b":")
    return name, value


def _head(started: Message, length: int) -> bytes:
    status = int(started["status"])
    lines = [b"HTTP/1.1 %d %s" % (status, http.HTTPStatus(status).phrase.encode())]
    own = (b"content-length", b"transfer-encoding", b"connection")
    lines += [
        bytes(name) + b": " + bytes(value)
        for name, value in started.get("headers", ())
        if bytes(name).lower() not in own
    ]
    return b"\r\n".join([*lines, b"content-length: %d" % length, b"", b""])


async def serve(app: App, config: Any) -> None:
    """Serve until SIGTERM, then let the application save: in place of hypercorn's `serve`."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    life = _Life(app)
    await life.turn("startup")
    host, _, port = config.bind[0].rpartition(":")
    running: set[asyncio.Task[None]] = set()
    server = await loop.create_server(lambda: Front(app, running), host, int(port), backlog=512)
    await stopping.wait()
    server.close()
    if running:
        await asyncio.wait(running, timeout=_DRAIN_S)
    await life.turn("shutdown")


class _Life:
    """The application's own beginning and end, which ASGI calls its lifespan."""

    def __init__(self, app: App) -> None:
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        scope: Message = {"type": "lifespan", "asgi": _ASGI}
        self._whole = asyncio.ensure_future(app(scope, self._told.get, self._said.put))

    async def turn(self, name: str) -> None:
        """Tell the application to begin or to end, and wait until it has."""
        await self._told.put({"type": f"lifespan.{name}"})
        said = asyncio.ensure_future(self._said.get())
        await asyncio.wait({said, self._whole}, return_when=asyncio.FIRST_COMPLETED)
        if not said.done() or said.result()["type"] != f"lifespan.{name}.complete":
            raise RuntimeError(f"the engine's {name} failed")


def _watch() -> None:
    # Unbuffered: a thread inside a buffered read would break the interpreter's end.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run ministack with this front; the end of standard input is the end of the parent."""
    import hypercorn.asyncio
    from ministack.app import main as run

    threading.Thread(target=_watch, daemon=True).start()
    # ministack asks hypercorn by this name when it starts, and for no more than this does.
    hypercorn.asyncio.serve = serve  # type: ignore[assignment]
    sys.argv = ["ministack"]
    run()


if __name__ == "__main__":
    main()
