"""
Last days: through which local day value lasts at least, since its member was active.

Activities of a currency that lasts by them make spells: one begins with a day of activity, and ends
when value has lasted as long after the last one in it as that lets it.  What would end within a
spell, on the day with which it begins or later, lasts through its last day instead, whenever it
comes; what had ended before is not brought on by it.  Nothing shortens a spell, and two that meet,
since what happened between them is told late, become one.

The spell that ended last is on record, also when it is over (`LAST_DAYS`); of the others an account
remembers for a year how long each of them was.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.lots import Lot
from chalicelib.domain.programme.document import REMEMBERED_MS


class LastDay(Struct, frozen=True, omit_defaults=True):
    """
    The local day, the instant after it, and when that it comes is announced.

    ``since`` is when the day began that was the first of the spell.
    """

    expires_on: str
    expires_at: Instant
    warn_at: Instant | None = None
    since: Instant = 0


#: By `programme/currency`; named after the mechanic that moves them on.
LAST_DAYS: Final = ProgressStore("inactivity", LastDay)


def spells(event: EventBuilder, currency: str) -> Sequence[LastDay]:
    """Return the spells of a currency by their beginnings; the same object until they change."""
    key = _spell_counters(currency)
    read: list[LastDay] | None = event.readings.get(key)
    if read is None:
        held = LAST_DAYS.get(event.account, currency)
        read = [*_gone(event.account, currency), *([] if held is None else [held])]
        read.sort(key=_since)
        event.readings[key] = read
    return read


def _since(spell: LastDay) -> Instant:
    return spell.since


def lasting(event: EventBuilder, currency: str, lot: Lot) -> Lot:
    """Return a lot as it lasts: through the last day of the spell in which it would end."""
    spell = _spell_of(spells(event, currency), lot.key.expires_at)
    return lot if spell is None else prolonged(lot, spell)


def lasted_until(of: Sequence[LastDay], end: Instant) -> Instant:
    """Return when value is gone that was to be gone at an instant, by the spells of a currency."""
    spell = _spell_of(of, end)
    return end if spell is None else spell.expires_at


def _spell_of(of: Sequence[LastDay], end: Instant | None) -> LastDay | None:
    """Return the spell in which what is gone at an instant would end: no two overlap."""
    if end is None:
        return None
    begun = bisect_left(of, end, key=_since)
    return of[begun - 1] if begun and ends_in(end, of[begun - 1]) else None


def ends_in(end: Instant | None, spell: LastDay) -> bool:
    """Tell whether what is gone at an instant would end within a spell, before its last day."""
    return end is not None and spell.since < end < spell.expires_at


def prolonged(lot: Lot, spell: LastDay) -> Lot:
    """Return a lot that lasts through the last day of a spell."""
    key = replace(lot.key, expires_at=spell.expires_at, expires_on=spell.expires_on)
    return Lot(lot.amount, key, spell.warn_at, lot.since)


def next_spell(event: EventBuilder, currency: str, after: Instant) -> Instant | None:
    """Return when the first spell began after value was gone at an instant."""
    of = spells(event, currency)
    begun = bisect_left(of, after, key=_since)
    return of[begun].since if begun < len(of) else None


def join(event: EventBuilder, currency: str, spell: LastDay) -> None:
    """Let a day of activity, as a spell of its own, join those that it meets."""
    held = LAST_DAYS.get(event.account, currency)
    joined = spell
    for gone in list(_gone(event.account, currency)):
        if _meet(gone, spell):
            joined = _joined(joined, gone)
            _count(event, currency, gone, -1)
    event.readings.pop(_spell_counters(currency), None)
    if held is not None and _meet(held, spell):
        LAST_DAYS.put(event, currency, _joined(joined, held))
    elif joined.expires_at <= event.now:
        _count(event, currency, joined, 1)
    else:
        if held is not None:
            _count(event, currency, held, 1)
        LAST_DAYS.put(event, currency, joined)


def _meet(one: LastDay, other: LastDay) -> bool:
    return one.since < other.expires_at and other.since < one.expires_at


def _joined(one: LastDay, other: LastDay) -> LastDay:
    # Of two that end together the one that is held already says when that is announced.
    longer = one if one.expires_at > other.expires_at else other
    return replace(longer, since=min(one.since, other.since))


def _gone(account: Account, currency: str) -> Iterator[LastDay]:
    """Yield the spells that are remembered beside the one on record."""
    prefix = _spell_counters(currency)
    for key, counter in account.counters.items():
        if key.startswith(prefix) and counter.keep_until is not None:
            end = counter.keep_until - REMEMBERED_MS
            yield LastDay(key.removeprefix(prefix), end, since=end - counter.value)


def _count(event: EventBuilder, currency: str, spell: LastDay, sign: int) -> None:
    """Remember a spell for a year after its end, or forget it."""
    end = spell.expires_at
    key = f"{_spell_counters(currency)}{spell.expires_on}"
    event.add(CounterChange(key, sign * (end - spell.since), end + REMEMBERED_MS))


def _spell_counters(currency: str) -> str:
    """Return what the counters of spells begin with, and what they are read under."""
    return f"{currency}/active/"
