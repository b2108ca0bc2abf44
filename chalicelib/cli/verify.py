"""`tessera verify`: every account of a tenant against its journal."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import click
import msgspec
from rich.console import Console
from rich.progress import track

from chalicelib.cli.local import on_file, services_beside
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.verification import Fault
from chalicelib.usecases.read_ledger import check_account
from chalicelib.usecases.services import Caller, Services


class Found(NamedTuple):
    """
    What one account's check found: how many entries it has, and what does not hold.

    ``household`` is that to which a member says to belong.
    """

    member: str
    entries: int
    faults: tuple[Fault, ...]
    household: str | None = None


@click.command("verify")
@click.option("--tenant", help="The tenant (that of .local/credentials.json).")
@click.option("--member", "members", multiple=True, help="Only this member; may be repeated.")
def command(*, tenant: str | None, members: tuple[str, ...]) -> None:
    """
    Fold every account of a tenant anew from its journal, those of households too, and compare.

    Reads the tables of the server that runs in this directory, or those that the environment
    names, as `tessera serve` does.  Writes nothing, so it may run at any time.  Prints each fault
    with its member and entry, and exits with 1 where there is any.
    """
    services = services_beside()
    console = Console()
    tenant = tenant or on_file("tenant", "--tenant")
    wanted = list(members or services.ledger.members(tenant))
    accounts = entries = faulty = 0
    for found in with_households(services, tenant, _shown(console, services, tenant, wanted)):
        accounts += 1
        entries += found.entries
        faulty += bool(found.faults)
        for fault in found.faults:
            console.print(told(found.member, fault), style="red", markup=False, soft_wrap=True)
    console.print(f"{accounts:,} accounts with {entries:,} entries; {faulty:,} have faults.")
    if faulty:
        raise click.exceptions.Exit(1)


def verified(services: Services, tenant: str, members: Iterable[str]) -> Iterator[Found]:
    """Check accounts one after the other; one that cannot be read is a fault like any other."""
    caller = Caller(tenant, Actor("system", "verify"))
    for member in members:
        try:
            verdict, household = check_account(services, caller, member)
        except (LoyaltyError, ValueError, zlib.error, msgspec.MsgspecError) as fault:
            # Bytes that no longer unpack or read must not end the walk.
            yield Found(member, 0, (Fault(0, f"the account cannot be read: {fault}"),))
        else:
            yield Found(member, verdict.entries, verdict.faults, household)


def with_households(services: Services, tenant: str, found: Iterable[Found]) -> Iterator[Found]:
    """Check the households of members after them: no list of a tenant's households is kept."""
    homes: dict[str, None] = {}
    for each in found:
        yield each
        if each.household is not None:
            homes[each.household] = None
    yield from verified(services, tenant, homes)


def told(member: str, fault: Fault) -> str:
    """Return a fault in one line, with its member and its entry."""
    where = f"entry {fault.version}" if fault.version else "the account"
    return f"{member}, {where}: {fault.detail}"


def _shown(
    console: Console, services: Services, tenant: str, members: list[str]
) -> Iterable[Found]:
    found = verified(services, tenant, members)
    return track(found, "members verified", total=len(members), console=console)
