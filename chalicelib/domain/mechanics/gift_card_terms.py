"""The gift cards of a programme: what is sold, for how much, and how long it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from chalicelib.domain.decide.mechanic import Permanent
from chalicelib.domain.mechanics import expiry, wallets
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Currency, Programme
from chalicelib.domain.programme.fields import (
    FixedExpiry,
    Id,
    InactivityExpiry,
    LocalDate,
    MinorUnits,
    NeverExpires,
    Part,
    RollingExpiry,
    Text,
)
from chalicelib.domain.programme.references import known_currency, season
from chalicelib.domain.programme.section import Section
from chalicelib.domain.violations import Violation


class GiftCardKind(Part, frozen=True):
    """
    A gift card that is sold for ``min_amount`` to ``max_amount`` minor units, one for one.

    Its value is of the prepaid wallet ``currency`` and lasts as ``expiry`` says from the day of the
    sale on.  With ``into_wallets`` members may put it into theirs, where it lasts no longer.  It is
    sold on days from ``valid_from`` to ``valid_until``.
    """

    id: Id
    name: Text
    currency: Id
    min_amount: MinorUnits
    max_amount: MinorUnits
    expiry: NeverExpires | RollingExpiry | FixedExpiry = NeverExpires()
    into_wallets: bool = True
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None


GiftCards = Annotated[tuple[GiftCardKind, ...], Meta(max_length=20)]
SECTION: Final[Section[tuple[GiftCardKind, ...]]] = Section("gift_cards", GiftCards, ())


def name_of(programme: Programme, kind: str) -> Text:
    """Return what a gift card is called, its id where the programme has no such any more."""
    return next((each.name for each in SECTION.of(programme) if each.id == kind), kind)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the gift cards of a document."""
    for place, kind in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        yield from _currency(programme, kind, at)
        if kind.max_amount < kind.min_amount:
            detail = f"is less than `min_amount` ({kind.min_amount}): nothing could be sold"
            yield Violation(join(at, "max_amount"), detail)
        wrong = expiry.problem_of(kind.expiry)
        if wrong is not None:
            yield Violation(join(at, "expiry"), wrong)
        yield from season(kind.valid_from, kind.valid_until, at)


def _currency(programme: Programme, kind: GiftCardKind, at: str) -> Iterator[Violation]:
    here = join(at, "currency")
    yield from known_currency(programme, kind.currency, here)
    currency = programme.currency(kind.currency)
    wallet = wallets.wallet_of(programme, kind.currency)
    if currency is not None and (wallet is None or wallet.kind != "prepaid"):
        detail = f"must be a prepaid wallet: declare `{kind.currency}` as one in `wallets`"
        yield Violation(here, detail)
    for longer in _made_longer(programme, currency) if kind.into_wallets and currency else ():
        detail = f"must be false: {longer}, so a gift would outlive its day in a wallet"
        yield Violation(join(at, "into_wallets"), detail)


def _made_longer(programme: Programme, currency: Currency) -> Iterator[str]:
    """Yield by what value of a currency may outlive the day that it came with."""
    from chalicelib.domain.mechanics import transfers

    policies = (currency.expiry, *currency.tier_expiry.values())
    if any(isinstance(each, InactivityExpiry) for each in policies):
        yield f"`{currency.id}` lasts by activity"
    if currency.reinstated_within_days is not None:
        yield f"`{currency.id}` is reinstated after its end"
    rules = transfers.SECTION.of(programme)
    if any(each.currency == currency.id and each.expiry == "fresh" for each in rules):
        yield f"`{currency.id}` lasts anew where it is transferred"


def succession(previous: Programme, following: Programme) -> Iterator[Violation]:
    """
    Yield by what gifts that are in wallets would outlive their day from a next version on.

    A kind stays for ever, so it says which currencies wallets may hold gifts of, also where it does
    not let them go there any more.
    """
    for name in {kind.currency: kind for kind in SECTION.of(previous)}:
        before, after = previous.currency(name), following.currency(name)
        if before is None or after is None:
            continue
        known = list(_made_longer(previous, before))
        place = following.currencies.index(after)
        for longer in _made_longer(following, after):
            if longer not in known:
                detail = f"{longer}, so a gift card that is in a wallet would outlive its day"
                yield Violation(join("", "currencies", place), f"must stay as it is: {detail}")


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids by which gift cards were sold."""
    yield Permanent(f"/{SECTION.name}", [each.id for each in SECTION.of(programme)])
