"""Transfers: what arrives with the other member, what stays, and what is refused to whom."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.errors import Conflict, Invalid, LoyaltyError
from chalicelib.domain.ledger.events import TransferReceived, TransferSent
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    per_amount,
    points,
    posted,
    programme,
    rule,
    transfer,
)

POINTS: Final = "clinic/points"
TEN_DAYS: Final = {"type": "rolling", "days": 10}
OTHER_KEY: Final = "T#tenant#M#mem_2"


def pair(
    expiry: dict[str, Any] | None = None, terms: dict[str, Any] | None = None
) -> tuple[Member, Member]:
    """
    Return somebody with 50 points of 2 March and 50 of 3 March, and a friend with none.

    They can be transferred at once.
    """
    document = programme(
        rule("visit", fixed(50)),
        currencies=[points(expiry or TEN_DAYS, expiry_warning_days=2, refund_days=0)],
        transfers=[{"currency": "points", **(terms or {})}],
    )
    sender = Member(document)
    sender.visit("2026-03-02")
    sender.visit("2026-03-03")
    return sender, Member(document, key=OTHER_KEY)


def lots(who: Member) -> list[tuple[int, str | None]]:
    """Return the lots that are available."""
    return [(lot.amount, lot.key.expires_on) for lot in who.balance.lots]


def refusal(sender: Member, receiver: Member, amount: int, now: str) -> LoyaltyError:
    """Return why a transfer is refused; neither account has changed."""
    before = sender.account, receiver.account
    with pytest.raises(LoyaltyError) as refused:
        transfer(sender, receiver, amount, now)
    assert (sender.account, receiver.account) == before
    return refused.value


def test_lots_move_as_they_are() -> None:
    """Seventy of a hundred go in burn order, with their days; both journals name the transfer."""
    sender, receiver = pair()

    sent = transfer(sender, receiver, 70, "2026-03-05")

    assert lots(sender) == [(30, "2026-03-13")]
    assert lots(receiver) == [(50, "2026-03-12"), (20, "2026-03-13")]
    assert [(part.amount, part.lot.expires_on) for part in sent.parts] == lots(receiver)
    gone, come = sender.events[-1], receiver.events[-1]
    assert gone.data == TransferSent("transfer_1", "mem_2", POINTS, 70)
    assert come.data == TransferReceived("transfer_1", "mem_1", POINTS, 70)
    assert posted(gone) + posted(come) == [
        ("member/available", "transfer/transfer_1", 70),
        ("transfer/transfer_1", "member/available", 50),
        ("transfer/transfer_1", "member/available", 20),
    ]
    assert sender.verdict().holds
    assert receiver.verdict().holds


def test_what_arrives_expires_and_is_announced_on_its_own_day() -> None:
    """The friend is told two days before the lot ends, and then it is gone."""
    sender, receiver = pair()
    transfer(sender, receiver, 50, "2026-03-05")

    assert [event.kind for event in receiver.tick("2026-03-10")] == ["expiry.announced"]
    assert [event.kind for event in receiver.tick("2026-03-13")] == ["lots.expired"]
    assert receiver.available("2026-03-13") == 0


def test_to_and_fro_prolongs_nothing() -> None:
    """What comes back is what was sent, to the day."""
    sender, receiver = pair()
    before = sender.balance

    transfer(sender, receiver, 100, "2026-03-05")
    transfer(receiver, sender, 100, "2026-03-06")

    assert sender.balance == before
    assert lots(receiver) == []


def test_fresh_value_begins_anew() -> None:
    """Where the programme says so, what arrives lasts ten days from its transfer."""
    sender, receiver = pair(TEN_DAYS, terms={"expiry": "fresh"})

    transfer(sender, receiver, 70, "2026-03-05")

    assert lots(receiver) == [(70, "2026-03-15")]
    assert lots(sender) == [(30, "2026-03-13")]


def test_it_repays_a_debt_first() -> None:
    """Whoever owes 30 and is given 50 has 20."""
    sender, receiver = pair()
    receiver.visit("2026-03-04", name="taken-back")
    receiver.adjust(-30, "2026-03-04")
    receiver.reverse("taken-back", "2026-03-04")
    assert receiver.balance.deficit == 30

    transfer(sender, receiver, 50, "2026-03-05")

    assert (lots(receiver), receiver.balance.deficit) == ([(20, "2026-03-12")], 0)


def test_what_is_due_comes_first() -> None:
    """Value whose day is over cannot be sent, though no tick has said so yet."""
    sender, receiver = pair()

    assert refusal(sender, receiver, 51, "2026-03-13").extensions["available"] == 50
    transfer(sender, receiver, 50, "2026-03-13")

    assert lots(receiver) == [(50, "2026-03-13")]


def test_tiers_do_not_move() -> None:
    """Points that were given are not points that were earned."""
    level = {"metric": "points_earned", "at_least": 60, "currency": "points"}
    document = programme(
        rule("visit", fixed(50)),
        currencies=[points(refund_days=0)],
        transfers=[{"currency": "points"}],
        tiers={
            "levels": [
                {"id": "base", "name": "Base"},
                {"id": "gold", "name": "Gold", "qualify": {"all": [level]}},
            ]
        },
    )
    sender, receiver = Member(document), Member(document, key=OTHER_KEY)
    sender.visit("2026-03-02")
    receiver.visit("2026-03-02")

    transfer(sender, receiver, 50, "2026-03-05")

    assert receiver.available("2026-03-05") == 100
    assert receiver.enrolment.tier == "base"
    assert receiver.account.metrics["clinic/points_earned/points"]["all"] == 50


def test_prepaid_value_keeps_its_rate() -> None:
    """A lot that earned 20 % off still has them with whoever has it now."""
    document = programme(
        rule("spend", per_amount(1, 100), PURCHASE),
        currencies=[points(), {"id": "prepaid", "name": "Prepaid", "expiry": {"type": "never"}}],
        wallets=[
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 20_000, "percent": 10}, {"at_least": 50_000, "percent": 20}],
            }
        ],
        transfers=[{"currency": "prepaid"}],
    )
    sender, receiver = Member(document), Member(document, key=OTHER_KEY)
    sender.do(
        TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=50_000), "2026-03-02"
    )

    transfer(sender, receiver, 12_000, "2026-03-05", "prepaid")

    (lot,) = receiver.account.balance("clinic/prepaid").lots
    assert (lot.amount, lot.key.rate) == (12_000, 20)


class TestInactivity:
    """Value that lasts as long as the member is active."""

    def test_the_day_comes_along(self) -> None:
        """What a friend gets keeps the sender's last day: no transfer hides value."""
        sender, receiver = pair({"type": "inactivity", "days": 10})

        transfer(sender, receiver, 50, "2026-03-05")

        assert receiver.balance.lots[0].key.expires_on == "2026-03-13"
        kinds = [event.kind for event in receiver.tick("2026-03-14")]
        assert kinds == ["expiry.announced", "lots.expired"]
        assert receiver.available("2026-03-14") == 0

    def test_a_day_of_ones_own_goes_on(self) -> None:
        """Where the friend was active last, it lasts as long as that says."""
        sender, receiver = pair({"type": "inactivity", "days": 10})
        receiver.visit("2026-03-04")

        transfer(sender, receiver, 50, "2026-03-05")

        assert [(lot.amount, lot.key.expires_on) for lot in receiver.balance.lots] == [
            (100, "2026-03-14")
        ]


class TestRefusals:
    """Who may not send what."""

    def test_too_little(self) -> None:
        """What is not there cannot be sent; the refusal tells how much is missing."""
        refused = refusal(*pair(), 101, "2026-03-05")

        assert isinstance(refused, Conflict)
        assert refused.code == "insufficient_points"
        assert refused.extensions == {"available": 100, "missing": 1}

    @pytest.mark.parametrize(
        ("amount", "detail"), [(9, "must be at least 10"), (61, "must be at most 60")]
    )
    def test_amount_of_one(self, amount: int, detail: str) -> None:
        """One transfer has its least and most."""
        refused = refusal(*pair(terms={"min_each": 10, "max_each": 60}), amount, "2026-03-05")

        assert isinstance(refused, Invalid)
        assert refused.code == "transfer_amount"
        assert refused.errors == [{"pointer": "/amount", "detail": detail}]

    def test_currency_without_a_rule(self) -> None:
        """Only what the programme lets go may go."""
        sender, receiver = pair()

        with pytest.raises(Invalid) as refused:
            transfer(sender, receiver, 1, "2026-03-05", "stamps")

        assert refused.value.code == "unknown_currency"
        assert refused.value.errors == [
            {"pointer": "/currency", "detail": "must be one of: points"}
        ]

    @pytest.mark.parametrize("who", ["nobody", "prospect", "leaver"])
    def test_nobody_to_receive(self, who: str) -> None:
        """Nobody, no member and a former member are refused in the same words."""
        sender, receiver = pair()
        receivers = {
            "nobody": Member(receiver.programmes, joined=None, key=OTHER_KEY),
            "prospect": Member(receiver.programmes, joined=None, key=OTHER_KEY),
            "leaver": receiver,
        }
        receiver.close("2026-03-04")
        if who == "prospect":
            receivers[who].do(Open(member="mem_1"), "2026-03-04")

        refused = refusal(sender, receivers[who], 1, "2026-03-05")

        assert refused.code == "recipient_unavailable"
        assert refused.message == (
            "No member of clinic under the id in `to` can receive: check the id."
        )
        assert refused.extensions == {"programme": "clinic"}


class TestWaiting:
    """A7: what was earned waits until no refund can take it back."""

    @staticmethod
    def shopper(**currency: Any) -> tuple[Member, Member]:
        """Return somebody with 30 points that were given by hand, and a friend with none."""
        document = programme(
            rule("spend", per_amount(1, 100), PURCHASE),
            currencies=[points(**currency)],
            transfers=[{"currency": "points"}],
        )
        sender = Member(document)
        sender.adjust(30, "2026-03-01")
        return sender, Member(document, key=OTHER_KEY)

    def test_a7_the_friend_keeps_nothing_that_was_refunded(self) -> None:
        """A7: earn, give away, take the refund, close: nothing was given, so nothing is owed."""
        sender, receiver = self.shopper()
        sender.buy(5_000, "2026-03-02", name="sale")

        refused = refusal(sender, receiver, 31, "2026-03-02")

        assert refused.code == "transfer_waits"
        assert refused.extensions == {"available": 80, "transferable": 30, "refund_days": 14}
        transfer(sender, receiver, 30, "2026-03-02")
        sender.reverse("sale", "2026-03-03")
        assert (sender.balance.deficit, sender.available("2026-03-03")) == (0, 0)
        closed = sender.close("2026-03-04").events[-1]
        assert [posting for posting in closed.postings if posting.amount] == []
        assert receiver.available("2026-03-04") == 30

    @pytest.mark.parametrize(
        ("now", "free"), [("2026-03-16T23:59:59Z", False), ("2026-03-17T00:00:00Z", True)]
    )
    def test_a7_for_fourteen_days(self, now: str, *, free: bool) -> None:
        """A7: fourteen days after the day of the purchase are waited for, whole."""
        sender, receiver = self.shopper()
        sender.buy(5_000, "2026-03-02")

        if free:
            transfer(sender, receiver, 80, now)
        else:
            assert refusal(sender, receiver, 31, now).code == "transfer_waits"

    def test_a7_what_came_back_waits_no_more(self) -> None:
        """A7: of 50 points a refund took 20, so 30 wait, and the spent ones still do."""
        sender, receiver = self.shopper()
        sender.buy(5_000, "2026-03-02", name="sale")
        sender.reverse("sale", "2026-03-03", amount=2_000)
        assert refusal(sender, receiver, 31, "2026-03-03").extensions["transferable"] == 30
        sender.adjust(-30, "2026-03-04")

        assert refusal(sender, receiver, 1, "2026-03-04").extensions["transferable"] == 0

    def test_a7_reported_late(self) -> None:
        """A7: the days count from the purchase, not from its report."""
        sender, receiver = self.shopper()
        sender.buy(5_000, "2026-03-02", now="2026-03-20")

        transfer(sender, receiver, 80, "2026-03-20")

    def test_a7_what_is_pending_is_not_counted_twice(self) -> None:
        """A7: what cannot be spent yet keeps no other value back; once it can, it waits."""
        sender, receiver = self.shopper(activation_delay_days=3)
        sender.buy(5_000, "2026-03-02")

        transfer(sender, receiver, 30, "2026-03-03")
        assert refusal(sender, receiver, 1, "2026-03-06").extensions["transferable"] == 0
        transfer(sender, receiver, 50, "2026-03-17")

    def test_a7_the_policy_may_say_otherwise(self) -> None:
        """A7: where refunds are not waited for, what was earned can be given at once."""
        sender, receiver = self.shopper(refund_days=0)
        sender.buy(5_000, "2026-03-02")

        transfer(sender, receiver, 80, "2026-03-02")

    def test_a7_no_trace_is_kept(self) -> None:
        """A7: once it need not wait, the account has forgotten that it did."""
        sender, _ = self.shopper()
        sender.buy(5_000, "2026-03-02")
        assert sender.account.counters
        sender.adjust(1, "2026-03-18")

        assert sender.account.counters == {}


class TestLimits:
    """How much and how often, for each side, in windows of the programme's days."""

    def test_sending(self) -> None:
        """Sixty a month are sixty, and the next month begins anew."""
        terms = {"sending": [{"window": "month", "max": 60}]}
        sender, receiver = pair({"type": "never"}, terms)
        transfer(sender, receiver, 50, "2026-03-05")

        refused = refusal(sender, receiver, 11, "2026-03-31")

        assert refused.code == "transfer_limit"
        assert refused.extensions == {
            "direction": "sending",
            "window": "month",
            "limit": 60,
            "left": 10,
        }
        transfer(sender, receiver, 10, "2026-03-31")
        transfer(sender, receiver, 11, "2026-04-01")

    def test_how_often(self) -> None:
        """Once a day is once a day, whatever the amount."""
        sender, receiver = pair(terms={"sending": [{"window": "day", "times": 1}]})
        transfer(sender, receiver, 1, "2026-03-05")

        refused = refusal(sender, receiver, 1, "2026-03-05")

        assert refused.message == "A member may send once a day; 0 are left."
        transfer(sender, receiver, 1, "2026-03-06")

    def test_receiving(self) -> None:
        """The friend's limit refuses, and does not tell what the friend has."""
        sender, receiver = pair(terms={"receiving": [{"window": "lifetime", "max": 60}]})
        transfer(sender, receiver, 50, "2026-03-05")

        refused = refusal(sender, receiver, 11, "2026-03-05")

        assert refused.extensions == {"direction": "receiving", "window": "lifetime", "limit": 60}
        transfer(sender, receiver, 10, "2026-03-05")

    def test_a_limit_that_is_over_is_forgotten(self) -> None:
        """An account keeps no counter past its window."""
        terms = {"sending": [{"window": "day", "max": 60}]}
        sender, receiver = pair({"type": "never"}, terms)
        transfer(sender, receiver, 50, "2026-03-05")
        counters = dict(sender.account.counters)

        sender.visit("2026-03-07")

        assert [counter.value for counter in counters.values()] == [50]
        assert dict(sender.account.counters) == {}


@pytest.mark.parametrize(
    ("terms", "pointer", "detail"),
    [
        ({"currency": "pints"}, "/transfers/0/currency", "there is no currency `pints`"),
        ({"min_each": 9, "max_each": 8}, "/transfers/0/max_each", "is less than `min_each` (9)"),
        ({"expiry": "fresh"}, "/transfers/0/expiry", "must be left out"),
        (
            {"sending": [{"window": "day"}]},
            "/transfers/0/sending/0",
            "needs exactly one of `max` (value) and `times` (how often)",
        ),
        (
            {"receiving": [{"window": "day", "max": 5}, {"window": "day", "max": 6}]},
            "/transfers/0/receiving/1",
            "limits `max` of the day as /transfers/0/receiving/0 does",
        ),
        (
            {"min_each": 9, "receiving": [{"window": "day", "max": 8}]},
            "/transfers/0/receiving/0/max",
            "is less than `min_each` (9)",
        ),
    ],
)
def test_violations_of_a_document(terms: dict[str, Any], pointer: str, detail: str) -> None:
    """What cannot be meant is refused with its place and the way out."""
    (problem,) = validate(with_rules({"currency": "points"} | terms)).problems

    assert problem.pointer == pointer
    assert detail in problem.detail


def test_the_least_may_be_the_most() -> None:
    """Exactly one amount can be transferred, as often as a day has room for one."""
    terms = {"currency": "points", "min_each": 9, "max_each": 9}
    limits = [{"window": "day", "max": 9}]
    assert validate(with_rules({**terms, "sending": limits, "receiving": limits})).problems == ()


def test_one_rule_for_each_currency() -> None:
    """Two rules of one currency are one too many."""
    rules = {"currency": "points"}, {"currency": "points", "max_each": 5}

    (problem,) = validate(with_rules(*rules)).problems

    assert problem.pointer == "/transfers/1/currency"


@pytest.mark.parametrize(("rules", "ok"), [(20, True), (21, False)])
def test_so_many_rules(rules: int, *, ok: bool) -> None:
    """A document has room for twenty."""
    ids = [f"c{number}" for number in range(rules)]
    document = with_rules(*({"currency": each} for each in ids))
    document["currencies"] = [{**points(), "id": each} for each in ids]

    assert (validate(document).problems == ()) is ok


def with_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return a document with these rules."""
    return {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "transfers": list(rules),
    }
