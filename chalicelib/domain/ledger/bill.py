"""
What a purchase came to: line by line, each discount that was looked at, and what wallets paid.

A quote has it, and the journal keeps it of a quote that was bought, so that a statement can say
years later what was paid and why.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

#: Why something takes nothing off a bill, or pays nothing of it.
Reason = Literal[
    "already_free",
    "below_min_bill",
    "comes_to_nothing",
    "excluded",
    "for_others",
    "goods_only",
    "held_until",
    "household_not_spent",
    "household_too_small",
    "limit_reached",
    "no_household",
    "no_lower_price",
    "no_status",
    "none_left",
    "not_at_location",
    "not_entitled",
    "not_in_scope",
    "not_on_day",
    "not_spent",
    "not_spent_in_window",
    "nothing_due",
    "other_programme",
    "others_gave_more",
    "policy_forbids",
    "presented_twice",
    "role_not_named",
    "steps_too_large",
    "tier_not_named",
    "too_few_units",
    "too_little_asked",
    "too_little_there",
    "voucher_needed",
]


class WhyNot(Struct, frozen=True, omit_defaults=True):
    """
    A reason, and what it is about; it is put into words where somebody reads it.

    ``name`` is the id of a tier, a role, a reward, a programme or a rule of a law, and ``day`` a
    local date.  ``there`` is how much there is of what is ``needed``, in minor units of money or in
    units.
    """

    reason: Reason
    name: str = ""
    day: str = ""
    there: int = 0
    needed: int = 0


class Considered(Struct, frozen=True, omit_defaults=True):
    """
    One discount that was looked at, or a voucher that was shown: what it took off, or why nothing.

    ``source`` says what ``id`` names in the document: a `discount`, an `entitlement`, a `wallet`,
    or the reward of a `voucher` that no discount takes.  ``percent`` is what is offered, where it
    is a percentage, ``redemption`` whose voucher it is for, and ``limited`` the places of its
    limits that made it less, or nothing.
    """

    source: Literal["discount", "entitlement", "wallet", "voucher"]
    id: str
    amount: int = 0
    percent: int | None = None
    why_not: WhyNot | None = None
    redemption: str = ""
    limited: tuple[int, ...] = ()


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

    def by_discount(self) -> dict[str, int]:
        """Return what each discount took off, of which each voucher may be a row of its own."""
        found: dict[str, int] = {}
        for source, name, amount in self.off:
            if source == "discount":
                found[name] = found.get(name, 0) + amount
        return found


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
