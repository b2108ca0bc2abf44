"""Give value of one member to another."""

from __future__ import annotations

from chalicelib.domain.errors import Invalid
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity
from chalicelib.usecases.services import Caller, Services


def transfer_value(
    services: Services,
    caller: Caller,
    command: SendTransfer,
    present: Present,
    identity: Identity | None,
) -> Done:
    """
    Move value from one account to the other: one read of both, and one transaction.

    The request is the sender's: on record under their id, and answered with their balance.
    """
    if command.to == command.member:
        raise Invalid(
            "same_member",
            "A member cannot transfer value to themselves.",
            errors=[{"pointer": "/to", "detail": "must be another member"}],
        )
    return execute(
        services,
        caller,
        command.member,
        command,
        present,
        identity=identity,
        counterparty=command.to,
    )
