"""What a valid programme says that its author may not have meant: warnings, never refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from chalicelib.domain.authoring import growth, undescribed
from chalicelib.domain.mechanics import policy_rules, tier_reach
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import (
    Cap,
    Currency,
    EarningRule,
    FixedAward,
    Programme,
    Qualification,
    Reward,
    TierLevel,
    Tiers,
)
from chalicelib.domain.programme.fields import FixedExpiry, NeverExpires
from chalicelib.domain.violations import Violation

_ROLLING_DAYS: Final = Tiers(levels=()).rolling_days
_WHOLE: Final = 100


def warnings(programme: Programme, today: date | None = None) -> Iterator[Violation]:
    """Yield every warning about a document; about dates gone by only where ``today`` is given."""
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
    yield from policy_rules.warnings(programme)
    yield from growth.warnings(programme)
    yield from undescribed.warnings(programme)


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
    if isinstance(policy, NeverExpires):
        for name in ("restored_life_days", "expiry_warning_days", "reinstated_within_days"):
            if getattr(currency, name):
                yield Violation(join(at, name), "changes nothing where value has no day of its own")


def _rule(rule: EarningRule, at: str, today: str | None) -> Iterator[Violation]:
    if today and rule.valid_until and rule.valid_until < today:
        detail = f"{rule.valid_until} is over: the rule can meet late activities only"
        yield Violation(join(at, "valid_until"), detail)
    yield from _bounds(rule, at)
    for place, cap in enumerate(rule.caps):
        yield from _cap(cap, join(at, "caps", place))
    for place, multiplier in enumerate(rule.multipliers):
        yield from _percent(multiplier.percent, join(at, "multipliers", place, "percent"))
    for tier, percent in rule.tier_percent.items():
        yield from _percent(percent, join(at, "tier_percent", tier))
    for name in ("categories", "skus"):
        included = getattr(rule.scope.include, name)
        both = [each for each in included if each in getattr(rule.scope.exclude, name)]
        if both:
            detail = f"both includes and excludes {', '.join(both)}: excluding wins"
            yield Violation(join(at, "scope"), detail)


def _bounds(rule: EarningRule, at: str) -> Iterator[Violation]:
    """Tell of a least or a most that no award can meet."""
    if isinstance(rule.award, FixedAward) and not rule.multipliers and not rule.tier_percent:
        amount = rule.award.amount
        for name, bound in (("at_least", rule.at_least), ("at_most", rule.at_most)):
            if bound is not None:
                yield Violation(join(at, name), f"is needless: each award is {amount}; change that")
    for cap in rule.caps:
        if rule.at_least is not None and cap.max is not None and cap.max < rule.at_least:
            detail = f"is never given: a cap leaves {cap.max} at most"
            yield Violation(join(at, "at_least"), detail)


def _percent(percent: int, at: str) -> Iterator[Violation]:
    """Tell of a factor that takes away, as one does that was meant as `2 ×`."""
    if percent < _WHOLE:
        detail = f"leaves {percent} % of the award: {_WHOLE} is all of it, and 200 doubles it"
        yield Violation(at, detail)
    elif percent == _WHOLE:
        yield Violation(at, "changes nothing: 100 % is all of the award, and 200 doubles it")


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
    if tiers.window == "lifetime" and tiers.downgrade == "one_level":
        yield Violation("/tiers/downgrade", "changes nothing: a lifetime tier is never reviewed")
    for place, level in enumerate(tiers.levels):
        at = join("/tiers/levels", place)
        if place > 1:
            yield from _order(tiers.levels[place - 1], level, join(at, "qualify"))
        if place > 0 and level.qualify is None:
            yield Violation(at, "no metric reaches it: it is given by hand, by a plan or a reward")
        need = level.qualify or Qualification()
        for threshold in (each for part in need.parts for each in part):
            uncounted = tier_reach.uncounted(programme, threshold)
            if uncounted:
                detail = f"nothing counts towards `{threshold.metric}`: {uncounted}"
                yield Violation(join(at, "qualify"), detail)


def _order(lower: TierLevel, higher: TierLevel, at: str) -> Iterator[Violation]:
    """Tell whether some way into a tier does not also reach the one below it."""
    if lower.qualify is None or higher.qualify is None:
        return
    if not tier_reach.implies(higher.qualify, lower.qualify):
        yield Violation(at, f"can be reached without reaching `{lower.id}`, the tier below it")


def _reward(reward: Reward, earned: set[str], at: str, today: str | None) -> Iterator[Violation]:
    if reward.stock == 0:
        yield Violation(join(at, "stock"), "is 0: nobody can redeem it; leave it out for no limit")
    if today and reward.valid_until and reward.valid_until < today:
        detail = f"{reward.valid_until} is over: nobody can redeem it"
        yield Violation(join(at, "valid_until"), detail)
    if reward.price.currency not in earned:
        detail = f"no rule gives {reward.price.currency}: only adjustments can"
        yield Violation(join(at, "price", "currency"), detail)
