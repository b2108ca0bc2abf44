"""
A whole AWS on loopback for the deployed test, in an environment with nothing of ours in it.

The engine runs functions with its own interpreter, so what a function lacks in its package could
be found in the engine's environment.  So that has the engine alone; `make prove/deployed` makes it
from `infra/requirements-cloud.txt`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final, Self

import botocore.session
from botocore.config import Config

from infra.local.engine import free_port
from infra.packaging import ROOT

REGION: Final = "eu-west-1"
_PYTHON: Final = ROOT / ".venv-cloud" / "bin" / "python"
_READY_S: Final = 60
_POLL_S: Final = 0.1

# It ends when whoever started it does, however that ends; with it end the functions it runs.
_LIFELINE: Final = """
import os, signal, sys, threading

def watch():
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGTERM)

threading.Thread(target=watch, daemon=True).start()
from ministack.app import main
sys.argv = ["ministack"]
main()
"""


class Cloud:
    """The running engine; a context manager that stops it."""

    def __init__(self, directory: Path) -> None:
        assert _PYTHON.exists(), f"{_PYTHON} is missing: make prove/deployed"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory / "cloud.log"
        settings = {
            "PATH": os.defpath,
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [_PYTHON, "-I", "-c", _LIFELINE],
                stdin=subprocess.PIPE,
                env=settings,
                cwd=directory,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_for(self._answers, "the engine", _READY_S)

    def client(self, service: str) -> Any:
        """Return a botocore client of a service."""
        return botocore.session.Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            config=Config(s3={"addressing_style": "path"}, read_timeout=60),
        )

    def __enter__(self) -> Self:
        """Return the engine, which runs since its construction."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, and the functions that it started."""
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        finally:
            if self._process.stdin:
                self._process.stdin.close()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False


def wait_for(holds: Any, what: str, within_s: float) -> Any:
    """Return what ``holds`` returns once that is true; fails after so many seconds."""
    deadline = time.monotonic() + within_s
    while not (seen := holds()):
        assert time.monotonic() < deadline, f"{what}: not within {within_s:g} s"
        time.sleep(_POLL_S)
    return seen
