"""
Metrics: what tiers, and discounts for what was spent, are measured by.

Each is counted in the month of the activity, and on its day where a window may begin on any day.
Where windows are calendar years, or lifetimes, days are kept for as long as an activity may be told
late: it may move the day on which a tier was reached.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.effects import MetricChange
from chalicelib.domain.programme.document import Programme, Threshold, carries
from chalicelib.domain.programme.section import derived, sections_of

if TYPE_CHECKING:
    from datetime import date

    from chalicelib.domain.ledger.activity import Activity

#: Windows of ladders that may begin on any day of the year, or are evaluated day by day.
_BY_DAY: Final = frozenset({"anniversary", "calendar_month", "rolling"})
#: More days than one can be late by: it is told by the instant.
_LATE_DAYS: Final = 1
_DAY: Final = len("2026-11-22")


class DayTotals:
    """The days of one metric, of which any span is added up as fast as any other."""

    def __init__(self, buckets: Mapping[str, int]) -> None:
        self.days: Final = sorted(bucket for bucket in buckets if len(bucket) == _DAY)
        self._up_to: Final = list(accumulate((buckets[day] for day in self.days), initial=0))

    def between(self, first: date, last: date) -> int:
        """Return the sum from one local day through another."""
        begin = bisect_left(self.days, first.isoformat())
        return self._up_to[bisect_right(self.days, last.isoformat())] - self._up_to[begin]


def metric_key(programme_id: str, metric: str, of: str | None = None) -> str:
    """
    Return the key of a metric in an account.

    ``points_earned`` has one for each currency ``of`` which they are, ``events`` one for each kind
    of activity.
    """
    base = f"{programme_id}/{metric}"
    return base if of is None else f"{base}/{of}"


def count(
    event: EventBuilder,
    programme: Programme,
    activity: Activity,
    *,
    activities: int,
    spend: int,
    points: dict[str, int],
) -> None:
    """
    Move the qualifying metrics in an activity's month, and on its day where a window needs it.

    ``activities`` is 1 for an activity that comes and -1 for one that is taken back; ``points`` are
    by currency id.
    """
    local = activity.local_day(programme.time_zone)
    month = calendar.month_of(local)
    metrics = programme.metrics
    moves = [(metric_key(programme.id, "points_earned", c), n) for c, n in sorted(points.items())]
    if activity.type in metrics.visits_on:
        moves.append((metric_key(programme.id, "visits"), activities))
    if activity.type in metrics.spend_on and activity.money == programme.money.currency:
        moves.append((metric_key(programme.id, "spend"), spend))
    if activity.type in metrics.referrals_on:
        moves.append((metric_key(programme.id, "referrals"), activities))
    if activity.type in _counted_events(programme):
        moves.append((metric_key(programme.id, "events", activity.type), activities))
    earned = moves[: len(points)]
    day_of_it = local.isoformat()
    by_day, of_late = _by_day(programme), _of_late(programme)
    today = calendar.local_date(event.now, programme.time_zone)
    oldest = calendar.add_days(today, -programme.backdate_limit_days - _LATE_DAYS).isoformat()
    for metric, delta in moves:
        if not delta:
            continue
        day = days_from = ""
        if metric in by_day:
            day = day_of_it
        elif metric in of_late:
            day = day_of_it if day_of_it >= oldest else ""
            known = event.account.metrics.get(metric, {})
            days_from = oldest if any(len(b) == _DAY and b < oldest for b in known) else ""
        move = MetricChange(metric, month, delta, day, days_from)
        if delta < 0 and (metric, delta) in earned and any(map(carries, programme.earning)):
            # What a sum is worth may have been given for a purchase of another day.
            from chalicelib.domain.mechanics import remainders

            remainders.take_from_days(event, move)
        else:
            event.add(move)


@derived
def _counted_events(programme: Programme) -> frozenset[str | None]:
    """Return the kinds of activity that thresholds count."""
    return frozenset(each.on for each in thresholds(programme))


@derived
def _of_late(programme: Programme) -> frozenset[str]:
    """Return the metrics of the ladder of which it matters on which of the last days they moved."""
    tiers = programme.tiers
    if tiers is None or tiers.window in _BY_DAY or tiers.upgrade == "at_review":
        return frozenset()
    return frozenset(key_of(programme, each) for each in thresholds(programme))


@derived
def _by_day(programme: Programme) -> frozenset[str]:
    """Return the metrics of the ladder, and of discounts, whose windows may begin on any day."""
    found = set()
    if programme.tiers is not None and programme.tiers.window in _BY_DAY:
        found = {key_of(programme, each) for each in thresholds(programme)}
    if "discounts" in sections_of(programme):
        from chalicelib.domain.mechanics import discount_terms

        if discount_terms.spend_windows(programme):
            found.add(metric_key(programme.id, "spend"))
    return frozenset(found)


def thresholds(programme: Programme) -> tuple[Threshold, ...]:
    """Return every threshold of a programme's ladder."""
    levels = programme.tiers.levels if programme.tiers else ()
    needs = [level.qualify for level in levels if level.qualify is not None]
    return tuple(each for need in needs for part in need.parts for each in part)


def key_of(programme: Programme, threshold: Threshold) -> str:
    """Return the key of the metric that a threshold is for."""
    return metric_key(programme.id, threshold.metric, threshold.currency or threshold.on)
