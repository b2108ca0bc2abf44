"""
Tiers by days, where a ladder rolls or goes by months: which one they give, how long it lasts.

A day is evaluated by the window that ends with it, the last `rolling_days` or its month so far:
each day with activity, or, on a ladder that is climbed at reviews, each last day of `rolling_days`
since the member joined, or of a month.  A tier lasts for `rolling_days` after the last day that
reached it, or through the month after it, and its grace after those.  So it follows from the days
alone, in whatever order they became known; only what stays for good, or goes down step by step,
also asks what was held before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, Enrolment
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.metrics import DayTotals, key_of, thresholds
from chalicelib.domain.mechanics.tier_ladder import (
    Course,
    Loss,
    Review,
    highest,
    may_fall,
    rank_before,
    rank_left,
    rank_of,
    window_of,
)
from chalicelib.domain.programme.document import Programme, Threshold, Tiers

#: Reasons of steps that come of overrides, and not of the days.
_OVERRIDES: Final = frozenset({"manual", "paid", "bought", "lifted", "override_ended"})


class Days:
    """The days of one member that a ladder judges."""

    def __init__(self, account: Account, programme: Programme, tiers: Tiers) -> None:
        self._programme: Final = programme
        self._tiers: Final = tiers
        self._enrolment: Final = account.enrolments[programme.id]
        keys = {key_of(programme, each) for each in thresholds(programme)}
        self._totals: Final = {key: DayTotals(account.metrics.get(key, {})) for key in keys}

    def reached(self, day: date) -> int:
        """Return the rank that the window which ends with a day reaches."""
        window = window_of(self._tiers, self._enrolment, day)
        first = window.first or day

        def total(threshold: Threshold) -> int:
            return self._totals[key_of(self._programme, threshold)].between(first, day)

        return rank_of(self._tiers, total)

    def evaluated(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from one through another that are evaluated, the latest first."""
        if _waits(self._tiers):
            yield from _ends_of_terms(self._tiers, self._enrolment, first, last)
            return
        low, high = first.isoformat(), last.isoformat()
        known = {day for totals in self._totals.values() for day in totals.days}
        for text in sorted((day for day in known if low <= day <= high), reverse=True):
            yield date.fromisoformat(text)

    def last_reached(self, rank: int, today: date) -> date | None:
        """Return the last day that reached a rank, if what it gave is not over, grace included."""
        days = self._within(self._tiers.grace_days, today)
        return next((day for day in days if self.reached(day) >= rank), None)

    def rank(self, today: date) -> int:
        """Return the rank that the days give today, or will on a day to come, grace included."""
        return max(map(self.reached, self._within(self._tiers.grace_days, today)), default=0)

    def _within(self, grace_days: int, today: date) -> Iterator[date]:
        first = _first_that_lasts(self._tiers, calendar.add_days(today, -grace_days))
        return self.evaluated(first, _last_known(self._tiers, today))


def _last_day(tiers: Tiers, reached: date) -> date:
    """Return the last day of a tier that a day reached, without grace."""
    if tiers.window == "calendar_month":
        return calendar.last_of_month(calendar.add_months(reached, 1))
    return calendar.add_days(reached, tiers.rolling_days)


def _last_day_of_step(tiers: Tiers, stepped: date) -> date:
    """Return the last day of a tier to which a review took somebody down, without grace."""
    if tiers.window == "calendar_month":
        return calendar.last_of_month(stepped)
    return calendar.add_days(stepped, tiers.rolling_days)


def _last_day_of_none(tiers: Tiers, enrolment: Enrolment, today: date) -> date:
    """Return the last day of a tier that no day gives, and no step, without grace."""
    steps = tiers.downgrade == "one_level"
    last = _last_day_of_step(tiers, today) if steps else _last_day(tiers, today)
    if not _waits(tiers):
        return last
    # At the review after the term nothing says that it lasts longer.
    return min(last, calendar.add_days(_next_term(tiers, enrolment, today), -1))


def _first_that_lasts(tiers: Tiers, today: date) -> date:
    """Return the first day of which a tier that it reached lasts through today, without grace."""
    if tiers.window == "calendar_month":
        return calendar.add_months(today.replace(day=1), -1)
    return calendar.add_days(today, -tiers.rolling_days)


def _last_that_counts(tiers: Tiers, day: date) -> date:
    """Return the last day whose window has a day in it."""
    if tiers.window == "calendar_month":
        return calendar.last_of_month(day)
    return calendar.add_days(day, tiers.rolling_days - 1)


def _lost_on(tiers: Tiers, last: date) -> date:
    """Return the day on which a tier is lost whose last day this is, its grace over."""
    return calendar.add_days(last, tiers.grace_days + 1)


def _waits(tiers: Tiers) -> bool:
    return tiers.upgrade == "at_review"


def _last_known(tiers: Tiers, today: date) -> date:
    """Return the last day that can be evaluated: today, or yesterday where it takes whole days."""
    return calendar.add_days(today, -int(_waits(tiers)))


def _ends_of_terms(tiers: Tiers, enrolment: Enrolment, first: date, last: date) -> Iterator[date]:
    joined = calendar.parse_date(enrolment.joined_on)
    if tiers.window == "calendar_month":
        end = calendar.add_days(calendar.add_days(last, 1).replace(day=1), -1)
        while end >= max(first, joined):
            yield end
            end = calendar.add_days(end.replace(day=1), -1)
        return
    terms = ((last - joined).days + 1) // tiers.rolling_days
    while terms > 0:
        end = calendar.add_days(joined, terms * tiers.rolling_days - 1)
        if end < first:
            return
        yield end
        terms -= 1


def _next_term(tiers: Tiers, enrolment: Enrolment, today: date) -> date:
    """Return the first day of the term after the running one."""
    if tiers.window == "calendar_month":
        return calendar.add_days(calendar.last_of_month(today), 1)
    joined = calendar.parse_date(enrolment.joined_on)
    terms = (today - joined).days // tiers.rolling_days + 1
    return calendar.add_days(joined, terms * tiers.rolling_days)


def next_review(
    account: Account, programme: Programme, tiers: Tiers, rank: int, now: Instant, today: date
) -> Review | None:
    """
    Return the next review of a rank, none where nothing could change by it.

    One that no day gives, as after a change of the ladder, keeps the review that it has, or gets
    one as if it had been reached today, or had been stepped down to.
    """
    enrolment, zone = account.enrolments[programme.id], programme.time_zone
    falls = may_fall(tiers, rank)
    if not falls and not _waits(tiers):
        return None
    lasts = list(_held_through(account, programme, tiers, rank, today)) if falls else []
    if falls and not lasts and enrolment.review_at is not None and enrolment.review_at > now:
        grace = tiers.grace_days * enrolment.in_grace
        last = calendar.add_days(calendar.local_date(enrolment.review_at, zone), -1 - grace)
        return Review(enrolment.review_at, last, enrolment.in_grace)
    last = max(lasts, default=_last_day_of_none(tiers, enrolment, today))
    in_grace = last < today
    ends = calendar.add_days(last, 1 + tiers.grace_days * in_grace)
    if _waits(tiers):
        ends = min(ends, _next_term(tiers, enrolment, today))
    return Review(calendar.day_start(ends, zone), last, in_grace)


def losses(
    account: Account, programme: Programme, tiers: Tiers, held: int, now: Instant
) -> Iterator[Loss]:
    """
    Yield how a rank will be lost, and then those to which it falls, the next loss first.

    That is so if nothing is told any more, up to where what is known raises it first.
    """
    enrolment = account.enrolments[programme.id]
    today = calendar.local_date(now, programme.time_zone)
    review = next_review(account, programme, tiers, held, now, today)
    if review is None:
        return
    days, last = Days(account, programme, tiers), review.last_on
    while may_fall(tiers, held):
        lost_on = _lost_on(tiers, last)
        reached = days.rank(lost_on)
        lasts = []
        if reached < held:
            left = rank_left(tiers, held, reached)
            yield Loss(held, left, last)
            held = left
            if tiers.downgrade == "one_level":
                lasts.append(_last_day_of_step(tiers, lost_on))
        elif reached > held:
            return
        day = days.last_reached(held, lost_on)
        if day is not None:
            lasts.append(_last_day(tiers, day))
        last = max(lasts, default=_last_day_of_none(tiers, enrolment, lost_on))


def rank_lasting(
    account: Account, programme: Programme, tiers: Tiers, held: int, today: date
) -> int:
    """Return the rank that the days give today; no less than the one held, if its term lasts."""
    given = Days(account, programme, tiers).rank(today)
    lasts = any(_held_through(account, programme, tiers, held, today))
    return max(given, held) if lasts else given


def _held_through(
    account: Account, programme: Programme, tiers: Tiers, rank: int, today: date
) -> Iterator[date]:
    """
    Yield the last days of a rank: by the last day that reached it, and by a step down to it.

    What is over, grace included, is left out.
    """
    reached = Days(account, programme, tiers).last_reached(rank, today)
    if reached is not None:
        yield _last_day(tiers, reached)
    if tiers.downgrade != "one_level":
        return
    enrolment = account.enrolments[programme.id]
    steps = list(enrolment.timeline)
    while steps[-1].reason in _OVERRIDES:
        steps.pop()
    before, step = (steps[-1], *steps)[-2:]
    stepped = [(enrolment.stepped_to, enrolment.stepped_at)]
    if step.reason == "reviewed" and programme.rank(before.tier) > programme.rank(step.tier):
        stepped.append((step.tier, step.since))
    for tier, since in stepped:
        last = _last_day_of_step(tiers, calendar.local_date(since, programme.time_zone))
        if programme.rank(tier) == rank and _lost_on(tiers, last) > today:
            yield last


def brought(
    before: Account,
    after: Account,
    programme: Programme,
    tiers: Tiers,
    day: date,
    since: Instant,
    today: date,
) -> Course:
    """
    Return the least rank from each instant on, by what a late activity of a day has brought.

    It counts in the windows of its own day and of later ones; of its own, from ``since`` on.
    """
    known, anew = Days(before, programme, tiers), Days(after, programme, tiers)
    last = min(_last_that_counts(tiers, day), _last_known(tiers, today))
    before_it = {each: known.reached(each) for each in known.evaluated(day, last)}
    reached = [
        (each, rank)
        for each in anew.evaluated(day, last)
        if (rank := anew.reached(each)) > before_it.get(each, 0)
    ]
    reached.reverse()
    zone = programme.time_zone
    courses = []
    for rank in range(1, len(tiers.levels)):
        days = [each for each, of in reached if of >= rank]
        if not days:
            break
        # All are of windows with one day in them, and a tier outlasts a window: between the first
        # and the last of them it is not lost.
        first, final = days[0], days[-1]
        # On a ladder that is climbed at reviews, from the review on that follows the day.
        begins = calendar.day_start(calendar.add_days(first, int(_waits(tiers))), zone)
        course = [(since if first == day and not _waits(tiers) else max(begins, since), rank)]
        for lost, left in _declines(tiers, rank, final, today):
            course.append((calendar.day_start(lost, zone), left))
        courses.append(course)
    return highest(courses)


def _declines(tiers: Tiers, rank: int, reached: date, today: date) -> Iterator[tuple[date, int]]:
    """Yield the days up to today on which reviews lower a rank, and to which."""
    lost = _lost_on(tiers, _last_day(tiers, reached))
    while tiers.downgrade != "none" and rank > 0 and lost <= today:
        rank = rank - 1 if tiers.downgrade == "one_level" else 0
        yield lost, rank
        lost = _lost_on(tiers, _last_day_of_step(tiers, lost))


def carried(account: Account, programme: Programme, tiers: Tiers, today: date) -> int:
    """Return what is left today of the rank held before the days that could give one."""
    if tiers.downgrade == "to_earned":
        return 0
    first = _first_that_lasts(tiers, calendar.add_days(today, -tiers.grace_days))
    enrolment = account.enrolments[programme.id]
    start = calendar.day_start(first, programme.time_zone)
    held = rank_before(programme, enrolment, start)
    return max(held - 1, 0) if tiers.downgrade == "one_level" else held
