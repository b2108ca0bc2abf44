"""
Reclaiming: a refund leaves less than the least bill of a discount that the purchase had.

What is kept then costs what it would have cost without that discount.  The difference is kept back
from the refund, and never more than the refund is: nobody pays for giving something back.  So after
any refund a purchase has cost what is kept costs, or less where that was paid already; and when all
has come back, all that was paid has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import Reclaimed
from chalicelib.domain.ledger.events import OfferTaken, QuoteBought


class Kept(NamedTuple):
    """The share of a line that has not come back: ``part`` of ``whole``."""

    part: int
    whole: int

    def of(self, amount: int) -> int:
        """Return the share of an amount, halves up."""
        return money.divide(amount * self.part, self.whole, "half_up")


def reclaimed(
    offers: Sequence[OfferTaken], kept: Sequence[Kept], most: int
) -> tuple[OfferTaken, ...]:
    """Return offers with what of them is kept back in all, ``most`` at the most."""
    lost = {place: _lost(offer, kept) for place, offer in enumerate(offers)}
    parts = money.apportion(min(sum(lost.values()), most), lost)
    return tuple(replace(offer, reclaimed=parts[place]) for place, offer in enumerate(offers))


def _lost(offer: OfferTaken, kept: Sequence[Kept]) -> int:
    """Return what an offer took off what is kept and would not take off it alone."""
    return 0 if bill_kept(offer, kept) >= offer.min_bill else _sum(offer, offer.off, kept)


def bill_kept(offer: OfferTaken, kept: Sequence[Kept]) -> int:
    """Return what is kept of the lines in the scope of an offer, before any discount."""
    return _sum(offer, offer.prices, kept)


def _sum(offer: OfferTaken, amounts: Sequence[int], kept: Sequence[Kept]) -> int:
    """Return what of amounts, one for each line in the scope of an offer, is kept."""
    return sum(kept[place].of(amount) for place, amount in zip(offer.places, amounts, strict=True))


def changes(outcomes: tuple[QuoteBought, QuoteBought], kept: Sequence[Kept]) -> Iterator[Reclaimed]:
    """Yield what a refund keeps back of each offer, or gives back, from one outcome to the next."""
    for was, now in zip(outcomes[0].offers, outcomes[1].offers, strict=True):
        amount = now.reclaimed - was.reclaimed
        if amount:
            yield Reclaimed(now.discount, now.min_bill, bill_kept(now, kept), amount)
