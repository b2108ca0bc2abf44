"""A local server as a program of its own, for tests and for replays on a throwaway state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from infra.local.settings import CREDENTIALS

TESSERA_SERVE: Final = (sys.executable, "-m", "chalicelib.cli", "serve")

_POLL_S: Final = 0.05
_GIVE_UP_S: Final = 30


class ProgramError(Exception):
    """The server ended by itself, or was not ready in time; what it said is in the message."""


class Program:
    """
    A running server with its state under ``directory``; a context manager that stops it cleanly.

    Construction returns once it answers and its example data is there.  ``port`` 0 takes a free
    one.  What it prints goes to ``serve.log`` in the directory.  Without ``keeps_state`` what the
    engine holds ends with it, and a stop is quick however much that is.  ``more`` is added to its
    environment.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int = 0,
        command: Sequence[str] = TESSERA_SERVE,
        ready_s: float = 120,
        keeps_state: bool = True,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self._file = directory / CREDENTIALS
        self._log = directory / "serve.log"
        directory.mkdir(parents=True, exist_ok=True)
        before = self._written_at()
        # Of the surroundings nothing may redirect it: the state is the one named here.
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TESSERA_", "AWS_"))}
        own = {
            "TESSERA_LOCAL_DIR": str(directory),
            "TESSERA_LOCAL_STATE": "kept" if keeps_state else "none",
            "PORT": str(port),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env=clean | own | dict(more or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await(before, ready_s)
        except BaseException:
            # Who is to stop while it waits must not leave a server behind.
            self._give_up()
            raise
        self.credentials: dict[str, str] = json.loads(self._file.read_text())

    @property
    def base_url(self) -> str:
        """The base of every address, without a trailing slash."""
        return self.credentials["base_url"]

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What the server has printed so far."""
        return self._log.read_text()

    def stop(self, within_s: float = 180) -> int:
        """Ask the server to stop, wait until its state is saved, and return its exit code."""
        self._process.terminate()
        return self._process.wait(within_s)

    def __enter__(self) -> Self:
        """Return the program itself, which runs since its construction."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _await(self, before: int, within_s: float) -> None:
        # The server writes its credentials last, so a newer file means that all is ready.
        deadline = time.monotonic() + within_s
        while self._written_at() == before:
            if (code := self._process.poll()) is not None:
                raise ProgramError(f"the server ended with code {code}:\n{self.output}")
            if time.monotonic() > deadline:
                raise ProgramError(f"the server was not ready in {within_s:g} s:\n{self.output}")
            time.sleep(_POLL_S)

    def _give_up(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_GIVE_UP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _written_at(self) -> int:
        return self._file.stat().st_mtime_ns if self._file.exists() else 0
