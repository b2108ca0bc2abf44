"""Closing: the account ends, with everything that mechanics keep in it."""

from __future__ import annotations

from typing import Final

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.ledger.effects import StatusChange
from chalicelib.domain.ledger.events import MemberClosed
from chalicelib.domain.mechanics import households


class Close(Command, frozen=True):
    """End a member's account: whatever value is left is forfeited, and their household left."""

    reason: str

    def parties(self, known: Known) -> dict[str, str]:
        """Return the member, and the household that they belong to."""
        return {MEMBER: self.member, **households.household_of(known)}


def close(decider: Decider, command: Close) -> None:
    """End the account; its value is forfeited, its debts are written off, its household left."""
    event = decider.event()
    for mechanic in registry.in_account(decider.member):
        if mechanic.closing is not None:
            mechanic.closing(event)
    event.add(StatusChange("closed"))
    event.record(MemberClosed(command.reason))
    if decider.has(households.HOUSEHOLD):
        households.dismiss(decider, command.member)


MECHANIC: Final = Mechanic(
    handlers={Close: close},
)
