"""What is wrong with currencies, and how members are told how long they last."""

from __future__ import annotations

import re
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
    "If an activity is cancelled after what it earned was used, what is earned next makes up for "
    "it."
)


@pytest.mark.parametrize(
    ("expiry", "expected"),
    [
        ({"type": "never"}, "Points can be used without a time limit."),
        (
            {"type": "rolling", "days": 1},
            "Points can be used until the end of the day 1 day after being earned.",
        ),
        (
            {"type": "rolling", "months": 3},
            "Points can be used until the end of the day 3 months after being earned.",
        ),
        (
            {"type": "rolling", "years": 2},
            "Points can be used until the end of the day 2 years after being earned.",
        ),
        (
            {"type": "fixed", "on": "2027-03-20"},
            "Points can be used until the end of 20 March 2027.",
        ),
        (
            {"type": "fixed", "on": "02-29"},
            (
                "Points can be used until the end of the next last day of February after being "
                "earned."
            ),
        ),
        (
            {"type": "fixed", "on": "12-31", "min_days": 90},
            (
                "Points can be used until the end of the first 31 December that is at least 90 "
                "days after being earned."
            ),
        ),
    ],
)
def test_an_expiry_is_told_to_the_day(expiry: dict[str, Any], expected: str) -> None:
    """How long value lasts, and that its last day counts."""
    text = worded({"/currencies/0/expiry": expiry})["expiry", "points"].text

    assert text == f"{expected} {TAKEN_BACK}"


@pytest.mark.parametrize(
    "changes",
    [
        {"expiry": {"type": "never"}},
        {"expiry": {"type": "rolling", "years": 1, "round_up": "quarter"}},
        {"expiry": {"type": "inactivity", "months": 12}},
        {
            "expiry": {
                "type": "inactivity",
                "years": 1,
                "first_life": {"type": "rolling", "years": 2},
            }
        },
        {"expiry": {"type": "rolling", "years": 1}, "activation_delay_days": 2},
        {"expiry": {"type": "fixed", "on": "12-31"}, "negative_balance": "clamp"},
        {"expiry": {"type": "fixed", "on": "12-31", "min_days": 90}, "negative_balance": "reject"},
    ],
)
def test_the_words_fit_one_name_and_many(changes: dict[str, Any]) -> None:
    """Prepaid money is one thing, points are many: no verb and no pronoun says how many."""
    text = worded({f"/currencies/0/{name}": value for name, value in changes.items()})[
        "expiry", "points"
    ].text

    assert re.findall(r"\b(?:do|are|have|were|they|them|their)\b [^.]*", text, re.IGNORECASE) == []


def test_a_delay_is_told_with_the_expiry() -> None:
    """Value that waits says how long."""
    text = worded({"/currencies/1/activation_delay_days": 2})["expiry", "stamps"].text

    assert text.endswith(f"What is earned becomes usable 2 days later. {TAKEN_BACK}")
