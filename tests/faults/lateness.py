"""
Whether lateness matters: each journal against the same history, looked at in the order of its days.

What was spent is added up by the day on which it was, whenever it was reported or came back, and
every answer must say of the discount for a good week what those days say.  A tier that activities
alone have brought is held since the day on which they did, in the order of days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.events import ActivityRecorded, ActivityReversed, SpendCounted
from tests.faults.ending import Journal, TenantEnding
from tests.faults.programmes import GOOD_WEEK, PROGRAMME


def check_lateness(tenant: TenantEnding) -> Iterator[str]:
    """Check what every activity was told of the discount for a good week."""
    version = tenant.programmes.version(PROGRAMME, 1)
    if version is None:
        raise AssertionError("every scenario publishes its programme")
    zone = version.document.time_zone
    for member, journal in tenant.journals.items():
        for fault in _tiers(journal, zone):
            yield f"{tenant.id} {member[-1]} {fault}"
        spent: Counter[date] = Counter()
        counted: set[int] = set()
        for event in journal.events:
            day = calendar.local_date(event.occurred_at, zone)
            told = [each for each in event.outcomes if isinstance(each, SpendCounted)]
            if isinstance(event.data, ActivityRecorded) and told:
                counted.add(event.version)
                spent[day] += event.data.activity.amount or 0
            elif isinstance(event.data, ActivityReversed) and event.data.reverses in counted:
                spent[day] -= event.data.activity.amount or 0
            today = calendar.local_date(event.effective_at, zone)
            for outcome in told:
                until = {term.discount: term.until_on for term in outcome.terms}["good-week"]
                expected = _good_week(spent, today)
                if until != expected:
                    name = f"{tenant.id} {member[-1]} event {event.version}"
                    yield f"{name} has a good week until {until}, not {expected}"


def _good_week(spent: Counter[date], today: date) -> str | None:
    """Return through which day the discount holds today, if it does."""
    week = [timedelta(days=back) for back in range(GOOD_WEEK.days)]
    good = [
        day
        for day, amount in spent.items()
        if amount and sum(spent.get(day - back, 0) for back in week) >= GOOD_WEEK.at_least
    ]
    until = max(good, default=date.min) + timedelta(days=GOOD_WEEK.term_days)
    return until.isoformat() if until >= today else None


#: What else moves tiers: after it a journal is not looked at any more.
_BEYOND: Final = ("tier", "plan", "activity.reversed")


def _tiers(journal: Journal, zone: str) -> Iterator[str]:
    """Each tier is held since the day on which the activities of its year have reached it."""
    visits: Counter[date] = Counter()
    spent: Counter[date] = Counter()
    for event, account in zip(journal.events, journal.accounts[1:], strict=True):
        if event.kind.startswith(_BEYOND):
            return
        data = event.data
        if not isinstance(data, ActivityRecorded) or not data.evaluations:
            continue
        day = calendar.local_date(event.occurred_at, zone)
        visits[day] += data.activity.type == "visit.completed"
        spent[day] += (data.activity.amount or 0) * (data.activity.type == "payment.received")
        for step in account.enrolments[PROGRAMME].timeline:
            since = calendar.local_date(step.since, zone)
            expected = _reached_on(step.tier, since.year, visits, spent)
            if step.reason == "reached" and since != expected:
                yield f"event {event.version} leaves {step.tier} since {since}, not {expected}"


def _reached_on(tier: str, year: int, visits: Counter[date], spent: Counter[date]) -> date | None:
    """Return the first day of a year through which what was done is enough for a tier."""
    seen = paid = 0
    for day in sorted(day for day in visits | spent if day.year == year):
        seen, paid = seen + visits[day], paid + spent[day]
        silver = seen >= 3 or (seen >= 2 and paid >= 20_000)
        if paid >= 40_000 or (tier == "silver" and silver):
            return day
    return None
