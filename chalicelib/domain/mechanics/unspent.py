"""
What expired unspent: an account remembers it for a year, by the lots that it was of.

A refund does not take it back again, and it may come back (`reinstatement`).
"""

from __future__ import annotations

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.mechanics import value


def exempt(event: EventBuilder, currency: str, key: LotKey, amount: int) -> int:
    """
    Return how much of an amount of a lot expired unspent, which is not to be taken back again.

    What was spent before the lot expired is not among it.  A lot that activities let last longer
    has become one with others, and so has what came back and expired again: of it, what of them
    expired on the same day or later is.  Of a lot that ended more than a year ago nobody knows any
    more, so all of it is, but for money that was paid in.
    """
    if key.expires_at is None or not value.is_over(event, key):
        return 0
    if not key.paid and key.expires_at + value.UNSPENT_KEPT_MS < event.now:
        return amount
    found = 0
    for counter in _of_lot(event.account, currency, key):
        held = event.account.counters[counter]
        part = min(held.value, amount - found)
        found += part
        event.add(CounterChange(counter, -part, held.keep_until))
    return found


def _of_lot(account: Account, currency: str, key: LotKey) -> list[str]:
    """Return the counters of what may have been of a lot, its own first."""
    own = value.unspent_counter(currency, key)
    like_it = own.rpartition("/")[0]
    moved = [f"{like_it}:again/"]
    if currency in account.progress.get("inactivity", {}):
        moved.append(f"{like_it}/")
    later = [
        counter
        for counter in account.counters
        if counter.startswith(tuple(moved)) and _day(counter) > (key.expires_on or "")
    ]
    return [*filter(account.counter, [own]), *sorted(later, key=_day)]


def lots(account: Account, currency: str) -> list[LotKey]:
    """Return the lots of which something expired, and that have not come back before."""
    prefix = f"{currency}/unspent:"
    found = []
    for counter in account.counters:
        if counter.startswith(prefix) and ":again/" not in counter:
            of_it, _, expires_on = counter.removeprefix(prefix).rpartition("/")
            like, paid = of_it.removesuffix(":paid"), of_it.endswith(":paid")
            funder, _, rate = like.rpartition(":")
            found.append(LotKey(None, expires_on, funder, int(rate), paid=paid))
    return sorted(found, key=lambda key: (key.expires_on or "", key.funder, key.rate, key.paid))


def take(event: EventBuilder, currency: str, key: LotKey) -> int:
    """Forget what expired of a lot, since it comes back, and return how much that is."""
    counter = value.unspent_counter(currency, key)
    held = event.account.counters[counter]
    event.add(CounterChange(counter, -held.value, held.keep_until))
    return held.value


def is_limit(counter: str) -> bool:
    """Tell whether a counter is of what a member has used, not of what became of an account."""
    of_value = ("/unspent:", "/written_off/", "/unbacked/")
    return not any(each in counter for each in of_value)


def _day(counter: str) -> str:
    return counter.rpartition("/")[2]
