"""
Reclaiming: a refund leaves less than a discount of the purchase was for.

That is less than its least bill, or other full sets.  What is kept then costs what it would have
cost alone: without that discount, or with that of its own full sets.  The difference is kept back
from the refund, and never more than the refund is: nobody pays for giving something back.  So after
any refund a purchase has cost what is kept costs, or less where that was paid already; and when all
has come back, all that was paid has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from chalicelib.domain.decide.reaction import Kept
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import Reclaimed
from chalicelib.domain.ledger.events import FullSets, Line, OfferTaken, QuoteBought


def reclaimed(
    offers: Sequence[OfferTaken], kept: Sequence[Kept], net: int, most: int
) -> tuple[OfferTaken, ...]:
    """
    Return offers with what of them is kept back in all.

    ``net`` is what is kept came to; with what is kept back it costs ``most`` at the most.
    """
    lost = {place: _lost(offer, kept) for place, offer in enumerate(offers)}
    total = sum(lost.values())
    beyond = total - max(min(total, most - net), -net)
    weights = {place: max(amount, 0) for place, amount in lost.items()}
    if not any(weights.values()):
        weights = {place: sum(offer.off) for place, offer in enumerate(offers)}
    spared = money.apportion(beyond, weights)
    return tuple(
        replace(offer, reclaimed=lost[place] - spared[place]) for place, offer in enumerate(offers)
    )


def _lost(offer: OfferTaken, kept: Sequence[Kept]) -> int:
    """Return how much less an offer would take off what is kept alone; below zero, more."""
    taken = _sum(offer, offer.off, kept)
    if bill_kept(offer, kept) < offer.min_bill:
        return taken
    if offer.sets is None or all(kept[place].units == kept[place].bought for place in offer.places):
        # Where an amount came back and every unit is kept, its sets are those that were bought.
        return 0
    return taken - _of_sets(offer, offer.sets, kept)


def _of_sets(offer: OfferTaken, bought: FullSets, kept: Sequence[Kept]) -> int:
    """Return what full sets of what is kept bring, as far as those of the purchase did."""
    from chalicelib.domain.mechanics.full_sets import Sets, dearest_first

    lines = dearest_first(
        Line(f"{place:03}", kept[place].of(price), kept[place].units)
        for place, price in zip(offer.places, offer.prices, strict=True)
    )
    alone = sum(Sets(bought.buy, bought.get, bought.percent).off(lines).values())
    # Beside other discounts it may have taken off less than it offered.
    return money.divide(alone * sum(offer.off), bought.offered, "half_up")


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
            left = bill_kept(now, kept)
            least = now.min_bill if left < now.min_bill else None
            yield Reclaimed(now.discount, least, left, amount)
