"""Gifts on a member's own day: on the right day, once a year, whoever looks when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import check_succession
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import BirthdayChange
from chalicelib.domain.ledger.events import DateGift, Event, GiftsEvaluated
from chalicelib.domain.mechanics.date_gifts import PLANNED, Planned, problems
from chalicelib.domain.mechanics.entitlement_grants import GRANTS, GRANTS_MAX, Grant
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.membership import ChangeProfile, Enrol, Open
from chalicelib.domain.mechanics.tier_grants import GrantTier
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes
from tests.domain import tzif
from tests.domain.building import (
    Member,
    at,
    fixed,
    ladder,
    points,
    posted,
    programme,
    published,
    reward,
    rule,
    visits,
)

DAY = 86_400_000
#: London, a midnight that does not exist, odd offsets, a day that a zone skipped, a leap of one.
ZONES = (
    "Europe/London",
    "America/Havana",
    "Asia/Tehran",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Kiritimati",
)
POINTS: dict[str, Any] = {"type": "value", "currency": "points", "amount": 50}
TEA: dict[str, Any] = {"type": "entitlement", "entitlement": "tea", "valid_days": 30}


def gift(name: str = "cake", on: str = "birthday", **parts: Any) -> dict[str, Any]:
    """Return a gift of 50 points, unless told otherwise."""
    return {"id": name, "name": name, "on": on, "gives": POINTS, **parts}


def valued(programme: str, on: str) -> DateGift:
    """Return what is said of the cake where it was given."""
    return DateGift(programme, "cake", on, currency=f"{programme}/points", amount=50)


def giving(*gifts: dict[str, Any], **parts: Any) -> Programme:
    """Return a programme that gives these gifts and has what they may give."""
    standard: dict[str, Any] = {
        "entitlements": [{"id": "tea", "name": "Tea"}],
        "tiers": ladder(("gold", visits(1))),
    }
    return programme(rule("visit", fixed(1)), date_gifts=list(gifts), **{**standard, **parts})


def born(birthday: str, *documents: Programme | Programmes, joined: str = "2026-01-05") -> Member:
    """Return a member with a birthday."""
    member = Member(*documents, joined=None)
    programmes = member.programmes.ids()
    member.do(Open(member="mem_1", programmes=programmes, birthday=birthday), joined)
    return member


def reached(member: Member) -> list[tuple[str, str, str]]:
    """Return (gift, day, refusal) of all days of gifts that have come."""
    return [
        (each.gift, each.on, each.refusal)
        for event in member.events
        if isinstance(event.data, GiftsEvaluated)
        for each in event.data.gifts
    ]


def days(member: Member, until: str) -> list[str]:
    """Return the days on which anything was given, up to an instant."""
    member.tick(until)
    return [on for _, on, refusal in reached(member) if not refusal]


class TestDay:
    """Which day it is, and which instant."""

    @pytest.mark.parametrize(
        ("birthday", "leap_day", "expected"),
        [
            ("07-01", "02-28", ["2026-07-01", "2027-07-01", "2028-07-01"]),
            ("02-29", "02-28", ["2026-02-28", "2027-02-28", "2028-02-29"]),
            ("02-29", "03-01", ["2026-03-01", "2027-03-01", "2028-02-29"]),
            ("02-28", "03-01", ["2026-02-28", "2027-02-28", "2028-02-28"]),
            ("01-05", "02-28", ["2026-01-05", "2027-01-05", "2028-01-05"]),
            ("01-04", "02-28", ["2027-01-04", "2028-01-04"]),
            ("", "02-28", []),
        ],
    )
    def test_birthday(self, birthday: str, leap_day: str, expected: list[str]) -> None:
        """Every year from the day of joining on, on the day that the policy says."""
        member = born(birthday, giving(gift(leap_day=leap_day)))

        assert days(member, "2028-12-31") == expected

    @pytest.mark.parametrize(
        ("joined", "leap_day", "expected"),
        [
            ("2026-01-05", "02-28", ["2027-01-05", "2028-01-05"]),
            ("2026-01-01", "02-28", ["2027-01-01", "2028-01-01"]),
            ("2024-02-29", "02-28", ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
            ("2024-02-29", "03-01", ["2025-03-01", "2026-03-01", "2027-03-01", "2028-02-29"]),
        ],
    )
    def test_anniversary(self, joined: str, leap_day: str, expected: list[str]) -> None:
        """For the first time a year after joining."""
        document = giving(gift(on="joining_anniversary", leap_day=leap_day))
        member = born("", document, joined=joined)

        assert days(member, "2028-12-31") == expected

    @pytest.mark.parametrize("stored", ["02-30", "04-31", "13-01", "00-00", "today"])
    def test_v1_a_stored_birthday_that_is_no_day(self, stored: str) -> None:
        """V1: what was stored before anybody checked it brings nothing, and stops nothing."""
        member = born(stored, giving(gift()))

        assert member.seen("2027-06-01").balance("clinic/points").available == 0

    @pytest.mark.parametrize(
        ("zone", "birthday", "instant"),
        [
            ("Europe/London", "07-01", "2026-06-30T23:00:00Z"),
            ("Asia/Tehran", "07-01", "2026-06-30T20:30:00Z"),
            # Clocks go forward over this midnight.
            ("America/Havana", "03-08", "2026-03-08T05:00:00Z"),
        ],
    )
    def test_at_the_start_of_the_local_day(self, zone: str, birthday: str, instant: str) -> None:
        """Not a millisecond earlier, and dated so however late it is settled."""
        member = born(birthday, giving(gift(), time_zone=zone))

        assert due_at(member.account) == at(instant)
        assert member.seen(at(instant) - 1).balance("clinic/points").available == 0
        (event,) = member.tick("2026-11-01")
        assert event.effective_at == event.occurred_at == at(instant)
        assert event.actor.kind == "system"

    def test_a_day_that_was_skipped(self) -> None:
        """Apia had no 30 December 2011: the gift comes where the next day began, on all of it."""
        member = born("12-30", giving(gift(), time_zone="Pacific/Apia"), joined="2021-01-01")
        skipped = born(
            "12-30",
            published(("2010-01-01", giving(gift(), time_zone="Pacific/Apia"))),
            joined="2011-06-01",
        )

        joining = born(
            "12-30",
            published(("2010-01-01", giving(gift(), time_zone="Pacific/Apia"))),
            joined="2011-12-30T22:00:00Z",
        )

        assert days(joining, "2011-12-31") == ["2011-12-30"]
        assert days(skipped, "2012-12-01") == ["2011-12-30"]
        assert days(member, "2022-12-01") == ["2021-12-30"]

    def test_on_the_very_day(self) -> None:
        """Who joins or says so on the day has it at once, dated then; later there is none."""
        joining = born("03-01", giving(gift()), joined="2026-03-01T18:00:00Z")
        telling = born("", giving(gift()))
        telling.do(ChangeProfile(member="mem_1", birthday="03-01"), "2026-03-01T18:00:00Z")
        late = born("", giving(gift()))
        late.do(ChangeProfile(member="mem_1", birthday="03-01"), "2026-03-02T00:00:00Z")

        for member in (joining, telling):
            assert days(member, "2026-03-01T18:00:00Z") == ["2026-03-01"]
            assert member.events[-1].effective_at == at("2026-03-01T18:00:00Z")
        assert days(late, "2026-12-31") == []


class TestOnceAYear:
    """Whatever becomes of the birthday."""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            # Later in the same year, there was one already; the next is due a year on.
            ([("2026-05-01", "10-01")], ["2026-03-01", "2027-10-01"]),
            # Too soon after the last, the one of the year after is the next.
            ([("2026-05-01", "10-01"), ("2027-11-01", "01-15")], ["2026-03-01", "2027-10-01"]),
            ([("2026-05-01", "")], ["2026-03-01"]),
            ([("2026-05-01", ""), ("2026-06-01", "03-01")], ["2026-03-01", "2027-03-01"]),
            ([("2026-02-01", "10-01")], ["2026-10-01", "2027-10-01"]),
            ([("2026-05-01", "01-02")], ["2026-03-01", "2027-01-02", "2028-01-02"]),
        ],
    )
    def test_changed(self, changes: list[tuple[str, str]], expected: list[str]) -> None:
        """A change moves the next gift and brings no other; without a birthday none comes."""
        member = born("03-01", giving(gift()))
        for when, birthday in changes:
            member.do(ChangeProfile(member="mem_1", birthday=birthday), when)

        assert days(member, "2028-01-10") == expected

    def test_half_a_year(self) -> None:
        """In another year it comes when half a year is over, not a day sooner."""
        expected = {"06-29": "2028-06-29", "06-30": "2027-06-30"}
        for birthday, following in expected.items():
            member = born("12-31", giving(gift()))
            member.tick("2027-01-01")
            member.do(ChangeProfile(member="mem_1", birthday=birthday), "2027-01-02")
            assert days(member, "2028-07-01")[:2] == ["2026-12-31", following]


class TestWhatIsGiven:
    """Value and units, as at any other time."""

    def test_value(self) -> None:
        """Points of each year end with the term of that year's day."""
        rolling = [points({"type": "rolling", "months": 18}, activation_delay_days=9)]
        member = born("03-01", giving(gift(), currencies=rolling))
        member.tick("2027-03-01T00:00:00Z")

        lots = [(lot.amount, lot.key.expires_on) for lot in member.balance.lots]
        assert lots == [(50, "2027-09-01"), (50, "2028-09-01")]
        assert posted(member.events[-1]) == [("issued/tenant", "member/available", 50)]

    def test_expired_since(self) -> None:
        """A late tick gives and ends it, each at its instant."""
        rolling = [points({"type": "rolling", "days": 10})]
        member = born("03-01", giving(gift(), currencies=rolling))
        events = member.tick("2026-12-31")

        assert [(event.kind, event.effective_at) for event in events] == [
            ("gifts.evaluated", at("2026-03-01T00:00:00Z")),
            ("lots.expired", at("2026-03-12T00:00:00Z")),
        ]

    def test_after_what_ends_with_the_day_before(self) -> None:
        """What goes for inactivity at that midnight does not take the gift with it."""
        idle = [points({"type": "inactivity", "days": 10})]
        member = born("03-12", giving(gift(), currencies=idle))
        member.visit("2026-03-01")
        events = member.tick("2026-03-12")

        assert [event.kind for event in events] == ["lots.expired", "gifts.evaluated"]
        assert member.balance.available == 50

    def test_of_one_who_stays_away(self) -> None:
        """In a currency that ends by inactivity, a gift lasts as if it were earned on that day."""
        idle = [points({"type": "inactivity", "days": 10})]
        member = born("03-12", giving(gift(), currencies=idle))

        assert [event.kind for event in member.tick("2026-03-22")] == ["gifts.evaluated"]
        assert [event.kind for event in member.tick("2026-03-23")] == ["lots.expired"]
        assert member.balance.available == 0
        assert member.verdict().holds

    def test_entitlement(self) -> None:
        """Units are granted from that day on."""
        member = born("03-01", giving(gift(gives=TEA)))
        member.tick("2026-03-02")

        assert GRANTS.all(member.account) == {
            "clinic/tea@2026-03-31": Grant(
                "clinic", "tea", 1, at("2026-04-01T00:00:00Z"), "2026-03-31"
            )
        }

    def test_followed(self) -> None:
        """Value that came by a gift redeems what redeems itself, and repays a debt."""
        gives = {"type": "entitlement", "entitlement": "tea"}
        automatic = reward("tea", 40, gives=gives, auto_at=40)
        member = born("03-01", giving(gift(), rewards=[automatic]))
        member.tick("2026-03-01")

        assert member.balance.available == 10
        assert [each.units for each in GRANTS.all(member.account).values()] == [1]

    def test_too_many_grants(self) -> None:
        """A gift that cannot be given says so, and time passes all the same."""
        member = born("03-01", giving(gift(gives=TEA)))
        for days_left in range(100, 100 + GRANTS_MAX):
            grant = GrantEntitlement(
                member="mem_1",
                programme="clinic",
                entitlement="tea",
                units=1,
                reason="r",
                valid_days=days_left,
            )
            member.do(grant, "2026-02-01")
        member.tick("2026-03-02")

        assert reached(member) == [("cake", "2026-03-01", "too_many_grants")]
        (planned,) = PLANNED.all(member.account).values()
        assert planned == Planned(at("2027-03-01T00:00:00Z"), "2026-03-01")

    def test_tiers(self) -> None:
        """The tier at the start of the day counts; who has it later that day comes too late."""
        member = born("03-01", giving(gift(tiers=["gold"])))
        member.visit("2026-03-01T09:00:00Z")
        gold = GrantTier(member="mem_1", programme="clinic", tier="gold", reason="r")
        member.do(gold, "2026-03-02")
        member.tick("2027-03-01")

        assert reached(member) == [
            ("cake", "2026-03-01", "tier_required"),
            ("cake", "2027-03-01", ""),
        ]

    def test_several(self) -> None:
        """Those of one day come in one event, those of two programmes each by its own rules."""
        spa = giving(gift(leap_day="03-01"), id="spa", time_zone="Asia/Tokyo")
        both = giving(gift(), gift("tea", "joining_anniversary", gives=TEA))
        member = born("02-29", both, spa, joined="2024-02-29")
        member.tick("2025-03-01")
        result = [event.data for event in member.events if event.kind == "gifts.evaluated"]

        # On the day of joining, which was a birthday in both, the midnight of Tokyo was over.
        assert result == [
            GiftsEvaluated(
                (
                    valued("clinic", "2024-02-29"),
                    valued("spa", "2024-02-29"),
                )
            ),
            GiftsEvaluated(
                (
                    valued("clinic", "2025-02-28"),
                    DateGift("clinic", "tea", "2025-02-28"),
                )
            ),
            GiftsEvaluated((valued("spa", "2025-03-01"),)),
        ]


class TestSeason:
    """From when and until when a gift is given."""

    @pytest.mark.parametrize(
        ("season", "expected"),
        [
            ({"valid_from": "2027-03-01"}, ["2027-03-01", "2028-03-01"]),
            ({"valid_from": "2027-03-02"}, ["2028-03-01"]),
            ({"valid_until": "2027-03-01"}, ["2026-03-01", "2027-03-01"]),
            ({"valid_until": "2027-02-28"}, ["2026-03-01"]),
            ({"valid_from": "2026-03-02", "valid_until": "2027-02-28"}, []),
            ({"valid_from": "8999-12-31"}, []),
        ],
    )
    def test_days(self, season: dict[str, str], expected: list[str]) -> None:
        """Both days are included."""
        member = born("03-01", giving(gift(**season)))

        assert days(member, "2028-12-31") == expected

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ({"valid_until": "2026-12-31"}, {}, ["2026-03-01", "2027-03-01", "2028-03-01"]),
            (
                {"valid_from": "2028-01-01"},
                {"valid_from": "2027-01-01"},
                ["2027-03-01", "2028-03-01"],
            ),
            ({}, {"valid_until": "2026-12-31"}, ["2026-03-01"]),
        ],
    )
    def test_moved(
        self, before: dict[str, str], after: dict[str, str], expected: list[str]
    ) -> None:
        """A season that a later version moves is that of members who were quiet meanwhile."""
        versions = published(
            ("2020-01-01", giving(gift(**before))), ("2026-11-01", giving(gift(**after)))
        )

        assert days(born("03-01", versions), "2028-12-31") == expected

    def test_a_day_out_of_season_says_so(self) -> None:
        """It is in the journal, so that support can tell why nothing came."""
        member = born("03-01", giving(gift(valid_until="2026-02-28")))
        member.tick("2026-03-05")

        assert reached(member) == [("cake", "2026-03-01", "not_offered")]
        assert member.account.balances == {}


class TestVersions:
    """The version in force on the day decides, whatever was planned."""

    def test_amount(self) -> None:
        """Another amount holds for whoever was planned before."""
        more = {**POINTS, "amount": 70}
        versions = published(
            ("2020-01-01", giving(gift())), ("2026-02-01", giving(gift(gives=more)))
        )

        assert born("03-01", versions).seen("2026-03-01").balance("clinic/points").available == 70

    @pytest.mark.parametrize(
        "following",
        [
            giving(),
            giving(gift(on="joining_anniversary")),
        ],
        ids=["no gifts", "another day"],
    )
    def test_gone(self, following: Programme) -> None:
        """What is no gift of that day any more is not given, and no longer due."""
        versions = published(("2020-01-01", giving(gift())), ("2026-02-01", following))
        member = born("03-01", versions)
        (event,) = member.tick("2026-03-05")

        assert event.data == GiftsEvaluated()
        assert event.effective_at == at("2026-03-01T00:00:00Z")
        assert member.account.balances == {}

    def test_a_programme_that_is_gone(self) -> None:
        """Where no version is in force any more the day passes, and no other is planned."""
        member = born("07-01", giving(gift()))
        member.programmes = published()

        (event,) = member.tick("2027-12-31")

        assert event.data == GiftsEvaluated(())
        assert PLANNED.all(member.account) == {}
        assert member.verdict().holds

    def test_exchanged(self) -> None:
        """What has come into its place by then is given in its place."""
        versions = published(("2020-01-01", giving(gift())), ("2026-02-01", giving(gift("pie"))))

        assert days(born("03-01", versions), "2026-03-01T00:00:00Z") == ["2026-03-01"]

    def test_zone(self) -> None:
        """The day begins where the version in force has its calendar."""
        there = giving(gift(), time_zone="America/New_York")
        versions = published(("2020-01-01", giving(gift())), ("2026-02-01", there))
        events = born("03-01", versions).tick("2026-03-05")

        assert [(event.data, event.effective_at) for event in events] == [
            (GiftsEvaluated(), at("2026-03-01T00:00:00Z")),
            (
                GiftsEvaluated((valued("clinic", "2026-03-01"),)),
                at("2026-03-01T05:00:00Z"),
            ),
        ]

    def test_added(self) -> None:
        """A new gift is planned with the next event, and reaches nobody before."""
        versions = published(("2020-01-01", giving()), ("2026-02-01", giving(gift("pie"))))
        quiet, busy = born("03-01", versions), born("03-01", versions)
        busy.visit("2026-02-02")

        assert days(quiet, "2026-12-31") == []
        assert days(busy, "2026-12-31") == ["2026-03-01"]

    def test_not_in_force(self) -> None:
        """Of a programme that nobody is in, or that has no version yet, nothing is planned."""
        versions = published(("2026-02-01", giving(gift())))
        member = Member(versions, joined=None)
        member.do(Open(member="mem_1", birthday="03-01"), "2026-01-05")
        member.do(adjustment_of_nothing(), "2026-02-02")

        assert due_at(member.account) is None
        member.do(Enrol(member="mem_1", programmes=("clinic",)), "2026-02-03")
        assert due_at(member.account) == at("2026-03-01T00:00:00Z")

    def test_permanent(self) -> None:
        """A published id stays."""
        (problem,) = check_succession(giving(gift()), giving(gift("pie")))

        assert (problem.pointer, "`cake` is gone" in problem.detail) == ("/date_gifts", True)


class TestPlan:
    """What the account keeps."""

    def test_nothing_changes_by_itself(self) -> None:
        """An event after which nothing else is to come has no effect of the plan."""
        member = born("03-01", giving(gift()))
        member.visit("2026-02-02")

        effects = [type(effect).__name__ for effect in member.events[-1].effects]
        assert "ProgressChange" not in effects

    def test_closing(self) -> None:
        """An account that ends has nothing planned, and remembers what was given."""
        member = born("03-01", giving(gift()))
        member.tick("2026-03-02")
        member.close("2026-03-03")
        member.do(ChangeProfile(member="mem_1", birthday="05-01"), "2026-03-04")

        assert PLANNED.all(member.account) == {"clinic/cake": Planned(last_on="2026-03-01")}
        assert due_at(member.account) is None
        assert member.tick("2030-01-01") == ()

    def test_s6_closed_and_back_on_one_birthday(self) -> None:
        """S6: who comes back on the day of a gift that they had does not get it again."""
        member = born("03-01", giving(gift()))
        member.tick("2026-03-01T06:00:00Z")
        member.close("2026-03-01T08:00:00Z")
        back = Member(member.programmes, joined=None, key="T#tenant#M#mem_2")
        back.do(
            Open(member="mem_2", programmes=("clinic",), birthday="03-01", former="mem_1"),
            "2026-03-01T09:00:00Z",
            former=member,
        )

        assert back.tick("2026-03-02") == ()
        assert back.account.balances == {}
        assert [event.kind for event in back.tick("2027-03-01")] == ["gifts.evaluated"]
        assert back.verdict().holds


@pytest.mark.parametrize(
    ("gifts", "pointer"),
    [
        ([gift(gives={**POINTS, "currency": "miles"})], "/date_gifts/0/gives/currency"),
        ([gift(gives={**TEA, "entitlement": "cake"})], "/date_gifts/0/gives/entitlement"),
        ([gift(tiers=["gold", "ruby"])], "/date_gifts/0/tiers/1"),
        ([gift(valid_from="2026-02-30")], "/date_gifts/0/valid_from"),
        (
            [gift(valid_from="2026-02-02", valid_until="2026-02-01")],
            "/date_gifts/0/valid_until",
        ),
    ],
)
def test_problems(gifts: list[dict[str, Any]], pointer: str) -> None:
    """Names lead somewhere, and dates exist."""
    assert [violation.pointer for violation in problems(giving(*gifts))] == [pointer]


# ── Whoever looks when ──

BIRTHDAYS = st.one_of(
    st.just("02-29"),
    st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: f"{day:%m-%d}"),
)
STARTS = st.integers(at("1993-06-01"), at("2030-01-01"))


@st.composite
def lives(draw: Callable[..., Any]) -> tuple[Programme, str, Instant]:
    """Draw a programme in some zone, a birthday, and when its member joins."""
    leap_day = draw(st.sampled_from(["02-28", "03-01"]))
    document = giving(
        gift(leap_day=leap_day),
        gift("tea", "joining_anniversary", gives=TEA, leap_day=leap_day),
        currencies=[points({"type": "rolling", "months": 15}, expiry_warning_days=20)],
        time_zone=draw(st.sampled_from(ZONES)),
    )
    return document, draw(BIRTHDAYS), draw(STARTS)


def live(life: tuple[Programme, str, Instant]) -> Member:
    """Return the member of a life as it begins."""
    document, birthday, joined = life
    member = Member(published(("1990-01-01", document)), joined=None)
    opening = Open(member="mem_1", programmes=("clinic",), birthday=birthday)
    member.do(opening, joined)
    return member


@given(lives(), st.lists(st.integers(0, 1500), max_size=12), st.integers(0, DAY - 1))
def test_any_split(life: tuple[Programme, str, Instant], looked: list[int], hour: int) -> None:
    """Settled once, or whenever, or twice: the events are the same, to the byte."""
    once, often = live(life), live(life)
    end = life[2] + 1500 * DAY
    for after in sorted(looked):
        instant = life[2] + after * DAY + hour
        often.tick(min(instant, end))
        assert often.tick(min(instant, end)) == ()
    once.tick(end)
    often.tick(end)

    assert once.account == often.account
    assert once.journal == often.journal
    assert once.verdict().holds


@given(lives())
def test_every_year(life: tuple[Programme, str, Instant]) -> None:
    """Each day comes once a year, at the instant that the zone file says it begins."""
    document, birthday, joined = life
    member, zone = live(life), tzif.read(document.time_zone)
    end = joined + 1500 * DAY
    member.tick(end)

    found = [(name, on, event.effective_at) for event, name, on in _given(member)]
    joined_on = calendar.parse_date(member.enrolment.joined_on)
    leap_day = str(_leap_day(document))
    expected = []
    for year in range(joined_on.year, joined_on.year + 6):
        for name, text in (("cake", birthday), ("tea", f"{joined_on:%m-%d}")):
            day = _in_year(text, year, leap_day)
            instant = zone.day_start(day)
            is_first = name == "cake" and zone.day_start(joined_on) <= instant
            if (is_first or year > joined_on.year) and instant <= end:
                expected.append((name, day.isoformat(), max(instant, joined)))
    assert sorted(found, key=lambda each: each[1:]) == sorted(expected, key=lambda each: each[1:])


@given(lives(), st.lists(st.tuples(st.integers(0, 400), st.just("") | BIRTHDAYS), max_size=8))
def test_whatever_is_said(
    life: tuple[Programme, str, Instant], said: list[tuple[int, str]]
) -> None:
    """A birthday that changes brings no second gift in a year, none soon after, none else."""
    member, now = live(life), life[2]
    for later, birthday in said:
        now += later * DAY
        member.do(ChangeProfile(member="mem_1", birthday=birthday), now)
    member.tick(now + 800 * DAY)

    cakes = [
        (event, calendar.parse_date(on)) for event, name, on in _given(member) if name == "cake"
    ]
    leap_day = str(_leap_day(life[0]))
    for (_, day), (_, following) in pairwise(cakes):
        assert day.year < following.year
        assert (following - day).days >= 181
    for event, day in cakes:
        # At the instant of the gift another may have been said, right afterwards.
        known = [
            effect.birthday
            for before in member.events[: member.events.index(event)]
            for effect in before.effects
            if isinstance(effect, BirthdayChange)
        ]
        assert day == _in_year(known[-1], day.year, leap_day)


def _given(member: Member) -> list[tuple[Event, str, str]]:
    return [
        (event, each.gift, each.on)
        for event in member.events
        if isinstance(event.data, GiftsEvaluated)
        for each in event.data.gifts
    ]


def _leap_day(document: Programme) -> str:
    found: str = document.date_gifts[0].leap_day  # type: ignore[attr-defined]
    return found


def _in_year(text: str, year: int, leap_day: str) -> date:
    try:
        return date.fromisoformat(f"{year}-{text}")
    except ValueError:
        return date.fromisoformat(f"{year}-{leap_day}")


def adjustment_of_nothing() -> Enrol:
    """Return a command that records an event, and joins nothing."""
    return Enrol(member="mem_1", programmes=(), consents={"news": True})
