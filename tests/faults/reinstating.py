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
from chalicelib.domain.ledger.effects import LotChange, StatChange
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    Event,
    LotsExpired,
    RuleAward,
)
from chalicelib.domain.ledger.lots import LotKey
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
    """
    What of hearts expired unspent: by the last day that it had at first, and by its last day.

    The two differ where it has come back before.
    """

    def __init__(self, events: list[Event], zone: str) -> None:
        self._events = events
        self._zone = zone
        self._amounts: Counter[tuple[date, date]] = Counter()
        self._visits: set[date] = set()

    def takes(self, event: Event) -> int:
        """Take an event in, and return how much has to come back with it."""
        data = event.data
        if isinstance(data, LotsExpired):
            for effect in event.effects:
                if isinstance(effect, LotChange) and effect.currency == HEARTS:
                    self._amounts[self._days(effect.lot)] -= effect.delta
        elif isinstance(data, ActivityRecorded) and data.evaluations:
            return self._recorded(event, data)
        elif isinstance(data, ActivityReversed):
            self._reversed(event, data)
        return 0

    def _days(self, lot: LotKey) -> tuple[date, date]:
        last = date.fromisoformat(lot.expires_on or "")
        if lot.first_expires_at is None:
            return last, last
        return calendar.local_date(lot.first_expires_at - 1, self._zone), last

    def _recorded(self, event: Event, data: ActivityRecorded) -> int:
        for award in filter(_of_hearts, data.awards):
            if (award.lot.expires_at or 0) <= event.effective_at:
                self._amounts[self._days(award.lot)] += award.granted
        if data.activity.type != "visit.completed":
            return 0
        self._visits.add(calendar.local_date(event.occurred_at, self._zone))
        today = calendar.local_date(event.effective_at, self._zone)
        back = 0
        for first, last in list(self._amounts):
            kept, amount = self._lasts(last), self._amounts[first, last]
            if kept >= today:
                back += amount
            elif first == last and (day := self._next_visit(kept)) is not None:
                again = self._lasts(day)
                if again >= today:
                    back += amount
                else:
                    self._amounts[kept, again] += amount
            else:
                continue
            del self._amounts[first, last]
        return back

    def _lasts(self, last: date) -> date:
        """Return the last day of what ends with a day, as visits of its days let it last."""
        while longer := [day for day in self._visits if day <= last < _kept_by(day)]:
            last = max(map(_kept_by, longer))
        return last

    def _next_visit(self, last: date) -> date | None:
        """Return the first visit after a day, if it was soon enough."""
        after = min((day for day in self._visits if day > last), default=None)
        return after if after and after <= calendar.add_days(last, HEARTS_BACK_DAYS) else None

    def _reversed(self, event: Event, data: ActivityReversed) -> None:
        """What a refund did not take, since it had expired, cannot come back."""
        whole = any(isinstance(e, StatChange) and e.activities < 0 for e in event.effects)
        recorded = self._events[data.reverses - 1].data
        if not whole or not isinstance(recorded, ActivityRecorded):
            return
        for award in filter(_of_hearts, recorded.awards):
            exempt = award.granted - _moved(event, "member", "issued")
            own, _ = self._days(award.lot)
            for first, last in sorted(self._amounts):
                if own <= first <= self._lasts(own):
                    taken = min(self._amounts[first, last], exempt)
                    self._amounts[first, last] -= taken
                    exempt -= taken


def _kept_by(visit: date) -> date:
    return calendar.add_days(visit, HEARTS_DAYS)


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
