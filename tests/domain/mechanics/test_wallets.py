"""Wallets: what is paid in, and what one that is in debt pays."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import check_succession, validate
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import PricedLine, WhyNot
from chalicelib.domain.ledger.lots import Lot, LotKey
from chalicelib.domain.ledger.quote import Draw, Quote
from chalicelib.domain.mechanics import wallet_payments, wallets
from chalicelib.domain.mechanics.payment_reversals import ReversePayment
from chalicelib.domain.mechanics.quoting import MakeQuote
from chalicelib.domain.mechanics.wallet_payments import Payer, Payment, PrepaidLot
from chalicelib.domain.mechanics.wallets import Band, TopUp, Wallet, earned
from tests.domain.building import PURCHASE, Member, fixed, line, points, programme, rule

_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
NOW: Final = "2026-02-03"


@pytest.fixture
def debtor() -> Member:
    """Return a member who owes 50 points: earned, paid with, and then taken back."""
    document = programme(
        rule("visit", fixed(50)),
        currencies=[points(), points() | {"id": "prepaid"}],
        wallets=[
            {"currency": "points", "kind": "points"},
            {"currency": "prepaid", "kind": "prepaid"},
        ],
    )
    member = Member(document)
    member.visit("2026-02-01", name="gone")
    member.adjust(-50, "2026-02-02")
    member.reverse("gone", "2026-02-02")
    assert member.balance.deficit == 50
    return member


def quote(*payments: Payment) -> MakeQuote:
    """Return the command to price a bill of 10.00."""
    activity = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=(line("a", 1_000),))
    return MakeQuote(quote_id="quote_1", activity=activity, payments=payments or None, **_WHO)


class TestInDebt:
    """T: A wallet that owes pays nothing, and a debt is never a part of a bill."""

    @pytest.mark.parametrize("payments", [(), (Payment("points"),), (Payment("points", 0),)])
    def test_as_much_as_it_can(self, debtor: Member, payments: tuple[Payment, ...]) -> None:
        """Asked for what it has it pays nothing: all of the bill is due."""
        quoted: Quote = debtor.do(quote(*payments), NOW).result.quote

        assert (quoted.due, quoted.draws) == (1_000, ())

    def test_by_an_amount(self, debtor: Member) -> None:
        """Asked for one point it is refused, and nothing is available, not less."""
        refusal = debtor.refused(quote(Payment("points", 1)), NOW)

        assert refusal.code == "insufficient_points"
        assert refusal.extensions == {"available": 0, "missing": 1}

    def test_beside_one_that_does_not_owe(self, debtor: Member) -> None:
        """A debt of points takes nothing from prepaid money."""
        debtor.do(TopUp(currency="prepaid", amount=600, **_WHO), NOW)

        quoted: Quote = debtor.do(quote(Payment("points"), Payment("prepaid")), NOW).result.quote

        assert quoted.due == 400
        assert [(draw.currency, draw.amount) for draw in quoted.draws] == [("clinic/prepaid", 600)]

    @pytest.mark.parametrize(("paid_in", "settled"), [(300, 300), (500, 500), (800, 500)])
    def test_a_top_up_says_what_it_repaid(self, paid_in: int, settled: int) -> None:
        """What made a debt good opened no lot, and the answer says how much that was."""
        currencies = [points(), points() | {"id": "prepaid"}]
        wallets = [{"currency": "prepaid", "kind": "prepaid"}]
        member = Member(programme(currencies=currencies, wallets=wallets))
        first = member.do(TopUp(currency="prepaid", amount=500, **_WHO), NOW)
        member.adjust(-500, NOW, currency="prepaid")
        member.do(ReversePayment(version=first.events[-1].version, **_WHO), NOW)

        result = member.do(TopUp(currency="prepaid", amount=paid_in, **_WHO), NOW).result

        assert (first.result.settled, result.settled) == (0, settled)
        assert member.account.balance("clinic/prepaid").lots_total == paid_in - settled

    def test_what_comes_repays_it_first(self, debtor: Member) -> None:
        """Of 80 points that come 30 can pay."""
        debtor.adjust(80, NOW)

        quoted: Quote = debtor.do(quote(Payment("points")), NOW).result.quote

        assert [(draw.amount, draw.money) for draw in quoted.draws] == [(30, 30)]


@pytest.mark.parametrize(
    ("wallets", "pointer", "detail"),
    [
        ([{"currency": "pints", "kind": "points"}], "/wallets/0/currency", "there is no currency"),
        (
            [{"currency": "points", "kind": "points"}, {"currency": "points", "kind": "cashback"}],
            "/wallets/1/currency",
            "is a wallet already",
        ),
        (
            [{"currency": "points", "kind": "points", "bands": [{"at_least": 1, "percent": 1}]}],
            "/wallets/0/bands",
            "nobody tops up points",
        ),
        (
            [{"currency": "points", "kind": "prepaid", "units": 2}],
            "/wallets/0",
            "prepaid value is money",
        ),
        (
            [{"currency": "points", "kind": "prepaid", "max_percent": 99}],
            "/wallets/0/max_percent",
            "prepaid value pays all it can",
        ),
        (
            [{"currency": "points", "kind": "prepaid", "bands_by": "year"}],
            "/wallets/0/bands_by",
            "declare them",
        ),
        (
            [
                {
                    "currency": "points",
                    "kind": "prepaid",
                    "bands": [{"at_least": 9, "percent": 1}, {"at_least": 9, "percent": 2}],
                }
            ],
            "/wallets/0/bands/1/at_least",
            "there is a band from 9 already",
        ),
    ],
)
def test_violations_of_a_document(wallets: list[dict[str, Any]], pointer: str, detail: str) -> None:
    """T: what cannot be meant is refused with its place and the way out."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "wallets": wallets,
    }

    (problem,) = validate(document).problems

    assert problem.pointer == pointer
    assert detail in problem.detail


@pytest.mark.parametrize(("paid", "percent"), [(999, 0), (1_000, 10), (4_999, 10), (5_000, 20)])
def test_the_highest_band_that_is_reached(paid: int, percent: int) -> None:
    """A top-up earns the percentage of its own amount, exactly from each step on."""
    bands = [{"at_least": 5_000, "percent": 20}, {"at_least": 1_000, "percent": 10}]
    document = programme(
        currencies=[points(), points() | {"id": "prepaid"}],
        wallets=[{"currency": "prepaid", "kind": "prepaid", "bands": bands}],
    )
    member = Member(document)

    (part,) = member.do(TopUp(currency="prepaid", amount=paid, **_WHO), NOW).result.parts
    assert (part.amount, part.percent) == (paid, percent)
    (lot,) = member.account.balance("clinic/prepaid").lots
    assert (lot.amount, lot.key.rate) == (paid, percent)


@pytest.mark.parametrize(
    ("paid", "parts"),
    [
        (999, [(999, 0)]),
        (1_000, [(1_000, 10)]),
        (2_500, [(2_000, 10), (500, 0)]),
        (5_000, [(5_000, 20)]),
        (18_999, [(15_000, 20), (3_000, 10), (999, 0)]),
    ],
)
def test_for_every_band(paid: int, parts: list[tuple[int, int]]) -> None:
    """By every whole amount a top-up is divided, the highest band first; the parts sum to it."""
    bands = [Band(1_000, 10), Band(5_000, 20)]
    wallet = Wallet(currency="prepaid", kind="prepaid", bands=tuple(bands), bands_by="every")

    assert list(earned(wallet, paid, 0)) == parts


def test_money_keeps_its_wallet() -> None:
    """A later version may drop a wallet of points, but none in which there may be money."""
    wallets = [
        {"currency": "points", "kind": "points"},
        {"currency": "prepaid", "kind": "prepaid"},
    ]
    currencies = [points(), points() | {"id": "prepaid"}]
    document = programme(currencies=currencies, wallets=wallets)

    (problem,) = check_succession(document, programme(currencies=currencies))

    assert problem.pointer == "/wallets"
    assert problem.detail == "`prepaid` is gone: accounts may refer to it; keep it"


@pytest.mark.parametrize(
    ("draws", "counted"),
    [
        ([], [600, 300]),
        ([("clinic/prepaid", 300)], [600, 300]),
        ([("clinic/cashback", 300)], [400, 200]),
        ([("clinic/cashback", 300), ("clinic/prepaid", 600)], [400, 200]),
        ([("clinic/cashback", 300), ("clinic/points", 300)], [200, 100]),
        ([("clinic/points", 900)], [0, 0]),
        ([("clinic/cashback", 600), ("clinic/points", 900)], [0, 0]),
        ([("clinic/gone", 300)], [600, 300]),
    ],
)
def test_what_of_lines_counts_as_spend(draws: list[tuple[str, int]], counted: list[int]) -> None:
    """In proportion less by what wallets pay that do not count, and never less than nothing."""
    kinds = ("prepaid", "cashback", "points")
    document = programme(
        currencies=[points() | {"id": kind} for kind in kinds],
        wallets=[{"currency": kind, "kind": kind} for kind in kinds],
    )
    lines = [PricedLine(name, 1, net, net, net) for name, net in (("a", 600), ("b", 300))]

    found = wallet_payments.counted(
        document, lines, [Draw(currency, money, money) for currency, money in draws]
    )

    assert [each.counted for each in found] == counted
    assert [each.net for each in found] == [600, 300]


@pytest.mark.parametrize(
    ("kind", "said", "counts"),
    [
        ("prepaid", None, True),
        ("prepaid", True, True),
        ("prepaid", False, False),
        ("cashback", None, False),
        ("cashback", True, True),
        ("points", None, False),
        ("points", True, True),
        ("points", False, False),
    ],
)
def test_what_counts_as_spend(kind: Any, said: bool | None, *, counts: bool) -> None:  # noqa: FBT001
    """What is said of a wallet; money that was paid in, where nothing is said."""
    wallet = Wallet(currency="points", kind=kind, counts_as_spend=said)

    assert wallets.counts(wallet) is counts


@pytest.mark.parametrize(
    ("lots", "parts"),
    [
        ([], [(1, 1, 0)]),
        ([(999, 0)], [(999, 1000, 0), (1, 1000, 0)]),
        ([(1_000, 0)], [(1, 1, 0)]),
        ([(1_001, 0)], [(1, 1, 0)]),
        # Two fifths are left, which come to 320 at 20 % off.
        ([(600, 0), (319, 20)], [(3, 5, 0), (319, 800, 20), (1, 800, 0)]),
        ([(600, 0), (320, 20)], [(3, 5, 0), (2, 5, 20)]),
        ([(600, 0), (500, 20)], [(3, 5, 0), (2, 5, 20)]),
        ([(600, 0), (5_000, 20), (1, 0)], [(3, 5, 0), (2, 5, 20)]),
        ([(300, 0), (240, 20), (300, 0)], [(3, 5, 0), (3, 10, 20), (1, 10, 0)]),
    ],
)
def test_the_shares_of_a_bill(
    lots: list[tuple[int, int]], parts: list[tuple[int, int, int]]
) -> None:
    """Each rate pays for as much of 10.00 as its lots can at it; what is left is due at none."""
    known = [
        PrepaidLot("clinic/prepaid", Lot(amount, LotKey(rate=rate)), amount)
        for amount, rate in lots
    ]

    found = wallet_payments.shares(known, lambda rate: Fraction(1_000 * (100 - rate), 100))

    assert sum(each.part for each in found) == 1
    assert [(each.part, each.rate) for each in found] == [
        (Fraction(part, whole), rate) for part, whole, rate in parts
    ]


@pytest.mark.parametrize(
    ("held", "asked", "due", "why"),
    [
        (50, None, 0, WhyNot("nothing_due")),
        (9, None, 500, WhyNot("too_little_there", there=9, needed=10)),
        (50, 3, 500, WhyNot("too_little_asked", there=3, needed=10)),
        (9, 3, 500, WhyNot("too_little_there", there=9, needed=10)),
        (50, 70, 500, WhyNot("steps_too_large")),
        (10, None, 500, WhyNot("steps_too_large")),
    ],
)
def test_why_a_wallet_pays_nothing(held: int, asked: int | None, due: int, why: WhyNot) -> None:
    """By what is there, and what was asked of it; the least that it pays is one step."""
    document = programme(
        currencies=[points()],
        wallets=[{"currency": "points", "kind": "points", "units": 10, "money": 100}],
    )
    member = Member(document)
    member.adjust(held, "2026-02-01")
    (wallet,) = wallets.SECTION.of(document)

    payer = Payer(wallet, asked)

    assert wallet_payments.why_nothing(member.account, document, payer, due) == why
