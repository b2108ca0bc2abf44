"""
A programme in words: what earns, what tiers and rewards take, how long value lasts.

It is said in messages; `chalicelib.programmes.rendering` puts them into a reader's language.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.decide import registry
from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.programme.document import (
    AmountAward,
    Cap,
    Currency,
    EarningRule,
    FixedAward,
    GivesEntitlement,
    GivesTier,
    Metrics,
    Programme,
    Reward,
    StackingMode,
    Threshold,
    TierLevel,
    Tiers,
    UnitAward,
)
from chalicelib.domain.programme.fields import (
    FixedExpiry,
    InactivityExpiry,
    LineScope,
    NeverExpires,
    RollingExpiry,
)
from chalicelib.domain.programme.wording import Composer, Description, Message


def describe(programme: Programme) -> Iterator[Description]:
    """
    Yield what a patient should know of a programme, part by part, in the document's order.

    Joining comes first, where it takes anything, then how long each currency lasts, then every
    earning rule, tier and reward, then what other mechanics have to say.
    """
    compose = Composer(programme)
    yield from _joining(compose)
    for currency in programme.currencies:
        sentences = _expiry(compose, currency)
        yield compose.describe("expiry", currency.id, currency.name, *sentences)
    for rule in programme.earning:
        yield compose.describe(
            "earning",
            rule.id,
            rule.name,
            *_earning(compose, rule),
            expressions=_expressions(rule),
        )
    if programme.tiers is not None:
        first, *others = programme.tiers.levels
        yield compose.describe("tier", first.id, first.name, *_first_tier(compose, first))
        for level in others:
            reached = _tier(compose, programme.tiers, level)
            yield compose.describe("tier", level.id, level.name, *reached)
    for reward in programme.rewards:
        yield compose.describe("reward", reward.id, reward.name, *_reward(compose, reward))
    for mechanic in registry.every():
        if mechanic.words is not None:
            yield from mechanic.words(compose)


# Joining and expiry


def _joining(compose: Composer) -> Iterator[Description]:
    programme, enrolment = compose.programme, compose.programme.enrolment
    needs = [
        compose.message("enrolment-consent", purpose=purpose)
        for purpose in enrolment.required_consents
    ]
    if enrolment.min_completed_visits:
        needs.insert(0, compose.message("visits", visits=enrolment.min_completed_visits))
    if needs:
        joining = compose.message("enrolment-joining", needs=compose.all_of(needs))
        yield compose.describe("joining", programme.id, programme.name, joining)


def _expiry(compose: Composer, currency: Currency) -> Iterator[Message]:
    name, policy = currency.name, currency.expiry
    match policy:
        case NeverExpires():
            yield compose.message("currencies-never", name=name)
        case InactivityExpiry():
            life = _life(compose, policy)
            yield compose.message("currencies-inactivity", name=name, life=life)
        case RollingExpiry(round_up=None):
            yield compose.message("currencies-rolling", name=name, life=_life(compose, policy))
        case RollingExpiry():
            yield compose.message(
                "currencies-rounded",
                name=name,
                life=_life(compose, policy),
                period=policy.round_up or "",
            )
        case FixedExpiry():
            yield _fixed_expiry(compose, policy, currency)
    if currency.activation_delay_days:
        yield compose.message("currencies-delay", days=currency.activation_delay_days)


def _life(compose: Composer, policy: RollingExpiry | InactivityExpiry) -> Message:
    if policy.days is not None:
        return compose.message("days", days=policy.days)
    if policy.months is not None:
        return compose.message("currencies-months", months=policy.months)
    return compose.message("currencies-years", years=policy.years or 0)


def _fixed_expiry(compose: Composer, policy: FixedExpiry, currency: Currency) -> Message:
    name, day = currency.name, compose.day(policy.on)
    if len(policy.on) > len("12-31"):
        return compose.message("currencies-dated", name=name, date=day)
    if policy.min_days:
        return compose.message("currencies-distant", name=name, day=day, days=policy.min_days)
    return compose.message("currencies-yearly", name=name, day=day)


# Earning


def _earning(compose: Composer, rule: EarningRule) -> Iterator[Message | None]:
    yield _award(compose, rule)
    for tier, percent in rule.tier_percent.items():
        yield compose.message("earning-tier", tier=compose.tier_name(tier), percent=percent)
    for multiplier in rule.multipliers:
        if multiplier.when is None:
            yield compose.message("earning-always", percent=multiplier.percent)
        else:
            yield compose.message("earning-sometimes", percent=multiplier.percent)
    if rule.when is not None:
        yield compose.message("earning-condition")
    yield from _scope(compose, rule.scope)
    divided = isinstance(rule.award, AmountAward | UnitAward) and rule.award.per > 1
    if divided or rule.tier_percent or rule.multipliers:
        yield compose.message("earning-rounding", rounding=rule.rounding)
    for cap in rule.caps:
        yield from _cap(compose, cap)
    yield compose.season(rule.valid_from, rule.valid_until)
    yield _recurs(compose, rule)
    yield _delay(compose, rule)
    yield _competition(compose, rule)


def _award(compose: Composer, rule: EarningRule) -> Message:
    activities, award = compose.activities(rule.on), rule.award
    match award:
        case FixedAward():
            value = compose.amount(award.amount, rule.currency)
            return compose.message("earning-fixed", activity=activities, value=value)
        case AmountAward():
            value, per = compose.amount(award.amount, rule.currency), compose.money(award.per)
            return compose.message("earning-amount", activity=activities, value=value, money=per)
        case UnitAward():
            value = compose.amount(award.amount, rule.currency)
            return compose.message(
                "earning-units", activity=activities, value=value, units=award.per
            )
    name = compose.currency_name(rule.currency)
    return compose.message("earning-formula", activity=activities, name=name)


def _scope(compose: Composer, scope: LineScope) -> Iterator[Message]:
    included = (*scope.include.categories, *scope.include.skus)
    if included:
        yield compose.message("earning-counted", names=compose.all_of(included))
    excluded = (*scope.exclude.categories, *scope.exclude.skus)
    if excluded:
        yield compose.message("earning-not-counted", names=compose.all_of(excluded))


def _cap(compose: Composer, cap: Cap) -> Iterator[Message]:
    if cap.times is not None:
        yield compose.message("earning-cap-times", times=cap.times, window=cap.window)
        return
    yield compose.message("earning-cap", most=cap.max or 0, window=cap.window)
    if cap.on_exceed == "reject":
        yield compose.message("earning-cap-rejects")


def _delay(compose: Composer, rule: EarningRule) -> Message | None:
    delay = rule.activation_delay_days
    if delay:
        return compose.message("currencies-delay", days=delay)
    currency = compose.programme.currency(rule.currency)
    if delay is not None and currency is not None and currency.activation_delay_days:
        return compose.message("earning-at-once")
    return None


def _recurs(compose: Composer, rule: EarningRule) -> Message | None:
    recurs = rule.recurs
    if recurs is None:
        return None
    if recurs.from_time is None and recurs.until_time is None:
        return compose.message("earning-recurs", rule=recurs.rrule)
    return compose.message(
        "earning-recurs-hours",
        rule=recurs.rrule,
        first=recurs.from_time or "00:00",
        last=recurs.until_time or "24:00",
    )


def _competition(compose: Composer, rule: EarningRule) -> Message | None:
    programme = compose.programme
    modes: dict[str | None, StackingMode] = {group.id: group.mode for group in programme.groups}
    modes[None] = programme.stacking
    mode = modes[rule.group]
    rivals = [
        other.name or other.id
        for other in programme.earning
        if other.group == rule.group and other.id != rule.id and set(other.on) & set(rule.on)
    ]
    if mode == "stack" or not rivals:
        return None
    if mode == "best":
        return compose.message("earning-best", names=compose.all_of(rivals))
    return compose.message("earning-first", names=compose.all_of(rivals))


def _expressions(rule: EarningRule) -> tuple[str, ...]:
    formula = getattr(rule.award, "expression", None)
    found = (rule.when, *(multiplier.when for multiplier in rule.multipliers), formula)
    return tuple(expression for expression in found if expression is not None)


# Tiers and rewards


def _first_tier(compose: Composer, level: TierLevel) -> Iterator[Message | None]:
    yield compose.message("tiers-first", tier=level.name)
    yield _benefits(compose, level)


def _tier(compose: Composer, tiers: Tiers, level: TierLevel) -> Iterator[Message | None]:
    need = level.qualify
    if need is None:
        yield compose.message("tiers-given", tier=level.name)
        yield _benefits(compose, level)
        return
    needs = [_threshold(compose, threshold) for threshold in need.all or need.any]
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
    return compose.message("tiers-yearly", downgrade=tiers.downgrade, grace=tiers.grace_days)


def _threshold(compose: Composer, threshold: Threshold) -> Message:
    number = threshold.at_least
    match threshold.metric:
        case "visits":
            kinds = compose.programme.metrics.visits_on
            if kinds == Metrics().visits_on:
                return compose.message("visits", visits=number)
            activities = compose.activities(kinds)
            return compose.message("tiers-visits", visits=number, activity=activities)
        case "referrals":
            return compose.message("tiers-referrals", referrals=number)
        case "events":
            activity = compose.activity(threshold.on or "")
            return compose.message("tiers-events", events=number, activity=activity)
        case "spend":
            return compose.message("tiers-spent", money=compose.money(number))
        case "points_earned":
            value = compose.amount(number, threshold.currency or "")
            return compose.message("tiers-earned", value=value)


def _reward(compose: Composer, reward: Reward) -> Iterator[Message | None]:
    price, currency = reward.price.amount, reward.price.currency
    if price:
        value = compose.amount(price, currency)
        yield compose.message("rewards-price", name=reward.name, value=value)
    else:
        yield compose.message("rewards-gift", name=reward.name)
    if reward.by == "staff":
        yield compose.message("rewards-by-staff")
    if reward.payee:
        yield compose.message("rewards-payee", payee=reward.payee)
    if reward.tiers:
        tiers = compose.any_of(map(compose.tier_name, reward.tiers))
        yield compose.message("rewards-tiers", tiers=tiers)
    for limit in reward.limits:
        yield compose.message("rewards-limit", times=limit.count, window=limit.window)
    if reward.stock is not None:
        yield compose.message("rewards-stock", stock=reward.stock)
    yield compose.season(reward.valid_from, reward.valid_until)
    if reward.voucher_valid_days is not None:
        yield compose.message("rewards-voucher", days=reward.voucher_valid_days)
    yield _gives(compose, reward)
    if reward.auto_at is not None:
        value = compose.amount(reward.auto_at, currency)
        yield compose.message("rewards-automatic", value=value)


def _gives(compose: Composer, reward: Reward) -> Message | None:
    match reward.gives:
        case GivesTier(tier, days):
            name = compose.tier_name(tier)
            return compose.message("rewards-gives-tier", tier=name, days=days)
        case GivesEntitlement(entitlement, units):
            name = entitlements.name_of(compose.programme, entitlement)
            return compose.message("rewards-gives-units", units=units, name=name)
    return None
