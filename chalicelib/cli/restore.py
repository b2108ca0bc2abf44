"""`tessera restore`: a backup into empty tables, and every account of it verified."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from chalicelib import wiring
from chalicelib.cli import parts
from chalicelib.cli.local import runtime_beside
from chalicelib.cli.verify import line_of, verified
from chalicelib.domain.errors import LoyaltyError
from chalicelib.store import archive, keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.usecases.services import Services

_MARKER_PK = "RESTORE"


@click.command("restore")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="What `tessera backup` wrote.",
)
def command(*, source: Path) -> None:
    """
    Write a backup into empty tables, then fold every account anew from its journal and compare.

    Writes to the tables that the environment names.  Without any it makes those of `tessera serve`
    in this directory, where no server may run and no state may lie.  Tables that hold anything are
    refused, but for those of the same restore, broken off: run it again to go on.

    Exits with 1 where an account does not agree with its journal.
    """
    console = Console()
    try:
        manifest = parts.manifest_of(source)
        with _engine():
            runtime = runtime_beside()
            _check_key(runtime.use_cases.secrets.check(), manifest)
            dynamo = wiring.tables()
            _claim(dynamo, manifest)
            members = _fill(console, dynamo, source, manifest)
            _settle_in(members)
            # nosemgrep: unconditioned-write - the marker is this restore's own
            dynamo.delete(dynamo.catalogue, _MARKER_PK, _MARKER_PK)
            broken = _verify(console, runtime.use_cases, members)
    except (parts.Unusable, LoyaltyError) as refusal:
        raise click.ClickException(str(refusal)) from None
    if broken:
        raise click.exceptions.Exit(1)


def _engine() -> AbstractContextManager[None]:
    from infra.local.serve import alone, runs_beside
    from infra.local.settings import ServeError

    try:
        return nullcontext() if runs_beside(os.environ) else alone(os.environ)
    except ServeError as refusal:
        raise parts.Unusable(str(refusal)) from None


def _settle_in(members: Iterable[str]) -> None:
    """Let the server that starts here use the key and a tenant of what was restored."""
    from infra.local.serve import restored

    restored(os.environ, sorted(members))


def _check_key(check: str, manifest: parts.Manifest) -> None:
    if check != manifest.key_check:
        raise parts.Unusable(
            "the backup was made with another root key: set TESSERA_ROOT_KEY to that one, or no "
            "voucher and no external id of it will be found"
        )


def _claim(dynamo: Dynamo, manifest: parts.Manifest) -> None:
    """Mark the tables as being filled from this backup; refuse those that hold anything else."""
    marker = {
        "pk": {"S": _MARKER_PK},
        "sk": {"S": _MARKER_PK},
        "began": {"S": manifest.began},
        "parts": {"S": "".join(part.sha256 for part in manifest.parts[:1])},
    }
    found = dynamo.get(dynamo.catalogue, _MARKER_PK, _MARKER_PK)
    if found == marker:
        return
    full = [table for table in archive.TABLES if not archive.is_empty(dynamo, table)]
    if full:
        raise parts.Unusable(
            f"not empty: {', '.join(full)}; restore into new tables (TESSERA_TABLE_PREFIX)"
        )
    for _ in archive.fill(dynamo, [("catalogue", marker)]):
        pass


def _fill(
    console: Console, dynamo: Dynamo, source: Path, manifest: parts.Manifest
) -> dict[str, list[str]]:
    members: dict[str, list[str]] = defaultdict(list)

    def noted() -> Iterator[tuple[str, dict[str, Any]]]:
        total = sum(part.items for part in manifest.parts)
        items = parts.read(source, manifest)
        for table, item in track(items, "items written", total=total, console=console):
            if table == "ledger" and item["sk"]["S"] == keys.ACCOUNT:
                _, tenant, _, member = item["pk"]["S"].split("#", 3)
                members[tenant].append(member)
            yield table, item

    for _ in archive.fill(dynamo, noted()):
        pass
    return members


def _verify(console: Console, services: Services, members: dict[str, list[str]]) -> int:
    # One that moved on while it was copied is there more than once.
    wanted = {tenant: list(dict.fromkeys(found)) for tenant, found in members.items()}
    total = sum(map(len, wanted.values()))
    events = broken = 0
    found = (each for tenant, those in wanted.items() for each in verified(services, tenant, those))
    for each in track(found, "accounts verified", total=total, console=console):
        events += each.events
        broken += bool(each.errors)
        for error in each.errors:
            console.print(line_of(each.member, error), style="red", markup=False, soft_wrap=True)
    console.print(f"{total:,} accounts with {events:,} events; {broken:,} have errors.")
    return broken
