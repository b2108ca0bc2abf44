"""Read what value is set aside for purchases under way."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.holds import HOLDS, Hold
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
