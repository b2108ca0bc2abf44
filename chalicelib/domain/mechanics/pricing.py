"""
What a purchase comes to: free units first, then discounts line by line, then what wallets pay.

Of a line whose units are free nothing else is asked.  What is left of it meets the offers of
`discounts`; those of one exclusivity group compete, and the rest go together as the programme says.
Prepaid value comes from its lots in burn order: what one lot pays for gets that lot's percentage
among the other offers, and where a lot is used up in the middle of a line, the rest of the line is
priced with the next.  Then cashback and points pay, where they are asked to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import money
from chalicelib.domain.account import Account
from chalicelib.domain.activity import in_scope
from chalicelib.domain.bill import Considered, PricedLine
from chalicelib.domain.calendar import Instant
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.lots import Lot, Taken
from chalicelib.domain.mechanics import discounts, entitlements, wallets
from chalicelib.domain.mechanics.discounts import Discounts, Purchase
from chalicelib.domain.mechanics.wallets import Wallet
from chalicelib.domain.programme import Programme, qualified
from chalicelib.domain.quote import Draw, Freed

_WHOLE: Final = 100


class Payment(Struct, frozen=True):
    """A wallet that is to pay: so many of its units, or as much as it can."""

    currency: str
    amount: int | None = None


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


class _Candidate(NamedTuple):
    """An offer for one line: a percentage, or an amount off the whole of the line."""

    source: str
    id: str
    group: str
    percent: int | None
    amount: int | None


class _Lot:
    """A lot while it is being drawn from."""

    def __init__(self, currency: str, lot: Lot) -> None:
        self.currency = currency
        self.lot = lot
        self.left = lot.amount


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
        self._terms: Discounts = discounts.SECTION.of(programme)
        self._now = now
        self._offers = discounts.offers(account, programme, purchase)
        self._asked = self._checked(payments)
        self._lots = list(self._prepaid())
        self._freed: list[Freed] = []
        self._given: dict[tuple[str, str], int] = {}
        self._lines: list[PricedLine] = []

    def priced(self) -> Priced:
        for line in self._purchase.lines:
            for part in self._free(line):
                self._lines.append(self._discounted(part))
        draws = [*self._drawn(), *self._pay()]
        paid = sum(draw.money for draw in draws)
        net = sum(line.net for line in self._lines)
        used = {name for (source, name), off in self._given.items() if source == "discount" and off}
        redemptions = tuple(
            offer.redemption
            for offer in self._offers
            if offer.redemption and offer.discount.id in used
        )
        return Priced(
            tuple(self._lines),
            tuple(self._considered()),
            sum(line.amount for line in self._purchase.lines),
            net,
            net - paid,
            tuple(draws),
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
            _Candidate(
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
                rated = [*candidates, _Candidate("wallet", name, "", lot.lot.key.rate, None)]
            part, cost, taken = self._part(line, left, rated, lot.left)
            lot.left -= cost
            net += cost
            left -= part
            _add(off, taken)
        if left:
            taken = self._combined(line, left, candidates)
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
        self, line: Line, left: int, candidates: list[_Candidate], available: int
    ) -> tuple[int, int, dict[tuple[str, str], int]]:
        """Return the part of a line that a lot pays for, what that costs, and what came off."""
        taken = self._combined(line, left, candidates)
        cost = left - sum(taken.values())
        if cost <= available:
            return left, cost, taken
        # The lot ends within the line: it pays for as much of the price as its value covers.
        part = left * available // cost
        while True:
            taken = self._combined(line, part, candidates)
            cost = part - sum(taken.values())
            if cost <= available:
                return part, cost, taken
            # Rounding gave a penny less off than its share.
            part -= 1

    def _combined(
        self, line: Line, base: int, candidates: list[_Candidate]
    ) -> dict[tuple[str, str], int]:
        """Return what comes off so much of a line's price, by offer, as they stack."""
        rivals = self._without_rivals(line, base, candidates)
        if self._terms.stacking == "best_of":
            best = max(rivals, key=lambda each: self._alone(line, base, each), default=None)
            rivals = [] if best is None else [best]
        if self._terms.stacking == "sequential":
            taken = self._in_sequence(line, base, rivals)
        else:
            taken = self._added(line, base, rivals)
        return {(each.source, each.id): amount for each, amount in taken}

    def _without_rivals(
        self, line: Line, base: int, candidates: list[_Candidate]
    ) -> list[_Candidate]:
        """Of each exclusivity group keep what gives most, the document's order among equals."""
        best: dict[str, _Candidate] = {}
        for each in candidates:
            rival = best.get(each.group)
            if rival is None or self._alone(line, base, each) > self._alone(line, base, rival):
                best[each.group] = each
        return [each for each in candidates if not each.group or best[each.group] is each]

    def _alone(self, line: Line, base: int, each: _Candidate) -> int:
        if each.percent is not None:
            return money.divide(base * each.percent, _WHOLE, self._terms.rounding)
        # An amount off a line comes off its parts by their share of its price.
        share = (each.amount or 0) * base // line.amount if line.amount else 0
        return min(share, base)

    def _added(
        self, line: Line, base: int, candidates: list[_Candidate]
    ) -> Iterator[tuple[_Candidate, int]]:
        """Add percentages up and round their sum once; each gets what it adds to it."""
        # Of one alone there is nothing to cap: `max_percent` is about several.
        cap = self._terms.max_percent if len(candidates) > 1 else _WHOLE
        most = base if cap == _WHOLE else money.divide(base * cap, _WHOLE, self._terms.rounding)
        percent = fixed = given = 0
        for each in candidates:
            if each.percent is None:
                fixed += self._alone(line, base, each)
            else:
                percent += each.percent
            shared = money.divide(base * percent, _WHOLE, self._terms.rounding)
            total = min(shared + fixed, most)
            yield each, total - given
            given = total

    def _in_sequence(
        self, line: Line, base: int, candidates: list[_Candidate]
    ) -> Iterator[tuple[_Candidate, int]]:
        """Take each off what the ones before it left."""
        cap = self._terms.max_percent if len(candidates) > 1 else _WHOLE
        most = base if cap == _WHOLE else money.divide(base * cap, _WHOLE, self._terms.rounding)
        given = 0
        for each in candidates:
            rest = base - given
            amount = self._alone(line, base, each)
            if each.percent is not None:
                amount = money.divide(rest * each.percent, _WHOLE, self._terms.rounding)
            amount = min(amount, rest, most - given)
            given += amount
            yield each, amount

    # Wallets

    def _checked(self, payments: tuple[Payment, ...] | None) -> list[tuple[Wallet, int | None]]:
        known = wallets.SECTION.of(self._programme)
        if payments is None:
            return [(wallet, None) for wallet in known if wallet.kind == "prepaid"]
        found: list[tuple[Wallet, int | None]] = []
        for place, payment in enumerate(payments):
            wallet = wallets.wallet_of(self._programme, payment.currency)
            if wallet is None or wallet in [other for other, _ in found]:
                names = ", ".join(each.currency for each in known) or "none"
                raise Invalid(
                    "unknown_currency",
                    f"{self._programme.id} can be paid by these, once each: {names}.",
                    errors=[
                        {"pointer": f"/payments/{place}/currency", "detail": f"one of: {names}"}
                    ],
                )
            available = self._available(wallet)
            if payment.amount is not None and payment.amount > available:
                raise Conflict(
                    "insufficient_points",
                    f"{payment.amount} {payment.currency} are to pay; {available} are available.",
                    available=available,
                    missing=payment.amount - available,
                )
            found.append((wallet, payment.amount))
        return found

    def _available(self, wallet: Wallet) -> int:
        key = qualified(self._programme.id, wallet.currency)
        return max(self._account.balance(key).available, 0)

    def _prepaid(self) -> Iterator[_Lot]:
        for wallet, asked in self._asked:
            if wallet.kind == "prepaid":
                key = qualified(self._programme.id, wallet.currency)
                left = self._available(wallet) if asked is None else asked
                for lot in self._account.balance(key).lots:
                    drawn = _Lot(key, lot)
                    drawn.left = min(drawn.left, left)
                    left -= drawn.left
                    if drawn.left:
                        drawn.lot = replace(lot, amount=drawn.left)
                        yield drawn

    def _drawn(self) -> Iterator[Draw]:
        """Yield what prepaid wallets pay, with the lots that it comes from."""
        by_currency: dict[str, list[Taken]] = {}
        for lot in self._lots:
            taken = lot.lot.amount - lot.left
            if taken:
                held = lot.lot
                part = Taken(taken, held.key, held.warn_at, held.since)
                by_currency.setdefault(lot.currency, []).append(part)
        for currency, parts in by_currency.items():
            amount = sum(part.amount for part in parts)
            self._uncount(currency, amount)
            yield Draw(currency, amount, amount, tuple(parts))

    def _pay(self) -> Iterator[Draw]:
        """Yield what cashback and points pay of what is left."""
        net = sum(line.net for line in self._lines)
        due = net - sum(lot.lot.amount - lot.left for lot in self._lots)
        for wallet, asked in self._asked:
            if wallet.kind == "prepaid":
                continue
            units = self._available(wallet) if asked is None else asked
            most = min(due, net * wallet.max_percent // _WHOLE)
            steps = min(units // wallet.units, most // wallet.money)
            if steps:
                worth = steps * wallet.money
                due -= worth
                key = qualified(self._programme.id, wallet.currency)
                self._uncount(key, worth)
                yield Draw(key, steps * wallet.units, worth)

    def _uncount(self, currency: str, worth: int) -> None:
        """Take off what counts as spend, in proportion, what a wallet pays that does not count."""
        wallet = wallets.wallet_of(self._programme, currency.partition("/")[2])
        total = sum(line.counted for line in self._lines)
        if wallet is None or wallets.counts(wallet) or not total:
            return
        worth, so_far, taken = min(worth, total), 0, 0
        for place, line in enumerate(self._lines):
            so_far += line.counted
            part = so_far * worth // total - taken
            taken += part
            self._lines[place] = replace(line, counted=line.counted - part)

    # Telling

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
