"""
Shortfalls: what of a lot was taken back while it was away, and what stands in for it meanwhile.

Value is away where it was spent or is set aside.  Where what its lot was given is taken back, other
lots stand in for it, or it is owed, or written off; what comes later and repays what is owed stands
in for it then.  What comes back of that lot, and was away by then, makes it good: what is owed
first, then what was written off, then the lots that stood in, those first that are spent last.
What comes and would be spent before a lot that stands in stands in for that lot.  So it makes no
difference whether value is taken back before it comes or after.

An account remembers by counters what stood in until a year after its end, and for a year what was
written off; what is owed, as long as it is.  Of money that was paid in it remembers all of that for
ever, but once it is older than a year only the sum for each lot, and for all lots that ended more
than a year ago, so that it does not grow with its years.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import Lot, LotKey, Taken, burn_order
from chalicelib.domain.ledger.postings import AVAILABLE, PAID_IN, LedgerAccount
from chalicelib.domain.mechanics import origins
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


def known(account: Account, currency: str, now: Instant) -> list[Shortfall]:
    """Return what of a currency is short, the oldest first."""
    prefix = f"{currency}/short/"
    found = [
        _read(key.removeprefix(prefix), counter.value)
        for key, counter in account.counters.items()
        if key.startswith(prefix) and (counter.keep_until or now) >= now
    ]
    return sorted(found, key=lambda each: (each.at, name_of(each)))


def add(event: EventBuilder, currency: str, shortfall: Shortfall) -> None:
    """Remember a shortfall."""
    _change(event, currency, shortfall, shortfall.amount)


def take(event: EventBuilder, currency: str, shortfall: Shortfall, amount: int) -> None:
    """Forget so much of a shortfall."""
    _change(event, currency, shortfall, -amount)


def stand_in(
    event: EventBuilder, currency: str, missing: Iterable[Shortfall], taken: Iterable[Taken]
) -> list[Shortfall]:
    """Let what was taken from lots stand in for what is missing, and return what still is."""
    parts = [Lot(part.amount, part.lot, part.warn_at, part.since) for part in taken]
    left = []
    for each in missing:
        short = each.amount
        while short and parts:
            part = parts.pop(0)
            more = min(part.amount, short)
            add(event, currency, each._replace(amount=more, by=part, written_off=False))
            short -= more
            if part.amount > more:
                parts.insert(0, replace(part, amount=part.amount - more))
        if short:
            left.append(each._replace(amount=short))
    return left


def repay(event: EventBuilder, currency: str, lot: Lot, amount: int) -> None:
    """
    Let what comes for a lot stand in for what is owed, of which it repays an amount.

    What is owed for its own lot comes first, and is made good by that.
    """
    sum_up(event, currency)
    owed = [each for each in known(event.account, currency, event.now) if each.is_owed]
    own = _family(event, currency, lot.key)
    for each in sorted(owed, key=lambda each: _family(event, currency, each.lot) != own):
        more = min(each.amount, amount)
        if not more:
            break
        amount -= more
        take(event, currency, each, more)
        if _family(event, currency, each.lot) != own:
            add(event, currency, each._replace(amount=more, by=lot))
            exchange(event, currency, each, more, each.lot.funder, lot.key.funder)


def relieve(event: EventBuilder, currency: str, lot: Lot) -> list[Lot]:
    """
    Let what comes for a lot stand in where another does that would be spent later.

    Return what does not any more.
    """
    left = lot.amount
    free = []
    own = _family(event, currency, lot.key)
    for each in sorted(known(event.account, currency, event.now), key=_spent, reverse=True):
        by, more = each.by, min(each.amount, left)
        if by is None or not more or burn_order(by) <= burn_order(lot):
            break
        if _is_over(event, currency, by.key):
            continue
        left -= more
        take(event, currency, each, more)
        if _family(event, currency, each.lot) != own:
            add(event, currency, each._replace(amount=more, by=lot))
        exchange(event, currency, each, more, by.key.funder, lot.key.funder)
        free.append(replace(by, amount=more))
    return free


def _spent(short: Shortfall) -> tuple[Any, ...]:
    """Return when what stands in would be spent; where nothing does comes before all that."""
    return () if short.by is None else burn_order(short.by)


def _is_over(event: EventBuilder, currency: str, key: LotKey, since: int = 0) -> bool:
    """Tell whether a lot has ended, so many milliseconds ago at least."""
    end = key.expires_at
    if end is None:
        return False
    return origins.lasted_until(event.account, currency, end) + since <= event.now


def take_written_off(event: EventBuilder, currency: str, lot: Lot, away_since: Instant) -> int:
    """Let what comes back of a lot stand in for what was written off while it was away."""
    left = lot.amount
    own = _family(event, currency, lot.key)
    for each in known(event.account, currency, event.now):
        more = min(each.amount, left)
        if more and each.written_off and _was_away(event, each, away_since):
            left -= more
            take(event, currency, each, more)
            if _family(event, currency, each.lot) != own:
                stand_in = each._replace(amount=more, by=lot, written_off=False)
                add(event, currency, stand_in)
            to = LedgerAccount(each.to).of(lot.key.funder)
            event.post(AVAILABLE, to, currency, more)
    return lot.amount - left


def _was_away(event: EventBuilder, short: Shortfall, since: Instant) -> bool:
    """Tell whether what is away since an instant was when something was short."""
    # Of what is older than a year only the sum is known.
    return short.at >= since or since + REMEMBERED_MS <= event.now


def made_good(
    event: EventBuilder, currency: str, key: LotKey, amount: int, taken_at: Instant
) -> list[Shortfall]:
    """
    Forget what an amount that comes back of a lot makes good, and return that.

    It was away since it was taken: what was short before that is not of it, as far as anybody
    knows of what is older than a year.
    """
    own = _family(event, currency, key)
    short = [
        each
        for each in known(event.account, currency, event.now)
        if _was_away(event, each, taken_at) and _family(event, currency, each.lot) == own
    ]
    found = []
    short.sort(key=_spent, reverse=True)
    for each in sorted(short, key=lambda each: (each.by is not None, each.written_off)):
        more = min(each.amount, amount)
        if more:
            amount -= more
            take(event, currency, each, more)
            found.append(each._replace(amount=more))
    return found


def exchange(
    event: EventBuilder, currency: str, shortfall: Shortfall, amount: int, source: str, to: str
) -> None:
    """Post what was taken back of one funder's value as another's instead."""
    if source != to:
        place = LedgerAccount(shortfall.to)
        event.post(place.of(source), place.of(to), currency, amount)


def _family(event: EventBuilder, currency: str, key: LotKey) -> origins.Family:
    return origins.family(event.account, currency, key, event.now)


def sum_up(event: EventBuilder, currency: str) -> None:
    """Make one of what is alike, is kept for ever and is older than a year."""
    sums: dict[tuple[object, ...], Shortfall] = {}
    for each in known(event.account, currency, event.now):
        if each.kept_until is not None or each.at + REMEMBERED_MS > event.now:
            continue
        by: LotKey | None = None if each.by is None else each.by.key
        if by is not None and _is_over(event, currency, by, REMEMBERED_MS):
            # What comes back for it expires, as of all lots that ended so long ago.
            by = replace(by, expires_at=0, expires_on=None, first_expires_at=None)
        alike = (_family(event, currency, each.lot), each.to, by, each.written_off)
        before = sums.get(alike)
        if before is not None:
            take(event, currency, each, each.amount)
            take(event, currency, before, before.amount)
            whole = each._replace(amount=before.amount + each.amount)
            add(event, currency, whole)
            sums[alike] = whole
        else:
            sums[alike] = each


def _change(event: EventBuilder, currency: str, shortfall: Shortfall, amount: int) -> None:
    key = f"{currency}/short/{name_of(shortfall)}"
    event.add(CounterChange(key, amount, shortfall.kept_until))


def name_of(short: Shortfall) -> str:
    """
    Return what names the counter of a shortfall: all of it but how much it is.

    The day on which the lot that stands in ends is the last of it, and of its instants only how
    far they are from that, so that many of them lie in columns (`compact`).
    """
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


def _read(name: str, amount: int) -> Shortfall:
    """Return the shortfall of which a counter was named so."""
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
