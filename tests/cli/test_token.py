"""Tokens for development are those of the local issuer."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalicelib.cli.token import command
from chalicelib.routes.http.credentials import Principal
from chalicelib.routes.http.issuer import trusted_issuers
from chalicelib.routes.http.tokens import TokenVerifier
from infra.local.keys import local_issuer


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local directory as a server leaves it."""
    monkeypatch.setenv("TESSERA_LOCAL_DIR", str(tmp_path))
    local_issuer(tmp_path)
    (tmp_path / "credentials.json").write_text(json.dumps({"tenant": "clinic"}))
    return tmp_path


def proved(local: Path, *arguments: str) -> Principal:
    """Whom the printed token proves to a server with that directory."""
    printed = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert printed.exit_code == 0, printed.output
    trusted = trusted_issuers(local_issuer(local).settings(), production=False)
    verifier = TokenVerifier(trusted, lambda: time.time_ns() // 1_000_000)
    return verifier.verify(printed.output.strip())


def test_staff(local: Path) -> None:
    """Roles become the scopes of staff of the tenant on file."""
    principal = proved(local, "--role", "receptionist", "--role", "compliance", "--ttl", "60")

    assert (principal.kind, principal.tenant) == ("staff", "clinic")
    assert principal.holds("ledger:read")
    assert not principal.holds("adjustments:write")


def test_member(local: Path) -> None:
    """A member's token proves that member, in the tenant that was asked for."""
    principal = proved(local, "--member", "mem_1", "--tenant", "pharmacy")

    assert (principal.kind, principal.member_id) == ("member", "mem_1")
    assert principal.tenant == "pharmacy"


@pytest.mark.parametrize(
    "arguments", [[], ["--role", "admin", "--member", "mem_1"], ["--role", "emperor"]]
)
def test_misuse(local: Path, arguments: list[str]) -> None:
    """Neither, both, or an unknown role is told with the usage."""
    assert local.exists()
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_before_the_first_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an issuer there is nothing to sign with, and nothing is made."""
    monkeypatch.setenv("TESSERA_LOCAL_DIR", str(tmp_path))
    refused = CliRunner().invoke(command, ["--role", "admin"])

    assert refused.exit_code == 1
    assert "tessera serve" in refused.output
    assert not list(tmp_path.iterdir())
