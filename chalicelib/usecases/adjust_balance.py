"""Correct a balance by hand."""

from __future__ import annotations

from chalicelib.domain.commands import Adjust
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity
from chalicelib.usecases.services import Caller, Services


def adjust_balance(
    services: Services,
    caller: Caller,
    member: str,
    command: Adjust,
    present: Present,
    identity: Identity | None,
    *,
    dry_run: bool = False,
) -> Done:
    """Give or take value, with a reason and an actor on record."""
    return execute(services, caller, member, command, present, identity=identity, dry_run=dry_run)
