"""Where a member stands: to the next tier, to keep this one, and by when."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.ledger.account import Account
from chalicelib.domain.mechanics.tier_progress import (
    LevelProgress,
    MetricProgress,
    TierProgress,
    tier_progress,
)
from tests.domain.building import (
    Member,
    at,
    points,
    programme,
    published,
    visits,
)
from tests.domain.ladders import EARNED, SPEND, VISITS, clinic, visit_times, yearly


def progress_of(member: Member, now: str) -> TierProgress:
    """Return the progress in the clinic's ladder."""
    document = member.programmes.in_force("clinic", at(now))
    assert document is not None
    account: Account = member.seen(now)
    found = tier_progress(account, document.document, at(now))
    assert found is not None
    return found


class TestProgress:
    """To the next tier, to keep this one, and by when."""

    LEVELS = (("silver", visits(2)), ("gold", {"any": [{**SPEND}, {**VISITS, "at_least": 12}]}))

    def test_to_the_next(self) -> None:
        """Each metric says what is there and what is missing."""
        member = Member(clinic(*self.LEVELS))
        member.visit("2026-02-01")
        found = progress_of(member, "2026-02-02")

        assert (found.tier, found.since, found.window) == (
            "base",
            at("2026-01-05"),
            "calendar_year",
        )
        assert found.to_next == LevelProgress(
            "silver", "silver", "all", reached=False, metrics=(MetricProgress("visits", 1, 2, 1),)
        )
        assert (found.to_keep, found.review_at, found.in_grace) == (None, None, False)

    def test_in_the_middle(self) -> None:
        """One keeps what one holds by the end of the year, and climbs by either metric."""
        member = Member(clinic(*self.LEVELS))
        visit_times(member, 3, "2026-02")
        member.buy(45_050, "2026-02-10")
        member.tick("2027-01-01")
        member.visit("2027-02-01")
        member.buy(60, "2027-02-01")
        found = progress_of(member, "2027-02-02")

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
        assert found.review_at == at("2028-01-01T00:00:00Z")
        assert [step.tier for step in found.timeline] == ["base", "silver"]

    @pytest.mark.parametrize(("visits_done", "reached"), [(1, False), (2, True), (3, True)])
    def test_exactly_what_it_takes(self, visits_done: int, *, reached: bool) -> None:
        """What is exactly at the threshold has reached it."""
        member = Member(clinic(*self.LEVELS))
        visit_times(member, 3, "2026-02")
        member.tick("2027-01-01")
        visit_times(member, visits_done, "2027-02")
        kept = progress_of(member, "2027-02-28").to_keep
        assert kept is not None
        assert kept.reached is reached

    def test_at_the_top(self) -> None:
        """There is no next; what is over the threshold is missing nothing."""
        member = Member(clinic(("gold", {"all": [EARNED]})))
        member.buy(90_000, "2026-02-01")
        found = progress_of(member, "2026-02-02")

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

        assert progress_of(member, "2026-02-02").to_keep is None

    def test_in_grace(self) -> None:
        """In a grace its end is the date to reach."""
        member = yearly(grace_days=30)
        visit_times(member, 2, "2026-02")
        found = progress_of(member, "2028-01-15")

        assert (found.tier, found.in_grace) == ("silver", True)
        assert found.review_at == at("2028-01-31T00:00:00Z")
        assert found.to_keep is not None
        assert found.to_keep.metrics == (MetricProgress("visits", 0, 2, 2),)

    def test_what_is_never_lost_any_more(self) -> None:
        """Where a later version takes no tier away, there is no date to reach, and no grace."""
        rolling: dict[str, Any] = {"window": "rolling", "rolling_days": 30}
        first, later = (
            clinic(("silver", visits(1)), downgrade=each, **rolling)
            for each in ("to_earned", "none")
        )
        member = Member(published(("2026-01-01", first), ("2026-02-10", later)))
        member.visit("2026-02-01")
        assert progress_of(member, "2026-02-09").review_at == at("2026-03-04T00:00:00Z")

        found = progress_of(member, "2026-02-11")

        assert (found.tier, found.review_at, found.in_grace) == ("silver", None, False)

    def test_by_the_terms_of_today(self) -> None:
        """Who waits to climb is told the end of a term of today's ladder, whatever was planned."""
        waiting: dict[str, Any] = {"window": "rolling", "upgrade": "at_review"}
        short, long = (
            clinic(("silver", visits(2)), rolling_days=days, **waiting) for days in (30, 70)
        )
        member = Member(published(("2026-01-01", short), ("2026-02-10", long)))
        visit_times(member, 1, "2026-02")
        member.tick("2026-02-10")
        assert member.enrolment.review_at == at("2026-03-06T00:00:00Z")
        assert progress_of(member, "2026-02-09").review_at == at("2026-03-06T00:00:00Z")
        found = progress_of(member, "2026-02-11")
        member.buy(100, "2026-02-11")

        assert member.enrolment.review_at == at("2026-03-06T00:00:00Z")
        assert (found.tier, found.review_at, found.in_grace) == (
            "base",
            at("2026-03-16T00:00:00Z"),
            False,
        )

    def test_no_ladder(self) -> None:
        """Without tiers there is nothing to tell."""
        member = Member(programme(currencies=[points()]))

        assert tier_progress(member.account, programme(), at("2026-02-01")) is None
