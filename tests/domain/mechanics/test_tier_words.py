"""How a tier is reached and kept is told in sentences that a patient can follow."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.domain.authored import worded
from tests.domain.documents import GONE

VISIT: Final = "/earning/0"
TO_EARNED: Final = (
    "It lasts through the next year; after a year that does not reach it again comes the tier "
    "that the year did reach."
)
ONE_LEVEL: Final = (
    "It lasts through the next year; a year that does not reach it again costs one tier, 30 days "
    "later."
)
KEPT: Final = "Once reached it is kept."


@pytest.mark.parametrize(
    ("changes", "silver", "gold", "kept"),
    [
        (
            {},
            "6 completed visits in a calendar year",
            "12 completed visits and 900 points earned in a calendar year",
            TO_EARNED,
        ),
        (
            {
                "/tiers/downgrade": "one_level",
                "/tiers/grace_days": 30,
                "/metrics": {"visits_on": ["purchase.completed"]},
            },
            "6 visits (a purchase counts as one) in a calendar year",
            "12 visits (a purchase counts as one) and 900 points earned in a calendar year",
            ONE_LEVEL,
        ),
        (
            {
                "/tiers/window": "lifetime",
                "/tiers/levels/1/qualify/any/1": {"metric": "spend", "at_least": 50000},
            },
            "6 completed visits or 500.00 GBP spent in all",
            "12 completed visits and 900 points earned in all",
            KEPT,
        ),
        (
            {"/tiers/downgrade": "none"},
            "6 completed visits in a calendar year",
            "12 completed visits and 900 points earned in a calendar year",
            KEPT,
        ),
    ],
)
def test_a_tier_tells_how_it_is_reached_and_kept(
    changes: dict[str, Any], silver: str, gold: str, kept: str
) -> None:
    """Thresholds, their window, what keeps the tier and what it brings."""
    parts = worded(changes)

    assert parts["tier", "base"].text == "Everyone begins in Base."
    assert parts["tier", "silver"].text == f"Silver is reached with {silver}. {kept}"
    assert parts["tier", "gold"].text == (
        f"Gold is reached with {gold}. {kept} It brings: Parking."
    )


def test_v5_a_tier_that_no_metric_reaches() -> None:
    """V5: a tier that is only given says so, and what it brings."""
    parts = worded({"/tiers/levels/2/qualify": GONE})

    assert parts["tier", "gold"].text == (
        "Gold is given by the clinic, with a plan or for a reward. It brings: Parking."
    )


def test_a_programme_without_tiers_tells_of_none() -> None:
    """No ladder, no sentence about it."""
    changes = {"/tiers": GONE, f"{VISIT}/tier_percent": {}, "/rewards/0/tiers": []}

    assert not [kind for kind, _ in worded(changes) if kind == "tier"]
