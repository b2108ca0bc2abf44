"""
Stamp cards whose units are used, given back and left to lapse, while stamps come late and go back.

How many cards are full, how many stamps the next one has and how many units are unused follow from
the stamps that are kept and the units that are used; never from the order in which that was told,
nor from what had lapsed by then.
"""

from __future__ import annotations

import json
import zlib
from datetime import date
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.ledger import calendar, compact
from chalicelib.domain.ledger.calendar import parse_date
from chalicelib.domain.mechanics import entitlement_grants, stamp_cards
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.stamp_cards import Stamps
from tests.domain.building import Member, at, line, programme
from tests.domain.hearing import Heard
from tests.examples import examples

FIRST: Final = parse_date("2026-02-02")
SIZE: Final = 3
PRICE: Final = 4_000


def member(units: int, valid_days: int | None) -> Member:
    """Return a member of a programme whose card of three gives so many units."""
    full = {"entitlement": "free", "units": units, "valid_days": valid_days}
    three = {
        "id": "three",
        "name": "Three paid, some free",
        "size": SIZE,
        "on": ["purchase.completed"],
        "full": full,
    }
    free = {"id": "free", "name": "Free session"}
    document = programme(entitlements=[free], stamp_cards=[three])
    return Member(replace(document, backdate_limit_days=365))


def on(day: int) -> str:
    """Return the local day so many days after the first."""
    return calendar.add_days(FIRST, day).isoformat()


def pay(who: Member, name: str, day: int, stamps: int, told: int) -> None:
    """Pay for so many sessions on a day, and tell it on another."""
    paid = line("1", stamps * PRICE, "physio", quantity=stamps)
    who.basket(on(day), paid, now=on(told), name=name)


def use(who: Member, day: int) -> int:
    """Use a unit, and return the version of the event by which it is given back."""
    who.do(UseEntitlement(member="mem_1", programme="clinic", entitlement="free"), on(day))
    return who.account.version


def give_back(who: Member, used: int, day: int) -> None:
    """Give a use back."""
    assert who.do(ReturnEntitlement(member="mem_1", use=used), on(day)).result.changed


def by_hand(who: Member, day: int, valid_days: int | None) -> None:
    """Give a unit by hand."""
    command = GrantEntitlement(
        member="mem_1",
        programme="clinic",
        entitlement="free",
        units=1,
        reason="goodwill",
        valid_days=valid_days,
    )
    who.do(command, on(day))


def card(who: Member) -> tuple[int, int]:
    """Return the stamps on the running card, and how many cards were full."""
    held = stamp_cards.CARDS.get(who.account, "clinic/three") or Stamps()
    return held.on_card, held.full


def usable(who: Member, day: int) -> dict[str | None, int]:
    """Return the units that are usable on a day, by their last days."""
    grants = entitlement_grants.GRANTS.all(who.seen(on(day))).values()
    return {grant.expires_on: grant.units for grant in grants}


def unused(who: Member, day: int) -> int:
    """Return how many units are unused, be they usable or lapsed."""
    now = at(on(day))
    return sum(entitlement_grants.unused(who.seen(now), programme(), "free", now).values())


class TestLapsed:
    """A unit that lapses unused is as unused as it was, whatever is told afterwards."""

    @pytest.mark.parametrize("told", [4, 5, 6, 20, 300])
    def test_m4_a_refund_after_the_last_day(self, told: int) -> None:
        """The card is opened again, and the next stamp fills it for five days from its own."""
        who = member(1, 5)
        for name in ("a", "b", "c"):
            pay(who, name, 0, 1, 0)
        who.tick(on(told))
        who.reverse("c", on(told))
        assert (card(who), usable(who, told)) == ((2, 0), {})
        pay(who, "d", told, 1, told)

        assert (card(who), usable(who, told)) == ((0, 1), {on(told + 5): 1})
        assert who.verdict().holds

    @pytest.mark.parametrize("order", ["full first", "refund first"])
    def test_m4_all_of_it_is_told_late(self, order: str) -> None:
        """What was full and has lapsed before it was told is unused too."""
        who = member(1, 5)
        pay(who, "a", 0, 2, 20)
        if order == "full first":
            pay(who, "b", 0, 1, 20)
            who.reverse("a", on(20), LineReversal("1", PRICE, 1))
        else:
            who.reverse("a", on(20), LineReversal("1", PRICE, 1))
            pay(who, "b", 0, 1, 20)

        assert (card(who), usable(who, 20)) == ((2, 0), {})
        assert who.verdict().holds

    @pytest.mark.parametrize("valid_days", [None, 300])
    def test_a_unit_by_hand_stays(self, valid_days: int | None) -> None:
        """It is not taken for one that lapsed."""
        who = member(1, 5)
        pay(who, "a", 0, 3, 0)
        by_hand(who, 10, valid_days)
        who.reverse("a", on(20), LineReversal("1", PRICE, 1))

        assert card(who) == (2, 0)
        assert sum(usable(who, 20).values()) == 1

    def test_a_late_stamp_dates_what_lapsed(self) -> None:
        """The card was full a day sooner, and so its unit had lapsed by then as well."""
        who = member(1, 5)
        pay(who, "a", 1, 2, 1)
        pay(who, "b", 3, 2, 3)
        pay(who, "late", 0, 1, 20)
        assert (card(who), usable(who, 20), unused(who, 20)) == ((2, 1), {}, 1)
        pay(who, "c", 20, 1, 20)

        assert (card(who), usable(who, 20), unused(who, 20)) == ((0, 2), {on(25): 1}, 2)

    def test_a_refund_makes_what_lapsed_usable(self) -> None:
        """Where the card is full since a later day, its unit lasts from that."""
        who = member(1, 5)
        pay(who, "a", 0, 3, 0)
        pay(who, "b", 7, 1, 7)
        assert (card(who), usable(who, 7)) == ((1, 1), {})
        who.reverse("a", on(7), LineReversal("1", PRICE, 1))

        assert (card(who), usable(who, 7)) == ((0, 1), {on(12): 1})

    def test_a_use_is_given_back_after_its_last_day(self) -> None:
        """It is not usable again, and unused: the refund opens the card, in either order."""
        left = set()
        for order in ("use first", "refund first"):
            who = member(1, 5)
            pay(who, "a", 0, 3, 0)
            used = use(who, 1)
            if order == "use first":
                give_back(who, used, 10)
            who.reverse("a", on(10), LineReversal("1", PRICE, 1))
            if order == "refund first":
                assert card(who) == (-1, 1)
                give_back(who, used, 10)
            assert usable(who, 10) == {}
            left.add(card(who))

        assert left == {(2, 0)}

    def test_what_lapsed_lies_in_columns(self) -> None:
        """A stored account has what lapsed on many days as days and amounts, not as names."""
        who = member(2, 5)
        for day in range(20):
            pay(who, f"{day}", day, 3, day)
        who.tick(on(40))
        stored = compact.encode(who.account)

        body = json.loads(zlib.decompress(stored))
        first = (calendar.add_days(FIRST, 5) - date(1970, 1, 1)).days
        days, amounts, _ = body["counters"]["lapsed/clinic/free"]
        assert (days, amounts) == ([first] + [1] * 19, [2] * 20)
        assert not any("lapsed" in key for key in body["account"].get("counters", {}))
        known = who.account
        assert compact.decode(stored, version=known.version, head=known.head) == known
        assert unused(who, 40) == 40

    def test_a_year_after_it_lapsed(self) -> None:
        """What nothing can be reported about any more is forgotten, and counts as used."""
        who = member(1, 5)
        pay(who, "a", 0, 3, 0)
        for day, known in ((5 + 366, 1), (5 + 368, 0)):
            assert unused(who, day) == known
        who.tick(on(5 + 368))
        who.adjust(1, on(5 + 368))
        assert not any(key.startswith("lapsed/") for key in who.account.counters)
        who.reverse("a", on(5 + 368), LineReversal("1", PRICE, 1))

        assert card(who) == (-1, 1)

    def test_units_by_hand_are_not_remembered(self) -> None:
        """An account remembers what a report may change, and no more."""
        who = member(1, 5)
        by_hand(who, 0, 3)
        who.tick(on(10))

        assert who.account.counters == {}


class Step(NamedTuple):
    """So many days later, something is told: of so many days before, or of what was told before."""

    after: int
    what: str
    which: int
    stamps: int


steps = st.lists(
    st.builds(
        Step,
        st.integers(0, 9),
        st.sampled_from(["pay", "pay", "pay", "use", "use", "give back", "refund", "refund"]),
        st.integers(0, 9),
        st.integers(1, 4),
    ),
    max_size=15,
)


class Told(NamedTuple):
    """What a history comes to: stamps by basket, and the days of the uses that stand."""

    left: dict[str, int]
    used: dict[int, int]


def tell(who: Member, told: Told, step: Step, day: int) -> None:
    """Tell one thing on a day, if it can be."""
    if step.what == "pay":
        name = str(len(told.left))
        pay(who, name, max(day - step.which, 0), step.stamps, day)
        told.left[name] = step.stamps
    elif step.what == "use" and usable(who, day):
        told.used[use(who, day)] = day
    elif step.what == "give back" and told.used:
        version = sorted(told.used)[step.which % len(told.used)]
        if day - told.used[version] <= 30:
            give_back(who, version, day)
            del told.used[version]
    elif step.what == "refund" and any(told.left.values()):
        there = [name for name, stamps in told.left.items() if stamps]
        name = there[step.which % len(there)]
        back = min(step.stamps, told.left[name])
        who.reverse(name, on(day), LineReversal("1", back * PRICE, back))
        told.left[name] -= back


@settings(max_examples=examples(80), derandomize=True, deadline=None)
@given(steps, st.integers(1, 3), st.sampled_from([None, 0, 3, 12, 30]))
def test_m4_what_is_full_follows_from_stamps_and_uses(
    history: list[Step], units: int, valid_days: int | None
) -> None:
    """
    M4: as many cards as there are stamps for, and more only where their units are used.

    That is so where no day has a maximum: a refund gives what that clipped no stamp afterwards.
    """
    who, told, day, heard = member(units, valid_days), Told({}, {}), 0, Heard()
    who.guards = (heard,)
    for step in history:
        day += step.after
        tell(who, told, step, day)

        stamps, used = sum(told.left.values()), len(told.used)
        full = max(stamps // SIZE, -(-used // units))
        assert card(who) == (stamps - full * SIZE, full), (step, day)
        assert unused(who, day) == full * units - used
        # What was given and not taken back, be it told in time or after it lapsed.
        assert sum(heard.amounts) == full * units
    assert who.verdict().holds


@settings(max_examples=examples(60), derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 7), st.booleans()), max_size=6),
    st.integers(1, 3),
    st.sampled_from([0, 1, 4, 8, 30]),
    st.data(),
)
def test_m4_what_lapses_is_as_if_told_in_time(
    paid: list[tuple[int, int, bool]], units: int, valid_days: int, data: st.DataObject
) -> None:
    """Where nothing is used, the last days are those of the history in order, told whenever."""
    late, in_time = (member(units, valid_days) for _ in range(2))
    reports: list[Any] = [(place, False) for place in range(len(paid))]
    reports += [(place, True) for place, (*_, back) in enumerate(paid) if back]
    day = 0
    for place, back in data.draw(st.permutations(reports)):
        when, stamps, _ = paid[place]
        day = max(day + data.draw(st.integers(0, 5)), when)
        if str(place) not in late.recorded:
            pay(late, str(place), when, stamps, day)
        if back:
            late.reverse(str(place), on(day))
    for when, stamps, back in sorted(paid):
        if not back:
            pay(in_time, str(len(in_time.recorded)), when, stamps, when)

    assert card(late) == card(in_time)
    for then in (day, day + 3, day + 400):
        assert usable(late, then) == usable(in_time, then)
        assert unused(late, then) == unused(in_time, then)
    assert late.verdict().holds
