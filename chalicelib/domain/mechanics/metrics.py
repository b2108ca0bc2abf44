"""
Metrics: what tiers, and discounts for what was spent, are measured by.

Each is counted in the month of the activity, and on its day where a window may begin on any day.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.effects import MetricChange
from chalicelib.domain.programme.document import Programme

if TYPE_CHECKING:
    from datetime import date

    from chalicelib.domain.ledger.activity import Activity

#: Windows of ladders that may begin on any day of the year.
_BY_DAY: Final = frozenset({"anniversary", "rolling"})
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
    Move the qualifying metrics in an activity's month, and on its day where the ladder needs it.

    ``activities`` is 1 for an activity that comes and -1 for one that is taken back; ``points`` are
    by currency id.
    """
    local = activity.local_day(programme.time_zone)
    month = calendar.month_of(local)
    day = local.isoformat() if programme.tiers and programme.tiers.window in _BY_DAY else ""
    metrics = programme.metrics
    moves = [(metric_key(programme.id, "points_earned", c), n) for c, n in sorted(points.items())]
    if activity.type in metrics.visits_on:
        moves.append((metric_key(programme.id, "visits"), activities))
    if activity.type in metrics.spend_on and activity.money == programme.money.currency:
        moves.append((metric_key(programme.id, "spend"), spend))
    if activity.type in metrics.referrals_on:
        moves.append((metric_key(programme.id, "referrals"), activities))
    if activity.type in _events(programme):
        moves.append((metric_key(programme.id, "events", activity.type), activities))
    for metric, delta in moves:
        if delta:
            event.add(MetricChange(metric, month, delta, day))


def _events(programme: Programme) -> set[str | None]:
    levels = programme.tiers.levels if programme.tiers else ()
    needs = [level.qualify for level in levels if level.qualify is not None]
    return {each.on for need in needs for each in (*need.all, *need.any) if each.on is not None}
