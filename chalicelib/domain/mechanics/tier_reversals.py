"""
Tiers after a reversal: what of the tier that is held is still justified.

It is taken back at once, from the day on which the reversal is told.
"""

from __future__ import annotations

from datetime import date

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger import calendar
from chalicelib.domain.mechanics import tier_ladder
from chalicelib.domain.mechanics.tiers import TierMoved, lower_to, rank_beneath, schedule_review
from chalicelib.domain.programme.document import Programme, Tiers


def descend(event: EventBuilder, programme: Programme) -> TierMoved | None:
    """
    Take back a tier that was reached in the running window by what is now reversed.

    ``programme`` is the version in force now: what of the tier is lost is what the metrics lose on
    today's ladder, so that a tier from an easier ladder stands until its review.
    """
    tiers = programme.tiers
    if tiers is None or tiers.upgrade == "at_review":
        return None
    today = calendar.local_date(event.now, programme.time_zone)
    left = (
        _left_of_days(event, programme, tiers, today)
        if tier_ladder.by_days(tiers)
        else _left_of_window(event, programme, tiers, today)
    )
    if left is None:
        return None
    moved = None
    if left < rank_beneath(event.account, programme):
        moved = lower_to(event, programme, tiers, left, "reversed")
    schedule_review(event, programme, tiers)
    return moved


def _left_of_days(event: EventBuilder, programme: Programme, tiers: Tiers, today: date) -> int:
    """Return the rank that is justified after a reversal, where it follows from the days."""
    from chalicelib.domain.mechanics import tier_days

    gave = tier_days.Days(event.before, programme, tiers).rank(today)
    gives = tier_days.Days(event.account, programme, tiers).rank(today)
    if gives >= gave:
        return rank_beneath(event.account, programme)
    return max(gives, tier_days.carried(event.account, programme, tiers, today))


def _left_of_window(
    event: EventBuilder, programme: Programme, tiers: Tiers, today: date
) -> int | None:
    """Return the rank that is justified after a reversal; ``None`` where it counted for none."""
    enrolment = event.account.enrolments[programme.id]
    window = tier_ladder.window_of(tiers, enrolment, today)
    reached = tier_ladder.rank_reached(event.account, programme, tiers, window)
    if reached >= tier_ladder.rank_reached(event.before, programme, tiers, window):
        return None
    if window.first is None:
        return reached
    start = calendar.day_start(window.first, programme.time_zone)
    return max(reached, tier_ladder.rank_before(programme, enrolment, start))
