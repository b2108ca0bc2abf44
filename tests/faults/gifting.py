"""Gift cards: sold, used, put into wallets and ended; not a penny of any is made or lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.domain.ledger.events import (
    Event,
    GiftCardCancelled,
    GiftCardMoved,
    GiftCardReceived,
    GiftCardUseCancelled,
    GiftCardUsed,
    PaymentReversed,
)
from chalicelib.domain.ledger.postings import AVAILABLE, kind_of
from chalicelib.domain.mechanics import gift_cards
from chalicelib.domain.mechanics.gift_card_endings import CancelGiftCard
from chalicelib.domain.mechanics.gift_card_moves import PutIntoWallet
from chalicelib.domain.mechanics.gift_card_uses import CancelGiftCardUse, UseGiftCard
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Done
from chalicelib.usecases.gift_cards import Ordered, sell_gift_card, with_code
from chalicelib.usecases.redeem_reward import sealed_code
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer, KeyHolder
from tests.faults.ending import Journal, TenantEnding, is_card
from tests.faults.paying_back import draw_reference
from tests.faults.play import Play
from tests.faults.programmes import GIFT, PROGRAMME
from tests.faults.record import Request
from tests.faults.telling import answer_of, commanded, draw_identity, read_back, request
from tests.faults.world import code_hash


class Known(NamedTuple):
    """A gift card that somebody holds."""

    card: str
    code: str


def sell(play: Play, tenant: str) -> Request:
    """Draw a sale."""
    amount = play.chance.pick((1000, 2500))
    ordered = Ordered(PROGRAMME, GIFT, amount, draw_reference(play, tenant))
    identity = draw_identity(play, tenant, "gift card", amount)

    def present(decided: Decided) -> Answer:
        return answer_of(decided, sealed_code(decided.member))

    def run(services: Services, caller: Caller) -> Done:
        done = sell_gift_card(services, caller, ordered, present, identity)
        answer = read_back(done.answer.body)
        known = answer.member, answer.code
        if known not in play.cards[tenant]:
            play.cards[tenant].append(known)
        return done

    return request(f"for {amount}", identity, run)


def ask(play: Play, tenant: str) -> Request:
    """Draw what is asked of a card that was sold: all but its end more than once."""
    ways = ((_use, 5), (_take_back, 4), (_put_into_wallet, 4), (_end, 1))
    return play.chance.weighted(ways)(play, tenant)


def _use(play: Play, tenant: str) -> Request:
    """Draw a part of a card that pays for something, often more than is left."""
    card, code = _held(play, tenant)
    amount = play.chance.pick((300, 700, 1000))
    identity = draw_identity(play, tenant, "gift card use", (code, amount))

    def run(services: Services, caller: Caller) -> Done:
        def command_of(found: str) -> UseGiftCard:
            made = services.new_id("use")
            return UseGiftCard(member=found, use_id=made, amount=amount, money="USD")

        done = with_code(services, caller, code, command_of, answer_of, identity)
        answer = read_back(done.answer.body)
        known = answer.member, answer.result["use"]["id"]
        if known not in play.card_uses[tenant]:
            play.card_uses[tenant].append(known)
        return done

    return request(f"{amount} by {card[-3:]}", identity, run)


def _take_back(play: Play, tenant: str) -> Request:
    """Draw a use that is cancelled, or a part of it, again perhaps."""
    card, made = play.chance.pick(play.card_uses[tenant][-3:])
    amount = play.chance.pick((None, 100, 300))
    identity = draw_identity(play, tenant, "gift card cancellation", (card, made, amount))
    command = CancelGiftCardUse(member=card, use_id=made, amount=amount)
    return commanded(f"{amount} of {made[-3:]} of {card[-3:]}", identity, command)


def _put_into_wallet(play: Play, tenant: str) -> Request:
    """Draw a card, or a part of one, that a member puts into their wallet."""
    (card, code), member = _held(play, tenant), play.member(tenant)
    amount = play.chance.pick((None, 200, 600))
    identity = draw_identity(play, tenant, "gift card into wallet", (code, member, amount))

    def run(services: Services, caller: Caller) -> Done:
        def command_of(found: str) -> PutIntoWallet:
            return PutIntoWallet(member=member, card=found, amount=amount)

        return with_code(services, caller, code, command_of, answer_of, identity)

    return request(f"{amount} of {card[-3:]} by {member[-1]}", identity, run)


def _end(play: Play, tenant: str) -> Request:
    """Draw a card that is lost, or was sold by mistake."""
    card, _ = _held(play, tenant)
    refunded = play.chance.percent(50)
    identity = draw_identity(play, tenant, "gift card end", (card, refunded))
    command = CancelGiftCard(member=card, refunded=refunded, reason="lost")
    return commanded(card[-3:], identity, command)


def _held(play: Play, tenant: str) -> Known:
    """Return one of the cards that were sold last."""
    return Known(*play.chance.pick(play.cards[tenant][-3:]))


def check_gift_cards(tenant: TenantEnding) -> Iterator[str]:
    """What was paid for a card is used, in wallets, there, or gone by a way that it says."""
    came = Counter(
        (event.data.gift_card, member, event.data.amount, event.effective_at)
        for member, journal in tenant.journals.items()
        for event in journal.events
        if isinstance(event.data, GiftCardReceived)
    )
    for card, journal in tenant.journals.items():
        if is_card(card):
            yield from (f"{tenant.id} {card[-3:]}: {fault}" for fault in _card(tenant, card))
            for event in journal.events:
                data = event.data
                if isinstance(data, GiftCardMoved):
                    came[card, data.member, data.amount, event.effective_at] -= 1
    for moved, count in came.items():
        if count:
            side = "the member" if count > 0 else "the card"
            yield f"{tenant.id}: only {side} says that {moved} went into a wallet"


def _card(tenant: TenantEnding, card: str) -> Iterator[str]:
    account, journal = tenant.accounts[card], tenant.journals[card]
    sold = gift_cards.sold_in(account)
    holder = tenant.holder(gift_cards.key_of(code_hash(tenant.id, card)))
    if holder != KeyHolder(card, ""):
        yield f"its code leads to {holder}"
    used, back = Counter[str](), Counter[str]()
    for event in journal.events:
        match event.data:
            case GiftCardUsed(gift_card_use=made, amount=amount):
                used[made] += amount
            case GiftCardUseCancelled(gift_card_use=made, amount=amount):
                back[made] += amount
    uses = {made: each for (of, made), each in tenant.card_uses.items() if of == card}
    if used != {made: each.amount for made, each in uses.items()}:
        yield f"it was used for {dict(used)}, on record are {uses}"
    for made, each in uses.items():
        if back[made] != each.back or each.left < 0:
            yield f"{back[made]} of {made[-3:]} came back, on record are {each.back}"
    went = _went(journal)
    # Nobody keeps what expired of money that went back.
    went_back = any(isinstance(event.data, PaymentReversed) for event in journal.events)
    expected = {
        "redeemed": sum(used.values()) - sum(back.values()),
        "transfer": sold.moved,
        "expired": 0 if went_back else gift_cards.expired_of(account, sold),
        "forfeited": sold.forfeited,
    }
    if sold.used != expected["redeemed"]:
        yield f"it says that {sold.used} are used, and {expected['redeemed']} are"
    if any(went[kind] != amount for kind, amount in expected.items()):
        yield f"{dict(went)} went, it says {expected}"
    yield from _ended(journal.events)


def _went(journal: Journal) -> Counter[str]:
    """Return how much went from what was on it to which kind of ledger account."""
    went = Counter[str]()
    for event in journal.events:
        for posting in event.postings:
            if posting.destination != AVAILABLE:
                went[kind_of(posting.destination)] += posting.amount
            if posting.source != AVAILABLE:
                went[kind_of(posting.source)] -= posting.amount
    return went


def _ended(events: list[Event]) -> Iterator[str]:
    """Nothing is taken off a card that has ended."""
    ended = False
    for event in events:
        if ended and isinstance(event.data, GiftCardUsed | GiftCardMoved):
            yield f"event {event.version} takes off what has ended"
        ended = ended or isinstance(event.data, GiftCardCancelled | PaymentReversed)
