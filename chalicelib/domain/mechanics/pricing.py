"""
What a purchase comes to: free units first, then discounts line by line, then what wallets pay.

Of a line whose units are free nothing else is asked.  What is left of it meets the offers of
discounts (`discount_offers`, `stacking`).  What a lot of prepaid value pays for gets that lot's
percentage among the other offers, and where a lot is used up in the middle of a line, the rest of
the line is priced with the next (`wallet_payments`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity, checked
from chalicelib.domain.ledger.bill import Considered, PricedLine
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.ledger.quote import Draw, Freed
from chalicelib.domain.mechanics import (
    discount_offers,
    discount_terms,
    entitlements,
    wallet_payments,
    wallets,
)
from chalicelib.domain.mechanics.discount_offers import Purchase
from chalicelib.domain.mechanics.discount_terms import Discounts
from chalicelib.domain.mechanics.stacking import Candidate, taken_off
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.programme.document import Programme, qualified
from chalicelib.domain.programme.scope import in_scope


class Priced(NamedTuple):
    """What a purchase comes to; ``redemptions`` are those whose vouchers took something off."""

    lines: tuple[PricedLine, ...]
    considered: tuple[Considered, ...]
    price: int
    net: int
    due: int
    draws: tuple[Draw, ...]
    freed: tuple[Freed, ...]
    redemptions: tuple[str, ...]


def price(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    payments: tuple[Payment, ...] | None,
    now: Instant,
) -> Priced:
    """
    Price a purchase; without ``payments`` every prepaid wallet pays, and nothing else does.

    Raises `Invalid` ``unknown_currency`` for a payment by what is no wallet, and `Conflict`
    ``insufficient_points`` for one by more than there is.
    """
    return _Pricing(account, programme, purchase, payments, now).priced()


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


class _Pricing:
    def __init__(
        self,
        account: Account,
        programme: Programme,
        purchase: Purchase,
        payments: tuple[Payment, ...] | None,
        now: Instant,
    ) -> None:
        self._account = account
        self._programme = programme
        self._purchase = purchase
        self._terms: Discounts = discount_terms.SECTION.of(programme)
        self._now = now
        self._offers = discount_offers.offers(account, programme, purchase)
        self._paying = wallet_payments.payers(account, programme, payments)
        self._lots = list(wallet_payments.prepaid_lots(account, programme, self._paying))
        self._freed: list[Freed] = []
        self._given: dict[tuple[str, str], int] = {}
        self._lines: list[PricedLine] = []

    def priced(self) -> Priced:
        for line in self._purchase.lines:
            for part in self._free(line):
                self._lines.append(self._discounted(part))
        net = sum(line.net for line in self._lines)
        draws = self._drawn(net)
        lines = self._lines
        for draw in draws:
            lines = wallet_payments.without_what_does_not_count(self._programme, lines, draw)
        paid = sum(draw.money for draw in draws)
        used = {name for (source, name), off in self._given.items() if source == "discount" and off}
        redemptions = tuple(
            offer.redemption
            for offer in self._offers
            if offer.redemption and offer.discount.id in used
        )
        return Priced(
            tuple(lines),
            tuple(self._considered()),
            sum(line.amount for line in self._purchase.lines),
            net,
            net - paid,
            draws,
            tuple(self._freed),
            redemptions,
        )

    # Free units

    def _free(self, line: Line) -> Iterator[Line]:
        """Yield the units of a line that are to be paid for, after noting those that are free."""
        left = line
        for entitlement in entitlements.SECTION.of(self._programme):
            scope = entitlement.waives
            if scope is None or entitlement.id in self._purchase.excluded:
                continue
            if left.quantity == 0 or left.amount <= 0 or not in_scope(line, scope):
                continue
            units = min(self._units_left(entitlement.id), left.quantity)
            if units == 0:
                continue
            whole = units == left.quantity
            worth = left.amount if whole else left.amount * units // left.quantity
            if worth == 0:
                continue  # a unit is not used up for less than a penny
            name = left.id if whole and left is line else f"{line.id}-{entitlement.id}"
            self._freed.append(Freed(name, entitlement.id, units))
            self._give("entitlement", entitlement.id, worth)
            self._lines.append(
                PricedLine(
                    id=name,
                    quantity=units,
                    price=worth,
                    net=0,
                    counted=0,
                    category=line.category,
                    sku=line.sku,
                    off=(("entitlement", entitlement.id, worth),),
                )
            )
            left = Line(
                line.id, left.amount - worth, left.quantity - units, line.category, line.sku
            )
        if left.quantity or left.amount:
            yield left

    def _units_left(self, entitlement_id: str) -> int:
        for held in entitlements.held(self._account, self._programme, self._now):
            if held.entitlement.id == entitlement_id:
                taken = sum(f.units for f in self._freed if f.entitlement == entitlement_id)
                return 10**9 if held.left is None else max(held.left - taken, 0)
        return 0

    # Discounts

    def _discounted(self, line: Line) -> PricedLine:
        """Price one line, lot by lot where prepaid value pays for it."""
        candidates = [
            Candidate(
                "discount",
                offer.discount.id,
                offer.discount.group or "",
                offer.percent,
                offer.lines[line.id],
            )
            for offer in self._offers
            if line.id in offer.lines
        ]
        off: dict[tuple[str, str], int] = {}
        net, left = 0, line.amount
        for lot in self._lots:
            if left == 0:
                break
            if lot.left == 0:
                continue
            rated = candidates
            if lot.lot.key.rate:
                name = lot.currency.partition("/")[2]
                rated = [*candidates, Candidate("wallet", name, "", lot.lot.key.rate, None)]
            part, cost, taken = self._part(line, left, rated, lot.left)
            lot.left -= cost
            net += cost
            left -= part
            _add(off, taken)
        if left:
            taken = taken_off(self._terms, line, left, candidates)
            net += left - sum(taken.values())
            _add(off, taken)
        for (source, name), amount in off.items():
            self._give(source, name, amount)
        return PricedLine(
            id=line.id,
            quantity=line.quantity,
            price=line.amount,
            net=net,
            counted=net,
            category=line.category,
            sku=line.sku,
            off=tuple((source, name, amount) for (source, name), amount in off.items() if amount),
        )

    def _part(
        self, line: Line, left: int, candidates: list[Candidate], available: int
    ) -> tuple[int, int, dict[tuple[str, str], int]]:
        """Return the part of a line that a lot pays for, what that costs, and what came off."""
        taken = taken_off(self._terms, line, left, candidates)
        cost = left - sum(taken.values())
        if cost <= available:
            return left, cost, taken
        # The lot ends within the line: it pays for as much of the price as its value covers.
        part = left * available // cost
        while True:
            taken = taken_off(self._terms, line, part, candidates)
            cost = part - sum(taken.values())
            if cost <= available:
                return part, cost, taken
            # Rounding gave a penny less off than its share.
            part -= 1

    # Wallets

    def _drawn(self, net: int) -> tuple[Draw, ...]:
        """Return what wallets pay: prepaid value first, then cashback and points of the rest."""
        prepaid = sum(lot.drawn for lot in self._lots)
        others = wallet_payments.other_draws(
            self._account, self._programme, self._paying, net, prepaid
        )
        return (*wallet_payments.prepaid_draws(self._lots), *others)

    # What was considered

    def _give(self, source: str, name: str, amount: int) -> None:
        self._given[source, name] = self._given.get((source, name), 0) + amount

    def _considered(self) -> Iterator[Considered]:
        """Yield every discount that was looked at, with what it took off or why nothing."""
        for entitlement in entitlements.SECTION.of(self._programme):
            if entitlement.waives is not None:
                amount = self._given.get(("entitlement", entitlement.id), 0)
                reason = "" if amount else self._not_free(entitlement)
                yield Considered("entitlement", entitlement.id, amount, None, reason)
        for offer in self._offers:
            amount = self._given.get(("discount", offer.discount.id), 0)
            reason = "" if amount else offer.reason or "others gave more"
            yield Considered("discount", offer.discount.id, amount, offer.percent, reason)
        for wallet in wallets.SECTION.of(self._programme):
            key = qualified(self._programme.id, wallet.currency)
            rates = {lot.lot.key.rate for lot in self._lots if lot.currency == key} - {0}
            if rates:
                amount = self._given.get(("wallet", wallet.currency), 0)
                reason = "" if amount else "others gave more"
                percent = rates.pop() if len(rates) == 1 else None
                yield Considered("wallet", wallet.currency, amount, percent, reason)

    def _not_free(self, entitlement: entitlements.Entitlement) -> str:
        if entitlement.id in self._purchase.excluded:
            return "it was excluded"
        held = entitlements.held(self._account, self._programme, self._now)
        if all(each.entitlement.id != entitlement.id for each in held):
            return "the member does not have it"
        if any(each.entitlement.id == entitlement.id and each.left == 0 for each in held):
            return "none of it is left"
        return "no line is in its scope"


def _add(off: dict[tuple[str, str], int], taken: dict[tuple[str, str], int]) -> None:
    for key, amount in taken.items():
        off[key] = off.get(key, 0) + amount
