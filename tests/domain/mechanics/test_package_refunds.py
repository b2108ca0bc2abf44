"""Packages that are refunded for what was not used of them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.mechanics import packages
from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    Member,
    line,
    per_amount,
    points,
    programme,
    recorded_by,
    rule,
)
from tests.domain.till import bought, topped_up
from tests.examples import examples

NOW: Final = "2026-02-03"
_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
UNUSED: Final = LineReversal("p", unused=True)


def clinic(units: int = 4, **price: int) -> Programme:
    """Return a programme with a package, one without a price, and a wallet."""
    package = {"name": "Teas", "entitlement": "tea", "units": units, "valid_days": 90}
    return programme(
        rule("spend", per_amount(1, 100), on=PURCHASE),
        currencies=[points(), points() | {"id": "prepaid"}],
        entitlements=[{"id": "tea", "name": "Tea"}],
        packages=[
            {"id": "teas", "sku": "TEA", **package, **({"price": 2_000} | price)},
            {"id": "gift", "sku": "GIFT", **package, "valid_days": 120},
        ],
        wallets=[
            {"currency": "prepaid", "kind": "prepaid"},
            {"currency": "points", "kind": "points"},
        ],
    )


def owner(*, paid: int = 2_000, quantity: int = 1, units: int = 4, **price: int) -> Member:
    """Return a member who bought packages."""
    member = Member(clinic(units, **price))
    package = line("p", paid, sku="TEA", quantity=quantity)
    member.basket("2026-02-01", package, line("g", 500, sku="GIFT"), line("x", 300), name="sale")
    return member


def use(member: Member, units: int = 1) -> Event:
    """Use units of what was bought."""
    return member.do(UseEntitlement(entitlement="tea", units=units, **_WHO), NOW).events[-1]


def held(member: Member) -> int:
    """Return how many units there are to use."""
    return sum(grant.units for grant in GRANTS.all(member.account).values())


def amount_back(member: Member, *lines: LineReversal, when: str = NOW) -> int:
    """Take something of the sale back, and return how much money that is."""
    left = member.left_of("sale")
    whole = recorded_by(member.recorded["sale"]).activity.amount
    before = whole if left is None else left.amount
    remaining = member.reverse("sale", when, *lines or (UNUSED,)).remaining
    assert before is not None
    assert remaining.amount is not None
    assert member.verdict().holds
    return before - remaining.amount


class TestWhatComesBack:
    """What was paid, less what the used units are worth."""

    @pytest.mark.parametrize(
        ("price", "used", "back"),
        [
            ({}, 0, 2_000),
            ({}, 1, 1_500),
            ({}, 3, 500),
            ({}, 4, 0),
            ({"unit_price": 700}, 1, 1_300),
            ({"unit_price": 700}, 2, 600),
            # Never below nothing: three are worth more than was paid.
            ({"unit_price": 700}, 3, 0),
            ({"unit_price": 1_000}, 2, 0),
            ({"price": 2_001}, 1, 1_500),
            ({"price": 2_002}, 1, 1_499),
        ],
    )
    def test_f_by_one_rule(self, price: dict[str, int], used: int, back: int) -> None:
        """A share of the price for each, rounded once, or what the document says."""
        member = owner(**price)
        if used:
            use(member, used)

        assert amount_back(member) == back
        # Of the other package, four; of this one none but where nothing came back for it.
        assert held(member) == (8 - used if back == 0 else 4)

    def test_f_beside_other_lines(self) -> None:
        """Other lines come back as they do alone; of one without a price nothing is unused."""
        member = owner()
        use(member)

        assert amount_back(member, LineReversal("x", amount=100), UNUSED) == 1_600
        for wrong, code in (("g", "no_package"), ("x", "no_package"), ("z", "unknown_line")):
            command = member.reversing("sale", LineReversal(wrong, unused=True))
            assert member.refused(command, NOW).code == code
        assert amount_back(member, LineReversal("g"), LineReversal("x")) == 700

    def test_f_paid_less_than_its_price(self) -> None:
        """A discount is not paid out: one used unit of 500 leaves 1300 of 1800."""
        member = owner(paid=1_800)
        use(member)

        assert amount_back(member) == 1_300

    def test_f_what_was_earned(self) -> None:
        """Points of what was kept stay."""
        member = owner()
        use(member)
        amount_back(member)

        assert member.balance.available == 5 + 5 + 3

    def test_f_once(self) -> None:
        """Again nothing comes back, and nothing is written."""
        member = owner()
        use(member)
        amount_back(member)
        before = member.account

        assert amount_back(member) == 0
        assert member.account == before

    def test_f_a_use_that_is_given_back(self) -> None:
        """Before or after, the sum is the same: nothing was used."""
        member = owner()
        used = use(member)
        first = amount_back(member)
        member.do(ReturnEntitlement(member="mem_1", use=used.version), NOW)

        assert (first, amount_back(member)) == (1_500, 500)
        assert held(member) == 4

    def test_f_two_in_a_line(self) -> None:
        """Of eight units five were used."""
        member = owner(paid=4_000, quantity=2)
        use(member, 5)

        assert member.reverse("sale", NOW, UNUSED).remaining.lines[0] == (2_500, 2)
        assert held(member) == 4

    def test_f_units_alike_from_elsewhere(self) -> None:
        """Those that lapse on the same day cannot be told apart, and count as used first."""
        member = owner()
        grant = GrantEntitlement(entitlement="tea", units=1, reason="wait", valid_days=88, **_WHO)
        member.do(grant, NOW)
        use(member)

        assert amount_back(member) == 2_000
        assert held(member) == 4

    def test_f_what_has_lapsed(self) -> None:
        """It counts as used."""
        member = owner()

        assert amount_back(member, when="2026-08-01") == 0

    def test_f_the_rest_of_it(self) -> None:
        """What was kept comes back as any line does, and takes units that come back later."""
        member = owner()
        used = use(member)
        amount_back(member)

        assert amount_back(member, LineReversal("p")) == 500
        member.do(ReturnEntitlement(member="mem_1", use=used.version), NOW)
        assert held(member) == 4

    @pytest.mark.parametrize("name", ["g", "x"])
    def test_f_no_package_with_a_price(self, name: str) -> None:
        """A line that bought none, or one of which nobody says what a unit is worth."""
        member = owner()
        command = member.reversing("sale", LineReversal(name, unused=True))

        assert member.refused(command, NOW).code == "no_package"

    def test_f_paid_from_a_wallet(self) -> None:
        """What comes back is spread over the wallet and money as of any refund."""
        member = Member(clinic())
        topped_up(member, 1_000, now=NOW)
        purchase = bought(member, line("p", 2_000, sku="TEA"), now=NOW)
        member.recorded["sale"] = purchase
        use(member)

        event = member.do(member.reversing("sale", UNUSED), NOW).events[-1]

        assert event.detail is not None
        bill = event.detail.bill
        assert bill is not None
        assert (bill.net, bill.due) == (1_500, 750)
        assert member.available(NOW, "clinic/prepaid") == 750

    @pytest.mark.parametrize("by_points", [0, 500, 1_999, 2_000])
    @pytest.mark.parametrize(("used", "back"), [(1, 1_500), (2, 1_000), (3, 500)])
    def test_m2_however_little_of_it_is_spend(self, by_points: int, used: int, back: int) -> None:
        """M2: a used unit is worth 5.00, also where points paid for it, and goes but once."""
        member = Member(clinic())
        if by_points:
            member.adjust(by_points, NOW)
        pays = (Payment("points"),) if by_points else ()
        member.recorded["sale"] = bought(
            member, line("p", 2_000, sku="TEA"), now=NOW, payments=pays
        )
        use(member, used)

        bill, rest = bill_of(member, UNUSED), bill_of(member, LineReversal("p"))

        assert (bill.net, held(member)) == (back, 0)
        assert abs(2_000 * bill.due - back * (2_000 - by_points)) <= 1_000
        assert (rest.net, member.available(NOW)) == (2_000 - back, by_points)

    def test_m2_who_covers_it_gets_its_share(self) -> None:
        """M2: of a package for which an insurer paid nearly all, it gets back what is unused."""
        member = Member(clinic())
        sold = bought(member, line("p", 1, sku="TEA"), now=NOW, covered=(1_999,))
        member.recorded["sale"] = sold
        use(member)

        bill = bill_of(member, UNUSED)

        assert (bill.covered, bill.due, held(member)) == (1_499, 1, 0)

    def test_m2_after_a_price_reduction(self) -> None:
        """M2: of 20.00 of which 3.00 came back, one used unit leaves 12.00."""
        member = owner()
        use(member)

        assert amount_back(member, LineReversal("p", amount=300)) == 300
        assert amount_back(member) == 1_200
        assert amount_back(member, LineReversal("p")) == 500


def bill_of(member: Member, *lines: LineReversal) -> Bill:
    """Take something of the sale back, and return what of the bill that is."""
    detail = member.do(member.reversing("sale", *lines), NOW).events[-1].detail
    assert detail is not None
    assert detail.bill is not None
    return detail.bill


class TestSeveralLines:
    """Lines that bought packages, refunded together or one by one."""

    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize(
        ("used", "back", "left"), [(0, 4_000, 0), (2, 3_000, 0), (4, 2_000, 0), (6, 1_000, 0)]
    )
    def test_f_together_or_one_by_one(
        self, used: int, back: int, left: int, *, together: bool
    ) -> None:
        """Of eight units those that were used are paid for, and none is left."""
        member = Member(clinic())
        lines = (line("p", 2_000, sku="TEA"), line("q", 2_000, sku="TEA"))
        member.basket("2026-02-01", *lines, name="sale")
        if used:
            use(member, used)
        parts = (UNUSED, LineReversal("q", unused=True))

        came = [parts] if together else [parts[:1], parts[1:]]
        assert sum(amount_back(member, *each) for each in came) == back
        assert held(member) == left

    def test_f_beside_one_that_comes_back_whole(self) -> None:
        """What that takes is unused no more for the other, and what it lacks is owed."""
        member = Member(clinic())
        lines = (line("p", 2_000, sku="TEA"), line("q", 2_000, sku="TEA"))
        member.basket("2026-02-01", *lines, name="sale")
        used = use(member, 2)

        assert amount_back(member, LineReversal("q"), UNUSED) == 2_000 + 1_000
        assert held(member) == 0
        member.do(ReturnEntitlement(member="mem_1", use=used.version), NOW)
        assert amount_back(member) == 1_000
        assert held(member) == 0

    def test_f_of_two_packages_alike(self) -> None:
        """Units of either that lapse on the same day are one grant, of which each is taken once."""
        document = clinic()
        teas = packages.SECTION.of(document)[0]
        more = replace(teas, id="more", sku="MORE", units=2, price=1_000)
        member = Member(replace(document, packages=(teas, more)))
        lines = (line("p", 2_000, sku="TEA"), line("q", 1_000, sku="MORE"))
        member.basket("2026-02-01", *lines, name="sale")
        use(member, 3)

        assert amount_back(member, UNUSED, LineReversal("q", unused=True)) == 1_500
        assert held(member) == 0

    def test_f_a_line_twice(self) -> None:
        """It comes back once; the request that names it twice is refused."""
        member = owner()
        use(member, 2)
        command = member.reversing("sale", UNUSED, UNUSED)

        assert member.refused(command, NOW).code == "duplicate_line"


_NAMES: Final = "pqr"
_parts = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True)
_step = st.one_of(st.sampled_from(["use", "give back"]), _parts)


@given(st.lists(_step, max_size=10), st.sampled_from([{}, {"unit_price": 400}]), st.booleans())
@settings(max_examples=examples(150), derandomize=True, deadline=None)
def test_f_money_is_conserved(
    steps: list[str | list[str]],
    price: dict[str, int],
    together: bool,  # noqa: FBT001 - drawn by its name
) -> None:
    """
    However uses and refunds come: what is kept is what the used units are worth.

    That is so for several lines as well, refunded together or one by one.
    """
    member = Member(clinic(**price))
    lines = [line(name, 2_000, sku="TEA") for name in _NAMES]
    member.basket("2026-02-01", *lines, line("x", 800), name="sale")
    uses: list[Event] = []
    for step in [*steps, [*_NAMES]]:
        if step == "use" and held(member):
            uses.append(use(member))
        elif step == "give back" and uses:
            member.do(ReturnEntitlement(member="mem_1", use=uses.pop().version), NOW)
        elif isinstance(step, list):
            back = tuple(LineReversal(name, unused=True) for name in step)
            for each in [back] if together else [(one,) for one in back]:
                member.reverse("sale", NOW, *each)

    left = member.left_of("sale")
    assert left is not None
    assert sum(amount for amount, _ in left.lines[:3]) == len(uses) * price.get("unit_price", 500)
    assert held(member) == 0
    assert member.verdict().holds


@given(
    st.lists(_step, max_size=10),
    st.sampled_from([0, 1, 3_000, 6_797, 6_799, 6_800]),
    st.sampled_from([0, 1, 1_999]),
)
@settings(max_examples=examples(100), derandomize=True, deadline=None)
def test_m2_money_is_conserved_whoever_paid(
    steps: list[str | list[str]], by_points: int, own: int
) -> None:
    """M2: what used units are worth is kept of what points, money and an insurer paid, no less."""
    member = Member(clinic())
    if by_points:
        member.adjust(by_points, NOW)
    pays = (Payment("points"),) if by_points else ()
    # Of the first package an insurer pays all but what is the member's own.
    lines = [line(name, 2_000, sku="TEA") for name in _NAMES]
    lines[0] = line("p", own, sku="TEA")
    sold = bought(
        member, *lines, line("x", 800), now=NOW, payments=pays, covered=(2_000 - own, 0, 0, 0)
    )
    member.recorded["sale"] = sold
    assert sold.detail is not None
    assert sold.detail.bill is not None
    bills: list[Bill] = []
    uses: list[Event] = []
    for step in [*steps, [*_NAMES]]:
        if step == "use" and held(member):
            uses.append(use(member))
        elif step == "give back" and uses:
            member.do(ReturnEntitlement(member="mem_1", use=uses.pop().version), NOW)
        elif isinstance(step, list):
            back = tuple(LineReversal(name, unused=True) for name in step)
            done = member.do(member.reversing("sale", *back), NOW)
            bills += [
                event.detail.bill for event in done.events if event.detail and event.detail.bill
            ]

    came = dict.fromkeys(_NAMES, 0)
    for each in bills:
        for one in each.lines:
            came[one.id] += one.net + one.covered
    kept = sum(2_000 - amount for amount in came.values())
    # What is covered is rounded apart from what is not.
    assert abs(kept - 500 * len(uses)) <= 1
    assert all(amount >= 0 for amount in came.values())
    whole = sold.detail.bill
    bills.append(bill_of(member))
    assert sum(each.due for each in bills) == whole.due
    assert sum(each.covered for each in bills) == whole.covered
    assert member.available(NOW) == by_points
    assert member.verdict().holds


def test_f_a_unit_price_without_a_price() -> None:
    """It is a part of the price, so there has to be one."""
    report = validate(
        {
            "id": "clinic",
            "name": "Clinic",
            "time_zone": "UTC",
            "money": {"currency": "GBP"},
            "currencies": [points()],
            "entitlements": [{"id": "tea", "name": "Tea"}],
            "packages": [
                {
                    "id": "teas",
                    "name": "Teas",
                    "sku": "TEA",
                    "entitlement": "tea",
                    "units": 4,
                    "unit_price": 700,
                }
            ],
        }
    )

    assert [each.pointer for each in report.problems] == ["/packages/0/unit_price"]
