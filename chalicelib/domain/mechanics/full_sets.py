"""
Buy some, get some: of every full set of units the cheapest come off.

The dearest units make the first set, and so on: neither the order of lines nor how units are spread
over them matters.  Units are counted by lines and never one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.discount_terms import BuyGet

_WHOLE: Final = 100


class Sets(NamedTuple):
    """Of every ``buy`` and ``get`` units the cheapest ``get`` are ``percent`` less."""

    buy: int
    get: int
    percent: int

    @property
    def size(self) -> int:
        """Return how many units make a full set."""
        return self.buy + self.get

    def off(self, lines: Iterable[Line]) -> dict[str, int]:
        """
        Return what comes off lines, which come dearest first; rounded down.

        Lines off which nothing comes are left out.
        """
        there = [line for line in lines if line.quantity and line.amount > 0]
        full = sum(line.quantity for line in there) // self.size * self.size
        found, units, before = {}, 0, 0
        buy, get, percent, size = *self, self.size  # there may be 100 discounts on 100 lines
        for line in there:
            units = min(units + line.quantity, full)
            sets, rest = divmod(units, size)
            # How many of so many units, dearest first, are the cheapest of their sets.
            cheapest = sets * get + max(rest - buy, 0)
            amount = line.amount * (cheapest - before) * percent // (line.quantity * _WHOLE)
            before = cheapest
            if amount:
                found[line.id] = amount
        return found


def dearest_first(lines: Iterable[Line]) -> list[Line]:
    """Return lines by the price of a unit, of equal ones by their ids."""
    there = (line for line in lines if line.quantity)
    return sorted(there, key=lambda line: (-Fraction(line.amount, line.quantity), line.id))


def whole(terms: BuyGet, lines: Sequence[Line]) -> int:
    """Return what full sets of lines, dearest first, come to."""
    return sum(Sets(terms.buy, terms.get, terms.percent).off(lines).values())
