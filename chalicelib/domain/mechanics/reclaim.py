"""
Reclaiming: a refund leaves less than a discount of the purchase was for.

That is less than its least bill, or other full sets.  What is kept then costs what it would have
cost alone: without that discount, or with that of its own full sets.  The difference is kept back
from the refund, and never more than the refund is: nobody pays for giving something back.  So after
any refund a purchase has cost what is kept costs, or less where that was paid already; and when all
has come back, all that was paid has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from chalicelib.domain.decide.reaction import Kept
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import Reclaimed
from chalicelib.domain.ledger.events import FullSets, Line, OfferTaken, QuoteBought


def off_alone(
    offers: Sequence[OfferTaken], kept: Sequence[Kept], nets: Sequence[int]
) -> list[Mapping[int, int]]:
    """
    Return what each offer would take off what is kept alone, by place.

    ``nets`` are what of each line is kept came to.  Full sets that come to be of other lines take
    off these no more than there is to pay for them.
    """
    found: list[Mapping[int, int]] = []
    left = list(nets)
    for offer in offers:
        off = dict(off_kept(offer, kept))
        alone: Mapping[int, int] = off
        if bill_kept(offer, kept) < offer.min_bill:
            alone = {}
        elif offer.sets is not None and has_other_sets(offer, kept):
            there = _of_sets(offer, offer.sets, kept)
            alone = {place: min(there[place], left[place] + off[place]) for place in there}
            for place, amount in alone.items():
                left[place] += off[place] - amount
        found.append(alone)
    return found


def reclaimed(
    offers: Sequence[OfferTaken],
    kept: Sequence[Kept],
    alone: Sequence[Mapping[int, int]],
    most: int,
) -> Iterator[OfferTaken]:
    """
    Yield offers with what of them is kept back in all, which is ``most`` for them together.

    ``alone`` is what they would take off what is kept alone.  What cannot be kept back is let go of
    the offers that this refund broke: of the others what earlier refunds kept back stays so.
    """
    lost = [
        sum(amount for _, amount in off_kept(offer, kept)) - sum(off.values())
        for offer, off in zip(offers, alone, strict=True)
    ]
    beyond = max(sum(lost) - most, 0)
    more = {place: max(lost[place] - was.reclaimed, 0) for place, was in enumerate(offers)}
    spared = money.apportion(beyond, more)
    for place, offer in enumerate(offers):
        yield replace(offer, reclaimed=lost[place] - spared[place])


def has_other_sets(offer: OfferTaken, kept: Sequence[Kept]) -> bool:
    """
    Tell whether an offer is for full sets, and those of what is kept are others.

    Where an amount came back and every unit is kept, they are those that were bought.
    """
    return offer.sets is not None and any(
        kept[place].units != kept[place].bought for place in offer.places
    )


def _of_sets(offer: OfferTaken, bought: FullSets, kept: Sequence[Kept]) -> Mapping[int, int]:
    """Return what full sets of what is kept bring, by place, in the share that was taken off."""
    from chalicelib.domain.mechanics.full_sets import Sets, dearest_first

    lines = dearest_first(
        Line(f"{place:03}", kept[place].of(price), kept[place].units)
        for place, price in zip(offer.places, offer.prices, strict=True)
    )
    off = Sets(bought.buy, bought.get, bought.percent).off(lines)
    # Beside other discounts it may have taken off less than it offered.
    alone = money.divide(sum(off.values()) * sum(offer.off), bought.offered, "half_up")
    return money.apportion(alone, {int(place): amount for place, amount in off.items()})


def off_kept(offer: OfferTaken, kept: Sequence[Kept]) -> Iterator[tuple[int, int]]:
    """Yield by place what an offer took off what is kept, before anything of it was kept back."""
    for place, amount in zip(offer.places, offer.off, strict=True):
        yield place, kept[place].of(amount)


def bill_kept(offer: OfferTaken, kept: Sequence[Kept]) -> int:
    """Return what is kept of the lines in the scope of an offer, before any discount."""
    beside = zip(offer.places, offer.prices, strict=True)
    return sum(kept[place].of(price) for place, price in beside)


def changes(outcomes: tuple[QuoteBought, QuoteBought], kept: Sequence[Kept]) -> Iterator[Reclaimed]:
    """Yield what a refund keeps back of each offer, or gives back, from one outcome to the next."""
    for was, now in zip(outcomes[0].offers, outcomes[1].offers, strict=True):
        amount = now.reclaimed - was.reclaimed
        if amount:
            left = bill_kept(now, kept)
            least = now.min_bill if left < now.min_bill else None
            yield Reclaimed(now.discount, least, left, amount)
