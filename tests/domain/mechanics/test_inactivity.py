"""Value that lasts as long as its member comes back."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.lots import Lot, LotKey
from chalicelib.domain.mechanics import last_days, origins
from chalicelib.domain.mechanics.holds import PlaceHold, ReleaseHold
from chalicelib.domain.mechanics.quoting import ConfirmQuote
from tests.domain.building import (
    PURCHASE,
    Member,
    at,
    event_on,
    fixed,
    line,
    per_amount,
    points,
    programme,
    published,
    reward,
    rolling,
    rule,
)
from tests.domain.mechanics.test_warning import warned
from tests.domain.till import PREPAID, bought, quoted, refunded, topped_up
from tests.examples import examples

TEN_DAYS: Final = {"type": "inactivity", "days": 10, "on": ["visit.completed"]}


def member(expiry: dict[str, Any] = TEN_DAYS, **currency: Any) -> Member:
    """Return a member whose points last ten days after the last visit."""
    rules = (rule("visit", fixed(40)), rule("spend", per_amount(1, 100), on=PURCHASE))
    rewards = [reward("tea", 40)]
    return Member(programme(*rules, currencies=[points(expiry, **currency)], rewards=rewards))


@pytest.mark.parametrize(
    ("visits", "kept", "last", "over"),
    [
        (["2026-03-02"], 40, "2026-03-12", "2026-03-13"),
        (["2026-03-02", "2026-03-12"], 80, "2026-03-22", "2026-03-23"),
        (["2026-03-02", "2026-03-13"], 40, "2026-03-23", "2026-03-24"),
    ],
)
def test_a_visit_moves_the_last_day_on(visits: list[str], kept: int, last: str, over: str) -> None:
    """To ten days after it; what ended before it came does not come back."""
    who = member()
    for day in visits:
        who.visit(day)

    assert who.available(f"{last}T23:59:59.999Z") == kept
    assert who.available(f"{over}T00:00:00Z") == 0
    assert [event.kind for event in who.tick("2026-04-30")] == ["lots.expired"]
    assert who.verdict().holds


def test_a_late_report_never_shortens_it() -> None:
    """A visit of an earlier day, reported later, moves nothing."""
    who = member()
    who.visit("2026-03-05")
    who.visit("2026-03-02", now="2026-03-06")

    assert who.available("2026-03-15T23:59:59.999Z") == 80
    assert who.available("2026-03-16T00:00:00Z") == 0


def test_what_comes_after_a_late_report() -> None:
    """It lasts through the day that the later visit has brought, whichever was told last."""
    who = member({"type": "inactivity", "days": 10, "first_life": {"type": "rolling", "days": 3}})
    who.visit("2026-03-05")
    who.visit("2026-03-02", now="2026-03-06")

    assert who.adjust(40, "2026-03-07").result.expires_on == "2026-03-15"


@pytest.mark.parametrize("told", ["2026-03-05", "2026-03-16", "2026-03-21", "2026-03-30"])
def test_o_an_activity_after_its_end_keeps_nothing(told: str) -> None:
    """O: what ended with 15 March is not there after a visit of the 20th, whenever it is told."""
    who = member()
    for now, day in sorted([(told, "2026-03-05"), ("2026-03-20", "2026-03-20")]):
        who.visit(day, now=now)

    assert who.available("2026-03-30") == 40
    assert who.available("2026-03-31") == 0
    assert who.verdict().holds


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 5, 15, 25])), min_size=2, max_size=5
    ),
    st.sampled_from([None, 2, 15]),
)
@settings(max_examples=examples(200), derandomize=True, deadline=None, print_blob=True)
def test_o_lateness_makes_no_value(visits: list[tuple[int, int]], first_life: int | None) -> None:
    """O: what is told late is worth no more than in time; it may have ended before it is told."""

    def on(day: int) -> str:
        return f"{date(2026, 3, 1) + timedelta(days=day)}T12:00:00Z"

    first = {} if first_life is None else {"first_life": rolling(days=first_life)}
    in_time, late = member({**TEN_DAYS, **first}), member({**TEN_DAYS, **first})
    for day, _ in sorted(visits):
        in_time.visit(on(day))
    for told, day in sorted((day + delay, day) for day, delay in visits):
        late.visit(on(day), now=on(told))
    for day in range(max(map(sum, visits)), 60, 3):
        assert late.available(on(day)) <= in_time.available(on(day))


@pytest.mark.parametrize("first_life", [1, 12])
def test_o_a_visit_lets_its_own_value_last(first_life: int) -> None:
    """O: also when it is told after what that would have lasted by itself."""
    who = member({**TEN_DAYS, "first_life": rolling(days=first_life)})
    who.visit("2026-03-02", now="2026-03-10")

    assert [lot.key.expires_on for lot in who.balance.lots] == [
        f"2026-03-{2 + max(10, first_life)}"
    ]


@pytest.mark.parametrize("order", list(permutations(["2026-03-08", "2026-03-17", "2026-03-26"])))
def test_o_spells_that_meet(order: tuple[str, ...]) -> None:
    """O: each visit keeps what the one before it brought, in whatever order they are told."""
    who = member()
    who.adjust(40, "2026-03-02")
    for hour, day in enumerate(order):
        who.visit(day, now=f"2026-03-26T{hour + 13}:00:00Z")

    last = last_days.LAST_DAYS.all(who.account)["clinic/points"]
    assert (last.expires_on, last.since) == ("2026-04-05", at("2026-03-08T00:00:00Z"))
    assert not any("/active/" in counter for counter in who.account.counters)
    # What was to end before is not in it.
    for end, lasts in (("2026-03-08", "2026-03-08"), ("2026-03-09", "2026-04-06")):
        gone = at(f"{end}T00:00:00Z")
        until = origins.lasted_until(event_on(who.account), "clinic/points", gone)
        assert until == at(f"{lasts}T00:00:00Z")


def test_o_spells_are_remembered_for_a_year() -> None:
    """O: each that is over by the day on which it ended, and no longer than it may matter."""
    who = member()
    for day in ("2026-03-02", "2026-03-20", "2026-03-25", "2026-05-01"):
        who.visit(day)
    spells = {key: each.value for key, each in who.account.counters.items() if "/active/" in key}
    day_ms = 86_400_000
    assert spells == {
        "clinic/points/active/2026-03-12": 11 * day_ms,
        "clinic/points/active/2026-04-04": 16 * day_ms,
    }

    who.visit("2027-04-01")

    spells = {key: each.value for key, each in who.account.counters.items() if "/active/" in key}
    assert spells == {
        "clinic/points/active/2026-04-04": 16 * day_ms,
        "clinic/points/active/2026-05-11": 11 * day_ms,
    }


def test_a_report_that_comes_too_late() -> None:
    """What would have ended before it was told ends at once, and the account lives on."""
    who = member()
    who.visit("2026-03-02", now="2026-03-20")

    assert who.available("2026-03-20") == 0
    who.visit("2026-03-21")
    assert who.available("2026-03-21") == 40
    assert who.verdict().holds


@pytest.mark.parametrize(
    ("now", "known"),
    [("2026-03-12T23:59:59.999Z", True), ("2026-03-13T00:00:00Z", False)],
)
def test_told_when_its_last_day_is_over(now: str, *, known: bool) -> None:
    """A last day that is over moves nothing, and is not kept."""
    who = member()
    who.visit("2026-03-02", now=now)

    assert ("clinic/points" in last_days.LAST_DAYS.all(who.account)) is known


def test_twice_on_one_day() -> None:
    """The second visit moves nothing, though the programme would now announce it otherwise."""
    first, later = (member(TEN_DAYS, expiry_warning_days=days) for days in (3, 5))
    rules = published(
        ("2026-01-01", first.programmes.up_to("clinic", at("2026-03-01"))[0].document),
        ("2026-03-02T13:00:00Z", later.programmes.up_to("clinic", at("2026-03-01"))[0].document),
    )
    who = Member(rules)
    who.visit("2026-03-02T12:00:00Z")
    kept = last_days.LAST_DAYS.all(who.account)
    who.visit("2026-03-02T14:00:00Z")

    assert last_days.LAST_DAYS.all(who.account) == kept
    assert kept["clinic/points"].warn_at == at("2026-03-09T00:00:00Z")


@pytest.mark.parametrize(
    ("ends", "lasts"), [(None, None), (4, 4), (5, 5), (6, 10), (9, 10), (10, 10), (11, 11)]
)
def test_no_shorter_than_the_spell(ends: int | None, lasts: int | None) -> None:
    """What ends in one lasts to its last day, and is announced as that; nothing else moves."""
    kept = {"expires_on": "1970-01-10", "expires_at": 10, "warn_at": 7, "since": 5}
    event = event_on(Account(progress={"inactivity": {"clinic/points": kept}}))
    lot = Lot(5, LotKey(ends), 2, 1)

    found = last_days.lasting(event, "clinic/points", lot)

    assert found == (lot if lasts == ends else Lot(5, LotKey(10, "1970-01-10"), 7, 1))
    assert origins.lasted_until(event, "clinic/points", ends or 0) == (lasts or 0)


@pytest.mark.parametrize("way", ["adjusted", "bought"])
def test_value_that_comes_without_a_visit(way: str) -> None:
    """It lasts as long as if it had come with one, and moves nothing else."""
    who = member()
    for day in ("2026-03-02", "2026-03-05"):
        if way == "adjusted":
            who.adjust(40, day)
        else:
            who.buy(4_000, day)

    assert who.available("2026-03-12T23:59:59.999Z") == 80
    assert who.available("2026-03-13T00:00:00Z") == 40
    assert who.available("2026-03-16T00:00:00Z") == 0
    assert who.verdict().holds


def test_what_is_given_lasts_as_is_said() -> None:
    """An adjustment a day after a visit of tomorrow's term: through the later day of the two."""
    who = member({"type": "inactivity", "days": 10, "first_life": {"type": "rolling", "days": 3}})
    who.visit("2026-03-02")

    assert who.adjust(40, "2026-03-05").result.expires_on == "2026-03-12"
    assert who.available("2026-03-12") == 80


class TestFirstLife:
    """F: what is earned lasts 24 months; each activity lets it last 6 months more at least."""

    EXPIRY: Final = {
        "type": "inactivity",
        "months": 6,
        "first_life": {"type": "rolling", "months": 24},
    }

    @pytest.mark.parametrize(
        ("visits", "lots"),
        [
            (["2026-03-02"], [(40, "2028-03-02")]),
            # Each lasts from its own day.
            (["2026-03-02", "2026-05-10"], [(40, "2028-03-02"), (40, "2028-05-10")]),
            # Half a year after the second is later than the end of the first.
            (["2026-03-02", "2028-02-10"], [(40, "2028-08-10"), (40, "2030-02-10")]),
            # On the day on which both end together nothing changes.
            (["2026-03-02", "2027-09-02"], [(40, "2028-03-02"), (40, "2029-09-02")]),
        ],
    )
    def test_each_lot(self, visits: list[str], lots: list[tuple[int, str]]) -> None:
        """A lot ends after its first life, or half a year after the last activity."""
        who = member(self.EXPIRY)
        for day in visits:
            who.visit(day)

        assert [(lot.amount, lot.key.expires_on) for lot in who.balance.lots] == lots
        assert who.verdict().holds

    def test_the_order_of_reports(self) -> None:
        """What is told late moves what it would have moved in time."""
        in_time, late = member(self.EXPIRY), member(self.EXPIRY)
        for who, days in ((in_time, ("02-20", "02-25")), (late, ("02-25", "02-20"))):
            who.visit("2026-03-02")
            who.adjust(7, "2028-02-19")
            for day in days:
                who.visit(f"2028-{day}", now="2028-02-26")

        assert late.balance == in_time.balance
        assert late.balance.lots[0].key.expires_on == "2028-08-25"

    def test_refunded(self) -> None:
        """A refund takes what it brought from where activities have moved it to."""
        who = member(self.EXPIRY)
        who.visit("2026-03-02", name="first")
        who.visit("2028-02-10")
        who.reverse("first", "2028-04-01")

        assert [(lot.amount, lot.key.expires_on) for lot in who.balance.lots] == [
            (40, "2030-02-10")
        ]


class TestAnnouncement:
    """U10: value that goes for inactivity is announced like any other."""

    def test_u10_comes_on_its_day(self) -> None:
        """Three days before the last one, once, and then it expires."""
        who = member(expiry_warning_days=3)
        who.visit("2026-03-02")
        events = who.tick("2026-03-12")

        assert warned(events) == [("2026-03-09T00:00:00Z", 40, "2026-03-12")]
        assert [event.kind for event in events] == ["expiry.announced"]
        assert [event.kind for event in who.tick("2026-04-01")] == ["lots.expired"]
        assert who.verdict().holds

    @pytest.mark.parametrize(
        ("again", "announced"),
        [
            ("2026-03-08", [("2026-03-15T00:00:00Z", 80, "2026-03-18")]),
            (
                "2026-03-10",
                [
                    ("2026-03-09T00:00:00Z", 40, "2026-03-12"),
                    ("2026-03-17T00:00:00Z", 80, "2026-03-20"),
                ],
            ),
        ],
    )
    def test_u10_moves_with_the_last_day(
        self, again: str, announced: list[tuple[str, int, str]]
    ) -> None:
        """A visit before it puts it off; one after it brings another."""
        who = member(expiry_warning_days=3)
        who.visit("2026-03-02")
        events = who.tick(again)
        who.visit(again)
        events += who.tick("2026-04-01")

        assert warned(events) == announced

    def test_u10_a_late_tick_says_when(self) -> None:
        """A month later both are found at their instants."""
        who = member(expiry_warning_days=3)
        who.visit("2026-03-02")

        assert [(event.kind, event.effective_at) for event in who.tick("2026-04-20")] == [
            ("expiry.announced", 1_773_014_400_000),  # 9 March 2026
            ("lots.expired", 1_773_360_000_000),  # 13 March 2026
        ]

    def test_u10_a_late_report(self) -> None:
        """What is told after the announcement of an earlier day is announced for its own."""
        who = member(expiry_warning_days=3)
        who.visit("2026-03-02")
        who.visit("2026-03-06", now="2026-03-10")

        assert warned(who.tick("2026-04-01")) == [("2026-03-13T00:00:00Z", 80, "2026-03-16")]

    def test_u10_is_silent_where_all_was_spent(self) -> None:
        """An account with nothing left to lose is not due."""
        who = member(expiry_warning_days=3)
        who.visit("2026-03-02")
        who.redeem("tea", "2026-03-03")

        assert who.tick("2026-04-01") == ()


@pytest.mark.parametrize(
    ("released", "left"), [("2026-03-11", 40), ("2026-03-12T13:00:00Z", 40), ("2026-03-14", 0)]
)
def test_a_hold_keeps_the_day_of_its_value(released: str, left: int) -> None:
    """What comes back lasts through the last day, and expires at once when that is over."""
    who = member()
    who.visit("2026-03-02")
    hold = PlaceHold(
        member=who.id,
        programme="clinic",
        currency="points",
        amount=40,
        hold_id="h",
        minutes=7 * 24 * 60,
    )
    who.do(hold, "2026-03-10")
    who.do(ReleaseHold(member=who.id, hold_id="h"), released)

    assert who.balance.available == left
    assert who.available("2026-03-13T00:00:00Z" if left else "2026-03-14") == 0
    assert who.verdict().holds


def test_a_hold_joins_what_a_visit_has_prolonged() -> None:
    """What was set aside lasts as long as the rest when it comes back."""
    who = member()
    who.visit("2026-03-02")
    hold = PlaceHold(
        member=who.id, programme="clinic", currency="points", amount=30, hold_id="h", minutes=9000
    )
    who.do(hold, "2026-03-10")
    who.visit("2026-03-11")
    who.do(ReleaseHold(member=who.id, hold_id="h"), "2026-03-15")

    assert [(lot.amount, lot.key.expires_on) for lot in who.balance.lots] == [(80, "2026-03-21")]


class TestRefundAfterExpiry:
    """M7: what expired unspent is not taken back again; what was spent before is."""

    def test_m7_unspent(self) -> None:
        """Nothing is taken of what another visit has brought since."""
        who = member()
        who.visit("2026-03-02", name="first")
        who.visit("2026-03-20")
        back = who.reverse("first", "2026-03-21").returned

        assert [(each.amount, each.expired) for each in back] == [(0, 40)]
        assert who.balance.available == 40

    def test_m7_prolonged_and_unspent(self) -> None:
        """Also where visits had let it last longer."""
        who = member()
        for day in ("2026-03-02", "2026-03-08"):
            who.visit(day, name=day)
        who.visit("2026-04-20")
        back = who.reverse("2026-03-02", "2026-04-21").returned

        assert [(each.amount, each.expired) for each in back] == [(0, 40)]
        assert who.balance.available == 40

    def test_m7_spent(self) -> None:
        """What was spent before the rest expired is taken from what comes later."""
        who = member()
        for day in ("2026-03-02", "2026-03-08"):
            who.visit(day, name=day)
        who.redeem("tea", "2026-03-09")
        who.visit("2026-04-20")
        one = who.reverse("2026-03-02", "2026-04-21").returned
        two = who.reverse("2026-03-08", "2026-04-21").returned

        assert [(each.amount, each.expired) for each in (*one, *two)] == [(0, 40), (40, 0)]
        assert who.balance.available == 0


def saver(*top_ups: str) -> Member:
    """Return a member whose prepaid money lasts ten days after the last visit, paid in so."""
    document = programme(
        currencies=[points(), {"id": "prepaid", "name": "Money", "expiry": TEN_DAYS}],
        wallets=[{"currency": "prepaid", "kind": "prepaid"}],
    )
    who = Member(document)
    for day in top_ups:
        topped_up(who, 1000, now=day)
    return who


@given(
    st.lists(st.integers(1, 10), min_size=1, max_size=4),
    st.integers(1, 4000),
    st.lists(st.integers(1, 10), max_size=3),
)
@settings(max_examples=examples(100), derandomize=True, deadline=None, print_blob=True)
def test_a_visit_leaves_an_open_quote_good(paid: list[int], bill: int, visits: list[int]) -> None:
    """What it uses is there, with another last day: also where several lots have become one."""
    who = saver(*(f"2026-03-{day:02d}T10:00:00Z" for day in sorted(paid)))
    quote = quoted(who, line("1", bill), now="2026-03-10T20:00:00Z")
    for day in visits:
        who.visit(f"2026-03-{day:02d}T11:00:00Z", now="2026-03-10T20:01:00Z")

    confirmation = ConfirmQuote(member="mem_1", quote_id="quote_1")
    purchase = who.do(confirmation, "2026-03-10T20:02:00Z").events[-1]

    drawn = sum(draw.amount for draw in quote.draws)
    assert drawn == min(bill, 1000 * len(paid))
    assert who.available("2026-03-10T20:02:00Z", PREPAID) == 1000 * len(paid) - drawn
    refunded(who, purchase, now="2026-03-10T20:03:00Z")
    assert who.available("2026-03-10T20:03:00Z", PREPAID) == 1000 * len(paid)
    assert who.verdict().holds


def test_two_lots_that_became_one_must_hold_both_parts() -> None:
    """Money that was spent meanwhile is not counted for each of them."""
    who = saver("2026-03-01", "2026-03-02")
    quoted(who, line("1", 2000), now="2026-03-04T10:00:00Z")
    bought(who, line("1", 500), now="2026-03-04T10:01:00Z", name="other")
    who.visit("2026-03-04T10:02:00Z")

    confirmation = ConfirmQuote(member="mem_1", quote_id="quote_1")
    refusal = who.refused(confirmation, "2026-03-04T10:03:00Z")

    assert (refusal.code, refusal.extensions["available"]) == ("quote_stale", 1500)
