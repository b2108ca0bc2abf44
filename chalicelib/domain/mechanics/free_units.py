"""
Free units: what entitlements pay for on a bill, unit by unit, before anything else is asked.

A unit of an entitlement makes a unit of a line in its scope free.  The dearest units go first, in
whatever order the lines come; for each line entitlements are asked in the document's order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.bill import Considered, PricedLine, WhyNot
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import LINE_ID_LENGTH, Line
from chalicelib.domain.ledger.quote import Freed
from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.mechanics.entitlements import Held
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import LineScope
from chalicelib.domain.programme.scope import in_scope


class FreeUnits(NamedTuple):
    """What is free of each line, what of it is ``left`` to pay for, and what was looked at."""

    lines: dict[str, list[PricedLine]]
    left: dict[str, Line]
    freed: tuple[Freed, ...]
    considered: tuple[Considered, ...]


class Allowed(NamedTuple):
    """How many units may be used, ``bought`` ones, and the rule that keeps it from being more."""

    units: int
    rule: str = ""
    bought: bool = False


#: Says how many units of an entitlement may be used for a line, which would all cost so much.
Allow = Callable[[str, str, int, int], Allowed]


def free(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    now: Instant,
    allow: Allow | None = None,
) -> FreeUnits:
    """Return what a member's entitlements make free of a purchase, as far as that is allowed."""
    waiving = {
        each.id: each.waives
        for each in entitlements.SECTION.of(programme)
        if each.waives is not None
    }
    held = {
        each.entitlement.id: each
        for each in (entitlements.held(account, programme, now) if waiving else ())
    }
    usable = {
        name: (scope, held[name].left)
        for name, scope in waiving.items()
        if name in held and name not in purchase.excluded
    }
    freeing = _Freeing(usable, {line.id for line in purchase.lines}, allow)
    left = {line.id: line for line in purchase.lines}
    for line in sorted(purchase.lines, key=_dearest_first) if usable else ():
        left[line.id] = freeing.left_of(line)
    considered = tuple(
        Considered(
            "entitlement",
            name,
            worth := freeing.worth.get(name, 0),
            why_not=None
            if worth
            else _why_not(purchase, name, scope, held.get(name), freeing.rules.get(name, "")),
        )
        for name, scope in waiving.items()
    )
    lines = {line.id: freeing.lines.get(line.id, []) for line in purchase.lines}
    return FreeUnits(lines, left, tuple(freeing.freed), considered)


def _dearest_first(line: Line) -> tuple[Fraction, str]:
    return (-Fraction(line.amount, line.quantity or 1), line.id)


class _Freeing:
    """Takes units of entitlements, by name with their scope and how many are left, for lines."""

    def __init__(
        self,
        usable: dict[str, tuple[LineScope, int | None]],
        named: set[str],
        allow: Allow | None,
    ) -> None:
        self._usable = usable
        self._named = named
        self._allow = allow
        #: The rule of a law that kept units of an entitlement from being used.
        self.rules: dict[str, str] = {}
        self.lines: dict[str, list[PricedLine]] = {}
        self.freed: list[Freed] = []
        self.worth: dict[str, int] = {}

    def left_of(self, line: Line) -> Line:
        """Return what of a line is to be paid for, after noting the units that are free."""
        left = line
        for name, (scope, units) in list(self._usable.items()):
            if left.quantity == 0 or left.amount <= 0:
                break
            if units == 0:
                # Not asked again: so each entitlement is looked at for the lines that it may free.
                del self._usable[name]
            elif in_scope(line, scope):
                left = self._freed(line, left, name, units)
        return left

    def _freed(self, line: Line, left: Line, name: str, units: int | None) -> Line:
        taken = left.quantity if units is None else min(units, left.quantity)
        whole = taken == left.quantity
        worth = left.amount if whole else left.amount * taken // left.quantity
        if worth == 0:
            return left  # a unit is not used up for less than a penny
        bought = False
        if self._allow is not None:
            allowed = self._allow(line.id, name, taken, worth)
            bought = allowed.bought
            if allowed.units < taken:
                self.rules[name] = allowed.rule
                taken, whole = allowed.units, False
                worth = left.amount * taken // left.quantity
            if worth == 0:
                return left
        part = line.id if whole and left is line else self._part_of(line, name)
        self.freed.append(Freed(part, name, taken, bought))
        self.worth[name] = self.worth.get(name, 0) + worth
        if units is not None:
            self._usable[name] = (self._usable[name][0], units - taken)
        self.lines.setdefault(line.id, []).append(
            PricedLine(
                id=part,
                quantity=taken,
                price=worth,
                net=0,
                counted=0,
                category=line.category,
                sku=line.sku,
                off=(("entitlement", name, worth),),
            )
        )
        return Line(line.id, left.amount - worth, left.quantity - taken, line.category, line.sku)

    def _part_of(self, line: Line, name: str) -> str:
        """Return an id that no line has, for the units of one that an entitlement waives."""
        wanted = f"{line.id}-{name}"
        endings = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
        ids = (wanted[: LINE_ID_LENGTH - len(ending)] + ending for ending in endings)
        part = next(each for each in ids if each not in self._named)
        self._named.add(part)
        return part


def _why_not(
    purchase: Purchase, name: str, scope: LineScope, held: Held | None, rule: str
) -> WhyNot:
    if rule:
        return WhyNot("policy_forbids", rule)
    if name in purchase.excluded:
        return WhyNot("excluded")
    if held is None:
        return WhyNot("not_entitled")
    if held.left == 0:
        return WhyNot("none_left")
    if any(in_scope(line, scope) for line in purchase.lines):
        return WhyNot("already_free")
    return WhyNot("not_in_scope")
