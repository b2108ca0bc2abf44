"""What is wrong with earning rules, with what they name, and with how they compete."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.domain.authored import the_problem
from tests.domain.documents import GONE

RULE: Final = "/earning/0"
FORMULA: Final = "/earning/1"
REWARD: Final = "/rewards/0"
CARRYING: Final[dict[str, Any]] = {
    f"{RULE}/award": {"type": "per_amount", "amount": 1, "per": 50, "carry": True},
    f"{RULE}/caps": [],
    f"{RULE}/tier_percent": {},
    f"{RULE}/group": GONE,
}

# What is changed, and the one problem that follows: where, and words of the remedy.
PROBLEMS: Final[list[tuple[dict[str, Any], str, str]]] = [
    # Attributes.
    ({"/attributes/in": "int"}, "/attributes/in", "cannot name an attribute"),
    ({"/attributes/a-b": "int"}, "/attributes/a-b", "cannot name an attribute"),
    # References.
    ({f"{RULE}/currency": "point"}, f"{RULE}/currency", "did you mean `points`? known: `points`, "),
    ({f"{RULE}/group": "bonuses"}, f"{RULE}/group", "did you mean `bonus`?"),
    ({"/groups": []}, f"{RULE}/group", "declare it in `groups`"),
    ({f"{RULE}/tier_percent/gould": 2}, f"{RULE}/tier_percent/gould", "did you mean `gold`?"),
    ({"/tiers": GONE, f"{REWARD}/tiers": []}, f"{RULE}/tier_percent", "declare them in `tiers`"),
    # Competition.
    ({f"{FORMULA}/group": "bonus"}, "/groups/0", "visit gives points, stamp gives stamps"),
    ({"/stacking": "first", f"{RULE}/group": GONE, "/groups": []},
     "/stacking", "must give one currency"),
    # Days.
    ({f"{RULE}/valid_from": "1899-12-31"}, f"{RULE}/valid_from", "from 1900-01-01"),
    ({f"{FORMULA}/activation_delay_days": 31},
     f"{FORMULA}/activation_delay_days", "before it is usable"),
    # Rules.
    ({f"{RULE}/caps/0/times": 1}, f"{RULE}/caps/0", "exactly one of `max`"),
    ({f"{RULE}/caps/0/max": GONE}, f"{RULE}/caps/0", "exactly one of `max`"),
    ({f"{RULE}/caps/1": {"window": "month", "max": 9}},
     f"{RULE}/caps/1", "as /earning/0/caps/0 does"),
    ({f"{RULE}/valid_from": "2027-02-29"}, f"{RULE}/valid_from", "is not a date"),
    ({f"{RULE}/valid_from": "2027-03-01", f"{RULE}/valid_until": "2027-02-28"},
     f"{RULE}/valid_until", "before `valid_from`"),
    ({f"{FORMULA}/when": "activity.weekday"}, f"{FORMULA}/when", "condition"),
    ({f"{FORMULA}/when": "activity.wekday > 1"}, f"{FORMULA}/when", "'activity.weekday'"),
    ({f"{FORMULA}/when": "attributes.waits > 1"}, f"{FORMULA}/when", "attributes.wait"),
    ({f"{FORMULA}/multipliers/0/when": "1 +"}, f"{FORMULA}/multipliers/0/when", "cannot be read"),
    ({f"{FORMULA}/award/expression": "true"}, f"{FORMULA}/award/expression", "formula"),
    ({f"{FORMULA}/award/expression": "activity.amount * 1.5"},
     f"{FORMULA}/award/expression", "write no decimals"),
    ({"/attributes": {}}, f"{FORMULA}/when", "attributes.wait"),
    # F: the least and the most of an award.
    ({f"{FORMULA}/at_least": 6, f"{FORMULA}/at_most": 5}, f"{FORMULA}/at_least",
     "is more than `at_most`, which is 5"),
    # F: remainders that are carried.
    ({**CARRYING, f"{RULE}/caps": [{"window": "day", "max": 5}]}, f"{RULE}/caps",
     "be left out where"),
    ({**CARRYING, f"{RULE}/at_most": 5}, f"{RULE}/at_most", "be left out where"),
    ({**CARRYING, f"{RULE}/rounding": "ceiling"}, f"{RULE}/rounding", "must be `floor`"),
    ({**CARRYING, f"{RULE}/group": "bonus"}, f"{RULE}/group", "must be one whose rules all count"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "pointer", "words"), PROBLEMS)
def test_one_violation_is_one_problem_with_its_place_and_remedy(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    """Each violation is told once, where it is, with what to do; nothing else is blamed."""
    problem = the_problem(changes)

    assert problem.pointer == pointer
    assert words in problem.detail
