"""
How a shortfall is kept: as a counter of its amount, whose name tells all the rest of it.

The day on which the lot that stands in ends is the last of the name, and of that lot's instants
only how far they are from that day, so that many of them lie in columns (`compact`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.lots import Lot, LotKey
from chalicelib.domain.ledger.postings import PAID_IN
from chalicelib.domain.programme.document import REMEMBERED_MS

_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)


class Shortfall(NamedTuple):
    """
    So much of what a ``lot`` was given was taken back while it was away, ``at`` an instant.

    It went ``to`` a kind of ledger account.  The lot ``by`` stands in for it; where none does, it
    is owed, or was ``written_off``.
    """

    lot: LotKey
    amount: int
    at: Instant
    to: str
    by: Lot | None = None
    written_off: bool = False

    @property
    def is_owed(self) -> bool:
        """Tell whether nothing stands in for it, and it was not written off."""
        return self.by is None and not self.written_off

    @property
    def kept_until(self) -> Instant | None:
        """Return until when it is remembered, ``None`` for ever."""
        money = self.to == PAID_IN.kind or (self.by is not None and self.by.key.paid)
        if self.is_owed or money:
            return None
        ends = self.at if self.by is None else self.by.key.expires_at or self.at
        return max(ends, self.at) + REMEMBERED_MS


def counters_of(currency: str) -> str:
    """Return what the counters of shortfalls begin with, and what they are read under."""
    return f"{currency}/short/"


def name_of(short: Shortfall) -> str:
    """Return what names the counter of a shortfall: all of it but how much it is."""
    how = "written_off" if short.written_off else "owed" if short.by is None else "by"
    named = [how, short.to, str(short.at), *_lot_name(short.lot, 0), short.lot.expires_on or ""]
    day = ""
    if short.by is not None:
        key, day = short.by.key, short.by.key.expires_on or ""
        named += [str(short.by.since), _number(short.by.warn_at, _start(day))]
        named += _lot_name(key, _start(day))
    return f"{':'.join(named)}/{day}"


def _lot_name(key: LotKey, start: Instant) -> Iterator[str]:
    yield from (key.funder, str(key.rate), "paid" if key.paid else "")
    yield from (_number(key.first_expires_at, start), _number(key.expires_at, start))


def read(name: str, amount: int) -> Shortfall:
    """Return the shortfall of so much whose counter is named so."""
    named, _, day = name.rpartition("/")
    how, to, at, *lot = named.split(":")
    by = None
    if how == "by":
        since, warn_at, *key = lot[6:]
        start = _start(day)
        by = Lot(amount, _read_lot(key, day, start), _read_number(warn_at, start), int(since))
    away = _read_lot(lot[:5], lot[5], 0)
    return Shortfall(away, amount, int(at), to, by, how == "written_off")


def _read_lot(named: list[str], expires_on: str, start: Instant) -> LotKey:
    funder, rate, paid, first, expires = named
    return LotKey(
        _read_number(expires, start),
        expires_on or None,
        funder,
        int(rate),
        _read_number(first, start),
        paid == "paid",
    )


def _number(instant: Instant | None, start: Instant) -> str:
    return "" if instant is None else str(instant - start)


def _read_number(text: str, start: Instant) -> Instant | None:
    return int(text) + start if text else None


def _start(day: str) -> Instant:
    """Return when a day begins in UTC."""
    return (date.fromisoformat(day) - _EPOCH).days * _DAY_MS if day else 0
