"""What a rule gives one member at most, in which window, and what of it is given back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, Counter
from chalicelib.domain.ledger.effects import LotChange, PendingChange
from chalicelib.domain.mechanics import caps
from tests.domain.building import (
    PURCHASE,
    Member,
    at,
    explained,
    fixed,
    granted,
    per_amount,
    points,
    programme,
    recorded_by,
    rule,
)


def capped(*caps: dict[str, Any], award: int = 40, **parts: Any) -> Member:
    """Return a member whose visits earn 40 each under these caps."""
    return Member(programme(rule("visit", fixed(award), caps=list(caps)), **parts))


class TestCaps:
    """Caps limit one rule in a window of the activity's local day."""

    @pytest.mark.parametrize(
        ("cap", "expected"),
        [
            ({"max": 100}, [40, 40, 20, 0]),
            ({"max": 100, "on_exceed": "reject"}, [40, 40, 0, 0]),
            ({"max": 80}, [40, 40, 0, 0]),
            ({"max": 80, "on_exceed": "reject"}, [40, 40, 0, 0]),
            ({"max": 39, "on_exceed": "reject"}, [0, 0, 0, 0]),
            ({"times": 1}, [40, 0, 0, 0]),
            ({"times": 3}, [40, 40, 40, 0]),
        ],
    )
    def test_clip_reject_times(self, cap: dict[str, Any], expected: list[int]) -> None:
        """What is over the limit is clipped or rejected; `times` counts awards."""
        member = capped({"window": "day", **cap})
        given = [granted(member.visit("2026-02-01"))["visit"] for _ in expected]

        assert given == expected

    def test_rejected_value_leaves_the_cap_open(self) -> None:
        """An activity too big for what is left is rejected; a smaller one still fits."""
        cap = {"window": "day", "max": 100, "on_exceed": "reject"}
        member = Member(programme(rule("spend", per_amount(1, 100), on=PURCHASE, caps=[cap])))
        given = [
            granted(member.buy(amount, "2026-02-01"))["spend"] for amount in (7_000, 4_000, 3_000)
        ]

        assert given == [70, 0, 30]

    @pytest.mark.parametrize(
        ("window", "first", "inside", "outside"),
        [
            # In London, whose clock is an hour ahead of UTC in summer; 2026-07-05 is a Sunday.
            ("day", "2026-07-04T23:00:00Z", "2026-07-05T22:59:59.999Z", "2026-07-05T23:00:00Z"),
            ("week", "2026-06-28T23:00:00Z", "2026-07-05T22:59:59.999Z", "2026-07-05T23:00:00Z"),
            ("month", "2026-06-30T23:00:00Z", "2026-07-31T22:59:59.999Z", "2026-07-31T23:00:00Z"),
            ("year", "2026-01-05T13:00:00Z", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z"),
        ],
    )
    def test_windows_begin_at_local_midnight(
        self, window: str, first: str, inside: str, outside: str
    ) -> None:
        """A window is full to its last millisecond and empty at the next."""
        member = capped({"window": window, "max": 50}, time_zone="Europe/London")
        given = [granted(member.visit(when))["visit"] for when in (first, inside, outside)]

        assert given == [40, 10, 40]

    @pytest.mark.parametrize("window", ["day", "week", "month"])
    def test_the_window_before_is_another(self, window: str) -> None:
        """What was earned a millisecond before the window does not count in it."""
        starts = {"day": "2026-07-04", "week": "2026-06-28", "month": "2026-06-30"}
        member = capped({"window": window, "max": 50}, time_zone="Europe/London")
        given = [
            granted(member.visit(f"{starts[window]}T{time}Z"))["visit"]
            for time in ("22:59:59.999", "23:00:00")
        ]

        assert given == [40, 40]

    def test_activity(self) -> None:
        """A cap on the activity knows nothing of other activities and keeps no counter."""
        member = capped({"window": "activity", "max": 25})
        given = [granted(member.visit("2026-02-01"))["visit"] for _ in range(2)]

        assert given == [25, 25]
        assert member.account.counters == {}

    def test_lifetime(self) -> None:
        """A cap for life never reopens."""
        member = capped({"window": "lifetime", "times": 1})
        given = [granted(member.visit(f"20{year}-02-01"))["visit"] for year in (26, 30, 60)]

        assert given == [40, 0, 0]
        assert member.account.counters == {
            "limit/clinic/visit/times/lifetime/lifetime": Counter(1, None)
        }

    def test_several_caps(self) -> None:
        """The tightest cap rules, and each counts what was given."""
        member = capped(
            {"window": "activity", "max": 30},
            {"window": "day", "max": 50},
            {"window": "month", "max": 70},
            {"window": "month", "times": 4},
        )
        days = ("01", "01", "01", "02", "03")
        given = [granted(member.visit(f"2026-02-{day}"))["visit"] for day in days]

        assert given == [30, 20, 0, 20, 0]
        assert {key: c.value for key, c in member.account.counters.items()} == {
            "limit/clinic/visit/max/day/2026-02-01": 50,
            "limit/clinic/visit/max/day/2026-02-02": 20,
            "limit/clinic/visit/max/month/2026-02": 70,
            "limit/clinic/visit/times/month/2026-02": 3,
        }

    def test_exhausted_caps_are_explained(self) -> None:
        """A matched rule without room says so and is journaled with a grant of zero."""
        member = capped({"window": "day", "max": 40})
        member.visit("2026-02-01")
        outcome = explained(member.visit("2026-02-01"))["visit"]

        assert (outcome.matched, outcome.raw, outcome.granted, outcome.room) == (True, 40, 0, 0)
        assert outcome.reason == "its caps are used up"
        assert [(a.raw, a.granted, a.room) for a in recorded_by(member.events[-1]).awards] == [
            (40, 0, 0)
        ]
        assert member.events[-1].postings == ()

    @pytest.mark.parametrize("delay", [0, 5])
    def test_nothing_leaves_no_lot(self, delay: int) -> None:
        """An award of which caps leave nothing changes no balance, now or when it is active."""
        document = programme(
            rule("visit", fixed(40), caps=[{"window": "day", "max": 40}]),
            currencies=[points(activation_delay_days=delay)],
        )
        member = Member(document)
        member.visit("2026-02-01")
        balance = member.account.balances
        member.visit("2026-02-01")

        changes = {type(effect) for effect in member.events[-1].effects}
        assert not changes & {LotChange, PendingChange}
        assert member.account.balances == balance

    @pytest.mark.parametrize(
        ("caps", "visits", "reason"),
        [
            (
                [{"max": 30, "on_exceed": "reject"}],
                1,
                "its caps leave 30, and it gives all or nothing",
            ),
            (
                [{"max": 60, "on_exceed": "reject"}],
                2,
                "its caps leave 20, and it gives all or nothing",
            ),
            ([{"max": 80, "on_exceed": "reject"}], 3, "its caps are used up"),
            ([{"max": 60, "on_exceed": "reject"}, {"times": 1}], 2, "its caps are used up"),
            (
                [{"window": "month", "max": 70, "on_exceed": "reject"}, {"max": 50}],
                2,
                "its caps leave 10, and it gives all or nothing",
            ),
            ([{"max": 50}], 2, "its caps leave 10"),
        ],
    )
    def test_what_caps_leave_is_told(
        self, caps: list[dict[str, Any]], visits: int, reason: str
    ) -> None:
        """Where something is left that a rule does not give in part, that is said."""
        member = capped(*({"window": "day", **cap} for cap in caps))
        told = [explained(member.visit("2026-02-01"))["visit"].reason for _ in range(visits)]

        assert told[-1] == reason

    def test_late_activities_meet_the_cap_of_their_day(self) -> None:
        """A late activity uses the window of its own day, as far back as the limit goes."""
        member = capped({"window": "day", "max": 50})
        member.visit("2026-02-01")
        member.visit("2026-02-25")
        late = [
            granted(member.visit(day, now="2026-03-03"))["visit"]
            for day in ("2026-02-01", "2026-02-01", "2026-02-25", "2026-02-26")
        ]

        assert late == [10, 0, 10, 40]

    @pytest.mark.parametrize(
        ("now", "left"),
        [("2026-03-12T23:59:59.999Z", 40), ("2026-03-13T00:00:00Z", 0)],
    )
    def test_what_a_refund_may_take_back(self, now: str, left: int) -> None:
        """Through the last day on which one may come, and not at the midnight after it."""
        member = Member(
            programme(
                rule("visit", fixed(40)),
                currencies=[points(refund_days=10)],
                transfers=[{"currency": "points"}],
            )
        )
        member.visit("2026-03-02")
        instant = at(now)
        today = calendar.local_date(instant, "UTC")

        assert caps.refundable(member.account, "clinic/points", instant, today) == left

    @pytest.mark.parametrize(("back", "waits"), [(0, 40), (1_000, 30), (3_900, 1), (None, 0)])
    def test_what_came_back_waits_no_more(self, back: int | None, waits: int) -> None:
        """A refund takes from what waits what it takes back, to the last point."""
        member = Member(
            programme(
                rule("spend", per_amount(1, 100), on=PURCHASE),
                currencies=[points(refund_days=10)],
                transfers=[{"currency": "points"}],
            )
        )
        member.buy(4_000, "2026-03-02", name="sale")
        if back != 0:
            member.reverse("sale", "2026-03-03", amount=back)
        now = at("2026-03-04")

        assert caps.refundable(member.account, "clinic/points", now, date(2026, 3, 4)) == waits
        assert member.available(now) == waits

    def test_counters_are_forgotten_when_no_activity_can_meet_them(self) -> None:
        """A counter lives for its window, the back-date limit, and a day for the clock's hour."""
        member = capped({"window": "day", "max": 50})
        member.visit("2026-02-01")
        key = "limit/clinic/visit/max/day/2026-02-01"

        assert member.account.counters[key].keep_until == at("2026-03-05T00:00:00Z")
        member.visit("2026-03-05T00:00:00Z")
        assert key in member.account.counters
        member.visit("2026-03-05T00:00:00.001Z")
        assert key not in member.account.counters

    def test_the_last_late_activity_still_meets_its_counter(self) -> None:
        """Over the longest back-date, across a change of the clock, a cap is not met twice."""
        member = capped({"window": "day", "max": 50}, time_zone="Europe/London")
        member.visit("2026-10-05T23:30:00+01:00")
        latest = granted(member.visit("2026-10-05T23:59:59.999+01:00", now="2026-11-04T22:59:59Z"))

        assert latest == {"visit": 10}


def rivals(cap: dict[str, Any]) -> Member:
    """Return a member for whom 100 a purchase, capped, competes with a point a pound."""
    return Member(
        programme(
            rule("capped", fixed(100), on=PURCHASE, group="rivals", caps=[cap]),
            rule("plain", per_amount(1, 100), on=PURCHASE, group="rivals"),
            groups=[{"id": "rivals", "mode": "best"}],
        )
    )


def won_by(member: Member, rule_id: str) -> list[int]:
    """Return what one rule gives for each purchase, after every refund."""
    given = []
    for name, event in member.recorded.items():
        left = member.left_of(name)
        for place, award in enumerate(recorded_by(event).awards):
            if award.rule == rule_id:
                given.append(left.granted[place] if left else award.granted)
    return given


class TestEvaluatedAgain:
    """After a refund a rule that had lost may win, but takes no room that others have used."""

    @pytest.mark.parametrize(
        "cap",
        [
            {"window": "day", "max": 100},
            {"window": "month", "max": 100, "on_exceed": "reject"},
            {"window": "lifetime", "times": 1},
        ],
        ids=["max", "reject", "times"],
    )
    def test_m8_never_above_the_cap(self, cap: dict[str, Any]) -> None:
        """Three purchases that the other rule had won come down to £50 each: one has room."""
        member = rivals(cap)
        for _ in range(3):
            member.buy(20_000, "2026-02-01")
        assert won_by(member, "capped") == [0, 0, 0]
        for name in ("1", "2", "3"):
            member.reverse(name, "2026-02-02", amount=15_000)

        assert won_by(member, "capped") == [100, 0, 0]
        assert won_by(member, "plain") == [0, 50, 50]
        assert member.available("2026-02-03") == 200
        assert member.verdict().holds

    def test_m8_a_part_of_the_room(self) -> None:
        """What a purchase that the rule won has used is not there for another."""
        member = rivals({"window": "day", "max": 130})
        member.buy(1_000, "2026-02-01")
        member.buy(20_000, "2026-02-01")
        member.reverse("2", "2026-02-02", amount=19_000)

        assert won_by(member, "capped") == [100, 30]

    def test_m8_its_own_room_is_there_again(self) -> None:
        """What it has of a cap it keeps, however often it is evaluated again."""
        member = rivals({"window": "day", "max": 100})
        member.buy(5_000, "2026-02-01")
        for _ in range(3):
            member.reverse("1", "2026-02-02", amount=1_000)

        assert won_by(member, "capped") == [100]
        assert member.available("2026-02-03") == 100

    def test_m8_a_window_that_is_forgotten(self) -> None:
        """Where nobody knows any more what others used, there is no room."""
        member = rivals({"window": "day", "max": 100})
        for _ in range(2):
            member.buy(20_000, "2026-02-01")
        for name in ("1", "2"):
            member.reverse(name, "2026-04-01", amount=15_000)

        assert won_by(member, "capped") == [0, 0]
        assert won_by(member, "plain") == [50, 50]

    def test_m8_what_it_had_of_a_window_that_is_forgotten(self) -> None:
        """Was it one of so many times, it stays that; was it none, it becomes none."""
        member = rivals({"window": "day", "times": 1})
        for _ in range(2):
            member.buy(5_000, "2026-02-01")
        for name in ("1", "2"):
            member.reverse(name, "2026-04-01", amount=1_000)

        assert (won_by(member, "capped"), won_by(member, "plain")) == ([100, 0], [0, 40])

    @pytest.mark.parametrize("window", ["day", "lifetime"])
    @pytest.mark.parametrize(
        ("limit", "own", "room"),
        [
            ({"times": 1}, 0, 0),
            ({"times": 1}, 1, None),
            ({"times": 1}, 2, None),
            ({"max": 50}, 0, 0),
            ({"max": 50}, 1, 1),
            ({"max": 50}, 20, 20),
        ],
    )
    def test_m8_what_it_had_itself(
        self, window: str, limit: dict[str, Any], own: int, room: int | None
    ) -> None:
        """Where all is used, or was and is forgotten: what it had, however little, and no more."""
        document = programme(rule("visit", fixed(30), caps=[{"window": window, **limit}]))
        used = {
            "limit/clinic/visit/times/lifetime/lifetime": Counter(1, None),
            "limit/clinic/visit/max/lifetime/lifetime": Counter(50, None),
        }
        day, now = date(2026, 2, 1), at("2026-04-01")

        again = caps.room_again(Account(counters=used), document, day, now, {"visit": own})

        assert again(document.earning[0], 30) == room

    @given(
        cap=st.sampled_from(
            [
                {"window": "day", "max": 150},
                {"window": "day", "max": 150, "on_exceed": "reject"},
                {"window": "day", "times": 2},
            ]
        ),
        amounts=st.lists(st.integers(1, 30_000), min_size=1, max_size=5),
        data=st.data(),
    )
    def test_m8_whatever_is_refunded(
        self, cap: dict[str, Any], amounts: list[int], data: st.DataObject
    ) -> None:
        """The rule is within its cap after every refund, and the counter says what it gave."""
        member = rivals(cap)
        left: dict[str, int] = {}
        for amount in amounts:
            member.buy(amount, "2026-02-01", name=f"{len(left)}")
            left[f"{len(left)}"] = amount
        for _ in range(data.draw(st.integers(1, 8))):
            name = data.draw(st.sampled_from(sorted(left)))
            if left[name]:
                back = data.draw(st.integers(1, left[name]))
                member.reverse(name, "2026-02-02", amount=back)
                left[name] -= back
            given_by = won_by(member, "capped")
            used = sum(given_by) if "max" in cap else sum(map(bool, given_by))
            assert used <= (cap["max"] if "max" in cap else cap["times"])
            assert used == sum(each.value for each in member.account.counters.values())
            everything = sum(given_by) + sum(won_by(member, "plain"))
            assert member.available("2026-02-03") == everything
