"""
What changes, cancellations and ends of plans state of each fee that was paid.

A fee is worth what it pays for of the days to come.  Where a command changes that, the difference
is owed, or left over, and so stated; what was stated of a fee in all is remembered with it, and
goes the other way where its payment goes back.  So whatever was stated, and whichever payments go
back in whatever order: who collects fees has nothing of one that went back, and lacks nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.mechanics.plans import Subscription, fees_left
from chalicelib.domain.programme.document import Programme

#: For how long after what is paid for it is remembered what was stated of a fee: payments go back
#: later than that nowhere.
_REMEMBERED_MS: Final = 2 * 366 * 86_400_000


def state(
    event: EventBuilder, programme: Programme, before: Subscription, after: Subscription | None
) -> int:
    """
    Remember what is stated of each fee, as a subscription changes or ends, and return the sum.

    Above zero it is owed, below left over, in minor units.
    """
    worth = Counter[int]()
    if after is not None:
        worth.update(dict(fees_left(programme, after, event.now)))
    worth.subtract(dict(fees_left(programme, before, event.now)))
    until = max(event.now, before.until, 0 if after is None else after.until) + _REMEMBERED_MS
    for paid_by, stated in worth.items():
        if stated:
            _remember(event, paid_by, stated + take_stated(event, paid_by), until)
    return worth.total()


def take_stated(event: EventBuilder, paid_by: int) -> int:
    """Return what was stated in all of the fee that an event reported, and remember it no more."""
    for sign in (1, -1):
        counted = event.account.counter(_stated(paid_by, sign))
        if counted:
            event.add(CounterChange(_stated(paid_by, sign), -counted))
            return sign * counted
    return 0


def _remember(event: EventBuilder, paid_by: int, stated: int, until: Instant) -> None:
    if stated:
        event.add(CounterChange(_stated(paid_by, stated), abs(stated), until))


def _stated(paid_by: int, stated: int) -> str:
    """Return the counter of what was stated of a fee: nothing is counted below zero."""
    return f"{'owed' if stated > 0 else 'left_over'}/{paid_by}"
