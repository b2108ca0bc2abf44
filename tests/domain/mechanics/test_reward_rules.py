"""What is wrong with rewards."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.domain.authored import the_problem
from tests.domain.documents import GONE

RULE: Final = "/earning/0"
REWARD: Final = "/rewards/0"

# What is changed, and the one problem that follows: where, and words of the remedy.
PROBLEMS: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({f"{REWARD}/price/currency": "gems"}, f"{REWARD}/price/currency", "no currency `gems`"),
    ({f"{REWARD}/tiers/1": "platinum"}, f"{REWARD}/tiers/1", "known: `base`, `silver`, `gold`"),
    ({"/tiers": GONE, f"{RULE}/tier_percent": {}}, f"{REWARD}/tiers", "the programme has none"),
    ({f"{REWARD}/valid_until": "9999-12-31"}, f"{REWARD}/valid_until", "leave out what has no end"),
    ({f"{REWARD}/limits/1": {"window": "month", "count": 2}},
     f"{REWARD}/limits/1", "limits the month as /rewards/0/limits/0 does"),
    ({f"{REWARD}/valid_until": "2027-13-01"}, f"{REWARD}/valid_until", "is not a date"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "pointer", "words"), PROBLEMS)
def test_one_violation_is_one_problem_with_its_place_and_remedy(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    """Each violation is told once, where it is, with what to do; nothing else is blamed."""
    problem = the_problem(changes)

    assert problem.pointer == pointer
    assert words in problem.detail
