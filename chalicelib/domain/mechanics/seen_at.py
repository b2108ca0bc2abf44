"""
Where a member was seen: what credentials that are limited to locations go by.

The account keeps the numbers of locations, never what they are called.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.ledger.account import Account

#: How many locations are kept of a member: those where they were seen last.
KEPT_MAX: Final = 50
#: What is kept of one is so many days old at most while they come, so that few events have to say.
_KNOWN_FOR_DAYS: Final = 30
_DAY_MS: Final = 86_400_000


class Seen(Struct, frozen=True):
    """That a member was seen on a day, counted from 1970 in UTC."""

    day: int


#: Where a member was seen, by the numbers of locations.
SEEN_AT: Final = ProgressStore("seen_at", Seen)


def note(event: EventBuilder, location: int) -> None:
    """Note that the member is seen at a location now, whenever what is reported was."""
    today = event.now // _DAY_MS
    kept = SEEN_AT.all(event.account)
    seen = kept.get(str(location))
    if seen is not None and today - seen.day < _KNOWN_FOR_DAYS:
        return
    if seen is None and len(kept) >= KEPT_MAX:
        SEEN_AT.drop(event, min(kept, key=lambda number: (kept[number].day, int(number))))
    SEEN_AT.put(event, str(location), Seen(today))


def was_seen(account: Account, locations: frozenset[int]) -> bool:
    """Tell whether the member was seen at one of these locations."""
    return any(str(number) in account.progress.get("seen_at", {}) for number in locations)
