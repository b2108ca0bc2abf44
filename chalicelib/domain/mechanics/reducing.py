"""
What comes off lines: what discounts offer, and the rates of the prepaid lots that pay for them.

A lot pays for the same share of every line, at its rate.  All that comes off a line is rounded
once, and each has its share of that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import lcm
from typing import NamedTuple

from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import PricedLine, WhyNot
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics import discount_terms, wallet_payments
from chalicelib.domain.mechanics.discount_offers import Offer
from chalicelib.domain.mechanics.stacking import Candidate, Stack, stacked
from chalicelib.domain.mechanics.wallet_payments import PrepaidLot, Share
from chalicelib.domain.programme.document import Programme


class Reduced(NamedTuple):
    """
    Lines after discounts, and what each offer, by its place, and each wallet's rate took off.

    ``why_not`` says why those that go by these lines took off nothing.
    """

    lines: dict[str, PricedLine]
    by_offer: dict[int, int]
    by_wallet: dict[str, int]
    why_not: Mapping[int | str, WhyNot]


class Reducing:
    """Takes off lines what discounts offer, and what the rates of the lots that pay for them do."""

    def __init__(
        self,
        programme: Programme,
        offers: Sequence[Offer],
        lots: Sequence[PrepaidLot],
        barred: Collection[str] = (),
    ) -> None:
        self._terms = discount_terms.SECTION.of(programme)
        self._offers = offers
        self._lots = lots
        #: The lines off which no rate takes anything.
        self._barred = barred
        self._by_offer = dict.fromkeys(range(len(offers)), 0)
        self._by_wallet: dict[str, int] = {}

    def reduced(self, lines: Sequence[Line]) -> Reduced:
        """Return what is left of lines."""
        candidates: dict[str, list[Candidate]] = {line.id: [] for line in lines}
        for place, offer in enumerate(self._offers):
            group = offer.discount.group or ""
            # A percentage is the same for every line, and there may be 10,000 of both together.
            everywhere = Candidate(place, group, offer.percent, 0)
            for line_id, amount in offer.lines.items():
                here = everywhere if amount is None else Candidate(place, group, None, amount)
                candidates[line_id].append(here)
        stacks = {line.id: stacked(self._terms, line.amount, candidates[line.id]) for line in lines}

        @cache
        def cost(rate: int) -> Fraction:
            left: dict[int, int] = {}
            for name, stack in stacks.items():
                off = stack.at(self._rate(rate, name)).together
                left[stack.unit] = left.get(stack.unit, 0) + stack.price - off
            return sum((Fraction(parts, unit) for unit, parts in left.items()), Fraction())

        shares = wallet_payments.shares(self._lots, cost)
        # What each is of the bill, as whole numbers: fractions of fractions take long.
        bill = lcm(*(share.part.denominator for share in shares))
        whole = [(share, share.part.numerator * bill // share.part.denominator) for share in shares]
        found = {line.id: self._line(line, stacks[line.id], whole, bill) for line in lines}
        why_not = dict(self._why_nothing(found, stacks, shares))
        return Reduced(found, self._by_offer, self._by_wallet, why_not)

    def _rate(self, rate: int, line: str) -> int:
        return 0 if line in self._barred else rate

    def _why_nothing(
        self, lines: Mapping[str, PricedLine], stacks: Mapping[str, Stack], shares: Sequence[Share]
    ) -> Iterator[tuple[int | str, WhyNot]]:
        """
        Yield why offers, and the wallets that pay, took off nothing.

        Others gave more where something came off a line and it has no part in that; what has its
        part, and is too little for a minor unit, comes to nothing.
        """
        reduced = {name: stacks[name] for name, line in lines.items() if line.off}
        for place, offer in enumerate(self._offers):
            if not self._by_offer[place]:
                on = (name for name, off in offer.lines.items() if off != 0 and name in reduced)
                gives = all(_gives(reduced[name], place, shares) for name in on)
                yield place, WhyNot("comes_to_nothing" if gives else "others_gave_more")
        for currency in {share.currency for share in shares if share.rate}:
            if currency not in self._by_wallet:
                rates = [share.rate for share in shares if share.currency == currency]
                gives = all(
                    any(stack.at(rate).rated for rate in rates) for stack in reduced.values()
                )
                yield currency, WhyNot("comes_to_nothing" if gives else "others_gave_more")

    def _line(
        self, line: Line, stack: Stack, shares: Sequence[tuple[Share, int]], bill: int
    ) -> PricedLine:
        """Take off a line what its offers and rates come to, rounded once."""
        together, weights = 0, {"": 0}
        for share, of_bill in shares:
            off = stack.at(self._rate(share.rate, line.id))
            together += of_bill * off.together
            weights[""] += of_bill * off.offered
            if off.rated:
                weights[share.currency] = weights.get(share.currency, 0) + of_bill * off.rated
        taken = money.divide(together, bill * stack.unit, self._terms.rounding)
        split = money.apportion(taken, weights, bill * stack.unit)
        taken_off = []
        offered = money.apportion(split.pop(""), stack.off, stack.unit)
        for place, amount in offered.items():
            if amount:
                taken_off.append(("discount", self._offers[place].discount.id, amount))
                self._by_offer[place] += amount
        for currency, amount in split.items():
            if amount:
                taken_off.append(("wallet", currency.partition("/")[2], amount))
                self._by_wallet[currency] = self._by_wallet.get(currency, 0) + amount
        net = line.amount - taken
        return PricedLine(
            id=line.id,
            quantity=line.quantity,
            price=line.amount,
            net=net,
            counted=net,
            category=line.category,
            sku=line.sku,
            off=tuple(taken_off),
        )


def _gives(stack: Stack, place: int, shares: Sequence[Share]) -> bool:
    """Tell whether an offer has a part in what comes off a line."""
    return bool(stack.off.get(place)) and any(stack.at(each.rate).offered for each in shares)
