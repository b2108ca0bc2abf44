"""
Whether lateness matters: each journal against the same history, looked at in the order of its days.

What was spent is added up by the day on which it was, whenever it was reported or came back, and
every answer must say of the discount for a good week what those days say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.events import ActivityRecorded, ActivityReversed, SpendCounted
from tests.faults.ending import TenantEnding
from tests.faults.programmes import GOOD_WEEK, PROGRAMME


def check_lateness(tenant: TenantEnding) -> Iterator[str]:
    """Check what every activity was told of the discount for a good week."""
    version = tenant.programmes.version(PROGRAMME, 1)
    if version is None:
        raise AssertionError("every scenario publishes its programme")
    zone = version.document.time_zone
    for member, journal in tenant.journals.items():
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
