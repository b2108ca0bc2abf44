"""Hold a tier by hand, and lift it again."""

from __future__ import annotations

from chalicelib.domain.mechanics.tiers import GrantTier, LiftTier
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity
from chalicelib.usecases.services import Caller, Services


def change_tier(
    services: Services,
    caller: Caller,
    member: str,
    command: GrantTier | LiftTier,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Grant a tier or lift it: one read and one transaction."""
    return execute(services, caller, member, command, present, identity=identity)
