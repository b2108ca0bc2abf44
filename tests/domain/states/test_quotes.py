"""
S: quotes: every state × every command.

A bill of 20.00 is quoted at noon for an hour, of which prepaid money pays 15.00.  A cell reads: the
quote's state, what is due in money, and what is prepaid then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.mechanics.adjustment import Adjust
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import PURCHASE, Member, line, points, programme
from tests.domain.states.table import every_cell, outcome_of

Step = Callable[[Member, str], Any]
_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}


def make(member: Member, now: str, **more: Any) -> Any:
    """Ask for a quote."""
    activity = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=(line("a", 2_000),))
    command = MakeQuote(quote_id="quote_1", activity=activity, **_WHO, **more)
    return member.do(command, now).result


def make_by_prepaid(member: Member, now: str) -> Any:
    """Ask for a quote that takes 16.00 of prepaid money."""
    return make(member, now, payments=(Payment("prepaid", 1_600),))


def confirm(member: Member, now: str, **more: Any) -> Any:
    """Buy what was quoted."""
    return member.do(ConfirmQuote(member="mem_1", quote_id="quote_1", **more), now).result


def confirm_by_receipt(member: Member, now: str) -> Any:
    """Buy what was quoted, under an identity of the till's own."""
    return confirm(member, now, source="till", external_id="r-1")


def spend(member: Member, now: str) -> Any:
    """Take some of the prepaid money away."""
    return member.do(Adjust(currency="prepaid", amount=-1, reason="slip", **_WHO), now)


def close(member: Member, now: str) -> Any:
    """End the account."""
    return member.do(Close(member="mem_1", reason="moved", prepaid="waive"), now)


#: What leads to each state, and the time at which commands come.
STATES: Final[Mapping[str, tuple[tuple[Step, ...], str]]] = {
    "unknown": ((), "12:30:00"),
    "open": ((make,), "12:30:00"),
    "open, in its last instant": ((make,), "12:59:59.999"),
    "expired": ((make,), "13:00:00"),
    "confirmed": ((make, confirm), "12:30:00"),
    "confirmed, and expired since": ((make, confirm), "13:00:00"),
    "open, with money gone": ((make, spend), "12:30:00"),
    "of an account that ended": ((make, close), "12:30:00"),
}
COMMANDS: Final[Mapping[str, Step]] = {
    "quote": make,
    "quote 16.00 prepaid": make_by_prepaid,
    "confirm": confirm,
    "confirm by receipt": confirm_by_receipt,
}
TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "unknown": {
        "quote": "open, 500 due, 1500 left",
        "quote 16.00 prepaid": "insufficient_points",
        "confirm": "quote_not_found",
        "confirm by receipt": "quote_not_found",
    },
    "open": {
        "quote": "open, 500 due, 1500 left",
        "quote 16.00 prepaid": "insufficient_points",
        "confirm": "confirmed, 500 due, 0 left",
        "confirm by receipt": "confirmed, 500 due, 0 left",
    },
    "open, in its last instant": {
        "quote": "open, 500 due, 1500 left",
        "quote 16.00 prepaid": "insufficient_points",
        "confirm": "confirmed, 500 due, 0 left",
        "confirm by receipt": "confirmed, 500 due, 0 left",
    },
    "expired": {
        "quote": "open, 500 due, 1500 left",
        "quote 16.00 prepaid": "insufficient_points",
        "confirm": "quote_expired",
        "confirm by receipt": "quote_expired",
    },
    "confirmed": {
        "quote": "open, 2000 due, 0 left",
        "quote 16.00 prepaid": "insufficient_points",
        "confirm": "quote_confirmed",
        "confirm by receipt": "quote_confirmed",
    },
    "confirmed, and expired since": {
        "quote": "open, 2000 due, 0 left",
        "quote 16.00 prepaid": "insufficient_points",
        "confirm": "quote_confirmed",
        "confirm by receipt": "quote_confirmed",
    },
    "open, with money gone": {
        "quote": "open, 501 due, 1499 left",
        "quote 16.00 prepaid": "insufficient_points",
        "confirm": "quote_stale",
        "confirm by receipt": "quote_stale",
    },
    "of an account that ended": {
        "quote": "account_closed",
        "quote 16.00 prepaid": "account_closed",
        "confirm": "account_closed",
        "confirm by receipt": "account_closed",
    },
}


def in_state(state: str) -> Member:
    """Return a member whose quote came into a state."""
    document = programme(
        currencies=[points(), points() | {"id": "prepaid"}],
        wallets=[{"currency": "prepaid", "kind": "prepaid"}],
        quotes={"minutes": 60},
    )
    member = Member(document)
    member.do(TopUp(currency="prepaid", amount=1_500, **_WHO), "2026-03-02T11:00:00Z")
    for step in STATES[state][0]:
        step(member, "2026-03-02T12:00:00Z")
    return member


def act(state: str, command: str) -> str:
    """Carry out a command, and return what it led to."""
    member, now = in_state(state), f"2026-03-02T{STATES[state][1]}Z"
    quote = COMMANDS[command](member, now).quote
    assert member.verdict().holds
    return f"{quote.state}, {quote.due} due, {member.available(now, 'clinic/prepaid')} left"


@every_cell(TABLE, COMMANDS)
def test_every_cell(state: str, command: str, outcome: str) -> None:
    """It is refused with this code, or leads to this."""
    assert outcome_of(lambda: act(state, command)) == outcome
