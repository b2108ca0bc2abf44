"""
Gift cards: money that is paid in once, and belongs to whoever holds the code.

A gift card is an account of its own, so that its journal, its lot and the day on which that expires
are those of any other; nobody's name is on it.  Its value is of a prepaid wallet of the programme:
it pays for purchases here in parts (`gift_card_uses`), or goes into a member's wallet
(`gift_card_moves`).  Nothing pays out what is on a card, tops it up, buys it with points or with
another card, or transfers it; in a wallet it pays as prepaid money does and is not refunded, since
nobody topped it up there.  How one ends is in `gift_card_endings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import ClaimKey
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Conflict, Invalid, LoyaltyError, NotFound, UnknownCode
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, Holder
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import Opened, StatusChange
from chalicelib.domain.ledger.events import GiftCardSold, noted
from chalicelib.domain.ledger.postings import PAID_IN
from chalicelib.domain.mechanics import expiry, payments, value
from chalicelib.domain.mechanics.gift_card_terms import (
    SECTION,
    GiftCardKind,
    permanent,
    problems,
    succession,
)
from chalicelib.domain.programme.document import Programme, in_season, qualified
from chalicelib.domain.programme.versions import document_in_force

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description

#: The role of a gift card in a decision about a member.
GIFT_CARD: Final = "gift_card"


#: What has become of one.  One whose value came back after its day is issued again.
State = Literal["issued", "used_up", "expired", "cancelled"]


class Sold(Struct, frozen=True, omit_defaults=True):
    """
    In a gift card's account: what was sold, and where it went.

    ``currency`` is qualified: `clinic/prepaid`.  Of ``amount``, ``used`` paid for purchases,
    ``moved`` went into wallets and ``withdrawn`` was given up when the card ended, ``forfeited``
    of it to the tenant; the rest is there, or has expired.  ``expires_on`` is the last day on
    which any of it can be used.
    """

    gift_card: str
    currency: str
    amount: int
    expires_on: str | None = None
    used: int = 0
    moved: int = 0
    withdrawn: int = 0
    forfeited: int = 0
    cancelled_at: Instant | None = None

    @property
    def programme(self) -> str:
        """Return the id of its programme."""
        return self.currency.partition("/")[0]


_THE: Final = "the"
#: The one of a gift card, under a constant key.
_SOLD: Final = ProgressStore("gift_cards/sold", Sold)


class OfGiftCard(Command, frozen=True):
    """What is asked of a gift card, whose id is ``member``."""

    asked_of: ClassVar[tuple[Holder, ...]] = (GIFT_CARD,)

    def not_found(self) -> NotFound:
        """Return the refusal where there is no such card."""
        return unknown()


class SellGiftCard(OfGiftCard, frozen=True):
    """
    Sell a gift card of ``amount`` minor units; ``member`` is the id that it gets.

    ``code`` is the look-up hash of its code, ``payment`` that of the ``reference``, if it has one.
    """

    opens: ClassVar[bool] = True

    programme: str
    gift_card: str
    amount: int
    code: str
    reference: str = ""
    payment: str = ""


def sell(decider: Decider, command: SellGiftCard) -> Sold:
    """Open the account of a gift card, with its value in one lot."""
    now = decider.now
    programme = document_in_force(decider.programmes, command.programme, now)
    kind = _offered(programme, command, now)
    day = calendar.local_date(now, programme.time_zone)
    key = qualified(programme.id, kind.currency)
    lot = expiry.term(kind.expiry, day, programme.time_zone).opens(command.amount)
    event = decider.event()
    event.add(Opened(now))
    event.add(StatusChange(GIFT_CARD))
    # Nobody is given anything yet: whoever puts it into their wallet is.
    value.credit_lot(event, key, lot, source=PAID_IN)
    sold = Sold(kind.id, key, command.amount, lot.key.expires_on)
    put(event, sold)
    decider.claim(ClaimKey(key_of(command.code), command.member))
    payments.claim(decider, event, command.member, programme.id, command.payment)
    event.record(
        GiftCardSold(kind.id, key, command.amount, lot.key), detail=noted(command.reference)
    )
    return sold


def _offered(programme: Programme, command: SellGiftCard, now: Instant) -> GiftCardKind:
    """Return what is sold; refuse what is not for sale, at this price or on this day."""
    kinds = {each.id: each for each in SECTION.of(programme)}
    kind = kinds.get(command.gift_card)
    if kind is None:
        known = ", ".join(kinds) or "none"
        raise Invalid(
            "unknown_gift_card",
            f"{programme.id} sells no such gift card; it sells: {known}.",
            errors=[{"pointer": "/gift_card", "detail": f"must be one of: {known}"}],
        )
    if not kind.min_amount <= command.amount <= kind.max_amount:
        detail = f"must be from {kind.min_amount} to {kind.max_amount}"
        raise Invalid(
            "gift_card_amount",
            f"The amount of this gift card {detail}, in minor units.",
            errors=[{"pointer": "/amount", "detail": detail}],
        )
    day = calendar.local_date(now, programme.time_zone)
    last = expiry.term(kind.expiry, day, programme.time_zone)
    over = last.expires_at is not None and last.expires_at <= now
    if over or not in_season(kind.valid_from, kind.valid_until, day):
        raise Conflict(
            "gift_card_not_sold",
            f"{programme.id} does not sell this gift card on {day}.",
            valid_from=kind.valid_from,
            valid_until=last.expires_on if over else kind.valid_until,
        )
    return kind


def key_of(code: str) -> str:
    """Return the key by which a gift card is found, by the look-up hash of its code."""
    return f"gift_card/{code}"


def sold_in(account: Account) -> Sold:
    """Return what a gift card's account is; raises `NotFound` where it is nobody's."""
    found = _SOLD.get(account, _THE) if account.holder == GIFT_CARD else None
    if found is None:
        raise unknown()
    return found


def put(event: EventBuilder, sold: Sold) -> Sold:
    """
    Write what has become of a gift card, and return it as it is kept.

    Its last day is that of what ends last: what came back may last longer than the rest.
    """
    if lots := event.account.balance(sold.currency).lots:
        sold = replace(sold, expires_on=lots[-1].key.expires_on)
    _SOLD.put(event, _THE, sold)
    return sold


def left_on(account: Account, sold: Sold) -> int:
    """Return what is left on a gift card, below zero where its payment went back and it owes."""
    return account.balance(sold.currency).available


def expired_of(account: Account, sold: Sold) -> int:
    """Return what of a gift card expired, and has not come back."""
    held = account.balance(sold.currency)
    return sold.amount - sold.used - sold.moved - sold.withdrawn - held.lots_total


def state_of(account: Account, sold: Sold) -> State:
    """Return what has become of a gift card, whose account is settled."""
    if sold.cancelled_at is not None:
        return "cancelled"
    if left_on(account, sold):
        return "issued"
    return "expired" if expired_of(account, sold) else "used_up"


def check_pays(account: Account, amount: int) -> Sold:
    """
    Return what a gift card is, of which so much is to be taken.

    Raises `Conflict` where it ended or has less.
    """
    sold = sold_in(account)
    refusal = why_not(account, sold)
    if refusal is not None:
        raise refusal
    available = left_on(account, sold)
    if amount > available:
        raise Conflict(
            "gift_card_too_little",
            f"{amount} were asked for; {available} are left on the gift card.",
            available=available,
            missing=amount - available,
        )
    return sold


def why_not(account: Account, sold: Sold) -> LoyaltyError | None:
    """Return why nothing can be taken off a gift card, or ``None``."""
    match state_of(account, sold):
        case "cancelled":
            return Conflict("gift_card_cancelled", "This gift card was cancelled.")
        case "expired":
            return Conflict(
                "gift_card_expired",
                f"This gift card was valid through {sold.expires_on}.",
                expires_on=sold.expires_on,
            )
        case "used_up":
            return Conflict("gift_card_used_up", "Nothing is left on this gift card.", available=0)
        case "issued":
            return None


_UNKNOWN: Final = (
    "gift_card_not_found",
    "There is no such gift card: check it, mark by mark.",
)


def unknown() -> NotFound:
    """Return the refusal of a gift card that is not there, by its code or id."""
    return NotFound(*_UNKNOWN)


def unclaimed() -> UnknownCode:
    """Return the refusal of a code that stands for no gift card: to its reader it is the same."""
    return UnknownCode(*_UNKNOWN)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each gift card is good for."""
    from chalicelib.domain.mechanics import gift_card_words

    yield from gift_card_words.words(compose)


MECHANIC: Final = Mechanic(
    section=SECTION,
    handlers={SellGiftCard: sell},
    problems=problems,
    permanent=permanent,
    succession=succession,
    words=words,
)
