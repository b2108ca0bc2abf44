"""Paid plans through time: trials, periods, grace, changes, pauses, and what was paid for them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.authoring.validation import Problem, check_succession, validate
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.events import PlanPaused, PlanResumed
from chalicelib.domain.mechanics.plan_pauses import PausePlan, ResumePlan
from chalicelib.domain.mechanics.plans import (
    SECTION,
    SUBSCRIPTIONS,
    Subscription,
    due,
    fees_left,
    plan_of,
)
from chalicelib.domain.mechanics.subscriptions import (
    AHEAD_MAX,
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
    Subscribed,
)
from chalicelib.domain.programme.document import Programme
from tests.domain.building import Member, at, ladder, points, programme, published, visits
from tests.examples import examples

_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
PAY: Final = PayFee(**_WHO)
END: Final = CancelPlan(**_WHO)
END_NOW: Final = CancelPlan(when="now", **_WHO)
RESUME: Final = ResumePlan(**_WHO)


def plan(name: str, fee: int, period: str = "month", **parts: Any) -> dict[str, Any]:
    """Return a plan."""
    return {"id": name, "name": name, "period": period, "fee": fee, **parts}


PLANS: Final = (
    plan("big", 3_100, tier="gold"),
    plan("try", 3_100, trial_days=10),
    plan("small", 620),
    plan("year", 36_500, "year", grace_days=30),
    plan("strict", 310, grace_days=0),
    plan("patient", 310, grace_days=180),
)
DOCUMENT: Final = programme(tiers=ladder(("gold", visits(99))), plans=list(PLANS))


def begin(name: str) -> Subscribe:
    """Return the command to begin a plan."""
    return Subscribe(plan=name, **_WHO)


def to(name: str, when: Any = "now") -> ChangePlan:
    """Return the command to change to a plan."""
    return ChangePlan(plan=name, when=when, **_WHO)


def lived(*steps: tuple[str, Command]) -> Member:
    """Return a member who did these things."""
    member = Member(DOCUMENT)
    for when, command in steps:
        member.do(command, when)
    return member


def held(member: Member, now: str) -> Subscription | None:
    """Return the plan as it is then."""
    return SUBSCRIPTIONS.get(member.seen(now), "clinic")


def shown(member: Member, now: str) -> tuple[str, str, str] | None:
    """Return state, plan and last day as they are then."""
    found = held(member, now)
    return None if found is None else (found.state, found.plan, found.until_on)


def owed(member: Member, command: Command, now: str) -> int:
    """Return what a command says is owed, or below zero left over."""
    result = member.do(command, now).result
    assert isinstance(result, Subscribed)
    return result.prorated


def test_plans_of_two_programmes() -> None:
    """The account is due when the first of them is, whichever programme that is of."""
    gym = programme(id="gym", plans=[plan("year", 100, "year")])
    for first, second in (("clinic", "gym"), ("gym", "clinic")):
        member = Member(DOCUMENT, gym)
        for name in (first, second):
            chosen = {"clinic": "big", "gym": "year"}[name]
            member.do(Subscribe(member="mem_1", programme=name, plan=chosen), "2026-03-02")
        ends = [SUBSCRIPTIONS.get(member.account, name) for name in ("clinic", "gym")]

        assert [each.until_on for each in ends if each] == ["2026-04-01", "2027-03-01"]
        assert due(member.account) == at("2026-04-02T00:00:00Z")


def test_a_plan_of_a_programme_that_is_gone() -> None:
    """It ends with the period, since nobody knows what would be next."""
    member = lived(("2026-03-02", begin("big")))
    member.programmes = published()

    assert [event.kind for event in member.tick("2026-06-01")] == ["plans.renewed"]
    assert SUBSCRIPTIONS.all(member.account) == {}


class TestPeriods:
    """Trial, periods and grace, to the instant."""

    @pytest.mark.parametrize(
        ("now", "state"),
        [
            ("2026-03-17T23:59:59Z", ("trial", "try", "2026-03-17")),
            ("2026-03-18T00:00:00Z", ("past_due", "try", "2026-03-17")),
            ("2026-03-24T23:59:59Z", ("past_due", "try", "2026-03-17")),
            ("2026-03-25T00:00:00Z", None),
        ],
    )
    def test_a_trial_that_nobody_pays_for(self, now: str, state: Any) -> None:
        """Ten days, then a grace of seven, then nothing."""
        assert shown(lived(("2026-03-08", begin("try"))), now) == state

    def test_no_grace(self) -> None:
        """T: With `grace_days` 0 a plan ends with the last day that is paid for."""
        member = lived(("2026-03-01", begin("strict")))

        assert shown(member, "2026-03-31T23:59:59Z") == ("active", "strict", "2026-03-31")
        assert shown(member, "2026-04-01T00:00:00Z") is None

    def test_a_second_trial(self) -> None:
        """A trial is had once in a programme: the next time a fee is paid at once."""
        member = lived(("2026-03-08", begin("try")), ("2026-03-09", END_NOW))

        result = member.do(begin("try"), "2026-03-10").result

        assert (result.subscription.state, result.fee.amount) == ("active", 3_100)

    def test_months_from_the_last_of_january(self) -> None:
        """The anchor is kept: 28 February does not become the day of every month."""
        member = lived(("2026-01-31", begin("big")))
        days = [member.do(PAY, "2026-02-01").result.fee for _ in range(2)]

        assert [(fee.from_on, fee.until_on) for fee in days] == [
            ("2026-02-28", "2026-03-30"),
            ("2026-03-31", "2026-04-29"),
        ]

    def test_a_fee_that_comes_after_the_period_that_it_is_for(self) -> None:
        """In a long grace it pays for the month that has begun unpaid; the next is unpaid too."""
        member = lived(("2026-02-01", begin("patient")))

        late = member.do(PAY, "2026-04-15").result
        assert (late.fee.from_on, late.fee.until_on) == ("2026-03-01", "2026-03-31")
        assert shown(member, "2026-04-15") == ("past_due", "patient", "2026-03-31")
        member.do(PAY, "2026-04-15")
        assert shown(member, "2026-04-30") == ("active", "patient", "2026-04-30")
        assert shown(member, "2026-05-01") == ("past_due", "patient", "2026-04-30")
        assert member.verdict().holds

    @pytest.mark.parametrize(
        ("now", "state"),
        [("2026-03-31T23:59:59.999Z", "active"), ("2026-04-01T00:00:00Z", "past_due")],
    )
    def test_a_late_fee_of_a_month_that_ends(self, now: str, state: str) -> None:
        """To the last millisecond of the month that it pays for; at its end the next is unpaid."""
        member = lived(("2026-02-01", begin("patient")))
        grace = held(member, "2026-03-02")
        member.do(PAY, now)
        after = SUBSCRIPTIONS.get(member.account, "clinic")

        assert grace is not None
        assert after is not None
        assert (after.state, after.until_on) == (state, "2026-03-31")
        assert after.state_until == (None if state == "active" else grace.state_until)

    def test_so_far_ahead_and_no_further(self) -> None:
        """Fees of three years may be paid ahead; once a period is over there is room for one."""
        member = lived(("2026-03-01", begin("big")))
        for _ in range(AHEAD_MAX - 1):
            member.do(PAY, "2026-03-02")

        assert member.refused(PAY, "2026-03-31").code == "too_many_fees"
        assert member.do(PAY, "2026-04-01").result.fee.from_on == "2029-03-01"

    def test_ahead_of_another_plan(self) -> None:
        """Those of the plan that follows count as well, beside the one that runs."""
        member = lived(("2026-03-01", begin("big")), ("2026-03-02", to("small", "at_period_end")))
        for _ in range(AHEAD_MAX - 1):
            member.do(PAY, "2026-03-03")

        assert member.refused(PAY, "2026-03-03").code == "too_many_fees"


class TestChanges:
    """Another plan, at once or later; what was paid counts."""

    def test_s1_in_a_trial_that_was_paid_for(self) -> None:
        """S1: the month that was paid is taken off the year, and the rest of it is owed."""
        member = lived(("2026-03-08", begin("try")), ("2026-03-09", PAY))

        assert owed(member, to("year"), "2026-03-10") == 36_500 - 3_100
        assert shown(member, "2026-03-17") == ("trial", "year", "2027-03-17")
        assert shown(member, "2026-03-18") == ("active", "year", "2027-03-17")

    def test_in_a_trial_that_was_not(self) -> None:
        """T: nothing is owed, the trial goes on, and the fee of the new plan is the next."""
        member = lived(("2026-03-08", begin("try")))

        assert owed(member, to("year"), "2026-03-10") == 0
        fee = member.do(PAY, "2026-03-10").result.fee
        assert (fee.plan, fee.amount, fee.from_on) == ("year", 36_500, "2026-03-18")

    def test_s3_the_next_fee_is_that_of_the_plan_that_follows(self) -> None:
        """S3: paid a day early it is the fee of May, and May is the small plan."""
        member = lived(("2026-04-01", begin("big")), ("2026-04-10", to("small", "period_end")))

        fee = member.do(PAY, "2026-04-30").result.fee

        assert (fee.plan, fee.amount, fee.from_on, fee.until_on) == (
            "small",
            620,
            "2026-05-01",
            "2026-05-31",
        )
        assert shown(member, "2026-04-30T23:59:59Z") == ("active", "big", "2026-04-30")
        assert shown(member, "2026-05-01T00:00:00Z") == ("active", "small", "2026-05-31")
        assert member.tick("2026-05-01T00:00:00Z")
        assert member.enrolment.tier == "base"

    @pytest.mark.parametrize(
        ("named", "from_on"),
        [("big", None), (None, "2026-04-30"), ("small", "2026-06-01"), ("big", "2026-05-01")],
    )
    def test_s3_a_fee_that_names_another(self, named: str | None, from_on: str | None) -> None:
        """S3: a fee that names what is not due next is refused, and says what is."""
        member = lived(("2026-04-01", begin("big")), ("2026-04-10", to("small", "period_end")))

        refusal = member.refused(PayFee(plan=named, from_on=from_on, **_WHO), "2026-04-30")

        assert refusal.code == "another_fee_due"
        assert refusal.extensions == {"plan": "small", "from_on": "2026-05-01"}
        right = PayFee(plan="small", from_on="2026-05-01", **_WHO)
        ahead = member.do(right, "2026-04-30").result.subscription.ahead
        assert [each.fee for each in ahead] == [620]

    def test_in_a_trial_to_a_plan_that_follows(self) -> None:
        """What is paid for first is used first; then comes the other plan, with its grace."""
        member = lived(
            ("2026-03-08", begin("try")),
            ("2026-03-09", PAY),
            ("2026-03-10", to("year", "period_end")),
        )

        assert shown(member, "2026-03-18") == ("active", "try", "2026-04-17")
        assert shown(member, "2026-04-18") == ("past_due", "year", "2026-04-17")
        assert shown(member, "2026-05-17") == ("past_due", "year", "2026-04-17")

    def test_later_where_the_period_is_over(self) -> None:
        """A plan that is past due has no end to wait for: the other takes its place now."""
        member = lived(("2026-03-01", begin("big")), ("2026-04-02", to("small", "period_end")))

        assert shown(member, "2026-04-02") == ("past_due", "small", "2026-03-31")
        member.do(PAY, "2026-04-03")
        assert shown(member, "2026-04-03") == ("active", "small", "2026-04-30")

    def test_month_to_year_in_mid_period_and_one_fee_more(self) -> None:
        """T: the year begins today; the next fee is that of the year after."""
        member = lived(("2026-03-01", begin("big")))

        assert owed(member, to("year"), "2026-03-11") == 36_500 - 2_100
        fee = member.do(PAY, "2026-03-12").result.fee
        assert (fee.from_on, fee.until_on) == ("2027-03-11", "2028-03-10")
        assert shown(member, "2027-06-01") == ("active", "year", "2028-03-10")

    def test_to_and_fro_owes_nothing(self) -> None:
        """Up and down again on one day is as if nothing had been."""
        member = lived(("2026-03-01", begin("big")))
        there = owed(member, to("small"), "2026-03-08")

        assert there + owed(member, to("big"), "2026-03-08") == 0

    def test_a_fee_that_was_raised_since(self) -> None:
        """What is left over is a share of what was paid, not of what the plan costs now."""
        dearer = replace_fee(DOCUMENT, "small", 9_000)
        member = Member(published(("2020-01-01", DOCUMENT), ("2026-04-05", dearer)))
        member.do(begin("small"), "2026-04-01")

        assert owed(member, END_NOW, "2026-04-16") == -310


class TestEnding:
    """Cancelled, and not after all."""

    def test_s2_at_once_in_a_trial_that_was_paid_for(self) -> None:
        """S2: the month that nobody will use is left over."""
        member = lived(("2026-03-08", begin("try")), ("2026-03-09", PAY))

        assert owed(member, END_NOW, "2026-03-10") == -3_100

    def test_s2_for_the_end_in_a_trial_that_was_paid_for(self) -> None:
        """S2: the month that was paid for is used up first."""
        member = lived(("2026-03-08", begin("try")), ("2026-03-09", PAY), ("2026-03-10", END))

        assert shown(member, "2026-04-17") == ("active", "try", "2026-04-17")
        assert shown(member, "2026-04-18T00:00:00Z") is None

    def test_s4_no_change_of_a_plan_that_ends(self) -> None:
        """S4: it is refused by name; once it is resumed the change takes effect."""
        member = lived(("2026-04-01", begin("big")), ("2026-04-10", END))

        refusal = member.refused(to("small", "period_end"), "2026-04-11")
        assert refusal.code == "plan_state"
        assert refusal.message == ("The plan is cancelled. It ends on 2026-04-30: resume it first.")
        member.do(RESUME, "2026-04-11")
        member.do(to("small", "period_end"), "2026-04-11")
        assert shown(member, "2026-05-01") == ("past_due", "small", "2026-04-30")

    def test_s5_resumed_until_its_end(self) -> None:
        """S5: as long as it runs it can be resumed; then it goes on as if nothing had been."""
        member = lived(("2026-04-01", begin("big")), ("2026-04-10", END))

        member.do(RESUME, "2026-04-30T23:59:59Z")

        assert shown(member, "2026-05-01") == ("past_due", "big", "2026-04-30")
        ended = lived(("2026-04-01", begin("big")), ("2026-04-10", END))
        assert ended.refused(RESUME, "2026-05-01T00:00:00Z").code == "not_subscribed"


class TestPauses:
    """A pause brings nothing and costs nothing."""

    def test_s5_the_period_is_frozen(self) -> None:
        """S5: of 31 days 21 are left, whatever months lie between."""
        member = lived(("2026-03-01", begin("big")))
        event = member.do(PausePlan(months=2, **_WHO), "2026-03-11").events[-1]

        assert event.data == PlanPaused("clinic", "big", "2026-05-11")
        assert shown(member, "2026-05-10T23:59:59Z") == ("paused", "big", "2026-05-31")
        assert plan_of(member.seen("2026-05-10"), DOCUMENT) is None
        assert member.enrolment.tier == "base"
        member.tick("2026-05-11T00:00:00Z")
        assert shown(member, "2026-05-11") == ("active", "big", "2026-05-31")
        assert member.enrolment.tier == "gold"
        assert owed(member, END_NOW, "2026-05-11") == -2_100

    def test_s5_resumed_sooner(self) -> None:
        """S5: the days that are left begin on the day on which it runs on."""
        member = lived(("2026-03-01", begin("big")), ("2026-03-11", PausePlan(months=2, **_WHO)))

        event = member.do(RESUME, "2026-04-01").events[-1]

        assert event.data == PlanResumed("clinic", "big")
        assert shown(member, "2026-04-21") == ("active", "big", "2026-04-21")
        assert shown(member, "2026-04-22") == ("past_due", "big", "2026-04-21")
        assert member.enrolment.tier == "gold"

    def test_what_is_paid_ahead_moves_too(self) -> None:
        """A month that was paid for keeps its days; what comes next is counted from after it."""
        member = lived(
            ("2026-03-01", begin("big")),
            ("2026-03-02", PAY),
            ("2026-03-11", PausePlan(months=1, **_WHO)),
        )

        assert shown(member, "2026-04-11") == ("active", "big", "2026-05-31")
        fee = member.do(PAY, "2026-04-11").result.fee
        assert (fee.from_on, fee.until_on) == ("2026-06-01", "2026-06-30")

    def test_paused_and_resumed_on_one_day(self) -> None:
        """It is as if nothing had been."""
        member = lived(("2026-03-01", begin("big")), ("2026-03-11", PausePlan(months=2, **_WHO)))
        member.do(RESUME, "2026-03-11")

        assert shown(member, "2026-03-11") == ("active", "big", "2026-03-31")


def replace_fee(document: Programme, name: str, fee: int) -> Programme:
    """Return the programme with another fee of one plan."""
    plans = SECTION.of(document)
    plans = tuple(replace(each, fee=fee) if each.id == name else each for each in plans)
    return replace(document, plans=plans)


@pytest.mark.parametrize(
    ("plans", "parts", "pointer", "detail"),
    [
        ([plan("a", 1), plan("a", 2)], {}, "/plans/1/id", "`a` is the id of /plans/0 already"),
        (
            [plan("a", 1, tier="gold")],
            {},
            "/plans/0/tier",
            "there is none: declare them in `tiers`",
        ),
        (
            [plan("a", 1, tier="gild")],
            {"tiers": ladder(("gold", visits(9)))},
            "/plans/0/tier",
            "`gold`",
        ),
        ([plan("a", -1)], {}, "/plans/0/fee", "must be at least 0"),
        ([{**plan("a", 1), "fee": 14.99}], {}, "/plans/0/fee", "minor units: 8000 is 80.00 GBP"),
        ([plan("a", 1, "week")], {}, "/plans/0/period", "must be one of"),
        ([plan("a", 1, grace_days=181)], {}, "/plans/0/grace_days", "must be at most 180"),
        (
            [],
            {"entitlements": [{"id": "tea", "name": "Tea", "plans": ["a"]}]},
            "/entitlements/0/plans/0",
            "there is none: declare `plans`",
        ),
    ],
)
def test_violations_of_a_document(
    plans: list[dict[str, Any]], parts: dict[str, Any], pointer: str, detail: str
) -> None:
    """T: what cannot be meant is refused with its place and the way out."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        **({"plans": plans} if plans else {}),
        **parts,
    }

    found = {each.pointer: each.detail for each in validate(document).problems}

    assert detail in found[pointer]


def test_a_period_is_permanent() -> None:
    """A later version keeps every plan, by the period in which members have paid for it."""
    plans = SECTION.of(DOCUMENT)
    by_the_year = [replace(each, period="year") for each in plans]
    other = replace(plans[0], id="other", period="year")

    assert check_succession(DOCUMENT, DOCUMENT) == ()
    assert check_succession(DOCUMENT, replace(DOCUMENT, plans=(*plans, other))) == ()
    found = check_succession(DOCUMENT, replace(DOCUMENT, plans=tuple(by_the_year)))
    assert found[0].pointer == "/plans/0/period"
    assert found[0].detail.startswith("must stay month: members have paid for `big` by the month")
    assert len(found) == len(PLANS) - 1
    (gone,) = check_succession(DOCUMENT, replace(DOCUMENT, plans=(other, *plans[1:])))
    assert gone == Problem("/plans", "`big` is gone: accounts may refer to it; keep it")


_ANY: Final = st.sampled_from(
    [begin("big"), begin("try"), begin("year"), PAY, PAY, END, END_NOW, RESUME]
    + [to(name, when) for name in ("big", "small", "year") for when in ("now", "period_end")]
    + [PausePlan(months=1, **_WHO)]
)


@settings(max_examples=examples(150), derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), _ANY), max_size=25))
def test_what_was_paid_counts(steps: list[tuple[int, Command]]) -> None:
    """
    What was paid, and settled as stated, is what is left over and what days were used for.

    Whatever is done in whatever order: days cost no more than the dearest plan asks for them, and
    no command but a fee for days that have begun uses up anything.
    """
    member, today, start = Member(DOCUMENT), calendar.parse_date("2026-03-01"), "2026-03-01"
    paid = used = 0
    for days, command in steps:
        today = calendar.add_days(today, days)
        noon = at(today.isoformat())
        used = paid - _left(member, noon)
        late = held(member, today.isoformat())
        try:
            result: Subscribed = member.do(command, noon).result
        except LoyaltyError:
            continue
        paid += result.prorated + (result.fee.amount if result.fee else 0)
        if late is None or late.state != "past_due":
            assert paid - _left(member, noon) == used
        used = paid - _left(member, noon)
        # A day of February is the dearest: 3,100 for 28 of them, and a half for each rounding.
        assert used + len(steps) // 2 + 1 >= 0
        elapsed = (today - calendar.parse_date(start)).days + 1
        assert used <= elapsed * 3_100 / 28 + len(steps)
    assert member.verdict().holds


def _left(member: Member, noon: int) -> int:
    account = member.seen(noon)
    found = SUBSCRIPTIONS.get(account, "clinic")
    return 0 if found is None else sum(left for _, left in fees_left(DOCUMENT, found, noon))
