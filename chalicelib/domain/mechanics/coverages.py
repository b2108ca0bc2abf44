"""
Coverages: who pays for a member's care, from one local day to another, as far as a law asks.

What is known of a member is told as a whole, since payers follow one another and overlap.  On a day
on which none is known the payer is unknown, which is not the same as none: who pays alone says so.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec import Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.chosen_days import parse_chosen_date
from chalicelib.domain.ledger.events import CoveragesChanged
from chalicelib.domain.policies.pack import UNKNOWN, PayerClass

#: How many coverages are kept of a member.
COVERAGES_MAX: Final = 20


class Coverage(Struct, frozen=True, omit_defaults=True):
    """A payer of a member's care on some local days, both included; either end may be open."""

    payer_class: PayerClass
    from_on: str | None = None
    until_on: str | None = None

    def is_active(self, day: date) -> bool:
        """Tell whether a local day is one of its days."""
        text = day.isoformat()
        return (self.from_on or text) <= text <= (self.until_on or text)


class Coverages(Struct, frozen=True):
    """Every coverage of a member that is known, in the order in which they were told."""

    coverages: tuple[Coverage, ...]


COVERAGES: Final = ProgressStore("coverages", Coverages)
_ALL: Final = "all"


class UpdateCoverages(Command, frozen=True):
    """Tell who pays for a member's care, in place of what was known."""

    coverages: tuple[Coverage, ...]


def update(decider: Decider, command: UpdateCoverages) -> bool:
    """Replace what is known, and return whether that changed anything; refuse unfit days."""
    for place, each in enumerate(command.coverages):
        at = f"/coverages/{place}"
        first = parse_chosen_date(each.from_on, f"{at}/from_on") if each.from_on else None
        last = parse_chosen_date(each.until_on, f"{at}/until_on") if each.until_on else None
        if first is not None and last is not None and last < first:
            raise Invalid(
                "invalid_date",
                f"A coverage does not end before it begins: {last} is before {first}.",
                errors=[{"pointer": f"{at}/until_on", "detail": f"must not be before {first}"}],
            )
    event = decider.event()
    if command.coverages:
        COVERAGES.put(event, _ALL, Coverages(command.coverages))
    else:
        COVERAGES.drop(event, _ALL)
    if event.is_empty:
        return False
    event.record(CoveragesChanged(len(command.coverages)))
    return True


def coverages_of(account: Account) -> tuple[Coverage, ...]:
    """Return every coverage that is known of a member."""
    known = COVERAGES.get(account, _ALL)
    return () if known is None else known.coverages


def payers_on(account: Account, day: date) -> frozenset[str]:
    """Return the classes of a member's payers on a local day: `UNKNOWN` where none is known."""
    found = frozenset(each.payer_class for each in coverages_of(account) if each.is_active(day))
    return found or frozenset({UNKNOWN})


def end(event: EventBuilder) -> None:
    """Forget who pays, where an account ends."""
    COVERAGES.drop(event, _ALL)


MECHANIC: Final = Mechanic(handlers={UpdateCoverages: update}, closing=end)
