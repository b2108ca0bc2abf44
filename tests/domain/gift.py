"""A gift card of £50, and who holds it: what tests of gift cards are built from."""

from __future__ import annotations

from typing import Any, Final

from chalicelib.domain.decide.claims import Ref
from chalicelib.domain.mechanics import gift_cards
from chalicelib.domain.mechanics.gift_card_endings import CancelGiftCard, Ended
from chalicelib.domain.mechanics.gift_card_moves import PutIntoWallet, Received
from chalicelib.domain.mechanics.gift_card_uses import (
    USES,
    CancelGiftCardUse,
    Use,
    UseCancelled,
    Used,
    UseGiftCard,
)
from chalicelib.domain.mechanics.gift_cards import SellGiftCard, Sold, State
from chalicelib.domain.mechanics.payment_reversals import PaymentUndone, ReversePayment
from chalicelib.domain.programme.document import Programme
from tests.domain.building import Member, points, programme, rolling

PREPAID: Final = "clinic/prepaid"
SOLD_ON: Final = "2026-03-02"
#: The last day of what is sold then, and the instant at which it is over.
LAST_DAY: Final = "2026-04-01"
OVER: Final = "2026-04-02T00:00:00Z"
POUNDS: Final = 100


def kind(**parts: Any) -> dict[str, Any]:
    """Return a gift card of £10 to £250 that lasts 30 days."""
    return {
        "id": "gift",
        "name": "A present",
        "currency": "prepaid",
        "min_amount": 1_000,
        "max_amount": 25_000,
        "expiry": rolling(days=30),
        **parts,
    }


def selling(*kinds: dict[str, Any], **currency: Any) -> Programme:
    """Return a programme that sells gift cards; its wallet never expires unless told."""
    return programme(
        currencies=[points(), points(**currency) | {"id": "prepaid"}],
        wallets=[{"currency": "prepaid", "kind": "prepaid"}],
        transfers=[{"currency": "prepaid"}],
        gift_cards=list(kinds or (kind(),)),
    )


class Card(Member):
    """A gift card, driven as the use cases drive it."""

    def __init__(self, *documents: Programme, number: int = 1) -> None:
        super().__init__(*(documents or (selling(),)), joined=None, key=f"T#tenant#M#card_{number}")
        self._uses = 0

    def sale(self, amount: int = 50 * POUNDS, **parts: Any) -> SellGiftCard:
        """Return the command that sells it."""
        asked = {"programme": "clinic", "gift_card": "gift", "code": f"hash of {self.id}", **parts}
        return SellGiftCard(member=self.id, amount=amount, **asked)

    def sell(self, amount: int = 50 * POUNDS, now: str = SOLD_ON, **parts: Any) -> Card:
        """Sell it, and return it."""
        self.do(self.sale(amount, **parts), now)
        return self

    def paying(self, amount: int, money: str = "GBP") -> UseGiftCard:
        """Return the command that pays with a part of it."""
        self._uses += 1
        return UseGiftCard(
            member=self.id, use_id=f"use_{self._uses}", amount=amount, money=money, reference="r"
        )

    def pay(self, amount: int, now: str = SOLD_ON) -> Used:
        """Pay with a part of it."""
        result = self.do(self.paying(amount), now).result
        assert isinstance(result, Used)
        return result

    def take_back(
        self, now: str = SOLD_ON, amount: int | None = None, use: str = "use_1"
    ) -> UseCancelled:
        """Cancel a use, or so much of it."""
        command = CancelGiftCardUse(member=self.id, use_id=use, amount=amount, reason="returned")
        result = self.do(command, now).result
        assert isinstance(result, UseCancelled)
        return result

    def move(self, member: Member, now: str = SOLD_ON, amount: int | None = None) -> Received:
        """Put it into a member's wallet, or so much of it."""
        command = PutIntoWallet(member=member.id, card=self.id, amount=amount)
        result = member.do(command, now, gift_card=self).result
        assert isinstance(result, Received)
        return result

    def end(self, now: str = SOLD_ON, *, refunded: bool = False) -> Ended:
        """Cancel it."""
        command = CancelGiftCard(member=self.id, refunded=refunded, reason="lost")
        result = self.do(command, now).result
        assert isinstance(result, Ended)
        return result

    def charge_back(self, now: str = SOLD_ON) -> PaymentUndone:
        """Let the payment of its sale go back."""
        command = ReversePayment(member=self.id, programme="clinic", version=1)
        result = self.do(command, now).result
        assert isinstance(result, PaymentUndone)
        return result

    @property
    def sold(self) -> Sold:
        """Return what was sold and where it went, as it was last kept."""
        return gift_cards.sold_in(self.account)

    def state(self, now: str) -> State:
        """Return what has become of it by an instant."""
        return gift_cards.state_of(self.seen(now), self.sold)

    def left(self, now: str) -> int:
        """Return what is left on it at an instant."""
        return gift_cards.left_on(self.seen(now), self.sold)

    @property
    def uses(self) -> dict[str, Use]:
        """Return every use as it now is, by its id."""
        return {
            ref.id: each
            for ref, each in self.records.items()
            if isinstance(ref, Ref) and ref.kind is USES
        }


def moved(card: Member) -> dict[str, int]:
    """Return what each ledger account beside the card's own has got from it, or given it."""
    found: dict[str, int] = {}
    for event in card.events:
        for posting in event.postings:
            for path, amount in (
                (posting.source, -posting.amount),
                (posting.destination, posting.amount),
            ):
                if not path.startswith("member/"):
                    found[path] = found.get(path, 0) + amount
    return {path: amount for path, amount in found.items() if amount}
