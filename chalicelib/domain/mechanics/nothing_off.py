"""
Why something takes nothing off a bill, in English.

Readers of other languages get it from the message files (`authoring.why_not`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import Considered, Reason, WhyNot
from chalicelib.domain.mechanics import discount_terms
from chalicelib.domain.mechanics.discount_terms import OfferLimit
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Text, text_in

_IN_ENGLISH: Final[dict[Reason, str]] = {
    "already_free": "what is in its scope is free",
    "below_min_bill": "it takes a bill of {needed}, and {missing} is missing",
    "comes_to_nothing": "it comes to nothing",
    "excluded": "it was excluded",
    "for_others": "these prices are for others",
    "goods_only": "it takes nothing off: it stands for something else",
    "held_until": "it held through {day}",
    "household_not_spent": "the household has not spent {needed} yet",
    "household_too_small": "the household is of {there}; needed: {needed}",
    "limit_reached": "its limit is reached: {limits}",
    "no_household": "the member belongs to no household",
    "no_lower_price": "it has no lower price for these lines",
    "no_status": "no status of it holds on {day}",
    "none_left": "none of it is left",
    "not_at_location": "it is for other locations",
    "not_entitled": "the member does not have it",
    "not_in_scope": "no line is in its scope",
    "not_on_day": "{day} is none of its days",
    "not_spent": "{there} of {needed} is spent",
    "not_spent_in_window": "{needed} was not yet spent in its window",
    "nothing_due": "nothing is left to pay",
    "other_programme": "it is a voucher of {name}",
    "others_gave_more": "others gave more",
    "policy_forbids": "the law does not allow it: {name}",
    "presented_twice": "it is presented already",
    "role_not_named": "it is not for the role {name}",
    "steps_too_large": "it pays in steps that are more than its share of the bill",
    "tier_not_named": "it is not for the tier {name}",
    "too_few_units": "a set is of {needed} units; there: {there}",
    "too_little_asked": "{there} are asked for, and {needed} are the least",
    "too_little_there": "{there} are there to pay with, and {needed} are the least",
    "voucher_needed": "it takes a voucher of {name}",
}
#: Of these what is there and what is needed is money.
_OF_MONEY: Final[frozenset[Reason]] = frozenset(
    {"below_min_bill", "household_not_spent", "not_spent", "not_spent_in_window"}
)


def in_english(considered: Considered, programme: Programme) -> str:
    """Return why something took nothing off; an empty text where it did."""
    why = considered.why_not
    if why is None:
        return ""
    numbers = {"there": why.there, "needed": why.needed, "missing": why.needed - why.there}
    of_money = why.reason in _OF_MONEY
    amounts = {
        name: _money(programme, number) if of_money else str(number)
        for name, number in numbers.items()
    }
    limits = limits_in_english(considered, programme)
    name = _name(programme, why)
    return _IN_ENGLISH[why.reason].format(name=name, day=why.day, limits=limits, **amounts)


def limits_in_english(considered: Considered, programme: Programme) -> str:
    """Return the limits of a discount that made it less."""
    return "; ".join(_limit(programme, each) for each in limits_of(considered, programme))


def limits_of(considered: Considered, programme: Programme) -> Iterable[OfferLimit]:
    """Return the limits of a discount that made it less."""
    if not considered.limited:
        return ()
    offers = discount_terms.SECTION.of(programme).offers
    discount = next(each for each in offers if each.id == considered.id)
    return [discount.limits[place] for place in considered.limited]


def _name(programme: Programme, why: WhyNot) -> str:
    """Return what the programme calls a tier or a reward, or the id of something else."""
    names: dict[str, Text] = {}
    if why.reason == "tier_not_named" and programme.tiers is not None:
        names = {each.id: each.name for each in programme.tiers.levels}
    elif why.reason == "voucher_needed":
        names = {each.id: each.name for each in programme.rewards}
    return text_in(names.get(why.name, why.name), "en")


def _limit(programme: Programme, limit: OfferLimit) -> str:
    times = {"order": "an order", "lifetime": "in all"}.get(limit.window, f"a {limit.window}")
    named = (*limit.of.categories, *limit.of.skus)
    if limit.money is not None:
        off = " ".join(("off", *filter(None, [", ".join(named)])))
        return f"at most {_money(programme, limit.money)} {off} {times}"
    of = f" of {', '.join(named)}" if named else ""
    if limit.units is not None:
        return f"at most {_counted(limit.units, 'unit')}{of} {times}"
    return f"in at most {_counted(limit.orders or 0, 'order')}{of} {times}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _money(programme: Programme, amount: int) -> str:
    return money.written(amount, programme.money.currency)
