"""Discounts for what was spent in a window: state over days, whatever was reported when."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.authoring.validation import check_succession
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import Considered, WhyNot
from chalicelib.domain.ledger.events import SpendCounted, SpendTerm
from chalicelib.domain.mechanics.quoting import MakeQuote
from chalicelib.domain.programme.document import Programme
from tests.domain.building import PURCHASE, Member, ladder, line, programme, published


def clinic(**terms: Any) -> Programme:
    """Return a programme with a discount of 10 % for what was spent in a window."""
    return programme(
        discounts={
            "offers": [
                {
                    "id": "good-year",
                    "name": "Good year",
                    "terms": {"type": "spend_window", "percent": 10, **terms},
                }
            ]
        }
    )


def considered(member: Member, now: str, *, service_on: str | None = None) -> Considered:
    """Return what a quote says of the discount."""
    lines = (line("1", 1_000),)
    command = MakeQuote(
        member="mem_1",
        programme="clinic",
        quote_id="quote_1",
        activity=Activity(PURCHASE, "quote", "", 0, money="GBP", lines=lines),
        service_on=service_on,
    )
    (found,) = member.do(command, now).result.quote.considered
    assert isinstance(found, Considered)
    return found


def holds(member: Member, now: str) -> bool:
    """Tell whether the discount is given."""
    return considered(member, now).percent is not None


def test_o1_as_long_as_the_trailing_year_holds_it() -> None:
    """O1: £250 a month are 10 % once four are paid, and as long as the trailing year holds them."""
    member = Member(clinic(at_least=100_000))
    first = calendar.parse_date("2026-02-02")
    days = [calendar.add_months(first, month).isoformat() for month in range(25)]
    held = []
    for day in days:
        held.append(considered(member, day).percent)
        member.buy(25_000, day)

    assert held == [None] * 4 + [10] * 21
    # The last payment, on 2 February 2028, had enough before it.
    last, after = (considered(member, f"2029-02-0{day}").percent for day in (1, 2))
    assert (last, after) == (10, None)


def test_o2_reported_out_of_order() -> None:
    """700 dated the 11th and 500 dated the 10th, which was reported after it."""
    member = Member(clinic(at_least=120_000))
    member.buy(70_000, "2026-02-11")
    recorded = member.buy(50_000, "2026-02-10", now="2026-02-12")

    assert holds(member, "2026-02-12")
    assert recorded.outcomes == (SpendCounted("clinic", (SpendTerm("good-year", "2027-02-11"),)),)


@pytest.mark.parametrize(
    ("paid", "refunds", "kept"),
    [
        ((60_000, 50_000), [("1", None)], False),
        ((60_000, 50_000), [("2", None)], False),
        ((60_000, 60_000), [("1", 1)], True),
        ((60_000, 60_000), [("2", 1)], True),
        ((60_000, 50_000), [("1", 10_000)], True),
        ((60_000, 50_000), [("2", 10_000)], True),
        ((60_000, 50_000), [("1", 10_001)], False),
        ((60_000, 50_000), [("1", 5_000), ("2", 5_000)], True),
        ((60_000, 50_000), [("2", 5_000), ("1", 5_001)], False),
    ],
)
def test_o4_refunds(
    paid: tuple[int, int], refunds: list[tuple[str, int | None]], *, kept: bool
) -> None:
    """The discount goes with what carried it, whichever payment that was, and not before."""
    member = Member(clinic(at_least=100_000))
    for day, amount in enumerate(paid, start=1):
        member.buy(amount, f"2026-02-0{day}")
    for name, back in refunds:
        member.reverse(name, "2026-03-01", amount=back)

    assert holds(member, "2026-03-02") is kept
    assert member.verdict().holds


def test_what_was_lost_is_regained() -> None:
    """A refund takes the discount, and the next payment brings it again."""
    member = Member(clinic(at_least=100_000))
    member.buy(60_000, "2026-02-01", name="first")
    member.buy(50_000, "2026-02-02")
    member.reverse("first", "2026-02-03")
    assert not holds(member, "2026-02-04")
    member.buy(50_000, "2026-02-05")

    assert holds(member, "2026-02-06")


@pytest.mark.parametrize(
    ("second", "reached"), [("2026-03-11", True), ("2026-03-12", False), ("2026-02-10", True)]
)
def test_the_edges_of_a_rolling_window(second: str, *, reached: bool) -> None:
    """T: of thirty days the first and the last count, and the threshold itself is enough."""
    member = Member(clinic(at_least=1_000, days=30))
    member.buy(999, "2026-02-10")
    member.buy(1, second)

    assert holds(member, second) is reached


@pytest.mark.parametrize(
    ("first", "second", "reached"),
    [("2026-01-05", "2026-12-31", True), ("2026-12-31", "2027-01-01", False)],
)
def test_the_edges_of_a_calendar_year(first: str, second: str, *, reached: bool) -> None:
    """T: the programme's own year, from its first day to its last."""
    member = Member(clinic(at_least=1_000, window="calendar_year"))
    member.buy(999, first)
    member.buy(1, second)

    assert holds(member, second) is reached


def test_the_term() -> None:
    """It holds on its last day, and on the day after says through which it held."""
    member = Member(clinic(at_least=1_000, days=30, term_days=10))
    member.buy(1_000, "2026-02-10")

    assert holds(member, "2026-02-20")
    assert considered(member, "2026-02-21").why_not == WhyNot("held_until", day="2026-02-20")
    assert considered(Member(clinic(at_least=1_000)), "2026-02-21").why_not == (
        WhyNot("not_spent_in_window", needed=1000)
    )


def test_the_longest_term_of_the_longest_window() -> None:
    """What an account keeps is enough for it, to the last day."""
    member = Member(clinic(at_least=1_000, days=366, term_days=550))
    member.buy(999, "2026-02-10")
    member.buy(1, "2027-02-10")
    last = calendar.add_days(calendar.parse_date("2027-02-10"), 550)
    member.visit(last.isoformat())

    assert holds(member, last.isoformat())
    assert not holds(member, calendar.add_days(last, 1).isoformat())


def test_not_before_it_was_reached() -> None:
    """Of a service of an earlier day the discount knows what was spent by then."""
    member = Member(clinic(at_least=1_000))
    member.buy(1_000, "2026-02-10")

    assert considered(member, "2026-02-12", service_on="2026-02-09").percent is None
    assert considered(member, "2026-02-12", service_on="2026-02-10").percent == 10


def test_what_is_no_spend_brings_nothing() -> None:
    """T: A visit with an amount is no payment, whatever it comes to."""
    member = Member(clinic(at_least=1_000))
    member.visit("2026-02-10", amount=5_000, money="GBP")

    assert not holds(member, "2026-02-10")
    assert member.events[-1].outcomes == ()


def test_calendar_years_beside_a_rolling_ladder() -> None:
    """T: bands of a calendar year count what a rolling ladder counts by days, and each day once."""
    bands = {"type": "spend_bands", "at_least": 1_000, "percent": 4, "window": "calendar_year"}
    spent = {"all": [{"metric": "spend", "at_least": 600}]}
    document = programme(
        tiers=ladder(("silver", spent), window="rolling", rolling_days=30, downgrade="to_earned"),
        discounts={"offers": [{"id": "bands", "name": "Bands", "terms": bands}]},
    )
    member = Member(document)
    member.buy(600, "2026-01-10")
    assert member.account.enrolments["clinic"].tier == "silver"
    member.buy(399, "2026-06-10")
    assert considered(member, "2026-06-11").why_not == WhyNot("not_spent", there=999, needed=1000)

    member.buy(1, "2026-12-31")

    assert considered(member, "2026-12-31T23:00:00Z").percent == 4
    assert member.account.enrolments["clinic"].tier == "base"
    assert considered(member, "2027-01-01").why_not == WhyNot("not_spent", there=0, needed=1000)


@pytest.mark.parametrize(
    ("since", "spent_on", "reached"),
    [
        ("2026-03-01T00:00:00Z", "2026-02-28", True),
        ("2026-03-01T00:00:00Z", "2026-03-01", False),
        # A day on which both were in force is judged by either.
        ("2026-03-01T00:00:00.001Z", "2026-03-01", True),
        ("2026-03-01T00:00:00.001Z", "2026-03-02", False),
    ],
)
def test_the_last_day_of_the_terms_before(since: str, spent_on: str, *, reached: bool) -> None:
    """Terms are in force through the day in which the next ones begin, to the millisecond."""
    rules = published(
        ("2026-01-01", clinic(at_least=1_000)),
        (since, clinic(at_least=5_000)),
    )
    member = Member(rules)
    member.buy(1_000, spent_on)

    assert holds(member, "2026-03-05") is reached


def test_each_day_by_the_terms_of_its_day() -> None:
    """Who had reached it keeps it for its term, though the threshold was raised since."""
    rules = published(
        ("2026-01-01", clinic(at_least=1_000, term_days=60)),
        ("2026-03-01", clinic(at_least=5_000, term_days=30)),
    )
    early, late = Member(rules), Member(rules)
    early.buy(1_000, "2026-02-10")
    late.buy(1_000, "2026-03-10")
    assert (holds(early, "2026-04-11"), holds(late, "2026-03-11")) == (True, False)
    assert not holds(early, "2026-04-12")

    late.buy(4_000, "2026-03-20")
    assert holds(late, "2026-04-19")
    assert not holds(late, "2026-04-20")


@pytest.mark.parametrize(
    ("first", "then", "last"), [(60, 10, "2026-04-11"), (10, 60, "2026-05-09")]
)
def test_the_longest_of_several_terms(first: int, then: int, last: str) -> None:
    """Reached by the terms of two versions, it holds through the last day of either."""
    member = Member(
        published(
            ("2026-01-01", clinic(at_least=1_000, term_days=first)),
            ("2026-03-01", clinic(at_least=1_000, term_days=then)),
        )
    )
    for day in ("2026-02-10", "2026-03-10"):
        member.buy(1_000, day)

    assert holds(member, last)
    after = calendar.add_days(calendar.parse_date(last), 1).isoformat()
    assert considered(member, after).why_not == WhyNot("held_until", day=last)


def test_its_id_is_permanent() -> None:
    """Accounts count towards it: no later version may drop it."""
    (problem,) = check_succession(clinic(at_least=1), programme())

    assert problem.pointer == "/discounts"
