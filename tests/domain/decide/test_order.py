"""What falls due at one instant happens in one order, whatever else falls due with it."""

from __future__ import annotations

from itertools import combinations

import pytest

from chalicelib.domain.decide.settling import due_at
from tests.domain.building import at, posted
from tests.domain.midnight import KINDS, MIDNIGHT, POINTS, available_after, life

KEY = "T#town#M#mem_1"
SUBSETS = [chosen for count in range(len(KINDS) + 1) for chosen in combinations(KINDS, count)]


@pytest.mark.parametrize("kinds", SUBSETS, ids="+".join)
def test_order_at_one_midnight(kinds: tuple[str, ...]) -> None:
    """Activate, end holds, renew, end overrides, review, expire, lapse, warn: each an event."""
    member = life(*kinds, key=KEY)
    assert due_at(member.account) == (MIDNIGHT if kinds else at("2027-01-22T00:00:00Z"))

    events = member.tick(MIDNIGHT)

    assert [event.kind for event in events] == list(kinds)
    assert {event.effective_at for event in events} <= {MIDNIGHT}
    assert member.account.balance(POINTS).available == available_after(*kinds)
    assert member.account.balance(POINTS).pending_total == 0
    assert member.enrolment.tier == "base"
    assert member.tick(MIDNIGHT) == ()
    assert member.verdict().holds


def test_balances_step_by_step() -> None:
    """Of a midnight with everything, each event moves exactly its own."""
    member = life(*KINDS, key=KEY)
    before = member.account.version
    assert (member.balance.available, member.balance.pending_total) == (100, 20)
    assert member.enrolment.tier == "silver"

    events = member.tick(MIDNIGHT)
    activated, timed_out, renewed, fallen, reviewed, expired, lapsed, ended, warned = events

    assert posted(activated) == [("member/pending", "member/available", 20)]
    assert posted(timed_out) == [("member/held", "member/available", 5)]
    assert posted(renewed) == posted(fallen) == posted(reviewed) == []
    assert posted(expired) == [("member/available", "expired/tenant", 50)]
    assert posted(lapsed) == posted(ended) == posted(warned) == []
    assert [event.version for event in events] == [before + n for n in range(1, 10)]
    assert [(lot.amount, lot.key.expires_on) for lot in member.balance.lots] == [
        (50, "2027-01-08"),
        (20, "2027-01-17"),
    ]


def test_not_a_moment_earlier() -> None:
    """A millisecond before midnight nothing has happened yet."""
    member = life(*KINDS, key=KEY)

    assert member.tick(MIDNIGHT - 1) == ()
    assert len(member.tick(MIDNIGHT)) == len(KINDS)
