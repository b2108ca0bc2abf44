"""Refunds of a part: it is the share that comes back, whoever paid for the line, and how little."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.events import Event, Line
from chalicelib.domain.mechanics.remaining import LineReversal, Remaining
from chalicelib.domain.mechanics.wallet_payments import Payment
from tests.domain.building import (
    PURCHASE,
    Member,
    line,
    per_amount,
    points,
    programme,
    rule,
)
from tests.domain.till import NOON, bought, clinic
from tests.examples import examples

PROPERTY = settings(max_examples=examples(200), derandomize=True, deadline=None, print_blob=True)


class Sale(NamedTuple):
    """A purchase, and who made it."""

    member: Member
    event: Event

    @property
    def bill(self) -> Bill:
        """What was paid."""
        return _bill(self.event)

    @property
    def left(self) -> Remaining | None:
        """What of it has not come back."""
        return self.member.left_of("sale")

    def back(self, *lines: LineReversal, amount: int | None = None) -> Bill | None:
        """Take something back, and return what of the bill that is, none where nothing changes."""
        command = self.member.reversing("sale", *lines, amount=amount)
        events = self.member.do(command, NOON).events
        return _bill(events[-1]) if events else None


def _bill(event: Event) -> Bill:
    assert event.detail is not None
    assert event.detail.bill is not None
    return event.detail.bill


def sold(*lines: Line, by_points: int = 0, covered: tuple[int, ...] = ()) -> Sale:
    """Sell lines, of which points pay so much, at a penny each, and an insurer what is covered."""
    spend = rule("spend", per_amount(1, 100), on=PURCHASE)
    wallets = [{"currency": "points", "kind": "points"}]
    member = Member(programme(spend, currencies=[points()], wallets=wallets))
    if by_points:
        member.adjust(by_points, NOON)
    pays = (Payment("points"),) if by_points else ()
    purchase = bought(member, *lines, payments=pays, covered=covered or (0,) * len(lines))
    member.recorded["sale"] = purchase
    return Sale(member, purchase)


def paid_in_points(bill: Bill) -> int:
    """Return what of a bill points paid."""
    return sum(each.money for each in bill.paid)


# ── By units ──


@pytest.mark.parametrize("by_points", [0, 1, 2_000, 3_990, 3_998, 3_999, 4_000])
@pytest.mark.parametrize("units", [1, 2, 3])
def test_m2_units_bring_their_share(by_points: int, units: int) -> None:
    """M2: of 4 units of 10.00 each, so many bring 10.00 each, however little of it is spend."""
    sale = sold(line("p", 4_000, quantity=4), by_points=by_points)

    back = sale.back(LineReversal("p", quantity=units))

    assert back is not None
    assert back.net == 1_000 * units
    assert abs(4 * paid_in_points(back) - by_points * units) <= 2
    assert paid_in_points(back) + back.due == back.net
    rest = sale.back()
    assert rest is not None
    assert (back.net + rest.net, back.due + rest.due) == (4_000, 4_000 - by_points)


@pytest.mark.parametrize(
    ("part", "insurer", "own"), [(4, 1_998, 2), (3, 1_998, 1), (1, 1_999, 0), (0, 2_000, 0)]
)
def test_m2_an_insurer_gets_its_share(part: int, insurer: int, own: int) -> None:
    """M2: of 4 units of which it paid all but a few pence, it gets back half for two of them."""
    sale = sold(line("p", part, quantity=4), covered=(4_000 - part,))

    back = sale.back(LineReversal("p", quantity=2))

    assert back is not None
    assert (back.covered, back.due) == (insurer, own)


def test_m2_units_of_less_than_a_penny() -> None:
    """M2: of 100 units for 0.40 what is left is never off by more than half a penny."""
    member = Member(programme(rule("penny", per_amount(1, 1), on=PURCHASE)))
    member.basket("2026-02-01", line("p", 40, quantity=100), name="sale")

    for units in range(99, 0, -1):
        member.reverse("sale", NOON, LineReversal("p", quantity=1))
        left = member.left_of("sale")
        assert left is not None
        assert abs(left.lines[0][0] * 100 - 40 * units) <= 50
    member.reverse("sale", NOON, LineReversal("p", quantity=1))

    assert member.account.balances == {}


# ── By amounts ──


def test_m2_an_amount_brings_its_share() -> None:
    """M2: of 60.00 and 20.00 with a penny to pay of each, one of the two brings 40.00."""
    sale = sold(line("a", 6_000), line("b", 2_000), by_points=7_998)

    back = sale.back(amount=1)

    assert back is not None
    assert (back.net, back.due, [each.net for each in back.lines]) == (4_000, 1, [3_000, 1_000])


def test_m2_an_amount_of_a_line_brings_its_share() -> None:
    """M2: of 40.00 with 4 pence to pay, one of them brings 10.00, and a unit of the rest 7.50."""
    sale = sold(line("a", 4_000, quantity=4), by_points=3_996)

    back = [
        sale.back(LineReversal("a", amount=1)),
        sale.back(LineReversal("a", quantity=1)),
        sale.back(LineReversal("a")),
    ]

    assert [each and each.net for each in back] == [1_000, 750, 2_250]


# ── In every mix ──

_NAMES: Final = "abc"
_lines = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2, 7, 40, 4_000]) | st.integers(0, 9_999),
        st.integers(1, 12),
        st.sampled_from([0, 0, 1, 3_999]) | st.integers(0, 9_999),
    ),
    min_size=1,
    max_size=3,
)
_cuts = st.lists(
    st.tuples(
        st.sampled_from(_NAMES),
        st.sampled_from(["units", "units", "units", "money", "spread", "line"]),
        st.integers(1, 12),
    ),
    max_size=8,
)
_by_points = st.sampled_from([0, 1, 2, 3, 10]) | st.integers(0, 20_000)


@given(_lines, _by_points, st.booleans(), _cuts)
@PROPERTY
def test_m2_every_part_is_its_share(
    drawn: list[tuple[int, int, int]],
    few: int,
    nearly_all: bool,  # noqa: FBT001 - drawn by its name
    cuts: list[tuple[str, str, int]],
) -> None:
    """
    M2: units bring their share of a line to a penny, and of all that came back each has its own.

    That is so for what the member paid and what is covered, for points and for money; and when all
    has come back, so has what each of them paid.
    """
    lines = [Line(name, *each[:2]) for name, each in zip(_NAMES, drawn, strict=False)]
    price = sum(each.amount for each in lines)
    by_points = max(price - few, 0) if nearly_all else few
    sale = sold(*lines, by_points=by_points, covered=tuple(each for *_, each in drawn))
    whole, parts = sale.bill, list[Bill]()

    for name, how, number in cuts:
        before = sale.left
        part = _cut(sale, name, how, number)
        if part is None:
            continue
        parts.append(part)
        if how == "units":
            place = _NAMES.index(name)
            share = Fraction(*before.shares[place]) if before else Fraction(1)
            share *= Fraction(number, before.lines[place][1] if before else lines[place].quantity)
            net, covered = whole.lines[place].net, whole.lines[place].covered
            assert abs(sum(each.net for each in part.lines) - net * share) <= 1
            assert abs(sum(each.covered for each in part.lines) - covered * share) <= 1
        came = sum(each.net for each in parts)
        for mine, of in (
            (sum(map(paid_in_points, parts)), paid_in_points(whole)),
            (sum(each.due for each in parts), whole.due),
        ):
            assert 2 * abs(mine * whole.net - of * came) <= whole.net
    if (rest := _cut(sale, "", "all", 0)) is not None:
        parts.append(rest)

    for name in ("price", "net", "due", "covered"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name
        assert all(getattr(part, name) >= 0 for part in parts), name
    assert sum(map(paid_in_points, parts)) == paid_in_points(whole)
    counted = [each.counted for part in parts for each in part.lines]
    assert sum(counted) == sum(each.counted for each in whole.lines)
    assert sale.member.available(NOON) == by_points
    assert sale.member.verdict().holds


def _cut(sale: Sale, name: str, how: str, number: int) -> Bill | None:
    """Take a part back; nothing where so much is not left."""
    lines: dict[str, tuple[LineReversal, ...]] = {
        "units": (LineReversal(name, quantity=number),),
        "money": (LineReversal(name, amount=number),),
        "line": (LineReversal(name),),
    }
    try:
        return sale.back(*lines.get(how, ()), amount=number if how == "spread" else None)
    except LoyaltyError:
        return None


@given(
    st.integers(1, 9_999),
    st.integers(0, 9_999),
    st.lists(st.integers(1, 5), min_size=1, max_size=6),
    st.data(),
)
@PROPERTY
def test_m2_units_in_every_order(price: int, by_points: int, parts: list[int], data: Any) -> None:
    """M2: in whatever order units come back, what has come back is their share, to a penny."""
    sale = sold(line("p", price, quantity=sum(parts)), by_points=min(by_points, price))
    came = net = by_wallet = 0

    for units in data.draw(st.permutations(parts)):
        back = sale.back(LineReversal("p", quantity=units))
        came += units
        net += back.net if back else 0
        by_wallet += paid_in_points(back) if back else 0
        assert 2 * abs(net * sum(parts) - price * came) <= sum(parts)
        assert abs(by_wallet * sum(parts) - paid_in_points(sale.bill) * came) <= sum(parts)

    assert (net, by_wallet) == (price, paid_in_points(sale.bill))


def test_m2_a_share_is_kept_in_few_digits() -> None:
    """M2: however often money and units of the largest line come back in turn, the rest does."""
    sale = sold(line("p", money.MAX_AMOUNT - 1, quantity=1_000), line("q", 1), by_points=7)
    bills = []

    for amount in range(10**12 + 1, 10**12 + 40):
        for part in (LineReversal("p", amount=amount), LineReversal("p", quantity=7)):
            bills.append(sale.back(part))
            assert sale.left is not None
            assert max(sale.left.shares[0]) <= money.MAX_TOTAL
    bills += [sale.back(LineReversal("p")), sale.back()]

    assert sum(each.net for each in bills if each) == money.MAX_AMOUNT
    assert sum(paid_in_points(each) for each in bills if each) == 7


def test_m2_free_units_and_paid_ones() -> None:
    """M2: what entitlements made free is a line of its own, of which units are units."""
    member = Member(clinic())
    bought(member, Line("p", 1_000, 1, "packages", "TEA-4"), name="package")
    purchase = bought(member, line("a", 1_200, "tea", quantity=6), covered=(600,))
    member.recorded["sale"] = purchase
    sale = Sale(member, purchase)
    free, paid = (each.id for each in sale.bill.lines)

    back = [sale.back(LineReversal(each, quantity=1)) for each in (free, paid)]

    assert [each and (each.net, each.covered) for each in back] == [(0, 100), (200, 100)]
