"""
Buy some, get some: of every full set of units the cheapest come off.

The dearest units make the first set, and so on: neither the order of lines nor how units are spread
over them matters.  Units are counted by lines and never one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from chalicelib.domain.ledger.events import FullSets, Line
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
        for line in there:
            units = min(units + line.quantity, full)
            cheapest = self._cheapest(units)
            amount = line.amount * (cheapest - before) * self.percent
            before = cheapest
            if amount:
                found[line.id] = amount // (line.quantity * _WHOLE)
        return {name: amount for name, amount in found.items() if amount}

    def _cheapest(self, units: int) -> int:
        """Return how many of so many units, dearest first, are the cheapest of their sets."""
        sets, rest = divmod(units, self.size)
        return sets * self.get + (rest - self.buy if rest > self.buy else 0)


def dearest_first(lines: Iterable[Line]) -> list[Line]:
    """Return lines by the price of a unit, of equal ones by their ids."""
    there = (line for line in lines if line.quantity)
    return sorted(there, key=lambda line: (-Fraction(line.amount, line.quantity), line.id))


def offered(terms: BuyGet, lines: Sequence[Line]) -> FullSets:
    """Return what full sets of lines, dearest first, are offered, as a refund needs it."""
    off = Sets(terms.buy, terms.get, terms.percent).off(lines)
    return FullSets(terms.buy, terms.get, terms.percent, sum(off.values()))
