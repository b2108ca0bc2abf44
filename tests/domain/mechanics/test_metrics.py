"""What qualifies for tiers is counted in the month of the activity."""

from __future__ import annotations

from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    per_amount,
    programme,
    rule,
)


class TestMetrics:
    """What qualifies for tiers is counted in the month of the activity."""

    def test_months(self) -> None:
        """Visits, spend and points each count in the local month and over the whole life."""
        document = programme(
            rule("visit", fixed(50)),
            rule("spend", per_amount(1, 100), on=PURCHASE),
            time_zone="Asia/Tokyo",
        )
        member = Member(document)
        member.visit("2026-01-31T15:00:00Z")  # 1 February in Tokyo
        member.visit("2026-01-31T14:59:59Z")
        member.buy(2_000, "2026-02-10")

        assert member.account.metrics == {
            "clinic/visits": {"2026-02": 1, "2026-01": 1, "all": 2},
            "clinic/spend": {"2026-02": 2_000, "all": 2_000},
            "clinic/points_earned/points": {"2026-02": 70, "2026-01": 50, "all": 120},
        }

    def test_which_activities_count(self) -> None:
        """The document says which activities are visits and which are spend."""
        document = programme(
            metrics={"visits_on": ["class.attended"], "spend_on": ["membership.paid"]}
        )
        member = Member(document)
        member.visit("2026-02-01")
        member.buy(900, "2026-02-01")
        member.record("class.attended", "2026-02-01")
        member.record("membership.paid", "2026-02-01", amount=300, money="GBP")

        assert member.account.metrics == {
            "clinic/visits": {"2026-02": 1, "all": 1},
            "clinic/spend": {"2026-02": 300, "all": 300},
        }
        assert member.account.stats.visits == 1

    def test_clipped_value_does_not_qualify(self) -> None:
        """Only what was given counts as earned."""
        caps = [{"window": "day", "max": 50}]
        member = Member(programme(rule("visit", fixed(40), caps=caps)))
        member.visit("2026-02-01")
        member.visit("2026-02-01")

        assert member.account.metrics["clinic/points_earned/points"]["all"] == 50

    def test_months_that_serve_no_window_are_dropped(self) -> None:
        """An account does not grow with its age, and its lifetime totals stay."""
        member = Member(programme())
        for year in range(2026, 2036):
            for month in (1, 5, 9):
                member.visit(f"{year}-{month:02d}-20", name=f"{year}-{month}")

        buckets = member.account.metrics["clinic/visits"]
        assert buckets["all"] == 30
        assert min(bucket for bucket in buckets if bucket != "all") == "2033-05"

        member.reverse("2026-1", "2035-09-21")
        assert member.account.metrics["clinic/visits"]["all"] == 29
        assert "2026-01" not in member.account.metrics["clinic/visits"]
