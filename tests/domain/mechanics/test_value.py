"""In what order value is spent, how it waits, and how it goes."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from chalicelib.domain.ledger.lots import Lot, LotKey, Taken
from chalicelib.domain.ledger.postings import ISSUED
from chalicelib.domain.mechanics import value
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    Member,
    at,
    fixed,
    fixed_day,
    granted,
    points,
    posted,
    programme,
    published,
    reward,
    rolling,
    rule,
)
from tests.domain.hearing import listened


def tehran(**parts: Any) -> Member:
    """Return a member of a programme in Tehran, whose points last to 20 March 2027."""
    return Member(
        programme(
            rule("visit", fixed(500)),
            time_zone="Asia/Tehran",
            currencies=[points(fixed_day("03-20"))],
            rewards=[reward("tea", 500)],
            **parts,
        )
    )


EXPIRY = at("2027-03-20T20:30:00Z")


@pytest.mark.parametrize("kind", ["value", "prepaid"])
def test_what_comes_is_heard_of(kind: Literal["value", "prepaid"]) -> None:
    """A guard hears of what is given, by whom it is funded and by what; nobody of parts back."""
    member = tehran()
    event, heard = listened(member, "2026-05-01")
    lot = Lot(40, LotKey(funder="insurer"))

    value.credit(event, "clinic/points", lot, source=ISSUED, cause="gift", kind=kind)
    assert heard.benefits == [(kind, "points", 40)]
    value.credit_parts(event, "clinic/points", [Taken(7, LotKey())], source=ISSUED)

    assert heard.benefits == [(kind, "points", 40)]
    assert event.account.balance("clinic/points").available == 47


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
            assert posted(member.events[-1]) == [
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
        assert refusal.extensions["available"] == 0

    def test_the_tick_is_an_event_at_the_due_instant(self) -> None:
        """However late the tick runs, its event takes effect when the value fell due."""
        member = tehran()
        member.visit("2026-05-01")
        (event,) = member.tick("2028-01-01")

        assert (event.kind, event.effective_at, event.occurred_at) == (
            "lots.expired",
            EXPIRY,
            EXPIRY,
        )
        assert posted(event) == [("member/available", "expired/tenant", 500)]

    def test_a_command_keeps_what_fell_due_before_it(self) -> None:
        """A write commits the tick events first, then its own."""
        member = tehran()
        member.visit("2026-05-01")
        member.visit("2027-04-01")

        assert [event.kind for event in member.events] == [
            "member.enrolled",
            "activity.recorded",
            "lots.expired",
            "activity.recorded",
        ]
        assert [event.version for event in member.events] == [1, 2, 3, 4]

    def test_a_late_activity_whose_value_is_over(self) -> None:
        """It is issued and expired in one event, and leaves no lot behind."""
        member = tehran()
        recorded = member.visit("2027-03-19", now="2027-03-25")

        assert granted(recorded) == {"visit": 500}
        assert posted(member.events[-1]) == [
            ("issued/tenant", "member/available", 500),
            ("member/available", "expired/tenant", 500),
        ]
        assert member.account.balances == {}
        assert member.account.metrics["clinic/points_earned/points"]["all"] == 500

    def test_a_late_activity_in_its_last_millisecond(self) -> None:
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
        """What falls due together is one event."""
        document = programme(
            rule("visit", fixed(5)),
            {**rule("stamp", fixed(1)), "currency": "stamps"},
            currencies=[points(rolling(days=1)), {**points(rolling(days=1)), "id": "stamps"}],
        )
        member = Member(document)
        member.visit("2026-02-01")
        (event,) = member.tick("2026-02-03")

        assert [(p.currency, p.amount) for p in event.postings] == [
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
                versioned("2026-01-01", 60, {"type": "never"}, spent),
                versioned("2026-06-01", 50, rolling(days=7), spent),
                versioned("2026-06-02", 50, fixed_day("06-03"), spent),
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
        """Value of one expiry is one lot, however many activities it came from."""
        member = Member(
            programme(rule("visit", fixed(50)), currencies=[points(fixed_day("12-31"))])
        )
        for day in range(1, 10):
            member.visit(f"2026-02-0{day}")

        assert member.balance.lots == (Lot(450, LotKey(at("2027-01-01T00:00:00Z"), "2026-12-31")),)

    def test_pending_merges_by_activation(self) -> None:
        """Waiting value is one by activation and expiry, and two by either."""
        member = Member(
            programme(
                rule("visit", fixed(50)),
                rule("slow", fixed(7), activation_delay_days=9),
                currencies=[points(fixed_day("12-31"), activation_delay_days=2)],
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
        """Value moves from pending to available in an event of its own."""
        member = Member(
            programme(rule("visit", fixed(50)), currencies=[points(activation_delay_days=2)])
        )
        member.visit("2026-02-01")
        (event,) = member.tick("2026-02-04")

        assert posted(member.events[1]) == [("issued/tenant", "member/pending", 50)]
        assert (event.kind, event.effective_at) == ("pending.activated", at("2026-02-03T00:00:00Z"))
        assert posted(event) == [("member/pending", "member/available", 50)]

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
        events = member.tick("2026-02-10")

        assert [event.kind for event in events] == ["pending.activated", "lots.expired"]
        assert posted(events[0]) == [
            ("member/pending", "member/available", 7),
            ("member/available", "expired/tenant", 7),
        ]
        assert posted(events[1]) == [("member/available", "expired/tenant", 50)]
        assert member.account.balances == {}
