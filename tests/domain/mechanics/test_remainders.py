"""F: what a purchase has beyond its last full amount counts for the next, in whatever order."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.mechanics import remainders
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    Member,
    explained,
    fixed,
    granted,
    ladder,
    line,
    per_amount,
    points,
    programme,
    published,
    rule,
)
from tests.examples import examples

PROPERTY = settings(max_examples=examples(200), derandomize=True, deadline=None, print_blob=True)


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


@pytest.mark.parametrize("carry", [True, False])
@pytest.mark.parametrize("order", [("a", "cut"), ("cut", "a")])
def test_m4_a_deduction_of_the_tills_own(order: tuple[str, str], *, carry: bool) -> None:
    """M4: of 10.00 less 6.00 both come back, in either order: no debt is left, nor a gain."""
    member = Member(programme(rule("spend", {**per_amount(1, 50), "carry": carry}, on=PURCHASE)))
    member.basket("2026-02-01", line("a", 1_000), line("cut", -600), name="s")
    assert member.balance.available == 8

    for each in order:
        member.reverse("s", "2026-02-02", LineReversal(each))

    assert (member.account.balances, kept(member), member.account.metrics) == ({}, {}, {})


def test_m4_what_a_refund_left_is_the_most_that_counts() -> None:
    """M4: a deduction that is taken back brings nothing, and later refunds go by the lower sum."""
    member = carrying()
    member.basket("2026-02-01", line("a", 1_000), line("cut", -600), line("b", 500), name="s")

    back = [
        member.reverse("s", "2026-02-02", LineReversal(each)).returned for each in ("b", "cut", "a")
    ]

    assert [[each.amount for each in one] for one in back] == [[10], [], [8]]
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
LADDERS: Final = [None, "calendar_year", "lifetime", "rolling", "calendar_month", "anniversary"]
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


signed = st.lists(
    st.lists(st.integers(-60, 120), min_size=1, max_size=3), min_size=1, max_size=4
).map(lambda carts: [cart for cart in carts if sum(cart) >= 0] or [[50, -20]])


@given(signed, st.sampled_from([(1, 50), (3, 7)]), st.sampled_from(LADDERS), st.data())
@PROPERTY
def test_m4_signed_lines_in_whatever_order(
    carts: list[list[int]], terms: Cart, window: str | None, data: Any
) -> None:
    """
    M4: when every line has come back nothing is left, owed or counted, and no refund is a gain.

    Meanwhile no day and no month has earned less than nothing, and each sum is that of its parts.
    """
    member = Member(earning_by(window, terms), joined="2025-10-01")
    days = data.draw(st.lists(st.sampled_from(_DAYS), min_size=len(carts), max_size=len(carts)))
    for place, (cart, day) in enumerate(zip(carts, days, strict=True)):
        lines = [line(str(n), each) for n, each in enumerate(cart)]
        member.basket(day, *lines, name=str(place), now=_TOLD)
    refunds = [(place, n) for place, cart in enumerate(carts) for n in range(len(cart))]
    for place, n in data.draw(st.permutations(refunds)):
        before = member.balance.available
        member.reverse(str(place), _TOLD, LineReversal(str(n)))
        assert member.balance.available <= before
        assert_days_add_up(member)

    assert (member.account.balances, kept(member), member.account.metrics) == ({}, {}, {})
    assert member.verdict().holds


_DAYS: Final = ["2025-11-20", "2025-12-20", "2025-12-31", "2026-01-01", "2026-01-10", "2026-01-12"]
_TOLD: Final = "2026-01-12T18:00:00Z"


def earning_by(window: str | None, terms: tuple[int, int] = (1, 50), **parts: Any) -> Programme:
    """Return a programme with one rule, which carries, and a tier by what it gives."""
    need = {"all": [{"metric": "points_earned", "at_least": 1, "currency": "points"}]}
    return programme(
        rule("spend", {**per_amount(*terms), "carry": True}, on=PURCHASE),
        tiers=None if window is None else ladder(("silver", need), window=window),
        backdate_limit_days=60,
        **parts,
    )


def assert_days_add_up(member: Member) -> None:
    """Check that nothing that was earned is below zero, and that days and months add up."""
    earned = member.account.metrics.get("clinic/points_earned/points", {"all": 0})
    assert min(earned.values()) >= 0
    months = {name: n for name, n in earned.items() if len(name) == len("2026-01")}
    assert sum(months.values()) == earned["all"]
    for month, amount in months.items():
        in_days = [n for name, n in earned.items() if name.startswith(f"{month}-")]
        assert sum(in_days) <= amount


def test_m4_the_day_that_has_it_gives_it_back() -> None:
    """M4: 30 in March came to a point with 20 in April: with the 30 it goes from April."""
    member = Member(earning_by("rolling"))
    member.buy(30, "2026-03-01", name="a")
    member.buy(20, "2026-04-01", name="b")
    assert member.enrolment.tier == "silver"

    member.reverse("a", "2026-04-02")

    assert "clinic/points_earned/points" not in member.account.metrics
    assert member.enrolment.tier == "base"


def test_m4_its_own_day_first_and_then_the_latest() -> None:
    """M4: of 3 points of March, 2 of April and 1 of May, 4 of March go: 3 of it, and May's."""
    member = Member(earning_by("rolling"))
    member.buy(199, "2026-03-01", name="a")
    member.buy(101, "2026-04-01", name="b")
    member.buy(50, "2026-05-01", name="c")

    member.reverse("a", "2026-05-02")

    assert member.account.metrics["clinic/points_earned/points"] == {
        "2026-04-01": 3,
        "2026-04": 3,
        "all": 3,
    }


def test_m4_a_tier_of_another_year_is_lost_with_what_it_was_for() -> None:
    """M4: 30 of December and 20 of January: without the 30, January has earned nothing."""
    member = Member(earning_by("calendar_year"), joined="2025-10-01")
    member.buy(30, "2025-12-20", name="a")
    member.buy(20, "2026-01-10", name="b")
    assert member.enrolment.tier == "silver"

    member.reverse("a", "2026-01-12")

    assert member.enrolment.tier == "base"
    assert member.seen("2027-01-02").enrolments["clinic"].tier == "base"


@pytest.mark.parametrize(
    ("sale", "left"), [("late", {}), ("old", {"2028-11": 1, "all": 1}), ("new", {"all": 1})]
)
def test_m4_of_months_that_are_forgotten_only_the_sum_is_known(
    sale: str, left: dict[str, int]
) -> None:
    """M4: what was given three years ago is taken of the sum, and of no month that is there."""
    member = Member(earning_by(None))
    member.buy(30, "2026-03-01", name="x")
    member.buy(20, "2026-03-02", name="old")
    if sale == "late":
        member.buy(30, "2028-11-01", name="late")
        member.reverse("x", "2028-11-17")
    else:
        member.buy(50, "2028-11-01", name="new")

    member.reverse(sale, "2028-11-17")

    assert member.account.metrics.get("clinic/points_earned/points", {}) == left


def test_m4_of_the_oldest_month_that_is_known() -> None:
    """M4: its own month is 31 months ago, and still there: the next one has the point."""
    member = Member(earning_by(None))
    member.buy(30, "2026-04-01", name="a")
    member.buy(20, "2026-05-01", name="b")

    member.reverse("a", "2028-11-17")

    assert "clinic/points_earned/points" not in member.account.metrics


@pytest.mark.parametrize(
    ("order", "ends", "tier"), [("ab", "2026-04-20", "silver"), ("ba", "2026-03-30", "base")]
)
def test_f_which_purchase_brings_a_unit_is_told_by_the_reports(
    order: str, ends: str, tier: str
) -> None:
    """F: the one that is told when the sum gets there, and so its last day, month and tier."""
    lasting = points({"type": "rolling", "days": 100})
    member = Member(earning_by("calendar_year", currencies=[lasting]), joined="2025-12-01")
    sales = {"a": (30, "2025-12-20"), "b": (20, "2026-01-10")}
    for name in order:
        amount, day = sales[name]
        member.buy(amount, day, name=name, now=day if order == "ab" else "2026-01-12")

    assert member.balance.available == 1
    assert [lot.key.expires_on for lot in member.balance.lots] == [ends]
    assert member.seen("2027-02-01").enrolments["clinic"].tier == tier
