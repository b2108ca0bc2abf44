"""How an account begins, and what joining takes."""

from __future__ import annotations

from typing import Literal

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.account import TierStep, comes_along
from chalicelib.domain.ledger.events import (
    ConsentsChanged,
    MemberCreated,
    MemberEnrolled,
)
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.membership import ChangeProfile, Enrol, Joined, Open
from chalicelib.domain.mechanics.subscriptions import Subscribe
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    Member,
    at,
    fixed,
    granted,
    ladder,
    points,
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
        assert member.events[0].kind == "member.created"

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
        assert member.events[0].kind == "member.enrolled"

    def test_consents(self) -> None:
        """What was consented to and what was not are both kept."""
        member = Member(programme(), joined=None)
        member.do(Open(member="mem_1", consents={"news": False, "programme": True}), "2026-01-05")

        assert member.account.consents == {"programme": True, "news": False}

    @pytest.mark.parametrize("granted", [True, False])
    def test_what_nobody_asks_for(self, *, granted: bool) -> None:
        """A purpose of no programme is refused, also beside one that is; what is there can end."""
        member = Member(
            published(("2026-01-01", programme(enrolment={"optional_consents": ["news"]})))
        )
        for consents in ({"fax": granted}, {"news": True, "fax": granted}):
            refusal = member.refused(
                Enrol(member="mem_1", programmes=(), consents=consents), "2026-02-01"
            )
            assert (refusal.code, member.account.consents) == ("unknown_purpose", {})
        opening = Open(member="mem_1", consents={"fax": granted})
        assert Member(programme(), joined=None).refused(opening, "2026-02-01").code == (
            "unknown_purpose"
        )

        later = programme(enrolment={"optional_consents": []})
        member = Member(
            published(
                ("2026-01-01", programme(enrolment={"optional_consents": ["fax"]})),
                ("2026-02-01", later),
            )
        )
        member.do(Enrol(member="mem_1", programmes=(), consents={"fax": True}), "2026-01-09")
        member.do(Enrol(member="mem_1", programmes=(), consents={"fax": False}), "2026-02-09")
        assert member.account.consents == {"fax": False}


class TestBirthday:
    """The account knows the birthday, by effects of events whose payload does not repeat it."""

    def test_known_from_the_start(self) -> None:
        """It may come with the member."""
        member = Member(programme(), joined=None)
        (event,) = member.do(Open(member="mem_1", birthday="02-29"), "2026-01-05").events

        assert member.account.birthday == "02-29"
        assert event.data == MemberCreated()

    @pytest.mark.parametrize(
        ("known", "consents", "kind", "then"),
        [
            ("", {}, "profile.changed", "03-01"),
            ("", {"news": True}, "consents.changed", "03-01"),
            ("02-29", {}, None, "02-29"),
        ],
    )
    def test_completed(
        self, known: str, consents: dict[str, bool], kind: str | None, then: str
    ) -> None:
        """Where it was not known it may come later; one that is known is not overwritten."""
        member = Member(programme(), joined=None)
        member.do(Open(member="mem_1", birthday=known), "2026-01-05")
        command = Enrol(member="mem_1", programmes=(), consents=consents, birthday="03-01")
        events = member.do(command, "2026-02-01").events

        assert [event.kind for event in events] == ([kind] if kind else [])
        assert member.account.birthday == then

    def test_changed_and_removed(self) -> None:
        """A change is an event of its own; what is the same, or not spoken of, is none."""
        member = Member(programme())
        kinds = [
            event.kind
            for birthday in ("02-29", "02-29", None, "03-01", "")
            for event in member.do(
                ChangeProfile(member="mem_1", birthday=birthday), "2026-02-01"
            ).events
        ]

        assert kinds == ["profile.changed"] * 3
        assert member.account.birthday == ""
        assert member.verdict().holds

    def test_when_closed(self) -> None:
        """The directory has the profile of who has left, so the account follows it."""
        member = Member(programme())
        member.close("2026-02-01")
        member.do(ChangeProfile(member="mem_1", birthday="02-29"), "2026-02-02")

        assert member.account.birthday == "02-29"


class TestComingBack:
    """S6: a new account from nothing, that is not welcomed twice."""

    @staticmethod
    def document() -> Programme:
        """Return a programme that welcomes, once in a lifetime and by the first visit."""
        return programme(
            rule("welcome", fixed(100), caps=[{"window": "lifetime", "times": 1}]),
            rule("daily", fixed(10), caps=[{"window": "day", "max": 10}]),
            rule("first", fixed(50), when="member.visits == 0"),
            tiers=ladder(("gold", visits(1))),
            plans=[{"id": "try", "name": "Try", "period": "month", "fee": 10, "trial_days": 9}],
            rewards=[reward("tea", 10)],
            transfers=[{"currency": "points"}],
        )

    def back(self) -> tuple[Member, Member]:
        """Return who left with all that there is, and who they are after they came back."""
        former = Member(self.document())
        former.do(Enrol(member="mem_1", programmes=(), consents={"news": True}), "2026-02-01")
        assert sum(granted(former.visit("2026-02-01")).values()) == 160
        former.do(Subscribe(member="mem_1", programme="clinic", plan="try"), "2026-02-01")
        former.close("2026-02-01T13:00:00Z")
        member = Member(former.programmes, joined=None, key="T#tenant#M#mem_2")
        member.do(
            Open(member="mem_2", programmes=("clinic",), former="mem_1"),
            "2026-02-01T14:00:00Z",
            former=former,
        )
        return former, member

    def test_s6_from_nothing(self) -> None:
        """S6: no value, tier, plan or consent comes along, and the old account is as it was."""
        former, member = self.back()

        assert member.account.balances == {}
        assert member.enrolment.tier == "base"
        assert member.account.consents == {}
        assert member.account.metrics == {}
        assert member.events[0].data == MemberEnrolled({"clinic": "base"}, former="mem_1")
        assert (former.account.status, former.events[-1].kind) == ("closed", "member.closed")
        assert former.verdict().holds

    def test_s6_no_welcome_twice(self) -> None:
        """S6: limits that were used are used, visits were made, and the trial was had."""
        _, member = self.back()

        assert granted(member.visit("2026-02-01", now="2026-02-01T15:00:00Z")) == {
            "welcome": 0,
            "daily": 0,
        }
        assert granted(member.visit("2026-02-02")) == {"welcome": 0, "daily": 10}
        begun = member.do(
            Subscribe(member="mem_2", programme="clinic", plan="try"), "2026-02-03"
        ).result
        assert begun.subscription.state == "active"

    @pytest.mark.parametrize("prepaid", ["refund", "waive"])
    @pytest.mark.parametrize("by", ["month", "year", "lifetime"])
    def test_s6_no_sum_of_money(self, by: str, prepaid: Literal["refund", "waive"]) -> None:
        """S6: money of the old account, paid back or waived, earns the new one no percentage."""
        bands = [{"at_least": 50_000, "percent": 20}]
        wallet = {"currency": "prepaid", "kind": "prepaid", "bands": bands, "bands_by": by}
        wallets = {"currencies": [points() | {"id": "prepaid"}], "wallets": [wallet]}
        former = Member(programme(**wallets))
        command = TopUp(member="", programme="clinic", currency="prepaid", amount=50_000)
        assert former.do(command, "2026-02-01").result.parts[0].percent == 20
        former.do(Close(member="", reason="asked-to", prepaid=prepaid), "2026-02-02")
        member = Member(former.programmes, joined=None, key="T#tenant#M#mem_2")
        back = Open(member="mem_2", programmes=("clinic",), former="mem_1")
        member.do(back, "2026-02-03", former=former)

        assert member.account.counters == {}
        little = replace(command, amount=100)
        assert [part.percent for part in member.do(little, "2026-02-03").result.parts] == [0]

    def test_s6_limits_and_nothing_else(self) -> None:
        """S6: of all that an account counts, limits come along, those of a name like one do not."""
        former, member = self.back()
        assert any(not comes_along(key) for key in former.account.counters)

        came = {key: each.value for key, each in member.account.counters.items()}
        used = {
            key: each.value for key, each in former.account.counters.items() if comes_along(key)
        }
        assert came == used
        names = {key.partition("/")[2] for key in came}
        assert names >= {"clinic/trial", "clinic/welcome/times/lifetime/lifetime"}

    def test_s6_nothing_waits_for_what_was_forfeited(self) -> None:
        """S6: what the old account had to hold back, for refunds, binds the new one in nothing."""
        _, member = self.back()

        assert [key for key in member.account.counters if key.startswith("refundable")] == []


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

        assert (decision.events, decision.result) == ((), Joined({}))
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
        asked = {"required_consents": ["programme"], "optional_consents": ["other"]}
        member = Member(programme(enrolment=asked), joined=None)
        command = Open(member="mem_1", programmes=("clinic",), consents=consents)
        if code is None:
            assert member.do(command, "2026-01-05").result == Joined({"clinic": "member"})
        else:
            refusal = member.refused(command, "2026-01-05")
            assert (refusal.code, refusal.extensions["missing_consents"]) == (code, ["programme"])
            assert member.journal == []

    def test_a_consent_given_before(self) -> None:
        """A consent that is in force need not be given again, and can be withdrawn."""
        member = Member(programme(enrolment={"required_consents": ["programme"]}), joined=None)
        member.do(Open(member="mem_1", consents={"programme": True}), "2026-01-05")
        member.do(Enrol(member="mem_1", programmes=("clinic",)), "2026-01-06")
        member.do(Enrol(member="mem_1", programmes=(), consents={"programme": False}), "2026-01-07")

        assert member.account.consents == {"programme": False}
        assert list(member.account.enrolments) == ["clinic"]

    def test_events_name_the_consents_that_changed(self) -> None:
        """Whatever they came with; what was so before is said again by none."""
        member = Member(programme(), joined=None)
        for command in (
            Open(member="mem_1", consents={"programme": True, "news": False}),
            Enrol(
                member="mem_1", programmes=("clinic",), consents={"programme": True, "post": True}
            ),
            Enrol(member="mem_1", programmes=(), consents={"post": True, "news": True}),
            Enrol(member="mem_1", programmes=(), consents={"news": True}),
        ):
            member.do(command, "2026-01-05")

        assert [event.data for event in member.events] == [
            MemberCreated({"programme": True, "news": False}),
            MemberEnrolled({"clinic": "member"}, {"post": True}),
            ConsentsChanged({"news": True}),
        ]

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
            assert refusal.extensions["completed_visits"] == completed

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
