"""Why something takes nothing off a bill: in English from code, elsewhere from message files."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, get_args

import pytest

from chalicelib.domain import mechanics
from chalicelib.domain.authoring import why_not
from chalicelib.domain.ledger.bill import Considered, Reason, WhyNot
from chalicelib.domain.mechanics import nothing_off
from chalicelib.programmes.language import LOCALES
from chalicelib.programmes.rendering import catalogue
from tests.domain.building import programme, reward, visits

TIER = {"id": "gold", "qualify": visits(1), "name": {each: f"Gold {each}" for each in LOCALES}}
DOCUMENT = programme(
    tiers={"window": "lifetime", "levels": [{"id": "base", "name": "Base"}, TIER]},
    rewards=[reward("tea", 1) | {"name": "A tea"}],
    discounts={
        "offers": [
            {
                "id": "ten",
                "name": "Ten",
                "terms": {"type": "dates", "days": ["05-04"], "percent": 10},
                "limits": [
                    {"money": 1_250},
                    {"units": 3, "window": "year"},
                    {"orders": 2, "window": "lifetime"},
                    {"units": 1, "of": {"categories": ["food"], "skus": ["D3"]}},
                    {"money": 50, "of": {"skus": ["D3"]}, "window": "month"},
                ],
            }
        ]
    },
)
LIMITS = {
    (): "",
    (0,): "at most 12.50 GBP off an order",
    (1, 2): "at most 3 units a year; in at most 2 orders in all",
    (3,): "at most 1 unit of food, D3 an order",
    (4,): "at most 0.50 GBP off D3 a month",
}
SAID = {
    WhyNot("already_free"): "what is in its scope is free",
    WhyNot("below_min_bill", there=2_999, needed=3_000): (
        "it takes a bill of 30.00 GBP, and 0.01 GBP is missing"
    ),
    WhyNot("comes_to_nothing"): "it comes to nothing",
    WhyNot("excluded"): "it was excluded",
    WhyNot("for_others"): "these prices are for others",
    WhyNot("goods_only"): "it takes nothing off: it stands for something else",
    WhyNot("held_until", day="2026-03-01"): "it held through 2026-03-01",
    WhyNot("household_not_spent", needed=50_000): "the household has not spent 500.00 GBP yet",
    WhyNot("household_too_small", there=2, needed=3): "the household is of 2; needed: 3",
    WhyNot("limit_reached"): "its limit is reached: at most 12.50 GBP off an order",
    WhyNot("no_household"): "the member belongs to no household",
    WhyNot("no_lower_price"): "it has no lower price for these lines",
    WhyNot("no_status", day="2026-03-01"): "no status of it holds on 2026-03-01",
    WhyNot("none_left"): "none of it is left",
    WhyNot("not_entitled"): "the member does not have it",
    WhyNot("not_in_scope"): "no line is in its scope",
    WhyNot("not_at_location"): "it is for other locations",
    WhyNot("not_on_day", day="2026-03-01"): "2026-03-01 is none of its days",
    WhyNot("not_spent", there=999, needed=1_000): "9.99 GBP of 10.00 GBP is spent",
    WhyNot("not_spent_in_window", needed=1_000): "10.00 GBP was not yet spent in its window",
    WhyNot("nothing_due"): "nothing is left to pay",
    WhyNot("other_programme", "spa"): "it is a voucher of spa",
    WhyNot("others_gave_more"): "others gave more",
    WhyNot("policy_forbids", "CA-BC-RX"): "the law does not allow it: CA-BC-RX",
    WhyNot("presented_twice"): "it is presented already",
    WhyNot("role_not_named", "child"): "it is not for the role child",
    WhyNot("steps_too_large"): "it pays in steps that are more than its share of the bill",
    WhyNot("tier_not_named", "gold"): "it is not for the tier Gold en",
    WhyNot("too_few_units", there=1, needed=3): "a set is of 3 units; there: 1",
    WhyNot("too_little_asked", there=60, needed=100): ("60 are asked for, and 100 are the least"),
    WhyNot("too_little_there", there=9, needed=10): (
        "9 are there to pay with, and 10 are the least"
    ),
    WhyNot("voucher_needed", "tea"): "it takes a voucher of A tea",
}


def given() -> dict[str, set[frozenset[str]]]:
    """Return with what beside itself the mechanics give each reason."""
    found: dict[str, set[frozenset[str]]] = {}
    for file in sorted(Path(mechanics.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "WhyNot":
                (reason, *name), more = node.args, {each.arg or "" for each in node.keywords}
                beside = frozenset(more | ({"name"} if name else set()))
                for each in ast.walk(reason):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        found.setdefault(each.value, set()).add(beside)
    return found


def test_every_reason_is_tried() -> None:
    """A new one gets words, and a line above that has what the mechanics give it."""
    tried = {
        each.reason: {
            frozenset(name for name in ("name", "day", "there", "needed") if getattr(each, name))
        }
        for each in SAID
    }

    assert tried.keys() == set(get_args(Reason))
    assert given() == tried


@pytest.mark.parametrize("why", SAID, ids=lambda why: str(why.reason))
def test_each_reason_in_words(why: WhyNot) -> None:
    """Exactly in English, and in every other language in words of its own."""
    limited = (0,) if why.reason == "limit_reached" else ()
    considered = Considered("discount", "ten", why_not=why, limited=limited)

    assert nothing_off.in_english(considered, DOCUMENT) == SAID[why]

    said = why_not.of_considered(DOCUMENT, considered)
    rendered = {each: catalogue().render(said, each) for each in LOCALES}
    assert all(each.translated for each in rendered.values())
    assert [each.text for each in rendered.values()].count(rendered["en"].text) == 1


@pytest.mark.parametrize("limited", LIMITS)
def test_each_limit_in_words(limited: tuple[int, ...]) -> None:
    """Those that made a discount less, in their order."""
    considered = Considered("discount", "ten", amount=1, limited=limited)

    assert nothing_off.in_english(considered, DOCUMENT) == ""
    assert why_not.of_considered(DOCUMENT, considered) == ()
    assert nothing_off.limits_in_english(considered, DOCUMENT) == LIMITS[limited]
    messages: Any = why_not.of_limits(DOCUMENT, considered)
    assert len(messages) == len(limited) + sum(place > 2 for place in limited)
