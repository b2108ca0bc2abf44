"""Subscriptions: paid plans that are begun, paid, changed, paused and ended."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.mechanics.plan_pauses import PausePlan, ResumePlan
from chalicelib.domain.mechanics.subscriptions import (
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
    Subscribed,
    When,
)
from chalicelib.domain.programme.fields import Id, LocalDate
from chalicelib.routes.http.calls import answer, caller_of, carry_out, page_of, services_of
from chalicelib.routes.http.fields import Note, OptionalReason, PaymentReference
from chalicelib.routes.http.operation import Body, Call, Page, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.pricing import MoneyView
from chalicelib.routes.subscription_views import (
    FeeView,
    SubscriptionView,
    fee_view,
    in_force,
    subscription_view,
)
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_subscriptions import read_subscriptions
from chalicelib.usecases.reverse_payment import payment_hash
from chalicelib.usecases.stored import Answer

api = Resource("subscriptions")


class SubscriptionBody(Body):
    """Which plan begins; ``reference`` names the payment of the first fee, once."""

    programme: Id
    plan: Id
    reference: PaymentReference = ""


class FeeBody(Body):
    """
    Which programme's fee was paid; ``reference`` names the payment, once.

    With ``plan``, or ``from_on``, the first day of its period, it is refused where another is due.
    """

    programme: Id
    plan: Id | None = None
    from_on: LocalDate | None = None
    reference: PaymentReference = ""


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


class MemberSubscriptionsView(Struct, frozen=True):
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
    answer=MemberSubscriptionsView,
    member_may=True,
    delegates="balance",
    errors=("member_not_found",),
)
def listed(call: Call[None, Page]) -> Reply:
    """Return every plan that runs."""
    found = read_subscriptions(services_of(call), caller_of(call), call.path["member_id"])
    page, cursor = page_of(call, list(found.subscriptions.items()), lambda each: each[0])
    shown = [subscription_view(key, each, found.programmes, found.now) for key, each in page]
    return Reply(MemberSubscriptionsView(call.path["member_id"], shown, cursor))


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
    errors=(*_REFUSALS, "plan_not_found", "already_subscribed", "payment_known"),
)
def begin(call: Call[SubscriptionBody]) -> Reply:
    """Begin a plan."""
    body = call.body
    command = Subscribe(
        member=call.path["member_id"],
        programme=body.programme,
        plan=body.plan,
        reference=body.reference,
        payment=payment_hash(services_of(call), caller_of(call), body.reference),
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
    errors=(
        *_REFUSALS,
        "not_subscribed",
        "plan_state",
        "another_fee_due",
        "too_many_fees",
        "payment_known",
    ),
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
        payment=payment_hash(services_of(call), caller_of(call), body.reference),
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
        programme = in_force(result.programme, programmes, now)
        unit = programme.money.currency if programme else ""
        shown = None if held is None else subscription_view(result.programme, held, programmes, now)
        fee = None if result.fee is None else fee_view(result.fee, unit)
        owed, member = MoneyView(result.prorated, unit), decided.member
        return answer(status, SubscriptionChangeView(member, result.changed, shown, owed, fee))

    return carry_out(call, command, present)
