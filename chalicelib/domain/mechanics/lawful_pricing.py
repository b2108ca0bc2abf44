"""
What a purchase comes to where a law limits what may be given: what it does not allow is left out.

Lines off which nothing may be taken are left at their price.  Free units come first, as many of
each line as are allowed.  A discount that is not allowed takes nothing off, and the bill is priced
anew, since another one may now be the best.  Points and cashback that are to pay as much as they
can pay as much as is allowed; where a member asks for more, that is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Final

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import OVERRIDES, EventBuilder
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
    wallets,
)
from chalicelib.domain.mechanics.free_units import Allowed, FreeUnits
from chalicelib.domain.mechanics.pricing import Priced
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.mechanics.redemptions import Redemption
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.programme.document import Programme

#: So often a bill is priced anew at leisure.
_ROUNDS: Final = 20


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
    purchase = _with_bars(decider.member, programme, purchase)
    allow = _Units(decider.trial().event(), programme, purchase)
    free = free_units.free(decider.member, programme, purchase, decider.now, allow)
    while True:
        priced, event = _reduced(decider, programme, purchase, payments, free)
        for paid in money_off.payments(programme, priced.draws, purchase.day.isoformat()):
            try:
                event.give(paid)
            except Forbidden as refusal:
                payments = _less(programme, payments, paid, refusal)
                break
        else:
            return priced


def _reduced(
    decider: Decider,
    programme: Programme,
    purchase: Purchase,
    payments: tuple[Payment, ...] | None,
    free: FreeUnits,
) -> tuple[Priced, EventBuilder]:
    """Price a purchase without discounts that are not allowed; the event has given the others."""
    service_on = purchase.day.isoformat()
    forbidden: dict[tuple[str, str], str] = {}
    vouchers = {each.id: each for each in purchase.vouchers}
    for tries in count():
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
        allowed, found = _allowed(event, programme, priced, vouchers, service_on)
        if not found:
            break
        forbidden |= found
        if tries >= _ROUNDS:
            # Only what was allowed just now is left, so that this ends.
            rule = next(iter(found.values()))
            offers = discount_terms.SECTION.of(programme).offers
            every = {(each.id, name) for each in offers for name in ("", *vouchers)}
            forbidden = dict.fromkeys(every - allowed, rule) | forbidden
    return priced, event


def _less(
    programme: Programme,
    payments: tuple[Payment, ...] | None,
    paid: Benefit,
    refusal: Forbidden,
) -> tuple[Payment, ...]:
    """
    Return payments of which one that was to be as much as it can is as much as is allowed.

    Raises the refusal where so much was asked for as is not allowed.
    """
    asked = tuple(payments or ())
    wallet = wallets.wallet_of(programme, paid.id)
    place = next((n for n, each in enumerate(asked) if each.currency == paid.id), None)
    if wallet is None or place is None or asked[place].amount is not None:
        raise refusal
    steps = int(refusal.extensions["left"]) // wallet.money
    less = Payment(paid.id, steps * wallet.units) if steps else None
    return (*asked[:place], *filter(None, [less]), *asked[place + 1 :])


def of_one(account: Account, programme: Programme, purchase: Purchase, now: Instant) -> Purchase:
    """Return a purchase with what is not allowed of it, were each discount the only one."""
    purchase = _with_bars(account, programme, purchase)
    vouchers = {each.id: each for each in purchase.vouchers}
    forbidden: dict[tuple[str, str], str] = {}
    while True:
        purchase = purchase._replace(forbidden=forbidden)
        priced = pricing.price(account, programme, purchase, (), now)
        found = {
            (row.id, row.redemption): str(refusal.extensions["rule"])
            for item in money_off.discounts(
                programme, priced.considered, vouchers, purchase.day.isoformat()
            )
            for refusal in registry.refusals(account, programme, item.benefit, now)
            for row in item.rows
        }
        if not found:
            return purchase
        forbidden = forbidden | found


def _with_bars(account: Account, programme: Programme, purchase: Purchase) -> Purchase:
    return purchase._replace(barred=policy_bars.from_money_off(account, programme, purchase))


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
            bought=each.bought,
        )


def _allowed(
    event: EventBuilder,
    programme: Programme,
    priced: Priced,
    vouchers: Mapping[str, Redemption],
    service_on: str,
) -> tuple[set[tuple[str, str]], dict[tuple[str, str], str]]:
    """Return the discounts that are allowed beside one another, and the others with the rule."""
    allowed: set[tuple[str, str]] = set()
    found: dict[tuple[str, str], str] = {}
    for item in money_off.discounts(programme, priced.considered, vouchers, service_on):
        keys = [(row.id, row.redemption) for row in item.rows]
        try:
            event.give(item.benefit)
        except Forbidden as refusal:
            found |= dict.fromkeys(keys, str(refusal.extensions["rule"]))
        else:
            allowed |= set(keys)
    return allowed, found


class _Units:
    """
    Takes as many units of entitlements as are allowed, to see how many that is.

    Of which entitlement a unit is makes no difference to a law, and what is not allowed once is not
    allowed later, since the room only gets less.  So each worth is refused once, and a bill of many
    lines asks no more often than there are different ones.  Units that were bought are no gift, and
    pay for barred lines too.
    """

    def __init__(self, event: EventBuilder, programme: Programme, purchase: Purchase) -> None:
        self._event = event
        self._programme = programme
        self._barred = purchase.barred
        self._service_on = purchase.day.isoformat()
        held = entitlements.held(event.account, programme, event.now)
        self._entitlements = {each.entitlement.id: each.entitlement for each in held}
        self._bought = {
            each.entitlement.id: sum(grant.units for grant in each.grants if grant.bought)
            for each in held
        }
        # An override is for one of them.
        self._alone = bool(event.account.progress.get(OVERRIDES))
        self._refused: dict[tuple[object, ...], str] = {}

    def __call__(self, line: str, entitlement: str, units: int, worth: int) -> Allowed:
        """Return how many of the units may be used, all of which would cost so much."""
        each = self._entitlements[entitlement]
        dearest = max(each.retail_value or 0, -(-worth // units))
        alone = entitlement if self._alone else ""
        alike = (dearest, each.exception, each.cash_equivalent, alone)
        rule = self._barred.get(line) or self._refused.get(alike, "")
        tried = 0 if rule else units
        while tried:
            part = worth * tried // units
            if tried < units and not part:
                break  # it would be for nothing
            refusal = self._refusal(entitlement, tried, part)
            if refusal is None:
                return Allowed(tried, rule)
            rule, left = str(refusal.extensions["rule"]), int(refusal.extensions["left"])
            # Each rule that is against it has less room for it.
            there = self._bought[entitlement] + (left // dearest if dearest else 0)
            tried = min(there, tried - 1)
        else:
            if line not in self._barred:
                self._refused[alike] = rule
        return self._of_bought(entitlement, units, rule)

    def _of_bought(self, entitlement: str, units: int, rule: str) -> Allowed:
        """Return how many units were paid for, and use them."""
        there = min(units, self._bought[entitlement])
        if there:
            self._use(entitlement, there, 0, bought=True)
        return Allowed(there, rule, bought=bool(there))

    def _refusal(self, entitlement: str, units: int, worth: int) -> Forbidden | None:
        try:
            self._use(entitlement, units, worth)
        except Forbidden as refusal:
            return refusal
        return None

    def _use(self, entitlement: str, units: int, worth: int, *, bought: bool = False) -> None:
        used = entitlement_uses.consume(
            self._event,
            self._programme,
            entitlement,
            units,
            waived=worth,
            service_on=self._service_on,
            bought=bought,
        )
        self._bought[entitlement] -= sum(part.units for part in used.grants if part.bought)
