"""
What every command is refused for, before its mechanic decides it.

What was decided stays as it is in the journal, since only `evolve` makes account state; what is
decided may change with every release.
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.registry import handler_of
from chalicelib.domain.errors import AccountClosed


def decide(decider: Decider, command: Command) -> Any:
    """
    Let the decider collect what follows from a command, and return what the caller gets.

    Raises a `LoyaltyError` where it is refused; then nothing is to be written.
    """
    member = decider.member
    if member.version and member.holder not in command.asked_of:
        # What is asked of members is never asked of a household or a gift card.
        raise command.not_found()
    if member.status == "closed" and not command.when_closed:
        raise AccountClosed
    return handler_of(command)(decider, command)
