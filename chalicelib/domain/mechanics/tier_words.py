"""The ladder in words: how a tier is reached and kept, and what it brings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.domain.programme.document import Qualification, Threshold, TierLevel, Tiers

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


def words(compose: Composer) -> Iterator[Description]:
    """Tell how each tier is reached and kept, and what it brings."""
    tiers = compose.programme.tiers
    if tiers is None:
        return
    first, *others = tiers.levels
    yield compose.describe("tier", first.id, first.name, *_first(compose, first), of=first)
    for level in others:
        reached = _tier(compose, tiers, level)
        yield compose.describe("tier", level.id, level.name, *reached, of=level)


def _first(compose: Composer, level: TierLevel) -> Iterator[Message | None]:
    yield compose.message("tiers-first", tier=level.name)
    yield _benefits(compose, level)


def _tier(compose: Composer, tiers: Tiers, level: TierLevel) -> Iterator[Message | None]:
    need = level.qualify
    if need is None:
        yield compose.message("tiers-given", tier=level.name)
        yield _benefits(compose, level)
        return
    needs = [_part(compose, need, part) for part in need.parts]
    yield compose.message(
        "tiers-reached",
        tier=level.name,
        needs=compose.all_of(needs) if need.all else compose.any_of(needs),
        window=tiers.window,
        days=tiers.rolling_days,
    )
    if tiers.upgrade == "at_review":
        yield compose.message("tiers-waits")
    yield _keeping(compose, tiers)
    yield _benefits(compose, level)


def _benefits(compose: Composer, level: TierLevel) -> Message | None:
    if not level.benefits:
        return None
    return compose.message("tiers-benefits", names=compose.all_of(level.benefits))


def _keeping(compose: Composer, tiers: Tiers) -> Message:
    if tiers.window == "lifetime" or tiers.downgrade == "none":
        return compose.message("tiers-kept")
    if tiers.window == "rolling":
        return compose.message(
            "tiers-rolling",
            days=tiers.rolling_days,
            downgrade=tiers.downgrade,
            grace=tiers.grace_days,
        )
    if tiers.window == "calendar_month":
        return compose.message("tiers-monthly", downgrade=tiers.downgrade, grace=tiers.grace_days)
    return compose.message("tiers-yearly", downgrade=tiers.downgrade, grace=tiers.grace_days)


def _part(compose: Composer, need: Qualification, part: tuple[Threshold, ...]) -> Message:
    """Return what stands alone, or what counts as one, in brackets."""
    each = [_threshold(compose, threshold) for threshold in part]
    if len(each) == 1:
        return each[0]
    within = compose.any_of(each) if need.all else compose.all_of(each)
    return compose.message("tiers-together", needs=within)


def _threshold(compose: Composer, threshold: Threshold) -> Message:
    number = threshold.at_least
    match threshold.metric:
        case "visits":
            return compose.visits(number)
        case "referrals":
            return compose.referrals(number)
        case "events":
            activity = compose.activity(threshold.on or "")
            return compose.message("tiers-events", events=number, activity=activity)
        case "spend":
            return compose.spent(number)
        case "points_earned":
            value = compose.amount(number, threshold.currency or "")
            return compose.message("tiers-earned", value=value)
