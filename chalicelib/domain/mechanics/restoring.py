"""
Restoring: value that was away comes back, by a refund, a cancellation or the end of a hold.

There is one rule for all of them.  What was taken back of it while it was away is made good first
(`shortfalls`), so the order of the two makes no value; the rest returns to its original expiry, or
lasts as long as the currency grants to what comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import DeficitChange
from chalicelib.domain.ledger.lots import Lot, Taken
from chalicelib.domain.ledger.postings import AVAILABLE, LedgerAccount
from chalicelib.domain.mechanics import expiry, value


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
        event.post(source.of(part.lot.funder), AVAILABLE, currency, part.amount)
        made_good, expired = _make_good(event, currency, part, taken_at)
        back = value.as_it_lasts(
            event, currency, Lot(part.amount - made_good, part.lot, part.warn_at, part.since)
        )
        key = back.key
        if (
            key.expires_at is not None
            and shortest.expires_at is not None
            and key.expires_at < shortest.expires_at
            and not key.prolonged
        ):
            # Once: otherwise what is spent and comes back again and again would last for ever.
            key = shortest.lot(replace(key, first_expires_at=key.expires_at))
            back = Lot(back.amount, key, shortest.warn_at, back.since)
        lost += expired + _put(event, currency, back, taken_at)
    return lost


def _make_good(
    event: EventBuilder, currency: str, part: Taken, taken_at: Instant
) -> tuple[int, int]:
    """
    Make good what was taken back of a lot while it was away, and return how much that takes.

    The other number is how much of it expired at once, since what stood in for it has ended.
    """
    if not value.is_short(event, currency):
        return 0, 0
    # Few members have any.
    from chalicelib.domain.mechanics import shortfalls

    made_good = expired = 0
    held = shortfalls.of(event, currency)
    for short in held.make_good(part.lot, part.amount, taken_at):
        made_good += short.amount
        if short.by is not None:
            funder = short.by.key.funder
            held.exchange(short, short.amount, funder, part.lot.funder)
            expired += _put(event, currency, replace(short.by, amount=short.amount), short.at)
        elif short.written_off:
            to = LedgerAccount(short.to).of(part.lot.funder)
            event.post(AVAILABLE, to, currency, short.amount)
        else:
            event.add(DeficitChange(currency, -short.amount))
    return made_good, expired


def _put(event: EventBuilder, currency: str, lot: Lot, away_since: Instant) -> int:
    """Add what comes back to its lot, as far as nothing else was short of it meanwhile."""
    lot = value.as_it_lasts(event, currency, lot)
    if lot.amount and value.is_short(event, currency) and not value.is_over(event, lot.key):
        from chalicelib.domain.mechanics import shortfalls

        taken = shortfalls.of(event, currency).take_written_off(lot, away_since)
        lot = replace(lot, amount=lot.amount - taken)
    return value.put(event, currency, lot)


def last_taken(taken: tuple[Taken, ...], back: int, amount: int) -> Iterator[Taken]:
    """Yield what comes back of what was taken, the last first, where ``back`` did before."""
    for part in reversed(taken):
        gone = min(part.amount, back)
        comes = min(part.amount - gone, amount)
        back, amount = back - gone, amount - comes
        if comes:
            yield replace(part, amount=comes)
