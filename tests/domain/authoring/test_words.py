"""A programme is told in sentences that a patient can follow, in the order of its document."""

from __future__ import annotations

from typing import Any, Final

from chalicelib.domain.authoring.words import describe
from tests.domain.authored import programme, worded

VISIT: Final = "/earning/0"
EARNS: Final = "Each completed visit earns 50 points"
PLAIN: Final[dict[str, Any]] = {f"{VISIT}/tier_percent": {}, f"{VISIT}/caps": []}


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
