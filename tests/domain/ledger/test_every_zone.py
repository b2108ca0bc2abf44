"""
Value expires to the second in every IANA zone, as computed from the zone files by themselves.

`tzif` shares no code with what is tested, not even the reading of the files.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import LotChange
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.programme.fields import RollingExpiry
from tests.domain import tzif
from tests.domain.building import VISIT, Member, at, fixed, points, programme, reward, rule
from tests.examples import examples

NAMES = sorted(calendar.zone_names())
#: One name for each content: links are the zones that they name.
DISTINCT = sorted({tzif.data_of(name): name for name in NAMES}.values())
YEARS = (date(2026, 1, 1), date(2028, 1, 1))
LEAP_YEARS = (1972, 2000, 2024, 2028, 2096)
ALL_TIME = (date(1970, 1, 3), date(2100, 1, 1))
MINUTE = 60_000
SKEW = 5 * MINUTE


def over(last: date, name: str) -> int:
    """Return when value that can be used through a day is gone, without the code under test."""
    return tzif.read(name).day_start(last + timedelta(days=1))


def around(days: Iterable[date]) -> list[date]:
    """Return each of these days, two before it and one after: of those one ends at a change."""
    return sorted({day + timedelta(days=n) for day in days for n in range(-2, 2)})


class TestExpiry:
    """The instant at which value is gone."""

    def test_every_day_of_two_years(self) -> None:
        """In every zone, whatever day it is."""
        days = [YEARS[0] + timedelta(days=n) for n in range((YEARS[1] - YEARS[0]).days)]
        for name in DISTINCT:
            wrong = [d for d in days if calendar.expiry_instant(d, name) != over(d, name)]
            assert wrong == [], name

    def test_every_name_around_changes_and_leap_days(self) -> None:
        """By every name, links too: at the changes of two years, and around leap days."""
        leap = around(date(year, 2, 28) for year in LEAP_YEARS)
        for name in NAMES:
            days = leap + around(tzif.read(name).changes(*YEARS))
            wrong = [d for d in days if calendar.expiry_instant(d, name) != over(d, name)]
            assert wrong == [], name

    def test_every_change_there_ever_was(self) -> None:
        """From 1970 to 2100: skipped days, missing and doubled midnights, moved date lines."""
        checked = 0
        for name in DISTINCT:
            days = around(tzif.read(name).changes(*ALL_TIME))
            wrong = [d for d in days if calendar.expiry_instant(d, name) != over(d, name)]
            assert wrong == [], name
            checked += len(days)
        assert checked > 100_000

    @pytest.mark.parametrize("earned", ["2027-02-28", "2028-02-28", "2028-02-29", "2028-03-01"])
    def test_a_rolling_year(self, earned: str) -> None:
        """What is earned around a leap day lasts through the same day a year later, or its last."""
        day = date.fromisoformat(earned)
        last = date(day.year + 1, day.month, min(day.day, 28))
        for name in NAMES:
            for policy in (RollingExpiry(months=12), RollingExpiry(years=1)):
                term = expiry.term(policy, day, name)
                assert (term.expires_on, term.expires_at) == (last.isoformat(), over(last, name))


class TestDates:
    """Which local day it is."""

    @settings(max_examples=examples(300))
    @given(st.sampled_from(DISTINCT), st.integers(0, at("2100-01-01T00:00:00Z")))
    def test_any_instant(self, name: str, instant: int) -> None:
        """At any instant in any zone the date is that of the zone's file."""
        assert calendar.local_date(instant, name) == tzif.read(name).date_at(instant)

    @settings(max_examples=examples(300))
    @given(st.sampled_from(DISTINCT), st.dates(*ALL_TIME))
    def test_any_day(self, name: str, day: date) -> None:
        """Any day in any zone ends when the zone's file says, to the millisecond."""
        gone = calendar.expiry_instant(day, name)

        assert gone == over(day, name)
        assert tzif.read(name).date_at(gone - 1) <= day < tzif.read(name).date_at(gone)


EDGES = [
    (name, day)
    for name in DISTINCT
    for day in around(tzif.read(name).changes(*YEARS))
    if YEARS[0] + timedelta(days=40) < day < YEARS[1]
]


class TestOnAnAccount:
    """The account does what the calendar says."""

    @settings(max_examples=examples(60))
    @given(st.sampled_from(EDGES), st.integers(1, 30))
    def test_usable_to_the_last_millisecond(self, edge: tuple[str, date], life: int) -> None:
        """Points of a visit are there until the last of their local days is over, and then gone."""
        name, last = edge
        gone = over(last, name)
        member = _member(name, life, last)

        assert member.available(gone - 1) == 50
        assert member.available(gone) == 0
        assert due_at(member.account) == gone

    @settings(max_examples=examples(100))
    @given(
        st.sampled_from(EDGES),
        st.lists(
            st.tuples(
                st.integers(-12 * MINUTE, 12 * MINUTE),
                st.sampled_from([-SKEW, 0, SKEW]),
                st.sampled_from(["tick", "read", "redeem", "visit"]),
            ),
            min_size=1,
            max_size=10,
        ),
    )
    def test_clocks_that_differ(
        self, edge: tuple[str, date], steps: list[tuple[int, int, str]]
    ) -> None:
        """
        Containers whose clocks are five minutes slow or fast never expire early, nor twice.

        Each evaluates by its own clock, but never earlier than what the journal says happened.
        """
        name, last = edge
        gone = over(last, name)
        member = _member(name, 7, last)
        spent = False
        for time, skew, what in sorted(steps):
            now = gone + time + skew
            evaluated = max(now, member.account.effective_at)
            left = 0 if evaluated >= gone or spent else 50
            assert _of_the_visit(member.seen(now), gone) == left
            spent |= _do(member, what, now) and left > 0

        member.tick(gone + SKEW)

        assert _expired(member.events, gone) == ([] if spent else [(gone, -50)])
        assert _of_the_visit(member.account, gone) == 0
        effective = [event.effective_at for event in member.events]
        assert effective == sorted(effective)
        assert member.verdict().holds


def _member(name: str, life: int, last: date) -> Member:
    """Return a member with 50 points that last so many days, to the end of that local day."""
    terms = programme(
        rule("visit", fixed(50), VISIT),
        currencies=[points({"type": "rolling", "days": life})],
        rewards=[reward("tea", 50)],
        time_zone=name,
    )
    member = Member(terms, joined=(last - timedelta(days=40)).isoformat())
    noon = tzif.read(name).day_start(last - timedelta(days=life)) + 12 * 60 * MINUTE
    member.visit(calendar.format_instant(noon), name="first")
    return member


def _do(member: Member, what: str, now: int) -> bool:
    """Do something, and return whether it took the value that expires first."""
    if what == "tick":
        member.tick(now)
    elif what == "visit":
        member.visit(calendar.format_instant(now))
    elif what == "redeem" and member.available(now) >= 50:
        member.redeem("tea", now)
        return True
    return False


def _of_the_visit(account: Account, gone: int) -> int:
    """Return what is left of the value that goes at an instant."""
    lots = account.balance("clinic/points").lots
    return sum(lot.amount for lot in lots if lot.key.expires_at == gone)


def _expired(events: list[Event], gone: int) -> list[tuple[int, int]]:
    """Return when value of that expiry was taken by the passing of time, and how much."""
    return [
        (event.effective_at, effect.delta)
        for event in events
        for effect in event.effects
        if event.kind == "lots.expired"
        and isinstance(effect, LotChange)
        and effect.lot.expires_at == gone
    ]
