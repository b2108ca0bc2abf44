"""Pay money into a prepaid wallet."""

from __future__ import annotations

from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity
from chalicelib.usecases.services import Caller, Services


def top_up(
    services: Services,
    caller: Caller,
    member: str,
    command: TopUp,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Open a lot with what was paid in: one read and one transaction."""
    return execute(services, caller, member, command, present, identity=identity)
