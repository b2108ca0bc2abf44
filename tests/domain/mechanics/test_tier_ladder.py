"""In which days metrics count, and which metrics there are."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Enrolment, TierStep
from chalicelib.domain.mechanics.tier_ladder import already_held, rank_before
from tests.domain.building import (
    Member,
    at,
    fixed,
    ladder,
    programme,
    rule,
    visits,
)
from tests.domain.ladders import clinic, visit_times

ROLLING: dict[str, Any] = {"window": "rolling", "rolling_days": 30, "downgrade": "to_earned"}


def member_for_30_days(**parts: Any) -> Member:
    """Return a member of a ladder by visits in 30 days: 2 silver, 4 gold."""
    return Member(clinic(("silver", visits(2)), ("gold", visits(4)), **{**ROLLING, **parts}))


class TestRolling:
    """The last 30 days, today among them."""

    @pytest.mark.parametrize(("second", "tier"), [("2026-03-31", "silver"), ("2026-04-01", "base")])
    def test_edge(self, second: str, tier: str) -> None:
        """1 March counts on the 31st, which is the 30th day after it began, and not on 1 April."""
        member = member_for_30_days()
        member.visit("2026-03-02")
        member.visit(second)
        assert member.enrolment.tier == tier

    def test_held_after_the_last_day_that_reached_it(self) -> None:
        """A tier holds for 30 days after the last day of activity whose window reached it."""
        member = member_for_30_days()
        visit_times(member, 2, "2026-03")
        assert member.enrolment.review_at == at("2026-04-02T00:00:00Z")
        member.visit("2026-03-20")
        member.visit("2026-03-21")
        assert (member.enrolment.tier, member.enrolment.review_at) == (
            "gold",
            at("2026-04-21T00:00:00Z"),
        )
        member.visit("2026-04-10")

        member.tick("2026-04-21")

        # From 12 March to 10 April there were three visits: silver, and gold no more.
        assert (member.enrolment.tier, member.enrolment.review_at) == (
            "silver",
            at("2026-05-11T00:00:00Z"),
        )
        member.tick("2026-05-11")
        assert member.steps[-2:] == [
            ("2026-04-21T00:00:00Z", "silver", "reviewed"),
            ("2026-05-11T00:00:00Z", "base", "reviewed"),
        ]
        assert member.enrolment.review_at is None

    def test_confirmed(self) -> None:
        """An activity that reaches it again confirms it for 30 days more."""
        member = member_for_30_days()
        visit_times(member, 2, "2026-03")
        member.visit("2026-03-25")
        member.visit("2026-04-01")

        member.tick("2026-04-02")

        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at("2026-05-02T00:00:00Z")

    @pytest.mark.parametrize("grace", [0, 5])
    def test_o3_a_late_activity_counts_from_its_own_day(self, grace: int) -> None:
        """1 and 5 January are silver through 4 February, though the 5th is told on 20 February."""
        document = replace(
            clinic(("silver", visits(2)), **ROLLING, grace_days=grace), backdate_limit_days=365
        )
        told, late = (Member(document, joined="2025-12-01") for _ in range(2))
        told.visit("2026-01-01")
        told.visit("2026-01-05")
        told.tick("2026-02-20")
        late.visit("2026-01-01")
        late.visit("2026-01-05", now="2026-02-20")

        lost_on = f"2026-02-{5 + grace:02d}T00:00:00Z"
        assert late.steps == told.steps
        assert late.steps[1:] == [
            ("2026-01-05T12:00:00Z", "silver", "reached"),
            (lost_on, "base", "reviewed"),
        ]
        assert (late.enrolment.tier, late.enrolment.review_at) == ("base", None)
        assert late.verdict().holds

    def test_o3_told_while_it_holds(self) -> None:
        """Told on 20 January, the tier lasts as long as if it had been told in time."""
        member = Member(clinic(("silver", visits(2)), **ROLLING), joined="2025-12-01")
        member.visit("2026-01-01")
        member.visit("2026-01-05", now="2026-01-20")

        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at("2026-02-05T00:00:00Z")
        assert member.seen("2026-02-05").enrolments["clinic"].tier == "base"

    def test_o3_told_in_the_grace(self) -> None:
        """What the review did not know ends the grace: the tier was held without one."""
        member = Member(clinic(("silver", visits(2)), **ROLLING, grace_days=20))
        member.visit("2026-02-01")
        member.visit("2026-02-02")
        member.tick("2026-03-10")
        assert member.enrolment.in_grace

        member.visit("2026-02-20", now="2026-03-10")

        assert (member.enrolment.tier, member.enrolment.in_grace) == ("silver", False)
        assert member.enrolment.review_at == at("2026-03-23T00:00:00Z")

    def test_o3_a_late_activity_counts_with_later_ones(self) -> None:
        """What is late joins what came after it: the tier is held from the day that they reach."""
        member = member_for_30_days()
        member.visit("2026-03-20")
        member.tick("2026-03-25")

        member.visit("2026-03-10", now="2026-03-25")

        assert member.steps[-1] == ("2026-03-20T00:00:00Z", "silver", "reached")
        assert member.enrolment.review_at == at("2026-04-20T00:00:00Z")

    @pytest.mark.parametrize(
        ("late", "tier"),
        [("2026-03-11", "base"), ("2026-03-12", "silver"), ("2026-03-31", "silver")],
    )
    def test_o3_it_counts_with_those_of_the_next_month(self, late: str, tier: str) -> None:
        """Its windows are those of the 30 days from its own on, wherever a month ends."""
        ladder = clinic(("silver", visits(2)), **ROLLING)
        member = Member(replace(ladder, backdate_limit_days=60))
        member.visit("2026-04-10")
        member.visit(late, now="2026-04-11")

        reached = [("2026-04-10T00:00:00Z", "silver", "reached")] if tier == "silver" else []
        assert member.steps[1:] == reached
        assert member.enrolment.tier == tier

    @pytest.mark.parametrize("now", ["2026-03-26", "2026-04-30"])
    def test_o3_from_the_first_of_the_days_that_it_brings(self, now: str) -> None:
        """Held from the first day that the late one brings, and by the last of them."""
        spent = {"all": [{"metric": "spend", "at_least": 100}]}
        document = replace(clinic(("silver", spent), **ROLLING), backdate_limit_days=60)
        member = Member(document)
        member.buy(60, "2026-03-20")
        member.buy(20, "2026-03-25")

        member.buy(40, "2026-03-10", now=now)
        member.tick("2026-04-30")

        assert member.steps[1:] == [
            ("2026-03-20T00:00:00Z", "silver", "reached"),
            ("2026-04-25T00:00:00Z", "base", "reviewed"),
        ]

    def test_o3_between_what_is_known(self) -> None:
        """Neither on its own day nor today is the tier reached, but between them it was."""
        member = member_for_30_days()
        member.visit("2026-02-10")
        member.tick("2026-03-20")

        member.visit("2026-02-20", now="2026-03-20")

        assert member.enrolment.tier == "silver"
        assert member.steps[-1] == ("2026-02-20T12:00:00Z", "silver", "reached")

    def test_one_level_at_a_time(self) -> None:
        """Each step down after 30 days more, told in time or late."""
        parts = {**ROLLING, "downgrade": "one_level"}
        levels = (("silver", visits(2)), ("gold", visits(3)))
        document = replace(clinic(*levels, **parts), backdate_limit_days=365)
        told, late = (Member(document) for _ in range(2))
        visit_times(told, 3, "2026-02")
        visit_times(late, 2, "2026-02")
        told.tick("2026-05-20")
        late.visit("2026-02-03", now="2026-05-20")

        assert [(since[:10], tier) for since, tier, _ in told.steps[1:]] == [
            ("2026-02-02", "silver"),
            ("2026-02-03", "gold"),
            ("2026-03-06", "silver"),
            ("2026-04-06", "base"),
        ]
        assert late.steps == told.steps

    def test_reached_again_after_a_step_down(self) -> None:
        """It lasts by the later of the two, the step or the day that has reached it since."""
        member = member_for_30_days(downgrade="one_level")
        visit_times(member, 4, "2026-02")
        member.tick("2026-03-07")
        assert (member.enrolment.tier, member.enrolment.review_at) == (
            "silver",
            at("2026-04-07T00:00:00Z"),
        )
        member.visit("2026-03-20")
        member.visit("2026-03-21")

        member.tick("2026-04-07")

        assert (member.enrolment.tier, member.enrolment.in_grace) == ("silver", False)
        assert member.enrolment.review_at == at("2026-04-21T00:00:00Z")

    def test_never_down(self) -> None:
        """With downgrade none a late activity raises for good."""
        document = clinic(("silver", visits(2)), **{**ROLLING, "downgrade": "none"})
        member = Member(replace(document, backdate_limit_days=365))
        member.visit("2026-02-01")
        member.visit("2026-02-03", now="2026-09-20")

        assert member.enrolment.tier == "silver"
        assert member.seen("2030-01-01").enrolments["clinic"].tier == "silver"

    @pytest.mark.parametrize(
        ("refunded", "tier", "review"),
        [("2026-04-10", "silver", at("2026-04-20T00:00:00Z")), ("2026-04-25", "base", None)],
    )
    def test_a_refund_brings_the_loss_forward(
        self, refunded: str, tier: str, review: int | None
    ) -> None:
        """Without the visit that confirmed it, a tier is lost when the one before would lose it."""
        member = member_for_30_days()
        visit_times(member, 2, "2026-03")
        member.visit("2026-03-20")
        member.visit("2026-03-31", name="confirms")
        member.tick("2026-04-02")
        assert member.enrolment.review_at == at("2026-05-01T00:00:00Z")
        member.reverse("confirms", refunded)

        assert (member.enrolment.tier, member.enrolment.review_at) == (tier, review)

    def test_reversed(self) -> None:
        """A visit that is taken back takes the tier with it, unless later ones carry it."""
        member = member_for_30_days()
        member.visit("2026-03-01", name="one")
        member.visit("2026-03-02", name="two")
        member.reverse("two", "2026-03-03")
        assert member.enrolment.tier == "base"

        member.visit("2026-03-04")
        member.visit("2026-03-05")
        member.reverse("one", "2026-03-06")
        assert member.enrolment.tier == "silver"

    def test_reversed_where_it_falls_one_level(self) -> None:
        """What was held before the days that count is one level lower by now, as in time."""
        member = member_for_30_days(downgrade="one_level")
        visit_times(member, 4, "2026-02")
        member.visit("2026-02-20", name="confirms")
        member.tick("2026-03-10")
        assert member.enrolment.tier == "gold"

        member.reverse("confirms", "2026-03-10")

        assert member.enrolment.tier == "silver"

    @pytest.mark.parametrize(
        ("window", "last"), [("rolling", "2026-02-03"), ("calendar_month", "2026-01-31")]
    )
    def test_told_late_where_it_waits_for_the_review(self, window: str, last: str) -> None:
        """A visit of the last day of a term counts in it, whenever it is told."""
        told, late = (member_for_30_days(window=window, upgrade="at_review") for _ in range(2))
        for member, now in ((told, last), (late, "2026-02-10")):
            member.visit("2026-01-20")
            member.visit(last, now=f"{now}T13:00:00Z")
            member.tick("2026-02-10")

        after = calendar.format_instant(at(f"{last}T00:00:00Z") + 86_400_000)
        assert [step[:2] for step in told.steps[1:]] == [(after, "silver")]
        assert [step[:2] for step in late.steps] == [step[:2] for step in told.steps]
        assert late.enrolment.review_at == told.enrolment.review_at


class TestAnniversary:
    """A year from the day of joining."""

    def test_the_year_of_membership(self) -> None:
        """Joined on 5 January: a visit on the 4th is of the year before."""
        member = Member(clinic(("silver", visits(2)), window="anniversary"))
        member.visit("2026-12-31")
        member.visit("2027-01-05")
        assert member.enrolment.tier == "base"
        member.visit("2027-01-06")
        assert member.enrolment.review_at == at("2028-01-05T00:00:00Z")
        member.visit("2028-01-04")

        member.tick("2028-01-05")
        assert member.enrolment.tier == "silver"
        member.tick("2029-01-05")
        assert member.enrolment.tier == "base"

    def test_joined_on_a_leap_day(self) -> None:
        """The year of who joined on 29 February ends with 27 February, but before leap days."""
        member = Member(clinic(("silver", visits(2)), window="anniversary"), joined="2028-02-29")
        member.visit("2028-03-01")
        member.visit("2028-03-02")
        assert member.enrolment.review_at == at("2029-02-28T00:00:00Z")


class TestOtherMetrics:
    """Referrals and named events."""

    @pytest.mark.parametrize(
        ("threshold", "kind"),
        [
            ({"metric": "referrals"}, "referral.qualified"),
            ({"metric": "events", "on": "goal.met"}, "goal.met"),
        ],
    )
    def test_counted(self, threshold: dict[str, Any], kind: str) -> None:
        """Two activities of the kind reach it, others do not, and one taken back is not counted."""
        member = Member(clinic(("silver", {"all": [{**threshold, "at_least": 2}]})))
        member.visit("2026-02-01")
        member.record(kind, "2026-02-02", name="first")
        member.record(kind, "2026-02-03", name="second")
        assert member.enrolment.tier == "silver"
        member.reverse("first", "2026-02-04")
        assert member.enrolment.tier == "base"


@pytest.mark.parametrize(
    ("start", "rank"),
    [(9, 0), (10, 0), (19, 0), (20, 0), (21, 1), (30, 2), (31, 2), (40, 1), (99, 1)],
)
def test_what_a_day_began_with(start: int, rank: int) -> None:
    """What was held then, and not what was reached at that instant; at first the lowest."""
    steps = ((10, "base", "enrolled"), (20, "silver", "reached"), (30, "gold", "manual"))
    timeline = (*(TierStep(*step) for step in steps), TierStep(40, "silver", "reviewed"))
    enrolment = Enrolment(10, "1970-01-01", "silver", timeline)
    ladder = clinic(("silver", visits(2)), ("gold", visits(4)))

    assert rank_before(ladder, enrolment, start) == rank


@pytest.mark.parametrize(("tier", "held"), [("base", True), ("silver", True), ("gold", False)])
def test_a_tier_that_brings_nothing(tier: str, *, held: bool) -> None:
    """One that is held, or is lower, is told as such; a higher one is not."""
    document = programme(
        rule("visit", fixed(1)), tiers=ladder(("silver", visits(1)), ("gold", visits(9)))
    )
    member = Member(document)
    member.visit("2026-02-01")

    found = [each.code for each in already_held(member.account, document, tier)]

    assert found == (["tier_held"] if held else [])
