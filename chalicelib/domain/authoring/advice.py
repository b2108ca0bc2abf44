"""What a valid programme says that its author may not have meant: warnings, never refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from chalicelib.domain.authoring import growth
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import (
    Cap,
    Currency,
    EarningRule,
    Programme,
    Qualification,
    Reward,
    Threshold,
    TierLevel,
    Tiers,
)
from chalicelib.domain.programme.fields import FixedExpiry, InactivityExpiry, NeverExpires
from chalicelib.domain.violations import Violation

_ROLLING_DAYS: Final = Tiers(levels=()).rolling_days


def warnings(programme: Programme, today: date | None = None) -> Iterator[Violation]:
    """Every warning about a document; those about dates gone by only where ``today`` is given."""
    day = None if today is None else today.isoformat()
    for place, currency in enumerate(programme.currencies):
        yield from _currency(currency, join("/currencies", place), day)
    for place, group in enumerate(programme.groups):
        if not any(rule.group == group.id for rule in programme.earning):
            yield Violation(join("/groups", place), f"no rule is in the group `{group.id}`")
    for place, rule in enumerate(programme.earning):
        yield from _rule(rule, join("/earning", place), day)
    if programme.tiers is not None:
        yield from _ladder(programme, programme.tiers)
    earned = {rule.currency for rule in programme.earning}
    for place, reward in enumerate(programme.rewards):
        yield from _reward(reward, earned, join("/rewards", place), day)
    yield from growth.warnings(programme)


def _currency(currency: Currency, at: str, today: str | None) -> Iterator[Violation]:
    policy = currency.expiry
    if isinstance(policy, FixedExpiry) and len(policy.on) > len("12-31"):
        if policy.min_days:
            yield Violation(join(at, "expiry", "min_days"), "changes nothing with a full date")
        if today and policy.on < today:
            yield Violation(
                join(at, "expiry", "on"),
                f"{policy.on} is over: what is earned now expires at once; publish a later date",
            )
    if isinstance(policy, NeverExpires | InactivityExpiry):
        for name in ("restored_life_days", "expiry_warning_days"):
            if getattr(currency, name):
                yield Violation(join(at, name), "changes nothing where value has no day of its own")


def _rule(rule: EarningRule, at: str, today: str | None) -> Iterator[Violation]:
    if today and rule.valid_until and rule.valid_until < today:
        detail = f"{rule.valid_until} is over: the rule can meet late activities only"
        yield Violation(join(at, "valid_until"), detail)
    for place, cap in enumerate(rule.caps):
        yield from _cap(cap, join(at, "caps", place))
    for name in ("categories", "skus"):
        included = getattr(rule.scope.include, name)
        both = [each for each in included if each in getattr(rule.scope.exclude, name)]
        if both:
            detail = f"both includes and excludes {', '.join(both)}: excluding wins"
            yield Violation(join(at, "scope"), detail)


def _cap(cap: Cap, at: str) -> Iterator[Violation]:
    if cap.times is None:
        return
    if cap.on_exceed == "reject":
        yield Violation(
            join(at, "on_exceed"), "changes nothing with `times`: over it, nothing is given"
        )
    if cap.window == "activity":
        yield Violation(at, "never limits: one activity is one time; use `max`, or a longer window")


def _ladder(programme: Programme, tiers: Tiers) -> Iterator[Violation]:
    kept = tiers.window == "lifetime" or tiers.downgrade == "none"
    if tiers.grace_days and kept:
        yield Violation("/tiers/grace_days", "changes nothing where a tier is never taken away")
    if tiers.notice_days and kept:
        yield Violation("/tiers/notice_days", "changes nothing where a tier is never taken away")
    if tiers.rolling_days != _ROLLING_DAYS and tiers.window != "rolling":
        yield Violation("/tiers/rolling_days", f"changes nothing: the window is {tiers.window}")
    if tiers.window == "lifetime" and tiers.upgrade == "at_review":
        yield Violation("/tiers/upgrade", "nobody climbs: a lifetime tier is never reviewed")
    if tiers.window == "lifetime" and tiers.downgrade == "one_level":
        yield Violation("/tiers/downgrade", "changes nothing: a lifetime tier is never reviewed")
    for place, level in enumerate(tiers.levels):
        at = join("/tiers/levels", place, "qualify")
        if place > 1:
            yield from _order(tiers.levels[place - 1], level, at)
        need = level.qualify or Qualification()
        for threshold in (*need.all, *need.any):
            uncounted = _uncounted(programme, threshold)
            if uncounted:
                yield Violation(at, f"nothing counts towards `{threshold.metric}`: {uncounted}")


def _uncounted(programme: Programme, threshold: Threshold) -> str | None:
    if threshold.metric == "visits":
        return None if programme.metrics.visits_on else "`metrics.visits_on` is empty"
    if threshold.metric == "spend":
        return None if programme.metrics.spend_on else "`metrics.spend_on` is empty"
    if threshold.metric == "referrals":
        return None if programme.metrics.referrals_on else "`metrics.referrals_on` is empty"
    if threshold.metric == "events":
        return None
    earned = {rule.currency for rule in programme.earning}
    return None if threshold.currency in earned else f"no rule gives {threshold.currency}"


def _order(lower: TierLevel, higher: TierLevel, at: str) -> Iterator[Violation]:
    """Tell whether some way into a tier does not also reach the one below it."""
    if lower.qualify is None or higher.qualify is None:
        return
    ways = [higher.qualify.all] if higher.qualify.all else [(t,) for t in higher.qualify.any]
    if not all(_reaches(way, lower.qualify) for way in ways):
        yield Violation(at, f"can be reached without reaching `{lower.id}`, the tier below it")


def _reaches(held: tuple[Threshold, ...], need: Qualification) -> bool:
    best: dict[tuple[str, str | None], int] = {}
    for each in held:
        key = (each.metric, each.currency or each.on)
        best[key] = max(each.at_least, best.get(key, 0))

    def met(threshold: Threshold) -> bool:
        return (
            best.get((threshold.metric, threshold.currency or threshold.on), 0)
            >= threshold.at_least
        )

    return all(map(met, need.all)) if need.all else any(map(met, need.any))


def _reward(reward: Reward, earned: set[str], at: str, today: str | None) -> Iterator[Violation]:
    if reward.stock == 0:
        yield Violation(join(at, "stock"), "is 0: nobody can redeem it; leave it out for no limit")
    if today and reward.valid_until and reward.valid_until < today:
        detail = f"{reward.valid_until} is over: nobody can redeem it"
        yield Violation(join(at, "valid_until"), detail)
    if reward.price.currency not in earned:
        detail = f"no rule gives {reward.price.currency}: only adjustments can"
        yield Violation(join(at, "price", "currency"), detail)
