"""
Subscriptions: a plan is begun, its fees are paid, it is changed or cancelled.

Another plan takes its place at once or when what is paid for is over.  What was paid counts: the
days that are paid for and still to come are taken off what the other plan costs.  What is then
owed, or left over, is stated, and never moved here: who collects fees settles it.  ``payment`` in
commands is the look-up hash of a fee's ``reference``, if it has one.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, limit_counter
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import (
    PlanCancelled,
    PlanChanged,
    PlanFeePaid,
    PlanSubscribed,
    noted,
)
from chalicelib.domain.mechanics import payments, plan_fees
from chalicelib.domain.mechanics.plans import (
    SUBSCRIPTIONS,
    PaidFee,
    Plan,
    Subscription,
    end_plan,
    hold_tier,
    next_day,
    period_after,
    plan_named,
    still_paid,
    with_period,
)
from chalicelib.domain.programme.document import Programme

When = Literal["now", "period_end"]

#: Of how many periods the fees may be paid before they are over.
AHEAD_MAX: Final = 36


class Subscribe(Command, frozen=True):
    """Begin a plan: with its trial where there was none yet, else with a first fee paid."""

    programme: str
    plan: str
    reference: str = ""
    payment: str = ""


class PayFee(Command, frozen=True):
    """
    Report that a fee was paid: for the period that has begun unpaid, or for the next.

    Where it names a ``plan``, or the first day of a period (``from_on``), it is for no other.
    """

    programme: str
    plan: str | None = None
    from_on: str | None = None
    reference: str = ""
    payment: str = ""


class ChangePlan(Command, frozen=True):
    """Take another plan, now or when what is paid for is over."""

    programme: str
    plan: str
    when: When = "now"


class CancelPlan(Command, frozen=True):
    """End a plan, now or when what is paid for is over."""

    when_full: ClassVar[bool] = True

    programme: str
    when: When = "period_end"
    reason: str = ""
    note: str = ""


class Fee(Struct, frozen=True):
    """The fee of one period of a plan, in minor units, with the period's first and last day."""

    plan: str
    amount: int
    from_on: str
    until_on: str


class Subscribed(Struct, frozen=True):
    """
    A subscription as it is after a command; None where it has ended.

    ``prorated`` is what the change makes owed (above zero) or leaves over (below), in minor units;
    ``fee`` is what was paid.
    """

    programme: str
    subscription: Subscription | None
    prorated: int = 0
    changed: bool = True
    fee: Fee | None = None


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
    last_free = calendar.add_days(first, -1)
    begun = Subscription(
        plan=plan.id,
        state="trial",
        since_on=today.isoformat(),
        first_on=first.isoformat(),
        until_on=last_free.isoformat(),
        until=calendar.expiry_instant(last_free, programme.time_zone),
        begun_by=event.before.version + 1,
    )
    fee = None
    if trial:
        event.add(CounterChange(_trial_counter(programme), 1))
        begun = replace(begun, state_until=begun.until)
    else:
        fee = next_fee(programme, begun)
        paid = PaidFee(fee.amount, event.before.version + 1)
        begun = with_period(programme, replace(begun, state="active"), plan, paid)
        payments.claim(decider, event, command.member, programme.id, command.payment)
    SUBSCRIPTIONS.put(event, programme.id, begun)
    hold_tier(event, programme, plan)
    first_fee = 0 if fee is None else fee.amount
    event.record(PlanSubscribed(programme.id, plan.id, first_fee), detail=noted(command.reference))
    return Subscribed(programme.id, begun, fee=fee)


def next_fee(programme: Programme, held: Subscription) -> Fee:
    """Return the fee that is due next, or the next that can be paid: of the plan that follows."""
    if held.following is None:
        plan, first, periods = plan_named(programme, held.plan), held.first_on, held.periods
    else:
        plan = plan_named(programme, held.following)
        first, periods = next_day(held).isoformat(), len(held.ahead)
    begins, last = period_after(plan, calendar.parse_date(first), periods)
    return Fee(plan.id, plan.fee, begins.isoformat(), last.isoformat())


def pay_fee(decider: Decider, command: PayFee) -> Subscribed:
    """Count a fee for the next period that is not paid; of the plan that follows, if one does."""
    programme = decider.programme(command.programme)
    held = subscription_of(decider.member, programme)
    if held.cancelled:
        raise refused_in("cancelled", f"It ends on {held.until_on}: resume it first.")
    fee = next_fee(programme, held)
    if command.plan not in (None, fee.plan) or command.from_on not in (None, fee.from_on):
        raise Conflict(
            "another_fee_due",
            f"The next fee is that of {fee.plan} for the period from {fee.from_on}.",
            plan=fee.plan,
            from_on=fee.from_on,
        )
    still = still_paid(programme, held, decider.now)
    if len(still) + len(held.ahead) >= AHEAD_MAX:
        raise Conflict(
            "too_many_fees",
            f"{AHEAD_MAX} periods are paid ahead: wait until one is over.",
            limit=AHEAD_MAX,
        )
    event = decider.event()
    paid = PaidFee(fee.amount, event.before.version + 1)
    if held.following is None:
        plan = plan_named(programme, held.plan)
        after = with_period(programme, replace(held, paid=still), plan, paid)
        if after.state == "past_due" and after.until > decider.now:
            after = replace(after, state="active", state_until=None)
    else:
        after = replace(held, ahead=(*held.ahead, paid))
    SUBSCRIPTIONS.put(event, programme.id, after)
    payments.claim(decider, event, command.member, programme.id, command.payment)
    event.record(
        PlanFeePaid(programme.id, fee.plan, fee.amount, fee.from_on, fee.until_on),
        detail=noted(command.reference),
    )
    return Subscribed(programme.id, after, fee=fee)


def change_plan(decider: Decider, command: ChangePlan) -> Subscribed:
    """Take another plan, and state what is owed or left over."""
    programme = decider.programme(command.programme)
    held = subscription_of(decider.member, programme)
    new = plan_named(programme, command.plan)
    if held.cancelled:
        raise refused_in("cancelled", f"It ends on {held.until_on}: resume it first.")
    if held.state == "paused":
        raise refused_in("paused", "Resume it first.")
    # Where a plan is past due its period is over already.
    when: When = "now" if held.state == "past_due" else command.when
    goes_on = held.following or held.plan
    if new.id == goes_on and (when == "period_end" or held.following is None):
        return Subscribed(programme.id, held, changed=False)
    if when == "now" and new.id != held.plan:
        changed = _changed_now(programme, held, new, decider.now)
    else:
        changed = _changed_later(programme, held, new)
    event = decider.event()
    # Both are for the same days: what the new plan asks for them, less what was paid for them.
    prorated = plan_fees.state(event, programme, held, changed)
    SUBSCRIPTIONS.put(event, programme.id, changed)
    if changed.plan != held.plan:
        hold_tier(event, programme, new)
    event.record(PlanChanged(programme.id, new.id, when, prorated))
    return Subscribed(programme.id, changed, prorated)


def _changed_now(programme: Programme, held: Subscription, new: Plan, now: Instant) -> Subscription:
    """Return the subscription under another plan from now on, as if its fees had been paid."""
    same_length = plan_named(programme, held.plan).period == new.period
    paid = still_paid(programme, held, now)
    changed = replace(held, plan=new.id, following=None, ahead=())
    if same_length:
        fees = _fees_for(programme, held, new)
        changed = replace(changed, paid=tuple(replace(each, fee=new.fee) for each in paid))
    else:
        counted = [each.paid_by for each in paid] + [each.paid_by for each in held.ahead]
        fees = tuple(PaidFee(new.fee, each) for each in counted[:1])
        changed = _counted_anew(programme, changed, now)
    for fee in fees:
        changed = with_period(programme, changed, new, fee)
    return changed


def _counted_anew(programme: Programme, held: Subscription, now: Instant) -> Subscription:
    """Return a subscription whose periods begin today, after its trial, or where none is paid."""
    if held.state == "trial":
        first = calendar.parse_date(held.first_on)
    elif held.state == "past_due":
        first = next_day(held)
    else:
        first = calendar.local_date(now, programme.time_zone)
    last = calendar.add_days(first, -1)
    return replace(
        held,
        first_on=first.isoformat(),
        periods=0,
        paid=(),
        until_on=last.isoformat(),
        until=calendar.expiry_instant(last, programme.time_zone),
    )


def _changed_later(programme: Programme, held: Subscription, new: Plan) -> Subscription:
    """Return the subscription with another plan to follow, or with none where it is the same."""
    fees = _fees_for(programme, held, new)
    if new.id != held.plan:
        return replace(held, following=new.id, ahead=fees)
    changed = replace(held, following=None, ahead=())
    for fee in fees:
        changed = with_period(programme, changed, new, fee)
    return changed


def _fees_for(programme: Programme, held: Subscription, new: Plan) -> tuple[PaidFee, ...]:
    """Return the fees ahead as those of another plan: one, where that has other periods."""
    if held.following is None:
        return ()
    same_length = plan_named(programme, held.following).period == new.period
    kept = held.ahead if same_length else held.ahead[:1]
    return tuple(replace(each, fee=new.fee) for each in kept)


def cancel_plan(decider: Decider, command: CancelPlan) -> Subscribed:
    """End a plan, and state what is left over of what was paid."""
    programme = decider.programme(command.programme)
    held = subscription_of(decider.member, programme)
    event = decider.event()
    when: When
    if command.when == "now" or held.state == "past_due":
        end_plan(event, programme)
        ending, when = None, "now"
    elif held.state == "paused":
        raise refused_in("paused", "Resume it first, or end it now.")
    else:
        ending = replace(held, cancelled=True, following=None, ahead=())
        when = "period_end"
        if ending == held:
            return Subscribed(programme.id, held, changed=False)
        SUBSCRIPTIONS.put(event, programme.id, ending)
    prorated = plan_fees.state(event, programme, held, ending)
    event.record(
        PlanCancelled(programme.id, held.plan, when, command.reason, -prorated),
        detail=noted(command.note),
    )
    return Subscribed(programme.id, ending, prorated)


def refused_in(state: str, remedy: str) -> Conflict:
    """Return the refusal of what a plan's state does not allow, with what to do about it."""
    return Conflict("plan_state", f"The plan is {state}. {remedy}", state=state)


def subscription_of(account: Account, programme: Programme) -> Subscription:
    """Return a member's plan in a programme; raises `Conflict` ``not_subscribed``."""
    held = SUBSCRIPTIONS.get(account, programme.id)
    if held is None:
        detail = f"This member has no plan of {programme.id}."
        raise Conflict("not_subscribed", detail, programme=programme.id)
    return held


def _trial_counter(programme: Programme) -> str:
    return limit_counter(programme.id, "trial")


MECHANIC: Final = Mechanic(
    handlers={
        Subscribe: subscribe,
        PayFee: pay_fee,
        ChangePlan: change_plan,
        CancelPlan: cancel_plan,
    },
)
