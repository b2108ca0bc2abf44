"""What earns is told in sentences that a patient can follow."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.domain.authored import worded
from tests.domain.documents import GONE

VISIT: Final = "/earning/0"
STAMP: Final = "/earning/1"
EARNS: Final = "Each completed visit earns 50 points"
ON_TIERS: Final = f"{EARNS}. In Gold, 150 % of that. Fractions are dropped."
CAPPED: Final = f"{ON_TIERS} At most 500 a month."
PLAIN: Final[dict[str, Any]] = {f"{VISIT}/tier_percent": {}, f"{VISIT}/caps": []}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (PLAIN, f"{EARNS}."),
        ({f"{VISIT}/caps": []}, ON_TIERS),
        ({}, CAPPED),
        ({**PLAIN, f"{VISIT}/award/amount": 1}, "Each completed visit earns 1 point."),
        ({**PLAIN, f"{VISIT}/on": ["survey"]}, "Each survey earns 50 points."),
        (
            {**PLAIN, f"{VISIT}/on": ["payment.received", "purchase.completed", "bill.paid_early"]},
            "Each payment, purchase or paid early bill earns 50 points.",
        ),
        (
            {**PLAIN, f"{VISIT}/award": {"type": "per_amount", "amount": 1, "per": 100}},
            "Each completed visit earns 1 point for every 1.00 GBP. Fractions are dropped.",
        ),
        (
            {
                **PLAIN,
                f"{VISIT}/award": {"type": "per_unit", "amount": 2, "per": 1000},
                f"{VISIT}/rounding": "ceiling",
            },
            (
                "Each completed visit earns 2 points for every 1,000 that are counted. "
                "Fractions are rounded up."
            ),
        ),
        (
            {**PLAIN, f"{VISIT}/award": {"type": "per_unit", "amount": 2}},
            "Each completed visit earns 2 points for every one that is counted.",
        ),
        (
            {**PLAIN, f"{VISIT}/award": {"type": "formula", "expression": "activity.quantity"}},
            "Each completed visit earns points, worked out each time.",
        ),
        (
            {**PLAIN, f"{VISIT}/multipliers": [{"percent": 110}], f"{VISIT}/rounding": "half_even"},
            (
                f"{EARNS}. In all, 110 % of that. Fractions are rounded to the nearest whole "
                "number, halves to an even one."
            ),
        ),
        ({**PLAIN, f"{VISIT}/when": "activity.amount > 5"}, f"{EARNS}. A condition applies."),
        (
            {
                **PLAIN,
                f"{VISIT}/scope": {
                    "include": {"categories": ["vitamins"], "skus": ["a-1"]},
                    "exclude": {"categories": ["prescription"]},
                },
            },
            f"{EARNS}. Counted: vitamins and a-1. Not counted: prescription.",
        ),
        (
            {
                **PLAIN,
                f"{VISIT}/award": {"type": "per_amount", "amount": 1, "per": 5000, "carry": True},
                f"{VISIT}/group": GONE,
            },
            (
                "Each completed visit earns 1 point for every 50.00 GBP. What does not fill 50.00 "
                "GBP counts towards the next time."
            ),
        ),
        (
            {**PLAIN, f"{VISIT}/at_least": 1, f"{VISIT}/at_most": 60},
            f"{EARNS}. At least 1 point each time. At most 60 points each time.",
        ),
        (
            {
                **PLAIN,
                f"{VISIT}/caps": [
                    {"window": "activity", "max": 5},
                    {"window": "day", "max": 1000, "on_exceed": "reject"},
                    {"window": "week", "times": 1},
                    {"window": "lifetime", "times": 12},
                ],
            },
            (
                f"{EARNS}. At most 5 each time. At most 1,000 a day. What would go over that earns "
                "nothing. At most once a week. At most 12 times in all."
            ),
        ),
        (
            {**PLAIN, f"{VISIT}/valid_from": "2026-12-01", f"{VISIT}/valid_until": "2027-01-31"},
            f"{EARNS}. From 1 December 2026 to 31 January 2027.",
        ),
        ({**PLAIN, f"{VISIT}/valid_from": "2026-12-01"}, f"{EARNS}. From 1 December 2026 on."),
        ({**PLAIN, f"{VISIT}/valid_until": "2027-01-31"}, f"{EARNS}. Until 31 January 2027."),
        (
            {**PLAIN, f"{VISIT}/activation_delay_days": 1},
            f"{EARNS}. What is earned becomes usable 1 day later.",
        ),
        ({**PLAIN, f"{VISIT}/activation_delay_days": 0}, f"{EARNS}."),
        (
            {
                **PLAIN,
                f"{VISIT}/activation_delay_days": 0,
                "/currencies/0/activation_delay_days": 3,
            },
            f"{EARNS}. What is earned can be used at once.",
        ),
    ],
)
def test_a_rule_is_a_sentence_and_its_limits(changes: dict[str, Any], expected: str) -> None:
    """What earns, how much, on what, how often and when."""
    assert worded(changes)["earning", "visit"].text == expected


UNDESCRIBED: Final = {
    f"{STAMP}/describe": GONE,
    f"{STAMP}/award/describe": GONE,
    f"{STAMP}/multipliers/0/describe": GONE,
}


def test_w_an_author_says_what_expressions_mean() -> None:
    """Words of the document stand where else only a condition is mentioned; each ends once."""
    changes = {f"{STAMP}/describe": {"en": "After a long wait!"}}
    groups = {
        "/groups/0/describe": "One bonus a visit.",
        "/earning/2": {**rival("extra", "visit.completed"), "name": "Extra"},
    }

    assert worded({})["earning", "stamp"].text == (
        "Each purchase earns stamps, worked out each time. One for two. 200 % of that: on Sundays. "
        "Condition: after a long wait. Fractions are dropped."
    )
    assert "Condition: After a long wait! Fractions" in worded(changes)["earning", "stamp"].text
    assert worded({**PLAIN, **groups})["earning", "visit"].text == (
        f"{EARNS}. One bonus a visit. Does not add to Extra: what gives most counts."
    )


@pytest.mark.parametrize(
    ("recurs", "expected"),
    [
        ({"rrule": "FREQ=WEEKLY;BYDAY=TH,TU"}, "It counts on Tuesday and Thursday."),
        ({"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"}, "It counts on certain days only."),
        (
            {"rrule": "FREQ=MONTHLY;BYDAY=1TU", "describe": "The first Tuesday of a month"},
            "The first Tuesday of a month.",
        ),
        (
            {"rrule": "FREQ=WEEKLY;BYDAY=MO", "until_time": "12:00"},
            "It counts on Monday. It counts from 00:00 to 12:00.",
        ),
    ],
)
def test_w_days_that_recur_are_named(recurs: dict[str, str], expected: str) -> None:
    """Days of the week have names of their own; those of any other rule are the author's to say."""
    changes = {**PLAIN, f"{VISIT}/recurs": {**recurs, "starts_on": "2027-01-01"}}

    visit = worded(changes)["earning", "visit"]

    assert visit.text == f"{EARNS}. {expected} It begins on 1 January 2027."
    weekly = recurs["rrule"].startswith("FREQ=WEEKLY;BYDAY")
    assert visit.expressions == (() if weekly else (recurs["rrule"],))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("best", f"{EARNS}. Does not add to Extra: what gives most counts."),
        ("first", f"{EARNS}. Only the first of these that applies counts: visit and Extra."),
        ("stack", f"{EARNS}."),
    ],
)
def test_a_rule_names_its_rivals(mode: str, expected: str) -> None:
    """Rules of one group that can meet the same activity are told of each other; others are not."""
    changes = {
        **PLAIN,
        "/groups/0/mode": mode,
        "/earning/2": {**rival("extra", "visit.completed"), "name": "Extra"},
        "/earning/3": rival("elsewhere", "lecture.attended"),
    }

    assert worded(changes)["earning", "visit"].text == expected


def test_w_words_grow_with_the_document_and_not_with_its_square() -> None:
    """Where everything competes with everything, the first rivals are named and others counted."""
    changes = {
        **PLAIN,
        "/stacking": "best",
        f"{VISIT}/group": GONE,
        "/groups": [],
        "/earning/1": {**rival("one", "visit.completed"), "group": None},
    }
    rules = {
        f"/earning/{place}": {**rival(f"r{place}", "visit.completed"), "group": None}
        for place in range(2, 200)
    }

    parts = worded({**changes, **rules})

    assert parts["earning", "visit"].text == (
        f"{EARNS}. Does not add to one, r2, r3, r4, r5, r6, r7, r8, r9, r10 and 189 others: what "
        "gives most counts."
    )


def rival(rule_id: str, kind: str) -> dict[str, Any]:
    """Another rule of the group of the visit."""
    return {
        "id": rule_id,
        "on": [kind],
        "currency": "points",
        "award": {"type": "fixed", "amount": 5},
        "group": "bonus",
    }


def test_expressions_stand_beside_the_words() -> None:
    """What words only mention is there as it was written: conditions first, then the formula."""
    stamp = worded(UNDESCRIBED)["earning", "stamp"]

    assert stamp.text == (
        "Each purchase earns stamps, worked out each time. Under a further condition, 200 % of "
        "that. A condition applies. Fractions are dropped."
    )
    assert stamp.expressions == (
        "attributes.wait > 10",
        "activity.weekday == 7",
        "activity.quantity / 2",
    )
