"""What somebody else pays of a bill: beside member prices, free units, and what comes back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.programme.document import Programme
from tests.domain.building import Member, line
from tests.domain.till import bought, clinic, quoted, shown, status
from tests.examples import examples


def member_price(price: int, **more: Any) -> dict[str, Any]:
    """Return a discount by which a check costs so much."""
    terms = {"type": "prices", "prices": {"CHECK": price}}
    return {"id": "member", "name": "Member", "terms": terms, **more}


def check(price: int, covered: int, quantity: int = 1) -> Line:
    """Return what the member pays of a check."""
    return Line("a", price - covered, quantity, "test", "CHECK")


@pytest.mark.parametrize(
    ("price", "covered", "members", "insurer", "due"),
    [
        (8_000, 5_000, 6_000, 5_000, 1_000),  # the member's price is of the whole line
        (8_000, 5_000, 5_000, 5_000, 0),
        (8_000, 5_000, 4_000, 4_000, 0),  # nobody covers more than is due
        (8_000, 8_000, 6_000, 6_000, 0),  # nor where the member pays nothing of it
        (8_000, 5_000, 8_000, 5_000, 3_000),
        (8_000, 0, 6_000, 0, 6_000),
        (8_000, 5_000, 0, 0, 0),
    ],
)
def test_a_members_price_is_of_the_whole_line(
    price: int, covered: int, members: int, insurer: int, due: int
) -> None:
    """What is covered is capped at what is then due, and the rest is the member's own part."""
    member = Member(clinic(member_price(members)))

    quote = quoted(member, check(price, covered), covered=(covered,))

    assert (quote.covered, quote.due) == (insurer, due)
    assert [each.covered for each in quote.lines] == [insurer]
    assert quote.bill().covered == insurer


def test_another_discount_is_of_the_members_own_part() -> None:
    """Where it gives more than the member's price, what is covered stays."""
    member = Member(clinic(member_price(7_900, group="best"), status("one", 50, group="best")))
    shown(member, "one")

    quote = quoted(member, check(8_000, 5_000), covered=(5_000,))

    assert (quote.covered, quote.due) == (5_000, 1_500)


@pytest.mark.parametrize(
    ("limits", "insurer", "due"),
    [
        ([], 4_000, 0),
        ([{"money": 3_000}], 4_000, 0),
        ([{"money": 2_999}], 5_000, 1),
        ([{"money": 1_000}], 5_000, 2_000),
    ],
)
def test_a_members_price_within_a_limit(
    limits: list[dict[str, Any]], insurer: int, due: int
) -> None:
    """Where a limit leaves a part of the price to pay, all that is covered is needed for it."""
    member = Member(clinic(member_price(4_000, limits=limits)))

    quote = quoted(member, check(8_000, 5_000), covered=(5_000,))

    assert (quote.covered, quote.due) == (insurer, due)


CUTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.integers(1, 3),
        st.sampled_from(["units", "money", "line", "all"]),
        st.integers(0, 40),
    ),
    max_size=6,
)
LINES = st.tuples(
    *(st.tuples(st.integers(0, 9_999), st.integers(0, 9_999), st.integers(1, 4)) for _ in range(3))
)


@given(LINES, st.integers(0, 9_999), CUTS)
@settings(max_examples=examples(150), derandomize=True, deadline=None)
def test_the_parts_of_a_refund_sum_to_the_whole(
    amounts: tuple[tuple[int, int, int], ...], members: int, cuts: list[Any]
) -> None:
    """However it is cut, in whatever order and on whatever day: own part and covered part alike."""
    programme = clinic(member_price(members))
    lines = tuple(
        Line(name, max(price - covered, 0), units, "test", "CHECK" if name == "a" else name)
        for name, (price, covered, units) in zip("abc", amounts, strict=True)
    )
    covered = tuple(min(price, each) for price, each, _ in amounts)
    member = Member(programme)
    purchase = bought(member, *lines, covered=covered)
    assert purchase.detail is not None
    whole = purchase.detail.bill
    assert whole is not None
    assert all(0 <= each.covered <= most for each, most in zip(whole.lines, covered, strict=True))

    parts = [bill for cut in cuts if (bill := _cut(member, purchase.version, cut)) is not None]
    rest = _cut(member, purchase.version, ("a", 1, "all", 41))
    parts += [] if rest is None else [rest]

    for name in ("price", "net", "due", "covered"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name
        assert all(getattr(part, name) >= 0 for part in parts), name
    for each in whole.lines:
        back = [one for part in parts for one in part.lines if one.id == each.id]
        assert sum(one.covered for one in back) == each.covered
    assert member.verdict().holds


def _cut(member: Member, version: int, cut: tuple[str, int, str, int]) -> Bill | None:
    """Take a part back so many days later; nothing where so much is not left."""
    name, number, how, days = cut
    lines = {
        "units": (LineReversal(name, quantity=number),),
        "money": (LineReversal(name, amount=number * 7),),
        "line": (LineReversal(name),),
        "all": (),
    }[how]
    command = ReverseActivity(member="mem_1", version=version, lines=lines)
    before = len(member.events)
    try:
        member.do(command, (date(2026, 3, 2) + timedelta(days=days)).isoformat())
    except LoyaltyError:
        return None  # so much is not left
    detail = member.events[-1].detail
    return detail.bill if len(member.events) > before and detail else None


@given(LINES, st.integers(0, 9_999), st.integers(0, 30))
@settings(max_examples=examples(50), derandomize=True, deadline=None)
def test_the_day_of_the_report_moves_nothing(
    amounts: tuple[tuple[int, int, int], ...], members: int, late: int
) -> None:
    """A bill that is quoted days after its service comes to the same, covered part and all."""
    programme = clinic(member_price(members))
    lines = tuple(
        line(name, max(price - covered, 0), sku="CHECK", quantity=units)
        for name, (price, covered, units) in zip("abc", amounts, strict=True)
    )
    covered = tuple(min(price, each) for price, each, _ in amounts)

    def made(day: str) -> Quote:
        return quoted(Member(programme), *lines, now=day, covered=covered, service_on="2026-03-02")

    first, later = made("2026-03-02"), made(f"2026-03-{2 + late % 29:02d}")

    assert later.lines == first.lines
    assert (later.covered, later.net, later.due) == (first.covered, first.net, first.due)


def test_free_units_are_covered_too() -> None:
    """Of four teas two are free: what is covered of each is told, and nothing of it is lost."""
    programme: Programme = clinic()
    member = Member(programme)
    bought(member, Line("p", 1_000, 1, "packages", "TEA-4"), name="package")
    teas = Line("a", 1_000, 6, "tea", "TEA")

    quote = quoted(member, teas, covered=(1_001,))

    assert sum(each.covered for each in quote.lines) == quote.covered == 1_001
    assert [(each.quantity, each.covered) for each in quote.lines] == [(4, 668), (2, 333)]
