"""F: discounts from a least bill, and what follows where a refund leaves less than that."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.ledger.bill import Bill, WhyNot
from chalicelib.domain.ledger.events import Event, Line
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.wallet_payments import Payment
from tests.domain.building import Member, adjustment, line, reward
from tests.domain.till import NOON, bought, clinic, quoted, refunded, shown, status, topped_up
from tests.examples import examples

PROPERTY = settings(max_examples=examples(100), derandomize=True, deadline=None, print_blob=True)
FOOD = {"include": {"categories": ["food"]}}


def off(amount: int, least: int, **more: Any) -> dict[str, Any]:
    """Return a discount of an amount for a voucher, from a least bill."""
    terms = {"type": "voucher", "reward": "off", "amount": amount}
    return {"id": "off", "name": "Off", "terms": terms, "min_bill": least, **more}


def holding(*offers: dict[str, Any], **how: Any) -> Member:
    """Return a member of a clinic with these offers, and a voucher of `off`."""
    member = Member(clinic(*offers, rewards=[reward("off", 1)], **how))
    member.adjust(9, NOON)
    member.redeem("off", NOON)
    return member


def answered(quote: Quote, name: str = "off") -> tuple[int, WhyNot | None]:
    """Return what a discount took off, or why nothing."""
    (found,) = (each for each in quote.considered if (each.source, each.id) == ("discount", name))
    return found.amount, found.why_not


def paid(bill: Bill) -> int:
    """Return what came back, in money and to wallets."""
    return bill.due + sum(each.money for each in bill.paid)


def part_back(member: Member, purchase: Event, *lines: LineReversal) -> Bill:
    """Take parts of lines back."""
    command = ReverseActivity(member="mem_1", version=purchase.version, lines=lines)
    event = member.do(command, NOON).events[-1]
    assert event.detail is not None
    assert event.detail.bill is not None
    return event.detail.bill


# ── From which bill on ──


@pytest.mark.parametrize(
    ("cart", "scope", "told"),
    [
        ([3000], {}, (500, None)),
        ([1000, 2000], {}, (500, None)),
        ([2999], {}, (0, WhyNot("below_min_bill", there=2999, needed=3000))),
        ([1], {}, (0, WhyNot("below_min_bill", there=1, needed=3000))),
        # Only what is in scope counts; of two lines the first is food.
        ([1800, 9000], FOOD, (0, WhyNot("below_min_bill", there=1800, needed=3000))),
        ([3000, 1], FOOD, (500, None)),
    ],
)
def test_f_the_least_bill_is_told(
    cart: list[int], scope: dict[str, Any], told: tuple[int, WhyNot | None]
) -> None:
    """F: below it the answer says how much is missing; at it the discount is given."""
    member = holding(off(500, 3000, scope=scope))
    lines = [line(str(n), amount, "" if n else "food") for n, amount in enumerate(cart)]

    made = quoted(member, *lines, vouchers=("red_1",))

    assert answered(made) == told
    assert made.redemptions == (("red_1",) if told[0] else ())


def test_f_what_is_free_does_not_count() -> None:
    """F: a unit that an entitlement pays for is no part of the bill."""
    member = holding(off(500, 1000))
    grant = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=1, reason="kindness"
    )
    member.do(grant, NOON)
    lines = (Line("t", 800, 2, "tea"), line("f", 599))

    short = WhyNot("below_min_bill", there=999, needed=1000)
    assert answered(quoted(member, *lines, vouchers=("red_1",))) == (0, short)
    more = (lines[0], line("f", 600))
    assert answered(quoted(member, *more, vouchers=("red_1",)))[0] == 500


@pytest.mark.parametrize(
    "terms",
    [
        {"type": "status", "any": ["one"], "percent": 10},
        {"type": "prices", "prices": {"X": 90}},
        {"type": "dates", "percent": 10, "days": ["03-02"]},
    ],
)
def test_f_every_kind_of_offer_may_have_one(terms: dict[str, Any]) -> None:
    """F: a percentage and a member's price apply from their least bill on, too."""
    offer = {"id": "off", "name": "Off", "terms": terms, "min_bill": 1000}
    member = Member(clinic(offer))
    shown(member, "one")

    assert answered(quoted(member, Line("1", 999, 10, sku="X"))) == (
        0,
        WhyNot("below_min_bill", there=999, needed=1000),
    )
    assert answered(quoted(member, Line("1", 1000, 10, sku="X"))) == (100, None)


def test_f_what_is_not_had_is_told_first() -> None:
    """F: who has no voucher is told that, and not to buy more."""
    member = Member(clinic(off(500, 3000), rewards=[reward("off", 1)]))

    assert answered(quoted(member, line("1", 100))) == (0, WhyNot("voucher_needed", "off"))


@pytest.mark.parametrize("least", [0, -1, 10**15 + 1, "100"])
def test_f_a_least_bill_is_an_amount(least: Any) -> None:
    """F: nothing but an amount of money is a least bill."""
    terms = {"type": "tier", "percent": {"base": 5}}
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [{"id": "points", "name": "points", "expiry": {"type": "never"}}],
        "discounts": {"offers": [{"id": "o", "name": "O", "terms": terms, "min_bill": least}]},
    }

    found = validate(document)

    assert [each.pointer for each in found.problems][:1] == ["/discounts/offers/0/min_bill"]


# ── What a refund leaves ──


@pytest.mark.parametrize(
    ("amount", "cart", "order", "back"),
    [
        # a costs 1571 with its share of 500 off, b 1179, c 250: 3000 in all.
        (500, {"a": 1833, "b": 1375, "c": 292}, "cba", [250, 917, 1833]),
        (500, {"a": 1833, "b": 1375, "c": 292}, "abc", [1333, 1375, 292]),
        # c leaves exactly the least bill: the discount stays on the rest.
        (500, {"a": 1600, "b": 1400, "c": 500}, "cba", [429, 971, 1600]),
        # More was taken off than comes back: nothing is paid back, and nothing is asked for.
        (2000, {"a": 2900, "b": 100}, "ba", [0, 1000]),
        (2000, {"a": 2900, "b": 100}, "ab", [900, 100]),
        # What the first refund could not cover is kept back from the second one.
        (2500, {"a": 1000, "b": 1000, "c": 1500}, "abc", [0, 0, 1000]),
    ],
)
def test_f_a_refund_that_leaves_less(
    amount: int, cart: dict[str, int], order: str, back: list[int]
) -> None:
    """F: what is kept costs its price without the discount, and no refund is below zero."""
    member = holding(off(amount, 3000))
    lines = [line(name, price) for name, price in cart.items()]
    purchase = bought(member, *lines, vouchers=("red_1",))

    bills = [refunded(member, purchase, name) for name in order]

    assert [each.due for each in bills] == back
    assert member.verdict().holds


@pytest.mark.parametrize("order", ["cba", "abc"])
def test_f_a_wallet_gets_its_part_of_what_comes_back(order: str) -> None:
    """F: of 30.00 it paid 9.00, so of every refund three tenths, and in the end exactly that."""
    cart = {"a": 1833, "b": 1375, "c": 292}
    expected = {
        "cba": [(75, 175), (275, 642), (550, 1283)],
        "abc": [(400, 933), (412, 963), (88, 204)],
    }
    member = holding(off(500, 3000))
    topped_up(member, 900)
    lines = [line(name, price) for name, price in cart.items()]
    purchase = bought(member, *lines, vouchers=("red_1",))

    bills = [refunded(member, purchase, name) for name in order]

    assert [(paid(each) - each.due, each.due) for each in bills] == expected[order]
    assert member.account.balance("clinic/prepaid").available == 900
    assert member.verdict().holds


def test_f_what_cannot_be_kept_back_is_let_go_of_the_same_offer() -> None:
    """F: an offer that is still due bears nothing of what another one's refund does not cover."""
    member = holding(off(2000, 3000), status("one", 10, min_bill=1000), stacking="additive")
    shown(member, "one")
    purchase = bought(member, line("a", 2900), line("b", 100), vouchers=("red_1",))

    first, second = (refunded(member, purchase, each) for each in "ba")

    # b cost 100 less 67 and 10; that is all that can be kept back.
    assert [tuple(vars_of(each)) for each in first.reclaimed] == [("off", 3000, 2900, 23)]
    assert (first.lines[0].net, first.due) == (23, 0)
    assert (second.lines[0].net, second.due) == (677, 700)
    assert [tuple(vars_of(each)) for each in second.reclaimed] == [("off", 3000, 0, -23)]


def test_f_a_refund_says_which_least_bill() -> None:
    """F: the refund names the discount, its least bill, what is kept and what that costs."""
    member = holding(off(500, 3000))
    purchase = bought(member, line("a", 2000), line("b", 1500), vouchers=("red_1",))

    first, second = (refunded(member, purchase, each) for each in "ba")

    assert [tuple(vars_of(each)) for each in first.reclaimed] == [("off", 3000, 2000, 286)]
    assert (first.lines[0].net, first.net, first.due) == (1286, 1000, 1000)
    # With the rest comes back what was kept back for it.
    assert [tuple(vars_of(each)) for each in second.reclaimed] == [("off", 3000, 0, -286)]
    assert (second.lines[0].net, second.net) == (1714, 2000)


def vars_of(struct: Any) -> list[Any]:
    """Return the values of a Struct."""
    return [getattr(struct, name) for name in struct.__struct_fields__]


def test_f_only_the_offer_that_is_under_it() -> None:
    """F: of two discounts the one without a least bill, and the one that is reached, stay."""
    offers = (
        status("one", 10, min_bill=3000),
        status("two", 10, min_bill=500),
        status("three", 10),
    )
    member = Member(clinic(*offers, stacking="additive"))
    shown(member, "one", "two", "three")
    purchase = bought(member, line("a", 1000), line("b", 2000))

    bill = refunded(member, purchase, "b")

    assert [(each.discount, each.amount) for each in bill.reclaimed] == [("one", 100)]
    assert bill.due == 1400 - 100


def test_f_a_lower_price_after_the_sale() -> None:
    """F: money that is given back on a line makes the bill less, as a line does."""
    member = holding(off(500, 3000))
    purchase = bought(member, line("a", 3200), vouchers=("red_1",))

    bill = part_back(member, purchase, LineReversal("a", amount=270))

    # A tenth of 2700 comes back; what is kept is 2880, of which 450 were taken off.
    assert (bill.lines[0].net, bill.due) == (270, 0)
    assert [(each.kept, each.amount) for each in bill.reclaimed] == [(2880, 270)]
    assert part_back(member, purchase, LineReversal("a")).due == 2700


@pytest.mark.parametrize(("order", "sums"), [("bc", [2_500, 0]), ("cb", [2_000, 0])])
def test_f_no_refund_is_below_nothing(order: str, sums: list[int]) -> None:
    """F: so what is kept back goes by the refund that misses the least bill: by the order."""
    member = Member(clinic(status("one", 50, min_bill=10_000)))
    shown(member, "one")
    purchase = bought(member, line("a", 6_000), line("b", 5_000), line("c", 4_000))

    assert [part_back(member, purchase, LineReversal(name)).due for name in order] == sums
    # Alone it costs 6000; with what comes back of the rest, no more than that was paid for it.
    assert 7_500 - sum(sums) <= 6_000
    assert part_back(member, purchase, LineReversal("a")).due == 7_500 - sum(sums)


carts = st.lists(
    st.tuples(st.integers(0, 900), st.integers(1, 3), st.sampled_from(["tea", "food"])),
    min_size=1,
    max_size=5,
)


@given(
    carts,
    st.integers(1, 2_000),
    st.integers(1, 1_500),
    st.sampled_from([{}, FOOD]),
    st.sampled_from(["best_of", "additive", "sequential"]),
    st.integers(0, 1_500),
    st.data(),
)
@PROPERTY
def test_f_the_parts_of_a_refund_sum_to_what_was_paid(
    cart: list[tuple[int, int, str]],
    least: int,
    amount: int,
    scope: dict[str, Any],
    stacking: str,
    paid_in: int,
    data: Any,
) -> None:
    """F: in any order and any parts, no refund is below zero, and what is kept is what it costs."""
    offers = (off(amount, least, scope=scope), status("one", 15, min_bill=700))
    member = holding(*offers, stacking=stacking, bands=[])
    shown(member, "one")
    if paid_in:
        topped_up(member, paid_in)
        member.do(adjustment(200, "cashback"), NOON)
    before = {name: held.available for name, held in member.account.balances.items()}
    lines = [Line(f"l{n}", *each) for n, each in enumerate(cart)]
    payments = (Payment("prepaid"), Payment("cashback"))
    purchase = bought(member, *lines, vouchers=("red_1",), payments=payments)
    assert purchase.detail is not None
    bill = purchase.detail.bill
    assert bill is not None

    left, cost = {each.id: each for each in bill.lines}, bill.net
    for each in data.draw(st.permutations(lines)):
        unit = [LineReversal(each.id, quantity=1)] if each.quantity > 1 else []
        for part in [*unit, LineReversal(each.id)]:
            back = part_back(member, purchase, part)
            assert back.due >= 0
            assert all(each.money >= 0 and each.amount >= 0 for each in back.paid)
            assert paid(back) == back.net
            cost -= back.net
        del left[each.id]
        # By lines that are there or not: what is kept with the discounts that it still has.
        kept = [
            each.net
            + sum(
                taken for _, name, taken in each.off if under(name, least, scope, [*left.values()])
            )
            for each in left.values()
        ]
        assert cost <= sum(kept) or not kept
        assert cost >= sum(each.net for each in left.values())

    assert cost == 0
    after = {name: held.available for name, held in member.account.balances.items()}
    assert {name: after.get(name, 0) for name in ("clinic/prepaid", "clinic/cashback")} == {
        name: before.get(name, 0) for name in ("clinic/prepaid", "clinic/cashback")
    }
    assert member.verdict().holds


def under(name: str, least: int, scope: dict[str, Any], kept: list[Any]) -> bool:
    """Tell whether what is kept is under the least bill of a discount."""
    counts = [each for each in kept if name == "one" or not scope or each.category == "food"]
    return bool(sum(each.price for each in counts) < (700 if name == "one" else least))


@given(
    st.lists(st.integers(1, 999), min_size=2, max_size=4),
    st.integers(1, 3_000),
    st.integers(1, 60),
)
@settings(PROPERTY, max_examples=examples(30))
def test_f_the_order_of_refunds_loses_nothing(cart: list[int], least: int, percent: int) -> None:
    """F: whichever lines come back first, in the end all of it has, and no more in between."""
    for order in permutations(range(len(cart))):
        member = Member(clinic(status("one", percent, min_bill=least)))
        shown(member, "one")
        lines = [line(str(n), amount) for n, amount in enumerate(cart)]
        purchase = bought(member, *lines)
        assert purchase.detail is not None
        assert purchase.detail.bill is not None
        net = purchase.detail.bill.net

        back = [refunded(member, purchase, str(n)).due for n in order]

        assert sum(back) == net
        for done in range(1, len(order)):
            kept = [cart[n] for n in order[done:]]
            # What is kept was paid for at its full price, or less where that was all.
            assert net - sum(back[:done]) <= sum(kept)
