"""
Lots: what value an account holds, by when it ends and who funds it.

A lot is named by its `LotKey`, value that still waits by a `PendingKey`; equal keys are the same
lot, and nothing else tells lots apart.  Balances keep their lots in the order in which they are
spent, so that a lot is found by bisection.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.postings import TENANT


class LotKey(Struct, frozen=True, omit_defaults=True):
    """
    Which lot: value that ends together, is funded alike and is worth the same is one lot.

    It is usable through the local day ``expires_on`` and gone at ``expires_at``; value that never
    expires has neither.  ``rate`` is the percentage off what is paid from it.  Value that came back
    and was given another life, which happens once, keeps in ``first_expires_at`` when it was to be
    gone before.  It is ``paid`` where its member topped it up: only such money can be refunded, and
    what is transferred is not.
    """

    expires_at: Instant | None = None
    expires_on: str | None = None
    funder: str = TENANT
    rate: int = 0
    first_expires_at: Instant | None = None
    paid: bool = False

    @property
    def prolonged(self) -> bool:
        """Tell whether it came back and was given another life."""
        return self.first_expires_at is not None


NEVER_EXPIRES: Final = LotKey()


class PendingKey(Struct, frozen=True, omit_defaults=True):
    """
    Which pending lot: value that is usable from the same local day on, and is then of one lot.

    ``active_at`` is when the day ``active_on`` begins; ``lot`` is what the value joins then.
    """

    active_at: Instant
    active_on: str
    lot: LotKey = NEVER_EXPIRES


class Lot(Struct, frozen=True, omit_defaults=True, array_like=True):
    """
    Value of one key.

    ``warn_at`` is when its expiry is announced, ``None`` where that has been done or is not to be.
    ``since`` is when it was opened, where that decides which of equal expiry goes first.  Value
    that joins a lot changes neither.
    """

    amount: int
    key: LotKey
    warn_at: Instant | None = None
    since: Instant = 0


class Taken(Struct, frozen=True, array_like=True):
    """Value taken from one lot, with all that is needed to put it back."""

    amount: int
    lot: LotKey
    warn_at: Instant | None = None
    since: Instant = 0


def by_funder(parts: Iterable[tuple[LotKey, int]]) -> dict[str, int]:
    """Return how much of amounts of lots each funder pays for, none that comes to nothing."""
    sums: Counter[str] = Counter()
    for lot, amount in parts:
        sums[lot.funder] += amount
    return {funder: amount for funder, amount in sums.items() if amount}


class PendingLot(Struct, frozen=True, omit_defaults=True, array_like=True):
    """Value that is earned but not yet usable."""

    amount: int
    key: PendingKey
    warn_at: Instant | None = None


class Balance(Struct, frozen=True, omit_defaults=True):
    """One currency of one member: lots in burn order, pending lots by activation, and debt."""

    lots: tuple[Lot, ...] = ()
    pending: tuple[PendingLot, ...] = ()
    deficit: int = 0

    @property
    def lots_total(self) -> int:
        """Return what all lots hold, whatever is owed."""
        return sum([lot.amount for lot in self.lots])

    @property
    def available(self) -> int:
        """Return what can be spent now; below zero where a reversal took back spent value."""
        return self.lots_total - self.deficit

    @property
    def pending_total(self) -> int:
        """Return what is earned but not yet usable."""
        return sum([lot.amount for lot in self.pending])

    def lot(self, key: LotKey) -> Lot | None:
        """Return a lot, or ``None`` where there is none of that key."""
        place = _place(self.lots, key)
        return None if place is None else self.lots[place]

    def pending_lot(self, key: PendingKey) -> PendingLot | None:
        """Return a pending lot, or ``None`` where there is none of that key."""
        place = _pending_place(self.pending, key)
        return None if place is None else self.pending[place]

    def with_lot(self, lot: Lot) -> Balance:
        """Return the balance with a lot as it now is, which goes where it holds nothing."""
        lots = list(self.lots)
        place = _place(self.lots, lot.key)
        if place is not None:
            del lots[place]
        if lot.amount:
            insort(lots, lot, key=burn_order)
        return Balance(tuple(lots), self.pending, self.deficit)

    def with_pending(self, lot: PendingLot) -> Balance:
        """Return the balance with a pending lot as it now is, which goes where it holds nothing."""
        pending = list(self.pending)
        place = _pending_place(self.pending, lot.key)
        if place is not None:
            del pending[place]
        if lot.amount:
            insort(pending, lot, key=_pending_order)
        return Balance(self.lots, tuple(pending), self.deficit)

    def next_change(self) -> Instant | None:
        """Return when value next activates, is announced to expire, or expires."""
        instants = [lot.warn_at for lot in self.lots if lot.warn_at is not None]
        if self.lots and self.lots[0].key.expires_at is not None:
            instants.append(self.lots[0].key.expires_at)
        if self.pending:
            instants.append(self.pending[0].key.active_at)
        return min(instants, default=None)


def _place(lots: tuple[Lot, ...], key: LotKey) -> int | None:
    """Return where a lot is, or ``None``."""
    ends = _ends(key)
    # Those of one expiry, which are few, lie together: among them ``since`` comes first.
    for place in range(bisect_left(lots, ends, key=_lot_ends), len(lots)):
        found = lots[place].key
        if found == key:
            return place
        if _ends(found) != ends:
            return None
    return None


def _pending_place(pending: tuple[PendingLot, ...], key: PendingKey) -> int | None:
    """Return where a pending lot is, or ``None``."""
    place = bisect_left(pending, _activation_order(key), key=_pending_order)
    return place if place < len(pending) and pending[place].key == key else None


def _ends(key: LotKey) -> tuple[bool, Instant]:
    return (key.expires_at is None, key.expires_at or 0)


def _lot_ends(lot: Lot) -> tuple[bool, Instant]:
    return _ends(lot.key)


def burn_order(lot: Lot) -> tuple[bool, Instant, Instant, str, int, str, Instant, bool]:
    """Return what lots are sorted by: what is spent first is the least."""
    key = lot.key
    last, first = key.expires_on or "", key.first_expires_at or 0
    return (*_ends(key), lot.since, key.funder, key.rate, last, first, key.paid)


def _activation_order(key: PendingKey) -> tuple[Instant, bool, Instant, str, int, str, str]:
    lot = key.lot
    last = lot.expires_on or ""
    # What waits was earned and has not come back yet, so none of it is prolonged or paid.
    return (key.active_at, *_ends(lot), lot.funder, lot.rate, key.active_on, last)


def _pending_order(lot: PendingLot) -> tuple[Instant, bool, Instant, str, int, str, str]:
    return _activation_order(lot.key)
