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

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import Lot, LotKey, Taken, burn_order
from chalicelib.domain.ledger.postings import AVAILABLE, LedgerAccount
from chalicelib.domain.mechanics import origins
from chalicelib.domain.mechanics.shortfall_names import Shortfall, counters_of, name_of, read
from chalicelib.domain.programme.document import REMEMBERED_MS


def known(account: Account, currency: str, now: Instant) -> list[Shortfall]:
    """Return what of a currency is short, the oldest first."""
    prefix = counters_of(currency)
    found = [
        read(key.removeprefix(prefix), counter.value)
        for key, counter in account.counters.items()
        if key.startswith(prefix) and (counter.keep_until or now) >= now
    ]
    return sorted(found, key=_oldest_first)


def of(event: EventBuilder, currency: str) -> Shortfalls:
    """Return what of a currency is short, as the event leaves it so far."""
    key = counters_of(currency)
    found = event.readings.get(key)
    if not isinstance(found, Shortfalls):
        event.readings[key] = found = Shortfalls(event, currency)
    return found


class Shortfalls:
    """
    What of a currency is short, read once for an event and kept up to date with it.

    There may be one for each day of a year, and each lot that moves is compared with them.
    """

    def __init__(self, event: EventBuilder, currency: str) -> None:
        self._event = event
        self._currency = currency
        self._prefix = counters_of(currency)
        self._held: dict[str, Shortfall] = {}
        self._owed: list[tuple[Any, ...]] = []
        self._written_off: list[tuple[Any, ...]] = []
        # What stands in, first what is spent first; of a lot the last that it came to stand in for.
        self._standing: list[tuple[Any, ...]] = []
        self._families: dict[origins.Family, dict[str, None]] = {}
        self._spells = origins.spells(event, currency)
        self._summed_up = False
        for each in known(event.account, currency, event.now):
            self._keep(name_of(each), each)

    def __bool__(self) -> bool:
        """Tell whether anything is short."""
        return bool(self._held)

    def standing_in(self) -> list[Shortfall]:
        """Return that for which another lot stands in, the oldest first."""
        found = [each for each in self._held.values() if each.by is not None]
        return sorted(found, key=_oldest_first)

    def add(self, short: Shortfall) -> None:
        """Remember a shortfall."""
        self._change(short, short.amount)

    def take(self, short: Shortfall, amount: int) -> None:
        """Forget so much of a shortfall."""
        self._change(short, -amount)

    def stand_in(self, missing: Iterable[Shortfall], taken: Iterable[Taken]) -> list[Shortfall]:
        """Let what was taken from lots stand in for what is missing, and return what still is."""
        parts = [Lot(part.amount, part.lot, part.warn_at, part.since) for part in taken]
        parts.reverse()
        left = []
        for each in missing:
            short = each.amount
            while short and parts:
                part = parts.pop()
                more = min(part.amount, short)
                self.add(each._replace(amount=more, by=part, written_off=False))
                short -= more
                if part.amount > more:
                    parts.append(replace(part, amount=part.amount - more))
            if short:
                left.append(each._replace(amount=short))
        return left

    def repay(self, lot: Lot, amount: int) -> None:
        """
        Let what comes for a lot stand in for what is owed, of which it repays an amount.

        What is owed for its own lot comes first, and is made good by that.
        """
        self.sum_up()
        own = self._family(lot.key)
        for each in [each for each in self._of(own) if each.is_owed]:
            if not amount:
                break
            more = min(each.amount, amount)
            amount -= more
            self.take(each, more)
        for _, name in list(self._owed):
            if not amount:
                break
            # What is owed for its own lot is gone by now, or nothing is left of the amount.
            each = self._held[name]
            more = min(each.amount, amount)
            amount -= more
            self.take(each, more)
            self.add(each._replace(amount=more, by=lot))
            self.exchange(each, more, each.lot.funder, lot.key.funder)

    def relieve(self, lot: Lot) -> list[Lot]:
        """
        Let what comes for a lot stand in where another does that would be spent later.

        Return what does not any more.
        """
        left = lot.amount
        free = []
        own = self._family(lot.key)
        later = bisect_left(self._standing, (burn_order(lot), 1))
        for *_, name in reversed(self._standing[later:]):
            each = self._held[name]
            by, more = each.by, min(each.amount, left)
            if by is None or not more:
                break
            if self._is_over(by.key):
                continue
            left -= more
            self.take(each, more)
            if self._family(each.lot) != own:
                self.add(each._replace(amount=more, by=lot))
            self.exchange(each, more, by.key.funder, lot.key.funder)
            free.append(replace(by, amount=more))
        return free

    def take_written_off(self, lot: Lot, away_since: Instant) -> int:
        """Let what comes back of a lot stand in for what was written off while it was away."""
        left = lot.amount
        own = self._family(lot.key)
        # Of what is older than a year only the sum is known.
        since = 0 if self._is_old(away_since) else away_since
        for _, name in self._written_off[bisect_left(self._written_off, (since, "")) :]:
            each = self._held[name]
            more = min(each.amount, left)
            if not more:
                break
            left -= more
            self.take(each, more)
            if self._family(each.lot) != own:
                self.add(each._replace(amount=more, by=lot, written_off=False))
            to = LedgerAccount(each.to).of(lot.key.funder)
            self._event.post(AVAILABLE, to, self._currency, more)
        return lot.amount - left

    def make_good(self, key: LotKey, amount: int, taken_at: Instant) -> list[Shortfall]:
        """
        Forget what an amount that comes back of a lot makes good, and return that.

        It was away since it was taken: what was short before that is not of it, as far as anybody
        knows of what is older than a year.
        """
        since = 0 if self._is_old(taken_at) else taken_at
        short = [each for each in self._of(self._family(key)) if each.at >= since]
        short.sort(key=_spent, reverse=True)
        found = []
        for each in sorted(short, key=lambda each: (each.by is not None, each.written_off)):
            more = min(each.amount, amount)
            if more:
                amount -= more
                self.take(each, more)
                found.append(each._replace(amount=more))
        return found

    def exchange(self, short: Shortfall, amount: int, source: str, to: str) -> None:
        """Post what was taken back of one funder's value as another's instead."""
        if source != to:
            place = LedgerAccount(short.to)
            self._event.post(place.of(source), place.of(to), self._currency, amount)

    def sum_up(self) -> None:
        """Make one of what is alike, is kept for ever and is older than a year; once an event."""
        if self._summed_up:
            return
        self._summed_up = True
        sums: dict[tuple[object, ...], Shortfall] = {}
        for each in sorted(self._held.values(), key=_oldest_first):
            if each.kept_until is not None or not self._is_old(each.at):
                continue
            by: LotKey | None = None if each.by is None else each.by.key
            if by is not None and self._is_over(by, REMEMBERED_MS):
                # What comes back for it expires, as of all lots that ended so long ago.
                by = replace(by, expires_at=0, expires_on=None, first_expires_at=None)
            alike = (self._family(each.lot), each.to, by, each.written_off)
            before = sums.get(alike)
            sums[alike] = each if before is None else self._sum(before, each)

    def _sum(self, before: Shortfall, short: Shortfall) -> Shortfall:
        self.take(short, short.amount)
        self.take(before, before.amount)
        whole = short._replace(amount=before.amount + short.amount)
        self.add(whole)
        return whole

    def _is_old(self, instant: Instant) -> bool:
        return instant + REMEMBERED_MS <= self._event.now

    def _is_over(self, key: LotKey, since: int = 0) -> bool:
        """Tell whether a lot has ended, so many milliseconds ago at least."""
        end = key.expires_at
        if end is None:
            return False
        return origins.lasted_until(self._event, self._currency, end) + since <= self._event.now

    def _family(self, key: LotKey) -> origins.Family:
        return origins.family(self._event, self._currency, key)

    def _of(self, family: origins.Family) -> list[Shortfall]:
        """Return what is short of a family of lots, the oldest first."""
        found = [self._held[name] for name in self._by_family().get(family, ())]
        return sorted(found, key=_oldest_first)

    def _change(self, short: Shortfall, amount: int) -> None:
        name = name_of(short)
        self._event.add(CounterChange(f"{self._prefix}{name}", amount, short.kept_until))
        held = self._held.get(name)
        left = amount if held is None else held.amount + amount
        now = short._replace(amount=left, by=short.by and replace(short.by, amount=left))
        if held is None:
            self._keep(name, now)
        elif left:
            self._held[name] = now
        else:
            self._drop(name, held)

    def _keep(self, name: str, short: Shortfall) -> None:
        families = self._by_family()
        self._held[name] = short
        families.setdefault(self._family(short.lot), {})[name] = None
        place, of_its_kind = self._place(name, short)
        insort(of_its_kind, place)

    def _drop(self, name: str, short: Shortfall) -> None:
        families = self._by_family()
        del self._held[name]
        del families[self._family(short.lot)][name]
        place, of_its_kind = self._place(name, short)
        del of_its_kind[bisect_left(of_its_kind, place)]

    def _place(self, name: str, short: Shortfall) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        """Return the place of a shortfall among those of its kind, and them."""
        if short.by is not None:
            return (burn_order(short.by), -short.at, name), self._standing
        return (short.at, name), self._written_off if short.written_off else self._owed

    def _by_family(self) -> dict[origins.Family, dict[str, None]]:
        spells = origins.spells(self._event, self._currency)
        if spells is not self._spells:
            # An activity has let several lots become one.
            self._spells, self._families = spells, {}
            for name, each in self._held.items():
                self._families.setdefault(self._family(each.lot), {})[name] = None
        return self._families


def _oldest_first(short: Shortfall) -> tuple[Instant, str]:
    return short.at, name_of(short)


def _spent(short: Shortfall) -> tuple[Any, ...]:
    """Return when what stands in would be spent; where nothing does comes before all that."""
    return () if short.by is None else burn_order(short.by)
