"""
Last days: through which local day value lasts at least, since its member was active.

Each currency that lasts by activity has one, which activities move on (`inactivity`) and nothing
moves back.  It stays on record when it is over, and then says nothing any more.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.lots import Lot, LotKey


class LastDay(Struct, frozen=True, omit_defaults=True):
    """The local day, the instant after it, and when that it comes is announced."""

    expires_on: str
    expires_at: Instant
    warn_at: Instant | None = None


#: By `programme/currency`; named after the mechanic that moves them on.
LAST_DAYS: Final = ProgressStore("inactivity", LastDay)


def ends_before(key: LotKey, last: LastDay) -> bool:
    """Tell whether a lot would end before a last day; one that never ends does not."""
    return key.expires_at is not None and key.expires_at < last.expires_at


def prolonged(lot: Lot, last: LastDay) -> Lot:
    """Return a lot that lasts through a last day."""
    key = replace(lot.key, expires_at=last.expires_at, expires_on=last.expires_on)
    return Lot(lot.amount, key, last.warn_at, lot.since)


def lasting(account: Account, currency: str, lot: Lot, now: Instant) -> Lot:
    """Return a lot as it lasts now: no shorter than the last day of its currency."""
    last = LAST_DAYS.get(account, currency)
    if last is None or last.expires_at <= now or not ends_before(lot.key, last):
        return lot
    return prolonged(lot, last)
