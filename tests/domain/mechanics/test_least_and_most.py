"""F: the least and the most that one activity earns, and what a refund of a part leaves of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.mechanics.remaining import LineReversal
from tests.domain.building import (
    PURCHASE,
    Member,
    explained,
    granted,
    ladder,
    line,
    per_amount,
    programme,
    rule,
    visits,
)
from tests.examples import examples

PROPERTY = settings(max_examples=examples(150), derandomize=True, deadline=None, print_blob=True)


def spending(**parts: Any) -> Member:
    """Return a member who earns a point for every pound, 5 at least and 50 at most."""
    bounds = {"at_least": 5, "at_most": 50}
    return Member(programme(rule("spend", per_amount(1, 100), on=PURCHASE, **bounds, **parts)))


@pytest.mark.parametrize(
    ("amount", "points", "reason"),
    [
        (1, 5, "it comes to 0, and it gives 5 at least"),
        (499, 5, "it comes to 4, and it gives 5 at least"),
        (500, 5, ""),
        (5_000, 50, ""),
        (5_099, 50, ""),
        (5_100, 50, "it comes to 51, and it gives 50 at most"),
    ],
)
def test_f_the_least_and_the_most(amount: int, points: int, reason: str) -> None:
    """One penny earns the least, a great bill the most, and the explanation says so."""
    told = explained(spending().buy(amount, "2026-02-01"))["spend"]

    assert (told.matched, told.raw, told.granted, told.reason) == (True, points, points, reason)


def test_f_what_comes_to_nothing_earns_no_least() -> None:
    """A bill of nothing, as a line that is free, earns nothing."""
    member = spending(scope={"include": {"categories": ["tea"]}})

    free = member.basket("2026-02-01", line("a", 0, "tea"), line("b", 900, "food"))

    told = explained(free)["spend"]
    assert (told.matched, told.reason) == (False, "it comes to nothing")


def test_f_after_factors_and_before_caps() -> None:
    """Twice 3 is above the least; a cap limits even that."""
    caps = [{"window": "day", "max": 8}]
    member = spending(multipliers=[{"percent": 200}], caps=caps)

    first, second = (member.buy(300, "2026-02-01", name=name) for name in ("a", "b"))

    assert [granted(each) for each in (first, second)] == [{"spend": 6}, {"spend": 2}]
    assert explained(second)["spend"].reason == "its caps leave 2"


def test_f_after_what_a_tier_earns() -> None:
    """A tier's share is part of what the most limits."""
    document = programme(
        rule("spend", per_amount(1, 100), on=PURCHASE, at_most=12, tier_percent={"silver": 150}),
        tiers=ladder(("silver", visits(1))),
    )
    member = Member(document)
    member.visit("2026-01-20")

    assert granted(member.buy(1_000, "2026-02-01")) == {"spend": 12}


@given(st.lists(st.integers(0, 4_000), min_size=1, max_size=5), st.data())
@PROPERTY
def test_f_what_remains_is_evaluated_anew(amounts: list[int], data: Any) -> None:
    """After any refunds of lines, in any order, there is what the rest alone would have earned."""
    lines = [line(str(place), amount) for place, amount in enumerate(amounts)]
    member = spending()
    member.basket("2026-02-01", *lines, name="sale")
    rest = list(lines)
    for gone in data.draw(st.permutations(lines)):
        member.reverse("sale", "2026-02-02", LineReversal(gone.id))
        rest.remove(gone)
        alone = spending()
        if rest:
            alone.basket("2026-02-01", *rest)
        assert member.balance.available == alone.balance.available
    assert member.balance.available == 0


@given(st.integers(1, 20_000), st.lists(st.integers(1, 5_000), max_size=5))
@PROPERTY
def test_f_a_refund_is_never_a_gain(amount: int, refunds: list[int]) -> None:
    """Whatever amounts come back, points never rise, and all of it takes all of them."""
    member = spending()
    member.buy(amount, "2026-02-01", name="sale")
    held = member.balance.available
    for back in refunds:
        if back <= amount:
            amount -= back
            member.reverse("sale", "2026-02-02", amount=back)
            assert member.balance.available <= held
            held = member.balance.available
    member.reverse("sale", "2026-02-03")
    assert member.balance.available == 0
