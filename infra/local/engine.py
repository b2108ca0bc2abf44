"""
The embedded engine as a process: ministack on loopback, with or without state that lasts.

The engine saves its state when it is asked to stop, and every half minute in which something has
changed.  It lives in a session of its own, out of reach of the terminal's Ctrl-C, and its parent
stops it last.  Should the parent die without saying so, the engine notices the end of its standard
input, saves, and ends too: only what kills the engine itself, or the machine, loses something, and
no more than the last half minute.
"""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

HOST: Final = "127.0.0.1"
_STATE_FILE: Final = "dynamodb.json"
_LIST_TABLES: Final = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
}
_ATTEMPTS: Final = 3
_POLL_S: Final = 0.05
#: How often the state is saved while something changes.
SAVE_EVERY_S: Final = 30.0

# What the engine's process runs: it imports nothing of this project.
_SCRIPT: Final = Path(__file__).with_name("engine_process.py")


class EngineError(Exception):
    """The engine did not start, or did not save its state."""


class Engine:
    """
    A running engine; a context manager that stops it.

    ``state_dir`` is where the tables are loaded from and, on `stop()`, saved to; without it
    they end with the engine.  ``port`` 0 takes a free one.  What the engine says goes to ``log``.
    ``keep_open`` are file descriptors that stay open until the engine itself has ended.
    """

    def __init__(
        self,
        state_dir: Path | None = None,
        *,
        port: int = 0,
        log: Path | None = None,
        keep_open: tuple[int, ...] = (),
        ready_s: float = 60,
        save_every_s: float = SAVE_EVERY_S,
    ) -> None:
        self.state_dir = state_dir
        self._save_every_s = save_every_s
        self._log = log
        self._keep_open = keep_open
        self._name = secrets.token_hex(8)
        self._stopping = False
        for attempt in range(1, _ATTEMPTS + 1):
            self.port = port or free_port()
            self._process = self._spawn()
            if self._ready(ready_s):
                return
            self._end()
            # Another program may have taken the free port before the engine did.
            if port or attempt == _ATTEMPTS:
                raise EngineError(f"the engine did not start on {HOST}:{self.port}{self._hint()}")

    @property
    def endpoint(self) -> str:
        """The URL for a client's ``endpoint_url``."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The engine's process id."""
        return self._process.pid

    def watch(self, died: Callable[[], None]) -> None:
        """Call ``died``, from a thread of its own, should the engine end before it is stopped."""

        def wait() -> None:
            self._process.wait()
            if not self._stopping:
                died()

        threading.Thread(target=wait, name="engine", daemon=True).start()

    def death(self) -> EngineError:
        """Return what is to be said where the engine has ended by itself."""
        return EngineError(
            f"the engine ended by itself (code {self._process.poll()}): what was written in the "
            f"last {self._save_every_s:g} s may be lost{self._hint()}"
        )

    def stop(self, save_s: float = 120) -> None:
        """
        Stop the engine and wait until its state is on disk; a second call does nothing.

        Raises EngineError if it did not stop within ``save_s`` seconds or saved nothing, or had
        ended by itself.
        """
        if self._process.stdin is None or self._process.stdin.closed:
            return
        self._stopping = True
        if self._process.poll() is not None:
            self._end()
            raise self.death()
        before = self._saved_at()
        self._process.terminate()
        try:
            self._process.wait(save_s)
        except subprocess.TimeoutExpired:
            raise EngineError(f"the engine did not stop within {save_s:g} s") from None
        finally:
            self._end()
        if self.state_dir is not None and self._saved_at() == before:
            raise EngineError(f"the engine stopped without saving its state{self._hint()}")

    def __enter__(self) -> Self:
        """Return the engine itself, which runs since its construction."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _spawn(self) -> subprocess.Popen[bytes]:
        output = self._log.open("ab") if self._log else None
        try:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and our own script
                [sys.executable, "-P", str(_SCRIPT)],
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=output or subprocess.DEVNULL,
                stderr=output or subprocess.DEVNULL,
                pass_fds=self._keep_open,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()

    def _environment(self) -> dict[str, str]:
        # Of the surroundings only what a Python needs: AWS_* and the like must not reach it.
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
        settings = {
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "SERVICES": "dynamodb,sqs",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "0",
            # Its health page repeats this, which tells it from another engine on the same port.
            "MINISTACK_VERSION": self._name,
        }
        if self.state_dir is not None:
            settings |= {
                "PERSIST_STATE": "1",
                "STATE_DIR": str(self.state_dir.absolute()),
                "SAVE_EVERY_S": str(self._save_every_s),
            }
        return {name: os.environ[name] for name in kept if name in os.environ} | settings

    def _ready(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._name in _ask(self.port, "GET", "/_ministack/health"):
                # It saves the services that were asked for something; this one always is.
                return "TableNames" in _ask(self.port, "POST", "/", _LIST_TABLES)
            time.sleep(_POLL_S)
        return False

    def _end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _saved_at(self) -> int | None:
        if self.state_dir is None or not (file := self.state_dir / _STATE_FILE).exists():
            return None
        return file.stat().st_mtime_ns

    def _hint(self) -> str:
        return f"; see {self._log}" if self._log else ""


def free_port() -> int:
    """Return a TCP port of the loopback interface that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _ask(port: int, method: str, path: str, headers: dict[str, str] | None = None) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request(method, path, body="{}" if headers else None, headers=headers or {})
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
