"""How an account begins, what joining takes, and what is left when it ends."""

from __future__ import annotations

import pytest

from chalicelib.domain.account import TierStep
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.events import MemberClosed
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.membership import Close, Enrol, Joined, Open
from chalicelib.domain.mechanics.reversal import ReverseActivity
from tests.domain.building import (
    VISIT,
    Member,
    adjustment,
    at,
    fact,
    fixed,
    ladder,
    points,
    posted,
    programme,
    published,
    reward,
    rule,
    visits,
)


class TestOpening:
    """An account begins as a prospect, or enrolled at once."""

    def test_prospect(self) -> None:
        """A prospect is in no programme."""
        member = Member(programme(), joined=None)
        decision = member.do(Open(member="mem_1"), "2026-01-05")

        assert decision.result == Joined({})
        assert (member.account.status, member.account.opened_at) == ("prospect", at("2026-01-05"))
        assert member.account.enrolments == {}
        assert member.entries[0].kind == "member.created"

    def test_enrolled_at_once(self) -> None:
        """Joining gives the lowest tier from that instant, on the local day."""
        member = Member(
            programme(tiers=ladder(("gold", visits(2))), time_zone="Asia/Tokyo"), joined=None
        )
        decision = member.do(Open(member="mem_1", programmes=("clinic",)), "2026-01-05T15:30:00Z")

        joined = at("2026-01-05T15:30:00Z")
        assert decision.result == Joined({"clinic": "base"})
        assert member.account.status == "enrolled"
        assert member.enrolment.joined_on == "2026-01-06"
        assert member.enrolment.timeline == (TierStep(joined, "base", "enrolled"),)
        assert member.entries[0].kind == "member.enrolled"

    def test_consents(self) -> None:
        """What was consented to and what was not are both kept."""
        member = Member(programme(), joined=None)
        member.do(
            Open(member="mem_1", consents={"research": False, "programme": True}), "2026-01-05"
        )

        assert member.account.consents == {"programme": True, "research": False}


class TestEnrolling:
    """What joining takes."""

    def test_later(self) -> None:
        """A prospect joins when they like."""
        member = Member(programme(), joined=None)
        member.do(Open(member="mem_1"), "2026-01-05")
        decision = member.do(Enrol(member="mem_1", programmes=("clinic",)), "2026-02-01")

        assert decision.result == Joined({"clinic": "member"})
        assert member.account.status == "enrolled"
        assert member.enrolment.joined_at == at("2026-02-01")

    def test_twice(self) -> None:
        """Who has joined already stays as they are, and nothing is written."""
        member = Member(programme())
        decision = member.do(Enrol(member="mem_1", programmes=("clinic", "clinic")), "2026-02-01")

        assert (decision.entries, decision.result) == ((), Joined({}))
        assert member.enrolment.joined_on == "2026-01-05"

    def test_another_programme(self) -> None:
        """A member may be in several, each joined in its own time."""
        member = Member(
            published(("2026-01-01", programme()), ("2026-01-10", programme(id="spa"))),
            joined=None,
        )
        member.do(Open(member="mem_1", programmes=("clinic",)), "2026-01-05")
        member.do(Enrol(member="mem_1", programmes=("clinic", "spa")), "2026-02-01")

        assert {p: e.joined_on for p, e in member.account.enrolments.items()} == {
            "clinic": "2026-01-05",
            "spa": "2026-02-01",
        }

    @pytest.mark.parametrize(
        ("consents", "code"),
        [
            ({}, "consent_required"),
            ({"programme": False}, "consent_required"),
            ({"other": True}, "consent_required"),
            ({"programme": True}, None),
        ],
    )
    def test_consent(self, consents: dict[str, bool], code: str | None) -> None:
        """A required consent must have been given."""
        document = programme(enrolment={"required_consents": ["programme"]})
        member = Member(document, joined=None)
        command = Open(member="mem_1", programmes=("clinic",), consents=consents)
        if code is None:
            assert member.do(command, "2026-01-05").result == Joined({"clinic": "member"})
        else:
            refusal = member.refused(command, "2026-01-05")
            assert (refusal.code, refusal.facts["missing"]) == (code, ["programme"])
            assert member.journal == []

    def test_a_consent_given_before(self) -> None:
        """A consent that is in force need not be given again, and can be withdrawn."""
        member = Member(programme(enrolment={"required_consents": ["programme"]}), joined=None)
        member.do(Open(member="mem_1", consents={"programme": True}), "2026-01-05")
        member.do(Enrol(member="mem_1", programmes=("clinic",)), "2026-01-06")
        member.do(Enrol(member="mem_1", programmes=(), consents={"programme": False}), "2026-01-07")

        assert member.account.consents == {"programme": False}
        assert list(member.account.enrolments) == ["clinic"]

    @pytest.mark.parametrize(("completed", "ok"), [(0, False), (1, False), (2, True)])
    def test_completed_visits(self, completed: int, *, ok: bool) -> None:
        """A programme for patients takes visits first; a prospect's visits count."""
        member = Member(programme(enrolment={"min_completed_visits": 2}), joined=None)
        member.do(Open(member="mem_1"), "2026-01-05")
        for day in range(completed):
            member.visit(f"2026-01-1{day}")
        command = Enrol(member="mem_1", programmes=("clinic",))
        if ok:
            assert member.do(command, "2026-02-01").result == Joined({"clinic": "member"})
        else:
            refusal = member.refused(command, "2026-02-01")
            assert refusal.code == "not_eligible"
            assert refusal.facts["completed_visits"] == completed

    def test_a_reversed_visit_does_not_count(self) -> None:
        """A visit that was taken back was none."""
        member = Member(programme(enrolment={"min_completed_visits": 1}), joined=None)
        member.do(Open(member="mem_1"), "2026-01-05")
        member.visit("2026-01-10", name="void")
        member.reverse("void", "2026-01-11")

        assert (
            member.refused(Enrol(member="mem_1", programmes=("clinic",)), "2026-02-01").code
            == "not_eligible"
        )

    @pytest.mark.parametrize(
        ("now", "code"), [("2025-12-31T11:59:59.999Z", "unknown_programme"), ("2026-01-01", None)]
    )
    def test_a_programme_that_is_not_in_force(self, now: str, code: str | None) -> None:
        """One joins from the instant at which the first version takes effect."""
        member = Member(published(("2025-12-31T12:00:00Z", programme())), joined=None)
        command = Open(member="mem_1", programmes=("clinic",))
        if code is None:
            member.do(command, now)
            assert member.account.status == "enrolled"
        else:
            assert member.refused(command, now).code == code

    def test_unknown(self) -> None:
        """A programme that does not exist is refused, and nothing else is joined."""
        member = Member(programme(), joined=None)
        refusal = member.refused(Open(member="mem_1", programmes=("clinic", "spa")), "2026-01-05")

        assert refusal.code == "unknown_programme"
        assert isinstance(refusal, Invalid)
        assert [error["pointer"] for error in refusal.errors] == ["/programmes/1"]
        assert member.journal == []


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

        assert posted(member.entries[-1]) == [
            ("member/available", "forfeited/tenant", 100),
            ("member/pending", "forfeited/tenant", 50),
        ]
        assert member.entries[-1].data == MemberClosed("asked to")
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

        assert posted(member.entries[-1]) == [("forfeited/tenant", "member/available", 100)]
        assert member.account.balances == {}

    def test_what_fell_due_before_comes_first(self) -> None:
        """What had expired by then was not forfeited."""
        member = self.member()
        member.close("2026-03-04T00:00:00Z")

        assert [entry.kind for entry in member.entries[-3:]] == [
            "pending.activated",
            "lots.expired",
            "member.closed",
        ]
        assert member.entries[-1].postings == ()

    def test_nothing_can_be_done_afterwards(self) -> None:
        """Every other command is refused."""
        member = self.member()
        member.close("2026-02-02")
        commands: list[Command] = [
            Open(member="mem_1"),
            Enrol(member="mem_1", programmes=("clinic",)),
            RecordActivity(member="mem_1", activity=fact(VISIT, "2026-02-03")),
            ReverseActivity(member="mem_1", version=member.recorded["1"].version),
            member.redeeming("tea"),
            adjustment(5),
            Close(member="mem_1", reason="again"),
        ]

        assert {member.refused(c, "2026-02-03").code for c in commands} == {"account_closed"}
