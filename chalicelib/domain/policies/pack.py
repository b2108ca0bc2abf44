"""What a policy pack is made of, and which there are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Final, Literal

from msgspec import Struct

import chalicelib.domain.policies

#: Who pays for a patient's care, as far as a law asks.
PayerClass = Literal["medicare", "medicaid", "tricare", "veterans", "commercial", "self_pay"]
#: Of whom no coverage is known on a day: packs treat them most strictly.
UNKNOWN: Final = "unknown"


class Rule(Struct, frozen=True, kw_only=True):
    """
    One rule of a pack: what it ``says`` in plain words, by which ``source``, on which days.

    Both days are included, and ISO dates; one that is open has no end.
    """

    id: str
    says: str
    source: str
    from_on: str
    until_on: str | None = None


class NoCash(Rule, frozen=True):
    """Nothing that is cash, or is used like cash."""


class ItemCap(Rule, frozen=True):
    """No item that is worth more than so many minor units in a shop."""

    amount: int


class YearCap(Rule, frozen=True):
    """
    No more than so many minor units for one patient in a calendar year, of all items.

    ``total`` names the sum that is kept of them, which a later rule with another amount goes on
    with.  It is of what no exception of the pack leaves out, or of what that one ``exception`` is
    for.
    """

    amount: int
    total: str
    exception: str = ""


class NoEarning(Rule, frozen=True):
    """
    Nothing is earned by what is of these ``categories``, in the pack's words.

    A programme says what it calls them; unless it does, a line is of its own category, and an
    activity of its category, of its type, or of what its type begins with.
    """

    categories: frozenset[str]


class NoMoneyOff(Rule, frozen=True):
    """Nothing is taken off lines of these ``categories`` (`NoEarning`), nor do points pay them."""

    categories: frozenset[str]


class Uncounted(Struct, frozen=True):
    """What a law does not count; with ``public_terms`` only on equal terms for everybody."""

    says: str
    source: str
    public_terms: bool = False


class Pack(Struct, frozen=True):
    """
    The rules of one law, for members whose payer on the day is one of ``payers``, or for all.

    ``name`` is what members are told, by locale.  Amounts are in ``currency``; a pack without one
    has none.  ``exceptions`` are what the law does not count, by their codes: such a benefit is
    within no other cap.
    """

    id: str
    name: Mapping[str, str]
    jurisdiction: str
    rules: tuple[Rule, ...]
    currency: str = ""
    payers: frozenset[str] | None = None
    exceptions: Mapping[str, Uncounted] = {}

    def is_for(self, payers: frozenset[str]) -> bool:
        """Tell whether it is for a member whom these pay for."""
        return self.payers is None or not self.payers.isdisjoint(payers)


def names() -> tuple[str, ...]:
    """Return the ids of all packs."""
    there = (module.name for module in iter_modules(chalicelib.domain.policies.__path__))
    return tuple(sorted(name.replace("_", "-") for name in there if name != "pack"))


@cache
def pack(name: str) -> Pack:
    """Return the pack of an id, importing it; raises ``ImportError`` where there is none."""
    module = import_module(f"chalicelib.domain.policies.{name.replace('-', '_')}")
    found: Pack = module.PACK
    return found
