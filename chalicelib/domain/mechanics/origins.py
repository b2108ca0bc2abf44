"""
Origins: in which lots value that was given may be by now, and of which lots what expired was.

Value is given to one lot and does not always stay in it.  What came back with another life is of a
lot that says when it was to end before; activities let several lots become one, which ends when the
last of them lets it.  So what was given to a lot is in those that have its origin, or a later one
within the spell of activities that it ended in (`last_days`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.programme.document import REMEMBERED_MS

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.last_days import LastDay


class Family(NamedTuple):
    """Lots of which value cannot be told apart once it was away: they end together."""

    funder: str
    rate: int
    paid: bool
    end: Instant | None


def origin(key: LotKey) -> Instant | None:
    """Return when value of a lot was to be gone at first; ``None`` for never."""
    return key.expires_at if key.first_expires_at is None else key.first_expires_at


def may_be_of(event: EventBuilder, currency: str, key: LotKey, given: LotKey) -> bool:
    """
    Tell whether value of a lot may be of what was given to another.

    Money of all lots that ended long ago may be, since they are not told apart any more.
    """
    if (key.funder, key.rate, key.paid) != (given.funder, given.rate, given.paid):
        return False
    place, since = origin(key), origin(given)
    if place is None or since is None:
        return place == since
    if since <= place <= lasted_until(event, currency, since):
        return True
    both = (key, given)
    return given.paid and all(is_long_ago(event, currency, each) for each in both)


def is_long_ago(event: EventBuilder, currency: str, key: LotKey) -> bool:
    """Tell whether what was given to a lot ended so long ago that nobody knows of it any more."""
    end = origin(key)
    return end is not None and lasted_until(event, currency, end) + REMEMBERED_MS < event.now


def family(event: EventBuilder, currency: str, key: LotKey) -> Family:
    """Return of which family a lot is; all that ended long ago are one."""
    end = origin(key)
    if end is not None and is_long_ago(event, currency, key):
        end = 0
    elif end is not None:
        end = lasted_until(event, currency, end)
    return Family(key.funder, key.rate, key.paid, end)


def lasted_until(event: EventBuilder, currency: str, end: Instant) -> Instant:
    """Return when value is gone that was to be gone at an instant, as activities let it last."""
    of = spells(event, currency)
    if not of:
        return end
    from chalicelib.domain.mechanics import last_days

    return last_days.lasted_until(of, end)


def spells(event: EventBuilder, currency: str) -> Sequence[LastDay]:
    """Return the spells of activities that let value last; the same object until they change."""
    if "inactivity" not in event.account.progress:
        return ()
    # Few currencies last by activity.
    from chalicelib.domain.mechanics import last_days

    return last_days.spells(event, currency)
