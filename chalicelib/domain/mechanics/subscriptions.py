"""
Subscriptions: a plan is begun, its fees are paid, it is changed or cancelled.

Another plan takes its place at once or when the period ends.  What is then owed, or left over, is
stated by the days that remain, and never moved here: who collects fees settles it.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import (
    Detail,
    PlanCancelled,
    PlanChanged,
    PlanFeePaid,
    PlanSubscribed,
)
from chalicelib.domain.mechanics.plans import (
    SUBSCRIPTIONS,
    Plan,
    Subscription,
    end_plan,
    hold_tier,
    last_day,
    plan_named,
)
from chalicelib.domain.programme.document import Programme

When = Literal["now", "period_end"]


class Subscribe(Command, frozen=True):
    """Begin a plan: with its trial where there was none yet, else with a first fee paid."""

    programme: str
    plan: str
    reference: str = ""


class PayFee(Command, frozen=True):
    """Report that a fee was paid: for the period that has begun unpaid, or for the next."""

    programme: str
    reference: str = ""


class ChangePlan(Command, frozen=True):
    """Take another plan, now or when the period ends."""

    programme: str
    plan: str
    when: When = "now"


class CancelPlan(Command, frozen=True):
    """End a plan, now or when the period ends."""

    programme: str
    when: When = "period_end"
    reason: str = ""


class Subscribed(Struct, frozen=True):
    """
    A subscription as it is after a command; None where it has ended.

    ``prorated`` is what the change makes owed (above zero) or leaves over (below), in minor units.
    """

    programme: str
    subscription: Subscription | None
    prorated: int = 0
    changed: bool = True


def subscribe(decider: Decider, command: Subscribe) -> Subscribed:
    """Begin a plan; refused where one runs."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    plan = plan_named(programme, command.plan)
    held = SUBSCRIPTIONS.get(account, programme.id)
    if held is not None:
        raise Conflict(
            "already_subscribed",
            f"This member has the plan {held.plan}: change it instead.",
            plan=held.plan,
            programme=programme.id,
        )
    event = decider.event()
    today = calendar.local_date(now, programme.time_zone)
    trial = plan.trial_days if not account.counter(_trial_counter(programme)) else 0
    first = calendar.add_days(today, trial)
    if trial:
        event.add(CounterChange(_trial_counter(programme), 1))
    last = calendar.add_days(first, -1) if trial else last_day(plan, first, 1)
    begun = Subscription(
        plan=plan.id,
        state="trial" if trial else "active",
        since_on=today.isoformat(),
        first_on=first.isoformat(),
        until_on=last.isoformat(),
        until=calendar.expiry_instant(last, programme.time_zone),
        periods=0 if trial else 1,
    )
    SUBSCRIPTIONS.put(event, programme.id, begun)
    hold_tier(event, programme, plan)
    event.record(PlanSubscribed(programme.id, plan.id), detail=_reference(command.reference))
    return Subscribed(programme.id, begun)


def pay_fee(decider: Decider, command: PayFee) -> Subscribed:
    """Lengthen what is paid for by one period."""
    account = decider.member
    programme = decider.programme(command.programme)
    held = _subscription_of(account, programme)
    plan = plan_named(programme, held.plan)
    first = calendar.parse_date(held.first_on)
    last = last_day(plan, first, held.periods + 1)
    until = calendar.expiry_instant(last, programme.time_zone)
    paid = replace(
        held,
        periods=held.periods + 1,
        until_on=last.isoformat(),
        until=until,
        # A fee that is reported in the trial is for what follows it.
        state=held.state if held.state in ("trial", "cancelled") else "active",
        grace_until=None,
    )
    if held.state == "trial":
        paid = replace(paid, until_on=held.until_on, until=held.until)
    event = decider.event()
    SUBSCRIPTIONS.put(event, programme.id, paid)
    event.record(PlanFeePaid(programme.id, plan.id), detail=_reference(command.reference))
    return Subscribed(programme.id, paid)


def change_plan(decider: Decider, command: ChangePlan) -> Subscribed:
    """Take another plan, and state what is owed or left over for the days that remain."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    held = _subscription_of(account, programme)
    old, new = plan_named(programme, held.plan), plan_named(programme, command.plan)
    if old.id == new.id and held.following is None:
        return Subscribed(programme.id, held, changed=False)
    event = decider.event()
    if command.when == "period_end":
        changed = replace(held, following=None if old.id == new.id else new.id)
        prorated = 0
    else:
        changed, prorated = _change_now(programme, held, old, new, now)
    SUBSCRIPTIONS.put(event, programme.id, changed)
    if command.when == "now":
        hold_tier(event, programme, new)
    event.record(PlanChanged(programme.id, new.id, command.when, prorated))
    return Subscribed(programme.id, changed, prorated)


def _change_now(
    programme: Programme, held: Subscription, old: Plan, new: Plan, now: Instant
) -> tuple[Subscription, int]:
    """Return the subscription under another plan from today on, and what that makes owed."""
    if held.state == "trial":
        return replace(held, plan=new.id, following=None), 0
    today = calendar.local_date(now, programme.time_zone)
    unused = _unused_fee(programme, held, old, now)
    if old.period == new.period:
        share = _unused_fee(programme, held, new, now)
        return replace(held, plan=new.id, following=None), share - unused
    # Another length of period: the new plan begins today with its own first period.
    last = last_day(new, today, 1)
    begun = replace(
        held,
        plan=new.id,
        state="active",
        first_on=today.isoformat(),
        periods=1,
        until_on=last.isoformat(),
        until=calendar.expiry_instant(last, programme.time_zone),
        grace_until=None,
        following=None,
    )
    return begun, new.fee - unused


def _unused_fee(programme: Programme, held: Subscription, plan: Plan, now: Instant) -> int:
    """Return the share of a plan's fee for the days that are paid for and still to come."""
    if held.state in ("trial", "past_due") or held.periods == 0:
        return 0
    today = calendar.local_date(now, programme.time_zone)
    first = calendar.parse_date(held.first_on)
    owed = 0
    for number in range(1, held.periods + 1):
        begins = first if number == 1 else calendar.add_days(last_day(plan, first, number - 1), 1)
        last = last_day(plan, first, number)
        left = (last - max(today, begins)).days + 1
        whole = (last - begins).days + 1
        owed += money.divide(plan.fee * max(min(left, whole), 0), whole, "half_up")
    return owed


def cancel_plan(decider: Decider, command: CancelPlan) -> Subscribed:
    """End a plan, and state what is left over where it ends at once."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    held = _subscription_of(account, programme)
    event = decider.event()
    when: When
    if command.when == "now" or held.state == "past_due":
        left = _unused_fee(programme, held, plan_named(programme, held.plan), now)
        end_plan(event, programme)
        result, when = Subscribed(programme.id, None, -left), "now"
    else:
        ending = replace(held, state="cancelled", following=None)
        if ending == held:
            return Subscribed(programme.id, held, changed=False)
        SUBSCRIPTIONS.put(event, programme.id, ending)
        result, left, when = Subscribed(programme.id, ending), 0, "period_end"
    event.record(PlanCancelled(programme.id, held.plan, when, command.reason, left))
    return result


def _reference(text: str) -> Detail | None:
    return Detail(note=text) if text else None


def _subscription_of(account: Account, programme: Programme) -> Subscription:
    held = SUBSCRIPTIONS.get(account, programme.id)
    if held is None:
        raise Conflict(
            "not_subscribed", f"This member has no plan of {programme.id}.", programme=programme.id
        )
    return held


def _trial_counter(programme: Programme) -> str:
    return f"{programme.id}/trial"


MECHANIC: Final = Mechanic(
    handlers={
        Subscribe: subscribe,
        PayFee: pay_fee,
        ChangePlan: change_plan,
        CancelPlan: cancel_plan,
    },
)
