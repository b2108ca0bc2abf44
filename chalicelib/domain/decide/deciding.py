"""
Which handler decides a command, and what every command is refused for.

What was decided stays as it is in the journal, since only `evolve` makes account state; what is
decided may change with every release.
"""

from __future__ import annotations

from typing import Any, Final

from chalicelib.domain.commands import Command, Enrol, Open, RecordActivity
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.errors import Conflict, MemberNotFound
from chalicelib.domain.mechanics import activities, membership, quotes, registry, reversal
from chalicelib.domain.mechanics.registry import Handler

# Who decides what concerns all mechanics at once; the rest is each mechanic's own.
HANDLERS: Final[dict[type[Command], Handler]] = {
    Open: membership.open_account,
    Enrol: membership.enrol,
    membership.Close: membership.close,
    RecordActivity: activities.record,
    reversal.ReverseActivity: reversal.reverse,
    quotes.MakeQuote: quotes.make,
    quotes.ConfirmQuote: quotes.confirm,
    **registry.HANDLERS,
}


def decide(decider: Decider, command: Command) -> Any:
    """
    Let the decider collect what follows from a command, and return what the caller is told.

    Raises a `LoyaltyError` where it is refused; then nothing is to be written.
    """
    member = decider.member
    if member.status == "household":
        # What is asked of members is never asked of a household.
        raise MemberNotFound
    if member.status == "closed" and not command.when_closed:
        raise Conflict("account_closed", "This member's account is closed.")
    return HANDLERS[type(command)](decider, command)
