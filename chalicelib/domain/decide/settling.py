"""The passing of time: what falls due on an account, in the order of one instant."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.appending import Appended, append
from chalicelib.domain.decide.event_builder import Door, EventBuilder, Planner
from chalicelib.domain.decide.mechanic import Phase
from chalicelib.domain.ledger.account import Account, Corrupt
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.versions import Programmes

# Events of one transaction: DynamoDB takes 100 items, and a commit has a few of its own.
SETTLE_MAX = 80


def door_of(programmes: Programmes) -> Door:
    """Return what the events of an account pass."""

    def planners(event: EventBuilder) -> Iterator[Planner]:
        # Nothing happens by itself to an account that has ended.
        if event.account.status != "closed":
            for each in registry.planning(event, programmes):
                if each.plan is not None:
                    yield each.plan

    return Door(programmes, registry.followers, planners, registry.guards)


def due_at(account: Account) -> Instant | None:
    """Return the next instant at which something on the account changes by itself."""
    if account.status == "closed":
        return None
    instants = (each.due(account) for each in registry.in_account(account) if each.due)
    return min((at for at in instants if at is not None), default=None)


def clock_of(account: Account, now: Instant) -> Instant:
    """Return the instant at which the account is settled: time never runs backwards on it."""
    return max(now, account.effective_at)


def settle(
    account: Account,
    programmes: Programmes,
    now: Instant,
    key: str,
    *,
    limit: int | None = None,
) -> tuple[Account, Appended]:
    """
    Bring the account up to an instant: everything that fell due by then, in order.

    At one instant the order is that of the phases.  Returns the account and
    the tick events, at most ``limit`` of them (then it is not yet at ``now``).
    """
    door = door_of(programmes)
    appended = Appended()
    at = due_at(account)
    while at is not None and at <= now:
        before = account.version
        for phase in Phase:
            # What happened in one phase may bring what another mechanic keeps.
            for each in tuple(registry.in_account(account)):
                for tick in (tick for acts_in, tick in each.ticks if acts_in is phase):
                    event = EventBuilder(account, at, door)
                    data = tick(event, programmes)
                    if data is not None:
                        account, more = append(account, (event.build(data),), key)
                        appended += more
        if account.version == before:
            raise Corrupt(f"the account is due at {at}, yet nothing changes then")
        if limit is not None and len(appended.stored) >= limit:
            break
        at = due_at(account)
    return account, appended
