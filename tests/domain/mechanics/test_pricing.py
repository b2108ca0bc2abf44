"""Prices: neither the cut of a balance nor the order of lines matters, and all is answered."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.deciding import decide
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.discount_terms import Discounts
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.quoting import MakeQuote
from chalicelib.domain.mechanics.stacking import Candidate, stacked
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    Member,
    adjustment,
    ladder,
    line,
    points,
    programme,
    reward,
    visits,
)
from tests.domain.till import (
    NOON,
    bought,
    clinic,
    quoted,
    refunded,
    shown,
    status,
    topped_up,
)
from tests.examples import examples

TEAS = line("1", 200, "tea", quantity=2)
PERMUTATIONS = settings(
    max_examples=examples(150), derandomize=True, deadline=None, print_blob=True
)


def voucher(name: str, **terms: Any) -> dict[str, Any]:
    """Return a discount for the voucher of the reward of the same name."""
    return {"id": name, "name": name, "terms": {"type": "voucher", "reward": name, **terms}}


def shop(*offers: dict[str, Any], **how: Any) -> Programme:
    """Return a programme with rewards that have a discount, and one that has none."""
    names = [each["id"] for each in offers if each["terms"]["type"] == "voucher"]
    return programme(
        rewards=[*(reward(name, 1) for name in names), reward("mug", 1)],
        statuses=[{"id": "one", "name": "one"}],
        discounts={"offers": list(offers), **how},
        entitlements=[{"id": "tea", "name": "Tea", "waives": {"include": {"categories": ["tea"]}}}],
        packages=[],
    )


def holding(document: Programme, *rewards: str) -> tuple[Member, tuple[str, ...]]:
    """Return a member who has vouchers of these rewards, and the ids of their redemptions."""
    member = Member(document)
    member.adjust(100, NOON)
    return member, tuple(member.redeem(name, NOON).id for name in rewards)


def nets(quote: Quote) -> dict[str, int]:
    """Return what each line comes to, by its id."""
    return {each.id: each.net for each in quote.lines}


def answered(quote: Quote) -> list[tuple[str, str, int, WhyNot | None]]:
    """Return what became of each voucher that was presented."""
    return [
        (each.redemption, each.id, each.amount, each.why_not)
        for each in quote.considered
        if each.redemption
    ]


# ── However a balance is cut ──


def test_m1_a_percentage_is_rounded_once_and_prepaid_pays_all_it_can() -> None:
    """M1: 10 % off 10000 are 1000, and 5000 that were paid in pay 5000 of the 9000."""
    member = Member(clinic(status("one", 10)))
    shown(member, "one")
    topped_up(member, *[500] * 10)

    made = quoted(member, line("1", 10_000))

    assert (made.price - made.net, made.due) == (1000, 4000)
    assert [draw.amount for draw in made.draws] == [5000]


cuts = st.lists(st.integers(1, 999), min_size=1, max_size=6)
carts = st.lists(st.integers(1, 3_000), min_size=1, max_size=4)
ways = st.fixed_dictionaries(
    {
        "stacking": st.sampled_from(["best_of", "additive", "sequential"]),
        "max_percent": st.sampled_from([12, 30, 100]),
        "rounding": st.sampled_from(["floor", "ceiling", "half_up", "half_even"]),
    }
)


def lots_of(document: Programme, amounts: list[int], days: bool) -> Member:  # noqa: FBT001
    """Return a member whose prepaid money lies in so many lots of one rate."""
    member = Member(document)
    shown(member, "one", "two")
    for day, amount in enumerate(amounts):
        now = NOON + day * 86_400_000 if days else NOON
        topped_up(member, amount, now=now)
    return member


@given(cuts, carts, ways, st.sampled_from([0, 7, 10, 33]))
@PERMUTATIONS
def test_m1_any_cut_of_one_balance_gives_one_bill(
    amounts: list[int], cart: list[int], how: dict[str, Any], percent: int
) -> None:
    """M1: as one lot or as many of one rate, the same comes off and the same is due."""
    offers = (status("one", 11), status("two", 3))
    bands = [{"at_least": 1, "percent": percent}] if percent else []
    expiring = clinic(*offers, bands=bands, prepaid_days=90, **how)
    lines = [line(str(n), amount) for n, amount in enumerate(cart)]
    later = NOON + 10 * 86_400_000

    cut = quoted(lots_of(expiring, amounts, days=True), *lines, now=later)
    whole = quoted(lots_of(expiring, [sum(amounts)], days=True), *lines, now=later)

    assert (cut.net, cut.due, cut.lines) == (whole.net, whole.due, whole.lines)
    paid = sum(draw.amount for draw in cut.draws)
    assert paid == min(cut.net, sum(amounts)) == sum(draw.amount for draw in whole.draws)


@given(cuts, carts, ways)
@PERMUTATIONS
def test_m1_money_without_a_rate_changes_no_price(
    amounts: list[int], cart: list[int], how: dict[str, Any]
) -> None:
    """M1: what is paid from a wallet without bands costs what it costs in cash."""
    document = clinic(status("one", 11), status("two", 3), bands=[], **how)
    member = lots_of(document, amounts, days=False)
    lines = [line(str(n), amount) for n, amount in enumerate(cart)]

    prepaid, cash = quoted(member, *lines), quoted(member, *lines, payments=())

    assert [each.net for each in prepaid.lines] == [each.net for each in cash.lines]
    assert prepaid.due == max(cash.due - sum(amounts), 0)


@given(cuts, carts, ways)
@PERMUTATIONS
def test_m1_prepaid_with_a_rate_is_never_dearer(
    amounts: list[int], cart: list[int], how: dict[str, Any]
) -> None:
    """M1: one offer more never raises a price, whatever the limit on several together."""
    offers = (status("one", 40), status("two", 3))
    document = clinic(*offers, bands=[{"at_least": 1, "percent": 20}], **how)
    member = lots_of(document, amounts, days=False)
    lines = [line(str(n), amount) for n, amount in enumerate(cart)]

    assert quoted(member, *lines).net <= quoted(member, *lines, payments=()).net


def test_m1_a_penny_that_two_may_not_share() -> None:
    """M1: what comes off is all named, also where several are cut to less than a part each."""
    how: dict[str, Any] = {"stacking": "additive", "max_percent": 1, "rounding": "ceiling"}
    member = Member(clinic(status("one", 1), bands=[{"at_least": 1, "percent": 1}], **how))
    shown(member, "one")
    topped_up(member, 5)

    (priced,) = quoted(member, line("1", 1)).lines

    assert (priced.net, sum(amount for *_, amount in priced.off)) == (0, 1)


@pytest.mark.parametrize(
    ("paid_in", "bill", "off", "drawn"),
    [
        (999, 2_000, 0, 999),  # below the first band
        (1_000, 900, 90, 810),  # all of the bill at 10 %
        (1_000, 1_111, 111, 1_000),  # exactly what there is
        (1_000, 2_000, 111, 1_000),  # ten parts of eighteen of 200
        (5_000, 4_000, 800, 3_200),  # the next band
        (5_000, 10_000, 1_250, 5_000),  # five parts of eight of 2000
    ],
)
def test_what_is_prepaid_with_a_rate_takes_off_its_part(
    paid_in: int, bill: int, off: int, drawn: int
) -> None:
    """The rate is of what the money pays for, named as the wallet's; the rest is due in full."""
    member = Member(clinic())
    topped_up(member, paid_in)

    quote = quoted(member, line("1", bill))

    (priced,) = quote.lines
    assert priced.off == ((("wallet", "prepaid", off),) if off else ())
    assert (priced.net, quote.net) == (bill - off, bill - off)
    assert [draw.money for draw in quote.draws] == [drawn]
    assert quote.due == bill - off - drawn
    told = [(each.id, each.amount) for each in quote.considered if each.source == "wallet"]
    assert told == ([("prepaid", off)] if off else [])


def test_what_pays_for_all_to_the_penny_takes_off_all() -> None:
    """Nothing is lost where the money is exactly what the reduced bill comes to."""
    member = Member(clinic(rounding="floor"))
    topped_up(member, 5_000)

    quote = quoted(member, line("1", 6_250))

    assert (quote.net, quote.due) == (5_000, 0)


def test_a_rate_beside_a_discount_takes_off_its_own() -> None:
    """Of 30 % together the discount is named for its 10, the wallet for its 20."""
    member = Member(clinic(status("one", 10), stacking="additive"))
    shown(member, "one")
    topped_up(member, 5_000)

    (priced,) = quoted(member, line("1", 1_000)).lines

    assert priced.off == (("discount", "one", 100), ("wallet", "prepaid", 200))


@pytest.mark.parametrize(
    ("payments", "drawn", "due"),
    [
        (("points", "cashback"), {"points": 1_000}, 0),
        (("cashback", "points"), {"cashback": 500, "points": 500}, 0),
        (("cashback",), {"cashback": 500}, 500),
        (("points",), {"points": 1_000}, 0),
        ((), {}, 1_000),
    ],
)
def test_two_wallets_on_one_bill(
    payments: tuple[str, ...], drawn: dict[str, int], due: int
) -> None:
    """T: together they pay the bill and no more, each as much as it may, as they are named."""
    document = programme(
        currencies=[points(), points() | {"id": "cashback"}],
        wallets=[
            {"currency": "cashback", "kind": "cashback", "max_percent": 50},
            {"currency": "points", "kind": "points"},
        ],
    )
    member = Member(document)
    member.adjust(1_000, NOON)
    member.adjust(1_000, NOON, "cashback")

    quote = quoted(member, line("1", 1_000), payments=tuple(map(Payment, payments)))

    assert {draw.currency.partition("/")[2]: draw.money for draw in quote.draws} == drawn
    assert quote.due == due


def test_what_is_free_is_free_in_its_scope_alone() -> None:
    """T: who has one tea pays for food in full, and for the second tea."""
    member = Member(clinic())
    grant = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=1, reason="held"
    )
    member.do(grant, NOON)

    assert quoted(member, line("1", 1_000, "food")).due == 1_000
    assert quoted(member, line("1", 1_000, "tea"), name="quote_2").due == 0
    assert quoted(member, line("1", 1_000, "tea", quantity=2), name="quote_3").due == 500


@pytest.mark.parametrize(
    ("cart", "more", "reasons"),
    [
        (["tea"], {}, {"first": None, "second": WhyNot("already_free")}),
        (
            ["tea"],
            {"excluded": frozenset({"first"})},
            {"first": WhyNot("excluded"), "second": None},
        ),
        (["tea", "tea"], {}, {"first": None, "second": None}),
        (["food"], {}, {"first": WhyNot("not_in_scope"), "second": WhyNot("not_in_scope")}),
    ],
)
def test_why_an_entitlement_pays_for_nothing(
    cart: list[str], more: dict[str, Any], reasons: dict[str, WhyNot | None]
) -> None:
    """Each says so: which were not held, are used up, or came too late for what was there."""
    tea = {"waives": {"include": {"categories": ["tea"]}}}
    quota = {"tiers": ["base"], "quota": {"count": 1, "window": "month"}}
    document = programme(
        tiers=ladder(("gold", visits(9))),
        entitlements=[
            {"id": "first", "name": "First", **tea, **quota},
            {"id": "second", "name": "Second", **tea, **quota},
            {"id": "gift", "name": "Gift", **tea},
        ],
    )
    member = Member(document)
    lines = [line(str(number), 100, category) for number, category in enumerate(cart)]

    told = {each.id: each.why_not for each in quoted(member, *lines, **more).considered}
    assert told == {**reasons, "gift": WhyNot("not_entitled")}

    for name in ("first", "second"):
        use = UseEntitlement(member="mem_1", programme="clinic", entitlement=name)
        member.do(use, NOON)
    told = {each.id: each.why_not for each in quoted(member, *lines, name="q2").considered}
    used = WhyNot("none_left")
    assert told == {"first": used, "second": used, "gift": WhyNot("not_entitled")}


@pytest.mark.parametrize(
    ("units", "off"), [(0, 0), (1, 200), (2, 400), (4, 800), (5, 1_001), (6, 1_001)]
)
def test_as_many_units_as_are_there_are_free(units: int, off: int) -> None:
    """Of five for 10.01 each takes its share, in whole pence, and the last one what is left."""
    member = Member(clinic())
    if units:
        command = GrantEntitlement(
            member="mem_1", programme="clinic", entitlement="tea", units=units, reason="r"
        )
        member.do(command, NOON)

    quote = quoted(member, line("1", 1_001, "tea", quantity=5))
    assert (quote.due, sum(each.units for each in quote.freed)) == (1_001 - off, min(units, 5))


@pytest.mark.parametrize(
    ("how", "rate", "expected"),
    [
        ({"stacking": "additive"}, 30, (70_000, 40_000, 30_000)),
        ({"stacking": "additive"}, 60, (100_000, 40_000, 60_000)),
        ({"stacking": "additive"}, 80, (100_000, 33_334, 66_666)),
        ({"stacking": "additive", "max_percent": 70}, 30, (70_000, 40_000, 30_000)),
        ({"stacking": "additive", "max_percent": 50}, 30, (50_000, 28_572, 21_428)),
        # No less than the best of them alone.
        ({"stacking": "additive", "max_percent": 10}, 30, (40_000, 22_858, 17_142)),
        ({"stacking": "additive", "max_percent": 10}, 60, (60_000, 24_000, 36_000)),
        ({"stacking": "sequential"}, 30, (58_000, 40_000, 18_000)),
        ({"stacking": "sequential", "max_percent": 50}, 30, (50_000, 34_482, 15_517)),
        ({"stacking": "best_of"}, 30, (40_000, 40_000, 0)),
        ({"stacking": "best_of"}, 40, (40_000, 40_000, 0)),
        ({"stacking": "best_of"}, 41, (41_000, 0, 41_000)),
        ({"stacking": "best_of", "max_percent": 10}, 41, (41_000, 0, 41_000)),
    ],
)
def test_beside_what_a_wallet_takes_off(
    how: dict[str, Any], rate: int, expected: tuple[int, int, int]
) -> None:
    """40 % off 10.00 and a wallet's rate: together, by offers and by the rate, and cut in parts."""
    stack = stacked(Discounts(**how), 1_000, [Candidate(0, "", 40, 0)])

    off = stack.at(rate)

    assert tuple(part * 100 // stack.unit for part in off) == expected
    assert off.together == off.offered + off.rated


@pytest.mark.parametrize(
    ("candidates", "off"),
    [
        ([(10, 0), (20, 0)], {0: 10_000, 1: 18_000}),
        ([(10, 0), (None, 200)], {0: 10_000, 1: 20_000}),
        ([(None, 200), (10, 0)], {0: 20_000, 1: 8_000}),
        ([(None, 900), (None, 200)], {0: 90_000, 1: 10_000}),
        ([(10, 0), (None, 950)], {0: 10_000, 1: 90_000}),
        ([(50, 0), (None, 100), (50, 0)], {0: 50_000, 1: 10_000, 2: 20_000}),
        ([(100, 0), (10, 0), (None, 5)], {0: 100_000, 1: 0, 2: 0}),
    ],
)
def test_one_after_another(candidates: list[tuple[int | None, int]], off: dict[int, int]) -> None:
    """Off 10.00, in hundredths of a penny: each of what those before it left, and no more."""
    offers = [Candidate(n, "", percent, amount) for n, (percent, amount) in enumerate(candidates)]

    stack = stacked(Discounts(stacking="sequential"), 1_000, offers)

    assert (stack.price, stack.most) == (1_000 * stack.unit, 1_000 * stack.unit)
    assert {place: taken * 100 // stack.unit for place, taken in stack.off.items()} == off
    assert stack.offered == sum(stack.off.values())


def test_parts_of_one_long_line_have_ids_of_their_own() -> None:
    """Two entitlements free units of a line whose id leaves no room for their names."""
    waives = {"waives": {"include": {"categories": ["tea"]}}}
    quota = {"tiers": ["base"], "quota": {"count": 1, "window": "month"}}
    document = programme(
        tiers=ladder(("gold", visits(9))),
        entitlements=[{"id": name, "name": name, **waives, **quota} for name in ("one", "two")],
    )
    made = quoted(Member(document), line("x" * 40, 300, "tea", quantity=3))
    ids = [each.id for each in made.lines]
    assert ids == ["x" * 38 + "-2", "x" * 38 + "-3", "x" * 40]
    assert made.due == 100


@pytest.mark.parametrize(
    ("lines", "ids"),
    [
        ((TEAS,), {"1-tea", "1"}),
        ((TEAS, line("1-tea", 50, "food")), {"1-tea-2", "1", "1-tea"}),
        (
            (
                line("1", 200, "tea", quantity=2),
                line("1-tea", 5, "food"),
                line("1-tea-2", 5, "food"),
            ),
            {"1-tea-3", "1", "1-tea", "1-tea-2"},
        ),
        ((line("x" * 40, 200, "tea", quantity=2),), {"x" * 38 + "-2", "x" * 40}),
        ((line("x" * 38, 200, "tea", quantity=2),), {"x" * 38 + "-t", "x" * 38}),
    ],
)
def test_what_is_free_of_a_line_has_an_id_of_its_own(
    lines: tuple[Line, ...], ids: set[str]
) -> None:
    """Whatever the caller's lines are called, the purchase is recorded, and can come back."""
    tea = {"waives": {"include": {"categories": ["tea"]}}}
    quota = {"tiers": ["base"], "quota": {"count": 1, "window": "month"}}
    document = programme(
        tiers=ladder(("gold", visits(9))),
        entitlements=[{"id": "tea", "name": "Tea", **tea, **quota}],
    )
    member = Member(document)

    purchase = bought(member, *lines)

    assert purchase.detail is not None
    assert purchase.detail.bill is not None
    assert {each.id for each in purchase.detail.bill.lines} == ids
    assert refunded(member, purchase, *ids).net == sum(each.amount for each in lines) - 100


def test_a_line_that_costs_nothing_is_on_the_bill() -> None:
    """What was handed over is named, with its price of nothing."""
    assert nets(quoted(Member(clinic()), line("1"), line("2", 100))) == {"1": 0, "2": 100}


# ── Whichever line comes first ──


@pytest.mark.parametrize("order", [("b", "a"), ("a", "b")])
def test_m3_an_amount_off_the_bill_is_spread_over_its_lines(order: tuple[str, str]) -> None:
    """M3: 10000 off lines of 1000 and 100000 leave 901 and 90099, in either order."""
    member, vouchers = holding(shop(voucher("off", amount=10_000)), "off")
    prices = {"b": 1000, "a": 100_000}

    made = quoted(member, *(line(each, prices[each]) for each in order), vouchers=vouchers)

    assert nets(made) == {"b": 901, "a": 90_099}


def test_m3_returning_the_dear_line_leaves_the_cheap_one_at_its_share() -> None:
    """M3: each line comes back at what it cost, and the other stays at what it cost."""
    member, vouchers = holding(shop(voucher("off", amount=10_000)), "off")
    purchase = bought(member, line("b", 1000), line("a", 100_000), vouchers=vouchers)

    back = [refunded(member, purchase, each) for each in ("a", "b")]

    assert [(each.net, each.due) for each in back] == [(90_099, 90_099), (901, 901)]


def test_m3_what_is_free_has_no_share() -> None:
    """M3: an amount off is spread over what is left to pay for, and none of it is lost."""
    member, vouchers = holding(shop(voucher("off", amount=300)), "off")
    grant = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=1, reason="kindness"
    )
    member.do(grant, NOON)

    made = quoted(member, line("1", 500, "tea"), line("2", 500, "food"), vouchers=vouchers)

    assert (nets(made), made.due) == ({"1": 0, "2": 200}, 200)


def test_m3_a_members_price_of_the_units_that_are_not_free() -> None:
    """M3: with one tea of three free, a lower price takes its difference off the other two."""
    prices = {
        "id": "prices",
        "name": "Prices",
        "terms": {"type": "prices", "prices": {"TEA": 200}},
    }
    member = Member(shop(prices))
    grant = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=1, reason="kindness"
    )
    member.do(grant, NOON)

    assert quoted(member, Line("1", 900, 3, "tea", "TEA")).due == 400


def test_m3_the_dearest_is_free_whichever_comes_first() -> None:
    """M3: one free tea makes the dearer of two free, in either order."""
    cheap, dear = line("c", 200, "tea"), line("d", 500, "tea")
    for lines in [(cheap, dear), (dear, cheap)]:
        member = Member(clinic())
        grant = GrantEntitlement(
            member="mem_1", programme="clinic", entitlement="tea", units=1, reason="kindness"
        )
        member.do(grant, NOON)
        assert nets(quoted(member, *lines)) == {"c": 200, "d": 0}


@given(
    st.lists(
        st.tuples(st.integers(0, 5_000), st.integers(1, 3), st.sampled_from(["tea", "food"])),
        min_size=2,
        max_size=5,
    ),
    ways,
    st.integers(0, 3_000),
    st.integers(0, 3),
    st.integers(0, 2_000),
    st.randoms(use_true_random=False),
)
@PERMUTATIONS
def test_m3_the_order_of_lines_changes_nothing(
    cart: list[tuple[int, int, str]],
    how: dict[str, Any],
    paid_in: int,
    teas: int,
    cashback: int,
    chance: Any,
) -> None:
    """M3: vouchers, free units, prepaid money and cashback: each line costs what it costs."""
    food = {"include": {"categories": ["food"]}}
    offers = ({**voucher("off", amount=700)}, status("one", 12, scope=food), status("two", 5))
    document = clinic(*offers, rewards=[reward("off", 1)], **how)
    member = Member(document)
    member.adjust(1, NOON)
    vouchers = (member.redeem("off", NOON).id,)
    shown(member, "one", "two")
    if paid_in:
        topped_up(member, paid_in, max(paid_in // 3, 1))
    if cashback:
        member.do(adjustment(cashback, "cashback"), NOON)
    if teas:
        grant = GrantEntitlement(
            member="mem_1", programme="clinic", entitlement="tea", units=teas, reason="kindness"
        )
        member.do(grant, NOON)
    lines = [Line(f"l{n}", *each) for n, each in enumerate(cart)]
    shuffled = list(lines)
    chance.shuffle(shuffled)
    payments = (Payment("prepaid"), Payment("cashback"))

    one = quoted(member, *lines, vouchers=vouchers, payments=payments)
    other = quoted(member, *shuffled, vouchers=vouchers, payments=payments)

    assert {each.id: each for each in one.lines} == {each.id: each for each in other.lines}
    assert (one.due, one.considered) == (other.due, other.considered)
    assert one.freed == other.freed


# ── Whatever is presented is answered ──


def test_m9_two_vouchers_of_one_reward() -> None:
    """M9: where the best of several counts, the second is left out and named, with the reason."""
    member, vouchers = holding(shop(voucher("five", amount=500)), "five", "five")

    made = quoted(member, line("1", 2000), vouchers=vouchers)

    assert made.due == 1500
    assert answered(made) == [
        (vouchers[0], "five", 500, None),
        (vouchers[1], "five", 0, WhyNot("others_gave_more")),
    ]
    assert made.redemptions == vouchers[:1]


@pytest.mark.parametrize("stacking", ["additive", "sequential"])
def test_m9_two_vouchers_that_add_up(stacking: str) -> None:
    """M9: where discounts add up, each voucher is one of them, and both are used."""
    member, vouchers = holding(shop(voucher("five", amount=500), stacking=stacking), "five", "five")

    made = quoted(member, line("1", 2000), vouchers=vouchers)

    assert (made.due, made.redemptions) == (1000, vouchers)
    assert [amount for _, _, amount, _ in answered(made)] == [500, 500]


def test_m9_a_voucher_that_stands_for_something_else() -> None:
    """M9: one that no discount takes is named, and so is one that is presented twice."""
    member, vouchers = holding(shop(voucher("five", amount=500)), "five", "mug")
    five, mug = vouchers

    made = quoted(member, line("1", 2000), vouchers=(five, mug, five))

    assert answered(made) == [
        (five, "five", 500, None),
        (mug, "mug", 0, WhyNot("goods_only")),
        (five, "five", 0, WhyNot("presented_twice")),
    ]
    assert made.redemptions == (five,)


def test_m9_a_voucher_that_was_excluded_or_has_no_line() -> None:
    """M9: one for other lines, and one whose discount is excluded, are named with the reason."""
    food = {"include": {"categories": ["food"]}}
    offers = ({**voucher("five", amount=500), "scope": food}, voucher("ten", percent=10))
    member, vouchers = holding(shop(*offers), "five", "ten")

    made = quoted(member, line("1", 2000), vouchers=vouchers, excluded=frozenset({"ten"}))

    assert [each[1:] for each in answered(made)] == [
        ("five", 0, WhyNot("not_in_scope")),
        ("ten", 0, WhyNot("excluded")),
    ]


def test_m9_one_voucher_of_two_discounts_is_used_once() -> None:
    """M9: a voucher that two discounts take is one redemption, and confirmed once."""
    offers = (
        {**voucher("off", amount=100), "scope": {"include": {"categories": ["food"]}}},
        {**voucher("off", percent=10), "id": "tenth"},
    )
    member, vouchers = holding(shop(*offers, stacking="additive"), "off")

    made = quoted(member, line("1", 1000, "food"), vouchers=vouchers)

    assert (made.due, made.redemptions) == (800, vouchers)


def test_m9_a_wallet_that_pays_nothing_says_why() -> None:
    """M9: a payment that is asked for and not needed is answered as well."""
    member = Member(clinic(status("one", 100)))
    shown(member, "one")
    topped_up(member, 500)
    member.do(adjustment(300, "cashback"), NOON)

    made = quoted(member, line("1", 2000), payments=(Payment("prepaid", 500), Payment("cashback")))

    reasons = {each.id: each.why_not for each in made.considered if each.source == "wallet"}
    assert reasons == {"prepaid": WhyNot("nothing_due"), "cashback": WhyNot("nothing_due")}
    assert made.draws == ()


ON_TEA = {"scope": {"include": {"categories": ["tea"]}}}


@pytest.mark.parametrize(
    ("stacking", "cart", "offers", "expected"),
    [
        # Both together come to 20.4, of which the second has 0.4.
        ("additive", [40], [(50, {}), (1, {})], [None, "comes_to_nothing"]),
        ("sequential", [40], [(50, {}), (1, {})], [None, "comes_to_nothing"]),
        ("best_of", [40], [(50, {}), (1, {})], [None, "others_gave_more"]),
        ("additive", [40], [(50, {"group": "g"}), (1, {"group": "g"})], [None, "others_gave_more"]),
        # Nothing is left of it.
        ("sequential", [40], [(100, {}), (50, {})], [None, "others_gave_more"]),
        # Of one line more came off by the other; of the other it has too little to tell.
        ("best_of", [40, 1], [(50, {}), (10, {})], [None, "others_gave_more"]),
        # What it is for costs nothing; what others take off other lines has no part in that.
        ("best_of", [40, 0], [(50, {}), (10, ON_TEA)], [None, "comes_to_nothing"]),
        ("best_of", [40, 4], [(50, {}), (10, ON_TEA)], [None, "others_gave_more"]),
        ("best_of", [1], [(20, {}), (10, {})], ["comes_to_nothing", "comes_to_nothing"]),
    ],
)
def test_m9_it_is_said_of_others_where_they_gave_more(
    stacking: str,
    cart: list[int],
    offers: list[tuple[int, dict[str, Any]]],
    expected: list[str | None],
) -> None:
    """M9: what goes together with others, and is too little for a penny, comes to nothing."""
    names = ("one", "two")
    beside = zip(names, offers, strict=True)
    discounts = [status(name, percent, **more) for name, (percent, more) in beside]
    member = Member(clinic(*discounts, stacking=stacking))
    shown(member, *names)

    made = quoted(member, *(line(str(n), each, "tea" if n else "") for n, each in enumerate(cart)))

    told = {each.id: each.why_not and each.why_not.reason for each in made.considered}
    assert [told[name] for name in names] == expected


def test_m9_a_penny_off_a_bill_that_comes_to_nothing() -> None:
    """M9: it is for the dearer line, where it is cut as the others are; of the other it is none."""
    offers = (status("one", 50), status("two", 50), voucher("penny", amount=1))
    member = Member(
        clinic(*offers, stacking="additive", max_percent=50, rewards=[reward("penny", 1)])
    )
    shown(member, "one", "two")
    member.adjust(9, NOON)
    presented = (member.redeem("penny", NOON).id,)

    made = quoted(member, line("1", 100), line("2", 50), vouchers=presented)

    assert nets(made) == {"1": 50, "2": 25}
    assert answered(made) == [(*presented, "penny", 0, WhyNot("comes_to_nothing"))]


@pytest.mark.parametrize(
    ("stacking", "cart", "percent", "expected"),
    [
        # 10 % of what was topped up, of 4 pence.
        ("additive", [4], 0, "comes_to_nothing"),
        ("additive", [4], 50, "comes_to_nothing"),
        ("sequential", [4], 50, "comes_to_nothing"),
        ("best_of", [4], 50, "others_gave_more"),
        ("sequential", [4], 100, "others_gave_more"),
        ("best_of", [0], 50, "comes_to_nothing"),
        ("additive", [400], 50, None),
    ],
)
def test_m9_a_rate_that_takes_nothing_off_says_why(
    stacking: str, cart: list[int], percent: int, expected: str | None
) -> None:
    """M9: the same of the percentage of prepaid value."""
    member = Member(clinic(*([status("one", percent)] if percent else []), stacking=stacking))
    shown(member, "one")
    topped_up(member, 1_000)

    made = quoted(member, *(line(str(n), each) for n, each in enumerate(cart)))

    (told,) = (each.why_not for each in made.considered if each.source == "wallet")
    assert (told and told.reason) == expected


@pytest.mark.parametrize(
    ("stacking", "lots", "expected"),
    [
        # 10 % of the lot is more than 5 %; of 4 pence both are nothing.
        ("best_of", [1_000], "others_gave_more"),
        ("additive", [1_000], None),
        # The first lot pays for a part, without a rate of its own.
        ("best_of", [100, 1_000], None),
    ],
)
def test_m9_an_offer_that_a_rate_outdoes(
    stacking: str, lots: list[int], expected: str | None
) -> None:
    """M9: what is topped up at a better rate gives more, wherever it pays for all."""
    member = Member(clinic(status("one", 5), stacking=stacking))
    shown(member, "one")
    topped_up(member, *lots)

    made = quoted(member, line("1", 400))

    (told,) = (each.why_not for each in made.considered if each.id == "one")
    assert (told and told.reason) == expected


def two_wallets(first: int, then: int, *offers: dict[str, Any]) -> Member:
    """Return a member with so much prepaid in two wallets, at 10 % and at 20 %."""
    names = {"first": 10, "then": 20}
    document = programme(
        currencies=[
            points(),
            *({"id": each, "name": each, "expiry": {"type": "never"}} for each in names),
        ],
        statuses=[{"id": "one", "name": "one"}],
        discounts={"offers": list(offers)},
        wallets=[
            {"currency": each, "kind": "prepaid", "bands": [{"at_least": 1, "percent": percent}]}
            for each, percent in names.items()
        ],
    )
    member = Member(document)
    shown(member, "one")
    for each, amount in {"first": first, "then": then}.items():
        member.do(TopUp(member="mem_1", programme="clinic", currency=each, amount=amount), NOON)
    return member


def of_wallets(quote: Quote) -> list[tuple[str, int, WhyNot | None]]:
    """Return what the rate of each wallet took off, or why nothing."""
    found = [each for each in quote.considered if each.source == "wallet"]
    return [(each.id, each.amount, each.why_not) for each in found]


def test_m9_a_rate_that_is_not_needed() -> None:
    """M9: where another wallet, or another lot, pays for all of it, nothing is left to pay."""
    assert of_wallets(quoted(two_wallets(1_000, 1_000), line("1", 500))) == [
        ("first", 50, None),
        ("then", 0, WhyNot("nothing_due")),
    ]
    plain = Member(clinic())
    topped_up(plain, 900, 1_000)
    assert of_wallets(quoted(plain, line("1", 500))) == [("prepaid", 0, WhyNot("nothing_due"))]


def test_m9_of_two_rates_one_is_outdone() -> None:
    """M9: each pays for half; 15 % are more than the first gives, and less than the second."""
    member = two_wallets(425, 1_000, status("one", 15))

    assert of_wallets(quoted(member, line("1", 1_000))) == [
        ("first", 0, WhyNot("others_gave_more")),
        ("then", 100, None),
    ]


# ── What it costs to make one ──


def crowded(entitlements: int, discounts: int, lots: int, stacking: str, **more: Any) -> Member:
    """Return a member with a grant of each entitlement, and so many discounts and lots."""
    tea, food = ({"include": {"categories": [name]}} for name in ("tea", "food"))
    offers = [
        {
            "id": f"d{n}",
            "name": f"d{n}",
            "terms": {"type": "tier", "percent": {"base": 1}},
            "scope": {"exclude": {"categories": ["rx"]}},
            **more,
        }
        for n in range(discounts)
    ]
    expiring = {"name": "Money", "expiry": {"type": "rolling", "days": 400}}
    document = programme(
        currencies=[points(), {"id": "prepaid", **expiring}],
        tiers=ladder(("silver", {"all": [{"metric": "visits", "at_least": 999}]})),
        discounts={"offers": offers, "stacking": stacking},
        entitlements=[
            {"id": f"e{n}", "name": f"e{n}", "waives": tea if n % 2 else food}
            for n in range(entitlements)
        ],
        wallets=[
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": n * 10, "percent": n} for n in range(1, 21)],
            }
        ],
    )
    member = Member(document)
    for n in range(entitlements):
        grant = GrantEntitlement(
            member="mem_1",
            programme="clinic",
            entitlement=f"e{n}",
            units=1,
            reason="kindness",
            valid_days=500 + n,
        )
        member.do(grant, NOON)
    for day in range(lots):
        topped_up(member, 10 + day % 230, now=NOON + day * 86_400_000)
    return member


def calls(member: Member, lines: int, lots: int = 0) -> int:
    """Return how many functions of ours are called to quote so many lines."""
    cart = tuple(Line(str(n), 100_000 + n, 1000, "tea" if n % 2 else "food") for n in range(lines))
    return calls_for(member, *cart, lots=lots)


def calls_for(member: Member, *cart: Line, lots: int = 0) -> int:
    """Return how many functions are called by ours to quote a cart."""
    activity = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=cart)
    command = MakeQuote(member="mem_1", programme="clinic", quote_id="quote_1", activity=activity)
    decider = member.deciding(command, NOON + lots * 86_400_000)
    count = 0

    def counting(frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        # What the collection of garbage calls, whenever that comes, is no work of ours.
        ours = "/chalicelib/" in frame.f_code.co_filename
        count += ours and event in ("call", "c_call")

    sys.setprofile(counting)
    try:
        decide(decider, command)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("stacking", ["best_of", "additive", "sequential"])
@pytest.mark.parametrize("what", ["lines", "entitlements", "discounts", "lots"])
def test_b3_work_grows_in_proportion(what: str, stacking: str) -> None:
    """B3: twice as much of anything takes no more than twice the work."""
    base = {"lines": 20, "entitlements": 10, "discounts": 20, "lots": 40}

    def work(times: int) -> int:
        size = {**base, what: base[what] * times}
        member = crowded(size["entitlements"], size["discounts"], size["lots"], stacking)
        return calls(member, size["lines"], size["lots"])

    once, twice, four = work(1), work(2), work(4)

    assert twice <= 2.1 * once
    # What the second half adds is as much as the first: a square would add three times as much.
    assert four - twice <= 2.2 * (twice - once) + once * 0.05


#: Of a line of 1000, of which 900 are covered, this is 40 less, and the member's part with it.
PRICED = {"terms": {"type": "prices", "prices": {"s": 40}}, "limits": [{"units": 10**9}]}


def steps(lines: int, discounts: int, covered: int) -> int:
    """
    Return how many instructions of ours are carried out to quote lines with as many prices each.

    A loop that looks through what it does not want calls nothing.
    """
    member = crowded(0, discounts, 0, "additive", **PRICED)
    cart = tuple(Line(str(n), 1000 - covered, 1, "food", "s") for n in range(lines))
    activity = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=cart)
    command = MakeQuote(
        member="mem_1",
        programme="clinic",
        quote_id="quote_1",
        activity=activity,
        covered=(covered,) * lines if covered else (),
    )
    decider = member.deciding(command, NOON)
    count = 0

    def counting(frame: Any, event: str, _argument: Any) -> Any:
        nonlocal count
        if "/chalicelib/" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return counting

    before = sys.gettrace()
    sys.settrace(counting)
    try:
        decide(decider, command)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("covered", [0, 900])
@pytest.mark.parametrize("what", ["lines", "discounts"])
def test_b3_work_with_prices_grows_in_proportion(what: str, covered: int) -> None:
    """B3: so it does where every line has a price by every discount, also where it is covered."""

    def work(times: int) -> int:
        size = {"lines": 20, "discounts": 20}
        size[what] *= times
        return steps(size["lines"], size["discounts"], covered)

    once, twice, four = work(1), work(2), work(4)

    assert twice <= 2.1 * once
    assert four - twice <= 2.2 * (twice - once) + once * 0.05


def test_b3_the_largest_cart() -> None:
    """B3: all that may be at once takes so many calls, which is some tens of milliseconds."""
    member = crowded(100, 100, 366, "sequential")

    assert calls(member, 100, 366) < 200_000


#: The condition and the limit that take most to look at, one for each of 100 discounts.
CONDITIONS: dict[str, Any] = {"min_bill": 1, "limits": [{"window": "month", "units": 250}]}
SETS = {"terms": {"type": "buy_get", "buy": 2, "get": 1, "percent": 5}, **CONDITIONS}


@pytest.mark.parametrize("more", [CONDITIONS, SETS], ids=["limits", "sets"])
def test_f_the_largest_cart_with_conditions(more: dict[str, Any]) -> None:
    """F: least bills, limits and full sets of every discount take less than as much again."""
    member = crowded(100, 100, 366, "sequential", **more)

    assert calls(member, 100, 366) < 400_000


@pytest.mark.parametrize("what", ["lines", "discounts"])
def test_f_work_with_conditions_grows_in_proportion(what: str) -> None:
    """F: twice as many lines, or discounts with conditions, take no more than twice the work."""

    def work(times: int) -> int:
        size = {"lines": 20, "discounts": 20}
        size[what] *= times
        member = crowded(5, size["discounts"], 5, "additive", **SETS)
        return calls(member, size["lines"], 5)

    once, twice, four = work(1), work(2), work(4)

    assert twice <= 2.1 * once
    assert four - twice <= 2.2 * (twice - once) + once * 0.05
