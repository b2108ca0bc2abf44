"""
Where a member was seen: what credentials that are limited to locations go by.

The account keeps the numbers of locations, for good: a tenant has no more than `LOCATIONS_MAX`.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.ledger.account import Account


class Seen(Struct, frozen=True):
    """That a member was seen there."""


#: Where a member was seen, by the numbers of locations.
SEEN_AT: Final = ProgressStore("seen_at", Seen)


def note(event: EventBuilder, location: int) -> None:
    """Note that the member is seen at a location, where that is not known."""
    SEEN_AT.put(event, str(location), Seen())


def was_seen(account: Account, locations: frozenset[int]) -> bool:
    """Tell whether the member was seen at one of these locations."""
    kept = account.progress.get(SEEN_AT.mechanic, {})
    return any(int(number) in locations for number in kept)
