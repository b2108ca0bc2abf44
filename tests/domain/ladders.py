"""Ladders of tiers to climb, and visits to climb them by."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.programme.document import Programme
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
