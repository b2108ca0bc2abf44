"""
Fees of plans whose payment went back, such as by a chargeback.

What changes, cancellations and ends of plans have stated of the fee goes the other way, all of it
(`plan_fees`).  The last period that was paid for is unpaid again: of equal fees it does not
matter which, and those that are left pay for the periods in order.  By the plan's own rules it is
past due where that period has begun, and ends where it has no grace; a fee pays for it as for any
other.  A fee that was given back pays for no period, nor does one of a plan that has ended.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, UndonePayment
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.events import Event, PlanFeePaid, PlanSubscribed
from chalicelib.domain.mechanics import plan_fees
from chalicelib.domain.mechanics.plans import (
    SECTION,
    SUBSCRIPTIONS,
    PaidPeriod,
    Subscription,
    go_on,
    last_day,
    plan_named,
)
from chalicelib.domain.programme.document import Programme


def undo(event: EventBuilder, programme: Programme, original: Event) -> UndonePayment:
    """Count a fee no more."""
    data = original.data
    if not isinstance(data, PlanFeePaid | PlanSubscribed):
        raise TypeError(f"an event {original.kind} is no fee")
    stated = plan_fees.take_stated(event, original.version)
    held = SUBSCRIPTIONS.get(event.account, programme.id)
    if held is not None and _paid_for_it(held, original.version, data.fee + stated):
        unpaid = without_fee(programme, held, original.version)
        if unpaid.state == "active" and unpaid.until <= event.now:
            go_on(event, programme, unpaid)
        else:
            SUBSCRIPTIONS.put(event, programme.id, unpaid)
    return UndonePayment("plan_fee", SECTION.name, data.plan, data.fee, prorated=-stated)


def _paid_for_it(held: Subscription, paid_by: int, left: int) -> bool:
    """
    Tell whether a fee paid for a period of a plan.

    One of which nothing is ``left``, with what was stated of it, was given back: it does not.
    """
    if held.begun_by > paid_by:
        return False
    ahead = any(each.paid_by == paid_by for each in held.ahead)
    return ahead or left != 0 or any(each.paid_by == paid_by for each in held.paid)


def without_fee(programme: Programme, held: Subscription, paid_by: int) -> Subscription:
    """Return a subscription that is paid for less by the fee that an event reported."""
    ahead = tuple(each for each in held.ahead if each.paid_by != paid_by)
    if ahead != held.ahead:
        return replace(held, ahead=ahead)
    if not held.paid and not held.periods:
        return held
    last = _last_day_before(programme, held)
    fees = [(each.fee, each.paid_by) for each in held.paid]
    # One that is not there paid for a period that is over: the others pay for one earlier each.
    place = next((i for i, (_, by) in enumerate(fees) if by == paid_by), 0)
    fees[place : place + 1] = []
    kept = zip(held.paid, fees, strict=False)
    return replace(
        held,
        paid=tuple(PaidPeriod(each.last_on, each.days, *fee) for each, fee in kept),
        periods=max(held.periods - 1, 0),
        # Where none was counted from it yet, the period before is the first to be paid.
        first_on=held.first_on if held.periods else calendar.add_days(last, 1).isoformat(),
        until_on=last.isoformat(),
        until=calendar.expiry_instant(last, programme.time_zone),
    )


def _last_day_before(programme: Programme, held: Subscription) -> date:
    """Return the last day that is free or paid for where the last period is not."""
    plan = plan_named(programme, held.plan)
    until = calendar.parse_date(held.until_on)
    if held.paid:
        return calendar.add_days(until, -held.paid[-1].days)
    first = calendar.parse_date(held.first_on)
    return last_day(plan, first, held.periods - 1)


MECHANIC: Final = Mechanic(
    payments=dict.fromkeys((PlanSubscribed, PlanFeePaid), undo),
)
