"""
What discounts offer a member for a purchase, or why they offer nothing.

Each discount is looked at for each line in its scope and offers a percentage or an amount off.  How
offers add up is the business of `stacking`.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import LIFETIME, Account
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics import households, statuses
from chalicelib.domain.mechanics.discount_terms import (
    BIRTHDAY,
    SECTION,
    BuyGet,
    ByVoucher,
    Discount,
    ForHousehold,
    ForStatus,
    ForTier,
    MemberPrices,
    OnDates,
    SpendBands,
    SpendWindow,
    takes_voucher,
)
from chalicelib.domain.mechanics.discounts import held_through, tier_on
from chalicelib.domain.mechanics.metrics import metric_key
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.programme import scope
from chalicelib.domain.programme.document import Programme, is_at
from chalicelib.domain.programme.fields import LineScope

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.households import Household
    from chalicelib.domain.mechanics.offer_limits import Room


class Offer(NamedTuple):
    """
    What one discount would take off: a percentage of each line, or an amount of each.

    ``why_not`` says why it offers nothing; ``redemption`` whose voucher it is for.  ``chosen`` are
    the lines in its scope, ``part`` what of them is within its limits, and ``limited`` the places
    of those that made it less.  Where somebody else pays more of a line than it costs by this,
    ``beyond`` is how much.  ``in_full`` is what full sets of ``part`` came to, before its limits.
    """

    discount: Discount
    lines: dict[str, int | None]
    percent: int | None = None
    why_not: WhyNot | None = None
    redemption: str = ""
    chosen: tuple[Line, ...] = ()
    part: tuple[Line, ...] = ()
    limited: tuple[int, ...] = ()
    beyond: Mapping[str, int] = {}
    in_full: int = 0


def offers(
    account: Account, programme: Programme, purchase: Purchase, left: Sequence[Line]
) -> tuple[Offer, ...]:
    """
    Look at every discount of a programme, in the document's order.

    ``left`` are the lines without what of them is free; no discount looks at those that are barred.
    Each voucher that a discount takes is an offer of its own.
    """
    vouchers = {each.id: each for each in purchase.vouchers}
    found: list[Offer] = []
    section = SECTION.of(programme)
    left = [line for line in left if line.id not in purchase.barred]
    dearest = left
    if any(map(goes_by_unit, section.offers)):
        from chalicelib.domain.mechanics.full_sets import dearest_first

        dearest = dearest_first(left)  # once for all of them

    @cache
    def chosen_by(where: LineScope, *, by_unit: bool) -> tuple[Line, ...]:
        return scope.chosen(dearest if by_unit else left, where)

    for discount in section.offers:
        shown = [
            each.id
            for each in vouchers.values()
            if each.programme == programme.id and takes_voucher(discount, each.reward)
        ]
        found += _forbidden(purchase, discount, shown)
        if shown:
            shown = [each for each in shown if (discount.id, each) not in purchase.forbidden]
            if not shown:
                continue
        elif (discount.id, "") in purchase.forbidden:
            continue
        chosen = chosen_by(discount.scope, by_unit=goes_by_unit(discount))
        if discount.limits:
            found += _within_limits(account, programme, purchase, discount, chosen, shown)
            continue
        offer = _offer(account, programme, purchase, discount, chosen, shown=bool(shown))
        found += [offer._replace(redemption=each) for each in shown or ("",)]
    return tuple(found)


def _forbidden(purchase: Purchase, discount: Discount, shown: Sequence[str]) -> Iterator[Offer]:
    """Yield what a law leaves out of a discount: all of it, or that of some vouchers."""
    for each in shown or ("",):
        rule = purchase.forbidden.get((discount.id, each))
        if rule is not None:
            yield Offer(discount, {}, why_not=WhyNot("policy_forbids", rule), redemption=each)


def goes_by_unit(discount: Discount) -> bool:
    """Tell whether it matters to a discount which units are the dearest."""
    return bool(discount.limits) or isinstance(discount.terms, BuyGet)


def _within_limits(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    chosen: tuple[Line, ...],
    shown: Sequence[str],
) -> Iterator[Offer]:
    """Yield what a discount offers within its limits, for each voucher what others leave."""
    # Few discounts have limits.
    from chalicelib.domain.mechanics.offer_limits import Room

    room = Room(account, programme, discount, purchase.counted_on, chosen)
    for each in shown or ("",):
        offer = _offer(account, programme, purchase, discount, chosen, shown=bool(shown), room=room)
        yield offer._replace(redemption=each)


def _offer(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    chosen: tuple[Line, ...],
    *,
    shown: bool,
    room: Room | None = None,
) -> Offer:
    """
    Return what a discount offers; ``shown`` is whether a voucher that it takes was.

    ``chosen`` are the lines in its scope, and ``room`` is what its limits leave open.
    """
    if discount.id in purchase.excluded:
        return Offer(discount, {}, why_not=WhyNot("excluded"))
    if not is_at(discount.locations, purchase.within):
        return Offer(discount, {}, why_not=WhyNot("not_at_location"))
    if not chosen:
        return Offer(discount, {}, why_not=_out_of_scope(purchase, discount))
    part = chosen if room is None else room.lines()
    offer = _by_terms(account, programme, purchase, discount, part or chosen, shown=shown)
    least, there = discount.min_bill or 0, sum(line.amount for line in chosen)
    if there < least and not offer.why_not:
        why_not = WhyNot("below_min_bill", there=there, needed=least)
        return Offer(discount, {}, why_not=why_not)
    if room is None or offer.why_not:
        return offer._replace(chosen=chosen, part=part)
    lines = room.off(part, offer.lines, offer.percent or 0) if part else {}
    limited = tuple(room.bound)
    if not lines:
        return Offer(discount, {}, why_not=WhyNot("limit_reached"), limited=limited)
    as_offered = (name for name in offer.beyond if lines.get(name) == offer.lines.get(name))
    beyond = {name: offer.beyond[name] for name in as_offered}
    return offer._replace(lines=lines, chosen=chosen, part=part, limited=limited, beyond=beyond)


def _out_of_scope(purchase: Purchase, discount: Discount) -> WhyNot:
    """Return why no line that is left to pay is in the scope of a discount."""
    within = [line.id for line in purchase.lines if scope.in_scope(line, discount.scope)]
    rules = [purchase.barred[each] for each in within if each in purchase.barred]
    if rules:
        return WhyNot("policy_forbids", rules[0])
    return WhyNot("already_free" if within else "not_in_scope")


def _by_terms(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    chosen: Sequence[Line],
    *,
    shown: bool,
) -> Offer:
    """Return what the terms of a discount offer for the lines in its scope."""
    terms = discount.terms
    if isinstance(terms, BuyGet):
        return _full_sets(discount, terms, chosen)
    if isinstance(terms, MemberPrices):
        # Few discounts are of this kind.
        from chalicelib.domain.mechanics import covered, member_prices

        tier = tier_on(account, programme, purchase.day, purchase.today)
        if not member_prices.entitled(account, programme, terms, purchase.day, tier):
            return Offer(discount, {}, why_not=WhyNot("for_others"))
        shares = covered.shares(purchase.lines, purchase.covered, chosen)
        off, beyond = member_prices.lower(terms, chosen, shares)
        why_not = None if off else WhyNot("no_lower_price")
        return Offer(discount, off, why_not=why_not, beyond=beyond)
    percent: int | WhyNot | None
    if not isinstance(terms, ByVoucher):
        percent = _percent(account, programme, purchase, discount, terms)
    elif not shown:
        percent = WhyNot("voucher_needed", terms.reward)
    elif terms.amount is not None:
        # Off all of them together: each bears its share.
        prices = {line.id: line.amount for line in chosen}
        whole = min(terms.amount, sum(prices.values()))
        return Offer(discount, dict(money.apportion(whole, prices)))
    else:
        percent = terms.percent
    if isinstance(percent, WhyNot):
        return Offer(discount, {}, why_not=percent)
    return Offer(discount, {line.id: None for line in chosen}, percent)


def _percent(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    terms: SpendBands | SpendWindow | OnDates | ForStatus | ForHousehold | ForTier,
) -> int | WhyNot:
    """Return the percentage that a member gets, or why none."""
    match terms:
        case SpendBands():
            spent = _spent(account, programme, terms, purchase)
            return band(terms, spent) or _not_spent_enough(terms, spent, purchase.household)
        case SpendWindow():
            until = held_through(account, purchase.versions, discount.id, purchase.day)
            if until is None:
                return WhyNot("not_spent_in_window", needed=terms.at_least)
            held = purchase.day <= until
            return terms.percent if held else WhyNot("held_until", day=until.isoformat())
        case OnDates():
            if not _is_on(terms, account.birthday, purchase.day, purchase.holidays):
                return WhyNot("not_on_day", day=purchase.day.isoformat())
            return terms.percent
        case ForStatus():
            if not any(statuses.holds_on(account, programme, s, purchase.day) for s in terms.any):
                return WhyNot("no_status", day=purchase.day.isoformat())
            return terms.percent
        case ForHousehold():
            return _household_percent(account, terms, purchase.household)
        case ForTier():
            tier = tier_on(account, programme, purchase.day, purchase.today)
            return terms.percent.get(tier) or WhyNot("tier_not_named", tier)


def _not_spent_enough(terms: SpendBands, spent: int, household: Household | None) -> WhyNot:
    if terms.shared and household is not None:
        # What the others spent is not this member's to know.
        return WhyNot("household_not_spent", needed=terms.at_least)
    return WhyNot("not_spent", there=spent, needed=terms.at_least)


def band(terms: SpendBands, spent: int) -> int:
    """
    Return the percentage for so much spent.

    With £100 → 2 %, 1 % more per further £100 and a cap of 10 %, that is 0 below £100 and
    min(10, 2 + floor((S - 100) / 100)) from there on.
    """
    if spent < terms.at_least:
        return 0
    more = 0 if terms.every is None else (spent - terms.at_least) // terms.every * terms.add
    return min(terms.percent + more, terms.max_percent)


def _spent(account: Account, programme: Programme, terms: SpendBands, purchase: Purchase) -> int:
    here = (line.amount for line in purchase.lines if line.id not in purchase.barred)
    spent = sum(here) if terms.basis == "after" else 0
    others = purchase.household.others if terms.shared and purchase.household else ()
    for spender in (account, *others):
        buckets = spender.metrics.get(metric_key(programme.id, "spend"), {})
        spent += _of_window(buckets, terms, purchase.day)
    return spent


def _of_window(buckets: dict[str, int], terms: SpendBands, day: date) -> int:
    if terms.window == "lifetime":
        return buckets.get(LIFETIME, 0)
    year = f"{day.year:04d}-"
    return sum(n for b, n in buckets.items() if b.startswith(year) and len(b) == len("2026-11"))


def _household_percent(
    account: Account, terms: ForHousehold, household: Household | None
) -> int | WhyNot:
    """Return the percentage that a household brings, or why none."""
    belongs = households.belonging(account)
    if belongs is None or household is None:
        return WhyNot("no_household")
    if household.size < terms.at_least:
        return WhyNot("household_too_small", there=household.size, needed=terms.at_least)
    if terms.roles and belongs.role not in terms.roles:
        return WhyNot("role_not_named", belongs.role)
    return terms.percent


def _is_on(
    terms: OnDates, birthday: str, day: date, holidays: Mapping[str, frozenset[str]]
) -> bool:
    """Tell whether a day is one of those that the terms name, or near enough to it."""
    named = {birthday if each == BIRTHDAY else each for each in terms.days}
    there = [named, *(holidays[each] for each in terms.lists if each in holidays)]
    for away in range(-terms.before_days, terms.after_days + 1):
        near = calendar.add_days(day, -away)
        texts = {near.isoformat(), of_year := near.isoformat()[5:]}
        if of_year == terms.leap_day and not isleap(near.year):
            texts.add("02-29")
        if not all(map(texts.isdisjoint, there)):
            return True
    return False


def _full_sets(discount: Discount, terms: BuyGet, chosen: Sequence[Line]) -> Offer:
    """Return what comes off the cheapest units of full sets."""
    # Few discounts are of this kind.
    from chalicelib.domain.mechanics.full_sets import Sets

    sets = Sets(terms.buy, terms.get, terms.percent)
    found = sets.off(chosen)
    off: dict[str, int | None] = {**found}
    there = sum(line.quantity for line in chosen)
    few = WhyNot("too_few_units", there=there, needed=sets.size) if there < sets.size else None
    return Offer(discount, off, why_not=few, in_full=sum(found.values()))
