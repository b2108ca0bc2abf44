"""The discounts of a programme in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chalicelib.domain.mechanics import statuses
from chalicelib.domain.mechanics.discount_terms import (
    BIRTHDAY,
    SECTION,
    BuyGet,
    ByVoucher,
    Discount,
    Discounts,
    ForHousehold,
    ForStatus,
    ForTier,
    MemberPrices,
    OfferLimit,
    OnDates,
    SpendBands,
    SpendWindow,
)
from chalicelib.domain.programme.fields import Text

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each discount takes and gives, and how several of them go together."""
    section = SECTION.of(compose.programme)
    for discount in section.offers:
        yield compose.describe(
            "discount",
            discount.id,
            discount.name,
            *_terms_in_words(compose, discount),
            *compose.lines(discount.scope),
            compose.places(discount.locations),
            _least_bill(compose, discount),
            *limits(compose, discount.limits),
            _rivals(compose, section, discount),
            of=discount,
        )
    if len(section.offers) > 1:
        programme = compose.programme
        how = compose.message("discounts-stacking", stacking=section.stacking)
        yield compose.describe(
            "stacking", programme.id, programme.name, how, _together(compose, section)
        )


def _least_bill(compose: Composer, discount: Discount) -> Message | None:
    if discount.min_bill is None:
        return None
    return compose.message("discounts-min-bill", money=compose.money(discount.min_bill))


def limits(compose: Composer, some: Iterable[OfferLimit]) -> Iterator[Message]:
    """Yield what each limit of a discount is, and what it is for."""
    for limit in some:
        if limit.money is not None:
            most = compose.money(limit.money)
            yield compose.message("discounts-limit-money", money=most, window=limit.window)
        elif limit.units is not None:
            yield compose.message("discounts-limit-units", units=limit.units, window=limit.window)
        else:
            orders = limit.orders or 0
            yield compose.message("discounts-limit-orders", orders=orders, window=limit.window)
        named = (*limit.of.categories, *limit.of.skus)
        if named:
            yield compose.message("discounts-limit-of", names=compose.all_of(named))


def _rivals(compose: Composer, section: Discounts, discount: Discount) -> Message | None:
    rivals = [
        other.name
        for other in section.offers
        if discount.group and other.group == discount.group and other.id != discount.id
    ]
    return compose.message("discounts-best", names=compose.rivals(rivals)) if rivals else None


def _together(compose: Composer, section: Discounts) -> Message | None:
    # The best of several is one alone, which is not limited.
    if section.stacking == "best_of" or section.max_percent == 100:  # noqa: PLR2004 - the whole
        return None
    return compose.message("discounts-most", percent=section.max_percent)


def _terms_in_words(compose: Composer, discount: Discount) -> Iterator[Message]:
    name, terms = discount.name, discount.terms
    match terms:
        case SpendBands():
            yield from _bands_in_words(compose, name, terms)
        case SpendWindow():
            yield compose.message(
                "discounts-window",
                name=name,
                percent=terms.percent,
                days=terms.term_days,
                spent=compose.spent(terms.at_least),
                window=terms.window,
                window_days=terms.days,
            )
        case OnDates():
            yield from _dates_in_words(compose, name, terms)
        case ForStatus():
            named = (statuses.name_of(compose.programme, each) for each in terms.any)
            yield compose.message(
                "discounts-status",
                name=name,
                percent=terms.percent,
                statuses=compose.any_of(named),
            )
        case ForHousehold():
            yield from _household_in_words(compose, name, terms)
        case ForTier():
            shares = (
                compose.message("discounts-share", percent=percent, tier=compose.tier_name(tier))
                for tier, percent in terms.percent.items()
            )
            yield compose.message("discounts-tiers", name=name, shares=compose.all_of(shares))
        case MemberPrices():
            yield from _prices_in_words(compose, name, terms)
        case ByVoucher():
            yield _voucher_in_words(compose, name, terms)
        case BuyGet():
            yield from _sets_in_words(compose, name, terms)


def _bands_in_words(compose: Composer, name: Text, terms: SpendBands) -> Iterator[Message]:
    spent, window = compose.spent(terms.at_least), terms.window
    yield compose.message(
        "discounts-spend", name=name, percent=terms.percent, spent=spent, window=window
    )
    if terms.every is not None:
        yield compose.message(
            "discounts-spend-step",
            every=compose.money(terms.every),
            percent=terms.add,
            most=terms.max_percent,
        )
    yield compose.message("discounts-basis", basis=terms.basis)
    if terms.shared:
        yield compose.message("discounts-shared")


def _household_in_words(compose: Composer, name: Text, terms: ForHousehold) -> Iterator[Message]:
    yield compose.message(
        "discounts-household", name=name, percent=terms.percent, members=terms.at_least
    )
    if terms.roles:
        roles = (compose.message("discounts-role", role=role) for role in terms.roles)
        yield compose.message("discounts-roles", roles=compose.any_of(roles))


def _voucher_in_words(compose: Composer, name: Text, terms: ByVoucher) -> Message:
    known = compose.programme.reward(terms.reward)
    reward = terms.reward if known is None else known.name
    if terms.percent is None:
        off = compose.money(terms.amount or 0)
        return compose.message("discounts-voucher-money", name=name, money=off, reward=reward)
    return compose.message(
        "discounts-voucher-percent", name=name, percent=terms.percent, reward=reward
    )


def _sets_in_words(compose: Composer, name: Text, terms: BuyGet) -> Iterator[Message]:
    buy, get, percent = terms.buy, terms.get, terms.percent
    if percent == 100:  # noqa: PLR2004 - the whole
        yield compose.message("discounts-sets-free", name=name, buy=buy, get=get)
    else:
        yield compose.message("discounts-sets-less", name=name, buy=buy, get=get, percent=percent)
    yield compose.message("discounts-sets-return")


def _prices_in_words(compose: Composer, name: Text, terms: MemberPrices) -> Iterator[Message]:
    prices = (
        compose.message("discounts-price", service=sku, money=compose.money(price))
        for sku, price in terms.prices.items()
    )
    yield compose.message("discounts-prices", name=name, prices=compose.all_of(prices))
    holders = [compose.tier_name(tier) for tier in terms.tiers]
    holders += [statuses.name_of(compose.programme, status) for status in terms.statuses]
    if holders:
        yield compose.message("discounts-only", holders=compose.any_of(holders))


def _dates_in_words(compose: Composer, name: Text, terms: OnDates) -> Iterator[Message]:
    named = [
        compose.message("discounts-birthday") if day == BIRTHDAY else compose.day(day)
        for day in terms.days
    ]
    named += [compose.message("discounts-list", list=each) for each in terms.lists]
    days = compose.any_of(named)
    yield compose.message("discounts-dates", name=name, percent=terms.percent, days=days)
    if terms.before_days or terms.after_days:
        yield compose.message("discounts-around", before=terms.before_days, after=terms.after_days)
    if BIRTHDAY in terms.days or "02-29" in terms.days:
        yield compose.leap_day(terms.leap_day)
