"""
S: holds: every state × every command.

Of 100 points 60 were set aside at noon, for 15 minutes and 60 at most.  A cell reads: the hold's
end, or what became of it, and what is available then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.holds import (
    HOLDS,
    CaptureHold,
    Ended,
    ExtendHold,
    Placed,
    PlaceHold,
    ReleaseHold,
)
from tests.domain.building import Member, adjustment, points, programme
from tests.domain.states.table import every_cell, outcome_of

_WHO: Final[dict[str, Any]] = {"member": "mem_1", "hold_id": "h"}
_PLACE: Final = PlaceHold(
    member="mem_1", programme="clinic", currency="points", amount=60, hold_id="h"
)
PLACED: Final = (("12:00:00", _PLACE),)

#: What leads to each state; then it is the time that stands last.
STATES: Final[Mapping[str, tuple[tuple[str, Command | None], ...]]] = {
    "unknown": (("12:10:00", None),),
    "open": (*PLACED, ("12:10:00", None)),
    "open, in its last instant": (*PLACED, ("12:14:59.999", None)),
    "extended to its latest": (*PLACED, ("12:10:00", ExtendHold(minutes=50, **_WHO))),
    "captured": (*PLACED, ("12:10:00", CaptureHold(amount=40, **_WHO))),
    "released": (*PLACED, ("12:10:00", ReleaseHold(**_WHO))),
    "expired": (*PLACED, ("12:15:00", None)),
    "with an account that ended": (*PLACED, ("12:10:00", Close(member="mem_1", reason="moved"))),
}
COMMANDS: Final[Mapping[str, Command]] = {
    "place 41 more": PlaceHold(
        member="mem_1", programme="clinic", currency="points", amount=41, hold_id="i"
    ),
    "place 40 more": PlaceHold(
        member="mem_1", programme="clinic", currency="points", amount=40, hold_id="i"
    ),
    "capture": CaptureHold(**_WHO),
    "capture 20": CaptureHold(amount=20, **_WHO),
    "capture 61": CaptureHold(amount=61, **_WHO),
    "release": ReleaseHold(**_WHO),
    "extend by 5": ExtendHold(minutes=5, **_WHO),
    "extend by 45": ExtendHold(minutes=45, **_WHO),
    "extend by 50": ExtendHold(minutes=50, **_WHO),
    "extend by 51": ExtendHold(minutes=51, **_WHO),
}
TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "unknown": {
        "place 41 more": "until 12:25, 59",
        "place 40 more": "until 12:25, 60",
        "capture": "hold_not_found",
        "capture 20": "hold_not_found",
        "capture 61": "hold_not_found",
        "release": "hold_not_found",
        "extend by 5": "hold_not_found",
        "extend by 45": "hold_not_found",
        "extend by 50": "hold_not_found",
        "extend by 51": "hold_not_found",
    },
    "open": {
        "place 41 more": "insufficient_points",
        "place 40 more": "until 12:25, 0",
        "capture": "captured 60, released 0, 40",
        "capture 20": "captured 20, released 40, 80",
        "capture 61": "exceeds_hold",
        "release": "captured 0, released 60, 100",
        "extend by 5": "until 12:15, 40",
        "extend by 45": "until 12:55, 40",
        "extend by 50": "until 13:00, 40",
        "extend by 51": "hold_too_long",
    },
    "open, in its last instant": {
        "place 41 more": "insufficient_points",
        "place 40 more": "until 12:29, 0",
        "capture": "captured 60, released 0, 40",
        "capture 20": "captured 20, released 40, 80",
        "capture 61": "exceeds_hold",
        "release": "captured 0, released 60, 100",
        "extend by 5": "until 12:19, 40",
        "extend by 45": "until 12:59, 40",
        "extend by 50": "hold_too_long",
        "extend by 51": "hold_too_long",
    },
    "extended to its latest": {
        "place 41 more": "insufficient_points",
        "place 40 more": "until 12:25, 0",
        "capture": "captured 60, released 0, 40",
        "capture 20": "captured 20, released 40, 80",
        "capture 61": "exceeds_hold",
        "release": "captured 0, released 60, 100",
        "extend by 5": "until 13:00, 40",
        "extend by 45": "until 13:00, 40",
        "extend by 50": "until 13:00, 40",
        "extend by 51": "hold_too_long",
    },
    "captured": {
        "place 41 more": "until 12:25, 19",
        "place 40 more": "until 12:25, 20",
        "capture": "hold_ended",
        "capture 20": "hold_ended",
        "capture 61": "hold_ended",
        "release": "hold_ended",
        "extend by 5": "hold_ended",
        "extend by 45": "hold_ended",
        "extend by 50": "hold_ended",
        "extend by 51": "hold_ended",
    },
    "released": {
        "place 41 more": "until 12:25, 59",
        "place 40 more": "until 12:25, 60",
        "capture": "hold_ended",
        "capture 20": "hold_ended",
        "capture 61": "hold_ended",
        "release": "hold_ended",
        "extend by 5": "hold_ended",
        "extend by 45": "hold_ended",
        "extend by 50": "hold_ended",
        "extend by 51": "hold_ended",
    },
    "expired": {
        "place 41 more": "until 12:30, 59",
        "place 40 more": "until 12:30, 60",
        "capture": "hold_ended",
        "capture 20": "hold_ended",
        "capture 61": "hold_ended",
        "release": "hold_ended",
        "extend by 5": "hold_ended",
        "extend by 45": "hold_ended",
        "extend by 50": "hold_ended",
        "extend by 51": "hold_ended",
    },
    "with an account that ended": {
        "place 41 more": "account_closed",
        "place 40 more": "account_closed",
        "capture": "account_closed",
        "capture 20": "account_closed",
        "capture 61": "account_closed",
        "release": "account_closed",
        "extend by 5": "account_closed",
        "extend by 45": "account_closed",
        "extend by 50": "account_closed",
        "extend by 51": "account_closed",
    },
}


def in_state(state: str) -> Member:
    """Return a member whose hold came into a state."""
    document = programme(currencies=[points()], holds={"minutes": 15, "max_minutes": 60})
    member = Member(document)
    member.do(adjustment(100), "2026-03-02")
    for when, command in STATES[state]:
        if command is None:
            member.tick(f"2026-03-02T{when}Z")
        else:
            member.do(command, f"2026-03-02T{when}Z")
    return member


def act(state: str, command: str) -> str:
    """Carry out a command, and return what it led to."""
    member, now = in_state(state), f"2026-03-02T{STATES[state][-1][0]}Z"
    result = member.do(COMMANDS[command], now).result
    assert member.verdict().holds
    available = member.available(now)
    if isinstance(result, Ended):
        return f"captured {result.captured}, released {result.released}, {available}"
    assert isinstance(result, Placed)
    return f"until {format_instant(result.hold.expires_at)[11:16]}, {available}"


@every_cell(TABLE, COMMANDS)
def test_every_cell(state: str, command: str, outcome: str) -> None:
    """It is refused with this code, or leads to this."""
    assert outcome_of(lambda: act(state, command)) == outcome


@pytest.mark.parametrize(("until", "stands"), [("12:59:59.999", True), ("13:00:00", False)])
def test_extended_exactly_to_its_latest(until: str, *, stands: bool) -> None:
    """A hold may be kept open to its latest instant, and ends then."""
    member = in_state("extended to its latest")
    member.tick(f"2026-03-02T{until}Z")

    assert bool(HOLDS.all(member.account)) is stands
    assert member.available(f"2026-03-02T{until}Z") == (40 if stands else 100)


def test_longer_at_first_than_at_most() -> None:
    """A policy in which no hold could begin is no programme."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "holds": {"minutes": 61, "max_minutes": 60},
    }

    (problem,) = validate(document).problems

    assert problem.pointer == "/holds/minutes"
