"""
When a year, or a lifetime, has reached a rank: the day on which its metrics did, however late.

A late activity may bring a rank on its own day, or on a later one on which what was done before it
was not enough.  So the day on which a tier is reached is the same in whatever order activities are
told.  That takes days as far back as an activity can be late, and sums of what was before.
"""

from __future__ import annotations

from datetime import date

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.metrics import DayTotals, key_of, thresholds
from chalicelib.domain.mechanics.tier_ladder import Course, Window, highest, measure, rank_of
from chalicelib.domain.programme.document import Programme, Threshold, Tiers


def brought(
    before: Account,
    after: Account,
    programme: Programme,
    tiers: Tiers,
    window: Window,
    day: date,
    since: Instant,
) -> Course:
    """
    Return the least rank from each instant on, by what a late activity of a day has brought.

    It counts on its own day from ``since`` on.  A rank that was reached on a later day without it
    is given up to that day, from where on it is held already.
    """
    enrolment, zone = before.enrolments[programme.id], programme.time_zone
    known = _reached_on(before, programme, tiers, window, day)
    courses = []
    for rank, reached in _reached_on(after, programme, tiers, window, day).items():
        was = known.get(rank)
        if reached < day or reached == was:
            continue
        course = [
            (since if reached == day else max(calendar.day_start(reached, zone), since), rank)
        ]
        if was is not None:
            held_from = calendar.expiry_instant(was, zone)
            if programme.rank(enrolment.tier_at(held_from)) < rank:
                # The ladder has changed since, so that it was never given: nothing ends there.
                continue
            course.append((held_from, 0))
        courses.append(course)
    return highest(courses)


def _reached_on(
    account: Account, programme: Programme, tiers: Tiers, window: Window, day: date
) -> dict[int, date]:
    """Return on which day from one on each rank was reached; the day before it if before."""
    keys = {key_of(programme, each) for each in thresholds(programme)}
    totals = {key: DayTotals(account.metrics.get(key, {})) for key in keys}
    # A lifetime has no last day.
    last = date.max if window.first is None else window.last
    later = {date.fromisoformat(text) for each in totals.values() for text in each.days}
    found: dict[int, date] = {}
    for on in (calendar.add_days(day, -1), *sorted(each for each in later if day <= each <= last)):

        def through(threshold: Threshold, on: date = on) -> int:
            whole = measure(account, programme, tiers, threshold, window)
            after = totals[key_of(programme, threshold)].between(calendar.add_days(on, 1), last)
            return whole - after

        for rank in range(1, rank_of(tiers, through) + 1):
            found.setdefault(rank, on)
    return found
