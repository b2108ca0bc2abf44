"""
Uses of gift cards: a part of one pays for something, and comes back where that is cancelled.

A use is a record of its own, so that an account does not grow with how often its card pays.  What
comes back goes to the lot that it was of, by the one rule for all value that comes back
(`restoring`); on a card that has ended it makes good what the card owes, and the rest is forfeited.
"""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import EventRef, RecordKind, Ref, SaveRecord
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import GiftCardUseCancelled, GiftCardUsed, noted
from chalicelib.domain.ledger.lots import Taken
from chalicelib.domain.ledger.postings import FORFEITED, REDEEMED
from chalicelib.domain.mechanics import gift_cards, restoring, value
from chalicelib.domain.mechanics.gift_cards import OfGiftCard, Sold
from chalicelib.domain.programme.versions import document_in_force


class Use(Struct, frozen=True, omit_defaults=True):
    """
    So much of a gift card that paid for something, and from which lots.

    ``back`` is how much of it was cancelled so far, the last that was taken first.
    """

    id: str
    amount: int
    at: Instant
    taken: tuple[Taken, ...]
    back: int = 0
    revision: int = 1

    @property
    def left(self) -> int:
        """Return how much of it is not cancelled."""
        return self.amount - self.back


#: Under the gift card that they are of.
USES: Final = RecordKind("gift_card_use", Use)


class UseGiftCard(OfGiftCard, frozen=True):
    """Pay with a part of a gift card; ``money`` is that of the purchase, as ISO 4217 has it."""

    when_full: ClassVar[bool] = True

    use_id: str
    amount: int
    money: str
    reference: str = ""


class CancelGiftCardUse(OfGiftCard, frozen=True):
    """Take a use back, or ``amount`` of it: all that is left of it where nothing is said."""

    when_full: ClassVar[bool] = True

    use_id: str
    amount: int | None = None
    reason: str = ""
    note: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the use."""
        return (USES.ref(self.member, self.use_id),)


class Used(Struct, frozen=True):
    """A use, and what it left on the card."""

    use: Use
    sold: Sold
    left: int


class UseCancelled(Struct, frozen=True):
    """
    What became of a use that was cancelled, and of the card.

    Of ``amount``, ``usable`` is on the card again; ``expired`` had its last day meanwhile; of a
    card that has ended, ``settled`` made good what it owes and ``forfeited`` is given up.
    """

    use: Use
    sold: Sold
    amount: int
    usable: int
    expired: int
    settled: int
    forfeited: int
    left: int


def use(decider: Decider, command: UseGiftCard) -> Used:
    """Take a part of what is on the card, and remember from which lots."""
    sold = gift_cards.check_pays(decider.member, command.amount)
    _check_money(decider, sold, command.money)
    event = decider.event()
    taken = value.debit(event, sold.currency, command.amount, destination=REDEEMED)
    sold = gift_cards.put(event, replace(sold, used=sold.used + command.amount))
    made = Use(command.use_id, command.amount, decider.now, taken)
    decider.claim(SaveRecord(USES.ref(command.member, made.id), made, made.revision))
    event.record(GiftCardUsed(made.id, sold.currency, made.amount), detail=noted(command.reference))
    return Used(made, sold, gift_cards.left_on(decider.member, sold))


def _check_money(decider: Decider, sold: Sold, money: str) -> None:
    """Refuse a purchase in other money: a code does not say whose it is."""
    unit = document_in_force(decider.programmes, sold.programme, decider.now).money.currency
    if money != unit:
        raise Invalid(
            "currency_mismatch",
            f"This gift card pays in {unit}.",
            errors=[{"pointer": "/currency", "detail": f"must be {unit}"}],
        )


def cancel_use(decider: Decider, command: CancelGiftCardUse) -> UseCancelled:
    """Put a use back to where it was taken from, as far as it has not come back before."""
    made = decider.record(USES, command.member, command.use_id)
    if made is None:
        raise NotFound("gift_card_use_not_found", "This gift card has no such use.")
    amount = made.left if command.amount is None else command.amount
    _check_left(made, amount)
    event = decider.event()
    sold = gift_cards.sold_in(decider.member)
    before = decider.member.balance(sold.currency)
    parts = tuple(restoring.last_taken(made.taken, made.back, amount))
    expired = restoring.restore(event, sold.currency, parts, source=REDEEMED, taken_at=made.at)
    usable = event.account.balance(sold.currency).lots_total - before.lots_total
    settled, forfeited = amount - expired - usable, 0
    if sold.cancelled_at is not None:
        value.debit(event, sold.currency, usable, destination=FORFEITED)
        usable, forfeited = 0, usable
    sold = replace(
        sold,
        used=sold.used - amount,
        withdrawn=sold.withdrawn + settled + forfeited,
        forfeited=sold.forfeited + forfeited,
    )
    sold = gift_cards.put(event, sold)
    made = replace(made, back=made.back + amount, revision=made.revision + 1)
    decider.claim(SaveRecord(USES.ref(command.member, made.id), made, made.revision))
    event.record(
        GiftCardUseCancelled(made.id, sold.currency, amount, command.reason),
        detail=noted(command.note),
    )
    left = gift_cards.left_on(decider.member, sold)
    return UseCancelled(made, sold, amount, usable, expired, settled, forfeited, left)


def _check_left(made: Use, amount: int) -> None:
    if not made.left:
        raise Conflict("gift_card_use_cancelled", "All of this use was cancelled already.")
    if amount > made.left:
        raise Conflict(
            "exceeds_remaining",
            f"Only {made.left} of this use is left to cancel, not {amount}.",
            pointer="/amount",
            remaining=made.left,
        )


MECHANIC: Final = Mechanic(
    handlers={UseGiftCard: use, CancelGiftCardUse: cancel_use},
)
