"""
What a purchase came to: line by line, each discount that was looked at, and what wallets paid.

A quote has it, and the journal keeps it of a quote that was bought, so that a statement can say
years later what was paid and why.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Considered(Struct, frozen=True, omit_defaults=True):
    """
    One discount that was looked at, or a voucher that was shown: what it took off, or why nothing.

    ``source`` says what ``id`` names in the document: a `discount`, an `entitlement`, a `wallet`,
    or the reward of a `voucher` that no discount takes.  ``percent`` is what is offered, where it
    is a percentage, ``redemption`` whose voucher it is for, ``missing`` what the bill lacks to the
    least one that it takes, and ``limited`` which limits made it less.
    """

    source: Literal["discount", "entitlement", "wallet", "voucher"]
    id: str
    amount: int = 0
    percent: int | None = None
    reason: str = ""
    redemption: str = ""
    missing: int = 0
    limited: str = ""


class PricedLine(Struct, frozen=True, omit_defaults=True):
    """
    One line, or the units of one that are free: ``price`` before discounts, ``net`` after them.

    ``off`` are (source, id, amount), in the order in which they were taken off; ``counted`` is
    what of ``net`` counts as spend.  ``covered`` is what somebody else pays of it besides.
    """

    id: str
    quantity: int
    price: int
    net: int
    counted: int
    category: str = ""
    sku: str = ""
    off: tuple[tuple[str, str, int], ...] = ()
    covered: int = 0


class Paid(Struct, frozen=True, array_like=True):
    """
    What a wallet paid: ``amount`` of its `programme/currency`, worth ``money`` minor units.

    Of a refund it is what came back to the wallet, ``expired`` of it at once.  ``money`` may be
    ahead of ``amount``: a unit comes back when all that it paid for has.
    """

    currency: str
    amount: int
    money: int
    expired: int = 0


class Reclaimed(Struct, frozen=True, array_like=True):
    """
    What a refund keeps back of a discount, since what is ``kept`` is less than it was for.

    ``min_bill`` is its least bill, where that is not reached; else it has other full sets.
    ``amount`` is below zero where an earlier refund kept it back and its lines have come back now,
    or where its full sets bring more.
    """

    discount: str
    min_bill: int | None
    kept: int
    amount: int


class Bill(Struct, frozen=True, omit_defaults=True):
    """
    A purchase as a version of a programme priced it, in minor units.

    ``price`` is before discounts, ``net`` after them, and ``due`` what wallets left to be paid;
    ``covered`` is what somebody else paid besides, of which nothing is in the price.
    ``service_on`` is the day by which discounts went.  Of a refund, the lines are what of each
    comes back, and ``net`` is theirs less what is ``reclaimed``.
    """

    programme: str
    version: int
    price: int
    net: int
    due: int
    lines: tuple[PricedLine, ...]
    considered: tuple[Considered, ...] = ()
    paid: tuple[Paid, ...] = ()
    service_on: str = ""
    reclaimed: tuple[Reclaimed, ...] = ()
    covered: int = 0
