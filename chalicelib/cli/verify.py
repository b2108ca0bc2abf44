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
from chalicelib.domain.verification import IntegrityError
from chalicelib.usecases.read_ledger import check_account
from chalicelib.usecases.searching import AT_ONCE, in_batches
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import GIFT_CARDS


class Found(NamedTuple):
    """
    What one account's check found: how many events it has, and what does not hold.

    ``household`` is that to which a member says to belong.
    """

    member: str
    events: int
    errors: tuple[IntegrityError, ...]
    household: str | None = None


@click.command("verify")
@click.option("--tenant", help="The tenant (that of .local/credentials.json).")
@click.option("--member", "members", multiple=True, help="Only this account; may be repeated.")
def command(*, tenant: str | None, members: tuple[str, ...]) -> None:
    """
    Fold every account of a tenant (member, household or gift card) anew, and compare.

    Reads the tables of the server that runs in this directory, or those that the environment
    names, as `tessera serve` does.  Writes nothing, so it may run at any time.  Prints each error
    with its member and event, and exits with 1 where there is any.
    """
    services = services_beside()
    console = Console()
    tenant = tenant or on_file("tenant", "--tenant")
    if services.catalogue.settings(tenant) is None:
        raise click.ClickException(f"There is no tenant {tenant!r} in these tables.")
    wanted = list(members or accounts_of(services, tenant))
    accounts = events = broken = 0
    for found in with_households(services, tenant, _shown(console, services, tenant, wanted)):
        accounts += 1
        events += found.events
        broken += bool(found.errors)
        for error in found.errors:
            console.print(line_of(found.member, error), style="red", markup=False, soft_wrap=True)
    console.print(f"{accounts:,} accounts with {events:,} events; {broken:,} have errors.")
    if broken:
        raise click.exceptions.Exit(1)


def accounts_of(services: Services, tenant: str) -> Iterator[str]:
    """Yield the ids of a tenant's members and gift cards; households come with their members."""
    yield from services.ledger.members(tenant)
    for batch in in_batches(
        lambda after, count: services.ledger.listed(tenant, GIFT_CARDS, limit=count, before=after),
        lambda entry: entry,
        None,
        AT_ONCE,
    ):
        yield from (entry.listed for entry in batch)


def verified(services: Services, tenant: str, members: Iterable[str]) -> Iterator[Found]:
    """Check accounts one after the other; one that cannot be read is an error like any other."""
    caller = Caller(tenant, Actor("system", "verify"))
    for member in members:
        try:
            verdict, household = check_account(services, caller, member)
        except (LoyaltyError, ValueError, zlib.error, msgspec.MsgspecError) as error:
            # Bytes that no longer unpack or read must not end the walk.
            yield Found(member, 0, (IntegrityError(0, f"the account cannot be read: {error}"),))
        else:
            yield Found(member, verdict.events, verdict.errors, household)


def with_households(services: Services, tenant: str, found: Iterable[Found]) -> Iterator[Found]:
    """Check the households of members after them: no list of a tenant's households is kept."""
    homes: dict[str, None] = {}
    for each in found:
        yield each
        if each.household is not None:
            homes[each.household] = None
    yield from verified(services, tenant, homes)


def line_of(member: str, error: IntegrityError) -> str:
    """Return an error in one line, with its member and its event."""
    where = f"event {error.version}" if error.version else "the account"
    return f"{member}, {where}: {error.detail}"


def _shown(
    console: Console, services: Services, tenant: str, members: list[str]
) -> Iterable[Found]:
    found = verified(services, tenant, members)
    return track(found, "accounts verified", total=len(members), console=console)
