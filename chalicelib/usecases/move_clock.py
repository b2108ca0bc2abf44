"""Tenants with a time of their own: open one, read its clock, move it forward."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.errors import Conflict, Forbidden, Invalid
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.ledger.chosen_days import LATEST
from chalicelib.usecases.keys import IssuedKey
from chalicelib.usecases.open_tenant import open_tenant
from chalicelib.usecases.services import Caller, Services, on_test_clock
from chalicelib.usecases.stored import Settings
from chalicelib.usecases.tick import SHARDS, Ticked, tick


class Sandbox(NamedTuple):
    """A tenant to try things in, with the key of its administrator."""

    tenant: str
    clock: Instant
    key: IssuedKey


class Moved(NamedTuple):
    """Where the clock stands, and what fell due on the way."""

    clock: Instant
    ticked: Ticked


def open_sandbox(services: Services, caller: Caller, name: str, clock: Instant) -> Sandbox:
    """
    Make a tenant with a test clock; refused in production.

    Raises `Invalid` ``invalid_instant`` where the clock would stand beyond the year 8999.
    """
    _check_reach(clock)
    if services.production:
        raise Forbidden("no_test_clock", "There are no test clocks in production.")
    tenant = services.new_id("sandbox").lower().replace("_", "-")
    settings = Settings(
        tenant=tenant,
        name=name,
        test_clock=True,
        opened_by=caller.tenant,
        created_at=services.wall_clock(),
    )
    return Sandbox(tenant, clock, open_tenant(services, settings, clock=clock))


def read_clock(services: Services, caller: Caller) -> Instant:
    """Return the instant that a test clock shows; refused to tenants without one."""
    clock = services.catalogue.clock(caller.tenant) if _has_clock(services, caller) else None
    if clock is None:
        raise _no_clock()
    return clock


def move_clock(services: Services, caller: Caller, to: Instant, *, settle: bool = True) -> Moved:
    """
    Move a test clock forward, and settle what falls due, as the scheduled tick does in real time.

    Where ``settle`` is false, or time runs out before all is settled, ``ticked.finished`` is
    false: balances are right all the same, and moving the clock to the same instant goes on.
    Requests that do so at the same time share the work.
    Raises `Invalid` ``invalid_instant`` beyond the year 8999.
    """
    _check_reach(to)
    if services.production or not _has_clock(services, caller):
        raise _no_clock()
    if not services.catalogue.move_clock(caller.tenant, to):
        shown = services.catalogue.clock(caller.tenant)
        if shown is None or shown > to:
            raise Conflict(
                "clock_moves_forward",
                f"The clock shows {format_instant(shown or 0)} and moves forward only.",
                clock=format_instant(shown or 0),
            )
    if not settle:
        return Moved(to, Ticked(finished=False))
    # From anywhere: of several at once, each finds the most that nobody has settled yet.
    first = int(services.jitter() * SHARDS)
    shards = [*range(first, SHARDS), *range(first)]
    return Moved(to, tick(services, caller, to, test_tenant=caller.tenant, shards=shards))


def _check_reach(instant: Instant) -> None:
    if instant > LATEST:
        detail = f"a test clock shows {format_instant(LATEST)} at the latest"
        raise Invalid(
            "invalid_instant",
            f"The clock cannot be set there: {detail}.",
            errors=[{"pointer": "/now", "detail": detail}],
        )


def _has_clock(services: Services, caller: Caller) -> bool:
    return on_test_clock(services, caller.tenant)


def _no_clock() -> Forbidden:
    return Forbidden("no_test_clock", "This tenant lives in real time: it has no test clock.")
