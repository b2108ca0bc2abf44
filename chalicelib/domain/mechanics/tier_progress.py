"""Where a member stands on the ladder: to the next tier, to keep this one, and by when."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, TierStep
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.tier_ladder import (
    Window,
    by_days,
    measure,
    qualifies,
    window_of,
)
from chalicelib.domain.mechanics.tiers import TierOverride, next_review, overrides_of, rank_beneath
from chalicelib.domain.programme.document import Programme, Qualification, TierLevel, Tiers
from chalicelib.domain.programme.fields import Text


class MetricProgress(Struct, frozen=True, omit_defaults=True):
    """
    One threshold: where the member is, where it is reached, what is missing.

    Those of one ``group``, numbered from 1, count as one of what the level takes.
    """

    metric: str
    value: int
    at_least: int
    missing: int
    currency: str | None = None
    on: str | None = None
    group: int | None = None


class LevelProgress(Struct, frozen=True, omit_defaults=True):
    """
    What a level takes: ``need`` is `all` or `any` of the thresholds.

    Of a group, any of them is enough where it takes `all`, and it takes all where `any` is enough.
    """

    tier: str
    name: Text
    need: str
    reached: bool
    metrics: tuple[MetricProgress, ...]


class TierProgress(Struct, frozen=True, omit_defaults=True):
    """Where a member stands: to the next tier, to keep this one, and by when."""

    tier: str
    name: Text
    since: Instant
    window: str
    timeline: tuple[TierStep, ...] = ()
    to_next: LevelProgress | None = None
    to_keep: LevelProgress | None = None
    review_at: Instant | None = None
    in_grace: bool = False
    overrides: tuple[TierOverride, ...] = ()
    metadata: dict[str, str] = {}


def tier_progress(account: Account, programme: Programme, now: Instant) -> TierProgress | None:
    """Return where the member stands, or ``None`` where the programme has no ladder."""
    tiers = programme.tiers
    if tiers is None:
        return None
    enrolment = account.enrolments[programme.id]
    window = window_of(tiers, enrolment, calendar.local_date(now, programme.time_zone))
    rank = programme.rank(enrolment.tier)
    review_at, in_grace = enrolment.review_at, enrolment.in_grace
    if by_days(tiers) and review_at is not None:
        # What has confirmed the tier counts at the review; here it is told at once.
        beneath = rank_beneath(account, programme)
        review = next_review(account, programme, tiers, beneath, now)
        review_at, in_grace = (None, False) if review is None else (review.at, review.in_grace)
    level = tiers.levels[rank]
    higher = next((each for each in tiers.levels[rank + 1 :] if each.qualify is not None), None)
    keeps = tiers.window != "lifetime" and level.qualify is not None and tiers.downgrade != "none"
    return TierProgress(
        tier=level.id,
        name=level.name,
        since=enrolment.timeline[-1].since,
        window=tiers.window,
        timeline=enrolment.timeline,
        to_next=None if higher is None else _to_level(account, programme, tiers, higher, window),
        to_keep=_to_level(account, programme, tiers, level, window) if keeps else None,
        review_at=review_at,
        in_grace=in_grace,
        overrides=overrides_of(account, programme.id),
        metadata=level.metadata,
    )


def _to_level(
    account: Account, programme: Programme, tiers: Tiers, level: TierLevel, window: Window
) -> LevelProgress:
    need = level.qualify or Qualification()
    groups = [part for part in need.parts if len(part) > 1]
    metrics = []
    for part in need.parts:
        for threshold in part:
            value = measure(account, programme, tiers, threshold, window)
            metrics.append(
                MetricProgress(
                    metric=threshold.metric,
                    value=value,
                    at_least=threshold.at_least,
                    missing=max(threshold.at_least - value, 0),
                    currency=threshold.currency,
                    on=threshold.on,
                    group=groups.index(part) + 1 if part in groups else None,
                )
            )
    return LevelProgress(
        tier=level.id,
        name=level.name,
        need="all" if need.all else "any",
        reached=qualifies(account, programme, tiers, need, window),
        metrics=tuple(metrics),
    )
