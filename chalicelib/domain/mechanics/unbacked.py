"""
Money that nobody paid in any more: its payment went back, and other value made that good.

Where a chargeback takes a gift, or a gift repays what it left owing, the money that had been topped
up is away: it paid for a purchase, or is held.  Once it comes back it is the gift's, and can be
spent but not refunded.  An account counts how much of it is away, by currency; money that is paid
in and makes the chargeback good instead lowers that.
"""

from __future__ import annotations

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import CounterChange


def paid_in(account: Account, currency: str) -> int:
    """Return how much of what an account holds was paid in, and can be refunded."""
    return sum(lot.amount for lot in account.balance(currency).lots if lot.key.paid)


def lose(event: EventBuilder, currency: str, amount: int) -> None:
    """Count money that went back, as far as it was not taken from what was paid in."""
    if amount > 0:
        event.add(CounterChange(counter_of(currency), amount))


def settle(event: EventBuilder, currency: str, amount: int) -> int:
    """Count so much less, as far as it is counted, and return how much that is."""
    known = min(event.account.counter(counter_of(currency)), amount)
    if known:
        event.add(CounterChange(counter_of(currency), -known))
    return known


def counter_of(currency: str) -> str:
    """Return the counter of a currency."""
    return f"{currency}/unbacked/away"
