"""How a member climbs and falls, at which instant, and who held which tier when."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.mechanics import tiers
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.tier_grants import GrantTier, LiftTier
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    at,
    fixed,
    ladder,
    line,
    per_amount,
    programme,
    published,
    rule,
    visits,
)
from tests.domain.ladders import EARNED, SPEND, VISITS, clinic, visit_times, yearly


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

    def test_at_once_from_the_activity(self) -> None:
        """The tier is held from the instant of the activity that brought it."""
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
        """An activity that reaches two thresholds brings the higher."""
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

    @pytest.mark.parametrize("window", ["rolling", "calendar_month", "calendar_year", "lifetime"])
    def test_a_ladder_that_became_easier(self, window: str) -> None:
        """Whatever is done next lets a member climb to where the new ladder sees them."""
        member = Member(
            published(
                ("2026-01-01", clinic(("silver", visits(4)), window=window)),
                ("2026-02-10", clinic(("silver", visits(2)), window=window)),
            )
        )
        visit_times(member, 3, "2026-02")
        member.tick("2026-02-11")
        assert member.enrolment.tier == "base"
        member.buy(100, "2026-02-12")

        assert member.steps[-1] == ("2026-02-12T12:00:00Z", "silver", "reached")

    @pytest.mark.parametrize(
        ("bought", "tier"),
        [("11:59:59.999", "base"), ("12:00:00", "silver"), ("12:00:00.001", "silver")],
    )
    def test_at_the_instant_of_a_step(self, bought: str, tier: str) -> None:
        """What is done then climbs to where the ladder sees a member, like what follows."""
        member = Member(
            published(
                ("2026-01-01", clinic(("silver", visits(4)), ("gold", visits(9)))),
                ("2026-02-10", clinic(("silver", visits(2)), ("gold", visits(9)))),
            )
        )
        visit_times(member, 3, "2026-02")
        gold = GrantTier(member="mem_1", programme="clinic", tier="gold", reason="r")
        member.do(gold, "2026-02-11")
        member.do(LiftTier(member="mem_1", programme="clinic", reason="r"), "2026-02-12")
        assert member.enrolment.tier == "base"
        member.buy(100, f"2026-02-12T{bought}Z", now="2026-02-12T13:00:00Z")

        assert member.enrolment.tier == tier


class TestLateActivities:
    """A late activity raises from its day and re-prices nothing."""

    def test_raises_from_its_day(self) -> None:
        """The tier is held since the activity, though it was reported later."""
        member = yearly()
        member.visit("2026-02-01")
        recorded = member.visit("2026-02-10", now="2026-02-20")

        assert member.steps[-1] == ("2026-02-10T12:00:00Z", "silver", "reached")
        assert recorded.tier_changes[0].since == at("2026-02-10")

    @pytest.mark.parametrize("window", ["calendar_year", "anniversary", "lifetime"])
    @pytest.mark.parametrize(
        ("kind", "day", "since"),
        [
            (PURCHASE, "2026-02-20", "2026-03-10T12:00:00Z"),
            (VISIT, "2026-03-12", "2026-03-10T12:00:00Z"),
            (VISIT, "2026-03-10", "2026-03-10T12:00:00Z"),
            (VISIT, "2026-03-09", "2026-03-09T12:00:00Z"),
            (VISIT, "2026-02-20", "2026-02-20T12:00:00Z"),
        ],
    )
    def test_where_a_tier_is_held_since(self, window: str, kind: str, day: str, since: str) -> None:
        """The fourth visit in the order of days brings gold, whichever was told last."""
        member = yearly(window=window)
        visit_times(member, 3, "2026-02")
        member.visit("2026-03-10")
        recorded = member.record(kind, day, now="2026-03-15")

        assert member.steps == [
            ("2026-01-05T12:00:00Z", "base", "enrolled"),
            ("2026-02-02T12:00:00Z", "silver", "reached"),
            (since, "gold", "reached"),
        ]
        assert recorded.tier_changes == ()

    @pytest.mark.parametrize("window", ["calendar_year", "anniversary", "lifetime"])
    def test_brings_a_tier_on_a_later_day(self, window: str) -> None:
        """What was done after it counts on its own day, though it was told before."""
        member = yearly(window=window)
        member.visit("2026-02-01")
        member.visit("2026-03-10")
        member.visit("2026-03-11")
        recorded = member.visit("2026-02-20", now="2026-03-15")

        assert member.steps == [
            ("2026-01-05T12:00:00Z", "base", "enrolled"),
            ("2026-02-20T12:00:00Z", "silver", "reached"),
            ("2026-03-11T00:00:00Z", "gold", "reached"),
        ]
        assert recorded.tier_changes == (
            tiers.TierMoved("clinic", "silver", "gold", at("2026-03-11T00:00:00Z")),
        )

    def test_by_the_ladder_of_its_day(self) -> None:
        """A late activity brings what it would have brought, though the ladder is steeper since."""
        easy, steep = (clinic(("silver", visits(count)), window="lifetime") for count in (2, 4))
        member = Member(published(("2026-01-01", easy), ("2026-02-10", steep)))
        member.visit("2026-02-01")
        member.visit("2026-02-12")
        member.visit("2026-02-05", now="2026-02-15")

        assert member.steps[1:] == [("2026-02-05T12:00:00Z", "silver", "reached")]

    def test_keeps_a_higher_later_step(self) -> None:
        """A late activity of the year before does not undo what this year reached."""
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
        """A late activity of last year counts for last year: the tier lasts through this one."""
        member = yearly()
        member.visit("2026-12-20")
        member.visit("2026-12-28", now="2027-01-10")

        assert member.enrolment.tier == "silver"
        assert member.enrolment.review_at == at("2028-01-01T00:00:00Z")

    def test_gives_back_what_a_review_took(self) -> None:
        """Had the activity been known at the review, the tier had been kept: so it is."""
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
        """The metrics reach the threshold again, if by an activity from before the reversal."""
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
        """What was higher and lost since falls to what the late activity supports, not back up."""
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
        """An activity earlier on the day of joining counts; the tier is held from joining on."""
        member = Member(clinic(("gold", visits(1))), joined="2026-02-01T12:00:00Z")
        member.visit("2026-02-01T09:00:00Z", now="2026-02-01T13:00:00Z")

        assert member.steps == [
            ("2026-02-01T12:00:00Z", "base", "enrolled"),
            ("2026-02-01T12:00:00Z", "gold", "reached"),
        ]
        assert member.enrolment.tier_at(at("2026-02-01T12:00:00Z")) == "gold"
        assert member.enrolment.tier_at(at("2026-02-01T09:30:00Z")) == "base"


class TestReversal:
    """A reversal takes a tier back in the window in which it was reached."""

    def test_in_its_window(self) -> None:
        """The tier goes with the activity that carried it, from the reversal on."""
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

    @pytest.mark.parametrize("joined", ["2026-01-05", "2027-01-01T00:00:00Z"])
    @pytest.mark.parametrize("time", ["09:00:00", "00:00:00.001", "00:00:00"])
    def test_reached_on_new_years_day(self, time: str, joined: str) -> None:
        """What the year began with is what was held before anything was done in it."""
        member = Member(clinic(("silver", visits(2))), joined=joined)
        for name in ("1", "2"):
            member.visit(f"2027-01-01T{time}Z", name=name)
        assert member.enrolment.tier == "silver"
        member.reverse("2", "2027-03-01")

        assert member.enrolment.tier == "base"

    @pytest.mark.parametrize(
        ("window", "began"), [("calendar_year", "2027-01-01"), ("anniversary", "2027-01-05")]
    )
    @pytest.mark.parametrize(
        ("in_2025", "tier"), [(0, "base"), (2, "silver")], ids=["lost", "kept"]
    )
    def test_what_the_review_of_that_instant_left(
        self, in_2025: int, tier: str, window: str, began: str
    ) -> None:
        """A year begins with what the review at its first instant has left."""
        member = Member(clinic(("silver", visits(2)), window=window), joined="2025-01-05")
        visit_times(member, 2, "2025-02")
        for day in range(in_2025):
            member.visit(f"2026-02-0{day + 1}", name=f"again {day}")
        for name in ("a", "b"):
            member.visit(f"{began}T00:00:00Z", name=name)
        member.reverse("b", "2027-03-01")

        assert member.enrolment.tier == tier

    @pytest.mark.parametrize(
        ("second", "tier"),
        [("2026-01-01", "base"), ("2026-12-31", "base"), ("2026-12-30", "base")],
    )
    def test_to_the_last_day_of_its_window(self, second: str, tier: str) -> None:
        """The first and the last day of the year are among it."""
        member = Member(clinic(("silver", visits(1))), joined="2026-01-01")
        member.visit(second, name="2")
        assert member.enrolment.tier == "silver"

        member.reverse("2", "2026-12-31T23:59:59.999Z")

        assert member.enrolment.tier == tier

    def test_activities_of_a_window_that_is_over(self) -> None:
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

    def test_activities_in_between_keep_their_rate(self) -> None:
        """What was earned at the higher tier stays; late activities of those days earn so too."""
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
        """Where the ladder has become easier, a reversal of an old activity asks the new one."""
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

    def test_only_what_late_activities_can_meet_is_kept(self) -> None:
        """Steps older than 800 days go, but for the one that was in force then."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        member.visit("2028-04-11T11:59:59.999Z")
        assert member.steps[0][1] == "base"
        member.visit("2028-04-12T12:00:00Z")

        assert member.steps[0] == ("2026-02-02T12:00:00Z", "silver", "reached")
