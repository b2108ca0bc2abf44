"""
What the types of a programme cannot say: ids are unique, names lead somewhere, dates exist.

`problems` yields every breach with its JSON pointer and what to do about it.  It also takes a
document that was salvaged from an invalid one, where an empty id stands for one that was not
readable; references are not checked against a list that holds such a one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from chalicelib.domain.authoring.expressions import Names
from chalicelib.domain.authoring.growth import longest_life
from chalicelib.domain.decide import registry
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import recurrence, references
from chalicelib.domain.programme.document import (
    AgeBand,
    Currency,
    EarningRule,
    Programme,
    Reward,
    TierLevel,
    carries,
)
from chalicelib.domain.programme.fields import Expiry, FixedExpiry, NeverExpires, Text
from chalicelib.domain.violations import Violation

_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_YEARS: Final = range(1970, 9999)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield every breach of the rules that tie the parts of a document together."""
    yield from _setting(programme)
    yield from _texts(programme)
    yield from _identities(programme)
    for place, currency in enumerate(programme.currencies):
        yield from _currency(programme, currency, join("/currencies", place))
    names = Names(programme)
    yield from names.problems()
    yield from _competition(programme)
    for place, rule in enumerate(programme.earning):
        at = join("/earning", place)
        yield from _rule(programme, rule, at)
        yield from names.problems_of(rule, at)
    for mechanic in registry.in_document_order():
        if mechanic.problems is not None:
            yield from mechanic.problems(programme)


def texts(programme: Programme) -> Iterator[tuple[str, Text]]:
    """Yield every text that members see, with its pointer."""
    yield "/name", programme.name
    named: dict[str, Sequence[AgeBand | Currency | EarningRule | TierLevel | Reward]] = {
        "/age_bands": programme.age_bands,
        "/currencies": programme.currencies,
        "/earning": programme.earning,
        "/tiers/levels": programme.tiers.levels if programme.tiers else (),
        "/rewards": programme.rewards,
    }
    for collection, parts in named.items():
        for place, part in enumerate(parts):
            yield join(collection, place, "name"), part.name
            if isinstance(part, Reward):
                yield join(collection, place, "description"), part.description
            if isinstance(part, TierLevel):
                for number, benefit in enumerate(part.benefits):
                    yield join(collection, place, "benefits", number), benefit


# The document as a whole


def _setting(programme: Programme) -> Iterator[Violation]:
    name = programme.time_zone
    if name not in calendar.zone_names():
        near = get_close_matches(name, calendar.zone_names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use a name such as 'Europe/London'"
        yield Violation("/time_zone", f"{name!r} is not an IANA time zone: {hint}")
    unknown = references.refusal_of(money.exponent, programme.money.currency)
    if unknown:
        yield Violation("/money/currency", unknown)
    for code in programme.money.rates:
        at = join("/money/rates", code)
        refusal = references.refusal_of(money.exponent, code)
        if refusal:
            yield Violation(at, refusal)
        if code == programme.money.currency:
            yield Violation(at, "is the programme's own money: leave it out")


def _texts(programme: Programme) -> Iterator[Violation]:
    for at, text in texts(programme):
        if isinstance(text, str):
            continue
        if not text:
            yield Violation(at, 'needs a text for at least one locale: {"en": "…"}')
        yield from _locales(text, at)


def _locales(translated: Iterable[str], at: str) -> Iterator[Violation]:
    for locale in translated:
        if not _LOCALE.fullmatch(locale):
            detail = f"{locale!r} is not a locale: write it as `en` or `zh-TW`"
            yield Violation(join(at, locale), detail)


def _identities(programme: Programme) -> Iterator[Violation]:
    collections = {
        "/currencies": [currency.id for currency in programme.currencies],
        "/age_bands": [band.id for band in programme.age_bands],
        "/groups": [group.id for group in programme.groups],
        "/earning": [rule.id for rule in programme.earning],
        "/tiers/levels": references.tier_ids(programme),
        "/rewards": [reward.id for reward in programme.rewards],
    }
    for collection, ids in collections.items():
        for place, identity in enumerate(ids):
            first = ids.index(identity)
            if first != place:
                detail = (
                    f"`{identity}` is the id of {join(collection, first)} already: choose another"
                )
                yield Violation(join(collection, place, "id"), detail)


def _competition(programme: Programme) -> Iterator[Violation]:
    """Yield where rules of different currencies compete: they cannot be compared."""
    modes = {group.id: group.mode for group in programme.groups}
    places = {group.id: join("/groups", place) for place, group in enumerate(programme.groups)}
    for group, mode in [*modes.items(), (None, programme.stacking)]:
        contenders = [rule for rule in programme.earning if rule.group == group]
        currencies = dict.fromkeys(rule.currency for rule in contenders)
        if mode == "stack" or len(currencies) < 2:  # noqa: PLR2004  (two are a competition)
            continue
        given = ", ".join(f"{rule.id} gives {rule.currency}" for rule in contenders)
        where = "/stacking" if group is None else places[group]
        yield Violation(where, f"rules that compete must give one currency: {given}")


# Its parts


def _currency(programme: Programme, currency: Currency, at: str) -> Iterator[Violation]:
    yield from _locales(currency.forms, join(at, "forms"))
    yield from references.known_tiers(
        programme, tuple(currency.tier_expiry), join(at, "tier_expiry")
    )
    if currency.reinstated_within_days is not None and _is_dated(currency.expiry):
        detail = "must be left out: what came back would be over, as `expiry` is one date"
        yield Violation(join(at, "reinstated_within_days"), detail)
    wrong = list(_expiries(currency, at))
    yield from wrong
    if not wrong:
        yield from _delay(currency, currency.activation_delay_days, at)


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


def _delay(currency: Currency, delay: int, at: str) -> Iterator[Violation]:
    lives = map(longest_life, (currency.expiry, *currency.tier_expiry.values()))
    days = min((life for life in lives if life is not None), default=delay)
    if delay > days:
        yield Violation(
            join(at, "activation_delay_days"),
            f"{currency.id} expires at most {days} days after it is earned, before it is usable: "
            "shorten the delay",
        )


def _rule(programme: Programme, rule: EarningRule, at: str) -> Iterator[Violation]:
    yield from references.known_currency(programme, rule.currency, join(at, "currency"))
    groups = [group.id for group in programme.groups]
    if rule.group is not None:
        missing = f"there is no group `{rule.group}`: declare it in `groups`"
        if groups:
            yield from references.reference(rule.group, groups, "group", join(at, "group"))
        else:
            yield Violation(join(at, "group"), missing)
    yield from references.known_tiers(programme, tuple(rule.tier_percent), join(at, "tier_percent"))
    yield from references.season(rule.valid_from, rule.valid_until, at)
    if rule.recurs is not None:
        refusal = references.refusal_of(recurrence.check, rule.recurs)
        if refusal:
            yield Violation(join(at, "recurs"), refusal)
    if rule.at_least is not None and rule.at_most is not None and rule.at_least > rule.at_most:
        detail = f"is more than `at_most`, which is {rule.at_most}"
        yield Violation(join(at, "at_least"), detail)
    if carries(rule):
        yield from _carrying(programme, rule, at)
    yield from references.limits_of_windows(rule.caps, join(at, "caps"))
    currency = programme.currency(rule.currency)
    if currency is not None and rule.activation_delay_days is not None:
        yield from _delay(currency, rule.activation_delay_days, at)


def _carrying(programme: Programme, rule: EarningRule, at: str) -> Iterator[Violation]:
    """Yield what makes the sum of purchases worth something else than its parts."""
    for name in ("multipliers", "tier_percent", "at_least", "at_most", "caps"):
        if getattr(rule, name):
            detail = "must be left out where the award has `carry`: it is given for a sum"
            yield Violation(join(at, name), detail)
    if rule.rounding != "floor":
        yield Violation(join(at, "rounding"), "must be `floor` where the award has `carry`")
    modes = {group.id: group.mode for group in programme.groups}
    mode = programme.stacking if rule.group is None else modes.get(rule.group, "stack")
    if mode != "stack":
        detail = "must be one whose rules all count (`stack`) where the award has `carry`"
        yield Violation(join(at, "group"), detail)
