"""
How offers add up on a line: the best of them, all of them together, or one after another.

Those of one exclusivity group compete, and the rest go together as the programme says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.ledger import money

if TYPE_CHECKING:
    from chalicelib.domain.ledger.events import Line
    from chalicelib.domain.mechanics.discount_terms import Discounts

_WHOLE: Final = 100


class Candidate(NamedTuple):
    """An offer for one line: a percentage, or an amount off the whole of the line."""

    source: str
    id: str
    group: str
    percent: int | None
    amount: int | None


def taken_off(
    terms: Discounts, line: Line, base: int, candidates: list[Candidate]
) -> dict[tuple[str, str], int]:
    """Return what comes off ``base`` of a line's price, by source and id of the offer."""
    chosen = _without_rivals(terms, line, base, candidates)
    if terms.stacking == "best_of":
        best = max(chosen, key=lambda each: _alone(terms, line, base, each), default=None)
        chosen = [] if best is None else [best]
    if terms.stacking == "sequential":
        taken = _in_sequence(terms, line, base, chosen)
    else:
        taken = _added(terms, line, base, chosen)
    return {(each.source, each.id): amount for each, amount in taken}


def _without_rivals(
    terms: Discounts, line: Line, base: int, candidates: list[Candidate]
) -> list[Candidate]:
    """Of each exclusivity group keep what gives most, the document's order among equals."""
    best: dict[str, Candidate] = {}
    for each in candidates:
        rival = best.get(each.group)
        if rival is None or _alone(terms, line, base, each) > _alone(terms, line, base, rival):
            best[each.group] = each
    return [each for each in candidates if not each.group or best[each.group] is each]


def _alone(terms: Discounts, line: Line, base: int, each: Candidate) -> int:
    """Return what one offer takes off if no other does."""
    if each.percent is not None:
        return money.divide(base * each.percent, _WHOLE, terms.rounding)
    # An amount off a line comes off its parts by their share of its price.
    share = (each.amount or 0) * base // line.amount if line.amount else 0
    return min(share, base)


def _most(terms: Discounts, base: int, candidates: list[Candidate]) -> int:
    """Return what several offers take off at most; one alone is not limited."""
    cap = terms.max_percent if len(candidates) > 1 else _WHOLE
    return base if cap == _WHOLE else money.divide(base * cap, _WHOLE, terms.rounding)


def _added(
    terms: Discounts, line: Line, base: int, candidates: list[Candidate]
) -> Iterator[tuple[Candidate, int]]:
    """Add percentages up and round their sum once; each gets what it adds to it."""
    most = _most(terms, base, candidates)
    percent = fixed = given = 0
    for each in candidates:
        if each.percent is None:
            fixed += _alone(terms, line, base, each)
        else:
            percent += each.percent
        shared = money.divide(base * percent, _WHOLE, terms.rounding)
        total = min(shared + fixed, most)
        yield each, total - given
        given = total


def _in_sequence(
    terms: Discounts, line: Line, base: int, candidates: list[Candidate]
) -> Iterator[tuple[Candidate, int]]:
    """Take each off what the ones before it left."""
    most = _most(terms, base, candidates)
    given = 0
    for each in candidates:
        rest = base - given
        amount = _alone(terms, line, base, each)
        if each.percent is not None:
            amount = money.divide(rest * each.percent, _WHOLE, terms.rounding)
        amount = min(amount, rest, most - given)
        given += amount
        yield each, amount
