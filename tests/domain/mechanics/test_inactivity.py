"""Value that lasts as long as its member comes back."""

from __future__ import annotations

from typing import Final

import pytest

from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    per_amount,
    points,
    programme,
    rule,
)

LASTING: Final = points({"type": "inactivity", "days": 10, "on": ["visit.completed"]})


def member() -> Member:
    """Return a member whose points last ten days after the last visit."""
    rules = (rule("visit", fixed(40)), rule("spend", per_amount(1, 100), on=PURCHASE))
    return Member(programme(*rules, currencies=[LASTING]))


@pytest.mark.parametrize(
    ("visits", "kept", "last", "over"),
    [
        (["2026-03-02"], 40, "2026-03-12", "2026-03-13"),
        (["2026-03-02", "2026-03-12"], 80, "2026-03-22", "2026-03-23"),
        (["2026-03-02", "2026-03-13"], 40, "2026-03-23", "2026-03-24"),
    ],
)
def test_a_visit_moves_the_last_day_on(visits: list[str], kept: int, last: str, over: str) -> None:
    """To ten days after it; what ended before it came does not come back."""
    who = member()
    for day in visits:
        who.visit(day)

    assert who.available(f"{last}T23:59:59.999Z") == kept
    assert who.available(f"{over}T00:00:00Z") == 0
    assert who.verdict().holds


def test_a_late_report_never_shortens_it() -> None:
    """A visit of an earlier day, reported later, moves nothing."""
    who = member()
    who.visit("2026-03-05")
    who.visit("2026-03-02", now="2026-03-06")

    assert who.available("2026-03-15T23:59:59.999Z") == 80
    assert who.available("2026-03-16T00:00:00Z") == 0


@pytest.mark.parametrize("way", ["adjusted", "bought"])
def test_value_that_comes_without_a_visit(way: str) -> None:
    """It lasts as if it had come with one; more of it later moves nothing."""
    who = member()
    for day in ("2026-03-02", "2026-03-05"):
        if way == "adjusted":
            who.adjust(40, day)
        else:
            who.buy(4_000, day)

    assert who.available("2026-03-12T23:59:59.999Z") == 80
    assert who.available("2026-03-13T00:00:00Z") == 0
    assert who.verdict().holds
