"""
What wallets pay for a purchase: prepaid value lot by lot, then cashback and points.

Prepaid value comes from its lots in burn order, while the lines are priced.  Cashback and points
pay of what is left, where they are asked to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.bill import PricedLine
from chalicelib.domain.ledger.lots import Lot, Taken
from chalicelib.domain.ledger.quote import Draw
from chalicelib.domain.mechanics import wallets
from chalicelib.domain.mechanics.wallets import Wallet
from chalicelib.domain.programme.document import Programme, qualified

_WHOLE: Final = 100


class Payment(Struct, frozen=True):
    """A wallet that is to pay: so many of its units, or as much as it can."""

    currency: str
    amount: int | None = None


class Payer(NamedTuple):
    """A wallet that pays: ``asked`` of its units, as much as it can where nothing is said."""

    wallet: Wallet
    asked: int | None = None


class PrepaidLot:
    """A lot of prepaid value while it is being drawn from."""

    def __init__(self, currency: str, lot: Lot) -> None:
        self.currency = currency
        self.lot = lot
        self.left = lot.amount

    @property
    def drawn(self) -> int:
        """Return what of the lot pays."""
        return self.lot.amount - self.left


def payers(
    account: Account, programme: Programme, payments: tuple[Payment, ...] | None
) -> list[Payer]:
    """
    Return the wallets that pay, every prepaid one where nothing is asked.

    Raises `Invalid` ``unknown_currency`` for a payment by what is no wallet, and `Conflict`
    ``insufficient_points`` for one by more than there is.
    """
    known = wallets.SECTION.of(programme)
    if payments is None:
        return [Payer(wallet) for wallet in known if wallet.kind == "prepaid"]
    found: list[Payer] = []
    for place, payment in enumerate(payments):
        wallet = wallets.wallet_of(programme, payment.currency)
        if wallet is None or wallet in [other.wallet for other in found]:
            names = ", ".join(each.currency for each in known) or "none"
            raise Invalid(
                "unknown_currency",
                f"{programme.id} can be paid by these, once each: {names}.",
                errors=[{"pointer": f"/payments/{place}/currency", "detail": f"one of: {names}"}],
            )
        available = _available(account, programme, wallet)
        if payment.amount is not None and payment.amount > available:
            raise Conflict(
                "insufficient_points",
                f"{payment.amount} {payment.currency} are to pay; {available} are available.",
                available=available,
                missing=payment.amount - available,
            )
        found.append(Payer(wallet, payment.amount))
    return found


def prepaid_lots(
    account: Account, programme: Programme, paying: Sequence[Payer]
) -> Iterator[PrepaidLot]:
    """Yield the lots of prepaid value that may pay, none beyond what its wallet is asked for."""
    for wallet, asked in paying:
        if wallet.kind == "prepaid":
            key = qualified(programme.id, wallet.currency)
            left = _available(account, programme, wallet) if asked is None else asked
            for lot in account.balance(key).lots:
                part = min(lot.amount, left)
                left -= part
                if part:
                    yield PrepaidLot(key, replace(lot, amount=part))


def prepaid_draws(lots: Sequence[PrepaidLot]) -> Iterator[Draw]:
    """Yield what prepaid wallets pay, with the lots that it comes from."""
    by_currency: dict[str, list[Taken]] = {}
    for each in lots:
        if each.drawn:
            held = each.lot
            part = Taken(each.drawn, held.key, held.warn_at, held.since)
            by_currency.setdefault(each.currency, []).append(part)
    for currency, parts in by_currency.items():
        amount = sum(part.amount for part in parts)
        yield Draw(currency, amount, amount, tuple(parts))


def other_draws(
    account: Account, programme: Programme, paying: Sequence[Payer], net: int, prepaid: int
) -> Iterator[Draw]:
    """Yield what cashback and points pay of a net price, of which ``prepaid`` is paid for."""
    due = net - prepaid
    for wallet, asked in paying:
        if wallet.kind == "prepaid":
            continue
        units = _available(account, programme, wallet) if asked is None else asked
        most = min(due, net * wallet.max_percent // _WHOLE)
        steps = min(units // wallet.units, most // wallet.money)
        if steps:
            worth = steps * wallet.money
            due -= worth
            key = qualified(programme.id, wallet.currency)
            yield Draw(key, steps * wallet.units, worth)


def without_what_does_not_count(
    programme: Programme, lines: list[PricedLine], draw: Draw
) -> list[PricedLine]:
    """Take off what counts as spend, in proportion, what a wallet pays that does not count."""
    wallet = wallets.wallet_of(programme, draw.currency.partition("/")[2])
    total = sum(line.counted for line in lines)
    if wallet is None or wallets.counts(wallet) or not total:
        return lines
    worth, so_far, taken = min(draw.money, total), 0, 0
    found = []
    for line in lines:
        so_far += line.counted
        part = so_far * worth // total - taken
        taken += part
        found.append(replace(line, counted=line.counted - part))
    return found


def _available(account: Account, programme: Programme, wallet: Wallet) -> int:
    return max(account.balance(qualified(programme.id, wallet.currency)).available, 0)
