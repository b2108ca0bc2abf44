"""Member prices: a price of a unit for some members, also where an insurer pays a part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics import statuses
from chalicelib.domain.mechanics.discount_terms import MemberPrices
from chalicelib.domain.programme.document import Programme


def entitled(
    account: Account, programme: Programme, terms: MemberPrices, day: date, tier: str
) -> bool:
    """Tell whether a member who holds a tier on the day of service has these prices then."""
    if not terms.tiers and not terms.statuses:
        return True
    return tier in terms.tiers or any(
        statuses.holds_on(account, programme, status, day) for status in terms.statuses
    )


def lower(
    terms: MemberPrices, chosen: Sequence[Line], shares: Mapping[str, int]
) -> tuple[dict[str, int | None], dict[str, int]]:
    """
    Return what the prices take off the member's part of lines, and what is covered beyond them.

    A price is of the whole line: its share that is covered is paid of it first, as far as it goes.
    """
    off: dict[str, int | None] = {}
    beyond: dict[str, int] = {}
    for line in chosen:
        unit = terms.prices.get(line.sku)
        if unit is None:
            continue
        price, share = unit * line.quantity, shares.get(line.id, 0)
        if line.amount > 0 and line.amount + share > price:
            off[line.id] = min(line.amount, line.amount + share - price)
        if share > price:
            beyond[line.id] = share - price
    return off, beyond
