"""A programme is told in sentences that a patient can follow."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.authoring.words import describe
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import text_in
from chalicelib.programmes.rendering import catalogue
from tests.domain.documents import GONE, changed

VISIT: Final = "/earning/0"
STAMP: Final = "/earning/1"
EARNS: Final = "Each completed visit earns 50 points"
ON_TIERS: Final = f"{EARNS}. In Gold, 150 % of that. Fractions are dropped."
CAPPED: Final = f"{ON_TIERS} At most 500 a month."
PLAIN: Final[dict[str, Any]] = {f"{VISIT}/tier_percent": {}, f"{VISIT}/caps": []}


class Described(NamedTuple):
    """One part of a programme as a reader gets it."""

    name: str
    text: str
    expressions: tuple[str, ...]


def worded(changes: dict[str, Any], locale: str | None = "en") -> dict[tuple[str, str], Described]:
    """The parts of a changed document in words, by kind and id."""
    return {
        (part.kind, part.id): Described(
            text_in(part.name, locale),
            catalogue().render(part.sentences, locale).text,
            part.expressions,
        )
        for part in describe(programme(changes))
    }


def programme(changes: dict[str, Any]) -> Programme:
    """The sound document with changes, as a programme."""
    validated = validate(changed(changes))
    assert validated.problems == ()
    assert validated.programme is not None
    return validated.programme


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
            f"{EARNS}. They become usable 1 day after they were earned.",
        ),
        ({**PLAIN, f"{VISIT}/activation_delay_days": 0}, f"{EARNS}."),
        (
            {
                **PLAIN,
                f"{VISIT}/activation_delay_days": 0,
                "/currencies/0/activation_delay_days": 3,
            },
            f"{EARNS}. They are usable at once.",
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


def test_a_reward_tells_its_price_and_its_limits() -> None:
    """Price, tiers, limits, stock, season and the voucher's life."""
    changes = {
        "/rewards/0/stock": 1,
        "/rewards/0/valid_until": "2027-12-31",
        "/rewards/0/voucher_valid_days": 30,
        "/rewards/0/tiers/0": "silver",
        "/rewards/0/tiers/1": "gold",
    }

    assert worded({})["reward", "parking"].text == (
        "Parking costs 100 points. For members in Gold. At most once a month for each member."
    )
    assert worded(changes)["reward", "parking"].text == (
        "Parking costs 100 points. For members in Silver or Gold. At most once a month for each "
        "member. There is 1. Until 31 December 2027. Its voucher is valid for 30 days."
    )


def test_joining_is_told_where_it_takes_something() -> None:
    """Visits and consents come first; a programme open to all says nothing."""
    enrolment = {"min_completed_visits": 1, "required_consents": ["programme", "messages"]}

    assert ("joining", "clinic") not in worded({})
    assert worded({"/enrolment": enrolment})["joining", "clinic"].text == (
        "Joining takes 1 completed visit, consent to “programme” and consent to “messages”."
    )


def test_names_are_in_the_readers_locale() -> None:
    """Names come in the locale, and so does the sentence; it is English for other languages."""
    changes = {
        **PLAIN,
        "/currencies/0/name": {"en": "points", "fa": "امتیاز", "de": "Punkte"},
        f"{VISIT}/name": {"en": "Visits", "fa": "مراجعه", "de": "Besuche"},
    }

    persian = worded(changes, "fa-IR")["earning", "visit"]
    german = worded(changes, "de-AT")["earning", "visit"]

    assert persian.name == "مراجعه"
    assert persian.text == (
        "برای هر \u2068مراجعه\u2069 \u2068\u2068۵۰\u2069 \u2068امتیاز\u2069\u2069 می‌گیرید."
    )
    assert (german.name, german.text) == ("Besuche", "Each completed visit earns 50 Punkte.")
    assert worded(changes, None)["earning", "visit"].name == "Visits"


def test_the_order_is_that_of_the_document() -> None:
    """Expiry, then rules, then tiers, then rewards, each as the document has them."""
    parts = describe(programme({"/enrolment": {"min_completed_visits": 1}}))

    assert [(part.kind, part.id) for part in parts] == [
        ("joining", "clinic"),
        ("reporting", "clinic"),
        ("expiry", "points"),
        ("expiry", "stamps"),
        ("earning", "visit"),
        ("earning", "stamp"),
        ("tier", "base"),
        ("tier", "silver"),
        ("tier", "gold"),
        ("reward", "parking"),
    ]


def test_a_programme_without_tiers_tells_of_none() -> None:
    """No ladder, no sentence about it."""
    changes = {"/tiers": GONE, f"{VISIT}/tier_percent": {}, "/rewards/0/tiers": []}

    assert not [kind for kind, _ in worded(changes) if kind == "tier"]
