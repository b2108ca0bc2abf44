"""
Restoring: value that was away comes back, by a refund, a cancellation or the end of a hold.

There is one rule for all of them.  What a reversal could not take back while the value was away is
taken first, so the order of the two makes no value; the rest returns to its original expiry, or
lasts as long as the currency grants to what comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import Lot, LotKey, Taken
from chalicelib.domain.ledger.postings import AVAILABLE, PAID_IN, LedgerAccount
from chalicelib.domain.mechanics import expiry, unbacked, value

# How long a write-off waits for what was spent to come back.
_WRITTEN_OFF_KEPT_MS: Final = 366 * 86_400_000


def restore(
    event: EventBuilder,
    currency: str,
    taken: Iterable[Taken],
    *,
    source: LedgerAccount,
    taken_at: Instant,
) -> int:
    """
    Put value back that was taken at ``taken_at``, and return how much of it expired at once.

    That is value whose last day has passed, where its currency grants no least life.
    """
    shortest = expiry.least_life(event.programmes, currency, event.now)
    lost = 0
    for part in taken:
        back = value.as_it_lasts(
            event, currency, Lot(part.amount, part.lot, part.warn_at, part.since)
        )
        key, warn_at = back.key, back.warn_at
        if (
            key.expires_at is not None
            and shortest.expires_at is not None
            and key.expires_at < shortest.expires_at
            and not key.prolonged
        ):
            # Once: otherwise what is spent and comes back again and again would last for ever.
            key = shortest.lot(replace(key, prolonged=True))
            warn_at = shortest.warn_at
        event.post(source.of(key.funder), AVAILABLE, currency, part.amount)
        left = part.amount - value.repay_deficit(event, currency, part.amount, key)
        left -= _take_written_off(event, currency, left, taken_at, key)
        for amount, of in _by_payment(event, currency, left, key):
            if value.is_over(event, of):
                value.expire_at_once(event, currency, of, amount)
                lost += amount
            else:
                value.add_to_lot(event, currency, Lot(amount, of, warn_at, part.since))
    return lost


def _by_payment(
    event: EventBuilder, currency: str, amount: int, key: LotKey
) -> Iterator[tuple[int, LotKey]]:
    """Yield what comes back of a lot, apart what is not paid for any more (`unbacked`)."""
    if key.paid:
        lost = unbacked.settle(event, currency, amount)
        yield lost, replace(key, paid=False)
        amount -= lost
    yield amount, key


def last_taken(taken: tuple[Taken, ...], back: int, amount: int) -> Iterator[Taken]:
    """Yield what comes back of what was taken, the last first, where ``back`` did before."""
    for part in reversed(taken):
        gone = min(part.amount, back)
        comes = min(part.amount - gone, amount)
        back, amount = back - gone, amount - comes
        if comes:
            yield replace(part, amount=comes)


def write_off(event: EventBuilder, currency: str, amount: int, *, to: LedgerAccount) -> None:
    """Let go what cannot be taken back because it is spent; if that comes back, it goes ``to``."""
    # A payment that went back is made good whenever that comes back which it paid for.
    kept_until = None if to == PAID_IN else event.now + _WRITTEN_OFF_KEPT_MS
    event.add(CounterChange(f"{_written_off(currency)}{event.now}/{to.kind}", amount, kept_until))


def _take_written_off(
    event: EventBuilder, currency: str, amount: int, taken_at: Instant, lot: LotKey
) -> int:
    """Take from what comes back what was written off while it was away; return how much."""
    prefix = _written_off(currency)
    taken = 0
    for key, counter in list(event.account.counters.items()):
        over = counter.keep_until is not None and counter.keep_until <= event.now
        if taken == amount or over or not key.startswith(prefix):
            continue
        at, _, kind = key.removeprefix(prefix).partition("/")
        if int(at) >= taken_at:
            more = min(counter.value, amount - taken)
            taken += more
            event.add(CounterChange(key, -more, counter.keep_until))
            event.post(AVAILABLE, LedgerAccount(kind).of(lot.funder), currency, more)
            if lot.paid and kind == PAID_IN.kind:
                unbacked.settle(event, currency, more)
    return taken


def _written_off(currency: str) -> str:
    return f"{currency}/written_off/"
