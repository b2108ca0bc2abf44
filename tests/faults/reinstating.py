"""
Whether what expired comes back when it should: as much as expired unspent, once, by a visit.

What each lot has lost is added up from the events that say so, apart from what the account
remembers of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import LotChange, StatChange
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    Event,
    LotsExpired,
    RuleAward,
)
from chalicelib.domain.ledger.postings import kind_of
from tests.faults.ending import TenantEnding
from tests.faults.programmes import HEARTS, HEARTS_BACK_DAYS, HEARTS_DAYS, PROGRAMME


def check_reinstating(tenant: TenantEnding) -> Iterator[str]:
    """Check what came back, in every event of every journal."""
    version = tenant.programmes.version(PROGRAMME, 1)
    if version is None:
        raise AssertionError("every scenario publishes its programme")
    for member, journal in tenant.journals.items():
        lost = _Lost(journal.events, version.document.time_zone)
        for event in journal.events:
            back, expected = _moved(event, "expired", "member"), lost.takes(event)
            if back != expected:
                name = f"{tenant.id} {member[-1]} event {event.version}"
                yield f"{name} brings {back} hearts back, not {expected}"


class _Lost:
    """What of hearts expired unspent, by their last day: the first time, and again."""

    def __init__(self, events: list[Event], zone: str) -> None:
        self._events = events
        self._zone = zone
        self._first: Counter[str] = Counter()
        self._again: Counter[str] = Counter()
        self._last: Instant = 0

    def takes(self, event: Event) -> int:
        """Take an event in, and return how much has to come back with it."""
        data = event.data
        if isinstance(data, LotsExpired):
            for effect in event.effects:
                if isinstance(effect, LotChange) and effect.currency == HEARTS:
                    lost = self._again if effect.lot.prolonged else self._first
                    lost[effect.lot.expires_on or ""] -= effect.delta
        elif isinstance(data, ActivityRecorded) and data.evaluations:
            return self._recorded(event, data)
        elif isinstance(data, ActivityReversed):
            self._reversed(event, data)
        return 0

    def _recorded(self, event: Event, data: ActivityRecorded) -> int:
        for award in filter(_of_hearts, data.awards):
            if (award.lot.expires_at or 0) <= event.effective_at:
                self._first[award.lot.expires_on or ""] += award.granted
        if data.activity.type != "visit.completed":
            return 0
        day = calendar.local_date(event.occurred_at, self._zone)
        keeps = calendar.add_days(day, HEARTS_DAYS)
        self._last = max(self._last, calendar.expiry_instant(keeps, self._zone))
        if self._last <= event.effective_at:
            return 0
        back = 0
        for text in list(self._first):
            last = date.fromisoformat(text)
            in_time = day <= last < keeps
            if in_time or last < day <= calendar.add_days(last, HEARTS_BACK_DAYS):
                back += self._first.pop(text)
        return back

    def _reversed(self, event: Event, data: ActivityReversed) -> None:
        """What a refund did not take, since it had expired, cannot come back."""
        whole = any(isinstance(e, StatChange) and e.activities < 0 for e in event.effects)
        recorded = self._events[data.reverses - 1].data
        if not whole or not isinstance(recorded, ActivityRecorded):
            return
        for award in filter(_of_hearts, recorded.awards):
            exempt = award.granted - _moved(event, "member", "issued")
            own = award.lot.expires_on or ""
            places = [(own, self._first)]
            places += [(day, self._again) for day in self._again if day > own]
            places += [(day, self._first) for day in self._first if day > own]
            for day, lost in sorted(places, key=lambda place: place[0]):
                taken = min(lost[day], exempt)
                lost[day] -= taken
                exempt -= taken


def _of_hearts(award: RuleAward) -> bool:
    return award.currency == HEARTS


def _moved(event: Event, source: str, destination: str) -> int:
    return sum(
        posting.amount
        for posting in event.postings
        if posting.currency == HEARTS
        and kind_of(posting.source) == source
        and kind_of(posting.destination) == destination
    )
