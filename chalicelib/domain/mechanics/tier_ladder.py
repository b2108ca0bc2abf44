"""
The ladder of a programme: the window that a day is in, and the tier that its metrics reach.

A window is a calendar year or month, a year of membership, the last so many days, or the whole of
a membership.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import LIFETIME, TierStep
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.metrics import key_of

if TYPE_CHECKING:
    from chalicelib.domain.ledger.account import Account, Enrolment
    from chalicelib.domain.programme.document import Programme, Qualification, Threshold, Tiers

#: What a programme without a ladder calls everyone.
NO_TIER: Final = "member"
#: The least rank from each of these instants on.
Course = list[tuple[Instant, int]]
_MONTH: Final = len("2026-11")


class Window(NamedTuple):
    """The local days in which metrics count, both included; without a first one all until then."""

    first: date | None
    last: date


def lowest(programme: Programme) -> str:
    """Return the tier that joining gives."""
    return NO_TIER if programme.tiers is None else programme.tiers.levels[0].id


def already_held(account: Account, programme: Programme, tier: str) -> Iterator[Conflict]:
    """Return why a tier would bring a member nothing: it is no higher than the one held."""
    held = account.enrolments[programme.id].tier
    if programme.rank(held) >= programme.rank(tier):
        yield Conflict(
            "tier_held",
            f"This member is in {held}, which is no lower than {tier}.",
            tier=held,
            programme=programme.id,
        )


def window_of(tiers: Tiers, enrolment: Enrolment, day: date) -> Window:
    """Return the window that a local day is in; a rolling one is that which ends with it."""
    if tiers.window == "calendar_year":
        return Window(date(day.year, 1, 1), date(day.year, 12, 31))
    if tiers.window == "calendar_month":
        return Window(day.replace(day=1), calendar.last_of_month(day))
    if tiers.window == "rolling":
        return Window(calendar.add_days(day, 1 - tiers.rolling_days), day)
    if tiers.window == "anniversary":
        joined = calendar.parse_date(enrolment.joined_on)
        years = max(day.year - joined.year, 0)
        if years and calendar.add_years(joined, years) > day:
            years -= 1
        following = calendar.add_years(joined, years + 1)
        return Window(calendar.add_years(joined, years), calendar.add_days(following, -1))
    return Window(None, day)


def by_days(tiers: Tiers) -> bool:
    """Tell whether a tier follows from what was done on each day (`tier_days`)."""
    return tiers.window in {"calendar_month", "rolling"}


def may_fall(tiers: Tiers, rank: int) -> bool:
    """Tell whether a review could take a rank: the lowest is never lost."""
    return rank > 0 and tiers.downgrade != "none"


class Review(NamedTuple):
    """When a tier is reviewed next, and the last day before which it is held without a grace."""

    at: Instant
    last_on: date
    in_grace: bool = False


class Loss(NamedTuple):
    """
    That a rank will be lost, and to which it falls, if nothing is told any more.

    It is held through ``last_on``, and through the grace after it.
    """

    rank: int
    left: int
    last_on: date


def rank_left(tiers: Tiers, held: int, reached: int) -> int:
    """Return the rank to which a review lowers a tier that was not reached again."""
    return reached if tiers.downgrade == "to_earned" else max(reached, held - 1)


def finished_window(tiers: Tiers, enrolment: Enrolment, today: date) -> Window:
    """Return the last year that is over: the one that a review on this day is about."""
    first = window_of(tiers, enrolment, today).first
    if first is None:
        raise AssertionError("a lifetime is never over, and no review is about it")
    return window_of(tiers, enrolment, calendar.add_days(first, -1))


def rank_reached(account: Account, programme: Programme, tiers: Tiers, window: Window) -> int:
    """Return the highest rank whose thresholds the metrics of a window reach."""
    return rank_of(tiers, lambda each: measure(account, programme, tiers, each, window))


def rank_of(tiers: Tiers, total: Callable[[Threshold], int]) -> int:
    """Return the highest rank whose thresholds are reached by what is counted for each."""
    for rank in range(len(tiers.levels) - 1, 0, -1):
        need = tiers.levels[rank].qualify
        if need is not None and need.met(lambda each: total(each) >= each.at_least):
            return rank
    return 0


def rank_before(programme: Programme, enrolment: Enrolment, start: Instant) -> int:
    """Return the rank held when a day began, before what was done on it; 0 before joining."""
    held = [s for s in enrolment.timeline if (s.since, s.reason == "reached") <= (start, False)]
    return programme.rank(held[-1].tier) if held else 0


def qualifies(
    account: Account, programme: Programme, tiers: Tiers, need: Qualification, window: Window
) -> bool:
    """Tell whether the metrics of a window reach what a tier takes."""
    return need.met(lambda each: measure(account, programme, tiers, each, window) >= each.at_least)


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


def raised(
    programme: Programme, tiers: Tiers, timeline: tuple[TierStep, ...], course: Course
) -> tuple[TierStep, ...]:
    """Return a timeline on which nothing is held that is below a course."""
    if not course:
        return timeline
    first = course[0][0]
    # What was held until this very instant stays, overruled by what comes after.
    found = [step for step in timeline if step.since <= first]
    ranks, steps = dict(course), {step.since: step for step in timeline if step.since > first}
    held, least = found[-1].tier, 0
    for at in sorted({*ranks, *steps}):
        least = ranks.get(at, least)
        step = steps.get(at)
        held = step.tier if step else held
        tier = held if programme.rank(held) >= least else tiers.levels[least].id
        if tier != found[-1].tier:
            rises = programme.rank(tier) > programme.rank(found[-1].tier)
            reason = step.reason if step else "reached" if rises else "reviewed"
            found.append(TierStep(at, tier, reason))
    return tuple(found)


def measure(
    account: Account, programme: Programme, tiers: Tiers, threshold: Threshold, window: Window
) -> int:
    """Return a metric in a window, as the ladder counts it."""
    buckets = account.metrics.get(key_of(programme, threshold), {})
    if window.first is None:
        return buckets.get(LIFETIME, 0)
    first, last = window.first.isoformat(), window.last.isoformat()
    if tiers.window == "calendar_year":
        # Whole months; a bucket of a day would count twice.
        return sum(
            n for b, n in buckets.items() if len(b) == _MONTH and first[:_MONTH] <= b <= last
        )
    return sum(n for b, n in buckets.items() if len(b) == len(first) and first <= b <= last)
