"""An account ends: its value is forfeited, and nothing can be done with it afterwards."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger.events import (
    DebtWrittenOff,
    ForfeitedValue,
    MemberClosed,
    PrepaidMoney,
)
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.mechanics.membership import Enrol, Open
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.subscriptions import Subscribe
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import (
    VISIT,
    Member,
    activity,
    adjustment,
    fixed,
    ladder,
    points,
    posted,
    programme,
    reward,
    rule,
    visits,
)


class TestClosing:
    """The account ends, and with it everything on it."""

    @staticmethod
    def member() -> Member:
        """Return a gold member with 100 available, 50 pending and a purchase to reverse."""
        document = programme(
            rule("visit", fixed(100)),
            rule("later", fixed(50), activation_delay_days=9),
            currencies=[points({"type": "rolling", "days": 30})],
            tiers=ladder(("gold", visits(1))),
            rewards=[reward("tea", 100)],
        )
        member = Member(document)
        member.visit("2026-02-01")
        return member

    def test_value_is_forfeited(self) -> None:
        """What is available and what is pending goes to forfeited, and nothing falls due."""
        member = self.member()
        member.close("2026-02-02")

        assert posted(member.events[-1]) == [
            ("member/available", "forfeited/tenant", 100),
            ("member/pending", "forfeited/tenant", 50),
        ]
        assert member.events[-1].data == MemberClosed(
            "asked-to", forfeited=(ForfeitedValue("clinic", "points", 100, 50),)
        )
        assert (member.account.status, member.account.balances) == ("closed", {})
        assert due_at(member.account) is None
        assert member.tick("2030-01-01") == ()
        assert member.verdict().holds

    def test_debts_are_written_off(self) -> None:
        """A deficit ends with the account."""
        member = self.member()
        member.redeem("tea", "2026-02-02")
        member.reverse("1", "2026-02-03")
        assert member.balance.deficit == 100
        member.close("2026-02-04")

        assert posted(member.events[-1]) == [("forfeited/tenant", "member/available", 100)]
        assert member.account.balances == {}
        assert member.events[-1].data == MemberClosed(
            "asked-to", written_off=(DebtWrittenOff("clinic", "points", 100),)
        )

    def test_what_fell_due_before_comes_first(self) -> None:
        """What had expired by then was not forfeited."""
        member = self.member()
        member.close("2026-03-04T00:00:00Z")

        assert [event.kind for event in member.events[-3:]] == [
            "pending.activated",
            "lots.expired",
            "member.closed",
        ]
        assert member.events[-1].postings == ()

    def test_nothing_can_be_done_afterwards(self) -> None:
        """Every other command is refused."""
        member = self.member()
        member.close("2026-02-02")
        commands: list[Command] = [
            Open(member="mem_1"),
            Enrol(member="mem_1", programmes=("clinic",)),
            RecordActivity(member="mem_1", activity=activity(VISIT, "2026-02-03")),
            ReverseActivity(member="mem_1", version=member.recorded["1"].version),
            member.redeeming("tea"),
            adjustment(5),
            Close(member="mem_1", reason="again"),
        ]

        assert {member.refused(c, "2026-02-03").code for c in commands} == {"account_closed"}


class TestMoney:
    """M6: money that was paid in is not forfeited in silence."""

    _WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
    _WALLET: Final = PrepaidMoney("clinic", "wallets", "prepaid", 42_000)
    _PLAN: Final = PrepaidMoney("clinic", "plans", "club", 2_100)

    def member(self) -> Member:
        """Return a member with 420.00 prepaid, of which 100.00 are held, and 21 days of a plan."""
        member = Member(
            programme(
                currencies=[points(), points() | {"id": "prepaid"}, points() | {"id": "coins"}],
                wallets=[
                    {"currency": "prepaid", "kind": "prepaid"},
                    {"currency": "coins", "kind": "cashback"},
                ],
                plans=[{"id": "club", "name": "Club", "period": "month", "fee": 3_100}],
            )
        )
        member.do(TopUp(currency="prepaid", amount=42_000, **self._WHO), "2026-02-02")
        member.do(Subscribe(plan="club", **self._WHO), "2026-03-01")
        member.do(
            PlaceHold(currency="prepaid", amount=10_000, hold_id="h", **self._WHO), "2026-03-11"
        )
        member.adjust(5, "2026-03-11", "coins")
        return member

    def test_m6_nothing_is_said_of_it(self) -> None:
        """M6: it is refused, and names every sum; nothing has changed."""
        member = self.member()
        before = member.account

        refusal = member.refused(Close(member="mem_1", reason="moved"), "2026-03-11T12:01:00Z")

        assert refusal.code == "prepaid_left"
        assert refusal.extensions["prepaid"] == [
            {
                "programme": "clinic",
                "section": "plans",
                "id": "club",
                "amount": {"amount": 2_100, "currency": "GBP"},
                "refundable": True,
            },
            {
                "programme": "clinic",
                "section": "wallets",
                "id": "prepaid",
                "amount": {"amount": 42_000, "currency": "GBP"},
                "refundable": True,
            },
        ]
        assert member.account == before

    @pytest.mark.parametrize(
        ("prepaid", "destination"), [("refund", "paid_in/tenant"), ("waive", "forfeited/tenant")]
    )
    def test_m6_what_becomes_of_it(self, prepaid: Any, destination: str) -> None:
        """M6: refunded, it goes back to where it was paid in; waived, it is forfeited by name."""
        member = self.member()

        member.do(Close(member="mem_1", reason="moved", prepaid=prepaid), "2026-03-11T12:01:00Z")

        event = member.events[-1]
        refunded = prepaid == "refund"
        assert event.data == MemberClosed(
            "moved",
            (self._PLAN, self._WALLET),
            refunded,
            # What is waived is stated as that.
            forfeited=(ForfeitedValue("clinic", "coins", 5, 0),),
        )
        assert ("member/available", destination, 42_000) in posted(event)
        assert ("member/available", "forfeited/tenant", 5) in posted(event)
        assert member.account.balances == {}
        assert member.verdict().holds

    def test_m6_no_money_is_left(self) -> None:
        """M6: what is a gift of the house is forfeited as ever, whatever is said."""
        member = Member(programme())
        member.adjust(100, "2026-02-02")

        member.do(Close(member="mem_1", reason="moved", prepaid="refund"), "2026-02-03")

        assert member.events[-1].data == MemberClosed(
            "moved", forfeited=(ForfeitedValue("clinic", "points", 100, 0),)
        )
        assert posted(member.events[-1]) == [("member/available", "forfeited/tenant", 100)]
