"""
What of a bill somebody else pays, such as an insurer, line by line.

Lines are priced by what the member pays of them.  A member's price alone is of the whole line: what
is covered is at most that, so who covers a line never pays more than it costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import PricedLine
from chalicelib.domain.ledger.events import Line

#: By line and discount: what it offers to take off, and what is covered beyond what is left then.
Capped = Mapping[str, Mapping[str, tuple[int, int]]]


def shares(
    bought: Sequence[Line], covered: Sequence[int], chosen: Sequence[Line]
) -> dict[str, int]:
    """Return what is covered of lines that may have fewer units than were ``bought``."""
    if not any(covered):
        return {}
    whole = {line.id: (amount, line.quantity) for line, amount in zip(bought, covered, strict=True)}
    return {line.id: _share(*whole[line.id], line.quantity) for line in chosen}


def _share(amount: int, bought: int, units: int) -> int:
    """Return what is covered of some of the units that were bought."""
    return amount * units // bought if bought else amount


def capped(
    offers: Iterable[tuple[str, Mapping[str, int | None], Mapping[str, int]]],
) -> Capped:
    """
    Return by line and discount what it offers, where more is covered than is due then.

    Offers are a discount's id, what it takes off each line, and what is covered ``beyond``.
    """
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for discount, lines, beyond in offers:
        for name, amount in beyond.items():
            found.setdefault(name, {})[discount] = (lines.get(name) or 0, amount)
    return found


def stated(
    bought: Iterable[tuple[Line, int, int]], priced: Iterable[PricedLine], capped: Capped
) -> tuple[PricedLine, ...]:
    """
    Return the priced parts of lines, free and paid, each with what is covered of it.

    Of each line that was ``bought`` it is said what is covered of it and of how many parts it is.
    """
    rest = iter(priced)
    return tuple(
        part
        for line, amount, size in bought
        for part in _of_line(line, amount, list(islice(rest, size)), capped)
    )


def _of_line(
    line: Line, amount: int, parts: Sequence[PricedLine], capped: Capped
) -> Iterator[PricedLine]:
    free = [part for part in parts if _is_free(part)]
    paid = [part for part in parts if not _is_free(part)]
    left = sum(_share(amount, line.quantity, part.quantity) for part in paid)
    of_free = money.apportion(amount - left, {n: part.quantity for n, part in enumerate(free)})
    for place, part in enumerate(free):
        yield replace(part, covered=of_free[place])
    here = capped.get(line.id, {})
    for part in paid:
        taken = part.by_discount() if here else {}
        less = (
            beyond
            for discount, (offered, beyond) in here.items()
            if taken.get(discount, 0) >= offered
        )
        yield replace(part, covered=left - max(less, default=0))


def _is_free(part: PricedLine) -> bool:
    return any(source == "entitlement" for source, _, _ in part.off)
