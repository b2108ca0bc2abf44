"""In which days metrics count, and which metrics there are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.building import (
    Member,
    at,
    visits,
)
from tests.domain.ladders import clinic, visit_times

ROLLING = {"window": "rolling", "rolling_days": 30, "downgrade": "to_earned"}


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

    def test_reviewed_after_its_days(self) -> None:
        """A tier holds for 30 days after the day on which it was reached; then they count."""
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

        # From 22 March to 20 April there was one visit.
        assert member.enrolment.tier == "base"
        assert member.enrolment.review_at is None

    def test_confirmed(self) -> None:
        """A review that finds it reached again confirms it for another 30 days."""
        member = member_for_30_days()
        visit_times(member, 2, "2026-03")
        member.visit("2026-03-25")
        member.visit("2026-04-01")

        member.tick("2026-04-02")

        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at("2026-05-03T00:00:00Z")

    def test_a_late_activity_counts_with_later_ones(self) -> None:
        """What is late joins what came after it: the tier is reached when it becomes known."""
        member = member_for_30_days()
        member.visit("2026-03-20")
        member.tick("2026-03-25")

        member.visit("2026-03-10", now="2026-03-25")

        assert member.enrolment.tier == "silver"
        assert member.enrolment.timeline[-1].since == at("2026-03-25")

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
