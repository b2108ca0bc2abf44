"""
A quote: what a purchase comes to for one member, line by line, and what it would use.

It is made once and honoured until it expires: confirming it costs exactly what it says, or is
refused because something that it would use is gone.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from chalicelib.domain.account import Taken
from chalicelib.domain.activity import Activity
from chalicelib.domain.calendar import Instant


class Considered(Struct, frozen=True, omit_defaults=True):
    """
    One discount that was looked at: what it took off, or why nothing.

    ``source`` is `discount`, `entitlement` or `wallet`; ``id`` that of the document; ``percent``
    what it offers, where it is a percentage.
    """

    source: Literal["discount", "entitlement", "wallet"]
    id: str
    amount: int = 0
    percent: int | None = None
    reason: str = ""


class PricedLine(Struct, frozen=True, omit_defaults=True):
    """
    One line, or the units of one that are free: ``price`` before discounts, ``net`` after them.

    ``off`` are (source, id, amount), in the order in which they were taken off; ``counted`` is
    what of ``net`` counts as spend.
    """

    id: str
    quantity: int
    price: int
    net: int
    counted: int
    category: str = ""
    sku: str = ""
    off: tuple[tuple[str, str, int], ...] = ()


class Draw(Struct, frozen=True, omit_defaults=True):
    """
    What a wallet pays: ``amount`` of its currency, worth ``money`` minor units.

    ``taken`` are the very lots, where each has a rate of its own; else burn order decides.
    """

    currency: str
    amount: int
    money: int
    taken: tuple[Taken, ...] = ()


class Freed(Struct, frozen=True, array_like=True):
    """Units of an entitlement that make a line free."""

    line: str
    entitlement: str
    units: int


class Quote(Struct, frozen=True, omit_defaults=True):
    """
    The whole of it.

    ``activity`` is the fact that confirming records, with what counts as spend on its lines;
    ``redemptions`` those whose vouchers are used; ``due`` what is left to be paid in money.
    ``revision`` counts its changes.
    """

    id: str
    member: str
    programme: str
    version: int
    made_at: Instant
    expires_at: Instant
    activity: Activity
    lines: tuple[PricedLine, ...]
    considered: tuple[Considered, ...]
    price: int
    net: int
    due: int
    draws: tuple[Draw, ...] = ()
    freed: tuple[Freed, ...] = ()
    redemptions: tuple[str, ...] = ()
    state: Literal["open", "confirmed"] = "open"
    revision: int = 1
