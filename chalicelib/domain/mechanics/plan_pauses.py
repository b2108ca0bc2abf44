"""
Pauses of paid plans, and plans that run on though they were paused or cancelled.

A pause takes some months and ends by itself, or sooner by hand.  Meanwhile the plan brings nothing,
and every period that is paid for keeps its days: they move on by as many as the pause has.  What is
paid for next is counted from the day after them.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.events import PlanPaused, PlanResumed
from chalicelib.domain.mechanics.plans import (
    SUBSCRIPTIONS,
    Subscription,
    hold_tier,
    next_day,
    run_on,
)
from chalicelib.domain.mechanics.subscriptions import Subscribed, refused_in, subscription_of
from chalicelib.domain.programme.document import Programme


class PausePlan(Command, frozen=True):
    """Let a plan that is paid for bring nothing for some months."""

    programme: str
    months: int


class ResumePlan(Command, frozen=True):
    """Let a plan run on now that is paused, or not end that was cancelled."""

    programme: str


def pause(decider: Decider, command: PausePlan) -> Subscribed:
    """Move all that is paid for on by the days of the pause, which begins today."""
    programme = decider.programme(command.programme)
    held = subscription_of(decider.member, programme)
    if held.cancelled:
        raise refused_in("cancelled", f"It ends on {held.until_on}: resume it first.")
    if held.state != "active":
        raise refused_in(held.state, "One that is active can be paused.")
    today = calendar.local_date(decider.now, programme.time_zone)
    resumes_on = calendar.add_months(today, command.months)
    paused = replace(
        _moved(programme, held, (resumes_on - today).days),
        state="paused",
        state_until=calendar.day_start(resumes_on, programme.time_zone),
    )
    event = decider.event()
    SUBSCRIPTIONS.put(event, programme.id, paused)
    hold_tier(event, programme, None)
    event.record(PlanPaused(programme.id, held.plan, resumes_on.isoformat()))
    return Subscribed(programme.id, paused)


def resume(decider: Decider, command: ResumePlan) -> Subscribed:
    """End a pause today, or keep a plan that was to end."""
    programme = decider.programme(command.programme)
    held = subscription_of(decider.member, programme)
    if held.state == "past_due":
        raise refused_in("past_due", "Pay its fee.")
    if held.state != "paused" and not held.cancelled:
        return Subscribed(programme.id, held, changed=False)
    event = decider.event()
    if held.state_until is not None and held.state == "paused":
        today = calendar.local_date(decider.now, programme.time_zone)
        saved = calendar.local_date(held.state_until, programme.time_zone) - today
        running: Subscription | None = run_on(
            event, programme, _moved(programme, held, -saved.days)
        )
    else:
        running = replace(held, cancelled=False)
        SUBSCRIPTIONS.put(event, programme.id, running)
    event.record(PlanResumed(programme.id, held.plan))
    return Subscribed(programme.id, running)


def _moved(programme: Programme, held: Subscription, days: int) -> Subscription:
    """Return a subscription whose paid days come so many later; below zero, earlier."""

    def later(day: str) -> str:
        return calendar.add_days(calendar.parse_date(day), days).isoformat()

    moved = replace(
        held,
        until_on=later(held.until_on),
        until=calendar.expiry_instant(
            calendar.parse_date(later(held.until_on)), programme.time_zone
        ),
        paid=tuple(replace(each, last_on=later(each.last_on)) for each in held.paid),
        periods=0,
    )
    return replace(moved, first_on=next_day(moved).isoformat())


MECHANIC: Final = Mechanic(
    handlers={PausePlan: pause, ResumePlan: resume},
)
