"""F: what is earned in a tier lasts by that tier, as it was on the day of the activity."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.mechanics.tier_grants import GrantTier
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    Member,
    fixed,
    ladder,
    points,
    programme,
    rolling,
    rule,
    transfer,
    visits,
)
from tests.examples import examples

LONGER: Final = {"gold": rolling(days=60)}
GOLD: Final = GrantTier(member="mem_1", programme="clinic", tier="gold", reason="r", days=9)


def clinic(tier_expiry: dict[str, Any] = LONGER, **parts: Any) -> Programme:
    """Return a programme whose points last 30 days, in gold 60; the third visit makes gold."""
    expiry = parts.pop("expiry", rolling(days=30))
    return programme(
        rule("visit", fixed(50)),
        currencies=[points(expiry, tier_expiry=tier_expiry, expiry_warning_days=7, refund_days=0)],
        **{"tiers": ladder(("silver", visits(2)), ("gold", visits(3))), **parts},
    )


def lots(member: Member) -> list[tuple[int, str | None]]:
    """Return how much lasts until when."""
    return [(lot.amount, lot.key.expires_on) for lot in member.balance.lots]


def test_the_tier_of_the_activity() -> None:
    """The visit that makes gold was in silver; the one after it is in gold."""
    member = Member(clinic())
    for day in ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"):
        member.visit(day)

    assert lots(member) == [
        (50, "2026-04-01"),
        (50, "2026-04-02"),
        (50, "2026-04-03"),
        (50, "2026-05-04"),
    ]
    assert member.available("2026-05-04") == 50
    assert member.available("2026-05-05") == 0
    assert member.verdict().holds


@pytest.mark.parametrize(
    ("when", "last"), [("2026-03-09", "2026-04-08"), ("2026-03-12", "2026-05-11")]
)
def test_a_late_report_goes_by_its_own_day(when: str, last: str) -> None:
    """Gold from the 10th through the 19th: whenever it is told, before or after."""
    for now in ("2026-03-12", "2026-03-25"):
        member = Member(clinic())
        member.do(GOLD, "2026-03-10")
        member.visit(when, now=now)

        assert lots(member) == [(50, last)]


def test_what_is_lost_is_kept_by_what_was_earned() -> None:
    """A member who is not in gold any more keeps the day that gold gave."""
    member = Member(clinic())
    member.do(GOLD, "2026-03-10")
    member.visit("2026-03-12")
    member.tick("2026-04-20")

    assert member.enrolment.tier == "base"
    assert lots(member) == [(50, "2026-05-11")]


def test_value_without_an_activity() -> None:
    """By the tier that is held then; of what is sent, by the recipient's."""
    document = clinic(transfers=[{"currency": "points", "expiry": "fresh"}])
    member, friend = Member(document), Member(document, key="T#tenant#M#mem_2")
    member.do(GOLD, "2026-03-10")
    assert member.adjust(50, "2026-03-12").result.expires_on == "2026-05-11"
    transfer(member, friend, 20, "2026-03-13")

    assert lots(friend) == [(20, "2026-04-12")]


@pytest.mark.parametrize(
    ("visit", "last"), [("2026-03-02", "2026-03-22"), ("2026-03-12", "2026-04-11")]
)
def test_activities_prolong_by_the_tier(visit: str, last: str) -> None:
    """Ten days after each activity; thirty after one in gold."""
    idle = {"type": "inactivity", "days": 20}
    member = Member(clinic({"gold": {"type": "inactivity", "days": 30}}, expiry=idle))
    member.do(GOLD, "2026-03-10")
    member.visit("2026-03-01", now="2026-03-14")
    member.visit(visit, now="2026-03-14")

    assert lots(member) == [(100, last)]


@pytest.mark.parametrize(
    ("tier_expiry", "pointer", "detail"),
    [
        ({"gold": {"type": "fixed", "on": "12-31"}}, "/gold/type", "must be of the type"),
        ({"gold": rolling()}, "/gold", "needs exactly one of"),
        ({"golf": rolling(days=5)}, "/golf", "did you mean `gold`?"),
        ({"gold": rolling(days=2)}, "", "shorten the delay"),
    ],
)
def test_what_is_refused(tier_expiry: dict[str, Any], pointer: str, detail: str) -> None:
    """Another type, an unknown tier, what ends before it is usable."""
    raw = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points(rolling(days=9), tier_expiry=tier_expiry, activation_delay_days=3)],
        "tiers": ladder(("gold", visits(3))),
    }
    found = validate(raw).problems
    at = f"/currencies/0/tier_expiry{pointer}" if pointer else "/currencies/0/activation_delay_days"

    assert [each.pointer for each in found] == [at]
    assert detail in found[0].detail


@settings(max_examples=examples(40), derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 25)), min_size=1, max_size=8),
    st.integers(0, 30),
)
def test_o_the_order_of_reports(told: list[tuple[int, int]], golden: int) -> None:
    """Reports in any order lead to the same lots, where the tiers of their days are known."""

    def on(day: int) -> str:
        return f"{date(2026, 3, 1) + timedelta(days=day)}"

    def lived(*, late: bool) -> Member:
        member = Member(
            clinic(tiers=ladder(("gold", visits(99))), backdate_limit_days=60), joined="2026-02-01"
        )
        steps: list[tuple[int, int]] = [(golden, -1)]
        steps += [(day + late * delay, place) for place, (day, delay) in enumerate(told)]
        for now, place in sorted(steps):
            if place < 0:
                member.do(GOLD, f"{on(now)}T00:30:00Z")
            else:
                member.visit(on(told[place][0]), now=on(now), name=f"{place}")
        return member

    in_time, late = lived(late=False), lived(late=True)
    for day in (66, 70, 90, 120):
        assert late.seen(f"{on(day)}T12:00:00Z").balances == (
            in_time.seen(f"{on(day)}T12:00:00Z").balances
        )
