"""
Tiers: the one that a member holds, and how it rises and falls.

Climbing is immediate, unless the ladder says that it waits for the review, and counts from the day
of the activity.  A reversal takes a tier back only where it was reached in the window that is
running: one that was reviewed since stands until the next review (`tier_reviews`).

A tier override (`tier_overrides`) holds a tier above what the metrics give, until its day is over.
What the metrics alone would give is kept ``beneath`` it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal

from msgspec import Struct

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, Enrolment, TierStep
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import ReviewChange, TierChange
from chalicelib.domain.mechanics import tier_ladder
from chalicelib.domain.programme.document import Programme, Tiers

OverrideKind = Literal["manual", "paid", "bought"]


class TierOverride(Struct, frozen=True, omit_defaults=True):
    """One tier override; without an end it holds until it is lifted."""

    kind: OverrideKind
    tier: str
    expires_at: Instant | None = None
    expires_on: str | None = None


class TierOverrides(Struct, frozen=True, omit_defaults=True):
    """The overrides of a member in one programme, and the tier that is ``beneath`` them."""

    beneath: str
    overrides: tuple[TierOverride, ...]


#: By programme.  Named after the mechanic that ends them, which is imported for accounts with some.
OVERRIDES: Final = ProgressStore("tier_overrides", TierOverrides)


class ReviewNotice(Struct, frozen=True):
    """When a member is to be warned that the next review would take the tier."""

    at: Instant


#: By programme.  Named after the mechanic that announces losses.
NOTICES: Final = ProgressStore("tier_reviews", ReviewNotice)


class TierMoved(Struct, frozen=True, omit_defaults=True):
    """A change of tier that a command brought about."""

    programme: str
    before: str
    after: str
    since: Instant


# ── What is held ──


def overrides_of(account: Account, programme_id: str) -> tuple[TierOverride, ...]:
    """Return the tier overrides that hold in a programme."""
    held = OVERRIDES.get(account, programme_id)
    return held.overrides if held else ()


def tier_beneath(account: Account, programme_id: str) -> str:
    """Return the tier that a member would hold without any override."""
    held = OVERRIDES.get(account, programme_id)
    return held.beneath if held else account.enrolments[programme_id].tier


def rank_beneath(account: Account, programme: Programme) -> int:
    """Return the rank of the tier that a member would hold without any override."""
    return programme.rank(tier_beneath(account, programme.id))


def rank_overridden(account: Account, programme: Programme) -> int:
    """Return the rank below which no override lets a member fall; the lowest without any."""
    held = overrides_of(account, programme.id)
    return max((programme.rank(each.tier) for each in held), default=0)


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


# ── What an activity and its reversal change ──


def climb(
    event: EventBuilder, programme: Programme, day: date, occurred_at: Instant
) -> TierMoved | None:
    """
    Raise the tier from the instant of an activity, if the metrics of its window now allow it.

    A late activity that brings its window over a threshold also raises what was held since: it
    gives back what a review or a reversal took because the activity was not known.  Where windows
    roll, a late activity may also count with later ones; then the tier is reached now.
    """
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = event.account.enrolments[programme.id]
    if tiers.upgrade == "at_review":
        if enrolment.review_at is None:
            schedule_review(event, programme, tiers)
        return None
    since = max(occurred_at, enrolment.joined_at)
    timeline = _climbed(event, programme, tiers, day, since)
    today = calendar.local_date(event.now, programme.time_zone)
    if tiers.window == "rolling" and today > day:
        timeline = _climbed(event, programme, tiers, today, event.now, timeline)
    if timeline == enrolment.timeline:
        return None
    step = timeline[-1]
    event.add(TierChange(programme.id, step.tier, tuple(map(_plain, timeline))))
    if step.tier == enrolment.tier:
        return None
    _give_or_take_back(event, programme, enrolment.tier, step.tier, step.reason)
    schedule_review(event, programme, tiers)
    return TierMoved(programme.id, enrolment.tier, step.tier, step.since)


def _climbed(
    event: EventBuilder,
    programme: Programme,
    tiers: Tiers,
    day: date,
    since: Instant,
    timeline: tuple[TierStep, ...] | None = None,
) -> tuple[TierStep, ...]:
    """Return the timeline as what the window of a day brought raises it."""
    enrolment = event.account.enrolments[programme.id]
    timeline = enrolment.timeline if timeline is None else timeline
    window = tier_ladder.window_of(tiers, enrolment, day)
    reached = tier_ladder.rank_reached(event.account, programme, tiers, window)
    if since < timeline[-1].since:
        before = tier_ladder.rank_reached(event.before, programme, tiers, window)
        if reached <= before:
            return timeline
    if reached > rank_beneath(event.account, programme):
        _keep_beneath(event, programme.id, tiers.levels[reached].id)
    return _raised(programme, timeline, since, tiers.levels[reached].id)


def _raised(
    programme: Programme, timeline: tuple[TierStep, ...], since: Instant, tier: str
) -> tuple[TierStep, ...]:
    """Return a timeline on which nothing below ``tier`` is held from ``since`` on."""
    least = programme.rank(tier)
    raised = [step for step in timeline if step.since <= since]
    if programme.rank(raised[-1].tier) < least:
        # What was held until this very instant stays, overruled by what comes after.
        raised.append(TierStep(since, tier, "reached"))
    for step in timeline:
        if step.since > since:
            held = step.tier if programme.rank(step.tier) >= least else tier
            if held != raised[-1].tier:
                raised.append(TierStep(step.since, held, step.reason))
    return tuple(raised)


def descend_after_reversal(
    event: EventBuilder, programme: Programme, day: date
) -> TierMoved | None:
    """
    Take back a tier that was reached in the running window by what is now reversed.

    ``programme`` is the version in force now: what of the tier is lost is what the metrics lose on
    today's ladder, so that a tier from an easier ladder stands until its review.
    """
    tiers = programme.tiers
    if tiers is None or tiers.upgrade == "at_review":
        return None
    enrolment = event.account.enrolments[programme.id]
    today = calendar.local_date(event.now, programme.time_zone)
    window = tier_ladder.running_window(tiers, enrolment, today, programme)
    reached = tier_ladder.rank_reached(event.account, programme, tiers, window)
    if reached >= tier_ladder.rank_reached(event.before, programme, tiers, window):
        return None
    carried = 0
    if window.first is not None:
        if not window.first <= day <= window.last:
            return None
        carried = _rank_carried(programme, enrolment, window.first)
    if tiers.window == "rolling":
        latest = tier_ladder.window_of(tiers, enrolment, today)
        carried = tier_ladder.rank_reached(event.account, programme, tiers, latest)
    justified = max(reached, carried)
    if justified >= rank_beneath(event.account, programme):
        return None
    moved = lower_to(event, programme, tiers, justified, "reversed")
    schedule_review(event, programme, tiers)
    return moved


def _rank_carried(programme: Programme, enrolment: Enrolment, first: date) -> int:
    """Return the rank that was held when a window began."""
    start = calendar.day_start(first, programme.time_zone)
    if enrolment.joined_at > start:
        return 0
    return programme.rank(enrolment.tier_at(start))


# ── Moving and scheduling ──


def raise_to(
    event: EventBuilder, programme: Programme, tiers: Tiers, rank: int, reason: str
) -> None:
    """Raise what the metrics give, and what is held where that is lower."""
    _keep_beneath(event, programme.id, tiers.levels[rank].id)
    if rank > programme.rank(event.account.enrolments[programme.id].tier):
        move_to(event, programme, tiers, rank, reason)


def lower_to(
    event: EventBuilder, programme: Programme, tiers: Tiers, rank: int, reason: str
) -> TierMoved | None:
    """Lower what the metrics give; what is held falls no further than an override."""
    _keep_beneath(event, programme.id, tiers.levels[rank].id)
    kept = max(rank, rank_overridden(event.account, programme))
    if kept >= programme.rank(event.account.enrolments[programme.id].tier):
        return None
    return move_to(event, programme, tiers, kept, reason)


def move_to(
    event: EventBuilder, programme: Programme, tiers: Tiers, rank: int, reason: str
) -> TierMoved:
    """Hold another tier from now on."""
    enrolment = event.account.enrolments[programme.id]
    level = tiers.levels[rank]
    timeline = (*enrolment.timeline, TierStep(event.now, level.id, reason))
    _give_or_take_back(event, programme, enrolment.tier, level.id, reason)
    event.add(TierChange(programme.id, level.id, tuple(map(_plain, timeline))))
    return TierMoved(programme.id, enrolment.tier, level.id, event.now)


def _keep_beneath(event: EventBuilder, programme_id: str, tier: str) -> None:
    """Note what the metrics give, where there is an override above it."""
    held = OVERRIDES.get(event.account, programme_id)
    if held is not None and held.beneath != tier:
        OVERRIDES.put(event, programme_id, TierOverrides(tier, held.overrides))


def _give_or_take_back(
    event: EventBuilder, programme: Programme, held: str, tier: str, cause: str
) -> None:
    """Say at the door that a member is given a higher tier, or that one is taken back."""
    if programme.rank(tier) > programme.rank(held):
        event.give(Benefit("tier", programme.id, tier, cause))
    else:
        event.take_back(Benefit("tier", programme.id, held, cause))


def _plain(step: TierStep) -> tuple[Instant, str, str]:
    return (step.since, step.tier, step.reason)


def schedule_review(event: EventBuilder, programme: Programme, tiers: Tiers) -> None:
    """Set the next review, ending any grace: none where nothing could change by it."""
    enrolment = event.account.enrolments[programme.id]
    at = None
    climbs = tiers.upgrade == "at_review"
    today = calendar.local_date(event.now, programme.time_zone)
    last = tier_ladder.last_day_held(tiers, enrolment, today)
    if last is not None and (climbs or programme.rank(enrolment.tier) > 0):
        at = calendar.expiry_instant(last, programme.time_zone)
    if (at, False) != (enrolment.review_at, enrolment.in_grace):
        event.add(ReviewChange(programme.id, at))
    notify = None
    if last is not None and at is not None and tiers.notice_days is not None:
        notify = calendar.day_start(
            calendar.add_days(last, 1 - tiers.notice_days), programme.time_zone
        )
    if notify is not None and notify > event.now:
        NOTICES.put(event, programme.id, ReviewNotice(notify))
    else:
        NOTICES.drop(event, programme.id)
