"""
What a purchase comes to: free units first, then discounts line by line, then what wallets pay.

Of a line whose units are free nothing else is asked (`free_units`).  What is left of it meets the
offers of discounts (`discount_offers`, `stacking`), and what a lot of prepaid value pays for gets
that lot's percentage among them (`wallet_payments`, `reducing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity, checked
from chalicelib.domain.ledger.bill import Considered, PricedLine, WhyNot
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import FullSets, OfferTaken
from chalicelib.domain.ledger.quote import Draw, Freed
from chalicelib.domain.mechanics import discount_offers, free_units, wallet_payments, wallets
from chalicelib.domain.mechanics.discount_offers import Offer, goes_by_unit
from chalicelib.domain.mechanics.discount_terms import BuyGet, Discount
from chalicelib.domain.mechanics.free_units import FreeUnits
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.mechanics.reducing import Reduced, Reducing
from chalicelib.domain.mechanics.wallet_payments import Payer, Payment, PrepaidLot
from chalicelib.domain.programme.document import Programme, qualified
from chalicelib.domain.programme.fields import LineScope


class Priced(NamedTuple):
    """
    What a purchase comes to.

    ``redemptions`` are those whose vouchers took something off, and ``taken`` what the discounts
    did whose condition a refund may break.
    """

    lines: tuple[PricedLine, ...]
    considered: tuple[Considered, ...]
    price: int
    net: int
    due: int
    draws: tuple[Draw, ...]
    freed: tuple[Freed, ...]
    redemptions: tuple[str, ...]
    taken: tuple[OfferTaken, ...]


def price(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    payments: tuple[Payment, ...] | None,
    now: Instant,
    free: FreeUnits | None = None,
) -> Priced:
    """
    Price a purchase; without ``payments`` every prepaid wallet pays, and nothing else does.

    ``free`` is what entitlements make free, all that they can where nothing is said.  Raises
    `Invalid` ``unknown_currency`` for a payment by what is no wallet, and `Conflict`
    ``insufficient_points`` for one by more than there is.
    """
    paying = wallet_payments.payers(account, programme, payments)
    lots = list(wallet_payments.prepaid_lots(account, programme, paying))
    free = free or free_units.free(account, programme, purchase, now)
    left = [line for line in free.left.values() if line.quantity or line.amount]
    offers = discount_offers.offers(account, programme, purchase, left)
    reduced = Reducing(programme, offers, lots, purchase.barred).reduced(left)
    lines = [
        each
        for line in purchase.lines
        for each in (*free.lines[line.id], *filter(None, [reduced.lines.get(line.id)]))
    ]
    net = sum(line.net for line in lines)
    prepaid = tuple(wallet_payments.prepaid_draws(lots, net))
    drawn = sum(draw.money for draw in prepaid)
    # Whoever pays a part of a bill pays of each line, so points are for bills that may be reduced.
    others = (
        ()
        if purchase.barred
        else wallet_payments.other_draws(account, programme, paying, net, drawn)
    )
    draws = (*prepaid, *others)
    due = net - sum(draw.money for draw in draws)
    asked = [] if payments is None else paying
    idle = _idle(account, programme, asked, draws, due)
    for payer in asked if purchase.barred else ():
        if payer.wallet.kind != "prepaid":
            rule = next(iter(purchase.barred.values()))
            idle[qualified(programme.id, payer.wallet.currency)] = WhyNot("policy_forbids", rule)
    used = {offer.redemption for place, offer in enumerate(offers) if reduced.by_offer[place]}
    considered = (
        *free.considered,
        *_of_offers(offers, reduced),
        *_of_vouchers(programme, purchase, offers),
        *_of_wallets(programme, lots, reduced, idle),
    )
    counted = tuple(wallet_payments.counted(programme, lines, draws))
    if any(purchase.covered):
        # Few bills are covered.
        from chalicelib.domain.mechanics import covered

        sizes = [len(free.lines[line.id]) + (line.id in reduced.lines) for line in purchase.lines]
        beside = zip(purchase.lines, purchase.covered, sizes, strict=True)
        capped = covered.capped((each.discount.id, each.lines, each.beyond) for each in offers)
        counted = covered.stated(beside, counted, capped)
    return Priced(
        counted,
        considered,
        sum(line.amount for line in purchase.lines),
        net,
        due,
        draws,
        free.freed,
        tuple(dict.fromkeys(each.id for each in purchase.vouchers if each.id in used)),
        tuple(_taken(programme, purchase, offers, reduced, lines)),
    )


def in_its_money(programme: Programme, activity: Activity, now: Instant) -> Activity:
    """
    Return a purchase as it can be priced, with an id for each line.

    Raises `Invalid` ``currency_mismatch`` for lines in other money than the programme's, and
    ``duplicate_line`` for two of one id.
    """
    activity = checked(replace(activity, occurred_at=now))
    unit = programme.money.currency
    if activity.money != unit:
        raise Invalid(
            "currency_mismatch",
            f"The lines are in {activity.money}; {programme.id} prices in {unit}.",
            errors=[{"pointer": "/currency", "detail": f"must be {unit}"}],
        )
    return activity


def _of_offers(offers: Sequence[Offer], reduced: Reduced) -> Iterator[Considered]:
    """Yield what each discount took off, or why nothing."""
    for place, offer in enumerate(offers):
        amount = reduced.by_offer[place]
        why_not = None if amount else offer.why_not or reduced.why_not[place]
        yield Considered(
            "discount",
            offer.discount.id,
            amount,
            offer.percent,
            why_not,
            offer.redemption,
            offer.limited if why_not is None or why_not.reason == "limit_reached" else (),
        )


def _taken(
    programme: Programme,
    purchase: Purchase,
    offers: Sequence[Offer],
    reduced: Reduced,
    lines: Sequence[PricedLine],
) -> Iterator[OfferTaken]:
    """Yield what discounts with a condition or limits took off, once for all of their vouchers."""
    places = {
        line.id: place
        for place, line in enumerate(lines)
        if reduced.lines.get(line.id) is line  # and not the part of it that is free
    }
    taking: dict[str, list[Offer]] = {}
    for place, offer in enumerate(offers):
        if reduced.by_offer[place] and _is_conditional(offer.discount):
            taking.setdefault(offer.discount.id, []).append(offer)
    offs = {line.id: line.by_discount() for line in reduced.lines.values()} if taking else {}

    # Discounts of one scope share what is said of its lines, where they take them in one order.
    columns: dict[
        tuple[LineScope, bool], tuple[tuple[int, ...], tuple[int, ...], list[dict[str, int]]]
    ] = {}
    for name, (first, *others) in taking.items():
        chosen, shared = first.chosen, (first.discount.scope, goes_by_unit(first.discount))
        if shared not in columns:
            columns[shared] = (
                tuple(places[line.id] for line in chosen),
                tuple(line.amount for line in chosen),
                [offs[line.id] for line in chosen],
            )
        at, prices, here = columns[shared]
        off = tuple([each.get(name, 0) for each in here])
        taken = OfferTaken(name, at, prices, off, first.discount.min_bill or 0)
        if first.discount.limits:
            from chalicelib.domain.mechanics import offer_limits

            if any(limit.units for limit in first.discount.limits):
                parts = [line for offer in (first, *others) for line in offer.part]
                taken = replace(taken, units=offer_limits.units_of(chosen, off, parts))
            taken = offer_limits.counted(
                programme, first.discount, taken, chosen, purchase.counted_on
            )
        if isinstance(first.discount.terms, BuyGet):
            from chalicelib.domain.mechanics import full_sets

            terms, whole = first.discount.terms, first.in_full
            if first.part != first.chosen:  # they were of what its limits leave
                whole = full_sets.whole(terms, first.chosen)
            taken = replace(taken, sets=FullSets(terms.buy, terms.get, terms.percent, whole))
        if taken.min_bill or taken.counts or taken.sets:
            yield taken


def _is_conditional(discount: Discount) -> bool:
    """Tell whether a refund changes what a discount is for, or what is left of it."""
    return bool(discount.min_bill or discount.limits or isinstance(discount.terms, BuyGet))


def _of_vouchers(
    programme: Programme, purchase: Purchase, offers: Sequence[Offer]
) -> Iterator[Considered]:
    """Yield the vouchers that were shown and of which no discount says anything, and why."""
    presented = {offer.redemption for offer in offers}
    seen: set[str] = set()
    for each in purchase.vouchers:
        why_not = None
        if each.id in seen:
            why_not = WhyNot("presented_twice")
        elif each.programme != programme.id:
            why_not = WhyNot("other_programme", each.programme)
        elif each.id not in presented:
            why_not = WhyNot("goods_only")
        seen.add(each.id)
        if why_not:
            yield Considered("voucher", each.reward, why_not=why_not, redemption=each.id)


def _of_wallets(
    programme: Programme, lots: Sequence[PrepaidLot], reduced: Reduced, idle: dict[str, WhyNot]
) -> Iterator[Considered]:
    """Yield what the rates of each wallet took off, or why nothing; and why one pays nothing."""
    for wallet in wallets.SECTION.of(programme):
        key = qualified(programme.id, wallet.currency)
        rates = {each.lot.key.rate for each in lots if each.currency == key} - {0}
        if rates or key in idle:
            amount = reduced.by_wallet.get(key, 0)
            # Where others pay for all of it, nothing is there for its rate.
            rated = reduced.why_not.get(key, WhyNot("nothing_due"))
            why_not = None if amount else idle.get(key, rated)
            percent = rates.pop() if len(rates) == 1 else None
            yield Considered("wallet", wallet.currency, amount, percent, why_not)


def _idle(
    account: Account,
    programme: Programme,
    asked: Sequence[Payer],
    draws: Sequence[Draw],
    due: int,
) -> dict[str, WhyNot]:
    """Return why wallets that were asked to pay pay nothing, by currency."""
    drawn = {draw.currency for draw in draws}
    keys = {qualified(programme.id, each.wallet.currency): each for each in asked}
    return {
        key: wallet_payments.why_nothing(account, programme, payer, due)
        for key, payer in keys.items()
        if key not in drawn
    }
