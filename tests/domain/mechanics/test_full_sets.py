"""F: buy some, get some: the cheapest of each full set, whatever the order, and what comes back."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.ledger.bill import Reclaimed, WhyNot
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.full_sets import Sets, dearest_first
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from tests.domain.building import Member, line
from tests.domain.mechanics.test_pricing import calls_for
from tests.domain.till import NOON, bought, clinic, quoted, refunded, shown, status
from tests.examples import examples

PROPERTY = settings(max_examples=examples(100), derandomize=True, deadline=None, print_blob=True)


def sets(buy: int = 2, get: int = 1, percent: int = 100, **more: Any) -> dict[str, Any]:
    """Return an offer for full sets."""
    terms = {"type": "buy_get", "buy": buy, "get": get, "percent": percent}
    return {"id": "sets", "name": "Sets", "terms": terms, **more}


def off(quote: Quote) -> dict[str, int]:
    """Return what came off each line off which something did."""
    return {each.id: each.price - each.net for each in quote.lines if each.price > each.net}


def told(quote: Quote) -> WhyNot | None:
    """Return why nothing came off."""
    (found,) = (each for each in quote.considered if (each.source, each.id) == ("discount", "sets"))
    return found.why_not


@pytest.mark.parametrize(
    ("terms", "cart", "expected"),
    [
        ((2, 1), [(300, 1), (200, 1), (100, 1)], {"2": 100}),
        # Sets of the dearest: 600, 500, 400 and 300, 200, 100.
        ((2, 1), [(n * 100, 1) for n in range(1, 7)], {"3": 400, "0": 100}),
        # What is beyond the last full set costs its price, the cheapest.
        ((2, 1), [(300, 1), (200, 1), (100, 1), (10, 2)], {"2": 100}),
        ((1, 1), [(300, 1), (100, 1)], {"1": 100}),
        ((1, 2), [(300, 1), (200, 1), (100, 1)], {"1": 200, "2": 100}),
        # Units of one line and of several.
        ((2, 1), [(900, 3)], {"0": 300}),
        ((2, 1), [(700, 7)], {"0": 200}),
        ((2, 1), [(800, 4), (300, 2)], {"0": 200, "1": 150}),
        ((2, 1, 50), [(900, 3)], {"0": 150}),
        # A third of a penny is not given.
        ((2, 1), [(100, 3)], {"0": 33}),
        ((100, 100), [(200, 200)], {"0": 100}),
        ((2, 1), [(0, 3), (300, 3)], {"1": 100}),
        ((2, 1), [(300, 2), (1, 1)], {"1": 1}),
        # What costs nothing makes no set full.
        ((1, 2), [(300, 2), (0, 1)], {}),
        ((1, 2), [(300, 3), (0, 2)], {"0": 200}),
    ],
)
def test_f_the_cheapest_of_each_full_set(
    terms: tuple[int, ...], cart: list[tuple[int, int]], expected: dict[str, int]
) -> None:
    """F: sets are made of the dearest units first, however they lie in lines."""
    lines = [Line(str(n), amount, quantity) for n, (amount, quantity) in enumerate(cart)]
    member = Member(clinic(sets(*terms)))

    for turned in (lines, lines[::-1]):
        assert off(quoted(member, *turned)) == expected


def test_f_too_few_and_out_of_scope() -> None:
    """F: below one set, and of other lines, nothing comes off, and why is told."""
    member = Member(clinic(sets(scope={"include": {"categories": ["food"]}})))

    few = quoted(member, Line("1", 200, 2, "food"), Line("2", 100, 1, "drink"))
    none = quoted(member, Line("1", 300, 3, "drink"))

    assert (off(few), told(few)) == ({}, WhyNot("too_few_units", there=2, needed=3))
    assert (off(none), told(none)) == ({}, WhyNot("not_in_scope"))


def test_f_what_is_free_makes_no_set() -> None:
    """F: a unit that an entitlement pays for is not counted."""
    member = Member(clinic(sets()))
    grant = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=1, reason="kindness"
    )
    member.do(grant, NOON)

    assert told(quoted(member, Line("1", 300, 3, "tea"))) == WhyNot(
        "too_few_units", there=2, needed=3
    )
    assert off(quoted(member, Line("1", 400, 4, "tea")))["1"] == 100


def test_f_with_limits_and_a_least_bill() -> None:
    """F: sets are of the units that a limit leaves, from the least bill on."""
    member = Member(clinic(sets(limits=[{"units": 6}], min_bill=900)))

    assert off(quoted(member, Line("1", 900, 9))) == {"1": 200}
    assert off(quoted(member, Line("1", 899, 9))) == {}
    member = Member(clinic(sets(limits=[{"money": 150}])))
    assert off(quoted(member, Line("1", 900, 9))) == {"1": 150}


def test_f_beside_other_discounts() -> None:
    """F: it goes together with others as any discount does: the best of them on each line."""
    member = Member(clinic(sets(), status("one", 10)))
    shown(member, "one")

    assert off(quoted(member, *(line(str(n), 100) for n in range(3)))) == {
        "0": 10,
        "1": 10,
        "2": 100,
    }


@pytest.mark.parametrize(("least", "told"), [(199, None), (200, None), (201, 201)])
def test_f_why_it_is_kept_back(least: int, told: int | None) -> None:
    """F: for the least bill where that is missed, else where there is no full set."""
    member = Member(clinic(sets(min_bill=least)))
    purchase = bought(member, *(line(each, 100) for each in "abc"))

    bill = refunded(member, purchase, "a")

    assert bill.reclaimed == (Reclaimed("sets", told, 200, 100),)
    assert bill.due == 0


@pytest.mark.parametrize("stacking", ["best_of", "additive", "sequential"])
@pytest.mark.parametrize(("percent", "back"), [(100, 0), (50, 40), (25, 60)])
def test_f_what_others_made_cheaper_comes_to_be_free(
    stacking: str, percent: int, back: int
) -> None:
    """F: a set that moves to another line takes off that what there is to pay, and no more."""
    other = status("one", percent, scope={"include": {"categories": ["food"]}})
    member = Member(clinic(sets(1), other, stacking=stacking))
    shown(member, "one")
    purchase = bought(member, line("a", 100), line("b", 90), line("c", 80, "food"))

    # b was free, and now c is: the dearest is paid for.
    assert refunded(member, purchase, "b").due == back


def test_f_two_sets_that_move_to_one_line() -> None:
    """F: what one of them makes free costs nothing for the other to take off."""
    ours, theirs = (
        {**sets(1, 1, percent), "id": name, "scope": {"include": {"categories": [name, "both"]}}}
        for name, percent in (("food", 100), ("drink", 50))
    )
    member = Member(clinic(ours, theirs))
    there = {"food": (100, 95), "drink": (100, 95), "both": (80,)}
    cart = [line(f"{each}{n}", n, each) for each, prices in there.items() for n in prices]
    purchase = bought(member, *cart)

    assert refunded(member, purchase, "food95").due == 80
    # 48 were paid for it; what is free already is not 40 less by the other one.
    assert refunded(member, purchase, "drink95").due == 48


def test_f_two_sets_that_stay_on_one_line() -> None:
    """F: what both took off a line they take off it still, when another set ends."""
    offers = ({**sets(1, 1, 50), "id": name} for name in ("one", "two"))
    member = Member(clinic(*offers, stacking="additive"))
    cart = [line("a", 100), line("b", 90), line("c", 50), line("d", 40)]
    purchase = bought(member, *cart)

    # a and d are paid for, and b is free; of c 50 were paid, and nothing of d.
    assert refunded(member, purchase, "c").due == 10


lines_of = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 4)), min_size=1, max_size=5)
terms_of = st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from([100, 50, 33]))


@given(lines_of, terms_of)
@PROPERTY
def test_f_as_counted_one_by_one(cart: list[tuple[int, int]], terms: tuple[int, int, int]) -> None:
    """F: the same comes off as where every unit is laid out and counted."""
    lines = [Line(str(n), amount, units) for n, (amount, units) in enumerate(cart)]
    buy, get, percent = terms
    single = [(-each.amount / each.quantity, each.id) for each in lines if each.amount]
    laid = sorted(each for each in single for _ in range(lines[int(each[1])].quantity))
    free = [0] * len(lines)
    for place in range(len(laid) // (buy + get) * (buy + get)):
        if place % (buy + get) >= buy:
            free[int(laid[place][1])] += 1

    found = Sets(*terms).off(dearest_first(lines))

    expected = {
        each.id: each.amount * count * percent // (each.quantity * 100)
        for each, count in zip(lines, free, strict=True)
    }
    assert found == {name: amount for name, amount in expected.items() if amount}
    assert found == Sets(*terms).off(dearest_first(lines[::-1]))


def test_f_cost_does_not_follow_quantities() -> None:
    """F: a thousand million units cost as much to quote as three million."""
    work = []
    for quantity in (3_000_000, 999_999_999):
        member = Member(clinic(sets()))
        assert off(quoted(member, Line("1", 3 * quantity, quantity))) == {"1": quantity}
        work.append(calls_for(member, Line("1", 3 * quantity, quantity)))

    assert work[0] == work[1]


# ── What comes back ──


@pytest.mark.parametrize(
    ("order", "back"),
    [
        # Two are kept, and two are what was paid for.
        ("abc", [0, 100, 100]),
        ("cab", [0, 100, 100]),
        ("bca", [0, 100, 100]),
    ],
)
def test_f_a_set_that_is_not_full_any_more(order: str, back: list[int]) -> None:
    """F: of three for two, giving one back leaves two at their price, whichever it is."""
    member = Member(clinic(sets()))
    purchase = bought(member, *(line(name, 100) for name in "abc"))
    assert purchase.detail is not None
    assert purchase.detail.bill is not None
    assert purchase.detail.bill.due == 200

    bills = [refunded(member, purchase, name) for name in order]

    assert [each.due for each in bills] == back
    assert member.verdict().holds


def test_f_the_refund_says_so() -> None:
    """F: the statement names the discount and what is kept back; of no least bill."""
    member = Member(clinic(sets()))
    purchase = bought(member, line("a", 300), line("b", 200), line("c", 100), line("d", 50))

    bill = refunded(member, purchase, "a")

    # b, c and d are a set: the cheapest of them is d, and c was free before.
    (told_,) = bill.reclaimed
    assert (told_.discount, told_.min_bill, told_.kept, told_.amount) == ("sets", None, 350, 50)
    assert bill.due == 250


def test_f_units_of_one_line() -> None:
    """F: the same by units: six for four, which come back one by one."""
    member = Member(clinic(sets()))
    purchase = bought(member, Line("a", 900, 6))

    back = []
    for _ in range(6):
        command = ReverseActivity(
            member="mem_1", version=purchase.version, lines=(LineReversal("a", quantity=1),)
        )
        event = member.do(command, NOON).events[-1]
        assert event.detail is not None
        assert event.detail.bill is not None
        back.append(event.detail.bill.due)

    # What five, four, three, two, one and none cost.
    assert [600 - sum(back[: n + 1]) for n in range(6)] == [600, 450, 300, 300, 150, 0]


@given(st.lists(st.integers(1, 999), min_size=2, max_size=5), st.data())
@settings(max_examples=examples(100), derandomize=True)
def test_f_an_amount_leaves_its_sets(prices: list[int], data: st.DataObject) -> None:
    """F: where money alone comes back every unit is kept, and so is every full set."""
    member = Member(clinic(sets()))
    cart = [Line(str(place), price, 2) for place, price in enumerate(prices)]
    purchase = bought(member, *cart)
    assert purchase.detail is not None
    assert purchase.detail.bill is not None
    counted = sum(line.counted for line in purchase.detail.bill.lines)
    amount = data.draw(st.integers(1, counted - 1))

    command = ReverseActivity(member="mem_1", version=purchase.version, amount=amount)
    event = member.do(command, NOON).events[-1]

    assert event.detail is not None
    assert event.detail.bill is not None
    assert event.detail.bill.reclaimed == ()


@given(lines_of, terms_of, st.data())
@PROPERTY
def test_f_the_parts_of_a_refund_sum_to_what_was_paid(
    cart: list[tuple[int, int]], terms: tuple[int, int, int], data: Any
) -> None:
    """F: in any order no refund is below zero, and at any time what is kept costs no more."""
    member = Member(clinic(sets(*terms)))
    lines = [Line(f"l{n}", amount, units) for n, (amount, units) in enumerate(cart)]
    purchase = bought(member, *lines)
    assert purchase.detail is not None
    assert purchase.detail.bill is not None
    cost = purchase.detail.bill.net
    kept = {each.id: each for each in lines}

    for each in data.draw(st.permutations(lines)):
        bill = refunded(member, purchase, each.id) if each.amount or cost else None
        del kept[each.id]
        if bill is not None:
            assert bill.due >= 0
            cost -= bill.due
        alone = quoted(Member(clinic(sets(*terms))), *kept.values()).net if kept else 0
        assert cost <= alone

    assert cost == 0


def test_f_no_order_of_refunds_brings_more() -> None:
    """F: whichever two of five come back first, the same is left of the price, or less."""
    for pair in permutations("abcde", 2):
        member = Member(clinic(sets()))
        prices = dict(zip("abcde", (500, 400, 300, 200, 100), strict=True))
        purchase = bought(member, *(line(name, price) for name, price in prices.items()))
        back = sum(refunded(member, purchase, name).due for name in pair)
        kept = sorted((prices[name] for name in prices if name not in pair), reverse=True)

        assert 1200 - back == sum(kept) - kept[2]
