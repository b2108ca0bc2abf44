"""
How offers add up on a line: the best of them, all of them together, or one after another.

Those of one exclusivity group compete, and the rest go together as the programme says.  All of it
is exact: fractions of a minor unit are rounded once, when all that comes off a line is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.discount_terms import Discounts

_WHOLE: Final = 100


class Candidate(NamedTuple):
    """An offer for one line, by its ``place`` among all: a percentage, or an amount off."""

    place: int
    group: str
    percent: int | None
    amount: int


class Off(NamedTuple):
    """What comes off a line ``together``: what offers take of it, and what a wallet's rate does."""

    together: int
    offered: int
    rated: int


class Stack(NamedTuple):
    """
    What the offers of a line come to, in parts of a minor unit, of which ``unit`` are one.

    ``price`` is that of the line and ``most`` what may come off in all, both in these parts;
    ``off`` is what each offer takes by its place, and ``offered`` all of them.
    """

    terms: Discounts
    unit: int
    price: int
    most: int
    off: dict[int, int]
    offered: int

    def at(self, rate: int) -> Off:
        """Return what comes off the line where a wallet pays for it, with a percentage off."""
        alone = self.price * rate // _WHOLE
        offered, rated = self.offered, alone
        if self.terms.stacking == "best_of":
            offered, rated = (0, alone) if alone > offered else (offered, 0)
        elif self.terms.stacking == "sequential":
            rated = (self.price - offered) * rate // _WHOLE
        together, most = offered + rated, max(self.most, alone)
        if together <= most:
            return Off(together, offered, rated)
        # Beyond the most that several may take, each is cut in proportion.
        rated = rated * most // together
        return Off(most, most - rated, rated)


def stacked(terms: Discounts, price: int, candidates: list[Candidate]) -> Stack:
    """
    Return what offers take off a line of that price.

    Several take `max_percent` at most, but no less than the best of them would alone.
    """
    chosen = _without_rivals(price, candidates)
    alone = [_alone(price, each) for each in chosen]
    most = max([price * terms.max_percent, *alone])
    unit = _WHOLE
    if terms.stacking == "sequential":
        unit, off = _in_sequence(price, chosen)
    else:
        off = {each.place: amount for each, amount in zip(chosen, alone, strict=True)}
    if terms.stacking == "best_of" and chosen:
        best = max(off, key=off.__getitem__)
        off = {best: off[best]}
    return Stack(terms, unit, price * unit, most * (unit // _WHOLE), off, sum(off.values()))


def _without_rivals(price: int, candidates: list[Candidate]) -> list[Candidate]:
    """Of each exclusivity group keep what gives most, the document's order among equals."""
    best: dict[str, Candidate] = {}
    for each in candidates:
        rival = best.get(each.group) if each.group else None
        if rival is None or _alone(price, each) > _alone(price, rival):
            best[each.group] = each
    return [each for each in candidates if not each.group or best[each.group] is each]


def _alone(price: int, each: Candidate) -> int:
    """Return the hundredths of a minor unit that an offer takes off if no other does."""
    if each.percent is None:
        return min(each.amount, price) * _WHOLE
    return price * each.percent


def _in_sequence(price: int, chosen: list[Candidate]) -> tuple[int, dict[int, int]]:
    """
    Take each off what the ones before it left, and return how many parts are one minor unit.

    Every percentage makes the parts finer; the finest have room for that of a wallet.
    """
    steps: dict[int, tuple[int, int]] = {}
    rest, unit = price, 1
    for each in chosen:
        if each.percent is None:
            taken = min(each.amount * unit, rest)
        else:
            taken = rest * each.percent
            rest, unit = rest * _WHOLE, unit * _WHOLE
        rest -= taken
        steps[each.place] = (taken, unit)
    unit *= _WHOLE
    return unit, {place: taken * (unit // of) for place, (taken, of) in steps.items()}
