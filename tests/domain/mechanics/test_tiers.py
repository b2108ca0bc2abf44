"""How a member climbs, keeps and loses tiers, at which instant, and what it says of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import format_instant
from chalicelib.domain.mechanics import tiers
from chalicelib.domain.mechanics.reversal import LineReversal
from chalicelib.domain.mechanics.tiers import LevelProgress, MetricProgress, Progress
from chalicelib.domain.programme import Programme
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    at,
    fixed,
    ladder,
    line,
    per_amount,
    points,
    programme,
    published,
    rule,
    visits,
)

SPEND = {"metric": "spend", "at_least": 50_000}
VISITS = {"metric": "visits", "at_least": 2}
EARNED = {"metric": "points_earned", "at_least": 300, "currency": "points"}


def clinic(*levels: tuple[str, dict[str, Any]], zone: str = "UTC", **parts: Any) -> Programme:
    """Return a programme with a ladder; visits earn 50 and purchases a point a pound."""
    return programme(
        rule("visit", fixed(50)),
        rule("spend", per_amount(1, 100), on=PURCHASE),
        tiers=ladder(*levels, **parts),
        time_zone=zone,
    )


def yearly(**parts: Any) -> Member:
    """Return a member of a ladder by visits a year: 2 silver, 4 gold, 6 platinum."""
    levels = (("silver", visits(2)), ("gold", visits(4)), ("platinum", visits(6)))
    return Member(clinic(*levels, **parts))


def visit_times(member: Member, count: int, month: str, **parts: Any) -> None:
    """Record visits on the first days of a month."""
    for day in range(1, count + 1):
        member.visit(f"{month}-{day:02d}", **parts)


class TestClimbing:
    """The moment that the metrics of the window reach a threshold."""

    @pytest.mark.parametrize(
        ("qualify", "bought", "visited", "tier"),
        [
            ({"any": [SPEND, VISITS]}, 49_999, 1, "base"),
            ({"any": [SPEND, VISITS]}, 50_000, 0, "gold"),
            ({"any": [SPEND, VISITS]}, 100, 2, "gold"),
            ({"all": [SPEND, VISITS]}, 50_000, 1, "base"),
            ({"all": [SPEND, VISITS]}, 49_999, 2, "base"),
            ({"all": [SPEND, VISITS]}, 50_000, 2, "gold"),
            ({"all": [EARNED]}, 24_900, 1, "base"),  # 249 + 50
            ({"all": [EARNED]}, 25_000, 1, "gold"),
            ({"any": [SPEND, VISITS, EARNED]}, 25_000, 1, "gold"),
        ],
    )
    def test_all_and_any(
        self, qualify: dict[str, Any], bought: int, visited: int, tier: str
    ) -> None:
        """Each metric counts exactly, alone and with others."""
        member = Member(clinic(("gold", qualify)))
        member.buy(bought, "2026-02-01")
        visit_times(member, visited, "2026-02")

        assert member.enrolment.tier == tier

    def test_at_once_from_the_fact(self) -> None:
        """The tier is held from the instant of the fact that brought it."""
        member = yearly()
        member.visit("2026-02-01")
        recorded = member.visit("2026-02-02T08:30:00Z", now="2026-02-02T09:00:00Z")

        assert recorded.tier_changes == (
            tiers.TierMoved("clinic", "base", "silver", at("2026-02-02T08:30:00Z")),
        )
        assert member.steps == [
            ("2026-01-05T12:00:00Z", "base", "enrolled"),
            ("2026-02-02T08:30:00Z", "silver", "reached"),
        ]
        assert member.enrolment.review_at == at("2027-01-01T00:00:00Z")

    def test_two_levels_at_once(self) -> None:
        """A fact that reaches two thresholds brings the higher."""
        member = Member(
            clinic(
                ("silver", {"all": [{"metric": "spend", "at_least": 100}]}),
                ("gold", {"all": [{"metric": "spend", "at_least": 1_000}]}),
            )
        )
        member.buy(5_000, "2026-02-01")

        assert [tier for _, tier, _ in member.steps] == ["base", "gold"]

    def test_another_year_begins_at_zero(self) -> None:
        """What was done before the local new year does not count in it."""
        member = yearly(zone="Asia/Tokyo")
        member.visit("2026-12-31T14:59:59.999Z")
        member.visit("2026-12-31T15:00:00Z")

        assert member.enrolment.tier == "base"

        member.visit("2027-12-31T14:59:59.999Z")
        assert member.enrolment.tier == "silver"

    def test_lifetime(self) -> None:
        """A lifetime ladder counts all years and is never reviewed."""
        member = yearly(window="lifetime")
        for year in (2026, 2028, 2031, 2040):
            member.visit(f"{year}-02-01")

        assert [tier for _, tier, _ in member.steps] == ["silver", "gold"]
        assert member.enrolment.review_at is None
        assert member.tick("2090-01-01") == ()
        assert member.enrolment.tier == "gold"

    def test_without_a_ladder(self) -> None:
        """Everyone is a plain member, for ever."""
        member = Member(programme(rule("visit", fixed(5))))
        member.visit("2026-02-01")

        assert member.enrolment.tier == "member"
        assert member.enrolment.review_at is None

    def test_metrics_are_those_of_the_programme(self) -> None:
        """Each programme has its own ladder and metrics."""
        spa = programme(
            id="spa", tiers=ladder(("regular", {"all": [SPEND]})), metrics={"visits_on": []}
        )
        member = Member(clinic(("gold", visits(2))), spa)
        visit_times(member, 2, "2026-02")

        assert {p: e.tier for p, e in member.account.enrolments.items()} == {
            "clinic": "gold",
            "spa": "base",
        }


class TestLateFacts:
    """A late fact raises from its day and re-prices nothing."""

    def test_raises_from_its_day(self) -> None:
        """The tier is held since the fact, though it was reported later."""
        member = yearly()
        member.visit("2026-02-01")
        recorded = member.visit("2026-02-10", now="2026-02-20")

        assert member.steps[-1] == ("2026-02-10T12:00:00Z", "silver", "reached")
        assert recorded.tier_changes[0].since == at("2026-02-10")

    @pytest.mark.parametrize("kind", [VISIT, PURCHASE])
    def test_that_cross_no_threshold(self, kind: str) -> None:
        """A late fact that brings no threshold leaves the climb where others brought it."""
        member = yearly()
        visit_times(member, 3, "2026-02")
        member.visit("2026-03-10")
        before = member.steps
        recorded = member.record(kind, "2026-02-20", now="2026-03-15")

        assert member.steps == before
        assert recorded.tier_changes == ()

    def test_raises_the_days_before_a_later_climb(self) -> None:
        """The fact that crosses a threshold is held to it, though others came after it."""
        member = yearly()
        member.visit("2026-02-01")
        member.visit("2026-03-10")
        member.visit("2026-03-11")
        member.visit("2026-02-20", now="2026-03-15")

        assert member.steps == [
            ("2026-01-05T12:00:00Z", "base", "enrolled"),
            ("2026-02-20T12:00:00Z", "gold", "reached"),
        ]

    def test_keeps_a_higher_later_step(self) -> None:
        """A late fact of the year before does not undo what this year reached."""
        member = yearly(downgrade="to_earned")
        member.visit("2026-12-20")
        visit_times(member, 4, "2027-01")
        recorded = member.visit("2026-12-28", now="2027-01-10")

        assert member.steps == [
            ("2026-01-05T12:00:00Z", "base", "enrolled"),
            ("2026-12-28T12:00:00Z", "silver", "reached"),
            ("2027-01-04T12:00:00Z", "gold", "reached"),
        ]
        assert recorded.tier_changes == ()

    def test_after_the_review(self) -> None:
        """A late fact of last year counts for last year: the tier lasts through this one."""
        member = yearly()
        member.visit("2026-12-20")
        member.visit("2026-12-28", now="2027-01-10")

        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at("2028-01-01T00:00:00Z")

    def test_gives_back_what_a_review_took(self) -> None:
        """Had the fact been known at the review, the tier had been kept: so it is."""
        member = yearly()
        visit_times(member, 4, "2026-03")
        member.tick("2027-06-01")  # kept through 2027
        member.visit("2027-12-01")
        member.tick("2028-01-02")
        assert member.enrolment.tier == "base"

        member.visit("2027-12-10", now="2028-01-03")
        assert member.steps[-1] == ("2028-01-01T00:00:00Z", "silver", "reviewed")
        for day in ("20", "21"):
            member.visit(f"2027-12-{day}", now="2028-01-04")
        assert member.steps == [
            ("2026-01-05T12:00:00Z", "base", "enrolled"),
            ("2026-03-02T12:00:00Z", "silver", "reached"),
            ("2026-03-04T12:00:00Z", "gold", "reached"),
        ]
        assert member.enrolment.review_at == at("2029-01-01T00:00:00Z")

    def test_gives_back_what_a_reversal_took(self) -> None:
        """The metrics reach the threshold again, if by a fact from before the reversal."""
        member = yearly()
        member.visit("2026-02-01")
        member.visit("2026-02-10", name="gone")
        member.reverse("gone", "2026-02-20")
        assert member.enrolment.tier == "base"
        recorded = member.visit("2026-02-15", now="2026-02-25")

        assert member.enrolment.tier == "silver"
        assert recorded.tier_changes == (
            tiers.TierMoved("clinic", "base", "silver", at("2026-02-10")),
        )

    def test_does_not_carry_a_higher_tier_over_its_loss(self) -> None:
        """What was higher and lost since falls to what the late fact supports, not back up."""
        member = yearly()
        visit_times(member, 3, "2026-02")
        for day in ("11", "12", "13"):
            member.visit(f"2026-02-{day}", name=day)
        for day in ("11", "12", "13"):
            member.reverse(day, f"2026-02-2{day[1]}")
        assert member.enrolment.tier == "silver"

        member.visit("2026-02-09", now="2026-02-25")
        assert member.enrolment.tier == "gold"
        assert [(since[:10], tier) for since, tier, _ in member.steps] == [
            ("2026-01-05", "base"),
            ("2026-02-02", "silver"),
            ("2026-02-09", "gold"),
            ("2026-02-13", "platinum"),
            ("2026-02-21", "gold"),
        ]

    def test_on_the_day_of_joining(self) -> None:
        """A fact earlier on the day of joining counts; the tier is held from joining on."""
        member = Member(clinic(("gold", visits(1))), joined="2026-02-01T12:00:00Z")
        member.visit("2026-02-01T09:00:00Z", now="2026-02-01T13:00:00Z")

        assert member.steps == [
            ("2026-02-01T12:00:00Z", "base", "enrolled"),
            ("2026-02-01T12:00:00Z", "gold", "reached"),
        ]
        assert member.enrolment.tier_at(at("2026-02-01T12:00:00Z")) == "gold"
        assert member.enrolment.tier_at(at("2026-02-01T09:30:00Z")) == "base"


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
        (entry,) = member.tick("2027-01-01T00:00:00Z")

        assert entry.kind == "tiers.reviewed"
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
        assert member.enrolment.review_at is None


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

    def test_a_late_fact_of_last_year(self) -> None:
        """Facts of last year that are reported in the grace count for last year."""
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

    def test_a_late_fact_after_the_grace(self) -> None:
        """A fact of last year that comes after the loss undoes the loss."""
        late = Member(clinic(("gold", visits(1)), grace_days=10))
        late.visit("2026-03-01")
        late.tick("2028-01-12")
        assert late.enrolment.tier == "base"
        late.visit("2027-12-31", now="2028-01-12")
        assert late.enrolment.tier == "gold"


class TestReversal:
    """A reversal takes a tier back in the window in which it was reached."""

    def test_in_its_window(self) -> None:
        """The tier goes with the fact that carried it, from the reversal on."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        result = member.reverse("2", "2026-03-01")

        assert result.tier_changes == (
            tiers.TierMoved("clinic", "silver", "base", at("2026-03-01")),
        )
        assert member.steps[-2:] == [
            ("2026-02-02T12:00:00Z", "silver", "reached"),
            ("2026-03-01T12:00:00Z", "base", "reversed"),
        ]
        assert member.enrolment.review_at is None

    def test_down_to_what_is_left(self) -> None:
        """Only as far as the remaining metrics ask for."""
        member = yearly()
        visit_times(member, 6, "2026-02")
        member.reverse("6", "2026-03-01")
        assert member.enrolment.tier == "gold"
        member.reverse("5", "2026-03-02")
        assert member.enrolment.tier == "gold"
        member.reverse("4", "2026-03-03")
        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at("2027-01-01T00:00:00Z")

    def test_not_below_what_the_year_began_with(self) -> None:
        """What last year brought is not touched by a reversal of this one."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        visit_times(member, 4, "2027-02")
        member.reverse("6", "2027-03-01")

        assert member.enrolment.tier == "silver"

    def test_reached_on_new_years_day(self) -> None:
        """What the year began with is what was held at its first instant, not on its first day."""
        member = yearly()
        for hour in ("09", "10"):
            member.visit(f"2027-01-01T{hour}:00:00Z", name=hour)
        assert member.enrolment.tier == "silver"
        member.reverse("10", "2027-03-01")

        assert member.enrolment.tier == "base"

    def test_facts_of_a_window_that_is_over(self) -> None:
        """What was reviewed since stands until the next review."""
        member = yearly()
        visit_times(member, 2, "2026-12")
        result = member.reverse("2", "2027-01-10")

        assert result.tier_changes == ()
        assert member.enrolment.tier == "silver"
        assert member.seen("2027-12-31").enrolments["clinic"].tier == "silver"
        assert member.seen("2028-01-01").enrolments["clinic"].tier == "base"

    def test_lifetime(self) -> None:
        """A lifetime tier is taken back whenever its metrics no longer carry it."""
        member = yearly(window="lifetime")
        visit_times(member, 2, "2026-02")
        member.reverse("2", "2030-01-01")

        assert member.enrolment.tier == "base"

    def test_by_line(self) -> None:
        """Spend that comes back no longer qualifies."""
        member = Member(clinic(("gold", {"all": [SPEND]})))
        member.basket("2026-02-01", line("a", 30_000), line("b", 20_000), name="big")
        assert member.enrolment.tier == "gold"
        member.reverse("big", "2026-02-02", LineReversal("b", amount=1))

        assert member.enrolment.tier == "base"
        assert member.account.metrics["clinic/spend"]["2026-02"] == 49_999

    def test_facts_in_between_keep_their_rate(self) -> None:
        """What was earned at the higher tier stays; late facts of those days earn so too."""
        document = programme(
            rule("spend", per_amount(1, 100), on=PURCHASE, tier_percent={"gold": 200}),
            tiers=ladder(("gold", visits(1))),
        )
        member = Member(document)
        member.visit("2026-02-01", name="up")
        member.buy(1_000, "2026-02-05")
        member.reverse("up", "2026-02-10")
        member.buy(1_000, "2026-02-06", now="2026-02-11")
        member.buy(1_000, "2026-02-11")

        assert [lot.amount for lot in member.balance.lots] == [20 + 20 + 10]

    def test_a_tier_by_the_ladder_of_today(self) -> None:
        """Where the ladder has become easier, a reversal of an old fact asks the new one."""
        rules = published(
            ("2026-01-01", clinic(("gold", visits(4)))),
            ("2026-06-01", clinic(("gold", visits(2)))),
        )
        member = Member(rules)
        visit_times(member, 2, "2026-05")
        member.visit("2026-06-02")
        assert member.enrolment.tier == "gold"
        member.reverse("1", "2026-06-03")
        assert member.enrolment.tier == "gold"
        member.reverse("2", "2026-06-04")
        assert member.enrolment.tier == "base"

    def test_a_tier_from_an_easier_ladder(self) -> None:
        """Where the ladder has become steeper, a tier stands until its review."""
        rules = published(
            ("2026-01-01", clinic(("gold", visits(2)))),
            ("2026-06-01", clinic(("gold", visits(9)))),
        )
        member = Member(rules)
        visit_times(member, 2, "2026-05")
        member.buy(100, "2026-06-02", name="unrelated")
        member.reverse("unrelated", "2026-06-03")

        assert member.enrolment.tier == "gold"
        assert member.seen("2027-01-01").enrolments["clinic"].tier == "base"


class TestTimeline:
    """Who held which tier when."""

    @pytest.mark.parametrize(
        ("instant", "tier"),
        [
            ("2020-01-01", "base"),
            ("2026-01-05", "base"),
            ("2026-02-02T11:59:59.999Z", "base"),
            ("2026-02-02T12:00:00Z", "silver"),
            ("2026-02-04T12:00:00Z", "gold"),
            ("2030-01-01", "gold"),
        ],
    )
    def test_tier_at(self, instant: str, tier: str) -> None:
        """A step holds from its instant on; before joining, what joining gave."""
        member = yearly()
        visit_times(member, 4, "2026-02")

        assert member.enrolment.tier_at(at(instant)) == tier

    def test_only_what_late_facts_can_meet_is_kept(self) -> None:
        """Steps older than 800 days go, but for the one that was in force then."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        member.visit("2028-04-11T11:59:59.999Z")
        assert member.steps[0][1] == "base"
        member.visit("2028-04-12T12:00:00Z")

        assert member.steps[0] == ("2026-02-02T12:00:00Z", "silver", "reached")


def standing(member: Member, now: str) -> Progress:
    """Return the progress in the clinic's ladder."""
    document = member.programmes.in_force("clinic", at(now))
    assert document is not None
    account: Account = member.seen(now)
    found = tiers.progress(account, document.document, at(now))
    assert found is not None
    return found


class TestProgress:
    """To the next tier, to keep this one, and by when."""

    LEVELS = (("silver", visits(2)), ("gold", {"any": [{**SPEND}, {**VISITS, "at_least": 12}]}))

    def test_to_the_next(self) -> None:
        """Each metric says what is there and what is missing."""
        member = Member(clinic(*self.LEVELS))
        member.visit("2026-02-01")
        found = standing(member, "2026-02-02")

        assert (found.tier, found.since, found.window) == (
            "base",
            at("2026-01-05"),
            "calendar_year",
        )
        assert found.to_next == LevelProgress(
            "silver", "silver", "all", reached=False, metrics=(MetricProgress("visits", 1, 2, 1),)
        )
        assert (found.to_keep, found.by, found.in_grace) == (None, None, False)

    def test_in_the_middle(self) -> None:
        """One keeps what one holds by the end of the year, and climbs by either metric."""
        member = Member(clinic(*self.LEVELS))
        visit_times(member, 3, "2026-02")
        member.buy(45_050, "2026-02-10")
        member.tick("2027-01-01")
        member.visit("2027-02-01")
        member.buy(60, "2027-02-01")
        found = standing(member, "2027-02-02")

        assert found.to_next == LevelProgress(
            "gold",
            "gold",
            "any",
            reached=False,
            metrics=(
                MetricProgress("spend", 60, 50_000, 49_940),
                MetricProgress("visits", 1, 12, 11),
            ),
        )
        assert found.to_keep == LevelProgress(
            "silver", "silver", "all", reached=False, metrics=(MetricProgress("visits", 1, 2, 1),)
        )
        assert found.by == at("2028-01-01T00:00:00Z")
        assert [step.tier for step in found.timeline] == ["base", "silver"]

    def test_at_the_top(self) -> None:
        """There is no next; what is over the threshold is missing nothing."""
        member = Member(clinic(("gold", {"all": [EARNED]})))
        member.buy(90_000, "2026-02-01")
        found = standing(member, "2026-02-02")

        assert found.to_next is None
        assert found.to_keep is not None
        assert found.to_keep.reached is True
        assert found.to_keep.metrics == (
            MetricProgress("points_earned", 900, 300, 0, currency="points"),
        )

    @pytest.mark.parametrize(
        "parts", [{"window": "lifetime"}, {"downgrade": "none"}], ids=["lifetime", "none"]
    )
    def test_nothing_to_keep(self, parts: dict[str, str]) -> None:
        """What cannot be lost need not be kept."""
        member = Member(clinic(("gold", visits(1)), **parts))
        member.visit("2026-02-01")

        assert standing(member, "2026-02-02").to_keep is None

    def test_in_grace(self) -> None:
        """In a grace its end is the date to reach."""
        member = yearly(grace_days=30)
        visit_times(member, 2, "2026-02")
        found = standing(member, "2028-01-15")

        assert (found.tier, found.in_grace) == ("silver", True)
        assert found.by == at("2028-01-31T00:00:00Z")
        assert found.to_keep is not None
        assert found.to_keep.metrics == (MetricProgress("visits", 0, 2, 2),)

    def test_no_ladder(self) -> None:
        """Without tiers there is nothing to tell."""
        member = Member(programme(currencies=[points()]))

        assert tiers.progress(member.account, programme(), at("2026-02-01")) is None


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

    def test_a_late_fact_counts_with_later_ones(self) -> None:
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
        """Two facts of the kind reach it, others do not, and one taken back is not counted."""
        member = Member(clinic(("silver", {"all": [{**threshold, "at_least": 2}]})))
        member.visit("2026-02-01")
        member.record(kind, "2026-02-02", name="first")
        member.record(kind, "2026-02-03", name="second")
        assert member.enrolment.tier == "silver"
        member.reverse("first", "2026-02-04")
        assert member.enrolment.tier == "base"


class TestFloors:
    """A tier that is held whatever the metrics say."""

    GOLD = tiers.GrantTier(
        member="mem_1", programme="clinic", tier="gold", reason="long wait", days=10
    )

    def test_until_the_end_of_a_day(self) -> None:
        """Gold for ten days after 1 March; what was there before is there again."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        member.do(self.GOLD, "2026-03-01")
        assert member.enrolment.tier == "gold"

        member.tick("2026-03-11T23:59:59Z")
        assert member.enrolment.tier == "gold"
        member.tick("2026-03-12T00:00:00Z")

        assert member.enrolment.tier == "silver"
        assert [step.tier for step in member.enrolment.timeline] == [
            "base",
            "silver",
            "gold",
            "silver",
        ]
        assert member.verdict().holds

    def test_what_is_lost_meanwhile_stays_lost(self) -> None:
        """A review under a floor takes the silver that nobody sees."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        member.do(replace(self.GOLD, days=400), "2026-12-01")
        member.tick("2027-12-31")
        assert member.enrolment.tier == "gold"

        member.tick("2028-01-06")

        assert member.enrolment.tier == "base"

    def test_a_reversal_under_a_floor(self) -> None:
        """What is reversed is gone when the floor is; no sooner is anything seen of it."""
        member = yearly()
        member.visit("2026-02-01", name="one")
        member.visit("2026-02-02")
        member.do(self.GOLD, "2026-03-01")
        member.reverse("one", "2026-03-02")
        assert member.enrolment.tier == "gold"

        member.tick("2026-03-12")

        assert member.enrolment.tier == "base"

    def test_climbing_above_a_floor(self) -> None:
        """Who earns more than the floor has it, and keeps it."""
        member = yearly()
        member.do(self.GOLD, "2026-03-01")
        visit_times(member, 6, "2026-03")
        assert member.enrolment.tier == "platinum"

        member.tick("2026-03-12")

        assert member.enrolment.tier == "platinum"

    def test_closing(self) -> None:
        """An account that ends has no floor, and nothing falls due on it."""
        member = yearly()
        member.do(self.GOLD, "2026-03-01")
        member.close("2026-03-02")
        assert member.tick("2026-04-01") == ()
