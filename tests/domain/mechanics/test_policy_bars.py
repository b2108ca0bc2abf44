"""What a law lets earn nothing, and what it keeps at its full price."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.authoring.words import describe
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import ActivityRecorded, Line
from chalicelib.domain.mechanics.activities import BarredLine, Recorded
from chalicelib.domain.mechanics.coverages import Coverage, UpdateCoverages
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff, names, pack
from chalicelib.programmes.rendering import catalogue
from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    ladder,
    line,
    per_amount,
    points,
    programme,
    published,
    rule,
)
from tests.domain.documents import DOCUMENT
from tests.examples import examples

BC: dict[str, Any] = {"pack": "ca-bc-rx"}
SPEND = rule("spend", per_amount(15, 100), on=PURCHASE)
EACH = rule("each", fixed(7), on=PURCHASE)
CARD: dict[str, Any] = {
    "id": "card",
    "name": "Card",
    "size": 3,
    "on": [PURCHASE],
    "full": {"entitlement": "tea"},
}
TEA: dict[str, Any] = {
    "id": "tea",
    "name": "Tea",
    "waives": {"include": {"categories": ["tea", "prescription"]}},
}


def clinic(*policies: dict[str, Any], **parts: Any) -> Any:
    """Return a programme that answers a purchase in every way, under packs."""
    return programme(
        SPEND,
        EACH,
        policies=list(policies),
        stamp_cards=[CARD],
        entitlements=[TEA],
        tiers=ladder(("silver", {"all": [{"metric": "spend", "at_least": 20_000}]})),
        **parts,
    )


def granted(recorded: Recorded) -> dict[str, int]:
    """Return what each rule granted."""
    return {each.rule: each.granted for each in recorded.awards}


def barred(recorded: Recorded) -> list[tuple[str, str]]:
    """Return the lines that a law let earn nothing, with the rule."""
    (verdict,) = recorded.verdicts
    return [(each.line, each.rule) for each in verdict.barred]


def test_s8_a_basket_in_british_columbia() -> None:
    """Story 8: of 42.50 with 12.00 of a prescription 30.50 earn 457 points, at 15 a dollar."""
    who = Member(clinic({**BC, "categories": {"prescription": ["rx"]}}))
    recorded = who.basket("2026-03-02", line("rx", 1200, category="rx"), line("rest", 3050))
    assert granted(recorded) == {"spend": 457, "each": 7}
    assert recorded.verdicts[0].barred == (BarredLine("rx", "CA-BC-RX"),)
    assert who.enrolment.tier == "base"


@pytest.mark.parametrize(
    ("policy", "parts", "rules"),
    [
        ("uk-nhs", {"type": "nomination.made"}, ["UK-NHS-INDUCE"]),
        ("uk-nhs", {"type": "nhs_prescription"}, ["UK-NHS-INDUCE"]),
        ("uk-nhs", {"category": "infant_formula"}, ["UK-FORMULA-EARN"]),
        ("uk-nhs", {"category": "tea"}, []),
        ("eu-rx", {"type": "prescription.picked_up"}, ["EU-RX-EARN"]),
        ("eu-rx", {"type": "prescriptions.picked_up"}, []),
        ("tw-medical", {"category": "medical_service"}, ["TW-61-EARN"]),
        ("tw-medical", {"type": "referral.qualified"}, ["TW-61-REFERRAL"]),
        ("tw-medical", {"type": "lesson.attended"}, []),
        ("cn-insured", {"category": "insured"}, ["CN-735-EARN"]),
        ("research", {"type": "research.joined"}, ["RESEARCH-NO-INDUCEMENT"]),
    ],
)
def test_s3_of_an_activity_without_lines(
    policy: str, parts: dict[str, Any], rules: list[str]
) -> None:
    """Story 3: by its category, its type or what that begins with, it earns nothing at all."""
    kind = parts.pop("type", PURCHASE)
    gives = rule("all", fixed(10), on=kind)
    who = Member(programme(gives, policies=[{"pack": policy}]))
    recorded = who.record(kind, "2026-03-02", amount=100, money="GBP", **parts)
    assert granted(recorded) == ({} if rules else {"all": 10})
    assert barred(recorded) == [("", each) for each in rules]
    told = recorded.verdicts[0].rules[0].reason
    assert (told == "the law lets it earn nothing") is bool(rules)


@pytest.mark.parametrize(
    ("payer", "granting"), [("medicare", 0), (None, 0), ("commercial", 10), ("self_pay", 10)]
)
def test_s3_a_referral_under_medicare(payer: Any, granting: int) -> None:
    """Nobody whose care is paid publicly, or by nobody knows whom, is paid for a referral."""
    refers = rule("refers", fixed(10), on="referral.qualified")
    who = Member(programme(refers, policies=[{"pack": "us-cmp"}], money={"currency": "USD"}))
    if payer:
        who.do(UpdateCoverages(member=who.id, coverages=(Coverage(payer),)), "2026-01-02")
    recorded = who.record("referral.qualified", "2026-03-02")
    assert sum(granted(recorded).values()) == granting
    assert barred(recorded) == ([] if granting else [("", "US-AKS-REFERRAL")])
    assert who.balance.available == granting


@pytest.mark.parametrize(
    ("within", "earns"),
    [((), False), (("van", "bc"), False), (("cal", "ab"), True)],
)
def test_by_location(within: tuple[str, ...], earns: object) -> None:
    """A pack of a province holds there, and where nobody says where it was."""
    who = Member(clinic({**BC, "locations": ["bc"]}))
    place: dict[str, Any] = {"location": within[0], "within": within} if within else {}
    recorded = who.basket("2026-03-02", line("a", 1000, category="prescription"), **place)
    assert (granted(recorded) == {"spend": 150, "each": 7}) is earns


def test_what_was_reported_before_the_rule() -> None:
    """The rule holds from its first day on."""
    versions = published(("2010-01-01", programme(SPEND, policies=[BC])))
    who = Member(versions, joined="2015-01-01")
    recorded = who.basket("2016-01-26", line("a", 1000, category="prescription"))
    assert granted(recorded) == {"spend": 150}
    recorded = who.basket("2016-01-27", line("a", 1000, category="prescription"))
    assert granted(recorded) == {}


@settings(max_examples=examples(200), derandomize=True, deadline=None)
@given(
    amounts=st.lists(st.integers(1, 30_000), min_size=1, max_size=5),
    bars=st.lists(st.booleans(), min_size=5, max_size=5),
    order=st.randoms(use_true_random=False),
    changed=st.booleans(),
)
def test_m_as_if_it_were_not_there(
    amounts: list[int], bars: list[bool], order: random.Random, *, changed: bool
) -> None:
    """A barred line earns, stamps and counts nothing, nor does its refund, in any order."""
    lines = [
        line(f"l{place}", amount, category="prescription" if bars[place] else "tea")
        for place, amount in enumerate(amounts)
    ]
    free = [each for each in lines if each.category == "tea"]
    under, other = Member(clinic(BC)), Member(clinic())
    under.basket("2026-03-02", *lines, name="p")
    if free:
        other.basket("2026-03-02", *free, name="p")
    assert state(under) == state(other)
    if changed:  # the law is left later: a refund is of what was evaluated then
        under.programmes = published(("2020-01-01", clinic(BC)), ("2026-03-03", clinic()))
    for each in order.sample(lines, len(lines)):
        under.reverse("p", "2026-03-04", LineReversal(each.id))
        if each in free:
            other.reverse("p", "2026-03-04", LineReversal(each.id))
        assert state(under) == state(other)
    assert under.verdict().holds
    assert under.balance.available == 0


def state(who: Member) -> Any:
    """Return what a member has, apart from what happened."""
    account = who.account
    metrics = {key: {b: n for b, n in each.items() if n} for key, each in account.metrics.items()}
    counters = {key: each.value for key, each in account.counters.items() if each.value}
    spent = {key: each for key, each in metrics.items() if each}
    return who.balance, who.enrolment.tier, spent, counters, account.progress


def test_a_line_that_is_barred_in_the_journal() -> None:
    """The journal keeps the places of lines that earned nothing, and not why."""
    who = Member(clinic(BC))
    who.basket(
        "2026-03-02",
        line("a", 1000),
        line("b", 1000, category="prescription"),
        line("c", 1000, category="pharmacy_service"),
    )
    data = who.events[-1].data
    assert isinstance(data, ActivityRecorded)
    assert data.evaluations[0].barred == (1, 2)


TEN: dict[str, Any] = {
    "id": "ten",
    "name": "Ten",
    "terms": {"type": "tier", "percent": {"base": 10}},
}


def test_a_bill() -> None:
    """No discount, no free unit and no points take anything off what is barred."""
    wallet = {"currency": "cashback", "kind": "cashback", "max_percent": 100}
    money = {"id": "cashback", "name": "Money", "expiry": {"type": "never"}}
    document = clinic(
        BC,
        discounts={"offers": [TEN, {**TEN, "id": "rx", "scope": _rx()}]},
        wallets=[wallet],
        currencies=[points(), money],
    )
    who = Member(document)
    who.adjust(9000, "2026-01-02", "cashback")
    grant = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=5, reason="r"
    )
    who.do(grant, "2026-01-02")
    activity = Activity(
        PURCHASE,
        "quote",
        "",
        0,
        money="GBP",
        lines=(line("rx", 1200, category="prescription"), line("rest", 3000)),
    )
    command = MakeQuote(
        member="mem_1",
        programme="clinic",
        quote_id="q",
        activity=activity,
        payments=(Payment("cashback"),),
    )
    quote = who.do(command, "2026-03-02").result.quote
    assert [(each.id, each.net) for each in quote.lines] == [("rx", 1200), ("rest", 2700)]
    assert quote.due == 3900
    forbids = WhyNot("policy_forbids", "CA-BC-RX-PRICE")
    assert {each.id: each.why_not for each in quote.considered} == {
        "tea": WhyNot("policy_forbids", "CA-BC-RX-PRICE"),
        "ten": None,
        "rx": forbids,
        "cashback": forbids,
    }


def quoted(who: Member, *lines: Line, kind: str = PURCHASE, **more: Any) -> Any:
    """Price lines for a member."""
    activity = Activity(kind, "quote", "", 0, money="GBP", lines=lines)
    command = MakeQuote(member="mem_1", programme="clinic", quote_id="q", activity=activity, **more)
    return who.do(command, "2026-03-02").result.quote


def test_a_bill_of_a_kind_that_is_barred() -> None:
    """By the type of the activity nothing comes off any line."""
    who = Member(clinic(BC, discounts={"offers": [TEN]}))
    assert quoted(who, line("a", 1000)).due == 900
    assert quoted(who, line("a", 1000), kind="prescription.filled").due == 1000


def test_the_rate_of_prepaid_value() -> None:
    """What is prepaid pays of a barred line what it costs, and of the others at its rate."""
    wallet = {
        "currency": "prepaid",
        "kind": "prepaid",
        "bands": [{"at_least": 1000, "percent": 20}],
    }
    money = {"id": "prepaid", "name": "Money", "expiry": {"type": "never"}}
    who = Member(clinic(BC, wallets=[wallet], currencies=[points(), money]))
    paid = TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=9000, reference="t")
    who.do(paid, "2026-01-02")
    quote = quoted(who, line("rx", 1000, category="prescription"), line("a", 1000))
    assert [(each.id, each.net) for each in quote.lines] == [("rx", 1000), ("a", 800)]
    assert [(each.amount, each.money) for each in quote.draws] == [(1800, 1800)]
    who.do(ConfirmQuote(member="mem_1", quote_id="q"), "2026-03-02")
    assert who.available("2026-03-02", "clinic/prepaid") == 7200


def test_what_was_bought_pays_for_what_is_barred() -> None:
    """Units of a package are no gift, so they make lines free that others do not."""
    package = {"id": "p", "name": "P", "sku": "TEAS", "entitlement": "tea", "units": 2}
    who = Member(clinic(BC, packages=[package]))
    grant = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=5, reason="r"
    )
    who.do(grant, "2026-01-02")
    who.basket("2026-02-01", line("t", 1_000, sku="TEAS"))
    quote = quoted(who, line("rx", 1500, quantity=3, category="prescription"))
    assert (quote.due, [each.units for each in quote.freed]) == (500, [2])
    who.do(ConfirmQuote(member="mem_1", quote_id="q"), "2026-03-02")
    left = quoted(who, line("rx", 500, category="prescription"), line("t", 500, category="tea"))
    assert left.due == 500


@pytest.mark.parametrize(
    "award",
    [
        {"type": "formula", "expression": "activity.quantity * 10"},
        {"type": "formula", "expression": "lines.size() * 10"},
        {"type": "formula", "expression": "activity.amount / 10"},
        {"type": "per_unit", "amount": 3, "per": 1},
    ],
)
@pytest.mark.parametrize(
    "when",
    [
        "lines.exists(l, l.category == 'prescription')",
        "lines.size() > 1",
        "activity.quantity >= 2",
        "activity.amount > 100",
    ],
)
def test_conditions_and_formulas_do_not_see_it(award: dict[str, Any], when: str) -> None:
    """What an expression reads is what it would read without the barred line."""
    multiplier = {"when": when, "percent": 300}
    given = rule("r", award, on=PURCHASE) | {"multipliers": [multiplier]}
    for rules in ([given], [given | {"when": when}]):
        under = Member(programme(*rules, policies=[BC]))
        other = Member(programme(*rules))
        rx = line("rx", 1000, quantity=3, category="prescription")
        first = under.basket("2026-03-02", rx, line("t", 100))
        assert granted(first) == granted(other.basket("2026-03-02", line("t", 100)))


@pytest.mark.parametrize("back", [("t",), ("rx",), ("t", "rx"), ("rx", "t")])
def test_a_visit_counts_while_something_of_it_counts(back: tuple[str, ...]) -> None:
    """Once all has come back that is not barred, it is as if there had been no visit."""
    document = {"tiers": ladder(("silver", {"all": [{"metric": "visits", "at_least": 1}]}))}
    who = Member(programme(rule("v", fixed(5)), policies=[BC], **document))
    lines = (line("rx", 1000, category="prescription"), line("t", 100))
    who.record("visit.completed", "2026-03-02", name="v", money="GBP", lines=lines)
    assert who.enrolment.tier == "silver"
    for each in back:
        who.reverse("v", "2026-03-03", LineReversal(each))
    assert who.enrolment.tier == ("base" if "t" in back else "silver")
    visits = who.account.metrics.get("clinic/visits", {})
    assert visits.get("all", 0) == ("t" not in back)
    assert who.verdict().holds


@pytest.mark.parametrize("way", [{}, {"reinstated_within_days": 60}])
def test_it_keeps_nothing_alive(way: dict[str, Any]) -> None:
    """A barred activity neither prolongs value nor brings back what has expired."""
    currency = points() | {"expiry": {"type": "inactivity", "months": 6}, **way}
    who = Member(programme(EACH, policies=[BC], currencies=[currency]))
    who.buy(100, "2026-01-10")
    who.buy(100, "2026-06-10", category="prescription")
    assert who.available("2026-07-09") == 7
    assert who.available("2026-07-12") == 0
    who.buy(100, "2026-07-20", category="prescription")
    assert who.available("2026-07-20") == 0


def test_a_deduction_that_is_left_alone() -> None:
    """What comes off a barred line takes nothing off what was spent on others."""
    who = Member(clinic(BC))
    who.basket("2026-03-01", line("a", 1000))
    who.basket(
        "2026-03-02", line("rx", 1000, category="prescription"), line("coupon", -300), name="c"
    )
    spend = who.account.metrics["clinic/spend"]
    assert sum(n for bucket, n in spend.items() if len(bucket) == len("2026-03")) == 1000
    who.reverse("c", "2026-03-03")
    assert sum(n for bucket, n in spend.items() if len(bucket) == len("2026-03")) == 1000


def test_money_that_is_too_much() -> None:
    """A barred line that comes to too much leaves the money of the others."""
    document = programme(
        SPEND,
        policies=[BC],
        money={"currency": "GBP", "rates": {"EUR": {"amount": 1_000_000, "per": 1}}},
    )
    who = Member(document)
    lines = (line("rx", 10**11, category="prescription"), line("a", 10))
    recorded = who.record(PURCHASE, "2026-03-02", money="EUR", lines=lines)
    assert granted(recorded) == {"spend": 1_500_000}


@pytest.mark.parametrize("name", ["Prescription", "PRESCRIPTION", "rx", "Rx"])
def test_case_is_no_way_out(name: str) -> None:
    """A category is the same in whatever letters it is reported."""
    who = Member(clinic({**BC, "categories": {"prescription": ["RX"]}}))
    assert barred(who.basket("2026-03-02", line("a", 1000, category=name))) == [("a", "CA-BC-RX")]


def _rx() -> dict[str, Any]:
    return {"include": {"categories": ["prescription"]}}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"discounts": {"offers": [{**TEN, "scope": _rx()}]}}, ["/discounts/offers/0/scope"]),
        ({"discounts": {"offers": [TEN]}}, []),
        ({"entitlements": [{**TEA, "waives": _rx()}]}, ["/entitlements/0/waives"]),
        ({"entitlements": [TEA]}, []),
        ({"earning": [rule("r", fixed(1), scope=_rx())]}, ["/earning/0/scope"]),
        ({"earning": [rule("r", fixed(1), on="prescription.filled")]}, ["/earning/0/on"]),
        (
            {"earning": [rule("r", fixed(1)) | {"on": ["prescription.filled", PURCHASE]}]},
            [],
        ),
    ],
)
def test_what_is_offered_in_vain(parts: dict[str, Any], expected: list[str]) -> None:
    """An author hears of what a law leaves nobody."""
    document = {**DOCUMENT, "policies": [BC], **parts}
    validated = validate(document)
    assert validated.problems == ()
    found = [each for each in validated.warnings if "CA-BC" in each.detail]
    assert [each.pointer for each in found] == expected
    assert all("from everybody" in each.detail for each in found)


@pytest.mark.parametrize(
    "name", [each for each in names() if pack(each).payers is None and pack(each).rules]
)
def test_members_are_told(name: str) -> None:
    """In the words of a programme what earns nothing is called what the programme calls it."""
    bars = [each for each in pack(name).rules if isinstance(each, NoEarning | NoMoneyOff)]
    word = min(bars[0].categories)
    document = programme(policies=[{"pack": name, "categories": {word: ["called_so"]}}])
    (described,) = [each for each in describe(document) if each.kind == "policy"]
    text = str(catalogue().render(described.sentences, "en"))
    assert "called_so" in text
    assert len(described.sentences) == len(bars)


def test_whose_lines() -> None:
    """A line that no pack names is no matter of any."""
    who = Member(clinic(*({"pack": each} for each in names() if each != "us-cmp")))
    lines: tuple[Line, ...] = (line("a", 1000, category="tea"), line("b", 1000))
    assert barred(who.basket("2026-03-02", *lines)) == []
