"""What a bill comes to where a law limits what may be given, and what of it counts."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import Event, Line, QuoteBought
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.coverages import Coverage, UpdateCoverages
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import PURCHASE, Member, line, points, programme, published, reward
from tests.domain.till import status
from tests.examples import examples

NOON = "2026-03-02T12:00:00Z"
ITEM, YEAR = "US-CMP-ITEM-15", "US-CMP-YEAR-75"
TEA: dict[str, Any] = {
    "id": "tea",
    "name": "Tea",
    "kind": "drink",
    "retail_value": 400,
    "waives": {"include": {"categories": ["tea"]}},
}
US: dict[str, Any] = {"policies": [{"pack": "us-cmp"}], "money": {"currency": "USD"}}


def always(name: str, percent: int, **more: Any) -> dict[str, Any]:
    """Return a discount that everybody has."""
    terms = {"type": "tier", "percent": {"base": percent}}
    return {"id": name, "name": name, "terms": terms, **more}


def patient(*offers: dict[str, Any], payer: str = "medicare", **parts: Any) -> Member:
    """Return a member under the pack, of a programme with such discounts."""
    tiers = {"levels": [{"id": "base", "name": "Base"}]}
    document = {"discounts": {"offers": list(offers)}, "tiers": tiers, **US, **parts}
    who = Member(programme(**document))
    known = (Coverage(payer),)  # type: ignore[arg-type]
    who.do(UpdateCoverages(member=who.id, coverages=known), "2026-01-02")
    return who


def quoted(who: Member, *lines: Line, name: str = "q", now: str = NOON, **more: Any) -> Quote:
    """Price lines for a member."""
    activity = Activity(PURCHASE, "quote", "", 0, money="USD", lines=lines)
    command = MakeQuote(
        member="mem_1", programme="clinic", quote_id=name, activity=activity, **more
    )
    quote: Quote = who.do(command, now).result.quote
    return quote


def confirm(name: str = "q") -> ConfirmQuote:
    """Return the command that buys what was quoted."""
    return ConfirmQuote(member="mem_1", quote_id=name)


def bought(who: Member, *lines: Line, name: str = "q", now: str = NOON, **more: Any) -> Event:
    """Price lines and buy them."""
    quoted(who, *lines, name=name, now=now, **more)
    return who.do(confirm(name), now).events[-1]


def refund(who: Member, purchase: Event, *lines: str, now: str = NOON) -> None:
    """Take a purchase back, whole or by lines."""
    back = tuple(LineReversal(each) for each in lines)
    who.do(ReverseActivity(member="mem_1", version=purchase.version, lines=back), now)


def counted(who: Member) -> int:
    """Return what counts towards the year's cap."""
    return who.account.counter("legal/us-cmp/2026")


def grant(who: Member, units: int, name: str = "tea") -> None:
    """Give units of an entitlement."""
    command = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement=name, units=units, reason="r"
    )
    who.do(command, "2026-01-02")


def why(quote: Quote) -> dict[str, WhyNot | None]:
    """Return of everything that was considered why it took nothing off."""
    return {each.id: each.why_not for each in quote.considered}


class TestDiscounts:
    """What a discount takes off counts, and one that is not allowed is left out."""

    @pytest.mark.parametrize(
        ("price", "payer", "due", "count"),
        [
            (15_000, "medicare", 13_500, 1500),
            (15_010, "medicare", 15_010, 0),
            (15_010, "commercial", 13_509, 0),
        ],
    )
    def test_one(self, price: int, payer: str, due: int, count: int) -> None:
        """10 % of 150 dollars are 15, and of 10 cents more a cent too many."""
        who = patient(always("ten", 10), payer=payer)
        quote = quoted(who, line("a", price))
        assert quote.due == due
        assert why(quote)["ten"] == (None if due < price else WhyNot("policy_forbids", ITEM))
        assert counted(who) == 0
        who.do(confirm(), NOON)
        assert counted(who) == count

    def test_another_is_the_best_then(self) -> None:
        """Of 20, 15, 10 and 5 % of 110 dollars the third is the best that is allowed."""
        percents = (20, 15, 10, 5)
        who = patient(*(always(f"p{each}", each) for each in percents))
        quote = quoted(who, line("a", 11_000))
        assert quote.due == 9900
        assert why(quote) == {
            "p20": WhyNot("policy_forbids", ITEM),
            "p15": WhyNot("policy_forbids", ITEM),
            "p10": None,
            "p5": WhyNot("others_gave_more"),
        }

    def test_never_more_rounds_than_a_few(self) -> None:
        """Of twenty that would each be the best then, after some none is given."""
        who = patient(*(always(f"p{each}", each) for each in range(70, 90)))
        quote = quoted(who, line("a", 11_000))
        assert quote.due == 11_000
        assert {each.reason for each in why(quote).values() if each} == {"policy_forbids"}

    def test_together(self) -> None:
        """Two that add up are two items; the second has no room in the year."""
        who = patient(always("one", 10), always("two", 5))
        who.programmes = published(("2020-01-01", with_stacking("additive")))
        for number in range(3):
            bought(who, line("a", 14_000), name=f"q{number}")
        assert counted(who) == 3 * 2100
        quote = quoted(who, line("a", 14_000))
        assert why(quote) == {"one": WhyNot("policy_forbids", YEAR), "two": None}
        who.do(confirm(), NOON)
        assert counted(who) == 7000

    def test_the_room_is_gone_when_it_is_bought(self) -> None:
        """Of two quotes that share the last room the second is refused, and takes nothing."""
        who = patient(always("ten", 10))
        for number in range(5):
            bought(who, line("a", 14_000), name=f"q{number}")
        quoted(who, line("a", 5000), name="first")
        quoted(who, line("a", 5000), name="second")
        who.do(confirm("first"), NOON)
        version = who.account.version
        refused = who.refused(confirm("second"), NOON)
        assert (refused.code, refused.extensions["left"]) == ("policy_forbids", 0)
        assert (counted(who), who.account.version) == (7500, version)

    def test_an_exception(self) -> None:
        """What the law does not count is within no cap."""
        code = {"code": "retailer_reward", "evidence": "e", "public_terms": True}
        who = patient(always("ten", 10, exception=code))
        assert bought(who, line("a", 90_000)).outcomes
        assert counted(who) == 0
        assert who.balance is not None

    def test_of_whom_the_day_of_service_asks(self) -> None:
        """Who pays on the day of service counts, and the year is that of today."""
        who = patient(always("ten", 10))
        known = (Coverage("commercial", until_on="2026-03-31"), Coverage("medicare", "2026-04-01"))
        who.do(UpdateCoverages(member=who.id, coverages=known), "2026-01-02")
        staff = {"service_on": "2026-04-01"}
        assert quoted(who, line("a", 20_000)).due == 18_000
        assert quoted(who, line("a", 20_000), name="later", **staff).due == 20_000

    def test_what_points_pay(self) -> None:
        """Cashback that pays of a bill is money off, and asked for: so more is refused."""
        wallet = {"currency": "cashback", "kind": "cashback", "max_percent": 50}
        money = {"id": "cashback", "name": "Money", "expiry": {"type": "never"}}
        who = patient(wallets=[wallet], currencies=[points(), money])
        who.adjust(9000, "2026-01-02", "cashback")
        refused = who.refused(
            MakeQuote(
                member="mem_1",
                programme="clinic",
                quote_id="q",
                activity=Activity(PURCHASE, "quote", "", 0, money="USD", lines=(line("a", 9000),)),
                payments=(Payment("cashback", 1501),),
            ),
            NOON,
        )
        assert (refused.code, refused.extensions["rule"]) == ("policy_forbids", ITEM)
        bought(who, line("a", 9000), payments=(Payment("cashback", 1500),))
        assert counted(who) == 1500

    def test_what_was_paid_in_is_no_gift(self) -> None:
        """Prepaid value and its rate count for nothing."""
        wallet = {
            "currency": "prepaid",
            "kind": "prepaid",
            "bands": [{"at_least": 1000, "percent": 20}],
        }
        money = {"id": "prepaid", "name": "Money", "expiry": {"type": "never"}}
        who = patient(wallets=[wallet], currencies=[points(), money])
        who.do(
            TopUp(
                member="mem_1", programme="clinic", currency="prepaid", amount=50_000, reference="t"
            ),
            "2026-01-02",
        )
        bought(who, line("a", 20_000))
        assert who.available(NOON, "clinic/prepaid") == 34_000
        assert counted(who) == 0


def with_stacking(how: str) -> Any:
    """Return the programme of two discounts that stack in a way."""
    offers = [always("one", 10), always("two", 5)]
    tiers = {"levels": [{"id": "base", "name": "Base"}]}
    return programme(discounts={"offers": offers, "stacking": how}, tiers=tiers, **US)


class TestVouchers:
    """A voucher counts when its reward is redeemed; what it takes off beyond that counts then."""

    @pytest.mark.parametrize(
        ("worth", "terms", "price", "count"),
        [
            (1000, {"amount": 1000}, 5000, 1000),
            (1000, {"amount": 1400}, 5000, 1400),
            (1000, {"percent": 10}, 5000, 1000),
            (1000, {"percent": 10}, 13_000, 1300),
            (1000, {"percent": 10}, 16_000, 1000),
            (1400, {"percent": 10}, 13_000, 1400),
        ],
    )
    def test_beyond(self, worth: int, terms: dict[str, int], price: int, count: int) -> None:
        """More than 15 dollars off is not allowed, whatever was counted before."""
        offer = {
            "id": "off",
            "name": "Off",
            "terms": {"type": "voucher", "reward": "card", **terms},
        }
        who = patient(offer, rewards=[reward("card", 0, retail_value=worth)])
        done = who.redeem("card", "2026-02-01")
        assert counted(who) == worth
        quote = quoted(who, line("a", price), vouchers=(done.id,))
        who.do(confirm(), NOON)
        allowed = price * terms.get("percent", 0) // 100 <= 1500
        assert (quote.due < price) is allowed
        assert counted(who) == count


class TestFreeUnits:
    """A unit counts what it waives or what it is worth, whichever is more."""

    @pytest.mark.parametrize(
        ("price", "count"), [(300, 400), (400, 400), (700, 700), (1500, 1500), (1501, 0)]
    )
    def test_worth(self, price: int, count: int) -> None:
        """A tea is worth 4 dollars, also where it costs less here."""
        who = patient(entitlements=[TEA])
        grant(who, 1)
        quote = quoted(who, line("a", price, category="tea"))
        assert quote.due == (0 if count else price)
        assert why(quote)["tea"] == (None if count else WhyNot("policy_forbids", ITEM))
        who.do(confirm(), NOON)
        assert counted(who) == count

    def test_as_many_as_are_allowed(self) -> None:
        """Of ten at 10 dollars seven are free, dearer ones are not, and the others cost."""
        who = patient(entitlements=[TEA])
        grant(who, 30)
        quote = quoted(
            who,
            line("dear", 2000, category="tea"),
            line("many", 10_000, category="tea", quantity=10),
            line("cheap", 400, category="tea"),
        )
        assert quote.freed[0].units == 7
        assert [each.units for each in quote.freed] == [7, 1]
        assert quote.due == 2000 + 3000
        who.do(confirm(), NOON)
        assert counted(who) == 7400

    def test_what_was_bought(self) -> None:
        """Units of a package were paid for, and the others count."""
        package = {"id": "p", "name": "P", "sku": "TEAS", "entitlement": "tea", "units": 3}
        who = patient(entitlements=[TEA], packages=[package])
        who.basket("2026-02-01", line("t", 1_000, sku="TEAS"))
        grant(who, 2)
        quote = quoted(who, line("a", 4000, category="tea", quantity=5))
        assert quote.due == 0
        who.do(confirm(), NOON)
        assert counted(who) == 1600

    def test_an_exception(self) -> None:
        """A free service that promotes prevention counts for nothing."""
        code = {"code": "preventive_care", "evidence": "the plan"}
        who = patient(entitlements=[{**TEA, "exception": code}])
        grant(who, 1)
        assert quoted(who, line("a", 9000, category="tea")).due == 0
        who.do(confirm(), NOON)
        assert counted(who) == 0


class TestRefunds:
    """What comes back frees what it took."""

    LINES = (
        line("a", 4000),
        line("b", 3000),
        line("c", 1999),
        line("t", 800, category="tea", quantity=2),
    )

    def purchase(self) -> tuple[Member, Event]:
        """Return a purchase of 8.99 off and two free units."""
        who = patient(always("ten", 10), entitlements=[TEA])
        grant(who, 2)
        return who, bought(who, *self.LINES)

    @pytest.mark.parametrize("order", list(permutations("abct")))
    def test_m_in_every_order(self, order: tuple[str, ...]) -> None:
        """Line by line in any order, all is free in the end, and each its part before."""
        who, purchase = self.purchase()
        parts = {"a": 400, "b": 300, "c": 200, "t": 800}
        assert counted(who) == sum(parts.values()) == 1700
        for each in order:
            refund(who, purchase, each)
            del parts[each]
            assert counted(who) == sum(parts.values())
        assert who.verdict().holds

    def test_whole(self) -> None:
        """A purchase that comes back whole counts for nothing."""
        who, purchase = self.purchase()
        refund(who, purchase)
        assert counted(who) == 0
        assert not any(key.startswith("legal/") for key in who.account.counters)

    def test_in_another_year(self) -> None:
        """What comes back in a later year frees the year in which it was bought."""
        who = patient(always("ten", 10))
        purchase = bought(who, line("a", 10_000), now="2026-12-31T12:00:00Z")
        bought(who, line("a", 10_000), name="r", now="2027-01-01T12:00:00Z")
        refund(who, purchase, now="2027-01-01T12:00:00Z")
        assert (counted(who), who.account.counter("legal/us-cmp/2027")) == (0, 1000)


@settings(max_examples=examples(150), derandomize=True, deadline=None)
@given(
    prices=st.lists(st.integers(1, 30_000), min_size=1, max_size=5),
    quantities=st.lists(st.integers(1, 4), min_size=5, max_size=5),
    teas=st.lists(st.booleans(), min_size=5, max_size=5),
    percents=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    stacking=st.sampled_from(["best_of", "additive", "sequential"]),
    spent=st.integers(0, 75),
    units=st.integers(0, 6),
    back=st.randoms(use_true_random=False),
)
def test_m_whatever_is_bought_and_comes_back(
    prices: list[int],
    quantities: list[int],
    teas: list[bool],
    percents: list[int],
    stacking: str,
    spent: int,
    units: int,
    back: random.Random,
) -> None:
    """Nothing above the caps is given; each quote can be bought; all that comes back is free."""
    offers = [always(f"d{place}", each) for place, each in enumerate(percents)]
    dollar = {"id": "dollar", "name": "D", "kind": "coin", "retail_value": 100}
    who = patient(discounts={"offers": offers, "stacking": stacking}, entitlements=[TEA, dollar])
    for amount in (spent,) if spent else ():
        spend(who, amount)
    if units:
        grant(who, units)
    lines = tuple(
        line(f"l{place}", price, quantity=quantities[place], category="tea" if teas[place] else "")
        for place, price in enumerate(prices)
    )
    before = counted(who)
    purchase = bought(who, *lines)
    after = counted(who)
    outcome = next(each for each in purchase.outcomes if isinstance(each, QuoteBought))
    bill = purchase.detail.bill if purchase.detail else None
    assert bill is not None
    for each in bill.considered:
        if each.source == "discount":
            assert each.amount <= 1500
    freed = sum(use.amount for each in outcome.freed if each.use for use in each.use.cap_uses)
    off = sum(each.amount for each in bill.considered if each.source == "discount")
    assert before == spent * 100
    assert after - before == freed + off
    assert after <= 7500
    assert sum(outcome.off) == (off if outcome.cap_uses else 0)

    for part in back.sample(bill.lines, len(bill.lines)):
        refund(who, purchase, part.id)
        assert before <= counted(who) <= after
        after = counted(who)
    assert counted(who) == before
    assert who.verdict().holds


def spend(who: Member, dollars: int) -> None:
    """Let so many dollars have been given this year."""
    from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement

    grant(who, dollars, "dollar")
    command = UseEntitlement(
        member="mem_1", programme="clinic", entitlement="dollar", units=dollars
    )
    who.do(command, "2026-01-02")


def test_no_pack_no_count() -> None:
    """Without a pack nothing of it is kept."""
    who = patient(always("ten", 10), policies=[])
    purchase = bought(who, line("a", 90_000))
    outcome = next(each for each in purchase.outcomes if isinstance(each, QuoteBought))
    assert (outcome.cap_uses, outcome.off) == ((), ())
    assert not any(key.startswith("legal/") for key in who.account.counters)


def test_a_status_that_is_left_out_in_words() -> None:
    """Who reads the quote sees the rule."""
    who = patient(status("vip", 50), statuses=[{"id": "vip", "name": "VIP"}])
    assert quoted(who, line("a", 100)).due == 100
