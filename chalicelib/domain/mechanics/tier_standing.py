"""
Standing on a rolling ladder: which tier the days give, and how long it lasts.

A day is judged by the window that ends with it: each day with activity, or, on a ladder that is
climbed at reviews, each last day of `rolling_days` since the member joined.  A tier lasts for
`rolling_days` after the last day that reached it, and its grace after those.  So it follows from
the days alone, in whatever order they became known; only what stays for good, or goes down step by
step, also asks what was held before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, Enrolment
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.metrics import DayTotals, key_of, thresholds
from chalicelib.domain.mechanics.tier_ladder import Course, Review, rank_of, window_of
from chalicelib.domain.programme.document import Programme, Threshold, Tiers


class Days:
    """The days of one member that a rolling ladder judges."""

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

    def judged(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from one through another that are judged, the latest first."""
        if _waits(self._tiers):
            yield from _ends_of_terms(self._tiers, self._enrolment, first, last)
            return
        low, high = first.isoformat(), last.isoformat()
        known = {day for totals in self._totals.values() for day in totals.days}
        for text in sorted((day for day in known if low <= day <= high), reverse=True):
            yield date.fromisoformat(text)

    def last_reached(self, rank: int, today: date) -> date | None:
        """Return the last day that reached a rank, if what it gave is not over, grace included."""
        days = self._within(_lasts(self._tiers), today)
        return next((day for day in days if self.reached(day) >= rank), None)

    def rank(self, today: date) -> int:
        """Return the rank that the days give today, grace included."""
        return max(map(self.reached, self._within(_lasts(self._tiers), today)), default=0)

    def rank_without_grace(self, day: date) -> int:
        """Return the rank that the days known so far give on a day to come."""
        return max(map(self.reached, self._within(self._tiers.rolling_days, day)), default=0)

    def _within(self, lasts: int, today: date) -> Iterator[date]:
        return self.judged(calendar.add_days(today, -lasts), _last_known(self._tiers, today))


def _lasts(tiers: Tiers) -> int:
    """Return for how many days after the one that reached it a tier is held."""
    return tiers.rolling_days + tiers.grace_days


def _waits(tiers: Tiers) -> bool:
    return tiers.upgrade == "at_review"


def _last_known(tiers: Tiers, today: date) -> date:
    """Return the last day that can be judged: today, or yesterday where days are judged whole."""
    return calendar.add_days(today, -int(_waits(tiers)))


def _ends_of_terms(tiers: Tiers, enrolment: Enrolment, first: date, last: date) -> Iterator[date]:
    joined = calendar.parse_date(enrolment.joined_on)
    terms = ((last - joined).days + 1) // tiers.rolling_days
    while terms > 0:
        end = calendar.add_days(joined, terms * tiers.rolling_days - 1)
        if end < first:
            return
        yield end
        terms -= 1


def next_review(
    account: Account, programme: Programme, tiers: Tiers, rank: int, now: Instant, today: date
) -> Review | None:
    """
    Return the next review of a rank, none where nothing could change by it.

    One that no day gives, as after a change of the ladder, keeps the review that it has, or gets
    one `rolling_days` from today.
    """
    enrolment, zone = account.enrolments[programme.id], programme.time_zone
    falls = rank > 0 and tiers.downgrade != "none"
    if not falls and not _waits(tiers):
        return None
    days = list(_held_since(account, programme, tiers, rank, today)) if falls else []
    if falls and not days and enrolment.review_at is not None and enrolment.review_at > now:
        last = calendar.local_date(enrolment.review_at - 1, zone)
        return Review(enrolment.review_at, last, enrolment.in_grace)
    last = calendar.add_days(max(days, default=today), tiers.rolling_days)
    in_grace = last < today
    ends = calendar.add_days(last, 1 + tiers.grace_days * in_grace)
    if _waits(tiers):
        joined = calendar.parse_date(enrolment.joined_on)
        terms = (today - joined).days // tiers.rolling_days + 1
        ends = min(ends, calendar.add_days(joined, terms * tiers.rolling_days))
    return Review(calendar.day_start(ends, zone), last, in_grace)


def rank_lasting(
    account: Account, programme: Programme, tiers: Tiers, held: int, today: date
) -> int:
    """Return the rank that the days give today; no less than the one held, if its term lasts."""
    given = Days(account, programme, tiers).rank(today)
    first = calendar.add_days(today, -_lasts(tiers))
    lasts = any(day >= first for day in _held_since(account, programme, tiers, held, today))
    return max(given, held) if lasts else given


def _held_since(
    account: Account, programme: Programme, tiers: Tiers, rank: int, today: date
) -> Iterator[date]:
    """Yield the days from which a rank lasts: the last that reached it, or one of a step down."""
    reached = Days(account, programme, tiers).last_reached(rank, today)
    if reached is not None:
        yield reached
    before, step = (None, *account.enrolments[programme.id].timeline)[-2:]
    if (
        tiers.downgrade == "one_level"
        and before is not None
        and step is not None
        and step.reason == "reviewed"
        and programme.rank(before.tier) > programme.rank(step.tier)
    ):
        yield calendar.local_date(step.since, programme.time_zone)


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
    last = min(calendar.add_days(day, tiers.rolling_days - 1), _last_known(tiers, today))
    before_it = {each: known.reached(each) for each in known.judged(day, last)}
    reached = [
        (each, rank)
        for each in anew.judged(day, last)
        if (rank := anew.reached(each)) > before_it.get(each, 0)
    ]
    reached.reverse()
    zone = programme.time_zone
    courses = []
    for rank in range(1, len(tiers.levels)):
        for first, final in _runs([each for each, of in reached if of >= rank], _lasts(tiers)):
            # On a ladder that is climbed at reviews, from the review on that follows the day.
            begins = calendar.day_start(calendar.add_days(first, int(_waits(tiers))), zone)
            course = [(since if first == day and not _waits(tiers) else max(begins, since), rank)]
            for lost, left in _declines(tiers, rank, final, today):
                course.append((calendar.day_start(lost, zone), left))
            courses.append(course)
    return highest(courses)


def _runs(days: list[date], lasts: int) -> Iterator[tuple[date, date]]:
    """Yield the first and last of days between which a tier that each reaches is not lost."""
    first = last = None
    for day in days:
        if first is None or last is None:
            first = day
        elif (day - last).days > lasts + 1:
            yield first, last
            first = day
        last = day
    if first is not None and last is not None:
        yield first, last


def _declines(tiers: Tiers, rank: int, reached: date, today: date) -> Iterator[tuple[date, int]]:
    """Yield the days up to today on which reviews lower a rank, and to which."""
    lost = calendar.add_days(reached, _lasts(tiers) + 1)
    while tiers.downgrade != "none" and rank > 0 and lost <= today:
        rank = rank - 1 if tiers.downgrade == "one_level" else 0
        yield lost, rank
        lost = calendar.add_days(lost, _lasts(tiers) + 1)


def highest(courses: Iterable[Course]) -> Course:
    """Return the course that is at every instant as high as the highest of some."""
    known = list(courses)
    found: Course = []
    for at in sorted({at for course in known for at, _ in course}):
        rank = max(_at(course, at) for course in known)
        if not found or rank != found[-1][1]:
            found.append((at, rank))
    return found


def _at(course: Course, instant: Instant) -> int:
    return next((rank for since, rank in reversed(course) if since <= instant), 0)


def carried(account: Account, programme: Programme, tiers: Tiers, today: date) -> int:
    """Return what is left today of the rank held before the days that could give one."""
    if tiers.downgrade == "to_earned":
        return 0
    first = calendar.add_days(today, -_lasts(tiers))
    enrolment = account.enrolments[programme.id]
    start = calendar.day_start(first, programme.time_zone)
    if enrolment.joined_at > start:
        return 0
    held = programme.rank(enrolment.tier_at(start))
    return max(held - 1, 0) if tiers.downgrade == "one_level" else held
