"""`tessera backup`: everything that must last, into files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import chalicelib
from chalicelib import wiring
from chalicelib.cli import parts
from chalicelib.cli.local import runtime_beside
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.store.archive import Copy


@click.command("backup")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A directory that is not there."
)
def command(*, out: Path) -> None:
    """
    Copy every tenant's accounts, journals, persons, programmes and keys into files.

    Reads the tables of the server that runs in this directory, or those that the environment
    names, as `tessera serve` does.  It may run beside writers: each account is copied whole, as it
    was at some instant of the copying.  What is delivered and expires is left out.

    The files hold personal data: whoever can read them reads everything.  The root key is not
    among them; without it vouchers and external ids of a restored copy are found by nobody, so
    keep it, elsewhere.
    """
    runtime = runtime_beside()
    services = runtime.use_cases
    try:
        partial = parts.begin(out)
    except parts.Unusable as refusal:
        raise click.ClickException(str(refusal)) from None
    copy = Copy(wiring.tables())
    began = services.wall_clock()
    try:
        written = tuple(parts.write(partial, _shown(copy)))
    except LoyaltyError as refusal:
        raise click.ClickException(f"{refusal.message} Try again when it is quieter.") from None
    manifest = parts.Manifest(
        format=parts.FORMAT,
        release=chalicelib.__version__,
        began=format_instant(began),
        ended=format_instant(services.wall_clock()),
        key_check=services.secrets.check(),
        accounts=len(copy.accounts),
        parts=written,
    )
    parts.finish(partial, out, manifest)
    items = sum(part.items for part in written)
    click.echo(f"{len(copy.accounts):,} accounts, {items:,} items, {len(written)} parts in {out}")


def _shown(copy: Copy) -> Iterator[tuple[str, dict[str, Any]]]:
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} items"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None)
        for found in copy.items():
            yield found
            progress.advance(task)
