"""Subscriptions: paid plans that are begun, paid, changed and ended."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.plans import Subscription
from chalicelib.domain.mechanics.subscriptions import (
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
    Subscribed,
    When,
)
from chalicelib.domain.programme.fields import Id
from chalicelib.routes.calls import answer, caller_of, carry_out, services_of
from chalicelib.routes.fields import ShortText
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Body, Call, Reply
from chalicelib.routes.pricing import MoneyView
from chalicelib.routes.views import when as shown_instant
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_subscriptions import read_subscriptions
from chalicelib.usecases.stored import Answer

api = Resource("subscriptions")


class SubscribeBody(Body):
    """Which plan begins; ``reference`` of the first fee is sealed."""

    programme: Id
    plan: Id
    reference: ShortText = ""


class FeeBody(Body):
    """Which programme's fee was paid; ``reference`` is sealed."""

    programme: Id
    reference: ShortText = ""


class PlanChangeBody(Body):
    """Which plan takes the place of the one that runs, and when."""

    programme: Id
    plan: Id
    when: When = "now"


class PlanEndBody(Body):
    """When the plan ends, and why."""

    programme: Id
    when: When = "period_end"
    reason: ShortText = ""


class SubscriptionView(Struct, frozen=True):
    """
    A plan that runs: `trial`, `active`, `past_due` (through its grace) or `cancelled` (to its end).

    It is paid for, or free, to the end of ``until_on``; without a fee it ends at ``grace_until``.
    ``following`` is the plan that takes its place then.
    """

    programme: str
    plan: str
    state: str
    since_on: str
    until_on: str
    until: str
    grace_until: str | None
    following: str | None


class SubscriptionsView(Struct, frozen=True):
    """Every plan of a member, one in a programme at most."""

    member_id: str
    subscriptions: list[SubscriptionView]


class SubscribedView(Struct, frozen=True):
    """
    The plan as it is now; null where it has ended.

    ``prorated`` is what the change makes owed (above zero) or leaves over (below): it is for those
    who collect fees, nothing of it moves here.
    """

    member_id: str
    changed: bool
    subscription: SubscriptionView | None
    prorated: MoneyView


_REFUSALS = ("member_not_found", "account_closed", "programme_not_found", "not_enrolled")


@api.get(
    "/members/{member_id}/subscriptions",
    name="list_subscriptions",
    scope="entitlements:read",
    summary="List a member's paid plans",
    answer=SubscriptionsView,
    member_may=True,
    errors=("member_not_found",),
)
def listed(call: Call) -> Reply:
    """Every plan that runs."""
    member = call.path["member_id"]
    found = read_subscriptions(services_of(call), caller_of(call), member).subscriptions
    return Reply(SubscriptionsView(member, [_view(key, each) for key, each in found.items()]))


@api.post(
    "/members/{member_id}/subscriptions",
    name="create_subscription",
    scope="subscriptions:write",
    summary="Begin a paid plan",
    description=(
        "With its trial where the member had none yet in the programme; else the first fee counts "
        "as paid."
    ),
    body=SubscribeBody,
    answer=SubscribedView,
    status=201,
    idempotent=True,
    errors=(*_REFUSALS, "plan_not_found", "already_subscribed"),
)
def begin(call: Call[SubscribeBody]) -> Reply:
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
    description="For the period that has begun unpaid, or for the next.",
    body=FeeBody,
    answer=SubscribedView,
    status=201,
    idempotent=True,
    errors=(*_REFUSALS, "not_subscribed"),
)
def pay(call: Call[FeeBody]) -> Reply:
    """Lengthen what is paid for."""
    body = call.body
    command = PayFee(
        member=call.path["member_id"], programme=body.programme, reference=body.reference
    )
    return _change(call, command, 201)


@api.post(
    "/members/{member_id}/subscriptions/change",
    name="change_subscription",
    scope="subscriptions:write",
    summary="Change to another plan",
    description="At once, with what it makes owed or leaves over, or when the period ends.",
    body=PlanChangeBody,
    answer=SubscribedView,
    idempotent=True,
    errors=(*_REFUSALS, "plan_not_found", "not_subscribed"),
)
def change(call: Call[PlanChangeBody]) -> Reply:
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
    body=PlanEndBody,
    answer=SubscribedView,
    idempotent=True,
    errors=(*_REFUSALS, "not_subscribed"),
)
def cancel(call: Call[PlanEndBody]) -> Reply:
    """End a plan."""
    body = call.body
    command = CancelPlan(
        member=call.path["member_id"], programme=body.programme, when=body.when, reason=body.reason
    )
    return _change(call, command, 200)


def _change(
    call: Call[Any, Any], command: Subscribe | PayFee | ChangePlan | CancelPlan, status: int
) -> Reply:
    def present(decided: Decided) -> Answer:
        result: Subscribed = decided.results[-1]
        held = result.subscription
        version = decided.programmes.in_force(result.programme, decided.now)
        unit = version.document.money.currency if version else ""
        view = SubscribedView(
            decided.member,
            result.changed,
            None if held is None else _view(result.programme, held),
            MoneyView(result.prorated, unit),
        )
        return answer(status, view)

    return carry_out(call, command, present)


def _view(programme: str, held: Subscription) -> SubscriptionView:
    return SubscriptionView(
        programme=programme,
        plan=held.plan,
        state=held.state,
        since_on=held.since_on,
        until_on=held.until_on,
        until=format_instant(held.until),
        grace_until=shown_instant(held.grace_until),
        following=held.following,
    )
