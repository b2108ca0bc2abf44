"""
Tiers: how a member climbs, keeps and loses them.

Climbing is immediate and counts from the day of the fact.  A calendar-year tier is reviewed when
the year ends, on what that year brought, so that a tier reached in one year lasts through the
next; a grace postpones a loss, and what the new year has brought by its end counts too.  A
lifetime tier is never reviewed.  A reversal takes a tier back only where it was reached in the
window that is running: one that was reviewed since stands until the next review.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from chalicelib.domain import calendar
from chalicelib.domain.account import LIFETIME, Account, Enrolment, TierStep
from chalicelib.domain.calendar import Instant
from chalicelib.domain.draft import Draft
from chalicelib.domain.effects import ReviewChange, TierChange
from chalicelib.domain.entry import Entry
from chalicelib.domain.mechanics.earning import metric_key
from chalicelib.domain.programme import (
    Programme,
    Programmes,
    Qualification,
    Text,
    Threshold,
    TierLevel,
    Tiers,
)

# What a programme without a ladder calls everyone.
NO_TIER = "member"


class TierMoved(Struct, frozen=True, omit_defaults=True):
    """A change of tier that a command brought about."""

    programme: str
    before: str
    after: str
    since: Instant


class MetricProgress(Struct, frozen=True, omit_defaults=True):
    """One threshold: where the member is, where it is reached, what is missing."""

    metric: str
    value: int
    at_least: int
    missing: int
    currency: str | None = None


class LevelProgress(Struct, frozen=True, omit_defaults=True):
    """What a level takes: ``need`` is `all` or `any` of the thresholds."""

    tier: str
    name: Text
    need: str
    reached: bool
    metrics: tuple[MetricProgress, ...]


class Progress(Struct, frozen=True, omit_defaults=True):
    """Where a member stands on the ladder: to the next tier, to keep this one, and by when."""

    tier: str
    name: Text
    since: Instant
    window: str
    timeline: tuple[TierStep, ...] = ()
    to_next: LevelProgress | None = None
    to_keep: LevelProgress | None = None
    by: Instant | None = None
    in_grace: bool = False


def lowest(programme: Programme) -> str:
    """Return the tier that joining gives."""
    return NO_TIER if programme.tiers is None else programme.tiers.levels[0].id


def climb(draft: Draft, programme: Programme, day: date, occurred_at: Instant) -> TierMoved | None:
    """
    Raise the tier from the instant of a fact, if the metrics of its window now allow it.

    A late fact that brings its window over a threshold also raises what was held since: it gives
    back what a review or a reversal took because the fact was not known.
    """
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = draft.account.enrolments[programme.id]
    earned = _earned(draft.account, programme, tiers, day.year)
    crossed = earned > _earned(draft.before, programme, tiers, day.year)
    if not crossed and occurred_at < enrolment.timeline[-1].since:
        return None
    since = max(occurred_at, enrolment.joined_at)
    timeline = _raised(programme, enrolment.timeline, since, tiers.levels[earned].id)
    if timeline == enrolment.timeline:
        return None
    step = timeline[-1]
    draft.add(TierChange(programme.id, step.tier, tuple(map(_plain, timeline))))
    if step.tier == enrolment.tier:
        return None
    _schedule(draft, programme, tiers)
    return TierMoved(programme.id, enrolment.tier, step.tier, step.since)


def descend_after_reversal(draft: Draft, programme: Programme, day: date) -> TierMoved | None:
    """
    Take back a tier that was reached in the running window by what is now reversed.

    ``programme`` is the version in force now: what of the tier is lost is what the metrics lose on
    today's ladder, so that a tier from an easier ladder stands until its review.
    """
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = draft.account.enrolments[programme.id]
    today = calendar.local_date(draft.now, programme.time_zone)
    earned = _earned(draft.account, programme, tiers, today.year)
    if earned >= _earned(draft.before, programme, tiers, today.year):
        return None
    carried = 0
    if tiers.window == "calendar_year":
        if day.year != today.year:
            return None
        carried = _carried(programme, enrolment, today.year)
    justified = max(earned, carried)
    if justified >= programme.rank(enrolment.tier):
        return None
    moved = _move(draft, programme, tiers, justified, "reversed")
    _schedule(draft, programme, tiers)
    return moved


def end(draft: Draft) -> None:
    """Cease to review, where an account ends."""
    for programme_id, enrolment in sorted(draft.account.enrolments.items()):
        if enrolment.review_at is not None:
            draft.add(ReviewChange(programme_id))


def due(account: Account) -> Instant | None:
    """Return when a tier is next reviewed."""
    reviews = [e.review_at for e in account.enrolments.values() if e.review_at is not None]
    return min(reviews, default=None)


def review(account: Account, programmes: Programmes, instant: Instant) -> Entry | None:
    """Review the tiers whose window or grace ends at an instant."""
    draft = Draft(account, instant)
    for programme_id, enrolment in sorted(account.enrolments.items()):
        if enrolment.review_at is not None and enrolment.review_at <= instant:
            version = programmes.in_force(programme_id, instant)
            tiers = version.document.tiers if version else None
            if version is None or tiers is None or tiers.window == "lifetime":
                draft.add(ReviewChange(programme_id))
            else:
                _review(draft, version.document, tiers, enrolment)
    return None if draft.is_empty else draft.entry("review")


def _review(draft: Draft, programme: Programme, tiers: Tiers, enrolment: Enrolment) -> None:
    today = calendar.local_date(draft.now, programme.time_zone)
    held = programme.rank(enrolment.tier)
    earned = _earned(draft.account, programme, tiers, today.year - 1)
    if enrolment.in_grace:
        earned = max(earned, _earned(draft.account, programme, tiers, today.year))
    if earned < held and tiers.downgrade != "none":
        if tiers.grace_days and not enrolment.in_grace:
            ends = calendar.add_days(today, tiers.grace_days)
            end = calendar.day_start(ends, programme.time_zone)
            draft.add(ReviewChange(programme.id, end, in_grace=True))
            return
        target = earned if tiers.downgrade == "to_earned" else max(earned, held - 1)
        _move(draft, programme, tiers, target, "reviewed")
    _schedule(draft, programme, tiers)


def _move(draft: Draft, programme: Programme, tiers: Tiers, rank: int, reason: str) -> TierMoved:
    enrolment = draft.account.enrolments[programme.id]
    level = tiers.levels[rank]
    timeline = (*enrolment.timeline, TierStep(draft.now, level.id, reason))
    draft.add(TierChange(programme.id, level.id, tuple(map(_plain, timeline))))
    return TierMoved(programme.id, enrolment.tier, level.id, draft.now)


def _schedule(draft: Draft, programme: Programme, tiers: Tiers) -> None:
    """Set the next review, ending any grace: none for the lowest tier or where no window ends."""
    enrolment = draft.account.enrolments[programme.id]
    at = None
    if tiers.window == "calendar_year" and programme.rank(enrolment.tier) > 0:
        at = _year_end(programme, draft.now)
    if (at, False) != (enrolment.review_at, enrolment.in_grace):
        draft.add(ReviewChange(programme.id, at))


def _year_end(programme: Programme, now: Instant) -> Instant:
    today = calendar.local_date(now, programme.time_zone)
    return calendar.expiry_instant(date(today.year, 12, 31), programme.time_zone)


def _carried(programme: Programme, enrolment: Enrolment, year: int) -> int:
    start = calendar.day_start(date(year, 1, 1), programme.time_zone)
    if enrolment.joined_at > start:
        return 0
    return programme.rank(enrolment.tier_at(start))


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


def _plain(step: TierStep) -> tuple[Instant, str, str]:
    return (step.since, step.tier, step.reason)


def _earned(account: Account, programme: Programme, tiers: Tiers, year: int) -> int:
    """Return the highest rank whose thresholds the metrics of a window reach."""
    for rank in range(len(tiers.levels) - 1, 0, -1):
        need = tiers.levels[rank].qualify
        if need is not None and _reached(account, programme, tiers, need, year):
            return rank
    return 0


def _reached(
    account: Account, programme: Programme, tiers: Tiers, need: Qualification, year: int
) -> bool:
    def met(threshold: Threshold) -> bool:
        return measure(account, programme, tiers, threshold, year) >= threshold.at_least

    return all(map(met, need.all)) if need.all else any(map(met, need.any))


def measure(
    account: Account, programme: Programme, tiers: Tiers, threshold: Threshold, year: int
) -> int:
    """Return a metric in the calendar year, or over the whole life, as the ladder counts it."""
    key = metric_key(programme.id, threshold.metric, threshold.currency)
    buckets = account.metrics.get(key, {})
    if tiers.window == "lifetime":
        return buckets.get(LIFETIME, 0)
    return sum(n for month, n in buckets.items() if month.startswith(f"{year:04d}-"))


def progress(account: Account, programme: Programme, now: Instant) -> Progress | None:
    """Return where the member stands, or ``None`` where the programme has no ladder."""
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = account.enrolments[programme.id]
    year = calendar.local_date(now, programme.time_zone).year
    rank = programme.rank(enrolment.tier)
    level = tiers.levels[rank]
    higher = tiers.levels[rank + 1] if rank + 1 < len(tiers.levels) else None
    keeps = tiers.window == "calendar_year" and rank > 0 and tiers.downgrade != "none"
    return Progress(
        tier=level.id,
        name=level.name,
        since=enrolment.timeline[-1].since,
        window=tiers.window,
        timeline=enrolment.timeline,
        to_next=None if higher is None else _level(account, programme, tiers, higher, year),
        to_keep=_level(account, programme, tiers, level, year) if keeps else None,
        by=enrolment.review_at,
        in_grace=enrolment.in_grace,
    )


def _level(
    account: Account, programme: Programme, tiers: Tiers, level: TierLevel, year: int
) -> LevelProgress:
    need = level.qualify or Qualification()
    metrics = []
    for threshold in need.all or need.any:
        value = measure(account, programme, tiers, threshold, year)
        metrics.append(
            MetricProgress(
                metric=threshold.metric,
                value=value,
                at_least=threshold.at_least,
                missing=max(threshold.at_least - value, 0),
                currency=threshold.currency,
            )
        )
    return LevelProgress(
        tier=level.id,
        name=level.name,
        need="all" if need.all else "any",
        reached=_reached(account, programme, tiers, need, year),
        metrics=tuple(metrics),
    )
