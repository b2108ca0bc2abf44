"""
The ladder of a programme: the window that a day is in, and the tier that its metrics reach.

A window is a calendar year, a year of membership, the last so many days, or the whole of a
membership.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import LIFETIME
from chalicelib.domain.mechanics.metrics import metric_key

if TYPE_CHECKING:
    from chalicelib.domain.ledger.account import Account, Enrolment
    from chalicelib.domain.programme.document import Programme, Qualification, Threshold, Tiers

#: What a programme without a ladder calls everyone.
NO_TIER: Final = "member"
_MONTH: Final = len("2026-11")


class Window(NamedTuple):
    """The local days in which metrics count, both included; without a first one all until then."""

    first: date | None
    last: date


def lowest(programme: Programme) -> str:
    """Return the tier that joining gives."""
    return NO_TIER if programme.tiers is None else programme.tiers.levels[0].id


def window_of(tiers: Tiers, enrolment: Enrolment, day: date) -> Window:
    """Return the window that a local day is in; a rolling one is that which ends with it."""
    if tiers.window == "calendar_year":
        return Window(date(day.year, 1, 1), date(day.year, 12, 31))
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


def running_window(tiers: Tiers, enrolment: Enrolment, today: date, programme: Programme) -> Window:
    """Return the window in which the tier that is held was reached, if that is not over."""
    if tiers.window == "rolling":
        reached = calendar.local_date(enrolment.timeline[-1].since, programme.time_zone)
        return window_of(tiers, enrolment, reached)
    return window_of(tiers, enrolment, today)


def finished_window(tiers: Tiers, enrolment: Enrolment, today: date) -> Window:
    """Return the last window that is over: the one that a review on this day is about."""
    first = window_of(tiers, enrolment, today).first
    if tiers.window == "rolling" or first is None:
        return window_of(tiers, enrolment, calendar.add_days(today, -1))
    return window_of(tiers, enrolment, calendar.add_days(first, -1))


def last_day_held(tiers: Tiers, enrolment: Enrolment, today: date) -> date | None:
    """Return the last local day before a tier that is held today is reviewed."""
    if tiers.window == "lifetime":
        return None
    if tiers.window == "rolling":
        return calendar.add_days(today, tiers.rolling_days)
    return window_of(tiers, enrolment, today).last


def rank_reached(account: Account, programme: Programme, tiers: Tiers, window: Window) -> int:
    """Return the highest rank whose thresholds the metrics of a window reach."""
    for rank in range(len(tiers.levels) - 1, 0, -1):
        need = tiers.levels[rank].qualify
        if need is not None and qualifies(account, programme, tiers, need, window):
            return rank
    return 0


def qualifies(
    account: Account, programme: Programme, tiers: Tiers, need: Qualification, window: Window
) -> bool:
    """Tell whether the metrics of a window reach all, or any, of the thresholds of a tier."""

    def met(threshold: Threshold) -> bool:
        return measure(account, programme, tiers, threshold, window) >= threshold.at_least

    return all(map(met, need.all)) if need.all else any(map(met, need.any))


def measure(
    account: Account, programme: Programme, tiers: Tiers, threshold: Threshold, window: Window
) -> int:
    """Return a metric in a window, as the ladder counts it."""
    key = metric_key(programme.id, threshold.metric, threshold.currency or threshold.on)
    buckets = account.metrics.get(key, {})
    if window.first is None:
        return buckets.get(LIFETIME, 0)
    first, last = window.first.isoformat(), window.last.isoformat()
    if tiers.window == "calendar_year":
        # Whole months; a bucket of a day would count twice.
        return sum(
            n for b, n in buckets.items() if len(b) == _MONTH and first[:_MONTH] <= b <= last
        )
    return sum(n for b, n in buckets.items() if len(b) == len(first) and first <= b <= last)
