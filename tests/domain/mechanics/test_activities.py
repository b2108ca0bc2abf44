"""Which activities are taken, by which programmes they are evaluated, and what is kept of them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.activity import Activity, checked
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import ActivitySummary, Detail, Evaluation, Line
from chalicelib.domain.mechanics.activities import RecordActivity, Verdict
from chalicelib.domain.mechanics.membership import Open
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    activity,
    at,
    fixed,
    granted,
    line,
    per_amount,
    programme,
    published,
    recorded_by,
    rule,
)

DAY = 86_400_000


def visit_at(instant: Instant) -> Activity:
    """Return a visit at an instant."""
    return Activity(VISIT, "till", "1", instant)


class TestTime:
    """Activities lie in the past, within the limit of their programme."""

    NOW = at("2026-03-10T15:30:00Z")

    @pytest.mark.parametrize(
        ("age", "code"),
        [
            (-300_001, "occurred_in_future"),
            (-300_000, None),
            (-1, None),
            (0, None),
            (30 * DAY, None),
            (30 * DAY + 1, "backdate_limit"),
        ],
    )
    def test_limits(self, age: int, code: str | None) -> None:
        """Thirty days to the millisecond; a reporter's clock may be five minutes ahead."""
        member = Member(programme(rule("visit", fixed(5))))
        command = RecordActivity(member="mem_1", activity=visit_at(self.NOW - age))
        if code is None:
            assert granted(member.do(command, self.NOW).result) == {"visit": 5}
        else:
            assert member.refused(command, self.NOW).code == code
            assert len(member.journal) == 1

    @pytest.mark.parametrize(("days", "age", "ok"), [(0, 0, True), (0, 1, False), (90, 80, True)])
    def test_the_programme_sets_the_limit(self, days: int, age: int, *, ok: bool) -> None:
        """The limit of the version in force now counts."""
        member = Member(programme(rule("visit", fixed(5)), backdate_limit_days=days))
        command = RecordActivity(member="mem_1", activity=visit_at(self.NOW - age * DAY // 2))

        if ok:
            member.do(command, self.NOW)
        else:
            assert member.refused(command, self.NOW).extensions["limit_days"] == days

    def test_each_programme_has_its_own(self) -> None:
        """An activity that is too old for one programme is evaluated by the other alone."""
        member = Member(
            programme(rule("visit", fixed(5))),
            programme(rule("visit", fixed(7)), id="spa", backdate_limit_days=60),
        )
        recorded = member.visit("2026-02-01", now="2026-03-10")

        assert recorded.verdicts[0] == Verdict(
            "clinic", note="this happened more than 30 days ago, too late for this programme"
        )
        assert [(award.programme, award.granted) for award in recorded.awards] == [("spa", 7)]
        assert "clinic/visits" not in member.account.metrics

    def test_a_clock_that_is_ahead(self) -> None:
        """An activity that is dated a little ahead happened now, and in no other window."""
        member = Member(
            programme(rule("visit", fixed(5), caps=[{"window": "day", "times": 1}])), joined=None
        )
        member.do(Open(member="mem_1", programmes=("clinic",)), "2026-12-31T10:00:00Z")
        recorded = member.visit("2027-01-01T00:03:00Z", now="2026-12-31T23:59:00Z")

        assert recorded.occurred_at == at("2026-12-31T23:59:00Z")
        assert member.events[-1].occurred_at == member.events[-1].effective_at
        assert member.account.metrics["clinic/visits"] == {"2026-12": 1, "all": 1}
        assert granted(member.visit("2027-01-01T00:04:00Z")) == {"visit": 5}

    def test_the_account_knows_the_later_clock(self) -> None:
        """Where the clock has gone back, the account is evaluated at its own last instant."""
        member = Member(programme(rule("visit", fixed(5))))
        member.visit("2026-03-10T12:00:00Z")
        member.visit("2026-03-10T11:58:00Z")

        assert member.events[-1].effective_at == at("2026-03-10T12:00:00Z")
        assert member.verdict().holds

    def test_prospects_have_no_limit(self) -> None:
        """Without a programme there is no limit: a history can be brought along."""
        member = Member(programme(), joined=None)
        member.do(Open(member="mem_1"), "2026-01-05")
        recorded = member.visit("1999-06-01", now="2026-01-06")

        assert recorded.verdicts == ()
        assert member.account.stats.visits == 1


class TestJudging:
    """Each programme that the member has joined evaluates an activity by itself."""

    @pytest.mark.parametrize(
        ("when", "evaluated"),
        [
            ("2026-02-09T23:59:59.999Z", False),
            ("2026-02-10T00:00:00Z", True),
            ("2026-02-10T09:00:00Z", True),
        ],
    )
    def test_from_the_day_of_joining(self, when: str, *, evaluated: bool) -> None:
        """An activity from the day of joining counts, also from before its hour."""
        member = Member(programme(rule("visit", fixed(5))), joined="2026-02-10T09:30:00Z")
        recorded = member.visit(when, now="2026-02-11")

        assert (recorded.verdicts[0].note == "") is evaluated
        assert granted(recorded) == ({"visit": 5} if evaluated else {})
        assert member.account.stats.visits == 1

    def test_before_joining_is_explained(self) -> None:
        """It is journaled, with the reason, and moves nothing."""
        member = Member(programme(rule("visit", fixed(5))), joined="2026-02-10")
        recorded = member.visit("2026-02-01", now="2026-02-11")

        assert recorded.verdicts == (
            Verdict(
                "clinic",
                note="this happened on 2026-02-01, before the member joined on 2026-02-10",
            ),
        )
        assert recorded_by(member.events[-1]).evaluations == ()
        assert member.account.metrics == {}

    def test_before_the_first_version(self) -> None:
        """Where no version was in force on the day, there is none to evaluate by."""
        member = Member(
            published(("2026-02-10T12:00:00Z", programme(rule("visit", fixed(5))))),
            joined="2026-02-10T13:00:00Z",
        )
        recorded = member.visit("2026-02-10T11:59:59Z", now="2026-02-11")

        assert recorded.verdicts[0].note == (
            "no version of the programme was in force when this happened"
        )

    def test_two_programmes(self) -> None:
        """Both evaluate, in one event, each with its own currency and version."""
        member = Member(
            programme(rule("visit", fixed(5))), programme(rule("visit", fixed(7)), id="spa")
        )
        recorded = member.visit("2026-02-01")

        assert [(a.programme, a.currency, a.granted) for a in recorded.awards] == [
            ("clinic", "clinic/points", 5),
            ("spa", "spa/points", 7),
        ]
        assert recorded_by(member.events[-1]).evaluations == (
            Evaluation("clinic", 1, "member"),
            Evaluation("spa", 1, "member"),
        )
        assert len(member.events) == 2

    def test_the_activity_itself_is_not_yet_a_visit(self) -> None:
        """Conditions count the visits before this one."""
        member = Member(programme(rule("first", fixed(5), when="member.visits == 0")))
        given = [granted(member.visit(f"2026-02-0{day}")) for day in (1, 2)]

        assert given == [{"first": 5}, {}]
        assert [recorded_by(each).evaluations[0].visits for each in member.events[1:]] == [0, 1]


class TestJournal:
    """Every activity is kept beside its effects."""

    def test_an_activity_that_earns_nothing(self) -> None:
        """It is journaled all the same: simulation needs it."""
        member = Member(programme(rule("visit", fixed(5))))
        recorded = member.record("steps.recorded", "2026-02-01", quantity=9_000)
        event = member.events[-1]

        assert recorded.awards == ()
        assert (event.kind, event.postings) == ("activity.recorded", ())
        assert recorded_by(event).activity == ActivitySummary("steps.recorded", quantity=9_000)
        assert member.account.stats.activities == 1
        assert member.account.version == 2

    def test_what_is_open_and_what_is_sealed(self) -> None:
        """Lines, ids and attributes are in the detail alone."""
        member = Member(programme(attributes={"ward": "string"}))
        member.record(
            PURCHASE,
            "2026-02-01",
            name="receipt-77",
            money="GBP",
            lines=(line("1", 500, "statins", sku="SKU-9"),),
            provider="dr-who",
            channel="app",
            location="leeds",
            category="pharmacy",
            attributes={"ward": "oncology"},
        )
        event = member.events[-1]

        assert recorded_by(event).activity == ActivitySummary(
            PURCHASE,
            amount=500,
            money="GBP",
            category="pharmacy",
            channel="app",
            location="leeds",
        )
        assert event.detail == Detail(
            source="till",
            external_id="receipt-77",
            provider="dr-who",
            lines=(Line("1", 500, 1, "statins", "SKU-9"),),
            attributes={"ward": "oncology"},
        )

    def test_two_times(self) -> None:
        """When it happened and when it changed the account are both kept."""
        member = Member(programme())
        member.visit("2026-02-01", now="2026-02-20")

        assert member.events[-1].occurred_at == at("2026-02-01")
        assert member.events[-1].effective_at == at("2026-02-20")


class TestChecks:
    """What cannot be an activity is refused."""

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ({"amount": 500}, "currency_required"),
            ({"lines": (line("1", 500),)}, "currency_required"),
            ({"amount": 501, "money": "GBP", "lines": (line("1", 500),)}, "amount_mismatch"),
            ({"money": "GBP", "lines": (line("1", 500), line("1", 5))}, "duplicate_line"),
            ({"amount": 500, "money": "EUX"}, "unknown_currency"),
            ({"amount": 500, "money": "BGN"}, "unknown_currency"),
            ({"amount": -500, "money": "GBP"}, "negative_amount"),
            ({"money": "GBP", "lines": (line("1", 10**15), line("2", 1))}, "amount_too_large"),
        ],
    )
    def test_refusals(self, parts: dict[str, Any], code: str) -> None:
        """Money has a currency that a programme counts, and lines add up and have ids."""
        member = Member(programme(rule("spend", per_amount(1, 100), on=PURCHASE)))
        command = RecordActivity(member="mem_1", activity=activity(PURCHASE, "2026-02-01", **parts))

        assert member.refused(command, "2026-02-01").code == code

    @pytest.mark.parametrize(
        ("sent", "known_by"),
        [
            (("", ""), ("1", "2")),
            (("a", ""), ("a", "2")),
            (("", "1"), ("3", "1")),
            (("2", ""), ("2", "3")),
            (("", "1", "4", "", "5"), ("6", "1", "4", "7", "5")),
            (("", "", "1", "2"), ("5", "6", "1", "2")),
        ],
    )
    def test_lines_without_an_id(self, sent: tuple[str, ...], known_by: tuple[str, ...]) -> None:
        """They have their place as id, or else a number that no line is called by."""
        lines = tuple(line(name, 100) for name in sent)
        bought = activity(PURCHASE, "2026-02-01", money="GBP", lines=lines)

        assert tuple(each.id for each in checked(bought).lines) == known_by

    @pytest.mark.parametrize(
        ("parts", "pointer"),
        [
            ({"lines": (line("", 5), line("a", 5), line("a", 5))}, "/lines/2/id"),
            ({"lines": (line("a", -5),)}, "/lines"),
            ({"amount": -5, "lines": (line("a", -5),)}, "/amount"),
            ({"lines": (line("1", 10**15), line("2", 1))}, "/lines"),
        ],
    )
    def test_where(self, parts: dict[str, Any], pointer: str) -> None:
        """A refusal points at what was sent."""
        with pytest.raises(Invalid) as refusal:
            checked(activity(PURCHASE, "2026-02-01", money="GBP", **parts))

        assert [each["pointer"] for each in refusal.value.errors] == [pointer]

    def test_lines_are_numbered(self) -> None:
        """Lines without an id are numbered in their order, and their sum is the amount."""
        member = Member(programme())
        member.basket("2026-02-01", line("", 300), line("", 200), line("x", 5))
        event = member.events[-1]

        assert event.detail is not None
        assert [part.id for part in event.detail.lines] == ["1", "2", "x"]
        assert recorded_by(event).activity.amount == 505
