"""
How gift cards end: by hand, or since the payment of the sale went back.

By hand, one that was lost or sold by mistake: what is left is refunded to who paid for it, outside
of here, or forfeited, and which of the two has to be said.  Where the payment went back, what is
left is taken back, however much was spent: nobody pays with a card that is not paid for.  What was
spent, and not what expired, is owed by the card where the currency's `negative_balance` is
`deficit`, else written off.  Uses can be cancelled all the same (`gift_card_uses`).
"""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, UndonePayment
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.events import Event, GiftCardCancelled, GiftCardSold, noted
from chalicelib.domain.ledger.postings import FORFEITED, PAID_IN
from chalicelib.domain.mechanics import gift_cards, value
from chalicelib.domain.mechanics.gift_card_terms import SECTION
from chalicelib.domain.mechanics.gift_cards import OfGiftCard, Sold
from chalicelib.domain.programme.document import Programme


class CancelGiftCard(OfGiftCard, frozen=True):
    """End a gift card; what is left on it is ``refunded``, or else forfeited."""

    when_full: ClassVar[bool] = True

    refunded: bool
    reason: str
    note: str = ""


class Ended(Struct, frozen=True):
    """A gift card that ended, and what was left on it."""

    sold: Sold
    amount: int
    refunded: bool


def cancel(decider: Decider, command: CancelGiftCard) -> Ended:
    """Take what is left off the card; nothing pays with it any more."""
    sold = gift_cards.sold_in(decider.member)
    if sold.cancelled_at is not None:
        raise Conflict("gift_card_cancelled", "This gift card was cancelled.")
    left = gift_cards.left_on(decider.member, sold)
    event = decider.event()
    value.debit(event, sold.currency, left, destination=PAID_IN if command.refunded else FORFEITED)
    sold = replace(
        sold,
        withdrawn=sold.withdrawn + left,
        forfeited=0 if command.refunded else left,
        cancelled_at=decider.now,
    )
    gift_cards.put(event, sold)
    event.record(
        GiftCardCancelled(sold.currency, left, command.refunded and left > 0, command.reason),
        detail=noted(command.note),
    )
    return Ended(sold, left, refunded=command.refunded and left > 0)


def undo_sale(event: EventBuilder, _programme: Programme, original: Event) -> UndonePayment:
    """End a gift card whose payment went back, and take back what was paid for it."""
    # Few are.
    from chalicelib.domain.mechanics import taking_back

    data = original.data
    if not isinstance(data, GiftCardSold):
        raise TypeError(f"an event {original.kind} sells no gift card")
    sold = gift_cards.sold_in(event.account)
    # All of it goes, since no more is left than was paid for.
    before = event.account.balance(sold.currency).lots_total
    # What was given up when it was cancelled is not there to be taken a second time.  What expired
    # the card says itself.
    part = taking_back.Part(
        data.lot,
        sold.amount - sold.withdrawn,
        expired=gift_cards.expired_of(event.account, sold),
    )
    returned = taking_back.take(event, sold.currency, [part], to=PAID_IN, refuses=False)
    withdrawn = sold.withdrawn + before
    if sold.forfeited:
        # The tenant keeps no money that went back.
        forfeited, paid = FORFEITED.of(data.lot.funder), PAID_IN.of(data.lot.funder)
        event.post(forfeited, paid, sold.currency, sold.forfeited)
    gift_cards.put(event, replace(sold, withdrawn=withdrawn, forfeited=0, cancelled_at=event.now))
    return UndonePayment("gift_card", SECTION.name, data.gift_card, data.amount, (returned,))


MECHANIC: Final = Mechanic(
    handlers={CancelGiftCard: cancel},
    payments={GiftCardSold: undo_sale},
)
