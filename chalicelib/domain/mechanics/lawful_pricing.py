"""
What a purchase comes to where a law limits what may be given: what it does not allow is left out.

Lines off which nothing may be taken are left at their price.  Free units come first, as many of
each line as are allowed.  A discount that is not allowed takes
nothing off, and the bill is priced anew, since another one may now be the best.  Of what a member
asks to pay with, points and cashback, nothing is left out: that is refused.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics import (
    discount_terms,
    entitlement_uses,
    entitlements,
    free_units,
    money_off,
    policy_bars,
    pricing,
)
from chalicelib.domain.mechanics.free_units import Allowed
from chalicelib.domain.mechanics.pricing import Priced
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.programme.document import Programme

#: So often a bill is priced anew; what is not allowed then takes every discount with it.
_ROUNDS: Final = 8


def price(
    decider: Decider,
    programme: Programme,
    purchase: Purchase,
    payments: tuple[Payment, ...] | None,
) -> Priced:
    """
    Price a purchase as `pricing.price` does, without what guards do not allow.

    Raises what that raises, and `Forbidden` ``policy_forbids`` for a payment that is not allowed.
    """
    service_on = purchase.day.isoformat()
    purchase = _with_bars(decider.member, programme, purchase)
    allow = _Units(decider.trial().event(), programme, service_on)
    free = free_units.free(decider.member, programme, purchase, decider.now, allow)
    forbidden: dict[str, str] = {}
    for tries in range(_ROUNDS + 2):
        priced = pricing.price(
            decider.member,
            programme,
            purchase._replace(forbidden=forbidden),
            payments,
            decider.now,
            free,
        )
        event = decider.trial().event()
        _use(event, programme, priced, service_on)
        found = _forbidden(event, programme, priced, service_on)
        if not found:
            break
        forbidden |= found
        if tries >= _ROUNDS:
            offers = discount_terms.SECTION.of(programme).offers
            forbidden = {each.id: next(iter(found.values())) for each in offers} | forbidden
    for paid in money_off.payments(programme, priced.draws, service_on):
        event.give(paid)
    return priced


def of_one(account: Account, programme: Programme, purchase: Purchase, now: Instant) -> Purchase:
    """Return a purchase with what is not allowed of it, were each discount the only one."""
    purchase = _with_bars(account, programme, purchase)
    priced = pricing.price(account, programme, purchase, (), now)
    forbidden = {}
    for each in money_off.discounts(programme, priced.considered, purchase.day.isoformat()):
        for refusal in registry.refusals(account, programme, each, now):
            forbidden[each.id] = str(refusal.extensions["rule"])
    return purchase._replace(forbidden=forbidden)


def _with_bars(account: Account, programme: Programme, purchase: Purchase) -> Purchase:
    barred = policy_bars.from_money_off(
        account, programme, purchase.lines, purchase.day, purchase.within
    )
    return purchase._replace(barred=barred)


def _use(event: EventBuilder, programme: Programme, priced: Priced, service_on: str) -> None:
    """Use the units that make lines free, which are allowed."""
    prices = {line.id: line.price for line in priced.lines}
    for each in priced.freed:
        entitlement_uses.consume(
            event,
            programme,
            each.entitlement,
            each.units,
            waived=prices[each.line],
            service_on=service_on,
        )


def _forbidden(
    event: EventBuilder, programme: Programme, priced: Priced, service_on: str
) -> dict[str, str]:
    """Return the discounts that are not allowed beside all that is, each with its rule."""
    found = {}
    for each in money_off.discounts(programme, priced.considered, service_on):
        try:
            event.give(each)
        except Forbidden as refusal:
            found[each.id] = str(refusal.extensions["rule"])
    return found


class _Units:
    """
    Takes as many units of entitlements as are allowed, to see how many that is.

    Of which entitlement a unit is makes no difference to a law, and what is not allowed once is not
    allowed later, since the room only gets less.  So each worth is refused once, and a bill of many
    lines asks no more often than there are different ones; units that were bought are apart.
    """

    def __init__(self, event: EventBuilder, programme: Programme, service_on: str) -> None:
        self._event = event
        self._programme = programme
        self._service_on = service_on
        self._held = {
            each.entitlement.id: each
            for each in entitlements.held(event.account, programme, event.now)
        }
        self._refused: dict[tuple[object, ...], str] = {}

    def __call__(self, entitlement: str, units: int, worth: int) -> Allowed:
        """Return how many of the units may be used, all of which would cost so much."""
        held = self._held[entitlement]
        each = held.entitlement
        dearest = max(each.retail_value or 0, -(-worth // units))
        alone = entitlement if any(grant.bought for grant in held.grants) else ""
        alike = (dearest, each.exception, each.cash_equivalent, alone)
        if alike in self._refused:
            return Allowed(0, self._refused[alike])
        tried, rule = units, ""
        while tried:
            refusal = self._refusal(entitlement, tried, -(-worth * tried // units))
            if refusal is None:
                return Allowed(tried, rule)
            rule, left = str(refusal.extensions["rule"]), int(refusal.extensions["left"])
            # Each rule that is against it has less room for it.
            tried = min(left // dearest, tried - 1) if dearest else 0
        self._refused[alike] = rule
        return Allowed(0, rule)

    def _refusal(self, entitlement: str, units: int, worth: int) -> Forbidden | None:
        try:
            entitlement_uses.consume(
                self._event,
                self._programme,
                entitlement,
                units,
                waived=worth,
                service_on=self._service_on,
            )
        except Forbidden as refusal:
            return refusal
        return None
