"""F: what limits of discounts count as used once parts of purchases have come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.bill import Bill, PricedLine
from chalicelib.domain.ledger.events import Event, Line, QuoteBought
from chalicelib.domain.mechanics.remaining import REMAINING, LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from tests.domain.building import Member, line
from tests.domain.till import NOON, bought, clinic, quoted, shown, status
from tests.examples import examples

PROPERTY = settings(max_examples=examples(150), derandomize=True, deadline=None, print_blob=True)
#: So many percent off, or full sets: so many bought, so many gotten, and how much less these are.
Terms = int | tuple[int, int, int]
FOOD = {"categories": ["food"]}
EVER: dict[str, Any] = {"window": "lifetime"}
MANY = [{**EVER, "money": 10**9}, {**EVER, "units": 10**6}, {**EVER, "orders": 10**3}]


def offer(terms: Terms, *limits: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return so many percent off, or full sets, within limits."""
    given: dict[str, Any] = {"type": "status", "any": ["one"], "percent": terms}
    if isinstance(terms, tuple):
        buy, get, percent = terms
        given = {"type": "buy_get", "buy": buy, "get": get, "percent": percent}
    return {"id": "it", "name": "It", "terms": given, "limits": list(limits), **more}


def having(*offers: dict[str, Any], **how: Any) -> Member:
    """Return a member whom these offers are for."""
    member = Member(clinic(*offers, bands=[], **how))
    shown(member, "one", "two")
    return member


def used(member: Member) -> dict[str, int]:
    """Return what is used of each limit, by its measure and place among those of one measure."""
    found = {}
    for name, each in member.account.counters.items():
        if "/offer:it/" in name:
            _, measure, _, place, _ = name.partition("/offer:")[2].split("/")
            found[measure if place == "0" else f"{measure} {place}"] = each.value
    return found


def bill_of(event: Event) -> Bill:
    """Return the bill of a purchase, or of a refund."""
    assert event.detail is not None
    assert event.detail.bill is not None
    return event.detail.bill


def back(member: Member, purchase: Event, *parts: LineReversal, amount: int | None = None) -> Bill:
    """Take parts of a purchase back, or an amount of it; all of it where nothing is said."""
    command = ReverseActivity(member="mem_1", version=purchase.version, lines=parts, amount=amount)
    return bill_of(member.do(command, NOON).events[-1])


@pytest.mark.parametrize(
    ("terms", "more", "cart", "returned", "left"),
    [
        # Half of 100.00 from there on: the 1.00 is all that is kept back, and 49.00 stay off.
        (50, {"min_bill": 10_000}, [9_900, 100], [1], (4_900, 1, 1)),
        # 10.00 was paid for b; that covers what came off a.
        (50, {"min_bill": 2_000}, [1_000, 2_000], [1], (0, 0, 0)),
        # Of a pair the free one comes back: a and c are the pair, and c is free.
        ((1, 1, 100), {}, [2_000, 1_990, 1_980], [1], (1_980, 1, 1)),
        ((1, 1, 100), {}, [2_000, 1_990, 1_980], [2], (1_990, 1, 1)),
        # What is kept of a pair costs its price.
        ((1, 1, 100), {}, [1_000, 500], [0], (0, 0, 0)),
        ((1, 1, 100), {}, [1_000, 500], [1], (0, 0, 0)),
        # 20.00 was paid, of which nothing is left to keep back: d and e stay for 19.30 less.
        ((1, 2, 100), {}, [2_000, 1_990, 1_980, 1_970, 1_960], [1, 2, 0], (1_930, 2, 1)),
        ((1, 2, 100), {}, [2_000, 1_990, 1_980, 1_970, 1_960], [1, 2, 0, 3], (0, 0, 0)),
    ],
)
def test_f_what_stays_is_used(
    terms: Terms,
    more: dict[str, Any],
    cart: list[int],
    returned: list[int],
    left: tuple[int, int, int],
) -> None:
    """F: what came off what is kept, less what refunds kept back, or more where they gave more."""
    member = having(offer(terms, *MANY, **more))
    purchase = bought(member, *(line(str(n), price) for n, price in enumerate(cart)))

    for each in returned:
        back(member, purchase, LineReversal(str(each)))

    expected = dict(zip(("money", "units", "orders"), left, strict=True))
    assert used(member) == {name: amount for name, amount in expected.items() if amount}
    assert member.verdict().holds


@pytest.mark.parametrize("terms", [50, (1, 1, 100)])
def test_f_once_in_a_lifetime_is_once(terms: Terms) -> None:
    """F: nobody has it again who keeps it, by giving back what costs next to nothing."""
    member = having(offer(terms, {**EVER, "orders": 1}, min_bill=10_000))
    cart = [line("a", 5_000), line("b", 4_900), line("c", 100)]
    first = bought(member, *cart)

    back(member, first, LineReversal("c"))

    assert used(member) == {"orders": 1}
    again = quoted(member, *cart, name="quote_2")
    assert again.net == again.price
    back(member, first)
    assert used(member) == {}


@pytest.mark.parametrize("percent", [100, 50, 1])
@pytest.mark.parametrize(("units", "most"), [(1, 1), (3, 5), (4, 2)])
@pytest.mark.parametrize("amounts", [(0.52,), (0.26, 0.26), (0.99,)])
def test_f_an_amount_hands_no_unit_back(
    percent: int, units: int, most: int, amounts: tuple[float, ...]
) -> None:
    """F: a lower price after the sale leaves every unit, and the order, used."""
    member = having(offer(percent, {**EVER, "units": most}, {**EVER, "orders": 9}))
    purchase = bought(member, Line("a", 100 * units, units), line("b", 100, "b"))
    before, due = used(member), bill_of(purchase).due
    assert before == {"units": min(units + 1, most), "orders": 1}

    for share in amounts:
        if due:
            back(member, purchase, amount=int(due * share))
            assert used(member) == before

    back(member, purchase)
    assert used(member) == {}


@pytest.mark.parametrize(("least", "left"), [(39, {"orders": 1}), (40, {})])
def test_f_what_comes_to_nothing_is_used_from_its_least_bill_on(
    least: int, left: dict[str, int]
) -> None:
    """F: of one penny nothing stays by a lower price, and its order all the same."""
    member = having(offer(1, {**EVER, "orders": 1}, min_bill=least))
    purchase = bought(member, line("a", 100))

    back(member, purchase, amount=60)

    assert used(member) == left


def test_f_units_are_used_while_they_are_kept() -> None:
    """F: of a line that it was for in part, each unit is as much of it as any other."""
    member = having(offer(50, {**EVER, "units": 1}))
    purchase = bought(member, Line("a", 300, 3))

    left = []
    for _ in range(3):
        back(member, purchase, LineReversal("a", quantity=1))
        left.append(used(member).get("units", 0))

    assert left == [1, 1, 0]


def test_f_a_set_that_moves_to_other_lines() -> None:
    """F: what comes to be free by a refund is used of the limit on its lines."""
    limits = [{**EVER, name: 5_000, "of": FOOD} for name in ("money", "units", "orders")]
    member = having(offer((1, 1, 100), *limits))
    purchase = bought(member, line("a", 2_000), line("b", 1_990), line("c", 1_980, "food"))
    assert used(member) == {}

    back(member, purchase, LineReversal("b"))
    assert used(member) == {"money": 1_980, "units": 1, "orders": 1}
    back(member, purchase, LineReversal("a"))

    assert used(member) == {}


def test_f_a_set_that_leaves_its_lines() -> None:
    """F: what was free and is paid for now is used of no limit any more, nor more than there is."""
    on_it = {"of": {"skus": ["D"]}, **EVER}
    limits = [{**on_it, "money": 5_000}, {**on_it, "units": 9}, {**on_it, "orders": 9}]
    member = having(offer((1, 1, 100), *limits))
    cart = [line("a", 100), line("b", 90), line("c", 80), line("d", 70, sku="D")]
    purchase = bought(member, *cart)
    assert used(member) == {"money": 70, "units": 1, "orders": 1}

    back(member, purchase, LineReversal("b"))

    assert used(member) == {}


def test_f_a_set_that_moves_to_more_units() -> None:
    """F: it was for one of two units that the limit left, and is for no more of five."""
    member = having(offer((1, 1, 100), {**EVER, "units": 2}))
    purchase = bought(member, line("a", 100), line("b", 90), Line("c", 400, 5))
    assert used(member) == {"units": 1}

    back(member, purchase, LineReversal("b"))

    assert used(member) == {"units": 1}


def test_f_nothing_is_used_of_lines_that_came_back() -> None:
    """F: what could not be kept back is of what is kept."""
    on_it = {**EVER, "of": {"skus": ["B"]}}
    limits = [{**on_it, "money": 5_000}, {**on_it, "units": 9}, {**on_it, "orders": 9}]
    member = having(offer((1, 2, 100), *limits, {**EVER, "orders": 9}))
    prices = {"a": 2_000, "b": 1_990, "c": 1_980, "d": 1_970, "e": 1_960}
    purchase = bought(
        member, *(line(each, price, sku=each.upper()) for each, price in prices.items())
    )

    for each in "bca":
        back(member, purchase, LineReversal(each))

    assert used(member) == {"orders 1": 1}


def test_f_a_limit_on_some_lines_is_used_by_these() -> None:
    """F: of what could not be kept back it counts as much as there was off its lines."""
    limits = [{**EVER, "money": 9_000, "of": FOOD}, {**EVER, "units": 9, "of": FOOD}, *MANY]
    member = having(offer(50, *limits, min_bill=1_000))
    purchase = bought(member, line("a", 800), line("b", 300, "food"), line("c", 100))

    back(member, purchase, LineReversal("a", amount=50))
    back(member, purchase, LineReversal("c"))
    back(member, purchase, LineReversal("a", amount=100))

    # 3.00 stay off 5.00 and 3.00: of the food, 1.50 was off.
    on_food = {"money": 150, "units": 1}
    assert used(member) == on_food | {"money 1": 300, "units 1": 2, "orders": 1}
    back(member, purchase, LineReversal("b"))
    assert used(member) == {}


def test_f_what_a_set_comes_to_use_hinders_nothing_else() -> None:
    """F: beyond a limit on some lines, others are bought as before, and these have none of it."""
    member = having(offer((1, 1, 100), {**EVER, "money": 1_000, "of": FOOD}))
    purchase = bought(member, line("a", 2_000), line("b", 1_990), line("c", 1_980, "food"))
    back(member, purchase, LineReversal("b"))
    assert used(member) == {"money": 1_980}

    other = bought(member, line("a", 200), line("b", 100), name="quote_2")
    food = quoted(member, line("a", 200, "food"), line("b", 100, "food"), name="quote_3")

    assert (bill_of(other).net, food.net) == (200, 300)


@pytest.mark.parametrize(("then", "counted"), [("2026-03-31", 1_980), ("2026-07-02", 0)])
def test_f_a_window_that_is_over_counts_no_more(then: str, counted: int) -> None:
    """F: a set that comes to be of other lines is used of the month while that is known."""
    member = having(offer((1, 1, 100), {"window": "month", "money": 5_000, "of": FOOD}))
    purchase = bought(member, line("a", 2_000), line("b", 1_990), line("c", 1_980, "food"))

    command = ReverseActivity(member="mem_1", version=purchase.version, lines=(LineReversal("b"),))
    member.do(command, then)

    assert used(member).get("money", 0) == counted


def test_f_what_comes_to_be_used_again() -> None:
    """F: a pair that a lower price made small is less used, until its place is another's."""
    member = having(offer((1, 1, 50), *MANY))
    cart = [line("a", 100), line("b", 50), line("c", 40), line("d", 2)]
    purchase = bought(member, *cart)
    seen = [used(member)["money"]]

    for part in (LineReversal("b", amount=24), LineReversal("d"), LineReversal("c")):
        back(member, purchase, part)
        seen.append(used(member)["money"])

    # Half of b and d; of b at 2 and d; of c beside a; of b beside a.
    assert seen == [26, 2, 20, 1]


def test_f_an_offer_that_was_kept_back_stays_so() -> None:
    """F: what a later refund cannot cover is let go of the offer that it breaks."""
    other = status("two", 50, min_bill=1_500)
    member = having(offer(10, *MANY, min_bill=2_000), other, stacking="additive")
    purchase = bought(member, line("a", 1_000), line("b", 900), line("c", 900))

    back(member, purchase, LineReversal("c"))
    assert used(member) == {}
    late = back(member, purchase, LineReversal("b"))

    assert [(each.discount, each.amount) for each in late.reclaimed] == [("it", -90), ("two", 450)]
    assert used(member) == {}


carts = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 3), st.sampled_from(["food", ""])),
    min_size=1,
    max_size=4,
)
kinds = st.one_of(
    st.sampled_from([1, 10, 33, 50, 100]),
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.sampled_from([33, 50, 100])),
)
ranges = st.lists(
    st.fixed_dictionaries({"window": st.just("lifetime")}, optional={"of": st.just(FOOD)}).flatmap(
        lambda limit: st.one_of(
            st.builds(lambda n: {**limit, "money": n}, st.integers(1, 400)),
            st.builds(lambda n: {**limit, "units": n}, st.integers(1, 6)),
            st.builds(lambda n: {**limit, "orders": n}, st.integers(1, 2)),
        )
    ),
    min_size=1,
    max_size=2,
)
parts = st.tuples(
    st.sampled_from(["line", "units", "amount", "both", "some of all"]),
    st.integers(0, 3),
    st.one_of(st.integers(1, 2), st.integers(1, 100)),
)


class Sale:
    """A purchase, of which parts come back, and what is kept of the offer that has limits."""

    def __init__(self, member: Member, event: Event) -> None:
        self._member, self._event = member, event
        self.bill, self.backs = bill_of(event), list[Bill]()
        (outcome,) = (each for each in event.outcomes if isinstance(each, QuoteBought))
        self.taken = next((each for each in outcome.offers if each.discount == "it"), None)

    def give_back(self, kind: str, place: int, share: int) -> None:
        """Take a part back, where there is so much."""
        place %= len(self.bill.lines)
        amount, units = self.left[place]
        less, quantity = amount * share // 100, min(share, units)
        name = self.bill.lines[place].id
        match kind:
            case "some of all":
                self._back(amount=max(sum(each for each, _ in self.left) * share // 100, 1))
            case "amount":
                self._back(LineReversal(name, amount=less))
            case "units":
                self._back(LineReversal(name, quantity=quantity))
            case "both":
                self._back(LineReversal(name, amount=less, quantity=quantity))
            case _:
                self._back(LineReversal(name))

    def all_back(self) -> None:
        """Take back all that is left."""
        if any(map(any, self.left)):
            self._back()

    def _back(self, *parts: LineReversal, amount: int | None = None) -> None:
        command = ReverseActivity(
            member="mem_1", version=self._event.version, lines=parts, amount=amount
        )
        with suppress(LoyaltyError):  # there may be less of it
            self.backs += [bill_of(each) for each in self._member.do(command, NOON).events]

    @property
    def left(self) -> list[tuple[int, int]]:
        """Return how much of each line is left, of what counts and in units."""
        left = self._member.records.get(REMAINING.ref("mem_1", str(self._event.version)))
        return list(left.lines) if left else [(x.counted, x.quantity) for x in self.bill.lines]

    @property
    def kept(self) -> int:
        """Return how much less the member has paid for what is left, by the offer."""
        kept_back = [each for bill in self.backs for each in bill.reclaimed]
        off = sum(sign * amount for sign, _, amount in self._off())
        return off - sum(each.amount for each in kept_back if each.discount == "it")

    @property
    def saved(self) -> int:
        """Return how much less the member has paid for what is left, by any offer."""
        price = self.bill.price - sum(each.price for each in self.backs)
        return price - self.bill.net + sum(each.net for each in self.backs)

    def on_food(self, terms: Terms) -> int:
        """Return how much of the offer, at least, is kept of the lines with food."""
        others = sum(sign * amount for sign, each, amount in self._off() if not each.category)
        if not isinstance(terms, int):
            # Full sets may come to be of other lines.
            others = sum(sign * each.price for sign, each, _ in self._off() if not each.category)
        return max(self.kept - others, 0)

    def units(self, terms: Terms) -> tuple[Fraction, int]:
        """Return for how many units what is kept of the offer is: at least, and at most."""
        if self.taken is None:
            return Fraction(), 0
        most = sum(self.taken.units)
        if not self.kept:
            return Fraction(), most
        shares = [
            Fraction(self.left[place][1], self.bill.lines[place].quantity)
            for place in self.taken.places
        ]
        if isinstance(terms, int) or min(shares) == 1:
            parts_ = zip(shares, self.taken.units, strict=True)
            return sum((share * units for share, units in parts_), Fraction()), most
        return Fraction(int(any(shares))), most

    def _off(self) -> Iterator[tuple[int, PricedLine, int]]:
        """Yield each line that was bought, and with a minus that came back, and what was off it."""
        for sign, bill in ((1, self.bill), *((-1, each) for each in self.backs)):
            for each in bill.lines:
                yield sign, each, each.by_discount().get("it", 0)


class Till:
    """Purchases of a member of an offer with limits, and what these must count as used."""

    def __init__(self, terms: Terms, limits: list[dict[str, Any]], member: Member) -> None:
        self._terms, self._member = terms, member
        self._limits = [*limits, *MANY]  # by which nothing is hidden
        self.sales: list[Sale] = []
        self.by_amounts_alone = True

    def give_back(self, number: int, part: tuple[str, int, int]) -> None:
        """Take back a part of a purchase."""
        sale = self.sales[number % len(self.sales)]
        before = [units for _, units in sale.left]
        sale.give_back(*part)
        self.by_amounts_alone &= before == [units for _, units in sale.left]

    def used(self) -> list[int]:
        """Return what is used of each limit, those with room for all last."""
        found, measures = used(self._member), list[str]()
        for limit in self._limits:
            (measure,) = limit.keys() - {"window", "of"}
            measures.append(measure)
        places = [measures[:place].count(each) for place, each in enumerate(measures)]
        names = [f"{each} {n}" if n else each for each, n in zip(measures, places, strict=True)]
        return [found.get(name, 0) for name in names]

    def check(self) -> None:
        """Hold what is used against what is kept."""
        *limited, money, units, orders = self.used()
        kept = [each.kept for each in self.sales]
        assert min(kept) >= 0
        assert money == sum(kept)
        assert sum(each > 0 for each in kept) <= orders <= len(self.sales)
        least, most = zip(*(each.units(self._terms) for each in self.sales), strict=True)
        assert sum(least) <= units <= sum(most)
        for limit, count in zip(self._limits, limited, strict=False):
            on_it = [
                each.on_food(self._terms) if "of" in limit else each.kept for each in self.sales
            ]
            assert count >= sum(on_it) or "money" not in limit
            assert count >= sum(each > 0 for each in on_it) or "units" in limit


@given(
    kinds,
    ranges,
    st.one_of(st.none(), st.integers(1, 900)),
    st.sampled_from([(), (status("two", 5),), (status("two", 40, min_bill=300),)]),
    st.sampled_from(["best_of", "additive", "sequential"]),
    st.lists(carts, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), parts), max_size=7),
)
@PROPERTY
def test_f_never_less_than_what_is_kept(
    terms: Terms,
    limits: list[dict[str, Any]],
    least: int | None,
    others: tuple[dict[str, Any], ...],
    stacking: str,
    baskets: list[list[tuple[int, int, str]]],
    refunds: list[tuple[int, tuple[str, int, int]]],
) -> None:
    """F: after any refunds, by lines, units and amounts; and nothing where all has come back."""
    more = {} if least is None else {"min_bill": least}
    member = having(offer(terms, *limits, *MANY, **more), *others, stacking=stacking)
    till = Till(terms, limits, member)
    for number, basket in enumerate(baskets):
        lines = [Line(f"l{n}", *each) for n, each in enumerate(basket)]
        till.sales.append(Sale(member, bought(member, *lines, name=f"quote_{number}")))
    till.check()
    at_first = till.used()

    for number, part in refunds:
        till.give_back(number, part)
        till.check()
        if till.by_amounts_alone and least is None:
            assert till.used()[-2:] == at_first[-2:]
        assert others or till.used()[-3] == sum(each.saved for each in till.sales)
    for sale in till.sales:
        sale.all_back()

    assert used(member) == {}
    assert member.verdict().holds
