"""What follows where something is taken back, as it is shown."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.mechanics.units_changed import UnitsChanged


class TakenBackView(Struct, frozen=True):
    """
    What was taken back of a currency, and from where.

    Of ``amount``, ``deficit`` was spent and is now owed, ``pending`` was not usable yet, and the
    rest comes out of the balance.  Beside it, ``written_off`` was spent and is not owed, and
    ``expired`` had expired unspent.
    """

    programme: str
    currency: str
    amount: int
    deficit: int
    written_off: int
    pending: int
    expired: int


class UnitsChangedView(Struct, frozen=True):
    """
    What else of the member's changed, from ``before`` to ``after``.

    ``kind`` is `stamps` on a running card, `full_cards`, `entitlement_units` or `privileges`, which
    are entitlements without limit, 1 while they are held; ``id`` is that of the card or the
    entitlement.
    """

    programme: str
    kind: str
    id: str
    before: int
    after: int


def taken_back(returned: Iterable[Returned]) -> list[TakenBackView]:
    """Return what was taken back of each currency."""
    found = []
    for each in returned:
        programme, _, currency = each.currency.partition("/")
        parts = (each.amount, each.deficit, each.written_off, each.pending, each.expired)
        found.append(TakenBackView(programme, currency, *parts))
    return found


def units_changed(changed: Iterable[UnitsChanged]) -> list[UnitsChangedView]:
    """Return what changed of what is counted and no value."""
    return [
        UnitsChangedView(each.programme, each.kind, each.id, each.before, each.after)
        for each in changed
    ]
