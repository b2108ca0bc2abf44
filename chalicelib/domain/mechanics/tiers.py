"""
Tiers: how a member climbs, keeps and loses them.

Climbing is immediate, unless the ladder says that it waits for the review, and counts from the day
of the fact.  A calendar year, or a year of membership, is reviewed when it ends, on what it
brought, so that a tier reached in one year lasts through the next; a rolling tier is reviewed so
many days after it was reached or confirmed, on the days up to then.  A grace postpones a loss, and
what the new window has brought by its end counts too.  A lifetime tier is never reviewed.  A
reversal takes a tier back only where it was reached in the window that is running: one that was
reviewed since stands until the next review.

A floor (`floors`) holds a tier above what the metrics give, until its day is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, NamedTuple

from msgspec import Struct

from chalicelib.domain import calendar
from chalicelib.domain.account import LIFETIME, Account, Enrolment, TierStep
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import ReviewChange, TierChange
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger.events import (
    Data,
    Detail,
    TierAtRisk,
    TierGranted,
    TierGrantsEnded,
    TierLifted,
    TierReviewAnnounced,
    TiersReviewed,
)
from chalicelib.domain.mechanics import floors, value
from chalicelib.domain.mechanics.earning import metric_key
from chalicelib.domain.mechanics.floors import Floor
from chalicelib.domain.mechanics.mechanic import Mechanic, Phase
from chalicelib.domain.programme import (
    Programme,
    Programmes,
    Qualification,
    Text,
    Threshold,
    TierLevel,
    Tiers,
)
from chalicelib.domain.progress import ProgressStore

# What a programme without a ladder calls everyone.
NO_TIER = "member"
_MONTH: Final = len("2026-11")


class Notice(Struct, frozen=True):
    """When a member is to be told that the next review would take the tier; by programme."""

    at: Instant


NOTICES: Final = ProgressStore("tiers/notices", Notice)


class Span(NamedTuple):
    """The local days in which metrics count, both included; without a first one all until then."""

    first: date | None
    last: date


class GrantTier(Command, frozen=True):
    """Hold a tier by hand: through so many days after today, or until it is lifted."""

    programme: str
    tier: str
    reason: str
    days: int | None = None
    note: str = ""


class LiftTier(Command, frozen=True):
    """Take back a tier that was granted by hand."""

    programme: str
    reason: str


class Granted(Struct, frozen=True):
    """The tier that is held after a grant was given or lifted; ``changed`` is false for neither."""

    programme: str
    tier: str
    changed: bool
    expires_on: str | None = None


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
    on: str | None = None


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
    floors: tuple[Floor, ...] = ()


def lowest(programme: Programme) -> str:
    """Return the tier that joining gives."""
    return NO_TIER if programme.tiers is None else programme.tiers.levels[0].id


def climb(
    draft: EventBuilder, programme: Programme, day: date, occurred_at: Instant
) -> TierMoved | None:
    """
    Raise the tier from the instant of a fact, if the metrics of its window now allow it.

    A late fact that brings its window over a threshold also raises what was held since: it gives
    back what a review or a reversal took because the fact was not known.  Where windows roll, a
    late fact may also count with later ones; then the tier is reached now.
    """
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = draft.account.enrolments[programme.id]
    if tiers.upgrade == "at_review":
        if enrolment.review_at is None:
            _schedule(draft, programme, tiers)
        return None
    since = max(occurred_at, enrolment.joined_at)
    timeline = _climbed(draft, programme, tiers, day, since)
    today = calendar.local_date(draft.now, programme.time_zone)
    if tiers.window == "rolling" and today > day:
        timeline = _climbed(draft, programme, tiers, today, draft.now, timeline)
    if timeline == enrolment.timeline:
        return None
    step = timeline[-1]
    draft.add(TierChange(programme.id, step.tier, tuple(map(_plain, timeline))))
    if step.tier == enrolment.tier:
        return None
    _tell(draft, programme, enrolment.tier, step.tier, step.reason)
    _schedule(draft, programme, tiers)
    return TierMoved(programme.id, enrolment.tier, step.tier, step.since)


def _climbed(
    draft: EventBuilder,
    programme: Programme,
    tiers: Tiers,
    day: date,
    since: Instant,
    timeline: tuple[TierStep, ...] | None = None,
) -> tuple[TierStep, ...]:
    """Return the timeline as what the window of a day brought raises it."""
    enrolment = draft.account.enrolments[programme.id]
    timeline = enrolment.timeline if timeline is None else timeline
    span = _span(tiers, enrolment, day)
    earned = _earned(draft.account, programme, tiers, span)
    beneath = programme.rank(floors.under(draft.account, programme.id))
    crossed = earned > _earned(draft.before, programme, tiers, span)
    if not crossed and since < timeline[-1].since:
        return timeline
    if earned > beneath:
        floors.keep_under(draft, programme.id, tiers.levels[earned].id)
    return _raised(programme, timeline, since, tiers.levels[earned].id)


def descend_after_reversal(
    draft: EventBuilder, programme: Programme, day: date
) -> TierMoved | None:
    """
    Take back a tier that was reached in the running window by what is now reversed.

    ``programme`` is the version in force now: what of the tier is lost is what the metrics lose on
    today's ladder, so that a tier from an easier ladder stands until its review.
    """
    tiers = programme.tiers
    if tiers is None or tiers.upgrade == "at_review":
        return None
    enrolment = draft.account.enrolments[programme.id]
    today = calendar.local_date(draft.now, programme.time_zone)
    span = _running(tiers, enrolment, today, programme)
    earned = _earned(draft.account, programme, tiers, span)
    if earned >= _earned(draft.before, programme, tiers, span):
        return None
    carried = 0
    if span.first is not None:
        if not span.first <= day <= span.last:
            return None
        carried = _carried(programme, enrolment, span.first)
    if tiers.window == "rolling":
        carried = _earned(draft.account, programme, tiers, _span(tiers, enrolment, today))
    justified = max(earned, carried)
    if justified >= programme.rank(floors.under(draft.account, programme.id)):
        return None
    moved = _fall(draft, programme, tiers, justified, "reversed")
    _schedule(draft, programme, tiers)
    return moved


def end(draft: EventBuilder) -> None:
    """Cease to review, where an account ends."""
    floors.end(draft)
    for programme_id, enrolment in sorted(draft.account.enrolments.items()):
        NOTICES.drop(draft, programme_id)
        if enrolment.review_at is not None:
            draft.add(ReviewChange(programme_id))


def due(account: Account) -> Instant | None:
    """Return when a tier is next reviewed, its loss announced, or a floor ends."""
    instants = [e.review_at for e in account.enrolments.values() if e.review_at is not None]
    instants += [notice.at for notice in NOTICES.all(account).values()]
    ends = floors.due(account)
    return min(instants if ends is None else [*instants, ends], default=None)


def review(draft: EventBuilder, programmes: Programmes) -> Data | None:
    """Review the tiers whose window or grace ends at the instant."""
    account = draft.before
    due_now = [
        programme_id
        for programme_id, enrolment in sorted(account.enrolments.items())
        if enrolment.review_at is not None and enrolment.review_at <= draft.now
    ]
    for programme_id in due_now:
        version = programmes.in_force(programme_id, draft.now)
        tiers = version.document.tiers if version else None
        if version is None or tiers is None or tiers.window == "lifetime":
            draft.add(ReviewChange(programme_id))
            NOTICES.drop(draft, programme_id)
        else:
            _review(draft, version.document, tiers)
    return TiersReviewed(tuple(due_now)) if due_now else None


def _review(draft: EventBuilder, programme: Programme, tiers: Tiers) -> None:
    enrolment = draft.account.enrolments[programme.id]
    today = calendar.local_date(draft.now, programme.time_zone)
    held = programme.rank(floors.under(draft.account, programme.id))
    earned = _earned(draft.account, programme, tiers, _over(tiers, enrolment, today))
    if enrolment.in_grace:
        running = _earned(draft.account, programme, tiers, _span(tiers, enrolment, today))
        earned = max(earned, running)
    if earned > held and tiers.upgrade == "at_review":
        _rise(draft, programme, tiers, earned, "reviewed")
    if earned < held and tiers.downgrade != "none":
        if tiers.grace_days and not enrolment.in_grace:
            ends = calendar.add_days(today, tiers.grace_days)
            end = calendar.day_start(ends, programme.time_zone)
            draft.add(ReviewChange(programme.id, end, in_grace=True))
            return
        target = earned if tiers.downgrade == "to_earned" else max(earned, held - 1)
        _fall(draft, programme, tiers, target, "reviewed")
    _schedule(draft, programme, tiers)


def announce(draft: EventBuilder, programmes: Programmes) -> Data | None:
    """Announce the tiers that the coming review would take: nothing moves, the journal says so."""
    account = draft.before
    at_risk: list[TierAtRisk] = []
    for programme_id, notice in NOTICES.all(account).items():
        if notice.at > draft.now:
            continue
        NOTICES.drop(draft, programme_id)
        version = programmes.in_force(programme_id, draft.now)
        tiers = version.document.tiers if version else None
        if version is not None and tiers is not None:
            at_risk += _threatened(account, version.document, tiers, draft.now)
    return None if draft.is_empty else TierReviewAnnounced(tuple(at_risk))


def _threatened(
    account: Account, programme: Programme, tiers: Tiers, now: Instant
) -> Iterator[TierAtRisk]:
    """Return the tier that the review will leave if nothing is added, if that is a lower one."""
    enrolment = account.enrolments[programme.id]
    if enrolment.review_at is None or enrolment.review_at <= now:
        return
    held = programme.rank(enrolment.tier)
    last = calendar.local_date(enrolment.review_at - 1, programme.time_zone)
    earned = _earned(account, programme, tiers, _span(tiers, enrolment, last))
    beneath = programme.rank(floors.under(account, programme.id))
    if earned >= beneath or tiers.downgrade == "none":
        return
    target = earned if tiers.downgrade == "to_earned" else max(earned, beneath - 1)
    kept = max(target, _floor(programme, account))
    if kept >= held:
        return
    falls_to = tiers.levels[kept].id
    yield TierAtRisk(programme.id, enrolment.tier, falls_to, enrolment.review_at)


# ── Floors ──


def grant(decider: Decider, command: GrantTier) -> Granted:
    """Hold a tier by hand, for a reason that the journal keeps."""
    programme = decider.programme(command.programme)
    known = [level.id for level in programme.tiers.levels] if programme.tiers else []
    if command.tier not in known:
        names = ", ".join(known) or "none"
        raise Invalid(
            "unknown_tier",
            f"{programme.id} has no such tier; it has: {names}.",
            errors=[{"pointer": "/tier", "detail": f"must be one of: {names}"}],
        )
    draft = decider.event()
    hold(draft, programme, "manual", command.tier, command.days)
    held = draft.account.enrolments[programme.id].tier
    on = next(f.expires_on for f in floors.floors_of(draft.account, programme.id) if _by_hand(f))
    draft.record(
        TierGranted(programme.id, command.tier, command.reason, on),
        detail=Detail(note=command.note) if command.note else None,
    )
    return Granted(programme.id, held, changed=True, expires_on=on)


def lift(decider: Decider, command: LiftTier) -> Granted:
    """Take back a tier that was granted by hand; the member falls to what else holds."""
    account = decider.member
    programme = decider.programme(command.programme)
    tier = account.enrolments[programme.id].tier
    if not any(map(_by_hand, floors.floors_of(account, programme.id))):
        return Granted(programme.id, tier, changed=False)
    draft = decider.event()
    _refloor(draft, programme, "lifted", lambda: floors.lift(draft, programme.id, "manual"))
    held = draft.account.enrolments[programme.id].tier
    draft.record(TierLifted(programme.id, command.reason))
    return Granted(programme.id, held, changed=True)


def hold(
    draft: EventBuilder, programme: Programme, kind: floors.Kind, tier: str, days: int | None
) -> TierMoved | None:
    """Set a floor through so many days after today, without an end where nothing is said."""
    term = value.NEVER
    if days is not None:
        today = calendar.local_date(draft.now, programme.time_zone)
        term = value.until(calendar.add_days(today, days), programme.time_zone)
    floor = Floor(kind, tier, term.expires_at, term.expires_on)
    return _refloor(draft, programme, kind, lambda: floors.put(draft, programme.id, floor))


def release(draft: EventBuilder, programme: Programme, kind: floors.Kind) -> None:
    """Lift a floor, if it is there; the member falls to what else holds."""
    if any(floor.kind == kind for floor in floors.floors_of(draft.account, programme.id)):
        _refloor(draft, programme, "lifted", lambda: floors.lift(draft, programme.id, kind))


def held_already(account: Account, programme: Programme, tier: str) -> Iterator[Conflict]:
    """Return why a tier would bring a member nothing: it is no higher than the one held."""
    held = account.enrolments[programme.id].tier
    if programme.rank(held) >= programme.rank(tier):
        yield Conflict(
            "tier_held",
            f"This member is in {held}, which is no lower than {tier}.",
            tier=held,
            programme=programme.id,
        )


def end_floors(draft: EventBuilder, programmes: Programmes) -> Data | None:
    """End the floors whose last day is over at the instant."""
    account = draft.before
    over = [
        programme_id
        for programme_id, held in floors.FLOORS.all(account).items()
        if any((floor.expires_at or draft.now + 1) <= draft.now for floor in held.floors)
    ]
    for programme_id in over:
        version = programmes.in_force(programme_id, draft.now)
        if version is None or version.document.tiers is None:
            floors.lift_ended(draft, programme_id)
        else:
            change = _lifting(draft, programme_id)
            _refloor(draft, version.document, "floor_ended", change)
    return TierGrantsEnded(tuple(over)) if over else None


def _lifting(draft: EventBuilder, programme_id: str) -> Callable[[], None]:
    return lambda: floors.lift_ended(draft, programme_id)


def _refloor(
    draft: EventBuilder, programme: Programme, reason: str, change: Callable[[], None]
) -> TierMoved | None:
    """Change the floors, and hold what they and the metrics then give."""
    tiers = programme.tiers
    if tiers is None:
        raise AssertionError("validated: a floor is a tier of the ladder")
    beneath = programme.rank(floors.under(draft.account, programme.id))
    change()
    rank = max(beneath, _floor(programme, draft.account))
    if tiers.levels[rank].id == draft.account.enrolments[programme.id].tier:
        return None
    return _move(draft, programme, tiers, rank, reason)


def _by_hand(floor: Floor) -> bool:
    return floor.kind == "manual"


def _floor(programme: Programme, account: Account) -> int:
    held = floors.floors_of(account, programme.id)
    return max((programme.rank(floor.tier) for floor in held), default=0)


# ── Moving and scheduling ──


def _rise(draft: EventBuilder, programme: Programme, tiers: Tiers, rank: int, reason: str) -> None:
    floors.keep_under(draft, programme.id, tiers.levels[rank].id)
    if rank > programme.rank(draft.account.enrolments[programme.id].tier):
        _move(draft, programme, tiers, rank, reason)


def _fall(
    draft: EventBuilder, programme: Programme, tiers: Tiers, rank: int, reason: str
) -> TierMoved | None:
    """Lower what the metrics give; what is held falls no further than a floor."""
    floors.keep_under(draft, programme.id, tiers.levels[rank].id)
    kept = max(rank, _floor(programme, draft.account))
    if kept >= programme.rank(draft.account.enrolments[programme.id].tier):
        return None
    return _move(draft, programme, tiers, kept, reason)


def _move(
    draft: EventBuilder, programme: Programme, tiers: Tiers, rank: int, reason: str
) -> TierMoved:
    enrolment = draft.account.enrolments[programme.id]
    level = tiers.levels[rank]
    timeline = (*enrolment.timeline, TierStep(draft.now, level.id, reason))
    _tell(draft, programme, enrolment.tier, level.id, reason)
    draft.add(TierChange(programme.id, level.id, tuple(map(_plain, timeline))))
    return TierMoved(programme.id, enrolment.tier, level.id, draft.now)


def _tell(draft: EventBuilder, programme: Programme, held: str, tier: str, cause: str) -> None:
    """Say at the door that a member is given a higher tier, or that one is taken back."""
    if programme.rank(tier) > programme.rank(held):
        draft.give(Benefit("tier", programme.id, tier, cause))
    else:
        draft.take_back(Benefit("tier", programme.id, held, cause))


def _schedule(draft: EventBuilder, programme: Programme, tiers: Tiers) -> None:
    """Set the next review, ending any grace: none where nothing could change by it."""
    enrolment = draft.account.enrolments[programme.id]
    at = None
    climbs = tiers.upgrade == "at_review"
    last = _last_day(tiers, enrolment, calendar.local_date(draft.now, programme.time_zone))
    if last is not None and (climbs or programme.rank(enrolment.tier) > 0):
        at = calendar.expiry_instant(last, programme.time_zone)
    if (at, False) != (enrolment.review_at, enrolment.in_grace):
        draft.add(ReviewChange(programme.id, at))
    notify = None
    if last is not None and at is not None and tiers.notice_days is not None:
        notify = calendar.day_start(
            calendar.add_days(last, 1 - tiers.notice_days), programme.time_zone
        )
    if notify is not None and notify > draft.now:
        NOTICES.put(draft, programme.id, Notice(notify))
    else:
        NOTICES.drop(draft, programme.id)


# ── Windows ──


def _span(tiers: Tiers, enrolment: Enrolment, day: date) -> Span:
    """Return the window that a local day is in; a rolling one is that which ends with it."""
    if tiers.window == "calendar_year":
        return Span(date(day.year, 1, 1), date(day.year, 12, 31))
    if tiers.window == "rolling":
        return Span(calendar.add_days(day, 1 - tiers.rolling_days), day)
    if tiers.window == "anniversary":
        joined = calendar.parse_date(enrolment.joined_on)
        years = max(day.year - joined.year, 0)
        if years and calendar.add_years(joined, years) > day:
            years -= 1
        following = calendar.add_years(joined, years + 1)
        return Span(calendar.add_years(joined, years), calendar.add_days(following, -1))
    return Span(None, day)


def _running(tiers: Tiers, enrolment: Enrolment, today: date, programme: Programme) -> Span:
    """Return the window in which the tier that is held was reached, if that is not over."""
    if tiers.window == "rolling":
        reached = calendar.local_date(enrolment.timeline[-1].since, programme.time_zone)
        return _span(tiers, enrolment, reached)
    return _span(tiers, enrolment, today)


def _over(tiers: Tiers, enrolment: Enrolment, today: date) -> Span:
    """Return the window that a review on this day is about: the last that is over."""
    first = _span(tiers, enrolment, today).first
    if tiers.window == "rolling" or first is None:
        return _span(tiers, enrolment, calendar.add_days(today, -1))
    return _span(tiers, enrolment, calendar.add_days(first, -1))


def _last_day(tiers: Tiers, enrolment: Enrolment, today: date) -> date | None:
    """Return the last local day before a tier that is held today is reviewed."""
    if tiers.window == "lifetime":
        return None
    if tiers.window == "rolling":
        return calendar.add_days(today, tiers.rolling_days)
    return _span(tiers, enrolment, today).last


def _carried(programme: Programme, enrolment: Enrolment, first: date) -> int:
    start = calendar.day_start(first, programme.time_zone)
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


def _earned(account: Account, programme: Programme, tiers: Tiers, span: Span) -> int:
    """Return the highest rank whose thresholds the metrics of a window reach."""
    for rank in range(len(tiers.levels) - 1, 0, -1):
        need = tiers.levels[rank].qualify
        if need is not None and _reached(account, programme, tiers, need, span):
            return rank
    return 0


def _reached(
    account: Account, programme: Programme, tiers: Tiers, need: Qualification, span: Span
) -> bool:
    def met(threshold: Threshold) -> bool:
        return measure(account, programme, tiers, threshold, span) >= threshold.at_least

    return all(map(met, need.all)) if need.all else any(map(met, need.any))


def measure(
    account: Account, programme: Programme, tiers: Tiers, threshold: Threshold, span: Span
) -> int:
    """Return a metric in a window, as the ladder counts it."""
    key = metric_key(programme.id, threshold.metric, threshold.currency or threshold.on)
    buckets = account.metrics.get(key, {})
    if span.first is None:
        return buckets.get(LIFETIME, 0)
    first, last = span.first.isoformat(), span.last.isoformat()
    if tiers.window == "calendar_year":
        # Whole months; a bucket of a day would count twice.
        return sum(
            n for b, n in buckets.items() if len(b) == _MONTH and first[:_MONTH] <= b <= last
        )
    return sum(n for b, n in buckets.items() if len(b) == len(first) and first <= b <= last)


def progress(account: Account, programme: Programme, now: Instant) -> Progress | None:
    """Return where the member stands, or ``None`` where the programme has no ladder."""
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = account.enrolments[programme.id]
    span = _span(tiers, enrolment, calendar.local_date(now, programme.time_zone))
    rank = programme.rank(enrolment.tier)
    level = tiers.levels[rank]
    higher = tiers.levels[rank + 1] if rank + 1 < len(tiers.levels) else None
    keeps = tiers.window != "lifetime" and rank > 0 and tiers.downgrade != "none"
    return Progress(
        tier=level.id,
        name=level.name,
        since=enrolment.timeline[-1].since,
        window=tiers.window,
        timeline=enrolment.timeline,
        to_next=None if higher is None else _level(account, programme, tiers, higher, span),
        to_keep=_level(account, programme, tiers, level, span) if keeps else None,
        by=enrolment.review_at,
        in_grace=enrolment.in_grace,
        floors=floors.floors_of(account, programme.id),
    )


def _level(
    account: Account, programme: Programme, tiers: Tiers, level: TierLevel, span: Span
) -> LevelProgress:
    need = level.qualify or Qualification()
    metrics = []
    for threshold in need.all or need.any:
        value = measure(account, programme, tiers, threshold, span)
        metrics.append(
            MetricProgress(
                metric=threshold.metric,
                value=value,
                at_least=threshold.at_least,
                missing=max(threshold.at_least - value, 0),
                currency=threshold.currency,
                on=threshold.on,
            )
        )
    return LevelProgress(
        tier=level.id,
        name=level.name,
        need="all" if need.all else "any",
        reached=_reached(account, programme, tiers, need, span),
        metrics=tuple(metrics),
    )


MECHANIC: Final = Mechanic(
    handlers={GrantTier: grant, LiftTier: lift},
    due=due,
    ticks=(
        (Phase.REVIEW, end_floors),
        (Phase.REVIEW, review),
        (Phase.WARN, announce),
    ),
    closing=end,
)
