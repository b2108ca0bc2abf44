"""
Gift cards in wallets: a member puts what is on one, or a part of it, into their own wallet.

Lots move as they are, in burn order: with their last day and their funder, so that a gift lasts no
longer by that.  From there it pays as all prepaid money does.  Both accounts are written in one
transaction, each with an event of its own; nothing goes back onto the card.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import postings
from chalicelib.domain.ledger.events import GiftCardMoved, GiftCardReceived
from chalicelib.domain.ledger.lots import Taken
from chalicelib.domain.mechanics import expiry, gift_cards, value
from chalicelib.domain.mechanics.gift_card_terms import SECTION
from chalicelib.domain.mechanics.gift_cards import GIFT_CARD, Sold
from chalicelib.domain.programme.document import Programme


class PutIntoWallet(Command, frozen=True):
    """Put a gift card into a member's wallet, or ``amount`` of it: all, where nothing is said."""

    card: str
    amount: int | None = None

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - both are named
        """Return the member and the gift card."""
        return {MEMBER: self.member, GIFT_CARD: self.card}


class Received(Struct, frozen=True):
    """
    What came into a wallet, and what is left on the card.

    Of ``amount``, ``settled`` made good what the wallet owed; the rest is there, by its lots.
    """

    card: str
    sold: Sold
    amount: int
    settled: int
    parts: tuple[Taken, ...]
    left: int


def put_into_wallet(decider: Decider, command: PutIntoWallet) -> Received:
    """Take value off the card, and credit it to the member as it is."""
    card = decider.account(GIFT_CARD)
    sold = gift_cards.sold_in(card)
    programme = decider.programme(sold.programme)
    amount = gift_cards.left_on(card, sold) if command.amount is None else command.amount
    gift_cards.check_pays(card, amount)
    _check_allowed(programme, sold)
    way = postings.transfer(command.card)
    event = decider.event(GIFT_CARD)
    taken = value.debit(event, sold.currency, amount, destination=way)
    sold = gift_cards.put(event, replace(sold, moved=sold.moved + amount))
    event.record(GiftCardMoved(command.member, sold.currency, amount))
    parts = tuple(_announced(programme, sold, part) for part in taken)
    own = decider.event()
    owed = own.account.balance(sold.currency).deficit
    value.report_given(own, sold.currency, amount, cause="gift_card", kind="prepaid")
    value.credit_parts(own, sold.currency, parts, source=way)
    own.record(GiftCardReceived(command.card, sold.currency, amount))
    settled = owed - own.account.balance(sold.currency).deficit
    left = gift_cards.left_on(decider.account(GIFT_CARD), sold)
    return Received(command.card, sold, amount, settled, tuple(_beyond(parts, settled)), left)


def _beyond(parts: tuple[Taken, ...], settled: int) -> Iterator[Taken]:
    """Yield what there is of parts whose first repaid so much of a deficit."""
    for part in parts:
        gone = min(part.amount, settled)
        settled -= gone
        if part.amount > gone:
            yield replace(part, amount=part.amount - gone)


def _check_allowed(programme: Programme, sold: Sold) -> None:
    kinds = {each.id: each for each in SECTION.of(programme)}
    kind = kinds.get(sold.gift_card)
    if kind is not None and not kind.into_wallets:
        raise Conflict(
            "gift_card_stays", "This gift card cannot be put into a wallet: pay with its code."
        )


def _announced(programme: Programme, sold: Sold, part: Taken) -> Taken:
    """Return a part whose end is announced to its member, as their currency's is."""
    currency = programme.currency(sold.currency.partition("/")[2])
    if currency is None or part.lot.expires_on is None:
        return part
    last = date.fromisoformat(part.lot.expires_on)
    term = expiry.until(last, programme.time_zone, currency.expiry_warning_days)
    return replace(part, warn_at=term.warn_at)


MECHANIC: Final = Mechanic(
    handlers={PutIntoWallet: put_into_wallet},
)
