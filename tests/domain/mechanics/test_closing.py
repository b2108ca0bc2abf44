"""An account ends: its value is forfeited, and nothing can be done with it afterwards."""

from __future__ import annotations

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger.events import MemberClosed
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.membership import Enrol, Open
from chalicelib.domain.mechanics.reversal import ReverseActivity
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
        assert member.events[-1].data == MemberClosed("asked to")
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
