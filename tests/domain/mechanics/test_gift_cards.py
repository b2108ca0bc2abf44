"""F: gift cards, sold, used in parts, put into wallets and ended; not a penny more or less."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import check_succession, validate
from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.claims import ClaimKey
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import compact
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import (
    GiftCardCancelled,
    GiftCardMoved,
    GiftCardReceived,
    GiftCardSold,
    GiftCardUseCancelled,
    GiftCardUsed,
    PaymentReversed,
)
from chalicelib.domain.ledger.lots import Lot, LotKey, Taken
from chalicelib.domain.mechanics import gift_cards, restoring
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.adjustment import Adjust
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.gift_card_endings import CancelGiftCard
from chalicelib.domain.mechanics.gift_card_moves import PutIntoWallet
from chalicelib.domain.mechanics.gift_card_uses import UseGiftCard
from chalicelib.domain.mechanics.households import JoinHousehold
from chalicelib.domain.mechanics.membership import Enrol, Open
from chalicelib.domain.mechanics.payment_reversals import ReversePayment
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    activity,
    at,
    line,
    points,
    posted,
    programme,
    rolling,
    transfer,
)
from tests.domain.gift import LAST_DAY, OVER, PREPAID, SOLD_ON, Card, kind, moved, selling
from tests.examples import examples

KEY = LotKey(at(OVER), LAST_DAY)


class TestSale:
    """A gift card is an account with one lot."""

    def test_value_is_paid_in(self) -> None:
        """Its journal says from where it came, its code's hash and its payment are claimed."""
        card = Card()
        sold = card.do(card.sale(payment="paid", reference="till-7"), SOLD_ON)

        (event,) = sold.events
        assert event.data == GiftCardSold("gift", PREPAID, 5_000, KEY)
        assert posted(event) == [("paid_in/tenant", "member/available", 5_000)]
        assert card.account.balance(PREPAID).lots == (Lot(5_000, KEY),)
        assert (card.account.holder, card.account.enrolments) == ("gift_card", {})
        keys = {each.key: each.value for each in sold.claims if isinstance(each, ClaimKey)}
        assert keys == {"gift_card/hash of card_1": "", "payment/paid": "clinic/1"}
        assert event.detail is not None
        assert event.detail.note == "till-7"
        assert card.verdict().holds

    @pytest.mark.parametrize(
        ("parts", "asked", "code"),
        [
            ({}, {"gift_card": "other"}, "unknown_gift_card"),
            ({}, {"amount": 999}, "gift_card_amount"),
            ({}, {"amount": 25_001}, "gift_card_amount"),
            ({}, {"programme": "other"}, "programme_not_found"),
            ({"valid_from": "2026-03-03"}, {}, "gift_card_not_sold"),
            ({"valid_until": "2026-03-01"}, {}, "gift_card_not_sold"),
            ({"expiry": {"type": "fixed", "on": "2026-03-01"}}, {}, "gift_card_not_sold"),
        ],
    )
    def test_refused(self, parts: dict[str, Any], asked: dict[str, Any], code: str) -> None:
        """What is not for sale, at this price or on this day, and what would be over at once."""
        card = Card(selling(kind(**parts)))

        assert card.refused(card.sale(**asked), SOLD_ON).code == code
        assert card.account.version == 0

    @pytest.mark.parametrize("amount", [1_000, 25_000])
    def test_least_and_greatest(self, amount: int) -> None:
        """Both are sold, and on the first and the last day, and through the last of its life."""
        parts = {"valid_from": SOLD_ON, "valid_until": SOLD_ON}
        card = Card(selling(kind(expiry={"type": "fixed", "on": SOLD_ON}, **parts))).sell(amount)

        assert card.left("2026-03-02T23:59:59Z") == amount
        assert card.state("2026-03-03T00:00:00Z") == "expired"

    def test_without_an_end(self) -> None:
        """One that never expires is never due."""
        card = Card(selling(kind(expiry={"type": "never"}))).sell()

        assert (card.sold.expires_on, due_at(card.account)) == (None, None)


class TestUse:
    """It pays in parts, and what comes back comes back to where it was."""

    def test_in_parts(self) -> None:
        """18.00 and 32.00 of 50.00; a penny more is refused with what is left."""
        card = Card().sell()

        first = card.do(card.paying(1_800), SOLD_ON)
        assert first.events[0].data == GiftCardUsed("use_1", PREPAID, 1_800)
        refusal = card.refused(card.paying(3_201), SOLD_ON)
        last = card.pay(3_200)

        assert posted(first.events[0]) == [("member/available", "redeemed/tenant/tenant", 1_800)]
        assert refusal.code == "gift_card_too_little"
        assert refusal.extensions == {"available": 3_200, "missing": 1}
        assert (first.result.left, last.left, card.state(SOLD_ON)) == (3_200, 0, "used_up")
        assert card.refused(card.paying(1), SOLD_ON).code == "gift_card_used_up"

    def test_in_its_own_money(self) -> None:
        """A code does not say whose money it is: the purchase does, and has to be the same."""
        card = Card().sell()

        assert card.refused(card.paying(100, "EUR"), SOLD_ON).code == "currency_mismatch"

    def test_through_its_last_day(self) -> None:
        """Usable to the end of the day, gone after it; the breakage is its funder's."""
        card = Card().sell()
        card.pay(1_800, "2026-04-01T23:59:59Z")

        refusal = card.refused(card.paying(1), OVER)

        assert (refusal.code, refusal.extensions) == ("gift_card_expired", {"expires_on": LAST_DAY})
        card.tick(OVER)
        assert moved(card) == {
            "paid_in/tenant": -5_000,
            "redeemed/tenant/tenant": 1_800,
            "expired/tenant": 3_200,
        }

    def test_cancelled_in_parts(self) -> None:
        """Never more than it was, whatever the cut, and nothing a second time."""
        card = Card().sell()
        card.pay(1_800)

        parts = [card.take_back(amount=800), card.take_back(amount=1), card.take_back()]
        assert card.events[-1].data == GiftCardUseCancelled("use_1", PREPAID, 999, "returned")

        assert [(part.amount, part.usable, part.left) for part in parts] == [
            (800, 800, 4_000),
            (1, 1, 4_001),
            (999, 999, 5_000),
        ]
        with pytest.raises(LoyaltyError) as refusal:
            card.take_back()
        assert refusal.value.code == "gift_card_use_cancelled"
        assert card.account.balance(PREPAID).lots == (Lot(5_000, KEY),)

    def test_more_than_the_use(self) -> None:
        """It is refused with how much can be cancelled."""
        card = Card().sell()
        card.pay(1_800)
        card.take_back(amount=800)

        with pytest.raises(LoyaltyError) as refusal:
            card.take_back(amount=1_001)
        assert refusal.value.code == "exceeds_remaining"
        assert refusal.value.extensions == {"pointer": "/amount", "remaining": 1_000}

    def test_of_another_card(self) -> None:
        """A use is found under its own card."""
        card, other = Card().sell(), Card(number=2).sell()
        card.pay(100)

        with pytest.raises(LoyaltyError) as refusal:
            other.take_back()
        assert refusal.value.code == "gift_card_use_not_found"

    def test_the_last_that_was_taken_comes_first(self) -> None:
        """Of what was taken from two lots, each part comes back to its own."""
        taken = Taken(30, KEY), Taken(70, LotKey(at("2026-05-01")))

        parts = [
            tuple(restoring.last_taken(taken, back, amount))
            for back, amount in ((0, 50), (50, 40), (90, 10))
        ]

        assert [[(part.amount, part.lot) for part in each] for each in parts] == [
            [(50, taken[1].lot)],
            [(20, taken[1].lot), (20, taken[0].lot)],
            [(10, taken[0].lot)],
        ]


class TestComesBackLate:
    """What comes back after its day follows the rule of all value that does."""

    def test_expires_at_once(self) -> None:
        """Without a least life it is lost, and the answer says so."""
        card = Card().sell()
        card.pay(1_800)

        late = card.take_back("2026-04-10")

        assert (late.usable, late.expired, late.left) == (0, 1_800, 0)
        assert card.state("2026-04-10") == "expired"
        assert moved(card) == {"paid_in/tenant": -5_000, "expired/tenant": 5_000}

    def test_lasts_once_more(self) -> None:
        """With a least life of 10 days it is good again, once, and no longer than that."""
        card = Card(selling(restored_life_days=10)).sell()
        card.pay(1_800)

        late = card.take_back("2026-04-10")
        assert (late.usable, late.expired, late.sold.expires_on) == (1_800, 0, "2026-04-20")
        assert card.state("2026-04-10") == "issued"
        card.pay(1_800, "2026-04-20")
        again = card.take_back("2026-04-21", use="use_2")

        assert (again.usable, again.expired) == (0, 1_800)
        refusal = card.refused(card.paying(1), "2026-04-21")
        assert refusal.extensions == {"expires_on": "2026-04-20"}


class TestIntoWallets:
    """A gift goes into a wallet as it is."""

    def test_lasts_no_longer(self) -> None:
        """It keeps its last day, and its end is announced as its currency's is."""
        document = selling(expiry_warning_days=7)
        card, member = Card(document).sell(), Member(document)
        card.pay(1_800)

        came = card.move(member, "2026-03-10", 2_000)

        assert (came.amount, came.left) == (2_000, 1_200)
        warned = at("2026-03-25T00:00:00Z")
        assert member.account.balance(PREPAID).lots == (Lot(2_000, KEY, warned),)
        assert card.events[-1].data == GiftCardMoved("mem_1", PREPAID, 2_000)
        assert member.events[-1].data == GiftCardReceived("card_1", PREPAID, 2_000)
        assert moved(card)["transfer/card_1"] == -moved(member)["transfer/card_1"] == 2_000
        assert member.verdict().holds
        assert card.verdict().holds
        assert member.seen(OVER).balance(PREPAID).lots == ()

    @pytest.mark.parametrize("owed", [0, 1_800, 5_000, 9_000])
    def test_repays_what_the_wallet_owes(self, owed: int) -> None:
        """The answer says what made that good, and the lots that are there, no others."""
        document = selling()
        card, member = Card(document).sell(), Member(document)
        if owed:
            top_up = TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=owed)
            paid = member.do(top_up, SOLD_ON).events[-1].version
            member.adjust(-owed, SOLD_ON, currency="prepaid")
            member.do(ReversePayment(member="mem_1", programme="clinic", version=paid), SOLD_ON)

        came = card.move(member)

        held = member.account.balance(PREPAID)
        assert (came.amount, came.settled) == (5_000, min(owed, 5_000))
        assert [(each.amount, each.lot) for each in came.parts] == [
            (lot.amount, lot.key) for lot in held.lots
        ]
        assert came.settled + held.lots_total == 5_000
        assert held.deficit == max(owed - 5_000, 0)

    def test_pays_as_prepaid_money_does(self) -> None:
        """A quote draws it before all else."""
        document = selling()
        card, member = Card(document).sell(), Member(document)
        card.move(member)
        bought = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=(line("a", 6_000),))
        quote = MakeQuote(member="mem_1", programme="clinic", quote_id="q", activity=bought)

        due = member.do(quote, SOLD_ON).result.quote.due
        member.do(ConfirmQuote(member="mem_1", quote_id="q"), SOLD_ON)

        assert (due, member.available(SOLD_ON, PREPAID), card.state(SOLD_ON)) == (
            1_000,
            0,
            "used_up",
        )

    def test_joins_what_ends_with_it(self) -> None:
        """Two gifts of one day are one lot, so an account grows by days and not by gifts."""
        document = selling()
        member = Member(document)
        for number in range(1, 4):
            Card(document, number=number).sell().move(member)

        assert member.account.balance(PREPAID).lots == (Lot(15_000, KEY),)

    @pytest.mark.parametrize(
        ("parts", "joined", "code"),
        [
            ({"into_wallets": False}, True, "gift_card_stays"),
            ({}, False, "not_enrolled"),
        ],
    )
    def test_refused(self, parts: dict[str, Any], code: str, *, joined: bool) -> None:
        """Where its kind does not go there, or the member has not joined; nothing moves."""
        document = selling(kind(**parts))
        card = Card(document).sell()
        member = Member(document, joined="2026-01-05" if joined else None)
        if not joined:
            member.do(Open(member="mem_1", programmes=()), "2026-01-05")
        before = card.account, member.account

        command = PutIntoWallet(member="mem_1", card="card_1")

        assert member.refused(command, SOLD_ON, gift_card=card).code == code
        assert (card.account, member.account) == before

    def test_more_than_there_is(self) -> None:
        """It is refused with what is left."""
        document = selling()
        card = Card(document).sell()
        command = PutIntoWallet(member="mem_1", card="card_1", amount=5_001)

        refusal = Member(document).refused(command, SOLD_ON, gift_card=card)

        assert (refusal.code, refusal.extensions["available"]) == ("gift_card_too_little", 5_000)


class TestEnding:
    """Lost, sold by mistake, or its payment went back."""

    @pytest.mark.parametrize(("refunded", "goes_to"), [(True, None), (False, "forfeited/tenant")])
    def test_by_hand(self, goes_to: str | None, *, refunded: bool) -> None:
        """What is left is refunded, or forfeited; a use that is cancelled then is forfeited."""
        card = Card().sell()
        card.pay(1_800)

        ended = card.end(refunded=refunded)
        assert card.events[-1].data == GiftCardCancelled(PREPAID, 3_200, refunded, "lost")
        back = card.take_back(amount=800)

        assert (ended.amount, ended.refunded) == (3_200, refunded)
        assert (back.usable, back.forfeited, back.settled, back.left) == (0, 800, 0, 0)
        forfeited = 800 if refunded else 4_000
        assert moved(card) == {
            "paid_in/tenant": -1_800 if refunded else -5_000,
            "redeemed/tenant/tenant": 1_000,
            "forfeited/tenant": forfeited,
        }
        assert card.state(SOLD_ON) == "cancelled"
        assert goes_to is None or moved(card)[goes_to] == forfeited

    @pytest.mark.parametrize(
        ("policy", "returned", "left"),
        [
            ("deficit", Returned(PREPAID, 5_000, deficit=1_800), -1_800),
            ("clamp", Returned(PREPAID, 3_200, written_off=1_800), 0),
            ("reject", Returned(PREPAID, 3_200, written_off=1_800), 0),
        ],
    )
    def test_payment_went_back(self, policy: str, returned: Returned, left: int) -> None:
        """What is left is taken back; what was spent is owed or written off, never in the way."""
        card = Card(selling(negative_balance=policy)).sell()
        card.pay(1_800)

        undone = card.charge_back()

        assert undone.returned == (returned,)
        assert (card.left(SOLD_ON), card.state(SOLD_ON)) == (left, "cancelled")
        assert card.refused(card.paying(1), SOLD_ON).code == "gift_card_cancelled"
        again = card.charge_back()
        assert (again.changed, card.left(SOLD_ON)) == (False, left)

    @pytest.mark.parametrize("when", ["2026-04-10", "2027-04-02", "2027-04-04", "2036-01-01"])
    def test_long_after_its_end(self, when: str) -> None:
        """What was used was used, however long ago it ended, and what expired expired."""
        card = Card().sell()
        card.pay(1_800)

        undone = card.charge_back(when)

        assert undone.returned == (Returned(PREPAID, 1_800, deficit=1_800, expired=3_200),)
        assert (card.left(when), card.state(when)) == (-1_800, "cancelled")

    @pytest.mark.parametrize("policy", ["deficit", "clamp", "reject"])
    @pytest.mark.parametrize("first", ["the payment", "the use"])
    def test_in_either_order(self, policy: str, first: str) -> None:
        """A use that is cancelled makes good what its card owes: nobody gains by the order."""
        card = Card(selling(negative_balance=policy)).sell()
        card.pay(1_800)

        if first == "the payment":
            card.charge_back()
            back = card.take_back()
            assert (back.usable, back.settled, back.forfeited) == (0, 1_800, 0)
        else:
            card.take_back()
            card.charge_back()

        assert moved(card) == {}
        assert (card.left(SOLD_ON), card.sold.used, card.sold.withdrawn) == (0, 0, 5_000)

    @pytest.mark.parametrize(("paid", "refunded"), [(4_999, True), (5_000, False)])
    def test_what_is_empty_is_not_refunded(self, paid: int, *, refunded: bool) -> None:
        """A card that is used up gives nothing back, whatever was meant."""
        card = Card().sell()
        card.pay(paid)
        card.end(refunded=True)
        data: Any = card.events[-1].data
        assert (data.amount, data.refunded) == (5_000 - paid, refunded)

    def test_what_expired_is_not_owed(self) -> None:
        """Nor what was refunded when it was cancelled before: that is not taken twice."""
        late, ended = Card().sell(), Card(number=2).sell()
        late.pay(1_800)
        ended.pay(1_800)
        ended.end(refunded=True)

        late.charge_back("2026-04-10")
        ended.charge_back()

        assert late.left("2026-04-10") == ended.left(SOLD_ON) == -1_800

    @pytest.mark.parametrize("when", ["2026-03-03", "2026-04-10", "2028-04-10"])
    @pytest.mark.parametrize("given_up", [False, True])
    def test_nothing_is_kept_of_money_that_went_back(self, when: str, *, given_up: bool) -> None:
        """Neither what expired before nor what was forfeited, however long ago."""
        card = Card().sell()
        card.pay(1_800)
        if given_up:
            card.end()

        card.charge_back(when)

        assert moved(card) == {"redeemed/tenant/tenant": 1_800}

    def test_a_use_is_settled_however_late(self) -> None:
        """What was written off is made good by both uses, more than a year later."""
        card = Card(selling(kind(expiry={"type": "never"}), negative_balance="clamp")).sell()
        card.pay(1_000)
        card.pay(800)
        card.charge_back()

        first = card.take_back("2027-04-10", use="use_1")
        second = card.take_back("2027-04-11", use="use_2")

        assert (first.settled, first.forfeited) == (1_000, 0)
        assert (second.settled, second.forfeited) == (800, 0)
        assert moved(card) == {}

    def test_what_never_ends_is_not_announced(self) -> None:
        """Value of a card without a last day goes into a wallet as it is."""
        document = selling(kind(expiry={"type": "never"}))
        card, member = Card(document).sell(), Member(document)
        card.move(member, amount=2_000)
        (lot,) = member.account.balance(PREPAID).lots
        assert (lot.amount, lot.key.expires_at, lot.warn_at) == (2_000, None, None)

    def test_what_went_into_a_wallet_is_the_cards_loss(self) -> None:
        """The member keeps it, as whoever was paid with a part keeps that."""
        document = selling()
        card, member = Card(document).sell(), Member(document)
        card.move(member, amount=2_000)

        undone = card.charge_back()

        assert undone.returned == (Returned(PREPAID, 5_000, deficit=2_000),)
        assert member.available(SOLD_ON, PREPAID) == 2_000


class TestOfItsOwn:
    """What is asked of members is never asked of a card, and the other way round."""

    @pytest.mark.parametrize(
        "command",
        [
            Enrol(member="", programmes=None),
            Close(member="", reason="x"),
            TopUp(member="", programme="clinic", currency="prepaid", amount=1),
            Adjust(member="", programme="clinic", currency="prepaid", amount=1, reason="x"),
            RecordActivity(member="", activity=activity(VISIT, SOLD_ON)),
            SendTransfer(
                member="",
                to="mem_2",
                programme="clinic",
                currency="prepaid",
                amount=1,
                transfer_id="t",
            ),
            JoinHousehold(member="", household="hh_1", role="adult", max_members=2),
            PutIntoWallet(member="", card="card_2"),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_a_card_is_no_member(self, command: Any) -> None:
        """It is as if there were none."""
        card, other = Card().sell(), Member(selling(), key="T#tenant#M#mem_2")
        beside: dict[str, Any] = {}
        if isinstance(command, SendTransfer):
            beside = {"recipient": other}
        if isinstance(command, JoinHousehold):
            beside = {"household": Member(selling(), joined=None, key="T#tenant#M#hh_1")}
        if isinstance(command, PutIntoWallet):
            beside = {"gift_card": Card(number=2).sell()}

        assert card.refused(command, SOLD_ON, **beside).code == "member_not_found"

    @pytest.mark.parametrize(
        "command",
        [
            UseGiftCard(member="", use_id="use_1", amount=1, money="GBP"),
            CancelGiftCard(member="", refunded=True, reason="lost"),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_a_member_is_no_card(self, command: Any) -> None:
        """Nor is one that is closed, nor a household."""
        member = Member(selling())
        assert member.refused(command, SOLD_ON).code == "gift_card_not_found"
        member.close(SOLD_ON)
        assert member.refused(command, SOLD_ON).code == "gift_card_not_found"

    def test_nothing_is_transferred_to_a_card(self) -> None:
        """It is as if no such member could receive."""
        document = selling()
        card, member = Card(document).sell(), Member(document)
        top_up = TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=500)
        member.do(top_up, SOLD_ON)

        with pytest.raises(LoyaltyError) as refusal:
            transfer(member, card, 100, SOLD_ON, "prepaid")
        assert refusal.value.code == "recipient_unavailable"

    def test_its_last_day_is_of_what_is_left(self) -> None:
        """A part that came back lasts longer: the last day of all is the card's."""
        card = Card(selling(restored_life_days=60)).sell()
        card.pay(1_800)
        card.take_back()
        assert [(lot.amount, lot.key.expires_on) for lot in card.account.balance(PREPAID).lots] == [
            (3_200, LAST_DAY),
            (1_800, "2026-05-01"),
        ]
        assert card.sold.expires_on == "2026-05-01"

        card.pay(3_300)
        assert card.sold.expires_on == "2026-05-01"
        card.take_back(amount=100, use="use_2")
        card.tick("2026-04-10")
        assert (card.left("2026-04-10"), card.sold.expires_on) == (1_800, "2026-05-01")

    def test_it_does_not_grow(self) -> None:
        """A thousand uses, each cancelled, leave the account as large as one."""
        card = Card().sell()
        card.pay(1)
        card.take_back()
        small = len(compact.encode(card.account))

        for number in range(2, 1_002):
            card.pay(1)
            card.take_back(use=f"use_{number}")

        assert len(compact.encode(card.account)) <= small + 8
        assert len(card.uses) == 1_001


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "take back", "move", "wait", "wait long", "end", "charge back"]),
        st.integers(0, 5_000),
    ),
    max_size=12,
)


def charged_back(card: Card, now: str) -> None:
    """Let the payment go back: what was used was used, what expired expired, and nothing pays."""
    spent = card.sold.used + card.sold.moved
    expired = gift_cards.expired_of(card.seen(now), card.sold)
    for each in card.charge_back(now).returned:
        assert (each.deficit + each.written_off, each.expired) == (spent, expired)
    assert card.state(now) == "cancelled"
    assert card.left(now) <= 0


@given(
    STEPS,
    st.sampled_from(["deficit", "clamp", "reject"]),
    st.sampled_from([0, 15]),
)
@settings(max_examples=examples(150))
def test_not_a_penny_is_made_or_lost(steps: list[Step], policy: str, life: int) -> None:
    """Whatever is done in whatever order: used, left, moved, expired and given up are the sale."""
    document = selling(negative_balance=policy, restored_life_days=life)
    card, member = Card(document).sell(), Member(document)
    today = date(2026, 3, 2)
    for what, number in steps:
        now = today.isoformat()
        try:
            match what:
                case "pay":
                    card.pay(max(number, 1), now)
                case "take back":
                    if card.uses:
                        use = [*card.uses][number % len(card.uses)]
                        card.take_back(now, number // 2 or None, use)
                case "move":
                    card.move(member, now, number or None)
                case "wait":
                    today += timedelta(days=number % 30)
                case "wait long":
                    today += timedelta(days=366 + number % 3)
                case "end":
                    card.end(now, refunded=bool(number % 2))
                case _:
                    charged_back(card, now)
        except LoyaltyError:
            pass
        account, sold = card.seen(now), card.sold
        used = sum(each.left for each in card.uses.values())
        held = account.balance(PREPAID)
        assert sold.used == used
        assert all(lot.amount > 0 for lot in held.lots)
        assert held.deficit <= used + sold.moved
        expired = sold.amount - used - sold.moved - sold.withdrawn - held.lots_total
        card.tick(now)
        booked = moved(card)
        went_back = any(isinstance(event.data, PaymentReversed) for event in card.events)
        assert booked.get("expired/tenant", 0) == (0 if went_back else expired)
        assert booked.get("forfeited/tenant", 0) == (0 if went_back else sold.forfeited)
        assert booked.get("transfer/card_1", 0) == sold.moved
        assert sum(booked.values()) == -held.available
        assert card.verdict().holds
        assert member.verdict().holds


class TestSuccession:
    """What a next version may not do to gifts that are in wallets."""

    @pytest.mark.parametrize(
        ("currency", "transfers", "words"),
        [
            ({"expiry": {"type": "inactivity", "days": 30}}, "keep", "lasts by activity"),
            ({"reinstated_within_days": 60}, "keep", "is reinstated after its end"),
            ({}, "fresh", "lasts anew where it is transferred"),
        ],
    )
    def test_no_gift_outlives_its_day(
        self, currency: dict[str, Any], transfers: str, words: str
    ) -> None:
        """Not even where the next version keeps gift cards out of wallets from then on."""
        following = programme(
            currencies=[points(), points(rolling(days=90)) | {"id": "prepaid"} | currency],
            wallets=[{"currency": "prepaid", "kind": "prepaid"}],
            transfers=[{"currency": "prepaid", "expiry": transfers}],
            gift_cards=[kind(into_wallets=False)],
        )

        (problem,) = check_succession(selling(), following)

        assert (problem.pointer, words in problem.detail) == ("/currencies/1", True)
        assert check_succession(following, following) == ()
        assert check_succession(selling(), selling(kind(into_wallets=False))) == ()


class TestDocument:
    """What a document is refused for."""

    @pytest.mark.parametrize(
        ("parts", "currency", "at_", "says"),
        [
            ({"currency": "nothing"}, {}, "/gift_cards/0/currency", "there is no currency"),
            ({"currency": "points"}, {}, "/gift_cards/0/currency", "must be a prepaid wallet"),
            ({"max_amount": 999}, {}, "/gift_cards/0/max_amount", "is less than `min_amount`"),
            (
                {"expiry": {"type": "rolling"}},
                {},
                "/gift_cards/0/expiry",
                "needs exactly one",
            ),
            (
                {},
                {"expiry": {"type": "inactivity", "months": 6}},
                "/gift_cards/0/into_wallets",
                "must be false",
            ),
            (
                {},
                {"expiry": {"type": "rolling", "months": 6}, "reinstated_within_days": 30},
                "/gift_cards/0/into_wallets",
                "is reinstated after its end",
            ),
            (
                {"valid_from": "2026-03-02", "valid_until": "2026-03-01"},
                {},
                "/gift_cards/0/valid_until",
                "is before",
            ),
        ],
    )
    def test_refused(
        self, parts: dict[str, Any], currency: dict[str, Any], at_: str, says: str
    ) -> None:
        """Each with its place and what to do."""
        found = validate(
            msgspec.json.decode(msgspec.json.encode(selling(kind(**parts), **currency)))
        )

        assert [each.pointer for each in found.problems] == [at_]
        assert says in found.problems[0].detail

    @pytest.mark.parametrize(("lasts", "wrong"), [("fresh", True), ("keep", False)])
    def test_it_is_not_made_to_last_by_a_transfer(self, lasts: str, *, wrong: bool) -> None:
        """Nobody gives it to a friend and back."""
        document = selling(kind(), expiry={"type": "rolling", "years": 5})
        transfers = [{"currency": "prepaid", "expiry": lasts}]
        checked = validate(
            {**msgspec.json.decode(msgspec.json.encode(document)), "transfers": transfers}
        )

        found = [(each.pointer, each.detail) for each in checked.problems]
        assert [where for where, _ in found] == ["/gift_cards/0/into_wallets"] * wrong
        assert all("lasts anew where it is transferred" in said for _, said in found)

    def test_lasts_by_activity_and_stays_apart(self) -> None:
        """Where it does not go into wallets, its currency may last by activity."""
        document = selling(kind(into_wallets=False), expiry={"type": "inactivity", "months": 6})

        assert validate(msgspec.json.decode(msgspec.json.encode(document))).problems == ()

    def test_its_ids_are_permanent(self) -> None:
        """What was sold keeps its name: a later version may end the sale, and not drop it."""
        before, over = selling(kind()), selling(kind(valid_until="2026-03-01"))

        found = check_succession(before, selling(kind(id="other")))

        assert [each.pointer for each in found] == ["/gift_cards"]
        assert check_succession(before, over) == ()

    def test_of_one_id(self) -> None:
        """Two of one id are refused."""
        found = validate(msgspec.json.decode(msgspec.json.encode(selling(kind(), kind()))))

        assert [each.pointer for each in found.problems] == ["/gift_cards/1/id"]
