"""
What of a member's things that are counted and no value an event changes: stamps, free units.

Whatever changed them, all of it is found, since what the account has after the event is compared
with what it had before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from chalicelib.domain.decide import registry
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.document import Programme


class UnitsChanged(Struct, frozen=True):
    """How many units of one thing a member of a programme had, and has."""

    programme: str
    kind: str
    id: str
    before: int
    after: int


def units_changed(
    before: Account, after: Account, programmes: Iterable[Programme], now: Instant
) -> tuple[UnitsChanged, ...]:
    """Return what differs between an account before and after, in the order of the programmes."""
    return tuple(
        change for programme in programmes for change in _changed(before, after, programme, now)
    )


def _changed(
    before: Account, after: Account, programme: Programme, now: Instant
) -> Iterator[UnitsChanged]:
    had, has = _owned(before, programme, now), _owned(after, programme, now)
    for kind, name in had | has:
        was, now_is = had.get((kind, name), 0), has.get((kind, name), 0)
        if was != now_is:
            yield UnitsChanged(programme.id, kind, name, was, now_is)


def _owned(account: Account, programme: Programme, now: Instant) -> dict[tuple[str, str], int]:
    return {
        (each.kind, each.id): each.units
        for mechanic in registry.of_programme(programme)
        if mechanic.owned is not None
        for each in mechanic.owned(account, programme, now)
    }
