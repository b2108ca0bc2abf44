"""What purchases come to, and that confirming them costs exactly that and can be undone."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.decide.claims import SaveRecord
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.mechanics.quoting import QUOTES, ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.tier_grants import GrantTier
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    adjustment,
    line,
    programme,
    recorded_by,
)
from tests.domain.till import (
    CASHBACK,
    NOON,
    PREPAID,
    bought,
    clinic,
    quoted,
    refunded,
    shown,
    status,
    topped_up,
)
from tests.examples import examples


class TestStacking:
    """Three offers of 10, 7 and 5 % on 9.99, together in each way."""

    OFFERS = (status("one", 10), status("two", 7), status("three", 5))

    @pytest.mark.parametrize(
        ("how", "off"),
        [
            ({}, {"one": 100}),
            # 22 % of 999 is 219.78: 10 % is 99.9, 17 % 169.83.
            ({"stacking": "additive"}, {"one": 100, "two": 70, "three": 50}),
            # 15 % are 149.85, of which each has its share.
            ({"stacking": "additive", "max_percent": 15}, {"one": 68, "two": 48, "three": 34}),
            ({"stacking": "additive", "rounding": "floor"}, {"one": 99, "two": 70, "three": 50}),
            # 99.9 of 999, then 62.93 of 899, then 41.8 of 836.
            ({"stacking": "sequential"}, {"one": 100, "two": 63, "three": 42}),
            (
                {"stacking": "sequential", "rounding": "floor"},
                {"one": 99, "two": 63, "three": 42},
            ),
            ({"stacking": "sequential", "max_percent": 12}, {"one": 59, "two": 37, "three": 24}),
            (
                {"stacking": "sequential", "rounding": "ceiling"},
                {"one": 100, "two": 63, "three": 42},
            ),
        ],
    )
    def test_together(self, how: dict[str, Any], off: dict[str, int]) -> None:
        """Their sum is rounded once, and each gets its share of it."""
        member = Member(clinic(*self.OFFERS, **how))
        shown(member, "one", "two", "three")

        made = quoted(member, line("1", 999))

        assert {name: amount for _, name, amount in made.lines[0].off} == off
        assert made.net == 999 - sum(off.values())

    def test_a_group_gives_its_best(self) -> None:
        """Of a group one counts, for each line the one that gives most there."""
        scope = {"include": {"categories": ["food"]}}
        offers = (
            status("one", 10, group="g", scope=scope),
            status("two", 7, group="g"),
            status("three", 5),
        )
        member = Member(clinic(*offers, stacking="additive"))
        shown(member, "one", "two", "three")

        made = quoted(member, line("1", 1000, "food"), line("2", 1000))

        assert [each.net for each in made.lines] == [850, 880]

    @pytest.mark.parametrize("stacking", ["additive", "sequential", "best_of"])
    def test_of_equals_the_first(self, stacking: str) -> None:
        """Of two of a group that give as much it is the document's first that counts."""
        offers = (status("one", 7, group="g"), status("two", 7, group="g"), status("three", 1))
        member = Member(clinic(*offers, stacking=stacking))
        shown(member, "one", "two", "three")
        made = quoted(member, line("1", 1000))
        off = {each.id: each.amount for each in made.considered if each.source == "discount"}
        assert (off["one"], off["two"]) == (70, 0)

    def test_one_alone_is_not_capped(self) -> None:
        """`max_percent` is about several together."""
        member = Member(clinic(status("one", 30), stacking="additive", max_percent=20))
        shown(member, "one")
        assert quoted(member, line("1", 1000)).net == 700


def test_what_expires_at_once_is_told_of_each_refund() -> None:
    """Of two refunds of what was paid with value that is over each tells its own part."""
    member = Member(clinic(prepaid_days=5, bands=[]))
    topped_up(member, 5_000)
    purchase = bought(member, line("1", 1_000), line("2", 2_000))
    late = NOON + 30 * 86_400_000
    bills = [refunded(member, purchase, each, now=late) for each in ("1", "2")]
    assert [each.paid[0].expired for each in bills] == [1_000, 2_000]
    assert [each.paid[0].amount for each in bills] == [1_000, 2_000]


# ── Whatever the purchase ──

lines_of = st.lists(
    st.tuples(st.integers(0, 9_999), st.integers(1, 4), st.sampled_from(["tea", "food", ""])),
    min_size=1,
    max_size=4,
)
purchases = st.fixed_dictionaries(
    {
        "lines": lines_of,
        "stacking": st.sampled_from(["best_of", "additive", "sequential"]),
        "max_percent": st.sampled_from([15, 30, 100]),
        "rounding": st.sampled_from(["floor", "ceiling", "half_up", "half_even"]),
        "statuses": st.sets(st.sampled_from(["one", "two", "three"])),
        "paid_in": st.lists(st.integers(1, 9_000), max_size=3),
        "teas": st.integers(0, 3),
        "cashback": st.integers(0, 3_000),
        "pays": st.sampled_from([None, (), ("cashback",), ("prepaid", "cashback")]),
    }
)


def prepared(drawn: dict[str, Any]) -> tuple[Member, Quote]:
    """Return a member who has what was drawn, and the quote of the purchase."""
    offers = (status("one", 12), status("two", 7, group="g"), status("three", 5, group="g"))
    how = {name: drawn[name] for name in ("stacking", "max_percent", "rounding")}
    member = Member(clinic(*offers, **how))
    shown(member, *sorted(drawn["statuses"]))
    for amount in drawn["paid_in"]:
        member.do(
            TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=amount), NOON
        )
    if drawn["cashback"]:
        member.do(adjustment(drawn["cashback"], "cashback"), NOON)
    if drawn["teas"]:
        grant = GrantEntitlement(
            member="mem_1",
            programme="clinic",
            entitlement="tea",
            units=drawn["teas"],
            reason="kindness",
        )
        member.do(grant, NOON)
    pays = drawn["pays"]
    payments = None if pays is None else tuple(Payment(currency) for currency in pays)
    lines = [
        Line(str(n), amount, quantity, category)
        for n, (amount, quantity, category) in enumerate(drawn["lines"], start=1)
    ]
    return member, quoted(member, *lines, payments=payments)


@given(purchases)
@settings(max_examples=examples(200), derandomize=True, deadline=None, print_blob=True)
def test_a_quote_adds_up(drawn: dict[str, Any]) -> None:
    """Lines less what came off are net, net less what wallets pay is due; nothing is negative."""
    member, quote = prepared(drawn)

    for each in quote.lines:
        assert 0 <= each.net == each.price - sum(amount for *_, amount in each.off)
        assert all(amount > 0 for *_, amount in each.off)
        assert 0 <= each.counted <= each.net
    assert (
        sum(each.price for each in quote.lines) == quote.price == sum(a for a, *_ in drawn["lines"])
    )
    assert sum(each.net for each in quote.lines) == quote.net
    assert quote.due == quote.net - sum(draw.money for draw in quote.draws) >= 0
    for draw in quote.draws:
        assert 0 < draw.amount <= member.account.balance(draw.currency).available
    result = sum(each.amount for each in quote.considered)
    assert result == quote.price - quote.net


@given(purchases, st.booleans())
@settings(max_examples=examples(200), derandomize=True, deadline=None, print_blob=True)
def test_confirming_costs_the_quote_and_can_be_undone(drawn: dict[str, Any], by_line: bool) -> None:  # noqa: FBT001
    """What is taken is what was quoted; reversing it all leaves the account as it was."""
    member, quote = prepared(drawn)
    before = member.account

    member.do(ConfirmQuote(member="mem_1", quote_id=quote.id), NOON)

    event = member.events[-1]
    for currency in (PREPAID, CASHBACK):
        drawn_now = sum(draw.amount for draw in quote.draws if draw.currency == currency)
        left = member.account.balance(currency).available
        assert left == before.balance(currency).available - drawn_now
    assert recorded_by(event).activity.amount == sum(each.counted for each in quote.lines)
    assert member.verdict().holds

    steps = [(LineReversal(each.id),) for each in quote.lines] if by_line else [()]
    for lines in steps:
        member.do(ReverseActivity(member="mem_1", version=event.version, lines=lines), NOON)
    assert _state(member.account) == _state(before)
    assert member.verdict().holds


def _state(account: Account) -> Account:
    """Return an account without what tells how it came about; debts of nothing are no state."""
    enrolments = {
        name: replace(enrolment, timeline=(), review_at=None)
        for name, enrolment in account.enrolments.items()
    }
    return replace(account, version=0, head=b"", effective_at=0, enrolments=enrolments)


def test_how_long_it_stands() -> None:
    """For an hour, to its last millisecond; one that was bought stays bought."""
    member = Member(clinic())
    made = quoted(member, line("1", 146))
    end = NOON + 3_600_000

    assert made.expires_at == end
    assert [made.state_at(now) for now in (NOON, end - 1, end)] == ["open", "open", "expired"]
    member.do(ConfirmQuote(member="mem_1", quote_id=made.id), end - 1)
    bought = member.records[QUOTES.ref("mem_1", made.id)]
    assert [bought.state_at(now) for now in (end - 1, end)] == ["confirmed", "confirmed"]


def test_what_is_kept_of_a_quote() -> None:
    """It is written once when it is made and over itself when it is bought."""
    member = Member(clinic())
    activity = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=(line("1", 146),))
    making = MakeQuote(member="mem_1", programme="clinic", quote_id="q", activity=activity)

    saved: list[tuple[Any, int, int]] = []
    for command in (making, ConfirmQuote(member="mem_1", quote_id="q")):
        saved += [
            (each.ref, each.revision, each.record.revision)
            for each in member.do(command, NOON).claims
            if isinstance(each, SaveRecord) and isinstance(each.record, Quote)
        ]

    ref = QUOTES.ref("mem_1", "q")
    assert saved == [(ref, 1, 1), (ref, 2, 2)]


def test_a_lot_that_ends_within_a_line_leaves_no_penny() -> None:
    """T: two discounts rounded down once leave 1.20 of 1.46; 97 paid in pay all they can of it."""
    offers = (status("one", 12), status("two", 7))
    member = Member(clinic(*offers, stacking="sequential", max_percent=30, rounding="floor"))
    shown(member, "one", "two")
    member.do(TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=97), NOON)

    made = quoted(member, line("1", 146))

    (priced,) = made.lines
    # 12 % of 146 are 17.52, and 7 % of the rest 8.99: 26.51 in all.
    assert (priced.price, sum(amount for *_, amount in priced.off), priced.net) == (146, 26, 120)
    assert ([draw.amount for draw in made.draws], made.due) == ([97], 23)


@pytest.mark.parametrize("stored", ["02-30", "04-31", "13-01", "00-00", "today"])
def test_v1_a_stored_birthday_that_is_no_day(stored: str) -> None:
    """V1: what was stored before anybody checked it prices like none."""
    days = {"type": "dates", "percent": 10, "days": ["birthday", "03-02"]}
    document = clinic({"id": "cake", "name": "Cake", "terms": days})
    member = Member(document, joined=None)
    opening = Open(member="mem_1", programmes=("clinic",), birthday=stored)
    member.do(opening, "2026-01-05")

    assert quoted(member, line("a", 1000)).net == 900


@pytest.mark.parametrize(
    ("kind", "activity", "day", "code", "pointer"),
    [
        ("member", PURCHASE, None, "", ""),
        ("member", PURCHASE, "2026-03-02", "", ""),
        ("delegate", PURCHASE, "2026-03-02", "", ""),
        ("member", PURCHASE, "2026-03-01", "not_for_members", "/service_on"),
        ("delegate", PURCHASE, "2026-03-03", "not_for_members", "/service_on"),
        ("member", VISIT, None, "not_for_members", "/type"),
        ("staff", VISIT, None, "", ""),
        ("staff", PURCHASE, "2026-01-31", "", ""),
        ("staff", PURCHASE, "2026-01-30", "backdate_limit", "/service_on"),
        ("staff", PURCHASE, "2027-03-03", "", ""),
        ("staff", PURCHASE, "2027-03-04", "invalid_date", "/service_on"),
        ("staff", PURCHASE, "8999-12-31", "invalid_date", "/service_on"),
        ("server", PURCHASE, "2027-03-04", "invalid_date", "/service_on"),
    ],
)
def test_who_may_quote_what(
    kind: Literal["member", "delegate", "staff", "server"],
    activity: str,
    day: str | None,
    code: str,
    pointer: str,
) -> None:
    """
    A2: members a purchase of today, staff as far back as an activity may be dated back.

    And as far ahead as appointments are made: a year.
    """
    member = Member(clinic())
    asked = Activity(activity, "quote", "", 0, money="GBP", lines=(line("1", 1_000),))
    command = MakeQuote(
        member="mem_1", programme="clinic", quote_id="q", activity=asked, service_on=day
    )
    actor = Actor(kind, "mem_1")
    if not code:
        assert member.do(command, NOON, actor=actor).result.quote.service_on == (
            day or "2026-03-02"
        )
        return
    refusal = member.refused(command, NOON, actor=actor)

    assert refusal.code == code
    named = [each["pointer"] for each in refusal.errors] if isinstance(refusal, Invalid) else []
    assert (named or [refusal.extensions["pointer"]]) == [pointer]


SILVERS_CHECK = {"type": "prices", "prices": {"CHECK": 900}, "tiers": ["silver"]}


@pytest.mark.parametrize("terms", [{"type": "tier", "percent": {"silver": 10}}, SILVERS_CHECK])
@pytest.mark.parametrize(
    ("day", "net"),
    [
        (None, 1000),
        ("2026-02-03", 1000),
        ("2026-02-09", 1000),
        ("2026-02-10", 900),  # the day on which it is reached, from when on does not matter
        ("2026-02-15", 900),
        ("2026-02-16", 1000),  # the day after its last
        ("2026-03-02", 1000),
        ("2026-04-01", 1000),
    ],
)
def test_o3_the_tier_is_that_of_the_day_of_service(
    terms: dict[str, Any], day: str | None, net: int
) -> None:
    """O3: as statuses and spend go by the day; of a day to come it is the one held today."""
    document = clinic({"id": "silver", "name": "Silver", "terms": terms})
    member = Member(document)
    grant = GrantTier(member="mem_1", programme="clinic", tier="silver", reason="r", days=5)
    member.do(grant, "2026-02-10T15:00:00Z")

    assert quoted(member, line("1", 1000, sku="CHECK"), service_on=day).net == net


def test_o3_of_a_day_to_come_it_is_todays() -> None:
    """O3: who is silver today is quoted as silver, also for after its last day."""
    terms = {"type": "tier", "percent": {"silver": 10}}
    member = Member(clinic({"id": "silver", "name": "Silver", "terms": terms}))
    grant = GrantTier(member="mem_1", programme="clinic", tier="silver", reason="r", days=5)
    member.do(grant, NOON)

    for day in ("2026-03-02", "2026-03-03", "2027-03-02"):
        assert quoted(member, line("1", 1000), name=day, service_on=day).net == 900
    assert quoted(member, line("1", 1000), name="q", service_on="2026-03-01").net == 1000


@pytest.mark.parametrize(
    ("document", "known"),
    [(clinic(status("ten", 10), status("five", 5)), "ten, five, tea"), (programme(), "none")],
)
def test_what_can_be_left_out_is_named(document: Programme, known: str) -> None:
    """Who leaves out a discount that there is not is told of what there is, free services too."""
    activity = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=(line("a", 100),))
    command = MakeQuote(
        member="mem_1",
        programme="clinic",
        quote_id="q",
        activity=activity,
        excluded=frozenset({"gold"}),
    )

    refusal = Member(document).refused(command, NOON)

    assert refusal.code == "unknown_discount"
    assert refusal.message == f"clinic can leave out these: {known}."
