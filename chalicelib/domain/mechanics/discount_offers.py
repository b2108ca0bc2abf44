"""
What discounts offer a member for a purchase, or why they offer nothing.

Each discount is looked at for each line in its scope and offers a percentage or an amount off.  How
offers add up is the business of `stacking`.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import LIFETIME, Account
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
from chalicelib.domain.mechanics.discounts import held_through
from chalicelib.domain.mechanics.metrics import metric_key
from chalicelib.domain.programme import scope
from chalicelib.domain.programme.document import Programme

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.households import Household
    from chalicelib.domain.mechanics.offer_limits import Room
    from chalicelib.domain.mechanics.redemptions import Redemption
    from chalicelib.domain.programme.versions import ProgrammeVersion


class Purchase(NamedTuple):
    """
    What is about to be bought: the day of service, and all that discounts go by.

    ``household`` is nothing where the member has none, or no discount asks; ``excluded`` are the
    ids to be left out; ``versions`` those of the programme that have taken effect by now;
    ``holidays`` the tenant's lists of days; ``covered`` is what of each line somebody else pays
    beside what the line says, in their order, and nothing where that pays for none.
    """

    lines: tuple[Line, ...]
    day: date
    household: Household | None = None
    vouchers: tuple[Redemption, ...] = ()
    excluded: frozenset[str] = frozenset()
    versions: tuple[ProgrammeVersion, ...] = ()
    holidays: Mapping[str, frozenset[str]] = {}
    covered: tuple[int, ...] = ()


class Offer(NamedTuple):
    """
    What one discount would take off: a percentage of each line, or an amount of each.

    ``reason`` says why it offers nothing, and ``missing`` what the lines in its scope lack to its
    least bill, where that is why; ``redemption`` whose voucher it is for.  ``chosen`` are the lines
    in its scope, ``part`` what of them is within its limits, and ``limited`` says which made it
    less.  Where somebody else pays more of a line than it costs by this, ``beyond`` is how much.
    """

    discount: Discount
    lines: dict[str, int | None]
    percent: int | None = None
    reason: str = ""
    redemption: str = ""
    missing: int = 0
    chosen: tuple[Line, ...] = ()
    part: tuple[Line, ...] = ()
    limited: str = ""
    beyond: Mapping[str, int] = {}


def offers(
    account: Account, programme: Programme, purchase: Purchase, left: Sequence[Line]
) -> tuple[Offer, ...]:
    """
    Look at every discount of a programme, in the document's order.

    ``left`` are the lines without what of them is free.  Each voucher that a discount takes is an
    offer of its own.
    """
    vouchers = {each.id: each for each in purchase.vouchers}
    found: list[Offer] = []
    section = SECTION.of(programme)
    dearest = left
    if any(map(_by_unit, section.offers)):
        from chalicelib.domain.mechanics.full_sets import dearest_first

        dearest = dearest_first(left)  # once for all of them
    for discount in section.offers:
        shown = [
            each.id
            for each in vouchers.values()
            if each.programme == programme.id and takes_voucher(discount, each.reward)
        ]
        if discount.limits:
            found += _within_limits(account, programme, purchase, discount, dearest, shown)
            continue
        lines = dearest if _by_unit(discount) else left
        offer = _offer(account, programme, purchase, discount, lines, shown=bool(shown))
        found += [offer._replace(redemption=each) for each in shown or ("",)]
    return tuple(found)


def capped(offers: Sequence[Offer]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return by discount and line what it offers, where more is covered than is due then."""
    return {
        (offer.discount.id, name): (offer.lines.get(name) or 0, amount)
        for offer in offers
        for name, amount in offer.beyond.items()
    }


def _by_unit(discount: Discount) -> bool:
    """Tell whether it matters to a discount which units are the dearest."""
    return bool(discount.limits) or isinstance(discount.terms, BuyGet)


def _within_limits(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    left: Sequence[Line],
    shown: Sequence[str],
) -> Iterator[Offer]:
    """Yield what a discount offers within its limits, for each voucher what others leave."""
    # Few discounts have limits.
    from chalicelib.domain.mechanics.offer_limits import Room

    chosen = scope.chosen(left, discount.scope)
    room = Room(account, programme, discount, purchase.day, chosen)
    for each in shown or ("",):
        offer = _offer(account, programme, purchase, discount, chosen, shown=bool(shown), room=room)
        yield offer._replace(redemption=each)


def _offer(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    left: Sequence[Line],
    *,
    shown: bool,
    room: Room | None = None,
) -> Offer:
    """
    Return what a discount offers; ``shown`` is whether a voucher that it takes was.

    ``room`` is what its limits leave open.
    """
    if discount.id in purchase.excluded:
        return Offer(discount, {}, reason="it was excluded")
    chosen = scope.chosen(left, discount.scope)
    if not chosen:
        free = any(scope.in_scope(line, discount.scope) for line in purchase.lines)
        why = "what is in its scope is free" if free else "no line is in its scope"
        return Offer(discount, {}, reason=why)
    part = chosen if room is None else room.lines()
    offer = _by_terms(account, programme, purchase, discount, part or chosen, shown=shown)
    missing = (discount.min_bill or 0) - sum(line.amount for line in chosen)
    if missing > 0 and not offer.reason:
        why = f"it takes a bill of {discount.min_bill}, and {missing} is missing"
        return Offer(discount, {}, reason=why, missing=missing)
    if room is None or offer.reason:
        return offer._replace(chosen=chosen, part=part)
    lines = room.off(part, offer.lines, offer.percent or 0) if part else {}
    limited = room.told()
    if not lines:
        return Offer(discount, {}, reason=f"its limit is reached: {limited}")
    as_offered = (name for name in offer.beyond if lines.get(name) == offer.lines.get(name))
    beyond = {name: offer.beyond[name] for name in as_offered}
    return offer._replace(lines=lines, chosen=chosen, part=part, limited=limited, beyond=beyond)


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

        if not member_prices.entitled(account, programme, terms, purchase.day):
            return Offer(discount, {}, reason="these prices are for others")
        shares = covered.shares(purchase.lines, purchase.covered, chosen)
        off, beyond = member_prices.lower(terms, chosen, shares)
        reason = "" if off else "it has no lower price for these lines"
        return Offer(discount, off, reason=reason, beyond=beyond)
    percent: int | str | None
    if not isinstance(terms, ByVoucher):
        percent = _percent(account, programme, purchase, discount, terms)
    elif not shown:
        percent = f"it takes a voucher of {terms.reward}"
    elif terms.amount is not None:
        # Off all of them together: each bears its share.
        prices = {line.id: line.amount for line in chosen}
        whole = min(terms.amount, sum(prices.values()))
        return Offer(discount, dict(money.apportion(whole, prices)))
    else:
        percent = terms.percent
    if isinstance(percent, str):
        return Offer(discount, {}, reason=percent)
    return Offer(discount, {line.id: None for line in chosen}, percent)


def _percent(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    terms: SpendBands | SpendWindow | OnDates | ForStatus | ForHousehold | ForTier,
) -> int | str:
    """Return the percentage that a member gets, or why none."""
    match terms:
        case SpendBands():
            spent = _spent(account, programme, terms, purchase)
            return band(terms, spent) or _not_spent_enough(terms, spent, purchase.household)
        case SpendWindow():
            until = held_through(account, purchase.versions, discount.id, purchase.day)
            if until is None:
                return f"{terms.at_least} was not yet spent in its window"
            return terms.percent if purchase.day <= until else f"it held through {until}"
        case OnDates():
            if not _is_on(terms, account.birthday, purchase.day, purchase.holidays):
                return f"{purchase.day} is none of its days"
            return terms.percent
        case ForStatus():
            known = (statuses.holds_on(account, programme, s, purchase.day) for s in terms.any)
            return terms.percent if any(known) else f"no status of it holds on {purchase.day}"
        case ForHousehold():
            return _household_percent(account, terms, purchase.household)
        case ForTier():
            tier = account.enrolments[programme.id].tier
            return terms.percent.get(tier) or f"it is not for the tier {tier}"


def _not_spent_enough(terms: SpendBands, spent: int, household: Household | None) -> str:
    if terms.shared and household is not None:
        # What the others spent is not this member's to know.
        return f"the household has not spent {terms.at_least} yet"
    return f"{spent} of {terms.at_least} is spent"


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
    spent = sum(line.amount for line in purchase.lines) if terms.basis == "after" else 0
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
) -> int | str:
    """Return the percentage that a household brings, or why none."""
    belongs = households.belonging(account)
    if belongs is None or household is None:
        return "the member belongs to no household"
    if household.size < terms.at_least:
        return f"the household is of {household.size}, and {terms.at_least} are needed"
    if terms.roles and belongs.role not in terms.roles:
        return f"it is not for the role {belongs.role}"
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
    off: dict[str, int | None] = {}
    off |= sets.off(chosen)
    there = sum(line.quantity for line in chosen)
    few = f"{sets.size} units make a set, and {there} are there" if there < sets.size else ""
    return Offer(discount, off, reason=few)
