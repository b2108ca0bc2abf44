"""
The order and lateness of reports never matter: in the end all is as if it had been told in time.

A history is told twice: each thing on its day, and with delays of its own, in another order.  What
is said of the member afterwards, then and on days to come, is the same.  The documented exceptions
are left out where they are met: what was earned by a tier that was not known yet, caps that
refunds do not reopen, refunds of a year that was reviewed since, and since when a tier is held
where a refund is told late, for it takes one when it is told.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.ledger import calendar
from chalicelib.domain.mechanics import entitlement_grants, stamp_cards
from chalicelib.domain.mechanics.discounts import held_through
from chalicelib.domain.mechanics.tier_progress import tier_progress
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    at,
    fixed,
    ladder,
    per_amount,
    points,
    programme,
    recorded_by,
    rule,
    visits,
)
from tests.examples import examples

JOINED: Final = date(2026, 11, 20)
#: Value that lasts by activity; nothing of it expires before the last report has come, for what
#: has expired for inactivity by then stays so.
STARS: Final = {
    "id": "stars",
    "name": "Stars",
    "expiry": {
        "type": "inactivity",
        "days": 490,
        "first_life": {"type": "rolling", "days": 500},
        "on": [VISIT],
    },
    "expiry_warning_days": 200,
}


SOME_SPEND: Final = {"metric": "spend", "at_least": 1}


class Sale(NamedTuple):
    """A purchase, or a visit where nothing is paid, so many days after joining."""

    day: int
    hour: int
    amount: int
    delay: int = 0


class Refund(NamedTuple):
    """So much of a sale comes back so many days after it; all of it where nothing is said."""

    sale: int
    after: int
    amount: int | None
    delay: int = 0


class History(NamedTuple):
    """Sales and refunds of them."""

    sales: tuple[Sale, ...]
    refunds: tuple[Refund, ...]


refunds = st.builds(
    Refund,
    sale=st.integers(0, 9),
    after=st.integers(0, 20),
    amount=st.none() | st.integers(1, 700),
    delay=st.just(0) | st.integers(0, 60),
)


def histories(days: st.SearchStrategy[int], *, refunded: bool) -> st.SearchStrategy[History]:
    """Return histories of sales on certain days after joining, with refunds or without any."""
    sales = st.builds(
        Sale,
        day=days,
        hour=st.integers(0, 23),
        amount=st.sampled_from([0, 0, 400, 700, 1_000]),
        delay=st.integers(0, 60),
    )
    back = st.lists(refunds, max_size=4 if refunded else 0).map(tuple)
    return st.builds(History, st.lists(sales, min_size=1, max_size=10).map(tuple), back)


#: The second calendar year begins on day 42, and the second year of membership on day 365.
ANY_DAY: Final = st.integers(0, 70) | st.integers(330, 400)
WITHIN_A_YEAR: Final = st.integers(42, 200)


def on(day: int, hour: int = 12) -> str:
    """Return an instant so many days after joining."""
    return f"{calendar.add_days(JOINED, day)}T{hour:02d}:30:00Z"


class Report(NamedTuple):
    """A sale or a refund, and on which day after joining it is told; refunds last on their day."""

    day: int
    hour: int
    number: int
    what: Sale | Refund


def reports(history: History, *, late: bool) -> list[Report]:
    """Return what is told of a history, in order: each thing on its day, or late."""
    known = [sale.day + sale.delay * late for sale in history.sales]
    made = [
        Report(day, sale.hour, number, sale)
        for number, (day, sale) in enumerate(zip(known, history.sales, strict=True))
    ]
    for number, refund in enumerate(history.refunds):
        if refund.sale < len(history.sales):
            day = history.sales[refund.sale].day + refund.after + refund.delay * late
            made.append(Report(max(day, known[refund.sale]), 23, 99 + number, refund))
    return sorted(made, key=lambda each: each[:3])


def told(document: Programme, history: History, *, late: bool) -> Member:
    """Return a member to whom all of it happened, told each on its day or late."""
    member = Member(document, joined=f"{JOINED}T00:00:00Z")
    for report in reports(history, late=late):
        now, what = on(report.day, report.hour), report.what
        if isinstance(what, Refund):
            _take_back(member, f"sale {what.sale}", what.amount, now)
            continue
        kind = PURCHASE if what.amount else VISIT
        paid = {"amount": what.amount, "money": "GBP"} if what.amount else {}
        when = on(what.day, what.hour)
        member.record(kind, when, now=now, name=f"sale {report.number}", **paid)
    return member


def _take_back(member: Member, name: str, amount: int | None, now: str) -> None:
    paid = recorded_by(member.recorded[name]).activity.amount
    left = member.left_of(name)
    rest = left.amount if left else paid
    if amount is not None and (rest or 0) < amount:
        amount = None
    member.reverse(name, now, amount=amount if paid else None)


def seen(member: Member, day: int) -> dict[str, Any]:
    """Return what is said of a member at noon of a day."""
    now = at(on(day))
    account = member.seen(now)
    versions = member.programmes.up_to("clinic", now)
    progress = tier_progress(account, versions[-1].document, now)
    assert progress is not None
    today = calendar.local_date(now, "UTC")
    late = calendar.add_days(today, -365).isoformat()
    return {
        "tier": (progress.tier, progress.review_at, progress.in_grace),
        "to go": (progress.to_next, progress.to_keep),
        "discount": held_through(account, versions, "good-month", today),
        "cards": stamp_cards.CARDS.all(account),
        "free": entitlement_grants.GRANTS.all(account),
        "balances": account.balances,
        # As are days that no report can meet any more.
        "metrics": {
            key: {b: n for b, n in buckets.items() if len(b) != len(late) or b >= late}
            for key, buckets in account.metrics.items()
        },
        # Those that no report can meet any more are forgotten with the next event.
        "counters": {k: n for k, n in account.counters.items() if now <= (n.keep_until or now)},
    }


def since(member: Member, day: int) -> date:
    """Return the day since which a member holds the tier that they have at noon of a day."""
    return calendar.local_date(
        member.seen(at(on(day))).enrolments["clinic"].timeline[-1].since, "UTC"
    )


def _refunds(history: History, *, late: bool) -> list[Report]:
    """Return the refunds of a history: each changes what is held when it is told, not before."""
    return [each for each in reports(history, late=late) if isinstance(each.what, Refund)]


def clinic(*, refunded: bool = False, **tiers: Any) -> Programme:
    """
    Return a programme with a ladder, a discount for spend, a stamp card and points that end.

    Where there are refunds nothing is capped.
    """
    caps = [] if refunded else [{"window": "day", "max": 120}]
    levels = (
        ("silver", visits(2)),
        (
            "gold",
            {"any": [{"metric": "spend", "at_least": 2_000}, [*visits(4)["all"], SOME_SPEND]]},
        ),
    )
    document = programme(
        rule("visit", fixed(50), caps=caps),
        rule("spend", per_amount(1, 100), PURCHASE),
        {**rule("star", fixed(2), VISIT), "currency": "stars"},
        {**rule("stars", per_amount(1, 50), PURCHASE), "currency": "stars"},
        currencies=[points({"type": "rolling", "days": 40}, activation_delay_days=3), STARS],
        tiers=ladder(*levels, **tiers),
        discounts={
            "offers": [
                {
                    "id": "good-month",
                    "name": "Good month",
                    "terms": {
                        "type": "spend_window",
                        "at_least": 1_500,
                        "percent": 10,
                        "days": 20,
                        "term_days": 25,
                    },
                }
            ]
        },
        entitlements=[{"id": "tea", "name": "Tea"}],
        stamp_cards=[
            {
                "id": "card",
                "name": "Card",
                "size": 3,
                "on": [PURCHASE],
                "full": {"entitlement": "tea", "valid_days": 25},
            }
        ],
    )
    return replace(document, backdate_limit_days=365)


def check(document: Programme, history: History) -> None:
    """Compare what is said of a member who was told in time with one who was told late."""
    in_time, late = (told(document, history, late=each) for each in (False, True))
    end = max(each.day for each in reports(history, late=True)) + 1
    for day in (end, end + 7, end + 30, end + 75, end + 500):
        assert seen(late, day) == seen(in_time, day), day
        if _refunds(history, late=True) == _refunds(history, late=False):
            assert since(late, day) == since(in_time, day), day
    assert late.verdict().holds
    assert in_time.verdict().holds


ladders = st.fixed_dictionaries(
    {
        "window": st.sampled_from(["rolling", "rolling", "calendar_month"]),
        "rolling_days": st.sampled_from([7, 30, 100]),
        "grace_days": st.sampled_from([0, 4, 40]),
        "notice_days": st.sampled_from([None, 3]),
    }
)


@settings(max_examples=examples(60), derandomize=True, deadline=None)
@given(histories(ANY_DAY, refunded=True), ladders)
def test_days_with_refunds(history: History, tiers: dict[str, Any]) -> None:
    """Ladders that roll or go by months, windows of spend, stamps and points, with refunds."""
    check(clinic(refunded=True, **tiers), history)


@settings(max_examples=examples(60), derandomize=True, deadline=None)
@given(
    histories(ANY_DAY, refunded=False),
    ladders,
    st.sampled_from(["to_earned", "one_level", "none"]),
    st.sampled_from(["at_once", "at_review"]),
)
def test_days(history: History, tiers: dict[str, Any], downgrade: str, upgrade: str) -> None:
    """Every way up and down of a ladder that rolls or goes by months, under caps."""
    check(clinic(**tiers, downgrade=downgrade, upgrade=upgrade), history)


@settings(max_examples=examples(60), derandomize=True, deadline=None)
@given(
    histories(ANY_DAY, refunded=False),
    st.sampled_from(["calendar_year", "anniversary", "lifetime"]),
    st.sampled_from(["to_earned", "one_level", "none"]),
    st.sampled_from(["at_once", "at_review"]),
    st.sampled_from([0, 30]),
)
def test_years(
    history: History, window: str, downgrade: str, upgrade: str, grace_days: int
) -> None:
    """Years that end between what happened and its report."""
    tiers: dict[str, Any] = {"window": window, "downgrade": downgrade, "upgrade": upgrade}
    check(clinic(**tiers, grace_days=grace_days), history)


@settings(max_examples=examples(60), derandomize=True, deadline=None)
@given(
    histories(WITHIN_A_YEAR, refunded=True),
    st.sampled_from(["calendar_year", "anniversary", "lifetime"]),
    st.sampled_from(["at_once", "at_review"]),
)
def test_years_with_refunds(history: History, window: str, upgrade: str) -> None:
    """Refunds before the review of their year; later ones leave what was reviewed since."""
    check(clinic(refunded=True, window=window, upgrade=upgrade), history)
