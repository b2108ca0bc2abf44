"""
What expired unspent: an account remembers it for a year, by the lots that it was of.

Of money that was paid in it remembers the sum for ever, so that it does not grow with its years:
of which lot it was nobody knows after the year, so whichever payment goes back first has it.  A
refund does not take it back again, and it may come back (`reinstatement`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.mechanics import value
from chalicelib.domain.programme.document import REMEMBERED_MS


class Unspent(NamedTuple):
    """So much of a lot that expired unspent, and the counter that remembers it."""

    lot: LotKey
    amount: int
    counter: str


def by_end(account: Account, currency: str, now: Instant) -> list[Unspent]:
    """Return what is known to have expired of which lot, by when that ended."""
    known = _remembered(account, currency, now)
    return sorted(known, key=lambda each: (each.lot.expires_at or 0, each.counter))


def _remembered(account: Account, currency: str, now: Instant) -> Iterator[Unspent]:
    prefix = f"{currency}/unspent:"
    for counter, held in account.counters.items():
        if counter.startswith(prefix) and held.keep_until is not None and held.keep_until >= now:
            lot = _lot_of(counter.removeprefix(prefix), held.keep_until - REMEMBERED_MS)
            yield Unspent(lot, held.value, counter)


def _lot_of(named: str, expires_at: Instant) -> LotKey:
    """Return the lot that a counter names (`value.unspent_counter`)."""
    of_it, _, expires_on = named.rpartition("/")
    funder, rate, *more = of_it.split(":")
    first = int(more[-1]) if "again" in more else None
    return LotKey(expires_at, expires_on, funder, int(rate), first, "paid" in more)


def take(event: EventBuilder, currency: str, unspent: Unspent, amount: int) -> None:
    """Forget so much of what expired of a lot: it comes back, or was taken back."""
    kept_until = event.account.counters[unspent.counter].keep_until
    event.add(CounterChange(unspent.counter, -amount, kept_until))
    if unspent.lot.paid:
        _take_ever(event, currency, unspent.lot, amount)


def take_long_ago(event: EventBuilder, currency: str, key: LotKey, amount: int) -> int:
    """
    Return how much of an amount of a lot that ended more than a year ago expired unspent.

    Nobody knows of which lot that was any more, so all of it is; of money that was paid in, as far
    as so much of lots like it expired so long ago, which is forgotten.
    """
    if not key.paid:
        return amount
    known = sum(
        each.amount
        for each in _remembered(event.account, currency, event.now)
        if (each.lot.funder, each.lot.rate, each.lot.paid) == (key.funder, key.rate, True)
    )
    ever = event.account.counter(value.unspent_ever_counter(currency, key))
    found = min(ever - known, amount)
    _take_ever(event, currency, key, found)
    return found


def _take_ever(event: EventBuilder, currency: str, key: LotKey, amount: int) -> None:
    if amount:
        event.add(CounterChange(value.unspent_ever_counter(currency, key), -amount))
