"""
Tiers: the one that a member holds, and how it rises and falls.

Climbing is immediate, unless the ladder says that it waits for the review, and counts from the day
of the activity.  Where windows roll or are months, a tier follows from the days alone
(`tier_days`).  Of a year, a reversal takes a tier back only while that is running: one that was
reviewed since stands until the next review (`tier_reviews`).

A tier override (`tier_overrides`) holds a tier above what the metrics give, until its day is over.
What the metrics alone would give is kept ``beneath`` it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Permanent
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, TierStep
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import ReviewChange, TierChange
from chalicelib.domain.mechanics import tier_ladder
from chalicelib.domain.programme.document import Programme, Tiers

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation

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
    """When a member is to be warned that a review would take a tier, and which."""

    at: Instant
    tier: str


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


def rank_overridden(account: Account, programme: Programme, at: Instant = 0) -> int:
    """
    Return the rank below which no override lets a member fall; the lowest without any.

    ``at`` an instant to come it is that of those which still hold then.
    """
    held = overrides_of(account, programme.id)
    ranks = (
        programme.rank(each.tier)
        for each in held
        if each.expires_at is None or each.expires_at > at
    )
    return max(ranks, default=0)


# ── What an activity changes ──


def climb(
    event: EventBuilder, programme: Programme, day: date, occurred_at: Instant
) -> TierMoved | None:
    """
    Raise the tier from the instant of an activity, if the metrics of its window now allow it.

    A late activity that brings a window over a threshold also raises what was held since: it gives
    back what a review or a reversal took because the activity was not known.  Where a tier follows
    from the days, it raises no longer than one that was reached then would have lasted.
    """
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = event.account.enrolments[programme.id]
    course = _brought(event, programme, tiers, day, max(occurred_at, enrolment.joined_at))
    timeline = tier_ladder.raised(programme, tiers, enrolment.timeline, course)
    reached = course[-1][1] if course else 0
    rises = reached > rank_beneath(event.account, programme)
    if rises:
        _keep_beneath(event, programme.id, tiers.levels[reached].id)
    step = timeline[-1]
    if timeline != enrolment.timeline:
        event.add(TierChange(programme.id, step.tier, tuple(map(_plain, timeline))))
    if step.tier != enrolment.tier:
        _give_or_take_back(event, programme, enrolment.tier, step.tier, step.reason)
    waits = tiers.upgrade == "at_review" and enrolment.review_at is None
    confirmed = enrolment.in_grace and _confirmed(event, programme, tiers)
    if rises or waits or confirmed or _unannounced(event, programme, tiers):
        schedule_review(event, programme, tiers)
    if step.tier == enrolment.tier:
        return None
    return TierMoved(programme.id, enrolment.tier, step.tier, step.since)


def _brought(
    event: EventBuilder, programme: Programme, tiers: Tiers, day: date, since: Instant
) -> tier_ladder.Course:
    """Return the least rank from each instant on, by the windows that an activity counts in."""
    today = calendar.local_date(event.now, programme.time_zone)
    waits = tiers.upgrade == "at_review"
    if tier_ladder.by_days(tiers) and (waits or day < today):
        # Few activities are late.
        from chalicelib.domain.mechanics import tier_days

        known = (event.before, event.account)
        return tier_days.brought(*known, programme, tiers, day, since, today)
    enrolment = event.account.enrolments[programme.id]
    window = tier_ladder.window_of(tiers, enrolment, day)
    if waits:
        if window.first is None or today <= window.last:
            return []
        since = max(since, calendar.expiry_instant(window.last, programme.time_zone))
    elif day < today:
        from chalicelib.domain.mechanics import tier_windows

        both = (event.before, event.account)
        course = tier_windows.brought(*both, programme, tiers, window, day, since)
        if course:
            return course
    reached = tier_ladder.rank_reached(event.account, programme, tiers, window)
    if since < enrolment.timeline[-1].since:
        before = tier_ladder.rank_reached(event.before, programme, tiers, window)
        if reached <= before:
            return []
    return [(since, reached)]


def _confirmed(event: EventBuilder, programme: Programme, tiers: Tiers) -> bool:
    """Tell whether what a review had missed, before a grace began, may be there now."""
    if tier_ladder.by_days(tiers):
        return True
    account, enrolment = event.account, event.account.enrolments[programme.id]
    today = calendar.local_date(event.now, programme.time_zone)
    finished = tier_ladder.finished_window(tiers, enrolment, today)
    reached = tier_ladder.rank_reached(account, programme, tiers, finished)
    return reached >= rank_beneath(account, programme)


def _unannounced(event: EventBuilder, programme: Programme, tiers: Tiers) -> bool:
    """Tell whether no notice is to come of a tier that may be held longer now than it was."""
    if tiers.notice_days is None or not tier_ladder.by_days(tiers):
        return False
    tier = tier_beneath(event.account, programme.id)
    pending = NOTICES.get(event.account, programme.id)
    falls = tier_ladder.may_fall(tiers, programme.rank(tier))
    return falls and (pending is None or pending.tier != tier)


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


def next_review(
    account: Account, programme: Programme, tiers: Tiers, rank: int, now: Instant
) -> tier_ladder.Review | None:
    """Return the next review of a rank that the metrics give, none where nothing changes by it."""
    if tiers.window == "lifetime" or (rank == 0 and tiers.upgrade != "at_review"):
        return None
    today = calendar.local_date(now, programme.time_zone)
    if tier_ladder.by_days(tiers):
        from chalicelib.domain.mechanics import tier_days

        return tier_days.next_review(account, programme, tiers, rank, now, today)
    last = tier_ladder.window_of(tiers, account.enrolments[programme.id], today).last
    return tier_ladder.Review(calendar.expiry_instant(last, programme.time_zone), last)


def schedule_review(event: EventBuilder, programme: Programme, tiers: Tiers) -> None:
    """Set the next review, and whether a grace ends with it: none where nothing could change."""
    enrolment = event.account.enrolments[programme.id]
    rank = rank_beneath(event.account, programme)
    review = next_review(event.account, programme, tiers, rank, event.now)
    planned = (None, False) if review is None else (review.at, review.in_grace)
    if planned != (enrolment.review_at, enrolment.in_grace):
        event.add(ReviewChange(programme.id, *planned))
    notice = None
    if review is not None and tier_ladder.may_fall(tiers, rank):
        notice = _next_notice(event, programme, tiers, rank, review)
    if notice is None:
        NOTICES.drop(event, programme.id)
    else:
        NOTICES.put(event, programme.id, notice)


def _next_notice(
    event: EventBuilder, programme: Programme, tiers: Tiers, rank: int, review: tier_ladder.Review
) -> ReviewNotice | None:
    """Return the notice of the next loss of which one can still be given."""
    account = event.account
    pending = NOTICES.get(account, programme.id)

    def is_to_come(notice: ReviewNotice | None) -> bool:
        # One that is due at this very instant comes after what is reviewed at it.
        return notice is not None and (notice.at > event.now or notice == pending)

    notice = notice_of(programme, tiers, rank, review.last_on)
    if notice is None or is_to_come(notice):
        return notice
    if not tier_ladder.by_days(tiers):
        return None
    from chalicelib.domain.mechanics import tier_days

    losses = tier_days.losses(account, programme, tiers, rank, event.now)
    notices = (notice_of(programme, tiers, loss.rank, loss.last_on) for loss in losses)
    return next(filter(is_to_come, notices), None)


def notice_of(programme: Programme, tiers: Tiers, rank: int, last_on: date) -> ReviewNotice | None:
    """Return the notice of the loss of a rank, by its last day; ``None`` where none is given."""
    if tiers.notice_days is None:
        return None
    first = calendar.add_days(last_on, 1 - tiers.notice_days)
    return ReviewNotice(calendar.day_start(first, programme.time_zone), tiers.levels[rank].id)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the ladder of a document."""
    from chalicelib.domain.mechanics import tier_rules

    yield from tier_rules.problems(programme)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids of the ladder, which members may be in."""
    from chalicelib.domain.mechanics import tier_rules

    yield from tier_rules.permanent(programme)


def words(compose: Composer) -> Iterator[Description]:
    """Tell how each tier is reached and kept, and what it brings."""
    from chalicelib.domain.mechanics import tier_words

    yield from tier_words.words(compose)


MECHANIC: Final = Mechanic(problems=problems, permanent=permanent, words=words)
