"""Where a member was seen: kept by numbers, few of them, with few events that say so."""

from __future__ import annotations

import pytest

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.membership import Enrol
from chalicelib.domain.mechanics.seen_at import KEPT_MAX, SEEN_AT, was_seen
from tests.domain.building import Member, at, programme


@pytest.fixture
def member() -> Member:
    """Return a member."""
    return Member(programme())


def visit(member: Member, location: int, now: str, happened: str = "") -> int:
    """Record a visit at a location, and return how often its event says so."""
    visits = member.account.version
    activity = Activity("visit.completed", "ehr", f"v{visits}", at(happened or now))
    done = member.do(RecordActivity(member="", activity=activity, seen_at=location), now)
    return sum(
        getattr(effect, "mechanic", "") == "seen_at"
        for event in done.events
        for effect in event.effects
    )


def seen(member: Member) -> set[int]:
    """Return the numbers of the locations that are kept."""
    return {int(number) for number in SEEN_AT.all(member.account)}


def test_said_once_a_month(member: Member) -> None:
    """Who comes often is said to come once in thirty days; elsewhere is said at once."""
    days = ["2026-03-02", "2026-03-03", "2026-03-31", "2026-04-01", "2026-04-02"]

    assert [visit(member, 1, day) for day in days] == [1, 0, 0, 1, 0]
    assert visit(member, 2, "2026-04-02") == 1
    assert visit(member, 0, "2026-04-03") == 0
    assert seen(member) == {1, 2}


def test_a_late_report(member: Member) -> None:
    """Who is told late is seen from when it is told."""
    visit(member, 1, "2026-04-01", happened="2026-03-20")

    assert SEEN_AT.all(member.account)["1"].day == at("2026-04-01") // 86_400_000


def test_the_latest_are_kept(member: Member) -> None:
    """Of very many the one where they were seen the longest ago is forgotten."""
    for number in range(1, KEPT_MAX + 1):
        visit(member, number, "2026-03-02")
    visit(member, 1, "2026-05-02")
    visit(member, KEPT_MAX + 1, "2026-05-03")

    assert seen(member) == {1, *range(3, KEPT_MAX + 2)}
    assert len(seen(member)) == KEPT_MAX


def test_who_joins_at_a_desk(member: Member) -> None:
    """Joining is enough, also where nothing else changes; and it stays after closing."""
    member.do(Enrol(member="", programmes=(), seen_at=7), "2026-03-02")
    assert was_seen(member.account, frozenset({3, 7}))
    assert not was_seen(member.account, frozenset({3}))
    assert not was_seen(member.account, frozenset())

    member.do(Close(member="", reason="moved"), "2026-03-03")
    assert was_seen(member.account, frozenset({7}))
