"""
The days of stamps: on which day each card became full, whatever was reported when.

What a full card gives is usable through so many days after that.  A stamp that is reported late
fills the card that it would have filled in time, so that later cards became full earlier; a refund
does the reverse.  What is unused of theirs is dated anew, be it usable still or lapsed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import LIFETIME, Account
from chalicelib.domain.ledger.effects import MetricChange
from chalicelib.domain.mechanics import entitlement_grants
from chalicelib.domain.mechanics.entitlement_grants import Grant
from chalicelib.domain.mechanics.metrics import DayTotals, metric_key


class Card(NamedTuple):
    """A card with room for ``size`` stamps, and what each that is full on a day ``gives``."""

    programme: str
    id: str
    size: int
    units: int
    gives: Callable[[date, int], Grant]


def move(event: EventBuilder, card: Card, stamps: int, day: date, cards: int) -> int:
    """
    Count stamps on their day, above or below zero or none, and date what full cards gave.

    ``cards`` are full now that were not before; below zero those whose units are to be taken back.
    Returns how many units are left to take, where those of the days that filled them were used.
    """
    metric = metric_key(card.programme, "stamps", card.id)
    before = _filled(event.account, metric, card.size)
    if stamps:
        event.add(MetricChange(metric, calendar.month_of(day), stamps, day.isoformat()))
    moved = _filled(event.account, metric, card.size)
    moved.subtract(before)
    # What was used meanwhile is that of the earliest: of those cards the units stay, and are owed.
    reopened = max(-cards, 0)
    gone = sum((-moved).values()) - max(-moved.total() - reopened, 0)
    back, unused = reopened * card.units, 0
    for text in sorted(-moved, reverse=True):
        here = min(-moved[text], gone)
        gone -= here
        gave = card.gives(date.fromisoformat(text), here * card.units)
        key, most = entitlement_grants.grant_key(gave), min(back, gave.units)
        taken = entitlement_grants.take_back(event, key, most, cause=card.id)
        back -= taken
        unused += entitlement_grants.take(event, key, gave.units - taken)
    fresh = max(cards, 0) * card.units
    for text in sorted(+moved, reverse=True):
        units = moved[text] * card.units
        new = min(units, fresh)
        old = min(units - new, unused)
        fresh, unused = fresh - new, unused - old
        if new:
            given = card.gives(date.fromisoformat(text), new)
            entitlement_grants.hand_out(event, given, cause=card.id)
        if old:
            entitlement_grants.add(event, card.gives(date.fromisoformat(text), old))
    return back


def _filled(account: Account, metric: str, size: int) -> Counter[str]:
    """Return how many cards became full on each day that is still known."""
    buckets = account.metrics.get(metric, {})
    days = DayTotals(buckets).days
    stamps = buckets.get(LIFETIME, 0) - sum(buckets[day] for day in days)
    filled: Counter[str] = Counter()
    for day in days:
        filled[day] = (stamps + buckets[day]) // size - stamps // size
        stamps += buckets[day]
    return filled
