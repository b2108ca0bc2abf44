"""Read journals backwards, within a period, at a bounded cost."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import ALWAYS, CHECKPOINT_EVENTS, TRANSACTION_MAX, Period


def newest_first(
    services: Services,
    caller: Caller,
    member: str,
    *,
    before: int | None,
    period: Period = ALWAYS,
    at_once: int = 100,
) -> Iterator[StoredEvent]:
    """
    Yield the events that changed an account within a period, backwards from a version.

    What comes later than the period is passed over by way of the checkpoints, for a call or two; of
    the rest no more is read at once than a page may need.
    """
    if before is None and period.until is not None:
        before = _last_before(services, caller, member, period.until) + 1
    while before is None or before > 1:
        up_to = None if before is None else before - 1
        read = list(
            services.ledger.events(
                caller.tenant, member, up_to=up_to, newest_first=True, limit=at_once
            )
        )
        for stored in read:
            if period.is_after(stored.effective_at):
                return
            yield stored
        if len(read) < at_once:
            return
        before = read[-1].version


def _last_before(services: Services, caller: Caller, member: str, until: Instant) -> int:
    """Return the version of the last event before an instant, 0 where there is none."""
    kept = services.ledger.checkpoints(
        caller.tenant, member, by=until - 1, newest_first=True, limit=1
    )
    start = next((each.version for each in kept), 0)
    last = start
    # Versions are in the order of these instants, and the next checkpoint is no further than this.
    up_to = start + CHECKPOINT_EVENTS + TRANSACTION_MAX
    for stored in services.ledger.events(caller.tenant, member, after=start, up_to=up_to):
        if stored.effective_at >= until:
            break
        last = stored.version
    return last


def check_member(services: Services, caller: Caller, member: str, period: Period) -> None:
    """
    Raise `MemberNotFound` where nothing was found because there is no such member.

    A journal is never empty, but there are periods in which nothing happened.
    """
    if period == ALWAYS or services.ledger.load(caller.tenant, [member]).account(member) is None:
        raise MemberNotFound
