"""What is wrong with a ladder, and which tiers nobody can reach."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.domain.authored import the_problem
from tests.domain.documents import GONE

RULE: Final = "/earning/0"
GOLD: Final = "/tiers/levels/2/qualify"
REWARD: Final = "/rewards/0"
#: Thresholds in a list of their own: what silver reaches by itself, and what it does not.
EITHER: Final = [{"metric": "visits", "at_least": 5}, {"metric": "spend", "at_least": 5}]
BOTH: Final = [{"metric": "visits", "at_least": 7}, {"metric": "spend", "at_least": 5}]

# What is changed, and the one problem that follows: where, and words of the remedy.
PROBLEMS: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({f"{GOLD}/all/1/currency": "gems"}, f"{GOLD}/all/1/currency", "known: `points`, `stamps`"),
    ({"/tiers/levels/0/qualify": {"any": [{"metric": "visits", "at_least": 1}]}},
     "/tiers/levels/0/qualify", "must be left out"),
    ({GOLD: {}}, GOLD, "exactly one of `all` and `any`"),
    ({f"{GOLD}/any": [{"metric": "visits", "at_least": 1}]}, GOLD, "exactly one of `all`"),
    ({f"{GOLD}/all/1/currency": GONE}, f"{GOLD}/all/1/currency", "one of `points`, `stamps`"),
    ({f"{GOLD}/all/0/currency": "points"}, f"{GOLD}/all/0/currency", "must be left out"),
    # V5: tiers that nobody can reach.
    ({f"{GOLD}": {"all": [{"metric": "visits", "at_least": 6}]}},
     "/tiers/levels/1/qualify", "a member who reaches `silver` reaches `gold` too"),
    ({f"{GOLD}": {"any": [{"metric": "visits", "at_least": 5},
                          {"metric": "spend", "at_least": 5}]}},
     "/tiers/levels/1/qualify", "so nobody is ever in it"),
    ({"/tiers/levels/1/qualify": {"all": [{"metric": "visits", "at_least": 20},
                                          {"metric": "spend", "at_least": 20}]},
      f"{GOLD}": {"all": [{"metric": "spend", "at_least": 20}]}},
     "/tiers/levels/1/qualify", "a member who reaches `silver` reaches `gold` too"),
    ({"/metrics": {"visits_on": []}, "/tiers/levels/2": GONE, f"{RULE}/tier_percent": {},
      f"{REWARD}/tiers": []}, "/tiers/levels/1/qualify",
     "nobody can reach it: nothing counts towards `visits`: `metrics.visits_on` is empty"),
    ({"/tiers/window": "lifetime", "/tiers/upgrade": "at_review"}, "/tiers/upgrade",
     "nobody climbs"),
    ({f"{GOLD}": {"all": [{"metric": "visits", "at_least": 6}, EITHER]}},
     "/tiers/levels/1/qualify", "a member who reaches `silver` reaches `gold` too"),
    ({f"{GOLD}": {"any": [BOTH, {"metric": "visits", "at_least": 5}]}},
     "/tiers/levels/1/qualify", "a member who reaches `silver` reaches `gold` too"),
    ({f"{GOLD}": {"all": [{"metric": "visits", "at_least": 7}, EITHER, BOTH, BOTH, BOTH]}},
     f"{GOLD}/all/4", "is one list too many: 3 are taken"),
    ({f"{GOLD}/all/0": [{"metric": "visits", "at_least": 9},
                        {"metric": "spend", "at_least": 9, "on": "a.b"}]},
     f"{GOLD}/all/0/1/on", "must be left out"),
    ({f"{GOLD}/all/0": [{"metric": "visits", "at_least": 9}]},
     f"{GOLD}/all/0", "must have at least 2 item(s)"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "pointer", "words"), PROBLEMS)
def test_one_violation_is_one_problem_with_its_place_and_remedy(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    """Each violation is told once, where it is, with what to do; nothing else is blamed."""
    problem = the_problem(changes)

    assert problem.pointer == pointer
    assert words in problem.detail
