"""F: what a purchase has beyond its last full amount counts for the next, in whatever order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.mechanics import remainders
from chalicelib.domain.mechanics.remaining import LineReversal
from tests.domain.building import (
    PURCHASE,
    Member,
    explained,
    fixed,
    granted,
    line,
    per_amount,
    programme,
    published,
    rule,
)

PROPERTY = settings(max_examples=200, derandomize=True, deadline=None, print_blob=True)


def carrying(amount: int = 1, per: int = 50, **parts: Any) -> Member:
    """Return a member of a programme with one rule, which carries."""
    award = {**per_amount(amount, per), "carry": True}
    return Member(programme(rule("spend", award, on=PURCHASE, **parts)))


def kept(member: Member) -> dict[str, int]:
    """Return what the account keeps of sums."""
    return {key: counter.value for key, counter in member.account.counters.items()}


def test_f_thirty_and_twenty() -> None:
    """30 give nothing yet, 20 more the point, and each says what is carried."""
    member = carrying()

    first, second = member.buy(30, "2026-02-01", name="a"), member.buy(20, "2026-02-02", name="b")

    assert [granted(each) for each in (first, second)] == [{"spend": 0}, {"spend": 1}]
    assert [explained(each)["spend"].reason for each in (first, second)] == [
        "30 of 50 is carried to the next",
        "",
    ]
    assert (member.balance.available, kept(member)) == (1, {})


def test_f_only_where_it_is_carried() -> None:
    """What is carried is told of the rules that carry, and of no other."""
    document = programme(
        rule("visit", fixed(5)),
        rule("spend", {**per_amount(1, 50), "carry": True}, on=PURCHASE),
        rule("more", per_amount(1, 50), on=PURCHASE),
        rule("unspent", {**per_amount(1, 50), "carry": True}),
    )
    member = Member(document)
    member.buy(30, "2026-02-01")

    assert remainders.carried(member.account, document) == {"spend": 30, "unspent": 0}


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_f_refunded_in_either_order(order: tuple[str, str]) -> None:
    """The point goes with the purchase that comes back first, whichever it was given for."""
    member = carrying()
    member.buy(30, "2026-02-01", name="a")
    member.buy(20, "2026-02-02", name="b")

    first = member.reverse(order[0], "2026-02-03")
    left = kept(member)
    member.reverse(order[1], "2026-02-04")

    assert first.returned == (Returned("clinic/points", 1),)
    assert left == {"carried/clinic/spend/1:50": {"a": 20, "b": 30}[order[0]]}
    assert (member.balance.available, kept(member)) == (0, {})


def test_f_new_terms_begin_anew() -> None:
    """Under another `per` a new sum begins; a late purchase counts in that of its day."""
    documents = [
        programme(rule("spend", {**per_amount(1, per), "carry": True}, on=PURCHASE))
        for per in (50, 40)
    ]
    member = Member(
        published(("2026-01-01T00:00:00Z", documents[0]), ("2026-02-10T00:00:00Z", documents[1]))
    )
    member.buy(30, "2026-02-01", name="old")
    member.buy(30, "2026-02-11", name="new")
    assert member.balance.available == 0

    member.buy(20, "2026-02-02", now="2026-02-12", name="late")

    assert member.balance.available == 1
    assert kept(member) == {"carried/clinic/spend/1:40": 30}


def test_f_only_lines_in_scope_add_up() -> None:
    """What is out of scope is not carried."""
    member = carrying(scope={"exclude": {"categories": ["rx"]}})

    member.basket("2026-02-01", line("a", 30, "tea"), line("b", 500, "rx"), name="sale")

    assert kept(member) == {"carried/clinic/spend/1:50": 30}


@pytest.mark.parametrize("beyond", [0, 30])
def test_f_what_costs_nothing_adds_nothing(beyond: int) -> None:
    """A purchase of nothing earns nothing, and what is carried stays."""
    member = carrying()
    if beyond:
        member.buy(beyond, "2026-02-01", name="a")

    nothing = member.buy(0, "2026-02-02", name="b")

    outcome = explained(nothing)["spend"]
    assert (outcome.matched, outcome.reason) == (False, "it comes to nothing")
    assert granted(nothing) == {}
    assert sum(kept(member).values()) == beyond


Cart = tuple[int, int]
steps = st.lists(
    st.tuples(st.tuples(st.integers(0, 120), st.integers(0, 120)), st.integers(0, 20)),
    min_size=1,
    max_size=6,
)


@given(steps, st.sampled_from([(1, 50), (3, 7), (100, 1), (7, 50)]), st.data())
@PROPERTY
def test_f_in_whatever_order(history: list[tuple[Cart, int]], terms: Cart, data: Any) -> None:
    """After every report and refund, there is what the sum of all that is left is worth."""
    amount, per = terms
    member = carrying(amount, per)
    total = 0
    for place in data.draw(st.permutations(range(len(history)))):
        cart, day = history[place]
        lines = [line(str(n), each) for n, each in enumerate(cart)]
        member.basket(f"2026-02-{day + 1:02d}", *lines, name=str(place), now="2026-02-25")
        total += sum(cart)
        assert member.balance.available == total * amount // per
    refunds = [(place, n) for place in range(len(history)) for n in (0, 1)]
    for place, n in data.draw(st.permutations(refunds)):
        member.reverse(str(place), "2026-02-26", LineReversal(str(n)))
        total -= history[place][0][n]
        assert member.balance.available == total * amount // per
    assert (member.balance.available, kept(member)) == (0, {})
    assert member.verdict().holds
