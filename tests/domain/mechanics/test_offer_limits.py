"""F: limits of discounts by units, money, category and order, and what refunds give back."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import check_succession, validate
from chalicelib.domain.ledger.account import Counter
from chalicelib.domain.ledger.bill import Considered, WhyNot
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.quoting import ConfirmQuote
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from tests.domain.building import Member, at, line, published, reward
from tests.domain.mechanics.test_pricing import calls_for
from tests.domain.till import NOON, bought, clinic, quoted, refunded, shown, status
from tests.examples import examples

PROPERTY = settings(max_examples=examples(80), derandomize=True, deadline=None, print_blob=True)
TEN = {"type": "status", "any": ["one"], "percent": 10}
FOOD = {"categories": ["food"]}


def ten(*limits: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return 10 % off within limits."""
    return {"id": "ten", "name": "Ten", "terms": TEN, "limits": list(limits), **more}


def having(*offers: dict[str, Any], **how: Any) -> Member:
    """Return a member whom these offers are for."""
    member = Member(clinic(*offers, **how))
    shown(member, "one", "two", "three")
    return member


def told(quote: Quote, name: str = "ten") -> Considered:
    """Return what a quote says of a discount."""
    (found,) = (each for each in quote.considered if (each.source, each.id) == ("discount", name))
    return found


def off(quote: Quote) -> dict[str, int]:
    """Return what came off each line."""
    return {each.id: each.price - each.net for each in quote.lines}


def counters(member: Member) -> dict[str, int]:
    """Return what is used of limits."""
    return {name: each.value for name, each in member.account.counters.items() if "/offer:" in name}


@pytest.mark.parametrize(
    ("limits", "expected", "limited"),
    [
        # a: 2 × 300, b: 3 × 100, c: 1 × 500 of food.
        ([], {"a": 60, "b": 30, "c": 50}, ()),
        ([{"units": 6}], {"a": 60, "b": 30, "c": 50}, ()),
        ([{"units": 4}], {"a": 60, "b": 10, "c": 50}, (0,)),
        ([{"units": 2}], {"a": 30, "b": 0, "c": 50}, (0,)),
        ([{"units": 1, "of": FOOD}], {"a": 60, "b": 30, "c": 50}, ()),
        (
            [{"units": 1, "of": {"skus": ["B"]}}],
            {"a": 60, "b": 10, "c": 50},
            (0,),
        ),
        ([{"money": 140}], {"a": 60, "b": 30, "c": 50}, ()),
        ([{"money": 70}], {"a": 30, "b": 15, "c": 25}, (0,)),
        ([{"money": 10, "of": FOOD}], {"a": 60, "b": 30, "c": 10}, (0,)),
        (
            [{"units": 4}, {"money": 60}],
            {"a": 30, "b": 5, "c": 25},
            (0, 1),
        ),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_f_within_an_order(
    limits: list[dict[str, Any]],
    expected: dict[str, int],
    limited: tuple[int, ...],
    turned: bool,  # noqa: FBT001
) -> None:
    """F: the dearest units first, money in proportion, in whatever order the lines come."""
    lines = [Line("a", 600, 2), Line("b", 300, 3, "", "B"), Line("c", 500, 1, "food")]
    member = having(ten(*limits))

    made = quoted(member, *(reversed(lines) if turned else lines))

    assert off(made) == expected
    assert (told(made).limited, told(made).why_not) == (limited, None)


def test_f_what_a_percentage_is_rounded_to_is_not_limited() -> None:
    """F: 10 % of £1.04 is 10p, which a limit of 10p lets through whole."""
    member = having(ten({"money": 10}))

    made = quoted(member, line("a", 104))

    assert (off(made), told(made).limited) == ({"a": 10}, ())


@pytest.mark.parametrize("window", ["order", "month"])
def test_f_a_line_that_costs_nothing_bears_nothing(window: str) -> None:
    """F: money that a limit leaves comes off the others, to the penny."""
    member = having(ten({"money": 70, "window": window}))

    made = quoted(member, line("a", 1_000), line("b"), line("c", 500))

    assert off(made) == {"a": 47, "b": 0, "c": 23}


@pytest.mark.parametrize(
    ("limit", "carts", "expected"),
    [
        (
            {"window": "month", "money": 150},
            [1000, 1000, 1000],
            [100, 50, 0],
        ),
        (
            {"window": "lifetime", "orders": 2},
            [1000, 10, 1000],
            [100, 1, 0],
        ),
        (
            {"window": "year", "units": 2},
            [1000, 1000, 1000],
            [100, 100, 0],
        ),
    ],
)
def test_f_over_time(limit: dict[str, Any], carts: list[int], expected: list[int]) -> None:
    """F: what purchases have used is not there for the next one, and is there when time is over."""
    member = having(ten(limit))

    made = []
    for number, amount in enumerate(carts):
        made.append(quoted(member, line("1", amount), name=f"quote_{number}"))
        member.do(ConfirmQuote(member="mem_1", quote_id=f"quote_{number}"), NOON)

    assert [told(each).amount for each in made] == expected
    assert (told(made[-1]).why_not, told(made[-1]).limited) == (WhyNot("limit_reached"), (0,))
    later = quoted(member, line("1", 1000), now="2027-03-02")
    assert told(later).amount == (0 if limit["window"] == "lifetime" else 100)
    assert member.verdict().holds


@pytest.mark.parametrize(
    ("window", "kept_until"),
    [
        # Through the 31st day after it: activities are late by 30 days at the most.
        ("day", "2026-04-03T00:00:00Z"),
        ("week", "2026-04-09T00:00:00Z"),
        ("month", "2026-05-02T00:00:00Z"),
        ("year", "2027-02-01T00:00:00Z"),
        ("lifetime", None),
    ],
)
def test_f_how_long_it_is_counted(window: str, kept_until: str | None) -> None:
    """F: while discounts may go by a day of the window."""
    member = having(ten({"window": window, "money": 150}))
    bought(member, line("1", 1000))

    (counter,) = (each for name, each in member.account.counters.items() if "/offer:" in name)
    assert counter == Counter(100, None if kept_until is None else at(kept_until))


def test_f_by_the_day_of_service() -> None:
    """F: a window is that of the day by which discounts go."""
    member = having(ten({"window": "month", "money": 100}))
    bought(member, line("1", 1000), service_on="2026-02-28")

    assert told(quoted(member, line("1", 1000), name="q2")).amount == 100
    again = quoted(member, line("1", 1000), name="q3", service_on="2026-02-27")
    assert told(again).amount == 0


@pytest.mark.parametrize("window", ["day", "week", "month", "year", "lifetime"])
@given(st.integers(0, 366), st.integers(0, 366))
@PROPERTY
def test_a2_no_day_to_come_evades_a_limit(window: str, first: int, second: int) -> None:
    """A2: an order for a day to come counts today, and is remembered no longer than today's."""
    today = date(2026, 3, 2)
    member, same = (having(ten({"window": window, "orders": 1})) for _ in range(2))
    bought(same, line("1", 1000))

    bought(member, line("1", 1000), service_on=str(today + timedelta(days=first)))
    again = str(today + timedelta(days=second))

    assert counters(member) == counters(same)
    assert member.account.counters == same.account.counters
    made = quoted(member, line("1", 1000), name="q2", service_on=again)
    assert told(made).why_not == WhyNot("limit_reached")


MONEY = {"window": "lifetime", "money": 1000}
ORDERS = {"window": "lifetime", "orders": 3}
ON_FOOD, ON_TEA = ({**MONEY, "of": {"categories": [name]}} for name in ("food", "tea"))
UNITS = {"window": "month", "units": 5}


@pytest.mark.parametrize("before", list(permutations([MONEY, ORDERS, UNITS])))
@pytest.mark.parametrize("after", list(permutations([MONEY, ORDERS, UNITS, ON_FOOD], 3)))
def test_f_what_is_used_counts_for_what_it_was_used_of(
    before: tuple[dict[str, Any], ...], after: tuple[dict[str, Any], ...]
) -> None:
    """F: money counts as money and orders as orders, wherever a next version has its limits."""
    first, second = clinic(ten(*before)), clinic(ten(*after))
    if check_succession(first, second):
        # The limit on food would take the place of that on all lines.
        assert ON_FOOD in after
        return
    member = Member(published(("2020-01-01", first), ("2026-03-02", second)))
    shown(member, "one", now="2026-03-01")
    bought(member, line("1", 2_000, quantity=2), now="2026-03-01")

    quote = quoted(member, line("1", 2_000, quantity=2), name="q2")

    used = {count.most: member.account.counter(count.counter) for count in quote.offers[0].counts}
    had = {1000: 200, 3: 1, 5: 2}
    assert used == {most: had[most] for most in used}
    assert told(quote).amount == 200


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ([MONEY], [ORDERS, MONEY], False),
        ([MONEY, ORDERS], [ORDERS], False),
        ([MONEY, ON_FOOD], [MONEY], False),
        ([MONEY, ON_FOOD], [MONEY, ON_TEA], False),
        ([MONEY, ON_FOOD], [ORDERS, MONEY, UNITS, ON_FOOD, ON_TEA], False),
        ([MONEY], [{**MONEY, "money": 5}], False),
        ([MONEY], [ON_FOOD], False),
        ([MONEY, {**MONEY, "money": 5}], [{**MONEY, "money": 5}, MONEY], False),
        ([MONEY, ON_FOOD], [ON_FOOD], True),
        ([MONEY, ON_FOOD], [ON_FOOD, MONEY], True),
        ([MONEY, ON_FOOD], [ON_TEA], True),
        ([MONEY], [ON_FOOD, MONEY], True),
        ([{**MONEY, "window": "order"}, ON_FOOD], [ON_FOOD], False),
    ],
)
def test_f_what_would_count_for_another_limit_is_refused(
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    refused: bool,  # noqa: FBT001
) -> None:
    """F: of several limits of one measure and window, each stays where it is among them."""
    other = status("two", 5)

    found = check_succession(clinic(ten(*before)), clinic(other, ten(*after)))

    assert [each.pointer for each in found] == ["/discounts/offers/1/limits"] * refused
    assert all("`money`" in each.detail and "`lifetime`" in each.detail for each in found)


def test_f_two_quotes_for_the_same_room() -> None:
    """F: the second of two that would use the last of a limit is refused, and takes nothing."""
    member = having(ten({"window": "month", "money": 150}))
    for name in ("quote_1", "quote_2"):
        quoted(member, line("1", 1000), name=name)
    member.do(ConfirmQuote(member="mem_1", quote_id="quote_1"), NOON)

    refusal = member.refused(ConfirmQuote(member="mem_1", quote_id="quote_2"), NOON)

    assert (refusal.code, refusal.extensions["available"]) == ("quote_stale", 50)
    assert list(counters(member).values()) == [100]


def test_f_what_comes_back_gives_its_room_back() -> None:
    """F: by parts, and the order counts until nothing that it was for is kept."""
    limits = [
        {"window": "month", "money": 1000},
        {"window": "month", "units": 10},
        {"window": "month", "orders": 3},
    ]
    member = having(ten(*limits))
    purchase = bought(member, Line("a", 1000, 4), line("b", 500))
    assert sorted(counters(member).values()) == [1, 5, 150]

    command = ReverseActivity(
        member="mem_1", version=purchase.version, lines=(LineReversal("a", quantity=1),)
    )
    member.do(command, NOON)
    assert sorted(counters(member).values()) == [1, 4, 125]
    refunded(member, purchase, "a")
    assert sorted(counters(member).values()) == [1, 1, 50]
    refunded(member, purchase, "b")

    assert counters(member) == {}
    assert member.verdict().holds


def test_f_of_a_window_that_is_over_nothing_comes_back() -> None:
    """F: what was counted then is forgotten, and gives this month no room."""
    member = having(ten({"window": "month", "money": 150}))
    purchase = bought(member, line("1", 1000))
    later = "2026-07-02"
    bought(member, line("1", 1000), now=later, name="quote_2")

    refunded(member, purchase, now=later)

    assert list(counters(member).values()) == [100]


@pytest.mark.parametrize(("kept", "used"), [(999, []), (1000, [100])])
def test_f_under_the_least_bill_it_uses_nothing(kept: int, used: list[int]) -> None:
    """F: a discount that a refund has taken back leaves its limit open."""
    member = having(ten({"window": "month", "money": 250}, min_bill=1000))
    purchase = bought(member, line("a", 600), line("b", kept))

    refunded(member, purchase, "a")

    assert list(counters(member).values()) == used


@pytest.mark.parametrize(
    ("limit", "offs"),
    [
        ({"money": 700}, [500, 200]),
        ({"units": 1}, [500, 0]),
        # Of four units the first is for all, and the second for as many as it leaves.
        ({"units": 4}, [500, 0]),
        ({"units": 5}, [500, 500]),
        ({"orders": 1}, [500, 500]),
    ],
)
def test_f_two_vouchers_share_a_limit(limit: dict[str, Any], offs: list[int]) -> None:
    """F: of two vouchers of one offer the second has what the first leaves."""
    terms = {"type": "voucher", "reward": "off", "amount": 500}
    offer = {"id": "off", "name": "Off", "terms": terms, "limits": [limit]}
    member = Member(clinic(offer, rewards=[reward("off", 1)], stacking="additive"))
    member.adjust(9, NOON)
    vouchers = tuple(member.redeem("off", NOON).id for _ in range(2))

    made = quoted(member, line("1", 2000, quantity=4), vouchers=vouchers)

    assert [each.amount for each in made.considered if each.redemption] == offs


@given(
    st.lists(
        st.tuples(st.integers(0, 3_000), st.integers(1, 5), st.sampled_from(["food", "tea"])),
        min_size=1,
        max_size=5,
    ),
    st.lists(
        st.one_of(
            st.fixed_dictionaries({"money": st.integers(1, 200)}, optional={"of": st.just(FOOD)}),
            st.fixed_dictionaries({"units": st.integers(1, 6)}, optional={"of": st.just(FOOD)}),
            st.fixed_dictionaries(
                {"money": st.integers(1, 300), "window": st.sampled_from(["day", "lifetime"])}
            ),
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["best_of", "additive", "sequential"]),
    st.sampled_from(["floor", "ceiling", "half_up", "half_even"]),
    st.randoms(use_true_random=False),
)
@PROPERTY
def test_f_never_more_than_a_limit(
    cart: list[tuple[int, int, str]],
    limits: list[dict[str, Any]],
    stacking: str,
    rounding: str,
    chance: Any,
) -> None:
    """F: whatever else comes off, in whatever order the lines come, over two purchases."""
    offers = (ten(*limits), status("two", 3), status("three", 7))
    member = having(*offers, stacking=stacking, rounding=rounding)
    free = having(*(ten(), *offers[1:]), stacking=stacking, rounding=rounding)
    lines = [Line(f"l{n}", *each) for n, each in enumerate(cart)]
    shuffled = list(lines)
    chance.shuffle(shuffled)

    one, other = quoted(member, *lines), quoted(member, *shuffled)
    purchases = [bought(member, *lines), bought(member, *lines, name="quote_2")]

    assert {each.id: each for each in one.lines} == {each.id: each for each in other.lines}
    assert one.net >= quoted(free, *lines).net
    bills = [each.detail.bill for each in purchases if each.detail and each.detail.bill]
    for limit in limits:
        if "money" not in limit:
            continue
        taken = [
            sum(
                amount
                for each in bill.lines
                if "of" not in limit or each.category == "food"
                for _, name, amount in each.off
                if name == "ten"
            )
            for bill in bills
        ]
        most = [sum(taken)] if "window" in limit else taken
        assert all(each <= limit["money"] for each in most)
    for purchase in purchases:
        refunded(member, purchase)
    assert counters(member) == {}
    assert member.verdict().holds


def test_f_cost_does_not_follow_quantities() -> None:
    """F: a line of a thousand million units costs as much to quote as one of a million."""
    limits = ({"units": 10**9}, {"window": "month", "money": 10**9})
    work = []
    for quantity in (10**6, 10**9):
        member = having(ten(*limits))
        made = quoted(member, Line("1", 10**9, quantity))
        assert told(made).amount == 10**8
        work.append(calls_for(member, Line("1", 10**9, quantity)))

    assert work[0] == work[1]


@pytest.mark.parametrize(
    ("limit", "pointer"),
    [
        ({}, ""),
        ({"money": 1, "units": 1}, ""),
        ({"orders": 1}, "/window"),
        ({"window": "fortnight", "orders": 1}, "/window"),
        ({"units": 0}, "/units"),
    ],
)
def test_f_what_is_no_limit(limit: dict[str, Any], pointer: str) -> None:
    """F: a limit is on one thing, and on orders over some time."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [{"id": "points", "name": "points", "expiry": {"type": "never"}}],
        "statuses": [{"id": "one", "name": "One"}],
        "discounts": {"offers": [ten(limit)]},
    }

    found = [each.pointer for each in validate(document).problems]

    assert found == [f"/discounts/offers/0/limits/0{pointer}"]


def test_f_all_limits_together_are_bounded() -> None:
    """F: a quote looks at each, so there are 100 in a document at the most."""
    limits = [{"units": n + 1} for n in range(5)]
    offers = [{**ten(*limits), "id": f"o{n}"} for n in range(21)]
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [{"id": "points", "name": "points", "expiry": {"type": "never"}}],
        "statuses": [{"id": "one", "name": "One"}],
        "discounts": {"offers": offers},
    }

    assert [each.pointer for each in validate(document).problems] == ["/discounts/offers/20/limits"]
    document["discounts"] = {"offers": offers[:20]}
    assert not validate(document).problems
