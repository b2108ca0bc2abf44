"""Expiry is announced once, on the day that the currency says, for what is still there."""

from __future__ import annotations

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.effects import LotWarned
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    at,
    fixed,
    per_amount,
    points,
    programme,
    reward,
    rule,
)

EXPIRY = {"type": "rolling", "days": 30}


def warned(events: tuple[Event, ...]) -> list[tuple[str, int, str | None]]:
    """Return what was announced: when, how much, and through which day it can be used."""
    return [
        (calendar.format_instant(event.effective_at), effect.amount, effect.lot.expires_on)
        for event in events
        for effect in event.effects
        if isinstance(effect, LotWarned)
    ]


def announcing(days: int = 7, **parts: object) -> Programme:
    """Return a programme whose points last 30 days and are announced so long before."""
    currency = points(EXPIRY, expiry_warning_days=days)
    return programme(
        rule("visit", fixed(50), VISIT), currencies=[currency], rewards=[reward("tea", 50)], **parts
    )


class TestWarning:
    """The last mechanic of an instant."""

    def test_comes_at_the_start_of_the_local_day(self) -> None:
        """Value usable through 2 July is announced when 25 June begins where the programme is."""
        member = Member(announcing(time_zone="Europe/Sofia"))
        member.visit("2026-06-02")

        events = member.tick("2026-06-30")

        assert warned(events) == [("2026-06-24T21:00:00Z", 50, "2026-07-02")]
        assert [event.kind for event in events] == ["expiry.announced"]
        assert events[0].postings == ()
        assert member.verdict().holds

    def test_comes_once(self) -> None:
        """What was announced is not announced again; then it expires."""
        member = Member(announcing())
        member.visit("2026-06-02")
        member.tick("2026-06-25T00:00:00Z")

        assert due_at(member.account) == at("2026-07-03T00:00:00Z")
        assert [event.kind for event in member.tick("2026-08-01")] == ["lots.expired"]

    def test_counts_what_is_left(self) -> None:
        """Value that was spent before is not announced; the rest is, in one sum for one day."""
        member = Member(announcing())
        member.visit("2026-06-02", name="a")
        member.visit("2026-06-02", name="b")
        member.redeem("tea", "2026-06-10")

        assert warned(member.tick("2026-06-26")) == [("2026-06-25T00:00:00Z", 50, "2026-07-02")]

    def test_is_silent_where_all_was_spent(self) -> None:
        """An account with nothing left to lose is not due."""
        member = Member(announcing())
        member.visit("2026-06-02")
        member.redeem("tea", "2026-06-10")

        assert due_at(member.account) is None

    def test_does_not_come_late(self) -> None:
        """What comes late, inside the announced days, is not announced: that is seen at once."""
        member = Member(announcing())
        member.visit("2026-06-02", now="2026-06-28")

        assert [event.kind for event in member.tick("2026-08-01")] == ["lots.expired"]

    def test_returns_with_restored_value(self) -> None:
        """A cancelled redemption puts value back together with its announcement."""
        member = Member(announcing())
        member.visit("2026-06-02")
        redemption = member.redeem("tea", "2026-06-10")
        member.cancel(redemption, "2026-06-11")

        assert warned(member.tick("2026-06-26")) == [("2026-06-25T00:00:00Z", 50, "2026-07-02")]

    def test_follows_activation(self) -> None:
        """Value that waits for its activation keeps its announcement."""
        currency = points(EXPIRY, expiry_warning_days=7, activation_delay_days=14)
        member = Member(programme(rule("visit", fixed(50)), currencies=[currency]))
        member.visit("2026-06-02")

        kinds = [event.kind for event in member.tick("2026-08-01")]

        assert kinds == ["pending.activated", "expiry.announced", "lots.expired"]

    def test_stays_with_what_a_reversal_leaves_waiting(self) -> None:
        """Taking back a part of pending value does not silence the rest."""
        currency = points(EXPIRY, expiry_warning_days=7, activation_delay_days=14)
        penny = rule("penny", per_amount(1, 1), PURCHASE)
        member = Member(programme(penny, currencies=[currency]))
        member.buy(80, "2026-06-02", name="sale")
        member.reverse("sale", "2026-06-03", amount=30)

        assert warned(member.tick("2026-06-26")) == [("2026-06-25T00:00:00Z", 50, "2026-07-02")]

    def test_is_not_repeated_for_what_joins_the_lot(self) -> None:
        """Late or restored value that joins an announced lot is not announced by itself."""
        member = Member(announcing())
        member.visit("2026-06-02")
        member.visit("2026-06-02")
        redemption = member.redeem("tea", "2026-06-10")
        member.tick("2026-06-25")
        member.cancel(redemption, "2026-06-26")
        member.visit("2026-06-02", now="2026-06-27")

        assert [event.kind for event in member.tick("2026-08-01")] == ["lots.expired"]
