"""
Reviews of tiers: which of them a member keeps when a window is over, and which are lost.

A calendar year, or a year of membership, is reviewed when it ends, on what it brought, so that a
tier reached in one year lasts through the next; one of a ladder that rolls, or goes by months, when
its term is over, which began with the last day that reached it (`tier_days`).  A grace
postpones a loss, and what the new window has brought by its end counts too.  A lifetime tier is
never reviewed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Phase
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import ReviewChange
from chalicelib.domain.ledger.events import Data, TierAtRisk, TierReviewAnnounced, TiersReviewed
from chalicelib.domain.mechanics.tier_ladder import (
    Loss,
    by_days,
    finished_window,
    may_fall,
    rank_left,
    rank_reached,
    window_of,
)
from chalicelib.domain.mechanics.tiers import (
    NOTICES,
    ReviewNotice,
    lower_to,
    next_review,
    notice_of,
    raise_to,
    rank_beneath,
    rank_overridden,
    schedule_review,
)
from chalicelib.domain.programme.document import Programme, Tiers
from chalicelib.domain.programme.versions import Programmes


def due(account: Account) -> Instant | None:
    """Return when a tier is next reviewed, or its loss announced."""
    instants = [e.review_at for e in account.enrolments.values() if e.review_at is not None]
    instants += [notice.at for notice in NOTICES.all(account).values()]
    return min(instants, default=None)


def review(event: EventBuilder, programmes: Programmes) -> Data | None:
    """Review the tiers whose window or grace ends at the instant."""
    account = event.before
    due_now = [
        programme_id
        for programme_id, enrolment in sorted(account.enrolments.items())
        if enrolment.review_at is not None and enrolment.review_at <= event.now
    ]
    for programme_id in due_now:
        version = programmes.in_force(programme_id, event.now)
        tiers = version.document.tiers if version else None
        if version is None or tiers is None or tiers.window == "lifetime":
            event.add(ReviewChange(programme_id))
            NOTICES.drop(event, programme_id)
        else:
            _review(event, version.document, tiers)
    return TiersReviewed(tuple(due_now)) if due_now else None


def _review(event: EventBuilder, programme: Programme, tiers: Tiers) -> None:
    enrolment = event.account.enrolments[programme.id]
    today = calendar.local_date(event.now, programme.time_zone)
    held = rank_beneath(event.account, programme)
    if by_days(tiers):
        from chalicelib.domain.mechanics import tier_days

        reached = tier_days.rank_lasting(event.account, programme, tiers, held, today)
    else:
        reached = _reached_in_years(event.account, programme, tiers, today)
    if reached > held and tiers.upgrade == "at_review":
        raise_to(event, programme, tiers, reached, "reviewed")
    if reached < held and tiers.downgrade != "none":
        if tiers.grace_days and not enrolment.in_grace:
            ends = calendar.add_days(today, tiers.grace_days)
            end = calendar.day_start(ends, programme.time_zone)
            event.add(ReviewChange(programme.id, end, in_grace=True))
            return
        _lower(event, programme, tiers, rank_left(tiers, held, reached))
    schedule_review(event, programme, tiers)


def _lower(event: EventBuilder, programme: Programme, tiers: Tiers, rank: int) -> None:
    """Lower what the metrics give, and remember a step for which the timeline has no place."""
    lower_to(event, programme, tiers, rank, "reviewed")
    steps = by_days(tiers) and tiers.downgrade == "one_level"
    if steps and rank_overridden(event.account, programme) > rank:
        tier = tiers.levels[rank].id
        event.add(ReviewChange(programme.id, stepped_to=tier, stepped_at=event.now))


def _reached_in_years(account: Account, programme: Programme, tiers: Tiers, today: date) -> int:
    """Return what the year that is over has reached; at the end of a grace, or the new one."""
    enrolment = account.enrolments[programme.id]
    finished = finished_window(tiers, enrolment, today)
    reached = rank_reached(account, programme, tiers, finished)
    if enrolment.in_grace:
        running = window_of(tiers, enrolment, today)
        reached = max(reached, rank_reached(account, programme, tiers, running))
    return reached


def announce(event: EventBuilder, programmes: Programmes) -> Data | None:
    """Announce the tiers that the coming review would take: nothing moves, the journal says so."""
    account = event.before
    at_risk: list[TierAtRisk] = []
    for programme_id, notice in NOTICES.all(account).items():
        if notice.at > event.now:
            continue
        NOTICES.drop(event, programme_id)
        version = programmes.in_force(programme_id, event.now)
        tiers = version.document.tiers if version else None
        if version is not None and tiers is not None:
            at_risk += _at_risk(account, version.document, tiers, notice, event.now)
            if by_days(tiers):
                # What confirmed the tier since has put its loss off; or another loss comes next.
                schedule_review(event, version.document, tiers)
    return None if event.is_empty else TierReviewAnnounced(tuple(at_risk))


def _at_risk(
    account: Account, programme: Programme, tiers: Tiers, notice: ReviewNotice, now: Instant
) -> Iterator[TierAtRisk]:
    """
    Yield the loss that a notice is of, if it comes when nothing is added.

    What is held by hand, or was bought, counts for as long as it lasts.
    """
    for loss in _losses(account, programme, tiers, now):
        due = notice_of(programme, tiers, loss.rank, loss.last_on)
        if due is None or due.tier != notice.tier or due.at > now:
            continue
        day = calendar.add_days(loss.last_on, 1)
        at, lost_at = (
            calendar.day_start(each, programme.time_zone)
            for each in (day, calendar.add_days(day, tiers.grace_days))
        )
        held = max(loss.rank, rank_overridden(account, programme, lost_at - 1))
        left = max(loss.left, rank_overridden(account, programme, lost_at))
        if left < held:
            yield TierAtRisk(programme.id, tiers.levels[held].id, tiers.levels[left].id, at)


def _losses(account: Account, programme: Programme, tiers: Tiers, now: Instant) -> Iterator[Loss]:
    """Yield the losses that come when nothing is added, the next first."""
    held = rank_beneath(account, programme)
    review = next_review(account, programme, tiers, held, now)
    if review is None or not may_fall(tiers, held):
        return
    if by_days(tiers):
        from chalicelib.domain.mechanics import tier_days

        yield from tier_days.losses(account, programme, tiers, held, now)
        return
    enrolment, after = account.enrolments[programme.id], calendar.add_days(review.last_on, 1)
    window = finished_window(tiers, enrolment, after)
    reached = rank_reached(account, programme, tiers, window)
    if reached < held:
        yield Loss(held, rank_left(tiers, held, reached), review.last_on)


def end(event: EventBuilder) -> None:
    """Cease to review, where an account ends."""
    for programme_id, enrolment in sorted(event.account.enrolments.items()):
        NOTICES.drop(event, programme_id)
        if enrolment.review_at is not None:
            event.add(ReviewChange(programme_id))


MECHANIC: Final = Mechanic(
    due=due,
    ticks=((Phase.REVIEW, review), (Phase.WARN, announce)),
    closing=end,
)
