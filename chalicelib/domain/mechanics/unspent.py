"""
What expired unspent: an account remembers it for a year, by the lots that it was of.

Of money that was paid in it remembers the sum for ever, so that it does not grow with its years:
of which lot it was nobody knows after the year, so whichever payment goes back first has it.  A
refund does not take it back again, and it may come back (`reinstatement`).
"""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.mechanics import value
from chalicelib.domain.programme.document import REMEMBERED_MS


def exempt(event: EventBuilder, currency: str, key: LotKey, amount: int) -> int:
    """
    Return how much of an amount of a lot expired unspent, which is not to be taken back again.

    What was spent before the lot expired is not among it.  A lot that activities let last longer
    has become one with others, and so has what came back and expired again: of it, what of them
    expired on the same day or later is.  Of a lot that ended more than a year ago nobody knows any
    more, so all of it is; of money that was paid in, as far as so much expired so long ago.
    """
    if key.expires_at is None or not value.is_over(event, key):
        return 0
    found = 0
    if key.expires_at + REMEMBERED_MS < event.now:
        if not key.paid:
            return amount
        found = min(_long_ago(event, currency, key), amount)
        _add_ever(event, currency, key, -found)
    for counter in _of_lot(event, currency, key):
        part = min(event.account.counter(counter), amount - found)
        found += part
        _take(event, currency, key, counter, part)
    return found


def _long_ago(event: EventBuilder, currency: str, key: LotKey) -> int:
    """Return what of lots like a paid one expired so long ago that nobody knows of which."""
    like_it = value.unspent_counter(currency, replace(key, prolonged=False)).rpartition("/")[0]
    since = sum(
        held.value
        for counter, held in event.account.counters.items()
        if counter.startswith((f"{like_it}/", f"{like_it}:again/"))
        and held.keep_until is not None
        and held.keep_until >= event.now
    )
    return event.account.counter(value.unspent_ever_counter(currency, key)) - since


def _take(event: EventBuilder, currency: str, key: LotKey, counter: str, amount: int) -> None:
    """Forget so much of what expired of a lot."""
    kept_until = event.account.counters[counter].keep_until
    event.add(CounterChange(counter, -amount, kept_until))
    if key.paid:
        _add_ever(event, currency, key, -amount)


def _add_ever(event: EventBuilder, currency: str, key: LotKey, amount: int) -> None:
    if amount:
        event.add(CounterChange(value.unspent_ever_counter(currency, key), amount))


def _of_lot(event: EventBuilder, currency: str, key: LotKey) -> list[str]:
    """Return the counters of what may have been of a lot, its own first."""
    account = event.account
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
    found = [*filter(account.counter, [own]), *sorted(later, key=_day)]
    return [each for each in found if (account.counters[each].keep_until or event.now) >= event.now]


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
    amount = event.account.counter(counter)
    _take(event, currency, key, counter, amount)
    return amount


def _day(counter: str) -> str:
    return counter.rpartition("/")[2]
