"""What is wrong with currencies, and how members are told how long they last."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.domain.authored import the_problem, worded
from tests.domain.documents import GONE

# What is changed, and the one problem that follows: where, and words of the remedy.
PROBLEMS: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"/currencies/0/forms": {"english": {}}}, "/currencies/0/forms/english", "is not a locale"),
    ({"/currencies/1/expiry/months": 2}, "/currencies/1/expiry", "exactly one of `days`"),
    ({"/currencies/1/expiry/days": GONE}, "/currencies/1/expiry", "exactly one of `days`"),
    ({"/currencies/0/expiry/on": "02-30"}, "/currencies/0/expiry", "is no calendar date"),
    ({"/currencies/0/expiry/on": "2027-02-29"}, "/currencies/0/expiry", "is no calendar date"),
    ({"/currencies/0/expiry/on": "9999-12-31"}, "/currencies/0/expiry/on", "from 1970 to 9998"),
    ({"/currencies/1/activation_delay_days": 31},
     "/currencies/1/activation_delay_days", "before it is usable"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "pointer", "words"), PROBLEMS)
def test_one_violation_is_one_problem_with_its_place_and_remedy(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    """Each violation is told once, where it is, with what to do; nothing else is blamed."""
    problem = the_problem(changes)

    assert problem.pointer == pointer
    assert words in problem.detail


TAKEN_BACK: Final = (
    "If what earned them is cancelled after they were used, what is earned next makes up for them."
)


@pytest.mark.parametrize(
    ("expiry", "expected"),
    [
        ({"type": "never"}, "Points do not expire."),
        (
            {"type": "rolling", "days": 1},
            "Points can be used until the end of the day 1 day after they were earned.",
        ),
        (
            {"type": "rolling", "months": 3},
            "Points can be used until the end of the day 3 months after they were earned.",
        ),
        (
            {"type": "rolling", "years": 2},
            "Points can be used until the end of the day 2 years after they were earned.",
        ),
        (
            {"type": "fixed", "on": "2027-03-20"},
            "Points can be used until the end of 20 March 2027.",
        ),
        (
            {"type": "fixed", "on": "02-29"},
            (
                "Points can be used until the end of the next last day of February after they were "
                "earned."
            ),
        ),
        (
            {"type": "fixed", "on": "12-31", "min_days": 90},
            (
                "Points can be used until the end of the first 31 December that is at least 90 "
                "days after they were earned."
            ),
        ),
    ],
)
def test_an_expiry_is_told_to_the_day(expiry: dict[str, Any], expected: str) -> None:
    """How long value lasts, and that its last day counts."""
    text = worded({"/currencies/0/expiry": expiry})["expiry", "points"].text

    assert text == f"{expected} {TAKEN_BACK}"


def test_a_delay_is_told_with_the_expiry() -> None:
    """Value that waits says how long."""
    text = worded({"/currencies/1/activation_delay_days": 2})["expiry", "stamps"].text

    assert text.endswith(f"They become usable 2 days after they were earned. {TAKEN_BACK}")
