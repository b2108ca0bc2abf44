"""
What of the limits of discounts is used after a refund: what stays with the member.

That is what came off what is kept, less what was kept back of it.  Units, and with them orders,
stay while they are kept, whatever of their price came back.  Full sets may come to be of other
lines, or to more again than a lower price had left: that is counted too, even beyond a limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.reaction import Kept
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import OfferCount, OfferTaken
from chalicelib.domain.mechanics import reclaim


def returned(
    event: EventBuilder,
    offers: Sequence[OfferTaken],
    kept: Sequence[Kept],
    alone: Sequence[Mapping[int, int]],
) -> Iterator[OfferTaken]:
    """
    Count anew what stays with the member, and yield the offers with what of limits it uses.

    ``alone`` is what each would take off what is kept alone, by the places of lines.
    """
    for offer, off in zip(offers, alone, strict=True):
        if not offer.counts:
            yield offer
            continue
        counts = []
        stays = _stays(offer, kept, off)
        for count in offer.counts:
            now = stays.uses(offer, count)
            # Of a window that has closed nothing is known any more.
            more = max(now - count.used, -event.account.counter(count.counter))
            if more:
                event.add(CounterChange(count.counter, more, count.kept_until))
            counts.append(replace(count, used=now))
        yield replace(offer, counts=tuple(counts))


class _Stays(NamedTuple):
    """
    What of an offer stays with a member: so much ``money``.

    Of each line, by its place, it is no more than ``off``, and for no more than ``units``.
    """

    money: int
    off: Mapping[int, int]
    units: Mapping[int, int]

    def uses(self, offer: OfferTaken, count: OfferCount) -> int:
        """Return how much of a limit that is."""
        off = min(self.money, sum(self.off.get(place, 0) for place in count.places))
        units = sum(self.units.get(place, 0) for place in count.places)
        match count.measure:
            case "money":
                return off
            case "orders":
                return min(off + units, 1)
            case "units":
                # Sets of other lines are for no more units than those that were bought.
                return min(units, sum(offer.units))


def _stays(offer: OfferTaken, kept: Sequence[Kept], alone: Mapping[int, int]) -> _Stays:
    """
    Return what of an offer stays with the member after a refund.

    Units stay while they are kept, whatever of their price came back, but for an offer whose least
    bill is missed and of which all is kept back.
    """
    off: Mapping[int, int] = dict(reclaim.off_kept(offer, kept))
    left = sum(off.values()) - offer.reclaimed
    if not left and reclaim.bill_kept(offer, kept) < offer.min_bill:
        return _Stays(0, {}, {})
    if not reclaim.has_other_sets(offer, kept):
        return _Stays(left, off, dict(_units_kept(offer, kept)))
    if left > sum(alone.values()):
        # Not all of it could be kept back, and nobody can say of which lines that is.
        off = {place: left for place in offer.places if kept[place].part}
    else:
        off = alone
    return _Stays(left, off, {place: kept[place].units for place in off})


def _units_kept(offer: OfferTaken, kept: Sequence[Kept]) -> Iterator[tuple[int, int]]:
    """Yield by place for how many units an offer is still: in proportion, rounded up."""
    # Where no limit is by units it matters only whether there are any.
    for place, whole in zip(offer.places, offer.units or offer.off, strict=True):
        left = kept[place]
        yield place, money.divide(whole * left.units, left.bought, "ceiling")
