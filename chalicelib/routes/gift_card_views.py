"""Gift cards as they are asked for and shown; sums are in minor units of the programme's money."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from chalicelib.domain import voucher_code
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.ledger.lots import Taken
from chalicelib.domain.mechanics import gift_card_terms, gift_cards
from chalicelib.domain.mechanics.gift_cards import Sold, State
from chalicelib.domain.programme.fields import CurrencyCode, Id, MinorUnits, text_in
from chalicelib.domain.programme.versions import Programmes, document_in_force
from chalicelib.routes.http.fields import (
    Note,
    OptionalReason,
    PaymentReference,
    Reason,
    VoucherCode,
)
from chalicelib.routes.http.operation import Body
from chalicelib.routes.http.periods import PeriodPage
from chalicelib.routes.views import BalanceView, when
from chalicelib.usecases.gift_cards import CardRead


class GiftCardSaleBody(Body):
    """
    Which gift card was sold, and for how much, in minor units of the programme's money.

    ``reference`` names the payment, once: under it the payment is reversed.
    """

    programme: Id
    gift_card: Id
    amount: MinorUnits
    reference: PaymentReference = ""


class GiftCardCodeBody(Body):
    """A gift card's code as printed; case, blanks and hyphens do not matter."""

    code: VoucherCode


class GiftCardUseBody(Body):
    """How much of a gift card pays, in minor units of ``currency``."""

    code: VoucherCode
    amount: MinorUnits
    currency: CurrencyCode
    reference: PaymentReference = ""


class GiftCardUseCancellationBody(Body):
    """How much of a use comes back: all that is left of it, where nothing is said."""

    amount: MinorUnits | None = None
    reason: OptionalReason = ""
    note: Note = ""


class GiftCardMoveBody(Body):
    """How much of a gift card goes into the wallet: all, where nothing is said."""

    code: VoucherCode
    amount: MinorUnits | None = None


class GiftCardCancellationBody(Body):
    """Why a gift card ends, and what becomes of what is left: a `refund` is paid elsewhere."""

    left: Literal["refund", "forfeit"]
    reason: Reason
    note: Note = ""


class GiftCardQuery(PeriodPage, kw_only=True, frozen=True):
    """Which gift cards to list, by when they were sold."""

    state: State | None = None
    programme: Id | None = None
    gift_card: Id | None = None


class SoldGiftCardView(Struct, frozen=True):
    """A gift card that was sold, with its code, which is not shown again."""

    gift_card_id: str
    code: str
    programme: str
    gift_card: str
    name: str
    amount: int
    currency: str
    expires_on: str | None


class PartView(Struct, frozen=True):
    """Value that lasts through one day."""

    amount: int
    expires_on: str | None


class GiftCardBalanceView(Struct, frozen=True):
    """
    What is left on a gift card, and what has become of it.

    Of value that came back a part may last longer than the rest: ``lots`` has each part by its last
    day, the first to end first, and ``expires_on`` is the last of these days.
    """

    gift_card_id: str
    programme: str
    gift_card: str
    name: str
    state: State
    balance: int
    currency: str
    expires_on: str | None
    lots: list[PartView]


class IssuedGiftCardView(GiftCardBalanceView, frozen=True):
    """
    A gift card, and where what was paid for it is; of its code only the end is shown.

    What is not in one of these sums is its balance, below zero where its payment went back after it
    was spent.
    """

    amount: int
    used: int
    in_wallets: int
    expired: int
    withdrawn: int
    sold_at: str
    cancelled_at: str | None
    code: str


class GiftCardListView(Struct, frozen=True):
    """A page of gift cards, the latest to be sold first; it may be short and yet not the last."""

    gift_cards: list[IssuedGiftCardView]
    next_cursor: str | None


class GiftCardUseView(Struct, frozen=True):
    """
    What a gift card paid, and what is left on it.

    By ``gift_card_use_id`` it is cancelled; null in a dry run.
    """

    gift_card_use_id: str | None
    gift_card_id: str
    amount: int
    currency: str
    balance: int
    expires_on: str | None


class CancelledGiftCardUseView(Struct, frozen=True):
    """
    A use that was cancelled, or ``amount`` of it.

    Of that, ``usable`` is on the card again.  ``expired`` had its last day meanwhile, where the
    currency grants no least life.  Of a card that has ended, ``settled`` makes good what it owes
    since its payment went back, and ``forfeited`` is given up.  ``remaining`` can still be
    cancelled.
    """

    gift_card_use_id: str
    gift_card_id: str
    amount: int
    remaining: int
    usable: int
    expired: int
    settled: int
    forfeited: int
    currency: str
    balance: int
    expires_on: str | None


class GiftCardInWalletView(Struct, frozen=True):
    """
    What came into a member's wallet, and what is left on the card.

    Of ``amount``, ``settled`` made good what the wallet owed; the rest is in ``lots``.
    """

    member_id: str
    gift_card_id: str
    programme: str
    currency: str
    amount: int
    settled: int
    lots: list[PartView]
    gift_card_balance: int
    balances: list[BalanceView]


class CancelledGiftCardView(Struct, frozen=True):
    """A gift card that ended: ``amount`` was left on it, ``refunded`` elsewhere or forfeited."""

    gift_card_id: str
    state: State
    amount: int
    currency: str
    refunded: bool


def balance_view(found: CardRead, locale: str) -> GiftCardBalanceView:
    """Return what is left on a card, as it is shown."""
    sold = found.sold
    held = found.account.balance(sold.currency)
    return GiftCardBalanceView(
        gift_card_id=found.id,
        programme=sold.programme,
        gift_card=sold.gift_card,
        name=name_of(sold, found.programmes, found.now, locale),
        state=found.state,
        balance=gift_cards.left_on(found.account, sold),
        currency=money_of(sold, found.programmes, found.now),
        expires_on=sold.expires_on,
        lots=parts_view(Taken(lot.amount, lot.key) for lot in held.lots),
    )


def parts_view(taken: Iterable[Taken]) -> list[PartView]:
    """Return parts of lots by their last days, the first to end first."""
    by_day: dict[str | None, int] = {}
    for part in taken:
        day = part.lot.expires_on
        by_day[day] = by_day.get(day, 0) + part.amount
    return [PartView(amount, day) for day, amount in by_day.items()]


def gift_card_view(found: CardRead, code: str, locale: str) -> IssuedGiftCardView:
    """Return a card as it is shown."""
    sold = found.sold
    shown = balance_view(found, locale)
    return IssuedGiftCardView(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        amount=sold.amount,
        used=sold.used,
        in_wallets=sold.moved,
        expired=gift_cards.expired_of(found.account, sold),
        withdrawn=sold.withdrawn,
        sold_at=format_instant(found.account.opened_at),
        cancelled_at=when(sold.cancelled_at),
        code=voucher_code.masked(code),
    )


def money_of(sold: Sold, programmes: Programmes, now: Instant) -> str:
    """Return the money of a card's programme, as ISO 4217 has it."""
    return document_in_force(programmes, sold.programme, now).money.currency


def name_of(sold: Sold, programmes: Programmes, now: Instant, locale: str) -> str:
    """Return what a card is called, in a language."""
    programme = document_in_force(programmes, sold.programme, now)
    return text_in(gift_card_terms.name_of(programme, sold.gift_card), locale)
