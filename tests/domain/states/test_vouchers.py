"""
S: redemptions and their vouchers: every state × every command.

Of 100 points 60 pay on 2 March for a voucher of 5.00 off a bill, good through 12 March, one at a
time; a return gives it back for the days that it had left.  A cell reads: the redemption's state
and what is available then, or what a bill of 20.00 comes to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.quoting import Confirmed, ConfirmQuote, MakeQuote, Quoted
from chalicelib.domain.mechanics.redemptions import CancelRedemption, Redemption, UseVoucher
from chalicelib.domain.mechanics.reversal import ReverseActivity
from tests.domain.building import PURCHASE, Member, adjustment, line, points, programme, reward
from tests.domain.states.table import every_cell, outcome_of

Step = Callable[[Member], object]
BOUGHT: Final = "2026-03-02"
NOW: Final = "2026-03-05"


def redeem(now: str) -> Step:
    """Buy a voucher."""
    return lambda member: member.do(member.redeeming("five-off"), now).result


def cancel(now: str) -> Step:
    """Take a voucher back."""
    return lambda member: (
        member.do(CancelRedemption(member="mem_1", redemption_id="red_1"), now).result
    )


def use(now: str) -> Step:
    """Hand over what a voucher stands for."""
    return lambda member: member.do(UseVoucher(member="mem_1", redemption_id="red_1"), now).result


def present(now: str) -> Step:
    """Ask what a bill comes to with the voucher."""
    lines = (line("a", 2_000),)
    command = MakeQuote(
        member="mem_1",
        programme="clinic",
        quote_id="quote_1",
        activity=Activity(PURCHASE, "quote", "", 0, money="GBP", lines=lines),
        vouchers=("red_1",),
    )
    return lambda member: member.do(command, now).result


def confirm(now: str) -> Step:
    """Buy what was quoted."""
    return lambda member: member.do(ConfirmQuote(member="mem_1", quote_id="quote_1"), now).result


def take_back(now: str) -> Step:
    """Take back the purchase, which is the last event."""
    return lambda member: (
        member.do(ReverseActivity(member="mem_1", version=member.events[-1].version), now).result
    )


def wait(now: str) -> Step:
    """Let time pass."""
    return lambda member: member.tick(now)


def close(now: str) -> Step:
    """End the account."""
    return lambda member: member.do(Close(member="mem_1", reason="moved"), now)


#: What leads to each state, and the day on which commands come.
STATES: Final[Mapping[str, tuple[tuple[Step, ...], str]]] = {
    "unknown": ((), NOW),
    "issued": ((redeem(BOUGHT),), NOW),
    "issued, on its last day": ((redeem(BOUGHT),), "2026-03-12T23:59:59Z"),
    "quoted": ((redeem(BOUGHT), present(NOW)), NOW),
    "quoted, then used": ((redeem(BOUGHT), present(NOW), use(NOW)), NOW),
    "quoted, then cancelled": ((redeem(BOUGHT), present(NOW), cancel(NOW)), NOW),
    "used": ((redeem(BOUGHT), use("2026-03-03")), NOW),
    "used for a bill": ((redeem(BOUGHT), present("2026-03-03"), confirm("2026-03-03")), NOW),
    "good again": (
        (
            redeem(BOUGHT),
            present("2026-03-03"),
            confirm("2026-03-03"),
            take_back("2026-03-04"),
        ),
        NOW,
    ),
    "good again, and its last day is over": (
        (
            redeem(BOUGHT),
            present("2026-03-03"),
            confirm("2026-03-03"),
            take_back("2026-03-04"),
        ),
        "2026-03-14T00:00:00Z",
    ),
    "cancelled": ((redeem(BOUGHT), cancel("2026-03-03")), NOW),
    "expired": ((redeem(BOUGHT),), "2026-03-13T00:00:00Z"),
    "of an account that ended": ((redeem(BOUGHT), close("2026-03-03")), NOW),
}
COMMANDS: Final[Mapping[str, Callable[[str], Step]]] = {
    "buy another": redeem,
    "cancel": cancel,
    "use": use,
    "present": present,
    "confirm": confirm,
}
TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "unknown": {
        "buy another": "issued, 40",
        "cancel": "redemption_not_found",
        "use": "redemption_not_found",
        "present": "voucher_not_found",
        "confirm": "quote_not_found",
    },
    "issued": {
        "buy another": "limit_reached",
        "cancel": "cancelled, 100",
        "use": "used, 40",
        "present": "open for 1500, issued",
        "confirm": "quote_not_found",
    },
    "issued, on its last day": {
        "buy another": "limit_reached",
        "cancel": "cancelled, 100",
        "use": "used, 40",
        "present": "open for 1500, issued",
        "confirm": "quote_not_found",
    },
    "quoted": {
        "buy another": "limit_reached",
        "cancel": "cancelled, 100",
        "use": "used, 40",
        "present": "open for 1500, issued",
        "confirm": "confirmed for 1500, used",
    },
    "quoted, then used": {
        "buy another": "limit_reached",
        "cancel": "voucher_used",
        "use": "voucher_used",
        "present": "voucher_used",
        "confirm": "voucher_used",
    },
    "quoted, then cancelled": {
        "buy another": "issued, 40",
        "cancel": "voucher_cancelled",
        "use": "voucher_cancelled",
        "present": "voucher_cancelled",
        "confirm": "voucher_cancelled",
    },
    "used": {
        "buy another": "limit_reached",
        "cancel": "voucher_used",
        "use": "voucher_used",
        "present": "voucher_used",
        "confirm": "quote_not_found",
    },
    "used for a bill": {
        "buy another": "limit_reached",
        "cancel": "voucher_used",
        "use": "voucher_used",
        "present": "voucher_used",
        "confirm": "quote_confirmed",
    },
    "good again": {
        "buy another": "limit_reached",
        "cancel": "cancelled, 100",
        "use": "used, 40",
        "present": "open for 1500, issued",
        "confirm": "quote_confirmed",
    },
    "good again, and its last day is over": {
        "buy another": "limit_reached",
        "cancel": "voucher_expired",
        "use": "voucher_expired",
        "present": "voucher_expired",
        "confirm": "quote_confirmed",
    },
    "cancelled": {
        "buy another": "issued, 40",
        "cancel": "voucher_cancelled",
        "use": "voucher_cancelled",
        "present": "voucher_cancelled",
        "confirm": "quote_not_found",
    },
    "expired": {
        "buy another": "limit_reached",
        "cancel": "voucher_expired",
        "use": "voucher_expired",
        "present": "voucher_expired",
        "confirm": "quote_not_found",
    },
    "of an account that ended": {
        "buy another": "account_closed",
        "cancel": "account_closed",
        "use": "used, 0",
        "present": "account_closed",
        "confirm": "account_closed",
    },
}


def in_state(state: str) -> Member:
    """Return a member whose voucher came into a state."""
    five_off = reward(
        "five-off",
        60,
        voucher_valid_days=10,
        voucher_on_return="give_back",
        limits=[{"window": "lifetime", "count": 1}],
    )
    terms = {"type": "voucher", "reward": "five-off", "amount": 500}
    document = programme(
        currencies=[points()],
        rewards=[five_off],
        discounts={"offers": [{"id": "five-off", "name": "Five off", "terms": terms}]},
        quotes={"minutes": 7 * 24 * 60},
    )
    member = Member(document)
    member.do(adjustment(100), BOUGHT)
    for step in STATES[state][0]:
        step(member)
    return member


def act(state: str, command: str) -> str:
    """Carry out a command, and return what it led to."""
    member, now = in_state(state), STATES[state][1]
    result = COMMANDS[command](now)(member)
    assert member.verdict().holds
    if isinstance(result, Redemption):
        return f"{result.state}, {member.available(now)}"
    assert isinstance(result, Quoted | Confirmed)
    quote = result.quote
    used = [each.state for each in member.redemptions.values()]
    return f"{quote.state} for {quote.due}, {used[0]}"


@every_cell(TABLE, COMMANDS)
def test_every_cell(state: str, command: str, outcome: str) -> None:
    """It is refused with this code, or leads to this."""
    assert outcome_of(lambda: act(state, command)) == outcome
