"""Time passes in a fixed order, by itself or one step at a time; deciding changes nothing."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.domain.decide import settling
from chalicelib.domain.decide.deciding import decide
from chalicelib.domain.decide.event_builder import Door, EventBuilder
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import BirthdayChange, CounterChange
from chalicelib.domain.ledger.events import ProfileChanged
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes
from tests.domain.building import (
    KEY,
    PURCHASE,
    VISIT,
    Member,
    activity,
    adjustment,
    at,
    fixed,
    ladder,
    per_amount,
    points,
    programme,
    published,
    reward,
    rule,
    visits,
)

NEW_YEAR = at("2027-01-01T00:00:00Z")


def busy() -> Programme:
    """Return a programme on whose first new year everything falls due at once."""
    return programme(
        rule("visit", fixed(50)),
        {**rule("stamp", fixed(1), on="stamp.given"), "currency": "stamps"},
        {**rule("mile", per_amount(1, 100), on=PURCHASE), "currency": "miles"},
        currencies=[
            points({"type": "fixed", "on": "12-31"}),
            {**points(activation_delay_days=10), "id": "stamps"},
            {**points({"type": "fixed", "on": "01-11"}, expiry_warning_days=10), "id": "miles"},
        ],
        tiers=ladder(("gold", visits(1))),
    )


def eventful() -> Member:
    """Return a member of it with something of each kind."""
    member = Member(busy())
    member.visit("2026-12-22")
    member.record("stamp.given", "2026-12-22")
    member.buy(2_000, "2026-12-22")
    return member


class TestPlanning:
    """What mechanics plan ahead is brought up to date by every event."""

    def test_once_for_each_event(self) -> None:
        """A planner sees the event as it will be, and what it adds is part of it."""
        seen: list[str] = []

        def plan(event: EventBuilder, programmes: Programmes) -> None:
            assert programmes.ids() == ()
            seen.append(event.account.birthday)
            event.add(CounterChange("planned", 1))

        door = Door(Programmes([]), planners=lambda _event: [plan])
        builder = EventBuilder(Account(), NEW_YEAR, door)
        builder.add(BirthdayChange("02-29"))
        assert seen == []
        event = builder.build(ProfileChanged())

        assert seen == ["02-29"]
        assert event.effects == (BirthdayChange("02-29"), CounterChange("planned", 1))


class TestSettle:
    """Everything that fell due by an instant, in order."""

    def test_order_at_one_instant(self) -> None:
        """Activate, review, expire, warn: each an event of its own at that instant."""
        events = eventful().tick("2027-01-05")

        assert [(event.kind, event.effective_at) for event in events] == [
            (kind, NEW_YEAR)
            for kind in ("pending.activated", "tiers.reviewed", "lots.expired", "expiry.announced")
        ]

    @pytest.mark.parametrize(
        ("now", "count"), [(NEW_YEAR - 1, 0), (NEW_YEAR, 4), (NEW_YEAR + 1, 4)]
    )
    def test_due_instant(self, now: int, count: int) -> None:
        """Nothing before the instant, everything at it."""
        member = eventful()

        assert settling.due_at(member.account) == NEW_YEAR
        assert len(member.tick(now)) == count

    def test_nothing_due(self) -> None:
        """An account on which nothing waits is never due."""
        member = Member(programme(rule("visit", fixed(50))))
        member.visit("2026-02-01")

        assert settling.due_at(member.account) is None
        assert member.tick("2100-01-01") == ()

    @pytest.mark.parametrize("limit", [1, 2, 4, 5, 80])
    def test_in_portions(self, limit: int) -> None:
        """A settlement can stop after an instant and go on later: the journal is the same."""
        whole = eventful()
        whole.tick("2030-01-01")
        parts = eventful()
        while True:
            account, appended = settling.settle(
                parts.account, parts.programmes, at("2030-01-01"), KEY, limit=limit
            )
            if not appended.stored:
                break
            parts._keep(account, appended)

        assert parts.journal == whole.journal
        assert parts.account == whole.account

    @pytest.mark.parametrize(("limit", "count"), [(1, 4), (4, 4), (5, 5), (None, 6)])
    def test_stops_after_an_instant(self, limit: int | None, count: int) -> None:
        """Four events at New Year and two later: none of the later where four are enough."""
        member = eventful()

        _, appended = settling.settle(
            member.account, member.programmes, at("2030-01-01"), KEY, limit=limit
        )

        assert len(appended.stored) == count

    def test_is_in_memory(self) -> None:
        """A read settles and keeps nothing; the next read shows the same."""
        member = eventful()
        before = member.account
        first, second = member.seen("2027-06-01"), member.seen("2027-06-01")

        assert first == second
        assert first.version == before.version + 5
        assert member.account is before
        assert before == eventful().account

    def test_by_the_version_of_the_due_instant(self) -> None:
        """What falls due is decided by the programme that is in force at that instant."""
        kept = programme(tiers=ladder(("gold", visits(1)), downgrade="none"))
        lost = programme(tiers=ladder(("gold", visits(1))))
        rules: list[tuple[str, Programmes]] = [
            ("gold", published(("2026-01-01", lost), ("2027-12-31T23:59:59.999Z", kept))),
            ("base", published(("2026-01-01", lost), ("2028-01-01T00:00:00.001Z", kept))),
        ]
        for tier, programmes in rules:
            member = Member(programmes)
            member.visit("2026-02-01")
            member.tick("2028-02-01")

            assert member.enrolment.tier == tier

    def test_years_at_once(self) -> None:
        """An account that was left alone for decades settles to what it would have been."""
        member = eventful()
        steps = eventful()
        for year in range(2027, 2060):
            steps.tick(f"{year}-07-01")
        member.tick("2059-07-01")

        assert member.journal == steps.journal


class TestDecide:
    """A decision changes nothing by itself: what it collects is written, or is not."""

    def test_changes_nothing(self) -> None:
        """The account and the programmes are as they were; the same question has one answer."""
        member = eventful()
        before = msgspec.json.encode(member.account)
        command = RecordActivity(member="mem_1", activity=activity(VISIT, "2026-12-24"))
        first, second = (member.deciding(command, "2026-12-24") for _ in range(2))

        assert decide(first, command) == decide(second, command)
        assert first.participants == second.participants
        assert member.account.version == first.member.version - 1
        assert msgspec.json.encode(member.account) == before

    def test_takes_effect_now(self) -> None:
        """An event takes effect at the instant of the decision, and follows what was settled."""
        member = eventful()
        member.visit("2026-12-24", now="2027-01-02")

        assert [event.version for event in member.events] == list(range(1, 10))
        assert member.events[-1].effective_at == at("2027-01-02")
        assert member.account.effective_at == at("2027-01-02")

    @pytest.mark.parametrize(
        ("now", "effective"),
        [("2026-02-01T12:00:00Z", "2026-02-01T12:00:00Z"), ("2026-01-31", "2026-02-01")],
    )
    def test_time_never_runs_back(self, now: str, effective: str) -> None:
        """Where a clock is behind the account, the account's own instant counts."""
        member = Member(programme(rule("visit", fixed(50)), rewards=[reward("tea", 10)]))
        member.visit("2026-02-01")
        member.adjust(5, now)

        assert member.events[-1].effective_at == at(effective)
        assert settling.clock_of(member.account, at(now)) == at(effective)

    def test_a_closed_account(self) -> None:
        """After the end there is nothing to decide but the use of vouchers."""
        member = Member(programme())
        member.close("2026-02-01")

        refusal = member.refused(adjustment(1), "2026-02-02")

        assert isinstance(refusal, Conflict)
        assert refusal.code == "account_closed"

    def test_an_account_that_never_was(self) -> None:
        """An empty account has no past and no future."""
        assert settling.due_at(Account()) is None
        account, appended = settling.settle(Account(), Programmes([]), at("2026-01-01"), KEY)

        assert (account, appended.events) == (Account(), ())
