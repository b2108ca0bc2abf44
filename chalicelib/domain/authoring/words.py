"""
A programme in words: what earns, what tiers and rewards take, how long value lasts.

It is said in messages; `chalicelib.programmes.rendering` puts them into a reader's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chalicelib.domain.authoring import earning_words
from chalicelib.domain.decide import registry
from chalicelib.domain.ledger.money import Money
from chalicelib.domain.programme.document import Currency, Programme
from chalicelib.domain.programme.fields import (
    Expiry,
    FixedExpiry,
    InactivityExpiry,
    NeverExpires,
    RollingExpiry,
    Text,
)
from chalicelib.domain.programme.wording import Composer, Description, Message


def describe(programme: Programme) -> Iterator[Description]:
    """
    Yield what a patient should know of a programme, part by part, in the document's order.

    Joining comes first, where it takes anything, then which days count, how long each currency
    lasts, every earning rule, tier and reward, and what other mechanics have to say.
    """
    compose = Composer(programme)
    yield from _joining(compose)
    yield compose.describe("reporting", programme.id, programme.name, *_reporting(compose))
    for currency in programme.currencies:
        sentences = _expiry(compose, currency)
        yield compose.describe("expiry", currency.id, currency.name, *sentences, of=currency)
    for rule in programme.earning:
        yield compose.describe(
            "earning",
            rule.id,
            rule.name,
            *earning_words.earning(compose, rule),
            expressions=earning_words.expressions(rule),
            of=rule,
        )
    for mechanic in registry.in_document_order():
        if mechanic.words is not None:
            yield from mechanic.words(compose)


# Joining and expiry


def _joining(compose: Composer) -> Iterator[Description]:
    programme = compose.programme
    takes = programme.enrolment
    if said := joining(compose, takes.min_completed_visits, takes.required_consents):
        yield compose.describe("joining", programme.id, programme.name, said)


def joining(compose: Composer, visits: int, purposes: Iterable[str]) -> Message | None:
    """Return that joining a programme takes so many visits and consent to so much, if anything."""
    needs = [compose.message("enrolment-consent", purpose=purpose) for purpose in purposes]
    if visits:
        needs.insert(0, compose.visits(visits))
    return compose.message("enrolment-joining", needs=compose.all_of(needs)) if needs else None


def _reporting(compose: Composer) -> Iterator[Message]:
    programme = compose.programme
    yield compose.message("reporting-days", zone=programme.time_zone)
    yield compose.message("reporting-late", days=programme.backdate_limit_days)
    if programme.age_bands:
        bands = compose.all_of(band.name for band in programme.age_bands)
        yield compose.message("reporting-age-bands", bands=bands)
    for currency, rate in sorted(programme.money.rates.items()):
        foreign = Money(rate.per, currency)
        yield compose.message("reporting-rate", foreign=foreign, own=compose.money(rate.amount))


def _expiry(compose: Composer, currency: Currency) -> Iterator[Message]:
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
