"""
A programme in words: what earns, what tiers and rewards take, how long value lasts.

It is said in messages; `chalicelib.programmes.rendering` puts them into a reader's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chalicelib.domain.decide import registry
from chalicelib.domain.ledger.money import Money
from chalicelib.domain.programme.document import Programme
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
    for mechanic in registry.in_document_order():
        if mechanic.words is not None:
            yield from mechanic.words(compose)


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
