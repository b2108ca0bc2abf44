"""
S: paid plans: every state × every command.

It is 11 March; `big` costs 3,100 for the 31 days of March, `small` 620, `year` 36,500 for 365.  A
cell reads: the state, the plan (> the one that follows, × periods that are paid for it), the last
day that is paid for or free, and what is owed (+) or left over (−).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.events import PlanFeePaid, PlanSubscribed
from chalicelib.domain.mechanics.payment_reversals import PaymentUndone, ReversePayment
from chalicelib.domain.mechanics.plan_pauses import PausePlan, ResumePlan
from chalicelib.domain.mechanics.plans import SUBSCRIPTIONS
from chalicelib.domain.mechanics.subscriptions import (
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
    Subscribed,
)
from tests.domain.building import Member, ladder, programme, visits
from tests.domain.states.table import every_cell, outcome_of

NOW: Final = "2026-03-11"
DOCUMENT: Final = programme(
    tiers=ladder(("gold", visits(99))),
    plans=[
        {"id": "big", "name": "Big", "period": "month", "fee": 3_100, "tier": "gold"},
        {"id": "try", "name": "Try", "period": "month", "fee": 3_100, "trial_days": 10},
        {"id": "small", "name": "Small", "period": "month", "fee": 620},
        {"id": "year", "name": "Year", "period": "year", "fee": 36_500},
    ],
)
_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
PAY: Final = PayFee(**_WHO)
LATER_SMALL: Final = ChangePlan(plan="small", when="period_end", **_WHO)
BIG: Final = (("2026-03-01", Subscribe(plan="big", **_WHO)),)
TRIAL: Final = (("2026-03-08", Subscribe(plan="try", **_WHO)),)

#: What leads to each state.
STATES: Final[Mapping[str, tuple[tuple[str, Command], ...]]] = {
    "none": (),
    "trial": TRIAL,
    "trial, paid": (*TRIAL, ("2026-03-09", PAY)),
    "active": BIG,
    "active, paid ahead": (*BIG, ("2026-03-09", PAY)),
    "changing": (*BIG, ("2026-03-09", LATER_SMALL)),
    "changing, paid ahead": (*BIG, ("2026-03-09", LATER_SMALL), ("2026-03-10", PAY)),
    "past due": (("2026-02-05", Subscribe(plan="big", **_WHO)),),
    "cancelled": (*BIG, ("2026-03-09", CancelPlan(**_WHO))),
    "cancelled, in a paid trial": (
        *TRIAL,
        ("2026-03-09", PAY),
        ("2026-03-10", CancelPlan(**_WHO)),
    ),
    "paused": (*BIG, ("2026-03-09", PausePlan(months=1, **_WHO))),
}
COMMANDS: Final[Mapping[str, Command]] = {
    "begin small": Subscribe(plan="small", **_WHO),
    "pay": PAY,
    "pay for small": PayFee(plan="small", **_WHO),
    "to small": ChangePlan(plan="small", **_WHO),
    "to year": ChangePlan(plan="year", **_WHO),
    "to small later": LATER_SMALL,
    "to year later": ChangePlan(plan="year", when="period_end", **_WHO),
    "to big": ChangePlan(plan="big", **_WHO),
    "end": CancelPlan(**_WHO),
    "end now": CancelPlan(when="now", **_WHO),
    "pause": PausePlan(months=1, **_WHO),
    "resume": ResumePlan(**_WHO),
    # Of the last fee that was paid; its version is filled in.
    "fee back": ReversePayment(version=0, **_WHO),
}
TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "none": {
        "begin small": "active small 26-04-10",
        "pay": "not_subscribed",
        "pay for small": "not_subscribed",
        "to small": "not_subscribed",
        "to year": "not_subscribed",
        "to small later": "not_subscribed",
        "to year later": "not_subscribed",
        "to big": "not_subscribed",
        "end": "not_subscribed",
        "end now": "not_subscribed",
        "pause": "not_subscribed",
        "resume": "not_subscribed",
        "fee back": "payment_not_found",
    },
    "trial": {
        "begin small": "already_subscribed",
        "pay": "trial try 26-04-17",
        "pay for small": "another_fee_due",
        "to small": "trial small 26-03-17",
        "to year": "trial year 26-03-17",
        "to small later": "trial try>small 26-03-17",
        "to year later": "trial try>year 26-03-17",
        "to big": "trial big 26-03-17",
        "end": "cancelled try 26-03-17",
        "end now": "ended",
        "pause": "plan_state",
        "resume": "unchanged",
        "fee back": "payment_not_found",
    },
    "trial, paid": {
        "begin small": "already_subscribed",
        "pay": "trial try 26-05-17",
        "pay for small": "another_fee_due",
        "to small": "trial small 26-04-17 -2480",
        "to year": "trial year 27-03-17 +33400",
        "to small later": "trial try>small 26-04-17",
        "to year later": "trial try>year 26-04-17",
        "to big": "trial big 26-04-17",
        "end": "cancelled try 26-04-17",
        "end now": "ended -3100",
        "pause": "plan_state",
        "resume": "unchanged",
        "fee back": "trial try 26-03-17",
    },
    "active": {
        "begin small": "already_subscribed",
        "pay": "active big 26-04-30",
        "pay for small": "another_fee_due",
        "to small": "active small 26-03-31 -1680",
        "to year": "active year 27-03-10 +34400",
        "to small later": "active big>small 26-03-31",
        "to year later": "active big>year 26-03-31",
        "to big": "unchanged",
        "end": "cancelled big 26-03-31",
        "end now": "ended -2100",
        "pause": "paused big 26-05-01",
        "resume": "unchanged",
        "fee back": "past_due big 26-02-28",
    },
    "active, paid ahead": {
        "begin small": "already_subscribed",
        "pay": "active big 26-05-31",
        "pay for small": "another_fee_due",
        "to small": "active small 26-04-30 -4160",
        "to year": "active year 27-03-10 +31300",
        "to small later": "active big>small 26-04-30",
        "to year later": "active big>year 26-04-30",
        "to big": "unchanged",
        "end": "cancelled big 26-04-30",
        "end now": "ended -5200",
        "pause": "paused big 26-05-31",
        "resume": "unchanged",
        "fee back": "active big 26-03-31",
    },
    "changing": {
        "begin small": "already_subscribed",
        "pay": "active big>small×1 26-03-31",
        "pay for small": "active big>small×1 26-03-31",
        "to small": "active small 26-03-31 -1680",
        "to year": "active year 27-03-10 +34400",
        "to small later": "unchanged",
        "to year later": "active big>year 26-03-31",
        "to big": "active big 26-03-31",
        "end": "cancelled big 26-03-31",
        "end now": "ended -2100",
        "pause": "paused big>small 26-05-01",
        "resume": "unchanged",
        "fee back": "past_due small 26-02-28",
    },
    "changing, paid ahead": {
        "begin small": "already_subscribed",
        "pay": "active big>small×2 26-03-31",
        "pay for small": "active big>small×2 26-03-31",
        "to small": "active small 26-04-30 -1680",
        "to year": "active year 27-03-10 +33780",
        "to small later": "unchanged",
        "to year later": "active big>year×1 26-03-31 +35880",
        "to big": "active big 26-04-30 +2480",
        "end": "cancelled big 26-03-31 -620",
        "end now": "ended -2720",
        "pause": "paused big>small×1 26-05-01",
        "resume": "unchanged",
        "fee back": "active big>small 26-03-31",
    },
    "past due": {
        "begin small": "already_subscribed",
        "pay": "active big 26-04-04",
        "pay for small": "another_fee_due",
        "to small": "past_due small 26-03-04",
        "to year": "past_due year 26-03-04",
        "to small later": "past_due small 26-03-04",
        "to year later": "past_due year 26-03-04",
        "to big": "unchanged",
        "end": "ended",
        "end now": "ended",
        "pause": "plan_state",
        "resume": "plan_state",
        "fee back": "past_due big 26-02-04",
    },
    "cancelled": {
        "begin small": "already_subscribed",
        "pay": "plan_state",
        "pay for small": "plan_state",
        "to small": "plan_state",
        "to year": "plan_state",
        "to small later": "plan_state",
        "to year later": "plan_state",
        "to big": "plan_state",
        "end": "unchanged",
        "end now": "ended -2100",
        "pause": "plan_state",
        "resume": "active big 26-03-31",
        "fee back": "ended",
    },
    "cancelled, in a paid trial": {
        "begin small": "already_subscribed",
        "pay": "plan_state",
        "pay for small": "plan_state",
        "to small": "plan_state",
        "to year": "plan_state",
        "to small later": "plan_state",
        "to year later": "plan_state",
        "to big": "plan_state",
        "end": "unchanged",
        "end now": "ended -3100",
        "pause": "plan_state",
        "resume": "trial try 26-04-17",
        "fee back": "cancelled try 26-03-17",
    },
    "paused": {
        "begin small": "already_subscribed",
        "pay": "paused big 26-06-01",
        "pay for small": "another_fee_due",
        "to small": "plan_state",
        "to year": "plan_state",
        "to small later": "plan_state",
        "to year later": "plan_state",
        "to big": "plan_state",
        "end": "plan_state",
        "end now": "ended -2300",
        "pause": "plan_state",
        "resume": "active big 26-04-02",
        "fee back": "paused big 26-03-31",
    },
}


def in_state(state: str) -> Member:
    """Return a member who came into a state."""
    member = Member(DOCUMENT)
    for when, command in STATES[state]:
        member.do(command, when)
    return member


def said(member: Member, result: Subscribed | PaymentUndone) -> str:
    """Return what a command led to, as a cell of the table has it."""
    if not result.changed:
        return "unchanged"
    held = SUBSCRIPTIONS.get(member.account, "clinic")
    prorated = result.prorated if isinstance(result, Subscribed) else _besides(result)
    owed = f" {prorated:+}" if prorated else ""
    if held is None:
        return f"ended{owed}"
    plan = held.plan if held.following is None else f"{held.plan}>{held.following}"
    plan += f"×{len(held.ahead)}" if held.ahead else ""
    return f"{'cancelled' if held.cancelled else held.state} {plan} {held.until_on[2:]}{owed}"


def _besides(result: PaymentUndone) -> int:
    assert result.payment is not None
    return result.payment.prorated


def asked(member: Member, command: Command) -> Command:
    """Return a command; one to reverse a payment is of the last fee."""
    if not isinstance(command, ReversePayment):
        return command
    fees = [
        each.version
        for each in member.events
        if isinstance(each.data, PlanSubscribed | PlanFeePaid) and each.data.fee
    ]
    return replace(command, version=max(fees, default=0))


def act(state: str, command: str) -> str:
    """Carry out a command, and return what it led to; what is refused changes nothing."""
    member = in_state(state)
    before = member.account
    try:
        return said(member, member.do(asked(member, COMMANDS[command]), NOW).result)
    except LoyaltyError:
        assert member.account == before
        raise
    finally:
        assert member.verdict().holds


@every_cell(TABLE, COMMANDS)
def test_every_cell(state: str, command: str, outcome: str) -> None:
    """It is refused with this code, or leads to this."""
    assert outcome_of(lambda: act(state, command)) == outcome


@pytest.mark.parametrize("state", STATES)
def test_tier_and_benefits_follow_the_plan(state: str) -> None:
    """In every state but a pause the plan's tier is held, and no other."""
    member = in_state(state)
    held = SUBSCRIPTIONS.get(member.seen(NOW), "clinic")
    brings = held is not None and held.plan == "big" and held.state != "paused"

    assert member.seen(NOW).enrolments["clinic"].tier == ("gold" if brings else "base")
