"""What a bill comes to where a law limits what may be given, and what of it counts."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import Event, Line, QuoteBought
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.coverages import Coverage, UpdateCoverages
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.voucher_trial import try_voucher
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import PURCHASE, Member, at, line, points, programme, published, reward
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
        """Of forty that would each be the best then none is given in the end; others are."""
        scope = {"include": {"categories": ["x"]}}
        offers = (always(f"p{each}", each, scope=scope) for each in range(50, 90))
        other = always("other", 10, scope={"include": {"categories": ["y"]}})
        who = patient(*offers, other)
        quote = quoted(who, line("a", 11_000, category="x"), line("b", 5000, category="y"))
        assert quote.due == 11_000 + 4500
        reasons = why(quote)
        assert reasons.pop("other") is None
        assert {each.reason for each in reasons.values() if each} == {"policy_forbids"}

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
        # As much as it can is as much as is allowed.
        quote = quoted(who, line("a", 9000), payments=(Payment("cashback"),))
        assert quote.due == 7500
        bought(who, line("a", 9000), payments=(Payment("cashback", 1500),))
        assert counted(who) == 1500
        for number in range(4):
            bought(who, line("a", 9000), payments=(Payment("cashback"),), name=f"q{number}")
        assert counted(who) == 7500
        assert quoted(who, line("a", 9000), payments=(Payment("cashback"),)).due == 9000

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


def voucher(name: str, where: str = "", **terms: Any) -> dict[str, Any]:
    """Return a discount for the voucher of the reward `card`."""
    scope = {"include": {"categories": [where]}} if where else {}
    offer = {"id": name, "name": name, "terms": {"type": "voucher", "reward": "card", **terms}}
    return {**offer, "scope": scope}


def with_vouchers(*offers: dict[str, Any], worth: int, count: int = 1, **parts: Any) -> Any:
    """Return a patient with so many vouchers of the reward `card`, and their ids."""
    document = {"rewards": [reward("card", 0, retail_value=worth)], **parts}
    who = patient(*offers, **document)
    return who, tuple(who.redeem("card", "2026-02-01").id for _ in range(count))


class TestOneItem:
    """A voucher is one item, whatever discounts take it."""

    def test_of_five_discounts(self) -> None:
        """One of 15 dollars takes no more than that off all lines together."""
        offers = [voucher(each, each, amount=1500) for each in "abcde"]
        who, shown = with_vouchers(*offers, worth=1500)
        lines = [line(each, 5000, category=each) for each in "abcde"]
        quote = quoted(who, *lines, vouchers=shown)
        assert quote.due == 25_000
        assert counted(who) == 1500

    def test_of_two_that_come_to_no_more(self) -> None:
        """What was counted with the reward is subtracted once."""
        offers = [voucher(each, each, amount=700) for each in "ab"]
        who, shown = with_vouchers(*offers, worth=1000)
        bought(who, *(line(each, 5000, category=each) for each in "ab"), vouchers=shown)
        assert counted(who) == 1400

    def test_two_vouchers_of_one_discount(self) -> None:
        """Where there is room for one of the two it takes its money off."""
        offers = {"offers": [voucher("off", amount=1400)], "stacking": "additive"}
        who, shown = with_vouchers(worth=100, count=2, discounts=offers)
        spend_by_units(who, 5100)
        quote = quoted(who, line("a", 9000), vouchers=shown)
        assert quote.due == 7600
        assert [each.why_not for each in quote.considered] in (
            [WhyNot("policy_forbids", YEAR), None],
            [None, WhyNot("policy_forbids", YEAR)],
        )
        who.do(confirm(), NOON)
        assert counted(who) == 200 + 5100 + 1300

    def test_what_its_redemption_took(self) -> None:
        """Redeemed while nobody counted, a voucher counts when it is used under the law."""
        who, shown = with_vouchers(voucher("off", amount=1500), worth=1500, payer="commercial")
        assert counted(who) == 0
        known = (Coverage("medicare"),)
        who.do(UpdateCoverages(member=who.id, coverages=known), "2026-02-02")
        bought(who, line("a", 9000), vouchers=shown)
        assert counted(who) == 1500

    def test_worth_that_changed_since(self) -> None:
        """A version that says another worth changes nothing that was counted."""
        who, shown = with_vouchers(voucher("off", amount=1500), worth=100)
        before = who.programmes.in_force("clinic", 2**50)
        assert before is not None
        later = patient(voucher("off", amount=1500), rewards=[reward("card", 0, retail_value=1500)])
        newer = later.programmes.in_force("clinic", 2**50)
        assert newer is not None
        who.programmes = published(("2020-01-01", before.document), ("2026-02-15", newer.document))
        bought(who, line("a", 9000), vouchers=shown)
        assert counted(who) == 1500

    def test_the_trial_shows_what_a_quote_gives(self) -> None:
        """Where the best is not allowed, nor is the next, a trial says that nothing comes off."""
        who, shown = with_vouchers(voucher("x", percent=20), voucher("y", percent=18), worth=100)
        cart = Activity(PURCHASE, "quote", "", 0, money="USD", lines=(line("a", 10_000),))
        redemption = who.redemptions[shown[0]]
        tried = try_voucher(who.account, who.programmes, redemption, cart, at(NOON))
        assert tried.considered.amount == 0
        assert tried.considered.why_not == WhyNot("policy_forbids", ITEM)


def spend_by_units(who: Member, cents: int) -> None:
    """Let so many cents have been given this year, whatever the programme has."""
    before = who.programmes
    coin = {"id": "coin", "name": "C", "kind": "coin", "retail_value": 100}
    who.programmes = published(("2020-01-01", programme(entitlements=[coin], **US)))
    grant(who, cents // 100, "coin")
    command = UseEntitlement(
        member="mem_1", programme="clinic", entitlement="coin", units=cents // 100
    )
    who.do(command, "2026-01-02")
    who.programmes = before


EXCEPTED = {"code": "retailer_reward", "evidence": "e", "public_terms": True}


def on(where: str) -> dict[str, Any]:
    """Return a scope of one category."""
    return {"scope": {"include": {"categories": [where]}}}


class TestWhatIsKept:
    """After a refund what counts is what the member still has of what counted."""

    def test_what_an_exception_takes_off_frees_nothing(self) -> None:
        """Of a line with an exception and one without the latter's part comes and goes."""
        who = patient(always("ex", 50, exception=EXCEPTED, **on("x")), always("ten", 10, **on("y")))
        lines = (line("x", 20_000, category="x"), line("y", 14_000, category="y"))
        for first, then in (("x", "y"), ("y", "x")):
            purchase = bought(who, *lines, name=first)
            assert counted(who) == 1400
            refund(who, purchase, first)
            assert counted(who) == (1400 if first == "x" else 0)
            refund(who, purchase, then)
            assert counted(who) == 0

    def test_what_a_voucher_was_counted_for(self) -> None:
        """The part that its redemption has counted stays so, with the voucher."""
        who, shown = with_vouchers(
            voucher("off", "x", amount=1500), always("ten", 10, **on("y")), worth=1000
        )
        lines = (line("x", 3000, category="x"), line("y", 14_000, category="y"))
        purchase = bought(who, *lines, vouchers=shown)
        assert counted(who) == 1000 + 500 + 1400
        refund(who, purchase, "x")
        assert counted(who) == 1000 + 1400
        refund(who, purchase, "y")
        assert counted(who) == 1000

    def test_what_points_paid(self) -> None:
        """What a wallet paid counts as far as it was not paid back to it."""
        wallet = {"currency": "cashback", "kind": "cashback", "max_percent": 50}
        money = {"id": "cashback", "name": "Money", "expiry": {"type": "never"}}
        who = patient(wallets=[wallet], currencies=[points(), money])
        who.adjust(9000, "2026-01-02", "cashback")
        paid = (Payment("cashback", 1500),)
        purchase = bought(who, line("a", 9000), line("b", 3000), payments=paid)
        for part, left in (("a", 375), ("b", 0)):
            refund(who, purchase, part)
            assert counted(who) == left

    def buy_get(self, *prices: int, buy: int = 2, **more: Any) -> tuple[Member, Event]:
        """Return a purchase with full sets, of which one unit is free."""
        terms = {"type": "buy_get", "buy": buy, "get": 1, "percent": 100}
        who = patient({"id": "set", "name": "Set", "terms": terms, **more})
        lines = (line(name, price) for name, price in zip("abcd", prices, strict=False))
        return who, bought(who, *lines)

    def test_another_unit_is_free_then(self) -> None:
        """What a refund gives anew counts as well."""
        who, purchase = self.buy_get(3000, 2000, 1000, 900)
        assert counted(who) == 1000
        refund(who, purchase, "c")
        assert counted(who) == 900
        refund(who, purchase)
        assert counted(who) == 0

    @pytest.mark.parametrize("first", ["a", "b", "c"])
    def test_a_set_that_is_full_no_more(self, first: str) -> None:
        """What is kept back of a discount counts for nothing, whichever line came back."""
        who, purchase = self.buy_get(3000, 2000, 1000)
        assert counted(who) == 1000
        refund(who, purchase, first)
        assert counted(who) == 0

    def test_a_bill_that_is_too_small_then(self) -> None:
        """Under the least bill nothing is off any more."""
        who = patient(always("ten", 10, min_bill=10_000))
        purchase = bought(who, line("a", 5000), line("b", 6000))
        assert counted(who) == 1100
        refund(who, purchase, "a")
        assert counted(who) == 0


PACKAGE = {"id": "p", "name": "P", "sku": "TEAS", "entitlement": "tea", "units": 3}


class TestBought:
    """Units that were bought are usable whatever the law allows to be given."""

    def drinker(self, spent: int, *, gifts: int, **more: Any) -> Member:
        """Return who bought three teas and was given some, after so much of this year."""
        tea = {**TEA, **more}
        who = patient(entitlements=[tea], packages=[PACKAGE])
        if spent:
            spend_by_units(who, spent)
        if gifts:
            grant(who, gifts)
        who.basket("2026-02-01", line("t", 1_000, sku="TEAS"))
        return who

    @pytest.mark.parametrize(
        ("spent", "units", "due"),
        [(7500, 3, 0), (7500, 4, 400), (7100, 4, 0), (7100, 5, 400), (6700, 5, 0)],
    )
    @pytest.mark.parametrize("cut", [True, False])
    def test_they_come_first_where_there_is_no_room(
        self, spent: int, units: int, due: int, *, cut: bool
    ) -> None:
        """In one line or in many, as many are free as were bought and may be given."""
        who = self.drinker(spent, gifts=2)
        lines = (
            [line(f"t{n}", 400, category="tea") for n in range(units)]
            if cut
            else [line("t", 400 * units, category="tea", quantity=units)]
        )
        quote = quoted(who, *lines)
        assert quote.due == due
        who.do(confirm(), NOON)
        assert counted(who) <= 7500
        assert who.verdict().holds

    def test_a_quota_does_not_keep_them(self) -> None:
        """What a tier brings comes first, unless the law is against it."""
        who = self.drinker(7500, gifts=0, tiers=["base"], quota={"count": 1, "window": "year"})
        assert quoted(who, line("a", 400, category="tea")).due == 0
        command = UseEntitlement(member="mem_1", programme="clinic", entitlement="tea", units=3)
        who.do(command, NOON)
        refused = who.refused(replace(command, units=1), NOON)
        assert refused.code == "policy_forbids"
        assert who.verdict().holds

    def test_less_than_a_cent(self) -> None:
        """A unit is not used up for nothing, though another one may not be used."""
        who = patient(entitlements=[TEA])
        spend_by_units(who, 6900)
        grant(who, 2)
        pairs = [line(name, 1, category="tea", quantity=2) for name in "ab"]
        quote = quoted(who, *pairs)
        assert quote.due == 2
        who.do(confirm(), NOON)


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
    assert sum(each.amount for each in outcome.counted) == off

    for part in back.sample(bill.lines, len(bill.lines)):
        refund(who, purchase, part.id)
        assert before <= counted(who) <= after
        after = counted(who)
    assert counted(who) == before
    assert who.verdict().holds


def spend(who: Member, dollars: int) -> None:
    """Let so many dollars have been given this year."""
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
    assert outcome.counted == ()
    assert not any(key.startswith("legal/") for key in who.account.counters)


def test_a_status_that_is_left_out_in_words() -> None:
    """Who reads the quote sees the rule."""
    who = patient(status("vip", 50), statuses=[{"id": "vip", "name": "VIP"}])
    assert quoted(who, line("a", 100)).due == 100
