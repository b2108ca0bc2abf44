"""F: what expired comes back with an activity within a window, once."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.events import ValueReinstated
from chalicelib.domain.mechanics.membership import Open
from tests.domain.building import (
    PURCHASE,
    Member,
    ladder,
    per_amount,
    points,
    posted,
    programme,
    reward,
    rolling,
    rule,
)
from tests.domain.building import visits as visited
from tests.examples import examples

TEN_DAYS: Final = rolling(days=10)
IDLE: Final = {"type": "inactivity", "days": 10, "on": [PURCHASE]}
ANY_IDLE: Final = {"type": "inactivity", "days": 10}


def member(expiry: dict[str, Any] = TEN_DAYS, within: int = 5, **parts: Any) -> Member:
    """Return a member whose points last ten days and come back within five more."""
    currency = points(expiry, reinstated_within_days=within, **parts)
    document = programme(
        rule("spend", per_amount(1, 100), PURCHASE),
        currencies=[currency],
        rewards=[reward("tea", 40)],
    )
    return Member(replace(document, backdate_limit_days=60))


def lots(who: Member) -> list[tuple[int, str | None]]:
    """Return how much lasts until when."""
    return [(lot.amount, lot.key.expires_on) for lot in who.balance.lots]


class TestWindow:
    """A hundred points of 2 March end with 12 March."""

    @pytest.mark.parametrize(
        ("visit", "kept"),
        [
            ("2026-03-12T23:59:00Z", []),
            ("2026-03-13T00:00:00Z", [(100, "2026-03-23")]),
            ("2026-03-17T23:59:00Z", [(100, "2026-03-23")]),
            ("2026-03-18T00:00:00Z", []),
        ],
    )
    def test_its_days(self, visit: str, kept: list[tuple[int, str]]) -> None:
        """From the day after the last one to the fifth; it lasts as if earned on the 13th."""
        who = member()
        who.buy(10_000, "2026-03-02")
        who.visit(visit)
        who.tick("2026-03-18T12:00:00Z")

        assert lots(who) == kept
        assert who.verdict().holds

    def test_what_is_told(self) -> None:
        """The value moves back from what expired, and the outcome says so."""
        who = member()
        who.buy(10_000, "2026-03-02")
        recorded = who.visit("2026-03-14")

        assert recorded.outcomes == (ValueReinstated("clinic", {"points": 100}),)
        assert posted(who.events[-1]) == [("expired/tenant", "member/available", 100)]

    def test_once(self) -> None:
        """What came back and expires again stays away."""
        who = member()
        who.buy(10_000, "2026-03-02")
        for day in ("2026-03-14", "2026-03-15", "2026-03-25"):
            who.visit(day)

        assert who.available("2026-03-23") == 0
        assert who.balance.lots == ()
        moved = [each for event in who.events for each in posted(event)]
        assert sum(n for source, _, n in moved if source == "expired/tenant") == 100
        assert sum(n for _, to, n in moved if to == "expired/tenant") == 200

    def test_only_what_expired_unspent(self) -> None:
        """What was spent before is not there to come back."""
        who = member()
        who.buy(10_000, "2026-03-02")
        who.redeem("tea", "2026-03-05")
        who.visit("2026-03-14")

        assert lots(who) == [(60, "2026-03-23")]

    def test_a_debt_is_repaid_first(self) -> None:
        """What comes back is value like any other."""
        who = member()
        who.buy(4_000, "2026-02-25", name="spent")
        who.redeem("tea", "2026-02-26")
        who.buy(10_000, "2026-03-02")
        who.tick("2026-03-13")
        who.reverse("spent", "2026-03-13")
        assert who.balance.deficit == 40
        who.visit("2026-03-14")

        assert lots(who) == [(60, "2026-03-23")]


class TestRefunds:
    """What is refunded does not come back, and what came back is refunded."""

    def test_while_it_is_away(self) -> None:
        """The refund takes it from what could come back."""
        who = member()
        who.buy(10_000, "2026-03-02", name="sale")
        who.tick("2026-03-13")
        (back,) = who.reverse("sale", "2026-03-13", amount=4_000).returned
        assert (back.amount, back.expired) == (0, 40)
        who.visit("2026-03-14")

        assert lots(who) == [(60, "2026-03-23")]

    def test_when_it_is_back(self) -> None:
        """It is taken from there."""
        who = member()
        who.buy(10_000, "2026-03-02", name="sale")
        who.visit("2026-03-14")
        who.reverse("sale", "2026-03-15")

        assert (who.balance.lots, who.balance.deficit) == ((), 0)

    def test_m7_when_it_has_expired_again(self) -> None:
        """It was never spent, so nothing is owed."""
        who = member()
        who.buy(10_000, "2026-03-02", name="sale")
        who.visit("2026-03-14")
        who.tick("2026-03-24")
        (back,) = who.reverse("sale", "2026-03-25").returned

        assert (back.amount, back.expired) == (0, 100)
        assert who.balance.deficit == 0

    @pytest.mark.parametrize("expiry", [TEN_DAYS, ANY_IDLE])
    @pytest.mark.parametrize("order", list(permutations(["first", "second"])))
    def test_m7_where_all_has_expired_again(
        self, expiry: dict[str, Any], order: tuple[str, str]
    ) -> None:
        """M7: what of it is of which purchase is known, though both ended on one day."""
        who = member(expiry)
        who.buy(1_000, "2026-03-02", name="first")
        who.buy(4_000, "2026-03-13", name="second")
        assert sum(amount for amount, _ in lots(who)) == 50
        back = {each: who.reverse(each, "2026-04-03").returned[0] for each in order}

        assert {each: (of.amount, of.expired) for each, of in back.items()} == {
            "first": (0, 10),
            "second": (0, 40),
        }
        assert who.balance.available == 0
        assert not any("unspent" in counter for counter in who.account.counters)

    @pytest.mark.parametrize("order", list(permutations(["first", "second"])))
    def test_m7_where_the_rest_expires_later(self, order: tuple[str, str]) -> None:
        """M7: one is refunded while all is there, out of what came back of it, the other after."""
        who = member()
        who.buy(1_000, "2026-03-02", name="first")
        who.buy(4_000, "2026-03-13", name="second")
        assert lots(who) == [(40, "2026-03-23"), (10, "2026-03-23")]
        one, two = order
        who.reverse(one, "2026-03-20")
        assert lots(who) == [(40, "2026-03-23") if one == "first" else (10, "2026-03-23")]
        (back,) = who.reverse(two, "2026-04-03").returned

        assert (back.amount, back.expired) == (0, 10 if two == "first" else 40)
        assert who.balance.available == 0

    def test_the_activity_that_brought_it(self) -> None:
        """The visit took place: what came back stays."""
        who = member()
        who.buy(10_000, "2026-03-02")
        who.visit("2026-03-14", name="visit")
        left = who.reverse("visit", "2026-03-15").remaining

        assert left.outcomes == (ValueReinstated("clinic", {"points": 100}),)
        assert lots(who) == [(100, "2026-03-23")]
        who.visit("2026-03-16")
        assert lots(who) == [(100, "2026-03-23")]


class TestInactivity:
    """Value that lasts ten days after it came, and after each purchase."""

    @pytest.mark.parametrize(
        ("bought", "told", "kept"),
        [
            # Within its life, told when it had expired: as if it had been told in time.
            ("2026-03-08", "2026-03-15", [(150, "2026-03-18")]),
            # Of its last day.
            ("2026-03-12", "2026-03-15", [(150, "2026-03-22")]),
            # Within the window, at once and late.
            ("2026-03-15", "2026-03-15", [(50, "2026-03-25"), (100, "2026-03-25")]),
            ("2026-03-15", "2026-03-21", [(50, "2026-03-25"), (100, "2026-03-25")]),
            # Of before, which would not have kept it.
            ("2026-03-02", "2026-03-15", []),
            # Too late: what it brings expires at once, and what it would have kept has done so.
            ("2026-03-08", "2026-03-19", []),
            ("2026-03-18", "2026-03-18", [(50, "2026-03-28")]),
        ],
    )
    def test_reports(self, bought: str, told: str, kept: list[tuple[int, str]]) -> None:
        """An activity of any day, told at any time."""
        who = member(IDLE)
        who.buy(10_000, "2026-03-02")
        who.tick("2026-03-13")
        assert who.balance.lots == ()
        who.buy(5_000, bought, now=told)

        assert lots(who) == kept
        assert who.verdict().holds

    @pytest.mark.parametrize(
        ("told", "kept"),
        [
            # On its day, and on the day after the end of what it lets last longer.
            ("2026-03-25", [(50, "2026-04-04"), (100, "2026-04-04")]),
            ("2026-03-26", [(50, "2026-04-04"), (100, "2026-04-04")]),
            ("2026-04-05", []),
        ],
    )
    def test_o_what_came_back_before(self, told: str, kept: list[tuple[int, str]]) -> None:
        """O: it comes back once, but what would have kept it then keeps it when it is told."""
        who = member(ANY_IDLE)
        who.buy(10_000, "2026-03-02")
        who.visit("2026-03-15")
        assert lots(who) == [(100, "2026-03-25")]
        who.buy(5_000, "2026-03-25", now=told)

        assert lots(who) == kept
        assert who.verdict().holds

    @pytest.mark.parametrize("told", ["2026-03-15", "2026-03-25", "2026-03-26", "2026-04-20"])
    def test_o_the_first_activity_brings_it_back(self, told: str) -> None:
        """O: once, though it is told after one that would have brought it back else."""
        who = member(ANY_IDLE, within=60)
        who.buy(10_000, "2026-03-02")
        for now, day in sorted([(told, "2026-03-15"), ("2026-04-20", "2026-04-20")]):
            if (now, day) == ("2026-04-20", "2026-03-15"):
                who.buy(5_000, day, now="2026-04-20T11:00:00Z")
            else:
                who.buy(5_000, day, now=now)

        # What the second purchase brought comes back the first time, of the first nothing again.
        assert lots(who) == [(50, "2026-04-30"), (50, "2026-04-30")]
        assert who.verdict().holds

    def test_kinds_that_do_not_count(self) -> None:
        """A visit brings back nothing where purchases count."""
        who = member(IDLE)
        who.buy(10_000, "2026-03-02")
        who.visit("2026-03-14")

        assert lots(who) == []

    def test_any_kind_counts_where_none_is_named(self) -> None:
        """A visit that is told late keeps what it would have kept."""
        who = member({"type": "inactivity", "days": 10})
        who.buy(10_000, "2026-03-02")
        who.visit("2026-03-08", now="2026-03-14")

        assert lots(who) == [(100, "2026-03-18")]


def test_who_comes_back_after_closing() -> None:
    """What expired of an account that was closed does not come back to the next."""
    who = member()
    who.buy(10_000, "2026-03-02")
    who.tick("2026-03-13")
    who.close("2026-03-13")
    anew = Member(who.programmes, joined=None, key="T#tenant#M#mem_2")
    opening = Open(member=anew.id, programmes=("clinic",), former=who.id)
    anew.do(opening, "2026-03-14", former=who)
    anew.visit("2026-03-14")

    assert anew.balance.lots == ()


def test_a_single_date_is_refused() -> None:
    """What came back would be over."""
    raw = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [
            points({"type": "fixed", "on": "2027-03-20"}, reinstated_within_days=9),
        ],
    }

    assert [each.pointer for each in validate(raw).problems] == [
        "/currencies/0/reinstated_within_days"
    ]


@settings(max_examples=examples(60), derandomize=True, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True),
    st.lists(st.tuples(st.integers(6, 40), st.integers(0, 25)), min_size=1, max_size=6),
)
def test_o_the_order_of_reports(bought: list[int], visits: list[tuple[int, int]]) -> None:
    """Visits told in any order bring back the same; purchases are told on their day."""

    def on(day: int) -> str:
        return f"{date(2026, 3, 1) + timedelta(days=day)}T12:00:00Z"

    def lived(*, late: bool) -> Member:
        who = member(rolling(days=25), within=12)
        for day in bought:
            who.buy(10_000, on(day))
        told = [(day + late * delay, day) for day, delay in visits]
        for now, day in sorted(told):
            who.visit(on(day), now=on(now))
        return who

    in_time, late = lived(late=False), lived(late=True)
    for day in (66, 70, 90, 120):
        assert late.seen(on(day)).balances == in_time.seen(on(day)).balances
    assert late.verdict().holds
    assert isinstance(in_time.seen(on(66)), Account)


@settings(max_examples=examples(80), derandomize=True, deadline=None)
@given(
    st.lists(st.integers(1, 21), max_size=3, unique=True),
    st.lists(st.integers(11, 20), min_size=1, max_size=3, unique=True),
)
def test_f_it_lasts_by_the_tier_of_the_day_after(visits: list[int], others: list[int]) -> None:
    """F: whichever activity brings it back, it lasts as what is earned on the day after its end."""
    lives = {"silver": rolling(days=40), "gold": {"type": "never"}}
    who = Member(
        programme(
            rule("spend", per_amount(1, 100), PURCHASE),
            currencies=[points(TEN_DAYS, reinstated_within_days=10, tier_expiry=lives)],
            tiers=ladder(("silver", visited(1)), ("gold", visited(2))),
        )
    )
    first = date(2026, 3, 1)
    who.buy(10_000, first.isoformat())
    for day in sorted({*visits, *others}):
        kind = "visit.completed" if day in visits else "steps.recorded"
        who.record(kind, (first + timedelta(days=day)).isoformat())

    # Points of the 1st end with the 11th; on the 12th the member is in the tier of visits by then.
    before = sum(day <= 10 for day in visits)
    last = {0: "2026-03-22", 1: "2026-04-21"}.get(before)
    assert lots(who) == [(100, last)]
    assert who.verdict().holds


@pytest.mark.parametrize(
    ("visit", "kept"),
    [
        ("2026-03-05", [(1, None), (100, None)]),
        ("2026-03-13", [(1, "2026-03-24"), (100, "2026-03-24")]),
    ],
)
def test_f_of_value_that_lasts_by_activity(visit: str, kept: list[tuple[int, str | None]]) -> None:
    """F: for ever where nothing of it ends in the tier of the day after, else by the activity."""
    lives = {"silver": {"type": "never"}}
    who = Member(
        programme(
            rule("spend", per_amount(1, 100), PURCHASE),
            currencies=[points(IDLE, reinstated_within_days=10, tier_expiry=lives)],
            tiers=ladder(("silver", visited(1))),
        )
    )
    who.buy(10_000, "2026-03-02")
    in_time = visit < "2026-03-12"
    if in_time:
        who.visit(visit)
    who.buy(100, "2026-03-14")
    if not in_time:
        who.visit(visit, now="2026-03-14")

    assert lots(who) == kept
    assert who.verdict().holds
