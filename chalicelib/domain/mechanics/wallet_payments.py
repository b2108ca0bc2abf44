"""
What wallets pay for a purchase: prepaid value lot by lot, then cashback and points.

Prepaid value pays all it can, lot by lot in burn order, and each lot for the same share of every
line.  Cashback and points pay of what is left, where they are asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.bill import PricedLine, WhyNot
from chalicelib.domain.ledger.lots import Lot, Taken
from chalicelib.domain.ledger.money import apportion
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


class PrepaidLot(NamedTuple):
    """What a lot of prepaid value may pay: ``amount`` minor units, at the rate of the lot."""

    currency: str
    lot: Lot
    amount: int


class Share(NamedTuple):
    """The share of every line of a bill that is paid for at one rate; of no wallet, at none."""

    part: Fraction
    currency: str = ""
    rate: int = 0


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
                    yield PrepaidLot(key, lot, part)


def shares(lots: Sequence[PrepaidLot], cost: Callable[[int], Fraction]) -> list[Share]:
    """
    Return which share of a bill each rate pays for, in burn order of the lots.

    ``cost`` is what the whole bill comes to at a rate, exactly.  A lot pays for the same share of
    every line, so neither the order of the lines nor how a balance lies in lots of one rate changes
    what anything costs.
    """
    left = Fraction(1)
    found: dict[tuple[str, int], Fraction] = {}
    at_one_rate = groupby(lots, key=lambda each: (each.currency, each.lot.key.rate))
    for (currency, rate), group in at_one_rate:
        if not left:
            break
        whole = cost(rate)
        amount = sum(each.amount for each in group)
        part = left if whole * left <= amount else amount / whole  # nosemgrep: float-money - exact
        found[currency, rate] = found.get((currency, rate), Fraction()) + part
        left -= part
    paid_for = [Share(part, currency, rate) for (currency, rate), part in found.items()]
    return [*paid_for, Share(left)] if left else paid_for


def prepaid_draws(lots: Sequence[PrepaidLot], net: int) -> Iterator[Draw]:
    """Yield what prepaid wallets pay of a net price: all they can, in burn order."""
    left = net
    by_currency: dict[str, list[Taken]] = {}
    for currency, lot, amount in lots:
        part = min(amount, left)
        left -= part
        if part:
            taken = Taken(part, lot.key, lot.warn_at, lot.since)
            by_currency.setdefault(currency, []).append(taken)
    for currency, parts in by_currency.items():
        drawn = sum(part.amount for part in parts)
        yield Draw(currency, drawn, drawn, tuple(parts))


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


def counted(
    programme: Programme, lines: Sequence[PricedLine], draws: Sequence[Draw]
) -> list[PricedLine]:
    """Return lines with what counts as spend: in proportion less, where a wallet's does not."""
    left = {line.id: line.net for line in lines}
    for draw in draws:
        wallet = wallets.wallet_of(programme, draw.currency.partition("/")[2])
        if wallet is not None and not wallets.counts(wallet):
            paid = apportion(min(draw.money, sum(left.values())), left)
            left = {name: amount - paid[name] for name, amount in left.items()}
    return [replace(line, counted=left[line.id]) for line in lines]


def why_nothing(account: Account, programme: Programme, payer: Payer, due: int) -> WhyNot:
    """Return why a wallet that was asked to pay pays nothing, where ``due`` is left to pay."""
    if not due:
        return WhyNot("nothing_due")
    there, step = _available(account, programme, payer.wallet), payer.wallet.units
    if there < step:
        return WhyNot("too_little_there", there=there, needed=step)
    if payer.asked is not None and payer.asked < step:
        return WhyNot("too_little_asked", there=payer.asked, needed=step)
    return WhyNot("steps_too_large")


def _available(account: Account, programme: Programme, wallet: Wallet) -> int:
    return max(account.balance(qualified(programme.id, wallet.currency)).available, 0)
