"""
Restoring: value that was away comes back, by a refund, a cancellation or the end of a hold.

There is one rule for all of them.  What a reversal could not take back while the value was away is
taken first, so the order of the two makes no value; the rest returns to its original expiry, or
lasts as long as the currency grants to what comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import Lot, LotKey, Taken
from chalicelib.domain.ledger.postings import AVAILABLE, PAID_IN, LedgerAccount
from chalicelib.domain.mechanics import expiry, unbacked, value
from chalicelib.domain.programme.document import REMEMBERED_MS


class _Missing(NamedTuple):
    """What was written off, where it goes if it comes back, and its counter, if it has one."""

    at: Instant
    kind: str
    amount: int
    counter: str | None = None


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
    """
    Let go what cannot be taken back because it is spent; if that comes back, it goes ``to``.

    An account remembers each for a year.  Of payments that went back it remembers the sum for ever,
    so that it does not grow with its years.
    """
    key = f"{_written_off(currency)}{event.now}/{to.kind}"
    event.add(CounterChange(key, amount, event.now + REMEMBERED_MS))
    if to == PAID_IN:
        # They are made good whenever that comes back which they paid for.
        event.add(CounterChange(_written_off_ever(currency), amount))


def _take_written_off(
    event: EventBuilder, currency: str, amount: int, taken_at: Instant, lot: LotKey
) -> int:
    """Take from what comes back what was written off while it was away; return how much."""
    taken = 0
    for each in list(_missing(event, currency, taken_at)):
        more = min(each.amount, amount - taken)
        if more <= 0:
            continue
        taken += more
        if each.counter is not None:
            keep_until = event.account.counters[each.counter].keep_until
            event.add(CounterChange(each.counter, -more, keep_until))
        event.post(AVAILABLE, LedgerAccount(each.kind).of(lot.funder), currency, more)
        if each.kind == PAID_IN.kind:
            event.add(CounterChange(_written_off_ever(currency), -more))
            if lot.paid:
                unbacked.settle(event, currency, more)
    return taken


def _missing(event: EventBuilder, currency: str, taken_at: Instant) -> Iterator[_Missing]:
    """Yield what was written off since an instant, first that of which only the sum is known."""
    known = list(_remembered(event, currency))
    if taken_at + REMEMBERED_MS <= event.now:
        since = sum(each.amount for each in known if each.kind == PAID_IN.kind)
        ever = event.account.counter(_written_off_ever(currency))
        yield _Missing(taken_at, PAID_IN.kind, ever - since)
    yield from (each for each in known if each.at >= taken_at)


def _remembered(event: EventBuilder, currency: str) -> Iterator[_Missing]:
    """Yield what was written off within a year."""
    prefix = _written_off(currency)
    for key, counter in event.account.counters.items():
        if key.startswith(prefix) and (counter.keep_until or event.now) > event.now:
            at, _, kind = key.removeprefix(prefix).partition("/")
            yield _Missing(int(at), kind, counter.value, key)


def _written_off(currency: str) -> str:
    return f"{currency}/written_off/"


def _written_off_ever(currency: str) -> str:
    return f"{currency}/written_off_ever"
