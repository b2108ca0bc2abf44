"""Set value aside for a purchase under way, and spend it, give it up, or keep it longer."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.calendar import Instant
from chalicelib.domain.mechanics.holds import (
    HOLDS,
    CaptureHold,
    ExtendHold,
    Hold,
    PlaceHold,
    ReleaseHold,
)
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services


class HoldsRead(NamedTuple):
    """Every open hold of a member by id, and the instant at which they are open."""

    holds: dict[str, Hold]
    now: Instant


def read_holds(services: Services, caller: Caller, member: str) -> HoldsRead:
    """Return the holds that are open now: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    return HoldsRead(HOLDS.all(reading.account), reading.now)


def change_hold(
    services: Services,
    caller: Caller,
    member: str,
    command: PlaceHold | CaptureHold | ReleaseHold | ExtendHold,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Place, capture, release or extend a hold: one read and one transaction."""
    return execute(services, caller, member, command, present, identity=identity)
