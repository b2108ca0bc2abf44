"""Credit goodwill from the giver's budget of the day."""

from __future__ import annotations

from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity
from chalicelib.usecases.services import Caller, Services


def give_goodwill(
    services: Services,
    caller: Caller,
    member: str,
    command: GiveGoodwill,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Give within the budget: one read and one transaction."""
    return execute(services, caller, member, command, present, identity=identity)
