"""Refunds: their parts sum to the whole in every order, and what is said is what happens."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.events import Event, Line, QuoteBought
from chalicelib.domain.ledger.lots import Balance
from chalicelib.domain.mechanics import quotes
from chalicelib.domain.mechanics.holds import CaptureHold, PlaceHold, ReleaseHold
from chalicelib.domain.mechanics.remaining import LineReversal, Remaining
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    line,
    per_amount,
    points,
    programme,
    reward,
    rolling,
    rule,
)
from tests.domain.till import (
    NOON,
    PREPAID,
    bought,
    clinic,
    refunded,
    topped_up,
)
from tests.examples import examples

PROPERTY = settings(max_examples=examples(150), derandomize=True, deadline=None, print_blob=True)
POINTS = "clinic/points"


def paying(**wallet: int) -> Programme:
    """Return a programme without earning in which points pay."""
    return programme(wallets=[{"currency": "points", "kind": "points", **wallet}])


def worth(bill: Bill) -> tuple[int, int, int]:
    """Return what a refund says came back: net, in units of wallets, and in money."""
    return bill.net, sum(each.amount for each in bill.paid), bill.due


# ── The parts of a refund ──


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_m2_what_points_paid_never_comes_back_as_money(order: tuple[str, str]) -> None:
    """M2: of lines of 36 and 64 paid by 2 points of 50 each, no refund pays money back."""
    member = Member(paying(units=1, money=50))
    member.adjust(2, NOON)
    purchase = bought(member, line("a", 36), line("b", 64), payments=(Payment("points"),))
    assert member.balance.available == 0

    first, second = (refunded(member, purchase, each) for each in order)

    nets = {"a": 36, "b": 64}
    back = {"a": 0, "b": 1}[order[0]]
    assert worth(first) == (nets[order[0]], back, 0)
    assert worth(second) == (nets[order[1]], 2 - back, 0)
    assert member.balance.available == 2


def test_m2_half_by_points() -> None:
    """M2: what points paid of a line comes back in points, and only the rest in money."""
    member = Member(paying(units=1, money=50, max_percent=50))
    member.adjust(9, NOON)
    purchase = bought(member, line("a", 30), line("b", 70), payments=(Payment("points"),))

    first, second = refunded(member, purchase, "a"), refunded(member, purchase, "b")

    assert [worth(first), worth(second)] == [(30, 0, 15), (70, 1, 35)]
    assert [each.money for each in first.paid] == [15]


carts = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 3), st.sampled_from(["tea", "food"])),
    min_size=1,
    max_size=4,
)


class Sale(NamedTuple):
    """A purchase that wallets paid a part of: who made it, its lines, its event, what was held."""

    member: Member
    lines: list[Line]
    purchase: Event
    held: Mapping[str, Balance]

    @property
    def bill(self) -> Bill:
        """What was paid."""
        assert self.purchase.detail is not None
        assert self.purchase.detail.bill is not None
        return self.purchase.detail.bill

    def back(self, *lines: LineReversal, amount: int | None = None) -> tuple[Remaining, list[Bill]]:
        """Take something back, and return what is left and what a refund says, if there was one."""
        command = ReverseActivity(
            member="mem_1", version=self.purchase.version, lines=lines, amount=amount
        )
        done = self.member.do(command, NOON)
        details = [event.detail for event in done.events]
        return done.result.remaining, [each.bill for each in details if each and each.bill]


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """Draw a purchase, and what is prepaid and held in points to pay for it."""
    rate = draw(st.sampled_from([(1, 50), (3, 7), (100, 1), (1, 1)]))
    most = draw(st.sampled_from([30, 100]))
    document = programme(
        currencies=[points(), {**points(), "id": "prepaid"}],
        wallets=[
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 150, "percent": 20}],
            },
            {
                "currency": "points",
                "kind": "points",
                "units": rate[0],
                "money": rate[1],
                "max_percent": most,
            },
        ],
    )
    member = Member(document)
    topped_up(member, *draw(st.lists(st.integers(1, 300), max_size=2)))
    if has := draw(st.integers(0, 9)):
        member.adjust(has * rate[0], NOON)
    payments = (Payment("prepaid"), Payment("points"))
    lines = [Line(f"l{n}", *each) for n, each in enumerate(draw(carts))]
    held = member.account.balances
    return Sale(member, lines, bought(member, *lines, payments=payments), held)


def assert_whole(sale: Sale, bills: list[Bill]) -> None:
    """Check that refunds came to what was paid, none of them below zero."""
    assert all(each.due >= 0 and each.net >= 0 for each in bills)
    assert all(part.amount >= 0 and part.money >= 0 for each in bills for part in each.paid)
    assert sum(each.net for each in bills) == sale.bill.net
    assert sum(each.due for each in bills) == sale.bill.due
    assert sale.member.account.balances == sale.held
    assert sale.member.verdict().holds


@given(sales(), st.data())
@PROPERTY
def test_m2_the_parts_sum_to_the_whole(sale: Sale, data: Any) -> None:
    """M2: in any order and any parts, what comes back is what was paid, and never below zero."""
    bills: list[Bill] = []
    for each in data.draw(st.permutations(sale.lines)):
        # A line at once, or a unit of it first.
        unit = [LineReversal(each.id, quantity=1)] if each.quantity > 1 else []
        for part in [*unit, LineReversal(each.id)]:
            bills += sale.back(part)[1]

    assert_whole(sale, bills)


@given(sales(), st.data())
@PROPERTY
def test_f_amounts_and_lines_in_any_mix(sale: Sale, data: Any) -> None:
    """An amount of all lines, lines, units and money of them, in any order, sum to the whole."""
    bills: list[Bill] = []
    counted = sum(line.counted for line in sale.bill.lines)
    left = Remaining(counted, None, tuple((line.counted, 1) for line in sale.bill.lines))
    for _ in range(data.draw(st.integers(1, 4))):
        if left.amount and data.draw(st.booleans()):
            before, part = left, data.draw(st.integers(1, left.amount))
            left, more = sale.back(amount=part)
            assert before.amount is not None
            assert left.amount == before.amount - part
            # No line gives more than it has, nor more than a penny beside its share.
            for (was, _), (now, _) in zip(before.lines, left.lines, strict=True):
                assert now >= 0
                assert abs((was - now) * before.amount - was * part) < before.amount
        else:
            line = data.draw(st.sampled_from(sale.lines))
            left, more = sale.back(LineReversal(line.id))
        bills += more
    bills += sale.back()[1]

    assert_whole(sale, bills)


def test_f_what_prepaid_money_paid_of_an_amount() -> None:
    """Of 100.00, half of it prepaid, 30.00 come back: 15.00 to the wallet and 15.00 in money."""
    member = Member(clinic(bands=[]))
    topped_up(member, 5_000)
    held = member.account.balances
    sale = Sale(member, [], bought(member, line("a", 9_000), line("b", 1_000)), held)

    left, (bill,) = sale.back(amount=3_000)

    assert left.lines == ((6_300, 1), (700, 1))
    assert worth(bill) == (3_000, 1_500, 1_500)
    assert [each.net for each in bill.lines] == [2_700, 300]


# ── Two refunds, in either order ──


@pytest.mark.parametrize("used_first", [True, False])
def test_m4_a_package_and_what_was_used_of_it(used_first: bool) -> None:  # noqa: FBT001
    """M4: when a package and the purchase that used it are both refunded, nothing is left."""
    member = Member(clinic())
    package = bought(member, Line("p", 2_000, 1, "", "TEA-4"), name="quote_1")
    used = bought(member, line("t", 300, "tea"), name="quote_2")
    assert teas(member) == 3

    for each in (used, package) if used_first else (package, used):
        refunded(member, each)

    assert teas(member) == 0
    assert member.verdict().holds


def test_m4_a_package_that_came_later_stays() -> None:
    """M4: units that were served are no debt of packages that are bought afterwards."""
    member = Member(clinic())
    package = bought(member, Line("p", 2_000, 1, "", "TEA-4"), name="quote_1")
    used = bought(member, line("t", 300, "tea"), name="quote_2")
    refunded(member, package)
    bought(member, Line("p", 2_000, 1, "", "TEA-4"), name="quote_3")
    assert teas(member) == 4

    refunded(member, used)

    assert teas(member) == 4


def teas(member: Member) -> int:
    """Return how many free teas are there."""
    return sum(each["units"] for each in member.account.progress.get("entitlements", {}).values())


def earning(policy: str, **parts: Any) -> Programme:
    """Return a programme whose points are a penny each, are earned by visits, and pay."""
    return programme(
        rule("visit", fixed(100)),
        currencies=[points(negative_balance=policy, **parts)],
        wallets=[{"currency": "points", "kind": "points"}],
        rewards=[reward("mug", 100)],
        holds={"minutes": 7 * 24 * 60, "max_minutes": 7 * 24 * 60},
    )


@pytest.mark.parametrize("policy", ["deficit", "clamp"])
@pytest.mark.parametrize("order", list(permutations(["earned", "spent"])))
def test_m4_what_was_earned_and_what_it_paid_for(order: tuple[str, str], policy: str) -> None:
    """M4: points that were earned and spent are gone when both are refunded, in either order."""
    member = Member(earning(policy))
    member.visit("2026-03-02", name="earned")
    member.recorded["spent"] = bought(member, line("1", 100), payments=(Payment("points"),))

    for each in order:
        member.reverse(each, "2026-03-03")

    assert member.account.balances == {}
    assert member.verdict().holds


@pytest.mark.parametrize("policy", ["deficit", "clamp"])
def test_m4_what_is_set_aside_while_it_is_taken_back(policy: str) -> None:
    """M4: value that is set aside is no way round a refund."""
    member = Member(earning(policy))
    member.visit("2026-03-02", name="earned")
    hold = PlaceHold(
        member="mem_1", programme="clinic", currency="points", amount=100, hold_id="hold_1"
    )
    member.do(hold, NOON)
    member.reverse("earned", "2026-03-03")
    member.do(ReleaseHold(member="mem_1", hold_id="hold_1"), "2026-03-04")

    assert member.account.balances == {}


baskets = st.lists(
    st.sampled_from(["package", "tea", "points", "prepaid", "plain"]), min_size=2, max_size=5
)


def everything(policy: str, points_days: int | None, least_life: int) -> Programme:
    """Return a programme in which points are earned and pay, teas are packed, and money paid in."""
    lasting = {"type": "never"} if points_days is None else rolling(days=points_days)
    return programme(
        rule("spend", per_amount(1, 10), on=PURCHASE),
        currencies=[
            points(lasting, negative_balance=policy, restored_life_days=least_life),
            {**points(), "id": "prepaid"},
        ],
        entitlements=[{"id": "tea", "name": "Tea", "waives": {"include": {"categories": ["tea"]}}}],
        packages=[
            {"id": "four", "name": "Four teas", "sku": "TEA-4", "entitlement": "tea", "units": 4}
        ],
        wallets=[
            {"currency": "points", "kind": "points", "max_percent": 60},
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 1, "percent": 10}],
            },
        ],
    )


def buy_all(member: Member, kinds: list[str]) -> list[Event]:
    """Make purchases of these kinds, one after the other."""
    found = []
    for number, kind in enumerate(kinds):
        lines = [Line("f", 700 + number, 2, "food", "TEA-4" if kind == "package" else "")]
        if kind == "tea":
            lines.append(Line("t", 500, 2, "tea"))
        pays = {"points": (Payment("points"),), "prepaid": (Payment("prepaid"),)}.get(kind, ())
        purchase = bought(member, *lines, name=f"quote_{number}", payments=pays)
        found.append(purchase)
    return found


@given(
    baskets,
    st.sampled_from(["deficit", "clamp"]),
    st.sampled_from([(None, 0), (10, 0), (10, 5)]),
    st.sampled_from(["2026-03-05", "2026-03-20"]),
    st.data(),
)
@PROPERTY
def test_m4_the_order_of_refunds_makes_no_value(
    kinds: list[str], policy: str, lasting: tuple[int | None, int], now: str, data: Any
) -> None:
    """M4: when everything is refunded nothing is left of it, in whatever order."""
    member = Member(everything(policy, *lasting))
    topped_up(member, 400)
    purchases = buy_all(member, kinds)

    for each in data.draw(st.permutations(purchases)):
        refunded(member, each, now=now)

    seen = member.seen(now)
    assert {name: held.available for name, held in seen.balances.items()} == {PREPAID: 400}
    assert teas(member) == 0
    assert member.verdict().holds


@given(baskets, st.sampled_from([(None, 0), (10, 0), (10, 5)]), st.data())
@PROPERTY
def test_m4_two_orders_of_the_same_refunds(
    kinds: list[str], lasting: tuple[int | None, int], data: Any
) -> None:
    """M4: whichever of some purchases are refunded, their order changes nothing."""
    now = data.draw(st.sampled_from(["2026-03-05", "2026-03-20"]))
    some = data.draw(st.sets(st.sampled_from(range(len(kinds))), min_size=2))
    ends = []
    for _ in range(2):
        member = Member(everything("deficit", *lasting))
        topped_up(member, 400)
        purchases = buy_all(member, kinds)
        for place in data.draw(st.permutations(sorted(some))):
            refunded(member, purchases[place], now=now)
        seen = member.seen("2026-04-20")
        ends.append(({n: b.available for n, b in seen.balances.items()}, teas(member)))

    assert ends[0] == ends[1]


# ── What comes back, and what is said of it ──


def prepaid_for_30_days(**more: Any) -> tuple[Member, Event]:
    """Return a member who bought something for 85.00 of prepaid money, on the last day of it."""
    member = Member(clinic(bands=[], prepaid_days=30, **more))
    topped_up(member, 8_500)
    return member, bought(member, line("1", 8_500))


def outcome(member: Member) -> dict[str, Any]:
    """Return what the answer to a reversal says of wallets."""
    (left,) = (each for each in member.records.values() if hasattr(each, "outcomes"))
    (found,) = (each for each in left.outcomes if isinstance(each, QuoteBought))
    return quotes.shown(found)


def test_m5_prepaid_that_has_lapsed_says_so() -> None:
    """M5: what comes back after its last day is said to have expired, in answer and statement."""
    member, purchase = prepaid_for_30_days()

    bill = refunded(member, purchase, now="2026-04-19")

    assert member.available("2026-04-19", PREPAID) == 0
    assert [(each.amount, each.expired) for each in bill.paid] == [(8_500, 8_500)]
    assert outcome(member)["draws"] == [
        {"currency": PREPAID, "drawn": 8_500, "returned": 8_500, "expired": 8_500}
    ]


def test_m5_prepaid_comes_back_for_a_least_life() -> None:
    """M5: where the currency grants one, a refund is as good as a cancelled redemption."""
    member, purchase = prepaid_for_30_days(least_life=14)

    bill = refunded(member, purchase, now="2026-04-19")

    assert [(each.amount, each.expired) for each in bill.paid] == [(8_500, 0)]
    assert member.available("2026-05-03T23:59:59Z", PREPAID) == 8_500
    assert member.available("2026-05-04T00:00:00Z", PREPAID) == 0


@pytest.mark.parametrize("way", ["refund", "cancel", "release", "capture", "time out"])
@pytest.mark.parametrize(("least_life", "left"), [(0, 0), (5, 100)])
def test_m5_one_rule_for_every_way_back(way: str, least_life: int, left: int) -> None:
    """M5: value that comes back after its last day lasts as long, whichever way it comes."""
    document = programme(
        currencies=[points(rolling(days=10), restored_life_days=least_life)],
        rewards=[reward("mug", 100)],
        wallets=[{"currency": "points", "kind": "points"}],
        holds={"minutes": 7 * 24 * 60, "max_minutes": 7 * 24 * 60},
    )
    member = Member(document)
    member.adjust(100, "2026-03-02")  # it lasts through 12 March
    gone, back = "2026-03-11", "2026-03-18T12:00:00Z"
    aside = PlaceHold(
        member="mem_1", programme="clinic", currency="points", amount=100, hold_id="hold_1"
    )
    early = "2026-03-18T11:00:00Z"
    match way:
        case "refund":
            pays = (Payment("points"),)
            refunded(member, bought(member, line("1", 100), now=gone, payments=pays), now=back)
        case "cancel":
            member.cancel(member.redeem("mug", gone), back)
        case "release":
            member.do(aside, gone)
            ended = member.do(ReleaseHold(member="mem_1", hold_id="hold_1"), early).result
            assert (ended.released, ended.expired) == (100, 100 - left)
        case "capture":
            member.do(aside, gone)
            capture = CaptureHold(member="mem_1", hold_id="hold_1", amount=1)
            ended = member.do(capture, early).result
            left -= left // 100
            assert (ended.released, ended.expired) == (99, 99 - left)
        case "time out":
            member.do(aside, gone)
            member.tick(back)

    assert member.available("2026-03-23T23:59:59Z") == left
    assert member.available("2026-03-24T00:00:00Z") == 0
    assert member.verdict().holds


# ── Expired, and spent before it expired ──


def lapsing(policy: str = "deficit", **parts: Any) -> Member:
    """Return a member who earned 100 points, `sale`, which last through 12 March."""
    document = programme(
        rule("penny", per_amount(1, 1), on=PURCHASE),
        currencies=[points(rolling(days=10), negative_balance=policy, **parts)],
        rewards=[reward("mug", 100), reward("half", 50)],
    )
    member = Member(document)
    member.buy(100, "2026-03-02", name="sale")
    return member


AFTER = "2026-03-20"


def test_m7_spent_before_it_expired_is_taken_back() -> None:
    """M7: earn 100, spend all, let the day pass, refund: the member owes what was spent."""
    member = lapsing()
    member.redeem("mug", "2026-03-03")

    result = member.reverse("sale", AFTER)

    assert result.returned == (Returned(POINTS, 100, deficit=100),)
    assert member.balance.available == -100


def test_m7_an_unspent_remainder_that_expired_is_exempt() -> None:
    """M7: of 100 of which 50 were spent and 50 expired, 50 are owed."""
    member = lapsing()
    member.redeem("half", "2026-03-03")

    result = member.reverse("sale", AFTER)

    assert result.returned == (Returned(POINTS, 50, deficit=50, expired=50),)
    assert member.balance.available == -50


def test_m7_in_parts() -> None:
    """M7: what expired is exempt once, however the refund is cut."""
    member = lapsing()
    member.redeem("half", "2026-03-03")

    back = [member.reverse("sale", AFTER, amount=part).returned for part in (30, 30, 40)]

    assert sum(each.amount for parts in back for each in parts) == 50
    assert member.balance.available == -50


def test_m7_two_awards_of_one_lot() -> None:
    """M7: what of a lot was spent is owed once, whichever of its awards is taken back first."""
    for order in permutations(["sale", "other"]):
        member = lapsing()
        member.buy(100, "2026-03-02", name="other")
        member.redeem("mug", "2026-03-03")
        for each in order:
            member.reverse(each, AFTER)
        assert member.balance.available == -100


def test_m7_by_policy() -> None:
    """M7: spent value that has expired is written off or refuses, as spent value does."""
    clamped, rejecting = lapsing("clamp"), lapsing("reject")
    for member in (clamped, rejecting):
        member.redeem("mug", "2026-03-03")

    assert clamped.reverse("sale", AFTER).returned == (Returned(POINTS, 0, written_off=100),)
    assert rejecting.refused(rejecting.reversing("sale"), AFTER).code == "already_spent"


def test_m7_reported_after_it_expired() -> None:
    """M7: value that was issued and expired at once is nothing to take back."""
    member = lapsing()
    member.buy(70, "2026-03-04", now=AFTER, name="late")

    assert member.reverse("late", "2026-03-21").returned == (Returned(POINTS, 0, expired=70),)


@pytest.mark.parametrize(
    ("at", "returned"),
    [
        ("2027-03-14T00:00:00Z", Returned(POINTS, 50, deficit=50, expired=50)),
        ("2027-03-14T00:00:01Z", Returned(POINTS, 0, expired=100)),
    ],
)
def test_m7_what_was_spent_is_known_for_a_year(at: str, returned: Returned) -> None:
    """M7: 366 days after the end of a lot; then nobody knows what of it was spent."""
    member = lapsing()
    member.redeem("half", "2026-03-03")

    assert member.reverse("sale", at).returned == (returned,)


@pytest.mark.parametrize("order", list(permutations(["earned", "spent"])))
def test_m7_both_refunds_after_the_day(order: tuple[str, str]) -> None:
    """M7: what was spent and came back is no longer spent, in either order."""
    document = programme(
        rule("visit", fixed(100)),
        currencies=[points(rolling(days=10))],
        wallets=[{"currency": "points", "kind": "points"}],
    )
    member = Member(document)
    member.visit("2026-03-02", name="earned")
    member.recorded["spent"] = bought(member, line("1", 100), payments=(Payment("points"),))

    for each in order:
        member.reverse(each, AFTER)

    assert member.account.balances == {}


def test_m7_is_forgotten_at_last() -> None:
    """M7: long after a lot ended nothing of it is taken back, and the account forgets it."""
    member = lapsing()
    member.redeem("half", "2026-03-03")
    member.visit("2027-06-01", now="2027-06-01")

    assert not member.account.counters
    assert member.reverse("sale", "2027-06-02").returned == (Returned(POINTS, 0, expired=100),)
