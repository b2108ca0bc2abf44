"""Folding: complete deltas make the account, and what cannot follow is refused."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger.account import (
    Account,
    Corrupt,
    Counter,
    Enrolment,
    Stats,
    TierStep,
    evolve,
)
from chalicelib.domain.ledger.events import Event, MemberCreated
from chalicelib.domain.ledger.lots import Balance, Lot, LotKey, PendingKey, PendingLot
from chalicelib.domain.ledger.postings import TENANT
from tests.domain.building import at

DAY = 86_400_000
POINTS = "clinic/points"


def folded(*effects: fx.Effect, account: Account | None = None, now: int = 1_000) -> Account:
    """Return an account after one event with these effects."""
    before = account or Account()
    event = Event(before.version + 1, now, now, MemberCreated(), effects=effects)
    return evolve(before, event, b"head")


def lot(delta: int, expires_at: int | None = None, funder: str = TENANT) -> fx.LotChange:
    """Return a change of the lot that expires at an instant."""
    on = None if expires_at is None else f"day {expires_at}"
    return fx.LotChange(POINTS, delta, LotKey(expires_at, on, funder))


def pending(delta: int, active_at: int, expires_at: int | None = None) -> fx.PendingChange:
    """Return a change of the value that is active at an instant."""
    key = PendingKey(active_at, f"day {active_at}", LotKey(expires_at))
    return fx.PendingChange(POINTS, delta, key)


class TestEvolve:
    """An event follows only the account that it was made for."""

    def test_what_every_event_moves(self) -> None:
        """Version, head and instant are those of the event."""
        after = folded(now=77)

        assert after == Account(version=1, head=b"head", effective_at=77)

    def test_the_account_before_is_untouched(self) -> None:
        """Folding makes a new account and shares nothing that could change."""
        before = folded(lot(5), fx.MetricChange("m", "1970-01", 1), fx.CounterChange("c", 1))
        snapshot = repr(before)
        folded(
            lot(7),
            fx.MetricChange("m", "1970-01", 1),
            fx.CounterChange("c", 1),
            fx.ConsentChange("programme", granted=True),
            account=before,
        )

        assert repr(before) == snapshot

    @pytest.mark.parametrize(
        ("version", "effective_at", "message"),
        [
            (1, 1_000, "event 1 cannot follow version 1"),
            (3, 1_000, "event 3 cannot follow version 1"),
            (2, 999, "event 2 takes effect before the one it follows"),
        ],
    )
    def test_what_cannot_follow(self, version: int, effective_at: int, message: str) -> None:
        """No gap in versions, no step back in time."""
        event = Event(version, effective_at, 0, MemberCreated())

        with pytest.raises(Corrupt, match=message):
            evolve(folded(), event, b"")

    @pytest.mark.parametrize(
        "effects",
        [
            [lot(-1)],
            [lot(5), lot(-6)],
            [lot(5, 100), lot(-1, 200)],
            [lot(5, funder="a"), lot(-1, funder="b")],
            [pending(-1, 100)],
            [pending(5, 100), pending(-5, 200)],
            [fx.DeficitChange(POINTS, -1)],
            [fx.DeficitChange(POINTS, 5), fx.DeficitChange(POINTS, -6)],
        ],
    )
    def test_more_than_there_is(self, effects: list[fx.Effect]) -> None:
        """No delta takes more than there is."""
        with pytest.raises(Corrupt, match="would"):
            folded(*effects)


class TestBalances:
    """Lots in burn order, pending by activation, and debt."""

    @pytest.mark.parametrize(
        ("effects", "lots"),
        [
            ([lot(5), lot(7)], [(12, None)]),
            ([lot(5, 100), lot(7, 100)], [(12, 100)]),
            ([lot(5), lot(7, 300), lot(9, 200)], [(9, 200), (7, 300), (5, None)]),
            ([lot(5, 100), lot(7), lot(-5, 100)], [(7, None)]),
            ([lot(5, 100), lot(-3, 100)], [(2, 100)]),
            ([lot(5), lot(0, 100)], [(5, None)]),
        ],
    )
    def test_lots(self, effects: list[fx.Effect], lots: list[tuple[int, int | None]]) -> None:
        """Lots that behave alike are one, the empty one goes, and the order is that of burning."""
        balance = folded(*effects).balance(POINTS)

        assert [(each.amount, each.key.expires_at) for each in balance.lots] == lots
        assert balance.available == sum(amount for amount, _ in lots)

    def test_funders_are_apart(self) -> None:
        """Value of two funders is two lots, though it expires together."""
        balance = folded(lot(5, 100, "ph2"), lot(7, 100, "ph1"), lot(1, 100)).balance(POINTS)

        assert [(each.amount, each.key.funder) for each in balance.lots] == [
            (7, "ph1"),
            (5, "ph2"),
            (1, "tenant"),
        ]

    def test_pending(self) -> None:
        """Pending value is one by activation and expiry, in order of activation."""
        balance = folded(
            pending(5, 300), pending(7, 200), pending(1, 200, 900), pending(2, 300)
        ).balance(POINTS)

        assert balance.pending == (
            PendingLot(1, PendingKey(200, "day 200", LotKey(900))),
            PendingLot(7, PendingKey(200, "day 200")),
            PendingLot(7, PendingKey(300, "day 300")),
        )
        assert (balance.available, balance.pending_total) == (0, 15)

    def test_deficit(self) -> None:
        """Debt lowers what is available."""
        account = folded(fx.DeficitChange(POINTS, 8), fx.DeficitChange(POINTS, -3))

        assert account.balance(POINTS) == Balance(deficit=5)
        assert account.balance(POINTS).available == -5

    @pytest.mark.parametrize(
        "effects",
        [
            [lot(5), lot(-5)],
            [pending(5, 100), pending(-5, 100)],
            [fx.DeficitChange(POINTS, 5), fx.DeficitChange(POINTS, -5)],
        ],
    )
    def test_empty_balances_are_dropped(self, effects: list[fx.Effect]) -> None:
        """What holds nothing takes no place."""
        assert folded(*effects).balances == {}
        assert folded(*effects).balance(POINTS) == Balance()

    def test_currencies_are_apart(self) -> None:
        """Each currency has its own balance."""
        account = folded(lot(5), fx.LotChange("clinic/stamps", 1))

        assert account.balance(POINTS).available == 5
        assert account.balance("clinic/stamps").lots == (Lot(1, LotKey()),)


class TestCounters:
    """Counters live as long as a window can still be met."""

    @pytest.mark.parametrize(
        ("keep_until", "now", "kept"),
        [(5_000, 4_999, True), (5_000, 5_000, True), (5_000, 5_001, False), (None, 10**12, True)],
    )
    def test_forgetting(self, keep_until: int | None, now: int, *, kept: bool) -> None:
        """A counter is forgotten by the first event after its time; one for life stays."""
        account = folded(fx.CounterChange("cap", 3, keep_until))
        later = folded(account=account, now=now)

        assert (later.counter("cap"), "cap" in later.counters) == (
            (3, True) if kept else (0, False)
        )

    def test_adding_up(self) -> None:
        """Deltas add up, the last one says how long to keep it, and zero is nothing."""
        account = folded(fx.CounterChange("cap", 3, 5_000), fx.CounterChange("cap", 4, 6_000))

        assert account.counters == {"cap": Counter(7, 6_000)}
        assert folded(fx.CounterChange("cap", -7), account=account).counters == {}


class TestMetrics:
    """Metrics by month, and over the whole life."""

    def test_months(self) -> None:
        """A change moves its month and the total."""
        account = folded(
            fx.MetricChange("visits", "2026-01", 2),
            fx.MetricChange("visits", "2026-03", 1),
            fx.MetricChange("spend", "2026-03", 500),
            now=at("2026-03-05"),
        )

        assert account.metrics == {
            "visits": {"2026-01": 2, "2026-03": 1, "all": 3},
            "spend": {"2026-03": 500, "all": 500},
        }

    def test_zeros_are_dropped(self) -> None:
        """A month that is back at zero takes no place, nor does a metric."""
        changes = [
            fx.MetricChange("visits", month, n) for month, n in (("2026-01", 2), ("2026-02", 1))
        ]
        now = at("2026-03-05")
        account = folded(*changes, fx.MetricChange("visits", "2026-01", -2), now=now)

        assert account.metrics == {"visits": {"2026-02": 1, "all": 1}}
        assert (
            folded(fx.MetricChange("visits", "2026-02", -1), account=account, now=now).metrics == {}
        )

    @pytest.mark.parametrize(("now", "months"), [("2028-08-31", ["2026-01"]), ("2028-09-01", [])])
    def test_old_months(self, now: str, months: list[str]) -> None:
        """A month goes after 31 more; the total stays."""
        account = folded(fx.MetricChange("visits", "2026-01", 2), now=at("2026-01-05"))
        later = folded(account=account, now=at(now))

        assert later.metrics["visits"] == {**dict.fromkeys(months, 2), "all": 2}


class TestMembership:
    """Enrolments, tiers, consents, counts."""

    ENROLLED = fx.Enrolled("clinic", "base", 500, "1970-01-01")

    def test_enrolment(self) -> None:
        """Joining begins the timeline."""
        account = folded(fx.Opened(400), self.ENROLLED, fx.StatusChange("enrolled"))

        assert (account.opened_at, account.status) == (400, "enrolled")
        assert account.enrolments == {
            "clinic": Enrolment(500, "1970-01-01", "base", (TierStep(500, "base", "enrolled"),))
        }

    def test_tier_and_review(self) -> None:
        """A change of tier brings its whole timeline; a review its instant."""
        steps = ((500, "base", "enrolled"), (700, "gold", "reached"))
        account = folded(
            self.ENROLLED,
            fx.TierChange("clinic", "gold", steps),
            fx.ReviewChange("clinic", 9_000, in_grace=True),
        )

        assert account.enrolments["clinic"] == Enrolment(
            500,
            "1970-01-01",
            "gold",
            (TierStep(500, "base", "enrolled"), TierStep(700, "gold", "reached")),
            review_at=9_000,
            in_grace=True,
        )

    @pytest.mark.parametrize(
        ("days", "left"),
        [(800, ["a", "b", "c"]), (809, ["a", "b", "c"]), (810, ["b", "c"]), (5_000, ["c"])],
    )
    def test_old_steps(self, days: int, left: list[str]) -> None:
        """Steps go 800 days after the next one began: no late activity can meet them."""
        steps = ((0, "a", ""), (10 * DAY, "b", ""), (20 * DAY, "c", ""))
        account = folded(self.ENROLLED, fx.TierChange("clinic", "c", steps))
        later = folded(account=account, now=days * DAY)

        assert [step.tier for step in later.enrolments["clinic"].timeline] == left

    def test_consents(self) -> None:
        """The last word counts."""
        account = folded(
            fx.ConsentChange("programme", granted=True),
            fx.ConsentChange("research", granted=True),
            fx.ConsentChange("research", granted=False),
        )

        assert account.consents == {"programme": True, "research": False}

    def test_stats(self) -> None:
        """Counts add up."""
        account = folded(fx.StatChange(1, 1), fx.StatChange(0, 1), fx.StatChange(visits=-1))

        assert account.stats == Stats(visits=0, activities=2)


def test_what_grows_over_a_life() -> None:
    """Of each currency what is held and owed, each counter, and of a metric its largest sum."""
    account = folded(
        lot(5),
        lot(6, 9_000),
        pending(7, 2_000),
        fx.DeficitChange(POINTS, 3),
        fx.CounterChange("cap", 4),
        fx.MetricChange("visits", "2026-01", 2),
        fx.MetricChange("visits", "2026-02", 1),
        fx.MetricChange("refunds", "2026-01", -2),
        fx.MetricChange("refunds", "2026-02", -1),
    )

    assert list(account.sums()) == [
        (("held", POINTS), 18),
        (("owed", POINTS), 3),
        (("counted", "cap"), 4),
        (("measured", "visits"), 3),
        (("measured", "refunds"), -1),
    ]


def test_every_effect_can_be_folded() -> None:
    """An effect that is journaled can be applied."""
    examples: dict[type, Any] = {
        fx.Opened: fx.Opened(1),
        fx.StatusChange: fx.StatusChange("closed"),
        fx.Enrolled: TestMembership.ENROLLED,
        fx.TierChange: fx.TierChange("clinic", "base", ((500, "base", "enrolled"),)),
        fx.ReviewChange: fx.ReviewChange("clinic"),
        fx.LotChange: lot(5, 100),
        fx.LotWarned: fx.LotWarned(POINTS, 5, LotKey(100, "day 100")),
        fx.PendingChange: pending(5, 100),
        fx.DeficitChange: fx.DeficitChange(POINTS, 5),
        fx.CounterChange: fx.CounterChange("cap", 1),
        fx.MetricChange: fx.MetricChange("visits", "2026-01", 1),
        fx.StatChange: fx.StatChange(1, 1),
        fx.ConsentChange: fx.ConsentChange("programme", granted=True),
        fx.BirthdayChange: fx.BirthdayChange("02-29"),
        fx.AgeBandsChange: fx.AgeBandsChange({"senior": "2026-01-18"}),
        fx.ProgressChange: fx.ProgressChange("stamps", "card", {"count": 1}),
    }

    assert list(examples) == list(fx.Effect.__args__)
    assert folded(*examples.values()).version == 1
