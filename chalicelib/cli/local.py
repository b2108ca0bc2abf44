"""What commands share: the tables of a server or an account, and the credentials on file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from chalicelib.usecases.services import Services
    from chalicelib.wiring import Runtime


def local_directory() -> Path:
    """Return where `tessera serve` keeps its state, keys and credentials."""
    return Path(os.environ.get("TESSERA_LOCAL_DIR") or ".local")


def on_file(name: str, option: str) -> str:
    """
    Return what the file of credentials has by a name.

    Where it has none it is a mistake in usage: ``option`` is the one to give instead.
    """
    found = found_on_file(name)
    if found is None:
        raise click.UsageError(f"{_credentials()} names no {name}: give {option}")
    return found


def found_on_file(name: str) -> str | None:
    """Return what the file of credentials has by a name, if anything."""
    file = _credentials()
    found = json.loads(file.read_text("utf-8")).get(name) if file.exists() else None
    return found if isinstance(found, str) else None


def _credentials() -> Path:
    return local_directory() / "credentials.json"


def services_beside() -> Services:
    """Return the use cases' services over the tables that `runtime_beside` finds."""
    return runtime_beside().use_cases


def runtime_beside() -> Runtime:
    """
    Return what is wired over the tables of the server that runs in this directory.

    Where the environment names other tables, as for `tessera serve`, it is those.  Exits with a
    clear line where there are none.
    """
    from infra.local.serve import beside
    from infra.local.settings import ServeError

    try:
        beside(os.environ)
    except ServeError as refusal:
        raise click.ClickException(str(refusal)) from None
    # Only now is the environment complete that this reads.
    from chalicelib import wiring

    try:
        return wiring.runtime(wiring.services())
    except wiring.ConfigurationError as refusal:
        raise click.ClickException(str(refusal)) from None
