"""
What the engine's process runs: ministack behind a front of our own, until its parent is gone.

Run as a script, never imported: `Engine` starts it with an interpreter that sees nothing else of
this project.  ministack is an ASGI application that serves itself with hypercorn, and hypercorn's
reading and writing of HTTP takes twice as long as the engine's work.  The front here does the
little that AWS's SDKs need: requests with a length, one after the other on a kept connection.

ministack writes its state when it ends and at no other time.  Here a copy of the process, forked
while no request is under way, writes it as it was at that moment, into a file that takes the place
of the last one when it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn
from urllib.parse import unquote

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_HEAD_MAX: Final = 64 * 1024
_DRAIN_S: Final = 5
_READS: Final = frozenset(
    {b"BatchGetItem", b"DescribeTable", b"GetItem", b"ListTables", b"Query", b"Scan"}
)
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class Desk:
    """What all connections share: requests under way, and whether one has changed anything."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[None]] = set()
        self.waiting: list[Front] = []
        self.closed = False
        self.changed = False

    def took(self, task: asyncio.Task[None], headers: list[tuple[bytes, bytes]]) -> None:
        """Note a request."""
        self.running.add(task)
        target = next((value for name, value in headers if name == b"x-amz-target"), b"")
        if target.rpartition(b".")[2] not in _READS:
            self.changed = True

    async def quiet(self) -> None:
        """Take no more requests, and wait until none is under way."""
        self.closed = True
        if self.running:
            await asyncio.wait(self.running, timeout=_DRAIN_S)

    def open(self) -> None:
        """Take requests again, those first that came meanwhile."""
        self.closed = False
        waiting, self.waiting = self.waiting, []
        for front in waiting:
            front.go_on()


class Front(asyncio.Protocol):
    """One connection: reads requests, has the application answer each, writes each at once."""

    def __init__(self, app: App, desk: Desk) -> None:
        self._app = app
        self._desk = desk
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
        self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the way back; what is under way ends by itself."""
        self._transport = None

    def go_on(self) -> None:
        """Answer the next request, if all of it is here and none is being answered."""
        if self._answering or self._transport is None:
            return
        if self._desk.closed:
            self._desk.waiting.append(self)
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
        self._desk.took(task, headers)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._desk.running.discard(task)
        self._answering = False
        if self._transport is not None and task.exception() is not None:
            self._transport.close()
        self.go_on()

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
    desk = Desk()
    server = await loop.create_server(lambda: Front(app, desk), host, int(port), backlog=512)
    saving = asyncio.ensure_future(_save_now_and_then(desk, stopping))
    await stopping.wait()
    server.close()
    # A copy that is still writing would put an older state over the one to come.
    await saving
    await desk.quiet()
    await life.turn("shutdown")


async def _save_now_and_then(desk: Desk, stopping: asyncio.Event) -> None:
    """Have the state written whenever something has changed since, until the engine stops."""
    every_s = float(os.environ.get("SAVE_EVERY_S") or 0)
    if not every_s:
        return
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), every_s)
        if stopping.is_set() or not desk.changed:
            continue
        await desk.quiet()
        if desk.running:
            # One that takes so long may be half done: the copy has to wait for the next time.
            desk.open()
            continue
        desk.changed = False
        writer = os.fork()
        if not writer:
            _write_and_exit()
        desk.open()
        if await asyncio.to_thread(os.waitpid, writer, 0) != (writer, 0):
            desk.changed = True


def _write_and_exit() -> NoReturn:
    """In the copy: write what there is, and end without a word to what the engine has open."""
    code = 1
    try:
        from ministack import app
        from ministack.core import persistence

        persistence.save_all(app._build_persistence_save_dict())  # noqa: SLF001 - as its end does
        code = 0
    finally:
        os._exit(code)


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
