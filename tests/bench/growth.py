"""
What one earn costs as an account's history grows: the account must stay small, and so must it.

What is unbounded is in items of its own, so an account grows with what is alive on it: value that
has not expired, counters of windows that run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.store import items, keys
from chalicelib.store.metering import measured, size_of
from chalicelib.usecases.services import Caller
from chalicelib.usecases.stored import Due
from chalicelib.usecases.tick import settler
from tests.bench.ground import Warm
from tests.bench.tables import Table
from tests.journeys.world import LocalWorld

POINTS: Final = "clinic/points"
#: What an account takes at most, and how many calls an earn.
BODY_MAX_BYTES: Final = 8 * 1024
CALLS: Final = 2

#: (pattern, days between two activities, after how many to look)
HISTORIES: Final = (
    ("every day", 1, (1, 10, 100, 1_000)),
    ("every week", 7, (52, 260)),
)
WEEKS_OF_FIVE_YEARS: Final = 260


class Earn(NamedTuple):
    """One more earn after so many activities: what it met, and what it cost."""

    pattern: str
    activities: int
    years: float
    body: int
    item: int
    event: int
    lots: int
    calls: int
    read_units: float
    write_units: int


def earns(warm: Warm, pattern: str, every_days: int, after: tuple[int, ...]) -> Iterator[Earn]:
    """
    Live a member's life under the clinic's programme, and measure the earn after so many others.

    Every fourth activity is a payment, the others are visits, some of them booked online.
    """
    world, tenant = warm.world, warm.clinic.tenant
    member = warm.clinic.enrolled()
    begun = world.clock.now
    for number in range(1, max(after) + 1):
        world.clock.advance(days=every_days)
        if number not in after:
            _earn(warm, member, number)
            continue
        # That the key was used on this day is noted by its first request.
        warm.call("GET", f"/v1/members/{member}/balance")
        # What fell due before is the tick's to write, so that it is not counted here.
        settler(world.services, Caller("", CLOCK))(Due(world.clock.now, tenant, member))
        with measured() as cost:
            version = _earn(warm, member, number)
        account, event = _items(world, tenant, member, version)
        yield Earn(
            pattern,
            number,
            (world.clock.now - begun) / (365.25 * 86_400_000),
            len(account["body"]["B"]),
            size_of(account),
            size_of(event),
            len(items.account_of(account).balance(POINTS).lots),
            cost.total_calls,
            cost.read_units,
            cost.write_units,
        )


def table(warm: Warm) -> Table:
    """Return the table of all histories."""
    rows = [earn for history in HISTORIES for earn in earns(warm, *history)]
    return Table(
        f"One earn as history grows (budget: body {BODY_MAX_BYTES:,} bytes, {CALLS} calls)",
        (
            "activity",
            "activities",
            "years",
            "body bytes",
            "account bytes",
            "event bytes",
            "lots",
            "calls",
            "read units",
            "write units",
        ),
        rows,
        ("The clinic's example: points last 12 months, so a lot for each day of a year.",),
    )


def _earn(warm: Warm, member: str, number: int) -> int:
    """Record an activity, and return the version that it brought."""
    kind, more = _ACTIVITIES[number % len(_ACTIVITIES)]
    if kind == "payment.received":
        # No two alike: equal amounts would compress to nothing.
        more = {"amount": {"amount": 1_000 + number * 7_919 % 50_000, "currency": "GBP"}}
    activity = warm.clinic.activity(member, kind, **more)
    return int(warm.call("POST", "/v1/activities", activity, status=201)["version"])


_ACTIVITIES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("visit.completed", {}),
    ("visit.completed", {"attributes": {"booked_online": True}}),
    ("visit.completed", {"location": "north"}),
    ("payment.received", {}),
)


def _items(
    world: LocalWorld, tenant: str, member: str, version: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    pk = keys.member_pk(tenant, member)
    account = world.dynamo.get(world.dynamo.ledger, pk, keys.ACCOUNT)
    event = world.dynamo.get(world.dynamo.ledger, pk, keys.event_sk(version))
    assert account is not None
    assert event is not None
    return account, event
