"""What qualifies for tiers is counted in the month of the activity."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.domain.ledger import calendar, compact
from chalicelib.domain.ledger.effects import MetricChange
from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    ladder,
    per_amount,
    programme,
    rule,
    visits,
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

    def test_days_of_what_windows_ask_for(self) -> None:
        """Days are kept of what the ladder asks for, and of spend where a discount does."""
        levels = ladder(("gold", visits(9)), window="rolling")
        terms = {"type": "spend_window", "at_least": 1_000, "percent": 5}
        offer = {"id": "good-year", "name": "Good year", "terms": terms}
        rules = (rule("visit", fixed(50)), rule("spend", per_amount(1, 100), on=PURCHASE))
        by_ladder = Member(programme(*rules, tiers=levels))
        by_discount = Member(programme(*rules, discounts={"offers": [offer]}))
        for member in (by_ladder, by_discount):
            member.visit("2026-02-10")
            member.buy(2_000, "2026-02-10")

        months = {"2026-02": 70, "all": 70}
        assert by_ladder.account.metrics == {
            "clinic/visits": {"2026-02-10": 1, "2026-02": 1, "all": 1},
            "clinic/spend": {"2026-02": 2_000, "all": 2_000},
            "clinic/points_earned/points": months,
        }
        assert by_discount.account.metrics == {
            "clinic/visits": {"2026-02": 1, "all": 1},
            "clinic/spend": {"2026-02-10": 2_000, "2026-02": 2_000, "all": 2_000},
            "clinic/points_earned/points": months,
        }

    @pytest.mark.parametrize("window", ["calendar_year", "lifetime"])
    def test_days_within_the_backdate_limit(self, window: str) -> None:
        """Of years and lifetimes the days are kept on which something may still be told."""
        document = programme(tiers=ladder(("gold", visits(99)), window=window))
        member = Member(replace(document, backdate_limit_days=10))
        for day in range(1, 32):
            member.visit(f"2026-03-{day:02d}", name=str(day))

        days = {f"2026-03-{day}": 1 for day in range(20, 32)}
        assert member.account.metrics["clinic/visits"] == {"2026-03": 31, "all": 31, **days}

        member.reverse("3", "2026-03-31")
        assert member.account.metrics["clinic/visits"] == {"2026-03": 30, "all": 30, **days}
        # The first event after which one of them is too old says so, and so does each that follows.
        told = [
            effect.days_from
            for event in member.events
            for effect in event.effects
            if isinstance(effect, MetricChange)
        ]
        assert told == ["", *[""] * 11, *(f"2026-03-{day:02d}" for day in range(2, 21)), ""]

    def test_no_days_of_what_waits_for_a_review(self) -> None:
        """A year that is judged when it is over needs none of its days."""
        levels = ladder(("gold", visits(9)), window="calendar_year", upgrade="at_review")
        member = Member(programme(tiers=levels))
        member.visit("2026-02-10")

        assert member.account.metrics["clinic/visits"] == {"2026-02": 1, "all": 1}

    def test_a_year_of_days(self) -> None:
        """A purchase on every day of a year, by whose days all goes, leaves less than 1.8 KB."""
        member = Member(
            programme(
                rule("spend", per_amount(1, 100), on=PURCHASE),
                tiers=ladder(
                    ("gold", {"all": [{"metric": "spend", "at_least": 90_000}]}), window="rolling"
                ),
                discounts={
                    "offers": [
                        {
                            "id": "good-year",
                            "name": "Good year",
                            "terms": {"type": "spend_window", "at_least": 90_000, "percent": 5},
                        }
                    ]
                },
                entitlements=[{"id": "tea", "name": "Tea"}],
                stamp_cards=[
                    {
                        "id": "card",
                        "name": "Card",
                        "size": 10,
                        "on": [PURCHASE],
                        "full": {"entitlement": "tea", "valid_days": 20},
                    }
                ],
            )
        )
        first = calendar.parse_date("2026-02-01")
        for day in range(365):
            member.buy(500 + day * 7919 % 9000, calendar.add_days(first, day).isoformat())

        # With its other attributes the account is within 2 KB, and an earn costs 8 write units.
        assert len(compact.encode(member.account)) <= 1_800
