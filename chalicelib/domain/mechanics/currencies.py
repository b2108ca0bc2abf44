"""
Currencies: what is wrong with those of a document, what a next version keeps, and what is told.

How long value lasts is in `expiry`, what happens to it by itself in `value`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from chalicelib.domain.decide.mechanic import Mechanic, Permanent
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Currency, Programme
from chalicelib.domain.programme.fields import (
    Expiry,
    FixedExpiry,
    InactivityExpiry,
    NeverExpires,
    RollingExpiry,
    Text,
)
from chalicelib.domain.programme.references import known_tiers, locales
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message

#: How many days these have at the most.
_MONTH: Final = 31
_YEAR: Final = 366
_YEARS: Final = range(1970, 9999)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the currencies of a document."""
    for place, currency in enumerate(programme.currencies):
        yield from _currency(programme, currency, join("/currencies", place))


def _currency(programme: Programme, currency: Currency, at: str) -> Iterator[Violation]:
    yield from locales(currency.forms, join(at, "forms"))
    yield from known_tiers(programme, tuple(currency.tier_expiry), join(at, "tier_expiry"))
    if currency.reinstated_within_days is not None and _is_dated(currency.expiry):
        detail = "must be left out: what came back would be over, as `expiry` is one date"
        yield Violation(join(at, "reinstated_within_days"), detail)
    wrong = list(_expiries(currency, at))
    yield from wrong
    if not wrong:
        yield from outlived(currency, currency.activation_delay_days, at)


def _is_dated(policy: Expiry) -> bool:
    return isinstance(policy, FixedExpiry) and len(policy.on) > len("12-31")


def _expiries(currency: Currency, at: str) -> Iterator[Violation]:
    yield from _expiry(currency.expiry, join(at, "expiry"))
    for tier, policy in currency.tier_expiry.items():
        here = join(at, "tier_expiry", tier)
        yield from _expiry(policy, here)
        if not isinstance(policy, NeverExpires | type(currency.expiry)):
            detail = "must be of the type that `expiry` has, or `never`"
            yield Violation(join(here, "type"), detail)


def _expiry(policy: Expiry, at: str) -> Iterator[Violation]:
    violation = expiry.problem_of(policy)
    if violation:
        yield Violation(at, violation)
    elif isinstance(policy, FixedExpiry) and not _in_range(policy.on):
        detail = f"must be a date from {_YEARS.start} to {_YEARS.stop - 1}"
        yield Violation(join(at, "on"), detail)


def _in_range(on: str) -> bool:
    return len(on) == len("12-31") or int(on[:4]) in _YEARS


def outlived(currency: Currency, delay: int, at: str) -> Iterator[Violation]:
    """Yield that value would expire before so many days of delay are over, where it would."""
    lives = map(longest_life, (currency.expiry, *currency.tier_expiry.values()))
    days = min((life for life in lives if life is not None), default=delay)
    if delay > days:
        yield Violation(
            join(at, "activation_delay_days"),
            f"{currency.id} expires at most {days} days after it is earned, before it is usable: "
            "shorten the delay",
        )


def longest_life(policy: Expiry) -> int | None:
    """Return how many days value lasts at the most, where that follows from the policy alone."""
    if isinstance(policy, NeverExpires | FixedExpiry | InactivityExpiry):
        return None
    return longest_span(policy)


def longest_span(policy: RollingExpiry | InactivityExpiry) -> int:
    """Return how many days the one unit of a policy has at the most."""
    if policy.days is not None:
        return policy.days
    if policy.months is not None:
        years, months = divmod(policy.months, 12)
        return years * _YEAR + months * _MONTH
    return (policy.years or 0) * _YEAR


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids that accounts may hold."""
    hint = "accounts may hold it; keep it, and drop its rules"
    yield Permanent("/currencies", [currency.id for currency in programme.currencies], hint)


def words(compose: Composer) -> Iterator[Description]:
    """Tell how long each currency lasts, and what becomes of it."""
    for currency in compose.programme.currencies:
        said = _told(compose, currency)
        yield compose.describe("expiry", currency.id, currency.name, *said, of=currency)


def _told(compose: Composer, currency: Currency) -> Iterator[Message]:
    yield from _life(compose, currency.name, currency.expiry)
    for tier, policy in currency.tier_expiry.items():
        for sentence in _life(compose, currency.name, policy):
            name = compose.tier_name(tier)
            yield compose.message("currencies-in-tier", tier=name, sentence=sentence)
    if currency.activation_delay_days:
        yield compose.message("currencies-delay", days=currency.activation_delay_days)
    yield compose.message("currencies-taken-back", policy=currency.negative_balance)
    if currency.restored_life_days:
        yield compose.message("currencies-restored", days=currency.restored_life_days)
    if currency.reinstated_within_days is not None:
        yield from _reinstatement(compose, currency.expiry, currency.reinstated_within_days)


def _reinstatement(compose: Composer, policy: Expiry, days: int) -> Iterator[Message]:
    if isinstance(policy, InactivityExpiry) and policy.on:
        activity = compose.activities(policy.on)
        yield compose.message("currencies-reinstated-on", days=days, activity=activity)
    else:
        yield compose.message("currencies-reinstated", days=days)
    if not isinstance(policy, InactivityExpiry):
        yield compose.message("currencies-reinstated-life")


def _life(compose: Composer, name: Text, policy: Expiry) -> Iterator[Message]:
    match policy:
        case NeverExpires():
            yield compose.message("currencies-never", name=name)
        case InactivityExpiry():
            yield from _inactivity(compose, name, policy)
        case RollingExpiry(round_up=None):
            yield compose.message("currencies-rolling", name=name, life=compose.span(policy))
        case RollingExpiry():
            yield compose.message(
                "currencies-rounded",
                name=name,
                life=compose.span(policy),
                period=policy.round_up or "",
            )
        case FixedExpiry():
            yield _fixed_expiry(compose, name, policy)


def _inactivity(compose: Composer, name: Text, policy: InactivityExpiry) -> Iterator[Message]:
    life = compose.span(policy)
    activity = compose.activities(policy.on) if policy.on else None
    if policy.first_life is not None:
        yield from _life(compose, name, policy.first_life)
        if activity is None:
            yield compose.message("currencies-extended", life=life)
        else:
            yield compose.message("currencies-extended-on", life=life, activity=activity)
    elif activity is None:
        yield compose.message("currencies-inactivity", name=name, life=life)
    else:
        yield compose.message("currencies-inactivity-on", name=name, life=life, activity=activity)


def _fixed_expiry(compose: Composer, name: Text, policy: FixedExpiry) -> Message:
    day = compose.day(policy.on)
    if len(policy.on) > len("12-31"):
        return compose.message("currencies-dated", name=name, date=day)
    if policy.min_days:
        return compose.message("currencies-distant", name=name, day=day, days=policy.min_days)
    return compose.message("currencies-yearly", name=name, day=day)


MECHANIC: Final = Mechanic(problems=problems, permanent=permanent, words=words)
