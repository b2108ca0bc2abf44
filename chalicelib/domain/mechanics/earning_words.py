"""What earns, in words: how much, on what, how often and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.domain.programme import recurrence
from chalicelib.domain.programme.document import (
    AmountAward,
    Cap,
    EarningRule,
    FixedAward,
    FormulaAward,
    Multiplier,
    UnitAward,
    by_priority,
    carries,
)
from chalicelib.domain.programme.fields import Recurrence

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each rule gives, and all that limits it."""
    for rule in compose.programme.earning:
        yield compose.describe(
            "earning",
            rule.id,
            rule.name,
            *_rule(compose, rule),
            expressions=_expressions(rule),
            of=rule,
        )


def _rule(compose: Composer, rule: EarningRule) -> Iterator[Message | None]:
    yield _award(compose, rule)
    if isinstance(rule.award, FormulaAward):
        yield compose.described(rule.award.describe)
    for tier, percent in rule.tier_percent.items():
        yield compose.message("earning-tier", tier=compose.tier_name(tier), percent=percent)
    for multiplier in rule.multipliers:
        yield _multiplied(compose, multiplier)
    yield _condition(compose, rule)
    yield from compose.lines(rule.scope)
    divided = isinstance(rule.award, AmountAward | UnitAward) and rule.award.per > 1
    if carries(rule) and isinstance(rule.award, AmountAward):
        yield compose.message("earning-carried", money=compose.money(rule.award.per))
    elif divided or rule.tier_percent or rule.multipliers:
        yield compose.message("earning-rounding", rounding=rule.rounding)
    if rule.at_least is not None:
        yield compose.message(
            "earning-at-least", value=compose.amount(rule.at_least, rule.currency)
        )
    if rule.at_most is not None:
        yield compose.message("earning-at-most", value=compose.amount(rule.at_most, rule.currency))
    for cap in rule.caps:
        yield from _cap(compose, cap)
    yield compose.season(rule.valid_from, rule.valid_until)
    yield compose.places(rule.locations)
    if rule.recurs is not None:
        yield from _recurs(compose, rule.recurs)
    yield _delay(compose, rule)
    yield from _competition(compose, rule)


def _multiplied(compose: Composer, multiplier: Multiplier) -> Message:
    percent = multiplier.percent
    if multiplier.describe is not None:
        when = multiplier.describe
        return compose.message("earning-multiplied", percent=percent, when=when)
    if multiplier.when is None:
        return compose.message("earning-always", percent=percent)
    return compose.message("earning-sometimes", percent=percent)


def _condition(compose: Composer, rule: EarningRule) -> Message | None:
    if rule.when is None:
        return None
    if rule.describe is None:
        return compose.message("earning-condition")
    return compose.message("earning-when", when=rule.describe)


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


def _recurs(compose: Composer, recurs: Recurrence) -> Iterator[Message | None]:
    days = recurrence.weekdays(recurs)
    if recurs.describe is not None:
        yield compose.described(recurs.describe)
    elif days:
        names = compose.all_of(map(compose.weekday, days))
        yield compose.message("earning-weekdays", days=names)
    else:
        yield compose.message("earning-recurs")
    if recurs.from_time is not None or recurs.until_time is not None:
        first = compose.time(recurs.from_time or "00:00")
        last = compose.time(recurs.until_time or "24:00")
        yield compose.message("earning-hours", first=first, last=last)
    yield compose.message("earning-recurs-since", first=compose.day(recurs.starts_on))


def _competition(compose: Composer, rule: EarningRule) -> Iterator[Message | None]:
    programme = compose.programme
    contenders = [
        other
        for other in programme.earning
        if other.group == rule.group and set(other.on) & set(rule.on)
    ]
    if contenders == [rule]:
        return
    mode = programme.stacking
    for group in programme.groups:
        if group.id == rule.group:
            mode = group.mode
            yield compose.described(group.describe)
    if mode == "best":
        rivals = (other.name or other.id for other in contenders if other.id != rule.id)
        yield compose.message("earning-best", names=compose.rivals(rivals))
    elif mode == "first":
        contenders.sort(key=by_priority)
        ranked = (other.name or other.id for other in contenders)
        yield compose.message("earning-first", names=compose.rivals(ranked))


def _expressions(rule: EarningRule) -> tuple[str, ...]:
    """Return what the words of a rule only mention, as it is written: conditions come first."""
    formula = getattr(rule.award, "expression", None)
    days = rule.recurs.rrule if rule.recurs and not recurrence.weekdays(rule.recurs) else None
    found = (rule.when, *(multiplier.when for multiplier in rule.multipliers), formula, days)
    return tuple(expression for expression in found if expression is not None)
