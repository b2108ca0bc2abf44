"""Subscriptions: paid plans that are begun, paid, changed, paused and ended."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.mechanics.plan_pauses import PausePlan, ResumePlan
from chalicelib.domain.mechanics.plans import State, Subscription
from chalicelib.domain.mechanics.subscriptions import (
    CancelPlan,
    ChangePlan,
    Fee,
    PayFee,
    Subscribe,
    Subscribed,
    When,
    next_fee,
)
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Id, LocalDate
from chalicelib.domain.programme.versions import Programmes
from chalicelib.routes.calls import answer, caller_of, carry_out, page_of, services_of
from chalicelib.routes.fields import Note, OptionalReason, ShortText
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Body, Call, Day, Page, Reply, Timestamp
from chalicelib.routes.pricing import MoneyView
from chalicelib.routes.views import when as shown_instant
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_subscriptions import read_subscriptions
from chalicelib.usecases.stored import Answer

api = Resource("subscriptions")


class SubscriptionBody(Body):
    """Which plan begins; ``reference`` of the first fee is sealed."""

    programme: Id
    plan: Id
    reference: ShortText = ""


class FeeBody(Body):
    """
    Which programme's fee was paid; ``reference`` is sealed.

    Name the ``plan``, or the first day of the period that it is for (``from_on``), to have it
    refused where another fee is due.
    """

    programme: Id
    plan: Id | None = None
    from_on: LocalDate | None = None
    reference: ShortText = ""


class SubscriptionChangeBody(Body):
    """Which plan takes the place of the one that runs, and when."""

    programme: Id
    plan: Id
    when: When = "now"


class SubscriptionCancellationBody(Body):
    """When the plan ends, and why."""

    programme: Id
    when: When = "period_end"
    reason: OptionalReason = ""
    note: Note = ""


class PlanPauseBody(Body):
    """For how many months, from today on, the plan is paused."""

    programme: Id
    months: Annotated[int, Meta(ge=1, le=12)]


class PlanResumptionBody(Body):
    """Which programme's plan runs on."""

    programme: Id


class FeeView(Struct, frozen=True):
    """The fee of one period of a plan, with the period's first and last day."""

    plan: str
    amount: MoneyView
    from_on: Day
    until_on: Day


class SubscriptionView(Struct, frozen=True):
    """
    A plan that runs.

    ``state`` is `trial`, `active`, `past_due` (through its grace), `paused` or `cancelled` (to its
    end).  It is free, or paid for, to the end of ``until_on``.  A trial ends at ``trial_until``, a
    pause at ``resumes_at``, and without a fee all of it at ``grace_until``.  ``following`` is the
    plan that takes its place after ``until_on``; ``next_fee`` is the fee that is due next.
    """

    programme: str
    plan: str
    state: Literal[State, "cancelled"]
    since_on: Day
    until_on: Day
    until: Timestamp
    trial_until: Timestamp | None
    grace_until: Timestamp | None
    resumes_at: Timestamp | None
    following: str | None
    next_fee: FeeView | None


class SubscriptionsView(Struct, frozen=True):
    """Every plan of a member, one in a programme at most."""

    member_id: str
    subscriptions: list[SubscriptionView]
    next_cursor: str | None


class SubscriptionChangeView(Struct, frozen=True):
    """
    The plan as it is now; null where it has ended.

    ``prorated`` is what the change makes owed (above zero) or leaves over (below): it is for those
    who collect fees, nothing of it moves here, and the statement has it too.  ``fee`` is what was
    paid now, and for which period.
    """

    member_id: str
    changed: bool
    subscription: SubscriptionView | None
    prorated: MoneyView
    fee: FeeView | None


_REFUSALS = ("member_not_found", "account_closed", "programme_not_found", "not_enrolled")


@api.get(
    "/members/{member_id}/subscriptions",
    name="list_subscriptions",
    scope="entitlements:read",
    summary="List a member's paid plans",
    description="With what is paid for, and what follows.",
    query=Page,
    answer=SubscriptionsView,
    member_may=True,
    errors=("member_not_found",),
)
def listed(call: Call[None, Page]) -> Reply:
    """Every plan that runs."""
    member = call.path["member_id"]
    found = read_subscriptions(services_of(call), caller_of(call), member)
    page, cursor = page_of(call, list(found.subscriptions.items()), lambda each: each[0])
    shown = [_view(key, each, found.programmes, found.now) for key, each in page]
    return Reply(SubscriptionsView(member, shown, cursor))


@api.post(
    "/members/{member_id}/subscriptions",
    name="create_subscription",
    scope="subscriptions:write",
    summary="Begin a paid plan",
    description=(
        "With its trial where the member had none yet in the programme; else the first fee counts "
        "as paid."
    ),
    body=SubscriptionBody,
    answer=SubscriptionChangeView,
    status=201,
    idempotent=True,
    errors=(*_REFUSALS, "plan_not_found", "already_subscribed"),
)
def begin(call: Call[SubscriptionBody]) -> Reply:
    """Begin a plan."""
    body = call.body
    command = Subscribe(
        member=call.path["member_id"],
        programme=body.programme,
        plan=body.plan,
        reference=body.reference,
    )
    return _change(call, command, 201)


@api.post(
    "/members/{member_id}/subscriptions/fees",
    name="record_subscription_fee",
    scope="subscriptions:write",
    summary="Report that a fee was paid",
    description=(
        "For the period that has begun unpaid, or for the next; of the plan that follows, where "
        "one does."
    ),
    body=FeeBody,
    answer=SubscriptionChangeView,
    status=201,
    idempotent=True,
    errors=(*_REFUSALS, "not_subscribed", "plan_state", "another_fee_due", "too_many_fees"),
)
def pay(call: Call[FeeBody]) -> Reply:
    """Lengthen what is paid for."""
    body = call.body
    command = PayFee(
        member=call.path["member_id"],
        programme=body.programme,
        plan=body.plan,
        from_on=body.from_on,
        reference=body.reference,
    )
    return _change(call, command, 201)


@api.post(
    "/members/{member_id}/subscriptions/change",
    name="change_subscription",
    scope="subscriptions:write",
    summary="Change to another plan",
    description=(
        "At once, or when what is paid for is over; with what it makes owed or leaves over."
    ),
    body=SubscriptionChangeBody,
    answer=SubscriptionChangeView,
    idempotent=True,
    errors=(*_REFUSALS, "plan_not_found", "not_subscribed", "plan_state"),
)
def change(call: Call[SubscriptionChangeBody]) -> Reply:
    """Take another plan."""
    body = call.body
    command = ChangePlan(
        member=call.path["member_id"], programme=body.programme, plan=body.plan, when=body.when
    )
    return _change(call, command, 200)


@api.post(
    "/members/{member_id}/subscriptions/cancellation",
    name="cancel_subscription",
    scope="subscriptions:write",
    summary="End a paid plan",
    description="When what is paid for is over, or at once with what is left over.",
    body=SubscriptionCancellationBody,
    answer=SubscriptionChangeView,
    idempotent=True,
    errors=(*_REFUSALS, "not_subscribed", "plan_state"),
)
def cancel(call: Call[SubscriptionCancellationBody]) -> Reply:
    """End a plan."""
    body = call.body
    command = CancelPlan(
        member=call.path["member_id"],
        programme=body.programme,
        when=body.when,
        reason=body.reason,
        note=body.note,
    )
    return _change(call, command, 200)


@api.post(
    "/members/{member_id}/subscriptions/pause",
    name="pause_subscription",
    scope="subscriptions:write",
    summary="Pause a paid plan for some months",
    description="It brings nothing meanwhile, and all that is paid for moves on by as many days.",
    body=PlanPauseBody,
    answer=SubscriptionChangeView,
    idempotent=True,
    errors=(*_REFUSALS, "not_subscribed", "plan_state"),
)
def pause(call: Call[PlanPauseBody]) -> Reply:
    """Pause a plan."""
    body = call.body
    command = PausePlan(member=call.path["member_id"], programme=body.programme, months=body.months)
    return _change(call, command, 200)


@api.post(
    "/members/{member_id}/subscriptions/resumption",
    name="resume_subscription",
    scope="subscriptions:write",
    summary="Resume a paid plan that is paused or was cancelled",
    description="Before the pause, or what is paid for, is over.",
    body=PlanResumptionBody,
    answer=SubscriptionChangeView,
    idempotent=True,
    errors=(*_REFUSALS, "not_subscribed", "plan_state"),
)
def resume(call: Call[PlanResumptionBody]) -> Reply:
    """Let a plan run on."""
    command = ResumePlan(member=call.path["member_id"], programme=call.body.programme)
    return _change(call, command, 200)


def _change(call: Call[Any, Any], command: Command, status: int) -> Reply:
    def present(decided: Decided) -> Answer:
        result: Subscribed = decided.results[-1]
        held, programmes, now = result.subscription, decided.programmes, decided.now
        programme = _in_force(result.programme, programmes, now)
        unit = programme.money.currency if programme else ""
        shown = None if held is None else _view(result.programme, held, programmes, now)
        fee = None if result.fee is None else _fee_view(result.fee, unit)
        owed, member = MoneyView(result.prorated, unit), decided.member
        return answer(status, SubscriptionChangeView(member, result.changed, shown, owed, fee))

    return carry_out(call, command, present)


def _view(
    programme_id: str, held: Subscription, programmes: Programmes, now: Instant
) -> SubscriptionView:
    programme = _in_force(programme_id, programmes, now)
    fee = None
    if programme is not None and not held.cancelled:
        fee = _fee_view(next_fee(programme, held), programme.money.currency)
    ends = {held.state: shown_instant(held.state_until)}
    return SubscriptionView(
        programme=programme_id,
        plan=held.plan,
        state="cancelled" if held.cancelled else held.state,
        since_on=held.since_on,
        until_on=held.until_on,
        until=format_instant(held.until),
        trial_until=ends.get("trial"),
        grace_until=ends.get("past_due"),
        resumes_at=ends.get("paused"),
        following=held.following,
        next_fee=fee,
    )


def _in_force(programme_id: str, programmes: Programmes, now: Instant) -> Programme | None:
    version = programmes.in_force(programme_id, now)
    return None if version is None else version.document


def _fee_view(fee: Fee, unit: str) -> FeeView:
    return FeeView(fee.plan, MoneyView(fee.amount, unit), fee.from_on, fee.until_on)
