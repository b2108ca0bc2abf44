"""What a review at the end of a window keeps, takes and gives."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.ledger.events import TierReviewAnnounced
from chalicelib.domain.mechanics.tier_grants import GrantTier
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    Member,
    at,
    programme,
    published,
    visits,
)
from tests.domain.ladders import clinic, visit_times, yearly


class TestReview:
    """At the end of the year, on what that year brought."""

    NEW_YEAR = "2028-01-01T00:00:00Z"

    @pytest.mark.parametrize(
        ("downgrade", "in_2027", "tier"),
        [
            ("none", 0, "platinum"),
            ("none", 5, "platinum"),
            ("one_level", 0, "gold"),
            ("one_level", 3, "gold"),
            ("one_level", 4, "gold"),
            ("one_level", 6, "platinum"),
            ("to_earned", 0, "base"),
            ("to_earned", 1, "base"),
            ("to_earned", 2, "silver"),
            ("to_earned", 5, "gold"),
            ("to_earned", 6, "platinum"),
        ],
    )
    def test_strategies(self, downgrade: str, in_2027: int, tier: str) -> None:
        """Platinum of 2026 lasts through 2027 and is then kept or lowered."""
        member = yearly(downgrade=downgrade)
        visit_times(member, 6, "2026-03")
        visit_times(member, in_2027, "2027-03")

        assert member.seen("2027-12-31T23:59:59.999Z").enrolments["clinic"].tier == "platinum"
        assert member.seen(self.NEW_YEAR).enrolments["clinic"].tier == tier

    def test_the_year_of_the_climb_keeps_it(self) -> None:
        """What was reached in December is kept at the review that follows at once."""
        member = yearly()
        visit_times(member, 2, "2026-12")
        (event,) = member.tick("2027-01-01T00:00:00Z")

        assert event.kind == "tiers.reviewed"
        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at(self.NEW_YEAR)

    def test_one_level_a_year(self) -> None:
        """A step down each year, until the lowest, which is not reviewed."""
        member = yearly(downgrade="one_level")
        visit_times(member, 6, "2026-03")
        member.tick("2035-01-01")

        assert [(since[:10], tier) for since, tier, _ in member.steps] == [
            ("2026-03-06", "platinum"),
            ("2028-01-01", "gold"),
            ("2029-01-01", "silver"),
            ("2030-01-01", "base"),
        ]
        assert member.enrolment.review_at is None

    def test_at_local_midnight(self) -> None:
        """The year ends when it ends in the programme's zone."""
        member = yearly(zone="Asia/Tokyo")
        visit_times(member, 2, "2026-03")

        assert member.enrolment.review_at == at("2026-12-31T15:00:00Z")

    def test_between_notice_and_date(self) -> None:
        """T: the loss that was announced does not come where the tier is reached before its day."""
        member = yearly(notice_days=30)
        visit_times(member, 2, "2026-03")
        (notice,) = member.tick("2027-12-10")[-1:]
        assert notice.kind == "tier.review_announced"
        assert member.account.enrolments["clinic"].tier == "silver"

        for day in ("2027-12-20", "2027-12-21"):
            member.visit(day)
        member.tick("2028-01-02")

        assert member.account.enrolments["clinic"].tier == "silver"

    def test_the_lowest_tier_is_never_due(self) -> None:
        """Who has nothing to lose is not looked at."""
        member = yearly()
        member.visit("2026-02-01")

        assert member.enrolment.review_at is None
        assert member.tick("2030-01-01") == ()

    @pytest.mark.parametrize(
        "later",
        [programme(), clinic(("gold", visits(9)), window="lifetime")],
        ids=["none", "for life"],
    )
    def test_a_ladder_that_is_gone(self, later: Programme) -> None:
        """Where the version in force has no ladder, or one for life, nothing is lost."""
        rules = published(("2026-01-01", clinic(("gold", visits(1)))), ("2026-06-01", later))
        member = Member(rules)
        member.visit("2026-02-01")
        member.tick("2030-01-01")

        assert member.enrolment.tier == "gold"
        assert (member.enrolment.review_at, member.enrolment.in_grace) == (None, False)

    def test_a_notice_of_a_ladder_that_is_gone(self) -> None:
        """A loss that was to be announced at the review is not, where none will come."""
        short: dict[str, Any] = {
            "window": "rolling",
            "rolling_days": 30,
            "upgrade": "at_review",
            "downgrade": "one_level",
            "notice_days": 1,
        }
        levels = (("silver", visits(1)), ("gold", visits(2)))
        rules = published(
            ("2026-01-01", clinic(*levels, **short)),
            ("2026-03-20", clinic(*levels, window="lifetime")),
        )
        member = Member(rules)
        for _ in range(2):
            member.visit("2026-01-10", name=str(len(member.events)))
        member.tick("2026-03-10")
        assert member.enrolment.review_at == at("2026-04-05T00:00:00Z")
        assert "tier_reviews" in member.account.progress

        assert [event.kind for event in member.tick("2026-06-01")] == ["tiers.reviewed"]
        assert member.account.progress == {}
        assert member.enrolment.tier == "silver"

    def test_a_review_that_a_harder_ladder_keeps(self) -> None:
        """What no day gives any more is held to the review that it had, and that is announced."""
        rolling: dict[str, Any] = {"window": "rolling", "rolling_days": 30}
        rules = published(
            ("2026-01-01", clinic(("silver", visits(1)), **rolling)),
            ("2026-02-10", clinic(("silver", visits(9)), **rolling, notice_days=5)),
        )
        member = Member(rules)
        member.visit("2026-02-01")
        member.visit("2026-02-11", name="other")

        member.reverse("other", "2026-02-12")

        enrolment = member.enrolment
        assert (enrolment.tier, enrolment.in_grace) == ("silver", False)
        assert enrolment.review_at == at("2026-03-04T00:00:00Z")
        assert [
            (event.kind, format_instant(event.effective_at)) for event in member.tick("2026-03-05")
        ] == [
            ("tier.review_announced", "2026-02-27T00:00:00Z"),
            ("tiers.reviewed", "2026-03-04T00:00:00Z"),
        ]
        assert member.enrolment.tier == "base"


class TestGrace:
    """A grace postpones a loss; what comes in the meantime counts."""

    GRACE_ENDS = "2028-01-31T00:00:00Z"

    def member(self, **parts: Any) -> Member:
        """Return a member who is gold by 2026 and did nothing in 2027."""
        member = yearly(grace_days=30, **parts)
        visit_times(member, 4, "2026-03")
        member.tick("2027-12-31")
        return member

    def test_kept_to_its_end(self) -> None:
        """The tier is held to the last millisecond of the grace and lost at its end."""
        member = self.member()
        before = member.seen("2028-01-30T23:59:59.999Z").enrolments["clinic"]
        after = member.seen(self.GRACE_ENDS).enrolments["clinic"]

        assert (before.tier, before.in_grace) == ("gold", True)
        assert before.review_at == at(self.GRACE_ENDS)
        assert (after.tier, after.in_grace, after.review_at) == ("base", False, None)
        assert format_instant(after.timeline[-1].since) == self.GRACE_ENDS

    def test_one_level(self) -> None:
        """A grace before each single step."""
        member = self.member(downgrade="one_level")
        member.tick("2028-02-01")

        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at("2029-01-01T00:00:00Z")
        assert member.seen("2029-01-30").enrolments["clinic"].tier == "silver"
        assert member.seen("2029-01-31").enrolments["clinic"].tier == "base"

    def test_no_grace_where_nothing_is_lost(self) -> None:
        """With downgrade none there is nothing to postpone."""
        member = self.member(downgrade="none")
        member.tick("2028-01-01")

        assert member.enrolment.in_grace is False
        assert member.enrolment.review_at == at("2029-01-01T00:00:00Z")

    def test_requalified_within_the_grace(self) -> None:
        """What the new year has brought by the end of the grace keeps the tier."""
        member = self.member()
        visit_times(member, 4, "2028-01")
        member.tick(self.GRACE_ENDS)

        assert member.enrolment.tier == "gold"
        assert (member.enrolment.in_grace, member.enrolment.review_at) == (
            False,
            at("2029-01-01T00:00:00Z"),
        )

    def test_partly_requalified(self) -> None:
        """What the new year has brought decides how far down it goes."""
        member = self.member()
        visit_times(member, 2, "2028-01")
        member.tick(self.GRACE_ENDS)

        assert member.enrolment.tier == "silver"

    def test_climbing_ends_the_grace(self) -> None:
        """A higher tier in the new year is held to the end of it and the next review."""
        member = self.member()
        visit_times(member, 6, "2028-01")

        assert (member.enrolment.tier, member.enrolment.in_grace) == ("platinum", False)
        assert member.seen("2028-12-31").enrolments["clinic"].tier == "platinum"

    def test_a_late_activity_of_last_year(self) -> None:
        """Activities of last year that are reported in the grace count for last year."""
        member = self.member()
        for day in ("20", "21", "22", "23"):
            member.visit(f"2027-12-{day}", now="2028-01-10")
        member.tick(self.GRACE_ENDS)

        assert member.enrolment.tier == "gold"
        assert member.enrolment.review_at == at("2029-01-01T00:00:00Z")

    def test_the_two_years_are_not_added(self) -> None:
        """Two visits of last year and two of this one make no gold."""
        member = self.member()
        for day in ("20", "21"):
            member.visit(f"2027-12-{day}", now="2028-01-10")
        visit_times(member, 2, "2028-01", now="2028-01-11")
        member.tick(self.GRACE_ENDS)

        assert member.enrolment.tier == "silver"

    def test_a_late_activity_after_the_grace(self) -> None:
        """An activity of last year that comes after the loss undoes the loss."""
        late = Member(clinic(("gold", visits(1)), grace_days=10))
        late.visit("2026-03-01")
        late.tick("2028-01-12")
        assert late.enrolment.tier == "base"
        late.visit("2027-12-31", now="2028-01-12")
        assert late.enrolment.tier == "gold"


class TestNotice:
    """What a member is told some days before a tier would be lost."""

    @pytest.mark.parametrize(("times", "tier"), [(2, "silver"), (4, "gold")])
    @pytest.mark.parametrize("window", ["rolling", "calendar_month"])
    def test_a_tier_that_nothing_holds_falls_to_the_lowest(
        self, window: str, times: int, tier: str
    ) -> None:
        """Where no visit is left in the window, however high the tier was."""
        days: dict[str, Any] = {"rolling_days": 30} if window == "rolling" else {}
        levels = (("silver", visits(2)), ("gold", visits(4)))
        member = Member(clinic(*levels, window=window, notice_days=3, **days))
        visit_times(member, times, "2026-03")

        told = [event.data for event in member.tick("2026-06-01")]
        announced = [each for each in told if isinstance(each, TierReviewAnnounced)]

        assert [[(each.tier, each.falls_to) for each in data.at_risk] for data in announced] == [
            [(tier, "base")]
        ]

    def test_a_tier_that_falls_by_one(self) -> None:
        """It is told to fall to the highest that any of the days still gives."""
        levels = (("silver", visits(3)), ("gold", visits(4)))
        member = Member(clinic(*levels, window="rolling", rolling_days=30, notice_days=3))
        visit_times(member, 1, "2026-03")
        for day in ("03-01", "03-01", "03-30", "04-04", "04-05"):
            member.visit(f"2026-{day}", name=f"{day} {len(member.events)}")
        assert member.enrolment.tier == "gold"

        (announced, reviewed) = member.tick("2026-04-30")

        assert isinstance(announced.data, TierReviewAnnounced)
        (at_risk,) = announced.data.at_risk
        assert (at_risk.tier, at_risk.falls_to) == ("gold", "silver")
        assert reviewed.effective_at == at_risk.at == at("2026-04-30T00:00:00Z")
        assert member.enrolment.tier == "silver"

    @pytest.mark.parametrize("window", ["calendar_year", "anniversary", "rolling"])
    @pytest.mark.parametrize(
        ("parts", "visited", "tier"),
        [({"upgrade": "at_review"}, 1, "base"), ({"downgrade": "none"}, 2, "silver")],
    )
    def test_nothing_to_lose(
        self, parts: dict[str, str], visited: int, tier: str, window: str
    ) -> None:
        """In the lowest tier, or one that is never taken, there is nothing to be told."""
        member = yearly(window=window, notice_days=10, **parts)
        visit_times(member, visited, "2026-03")
        assert "tier_reviews" not in member.account.progress

        kinds = {event.kind for event in member.tick("2028-03-03")}

        assert member.enrolment.tier == tier
        assert kinds <= {"tiers.reviewed"}

    def test_nothing_to_lose_any_more(self) -> None:
        """Where the tier is taken back before, nothing is announced."""
        member = yearly(notice_days=10)
        visit_times(member, 2, "2026-03")
        assert "tier_reviews" in member.account.progress
        member.reverse("1", "2026-03-05")

        assert member.enrolment.tier == "base"
        assert "tier_reviews" not in member.account.progress
        assert member.tick("2028-01-02") == ()

    @pytest.mark.parametrize(
        ("notice_days", "announced"), [(30, ["2026-03-02T00:00:00Z"]), (31, []), (32, [])]
    )
    def test_a_notice_that_would_be_at_once(self, notice_days: int, announced: list[str]) -> None:
        """A loss is announced later than what the tier was reached by, or not at all."""
        levels = ("silver", visits(1))
        rolling: dict[str, Any] = {"window": "rolling", "rolling_days": 30}
        member = Member(clinic(levels, notice_days=notice_days, **rolling))
        member.visit("2026-03-01T00:00:00Z")

        told = member.tick("2026-06-01")

        assert [
            format_instant(event.effective_at)
            for event in told
            if event.kind == "tier.review_announced"
        ] == announced
        assert told[-1].kind == "tiers.reviewed"


class TestAtReview:
    """A ladder on which nobody climbs before the window is over."""

    def test_up_and_down(self) -> None:
        """Two visits in 2026 are silver from 1 January 2027 on; none in 2027 end it."""
        member = yearly(upgrade="at_review")
        visit_times(member, 2, "2026-03")
        assert member.enrolment.tier == "base"

        member.tick("2027-01-01")
        assert member.enrolment.tier == "silver"
        member.tick("2028-01-01")
        assert member.enrolment.tier == "base"

    @pytest.mark.parametrize("window", ["calendar_year", "anniversary"])
    def test_told_after_the_review(self, window: str) -> None:
        """A late visit of the year that is over raises from the review on, and not before."""
        member = yearly(upgrade="at_review", window=window)
        member.visit("2026-03-01")
        member.visit("2026-12-28", now="2027-01-10")

        began = {"calendar_year": "2027-01-01", "anniversary": "2027-01-05"}[window]
        assert member.steps[1:] == [(f"{began}T00:00:00Z", "silver", "reached")]

    @pytest.mark.parametrize(
        ("window", "last", "review"),
        [
            ("calendar_year", "2026-12-31", "2027-01-01"),
            ("anniversary", "2027-01-04", "2027-01-05"),
        ],
    )
    def test_the_last_day_is_not_over(self, window: str, last: str, review: str) -> None:
        """What is reached on it is given by the review that follows, and not before."""
        member = yearly(upgrade="at_review", window=window)
        member.visit("2026-03-01")
        member.visit(last)
        assert len(member.steps) == 1

        member.tick(review)
        assert member.steps[1:] == [(f"{review}T00:00:00Z", "silver", "reviewed")]

    def test_up_beneath_an_override(self) -> None:
        """What a review gives beneath a tier that was granted is there when that is over."""
        member = yearly(upgrade="at_review")
        visit_times(member, 2, "2026-03")
        gold = GrantTier(member="mem_1", programme="clinic", tier="gold", reason="r", days=10)
        member.do(gold, "2026-12-30")
        member.tick("2027-01-01")
        assert member.enrolment.tier == "gold"

        member.tick("2027-01-10")

        assert member.enrolment.tier == "silver"
