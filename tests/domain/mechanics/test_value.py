"""How long value lasts, to the millisecond, in what order it is spent, and how it goes."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from chalicelib.domain.calendar import format_instant
from chalicelib.domain.lots import Lot, LotKey
from chalicelib.domain.mechanics import value
from chalicelib.domain.programme import Expiry, Programme
from tests.domain.building import (
    Member,
    at,
    fixed,
    granted,
    points,
    posted,
    programme,
    published,
    reward,
    rule,
)

NEVER = {"type": "never"}


def rolling(**unit: int) -> dict[str, Any]:
    """Return a rolling expiry."""
    return {"type": "rolling", **unit}


def on(day: str, **parts: int) -> dict[str, Any]:
    """Return an expiry on a fixed day."""
    return {"type": "fixed", "on": day, **parts}


class TestTerm:
    """The last day of value, and the instant at which that day is over."""

    @pytest.mark.parametrize(
        ("policy", "day", "expires_on"),
        [
            (rolling(days=1), "2026-02-28", "2026-03-01"),
            (rolling(days=365), "2026-02-01", "2027-02-01"),
            (rolling(months=1), "2026-01-31", "2026-02-28"),
            (rolling(months=1), "2028-01-31", "2028-02-29"),
            (rolling(months=1), "2026-02-28", "2026-03-28"),
            (rolling(months=13), "2026-12-31", "2028-01-31"),
            (rolling(months=12), "2028-02-29", "2029-02-28"),
            (rolling(years=1), "2028-02-29", "2029-02-28"),
            (rolling(years=4), "2028-02-29", "2032-02-29"),
            (on("2027-03-20"), "2026-02-01", "2027-03-20"),
            (on("2027-03-20"), "2027-04-01", "2027-03-20"),
            (on("12-31"), "2026-02-01", "2026-12-31"),
            (on("12-31"), "2026-12-31", "2026-12-31"),
            (on("03-20"), "2026-03-20", "2026-03-20"),
            (on("03-20"), "2026-03-21", "2027-03-20"),
            (on("12-31", min_days=90), "2026-10-02", "2026-12-31"),
            (on("12-31", min_days=90), "2026-10-03", "2027-12-31"),
            (on("12-31", min_days=400), "2026-10-03", "2027-12-31"),
            (on("02-29"), "2026-02-01", "2026-02-28"),
            (on("02-29"), "2027-03-01", "2028-02-29"),
        ],
    )
    def test_last_day(self, policy: dict[str, Any], day: str, expires_on: str) -> None:
        """Rolling months clamp to shorter months; a yearly day is the first that is far enough."""
        term = value.term(msgspec.convert(policy, Expiry), date.fromisoformat(day), "UTC")

        assert term.expires_on == expires_on

    def test_never(self) -> None:
        """Value that never expires has neither a last day nor an instant."""
        term = value.term(msgspec.convert(NEVER, Expiry), date(2026, 2, 1), "UTC")

        assert term == value.NEVER == value.Term(None, None)

    @pytest.mark.parametrize(
        ("zone", "last", "expires_at"),
        [
            ("UTC", "2026-12-31", "2027-01-01T00:00:00Z"),
            ("Asia/Tehran", "2027-03-20", "2027-03-20T20:30:00Z"),
            ("Europe/London", "2026-03-28", "2026-03-29T00:00:00Z"),  # the clock changes at 01:00
            ("Europe/London", "2026-03-29", "2026-03-29T23:00:00Z"),
            ("Europe/London", "2026-10-25", "2026-10-26T00:00:00Z"),
            ("Asia/Kathmandu", "2026-05-01", "2026-05-01T18:15:00Z"),
            # Santiago has no midnight on 6 September 2026: 24:00 is 01:00.
            ("America/Santiago", "2026-09-05", "2026-09-06T04:00:00Z"),
            # And it repeats the hour from 23:00 on 4 April 2026: value lasts through both.
            ("America/Santiago", "2026-04-04", "2026-04-05T04:00:00Z"),
            # Beirut springs forward from 00:00 to 01:00 on 29 March 2026.
            ("Asia/Beirut", "2026-03-28", "2026-03-28T22:00:00Z"),
        ],
    )
    def test_instant(self, zone: str, last: str, expires_at: str) -> None:
        """The instant is the start of the next local day, wherever that begins."""
        term = value.until(date.fromisoformat(last), zone)

        assert format_instant(term.expires_at or 0) == expires_at

    @pytest.mark.parametrize(
        ("policy", "ok"),
        [
            (NEVER, True),
            (rolling(days=3), True),
            (rolling(), False),
            (rolling(days=3, months=1), False),
            (on("12-31"), True),
            (on("02-29"), True),
            (on("02-30"), False),
            (on("2027-02-28"), True),
            (on("2027-02-29"), False),
            (on("13-01"), False),
        ],
    )
    def test_problems(self, policy: dict[str, Any], *, ok: bool) -> None:
        """Only policies that lead to a day are accepted."""
        assert (value.problems(msgspec.convert(policy, Expiry)) is None) is ok


def tehran(**parts: Any) -> Member:
    """Return a member of a programme in Tehran, whose points last to 20 March 2027."""
    return Member(
        programme(
            rule("visit", fixed(500)),
            time_zone="Asia/Tehran",
            currencies=[points(on("03-20"))],
            rewards=[reward("tea", 500)],
            **parts,
        )
    )


EXPIRY = at("2027-03-20T20:30:00Z")


class TestExpiry:
    """Value is usable through its last local day and not a millisecond longer."""

    @pytest.mark.parametrize("ticked", [False, True])
    @pytest.mark.parametrize(
        ("now", "left"),
        [(EXPIRY - 1_000, 500), (EXPIRY - 1, 500), (EXPIRY, 0), (EXPIRY + 1, 0)],
    )
    def test_instant(self, now: int, left: int, *, ticked: bool) -> None:
        """Whether or not the tick has run, a read shows what is left."""
        member = tehran()
        member.visit("2026-05-01")
        if ticked:
            member.tick(now)

        assert member.available(now) == left

    @pytest.mark.parametrize("ticked", [False, True])
    def test_redeeming_at_the_edge(self, *, ticked: bool) -> None:
        """One second before expiry succeeds, and so does one millisecond."""
        for early in (1_000, 1):
            member = tehran()
            member.visit("2026-05-01")
            if ticked:
                member.tick(EXPIRY - early)
            member.redeem("tea", EXPIRY - early)

            assert member.balance.available == 0
            assert posted(member.entries[-1]) == [
                ("member/available", "redeemed/tenant/tenant", 500)
            ]

    @pytest.mark.parametrize("ticked", [False, True])
    def test_redeeming_at_the_instant(self, *, ticked: bool) -> None:
        """At the instant itself it is refused, whether or not the tick has run."""
        member = tehran()
        member.visit("2026-05-01")
        if ticked:
            member.tick(EXPIRY)
        refusal = member.refused(member.redeeming("tea"), EXPIRY)

        assert refusal.code == "insufficient_points"
        assert refusal.facts["available"] == 0

    def test_the_tick_is_an_entry_at_the_due_instant(self) -> None:
        """However late the tick runs, its entry takes effect when the value fell due."""
        member = tehran()
        member.visit("2026-05-01")
        (entry,) = member.tick("2028-01-01")

        assert (entry.kind, entry.effective_at, entry.occurred_at) == (
            "lots.expired",
            EXPIRY,
            EXPIRY,
        )
        assert posted(entry) == [("member/available", "expired/tenant", 500)]

    def test_a_command_keeps_what_fell_due_before_it(self) -> None:
        """A write commits the tick entries first, then its own."""
        member = tehran()
        member.visit("2026-05-01")
        member.visit("2027-04-01")

        assert [entry.kind for entry in member.entries] == [
            "member.enrolled",
            "activity.recorded",
            "lots.expired",
            "activity.recorded",
        ]
        assert [entry.version for entry in member.entries] == [1, 2, 3, 4]

    def test_a_late_fact_whose_value_is_over(self) -> None:
        """It is issued and expired in one entry, and leaves no lot behind."""
        member = tehran()
        recorded = member.visit("2027-03-19", now="2027-03-25")

        assert granted(recorded) == {"visit": 500}
        assert posted(member.entries[-1]) == [
            ("issued/tenant", "member/available", 500),
            ("member/available", "expired/tenant", 500),
        ]
        assert member.account.balances == {}
        assert member.account.metrics["clinic/points_earned/points"]["all"] == 500

    def test_a_late_fact_in_its_last_millisecond(self) -> None:
        """Reported a millisecond before its value ends, it still counts."""
        member = tehran()
        member.visit("2027-03-19", now="2027-03-20T20:29:59.999Z")

        assert member.balance.lots == (Lot(500, LotKey(EXPIRY, "2027-03-20")),)

    def test_an_expired_award_repays_no_deficit(self) -> None:
        """Value that is over when it comes cannot pay a debt."""
        member = tehran()
        member.visit("2027-02-01", name="spent")
        member.redeem("tea", "2027-02-02")
        member.reverse("spent", "2027-02-03")
        member.visit("2027-03-19", now="2027-03-25")

        assert member.balance.available == -500

    def test_expiry_of_several_currencies_at_one_instant(self) -> None:
        """What falls due together is one entry."""
        document = programme(
            rule("visit", fixed(5)),
            {**rule("stamp", fixed(1)), "currency": "stamps"},
            currencies=[points(rolling(days=1)), {**points(rolling(days=1)), "id": "stamps"}],
        )
        member = Member(document)
        member.visit("2026-02-01")
        (entry,) = member.tick("2026-02-03")

        assert [(p.currency, p.amount) for p in entry.postings] == [
            ("clinic/points", 5),
            ("clinic/stamps", 1),
        ]

    def test_one_month_from_the_end_of_january(self) -> None:
        """31 January and one month is usable through 28 February."""
        member = Member(programme(rule("visit", fixed(5)), currencies=[points(rolling(months=1))]))
        member.visit("2026-01-31T23:59:59Z")

        assert member.available("2026-02-28T23:59:59.999Z") == 5
        assert member.available("2026-03-01T00:00:00Z") == 0

    def test_a_day_without_midnight(self) -> None:
        """Where midnight does not exist, value lasts to the first instant of the new day."""
        member = Member(
            programme(
                rule("visit", fixed(5)),
                time_zone="America/Santiago",
                currencies=[points(rolling(days=1))],
            )
        )
        member.visit("2026-09-04T20:00:00-04:00")

        assert member.available("2026-09-05T23:59:59.999-04:00") == 5
        assert member.available("2026-09-06T01:00:00-03:00") == 0

    def test_a_day_with_two_last_hours(self) -> None:
        """Where the last hour is repeated, value lasts through both."""
        member = Member(
            programme(
                rule("visit", fixed(5)),
                time_zone="America/Santiago",
                currencies=[points(rolling(days=1))],
            )
        )
        member.visit("2026-04-03T20:00:00-03:00")

        assert member.available("2026-04-04T23:59:59.999-03:00") == 5
        assert member.available("2026-04-04T23:59:59.999-04:00") == 5
        assert member.available("2026-04-05T00:00:00-04:00") == 0


def versioned(day: str, amount: int, policy: dict[str, Any], price: int) -> tuple[str, Programme]:
    """Return a version from a day on whose visits earn an amount with an expiry of its own."""
    document = programme(
        rule("visit", fixed(amount)), currencies=[points(policy)], rewards=[reward("r", price)]
    )
    return day, document


class TestBurnOrder:
    """What expires first is spent first."""

    @pytest.mark.parametrize(
        ("spent", "lots"),
        [
            (10, [(40, "2026-06-03"), (50, "2026-06-08"), (60, None)]),
            (50, [(50, "2026-06-08"), (60, None)]),
            (70, [(30, "2026-06-08"), (60, None)]),
            (100, [(60, None)]),
            (101, [(59, None)]),
            (160, []),
        ],
    )
    def test_earliest_first(self, spent: int, lots: list[tuple[int, str | None]]) -> None:
        """Earliest expiry first, never-expiring last, whatever came in first."""
        member = Member(
            published(
                versioned("2026-01-01", 60, NEVER, spent),
                versioned("2026-06-01", 50, rolling(days=7), spent),
                versioned("2026-06-02", 50, on("06-03"), spent),
            )
        )
        for day in ("2026-05-31", "2026-06-01", "2026-06-02"):
            member.visit(day)
        member.redeem("r", "2026-06-02")

        assert [(lot.amount, lot.key.expires_on) for lot in member.balance.lots] == lots

    def test_a_redemption_knows_what_it_took(self) -> None:
        """The pieces are kept, lot by lot, so that they can go back."""
        member = Member(
            programme(
                rule("visit", fixed(50)),
                currencies=[points(rolling(days=10))],
                rewards=[reward("tea", 120)],
            )
        )
        for day in (1, 2, 3):
            member.visit(f"2026-02-0{day}")
        redemption = member.redeem("tea", "2026-02-04")

        assert [(part.amount, part.lot.expires_on) for part in redemption.taken] == [
            (50, "2026-02-11"),
            (50, "2026-02-12"),
            (20, "2026-02-13"),
        ]


class TestLots:
    """Lots that behave alike are one."""

    def test_merging(self) -> None:
        """Value of one expiry is one lot, however many facts it came from."""
        member = Member(programme(rule("visit", fixed(50)), currencies=[points(on("12-31"))]))
        for day in range(1, 10):
            member.visit(f"2026-02-0{day}")

        assert member.balance.lots == (Lot(450, LotKey(at("2027-01-01T00:00:00Z"), "2026-12-31")),)

    def test_pending_merges_by_activation(self) -> None:
        """Waiting value is one by activation and expiry, and two by either."""
        member = Member(
            programme(
                rule("visit", fixed(50)),
                rule("slow", fixed(7), activation_delay_days=9),
                currencies=[points(on("12-31"), activation_delay_days=2)],
            )
        )
        for time in ("09:00", "17:00"):
            member.visit(f"2026-02-01T{time}:00Z")

        assert [(p.amount, p.key.active_on) for p in member.balance.pending] == [
            (100, "2026-02-03"),
            (14, "2026-02-10"),
        ]
        assert member.available("2026-02-03T00:00:00Z") == 100
        assert member.available("2026-02-10T00:00:00Z") == 114

    def test_activation_is_posted(self) -> None:
        """Value moves from pending to available in an entry of its own."""
        member = Member(
            programme(rule("visit", fixed(50)), currencies=[points(activation_delay_days=2)])
        )
        member.visit("2026-02-01")
        (entry,) = member.tick("2026-02-04")

        assert posted(member.entries[1]) == [("issued/tenant", "member/pending", 50)]
        assert (entry.kind, entry.effective_at) == ("pending.activated", at("2026-02-03T00:00:00Z"))
        assert posted(entry) == [("member/pending", "member/available", 50)]

    def test_activation_and_expiry_at_one_instant(self) -> None:
        """At one instant value first activates, then what is over expires."""
        member = Member(
            programme(
                rule("visit", fixed(50)),
                rule("slow", fixed(7), activation_delay_days=3),
                currencies=[points(rolling(days=2))],
            )
        )
        member.visit("2026-02-01")
        entries = member.tick("2026-02-10")

        assert [entry.kind for entry in entries] == ["pending.activated", "lots.expired"]
        assert posted(entries[0]) == [
            ("member/pending", "member/available", 7),
            ("member/available", "expired/tenant", 7),
        ]
        assert posted(entries[1]) == [("member/available", "expired/tenant", 50)]
        assert member.account.balances == {}
