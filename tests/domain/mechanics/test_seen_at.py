"""Where a member was seen: kept by numbers, and told by one event each."""

from __future__ import annotations

import pytest

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.membership import Enrol
from chalicelib.domain.mechanics.seen_at import SEEN_AT, was_seen
from tests.domain.building import Member, at, programme


@pytest.fixture
def member() -> Member:
    """Return a member."""
    return Member(programme())


def visit(member: Member, location: int, now: str) -> int:
    """Record a visit at a location, and return how often its event says so."""
    visits = member.account.version
    activity = Activity("visit.completed", "ehr", f"v{visits}", at(now))
    done = member.do(RecordActivity(member="", activity=activity, seen_at=location), now)
    return sum(
        getattr(effect, "mechanic", "") == "seen_at"
        for event in done.events
        for effect in event.effects
    )


def test_said_once(member: Member) -> None:
    """Who comes again is not said to come again; elsewhere is said at once, and nowhere never."""
    visits = [(1, "2026-03-02"), (1, "2026-03-03"), (2, "2026-03-03"), (0, "2026-03-04")]

    assert [visit(member, *each) for each in visits] == [1, 0, 1, 0]
    assert set(SEEN_AT.all(member.account)) == {"1", "2"}


def test_nothing_is_forgotten(member: Member) -> None:
    """A member who comes to many locations is known at each of them."""
    for number in range(1, 101):
        visit(member, number, "2026-03-02")

    assert all(was_seen(member.account, frozenset({number})) for number in range(1, 101))


def test_who_joins_at_a_desk(member: Member) -> None:
    """Joining is enough, also where nothing else changes; and it stays after closing."""
    member.do(Enrol(member="", programmes=(), seen_at=7), "2026-03-02")
    assert was_seen(member.account, frozenset({3, 7}))
    assert not was_seen(member.account, frozenset({3}))
    assert not was_seen(member.account, frozenset())

    member.do(Close(member="", reason="moved"), "2026-03-03")
    assert was_seen(member.account, frozenset({7}))
