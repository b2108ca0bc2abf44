"""A threaded HTTP server on loopback that finishes what it has begun before it stops."""

from __future__ import annotations

import errno
import socket
import threading
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import waitress.channel
import waitress.server
import waitress.task
import waitress.utilities
from waitress import wasyncore

from infra.local.gateway import BODY_LIMIT_B, refusal

HOST: Final = "127.0.0.1"
THREADS: Final = 16
# The longest wait for requests under way when the server is to stop.
DRAIN_S: Final = 30.0


class PortBusyError(Exception):
    """Another program listens on the port, or the user may not; the message says what to do."""


class Server:
    """
    A WSGI application served on 127.0.0.1 by ``threads`` worker threads.

    The port is bound at construction (0 takes a free one), so that a busy one is known before
    anything else is started; requests are answered from `start()` on.
    """

    def __init__(self, port: int) -> None:
        self._socket = _bind(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: Any = None
        self._stopping = threading.Event()
        self._loop = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def url(self) -> str:
        """The base of every address, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    def start(self, application: Callable[..., Any], *, threads: int = THREADS) -> None:
        """Answer requests with ``application`` from now on, in the background."""
        self._server = waitress.server.create_server(
            application,
            sockets=[self._socket],
            threads=threads,
            ident=None,
            connection_limit=1000,
            max_request_body_size=BODY_LIMIT_B,
            channel_timeout=60,
        )
        self._server.channel_class = _Channel
        self._loop.start()

    def stop(self) -> None:
        """Take no more connections, finish the requests under way (up to 30 s), and close."""
        self._stopping.set()
        if self._server is None:
            self._socket.close()
            return
        self._server.trigger.pull_trigger()
        self._loop.join()

    def _run(self) -> None:
        connections = self._server._map  # noqa: SLF001 - waitress has no public name for it
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=connections, count=1)
        self._server.accepting = False
        deadline = time.monotonic() + DRAIN_S
        while self._busy() and time.monotonic() < deadline:
            wasyncore.loop(timeout=0.05, map=connections, count=1)
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(connections)

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as refusal:
        listener.close()
        if refusal.errno == errno.EADDRINUSE:
            raise PortBusyError(
                f"{HOST}:{port} is taken by another program: stop it, or choose another port with "
                "PORT=… (PORT=0 takes any that is free)"
            ) from None
        if refusal.errno == errno.EACCES:
            raise PortBusyError(
                f"{HOST}:{port} is not for this user: choose a port from 1024 on with PORT=…"
            ) from None
        raise
    return listener


class _ErrorTask(waitress.task.ErrorTask):
    """What waitress refuses before any application sees it, as a problem document."""

    def execute(self) -> None:
        # The stubs take the request for the error that it carries.
        error: waitress.utilities.Error = self.request.error  # type: ignore[attr-defined]
        too_large = error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        status, headers, body = refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST,
            str(uuid.uuid4()),
        )
        self.status = f"{status} {HTTPStatus(status).phrase}"
        self.response_headers = headers
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(waitress.channel.HTTPChannel):
    """A connection whose refusals are problem documents."""

    error_task_class = _ErrorTask
