"""Payments that were reported here and went back to who made them."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.decide.mechanic import PaymentKind
from chalicelib.domain.ledger.events import PaymentReversed
from chalicelib.domain.mechanics.payment_reversals import PaymentUndone
from chalicelib.domain.mechanics.plans import SUBSCRIPTIONS
from chalicelib.routes.http.calls import answer, caller_of, identity_of, reply, services_of
from chalicelib.routes.http.fields import DryRun, Note, OptionalReason, PaymentReference
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.pricing import MoneyView
from chalicelib.routes.reversal_views import (
    TakenBackView,
    UnitsChangedView,
    taken_back,
    units_changed,
)
from chalicelib.routes.subscription_views import SubscriptionView, in_force, subscription_view
from chalicelib.routes.views import (
    BalanceView,
    MovementView,
    TierChangeView,
    balances,
    movement,
    tier_change,
)
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.reverse_payment import reverse_payment
from chalicelib.usecases.stored import Answer

api = Resource("payments")


class PaymentReversalBody(Body):
    """Which payment went back, by the reference under which it was reported."""

    reference: PaymentReference
    reason: OptionalReason = ""
    note: Note = ""


class UndonePaymentView(Struct, frozen=True):
    """
    What went back: a `top_up` of the wallet ``id``, or a `plan_fee` or `gift_card` of that id.

    ``prorated`` is what is owed for it besides, above zero, or left over, below: what changes, a
    cancellation or the end of the plan had stated of the fee, the other way round.
    """

    kind: PaymentKind
    programme: str
    id: str
    amount: MoneyView
    prorated: MoneyView


class PaymentReversalView(Struct, frozen=True):
    """
    What followed from a payment that went back; ``changed`` is false where it had before.

    Of a payment that was a member's, or for a gift card, which is cancelled by it, the other id is
    null.  ``returned`` is value that went with it, ``subscription`` the plan as it is now, null
    where there is none or it has ended.  ``movements`` are all that was moved of value.
    """

    member_id: str | None
    gift_card_id: str | None
    changed: bool
    payment: UndonePaymentView | None
    returned: list[TakenBackView]
    subscription: SubscriptionView | None
    units: list[UnitsChangedView]
    tier_changes: list[TierChangeView]
    movements: list[MovementView]
    balances: list[BalanceView]


@api.post(
    "/payments/reversals",
    name="reverse_payment",
    scope="reversals:write",
    summary="Reverse a top-up, a plan's fee or a gift card's sale by the payment's reference",
    description=(
        "For a chargeback: what was paid for goes too. Spent value of a wallet becomes a deficit, "
        "is written off or refuses the reversal, as its `negative_balance` says; a gift card "
        "ends, whatever was spent. The last period that a plan's fees paid for is unpaid again: "
        "past due where it has begun. The answer states everything that follows; with `dry_run` "
        "it does so beforehand: nothing is written and the status is 200, as it is where the "
        "payment went back before."
    ),
    body=PaymentReversalBody,
    query=DryRun,
    answer=PaymentReversalView,
    status=201,
    also=(200,),
    idempotent=True,
    limited="asked",
    errors=("payment_not_found", "account_closed", "programme_not_found", "already_spent"),
)
def reverse(call: Call[PaymentReversalBody, DryRun]) -> Reply:
    """Undo what a payment was for."""
    body, dry_run = call.body, call.query.dry_run

    def present(decided: Decided) -> Answer:
        result: PaymentUndone = decided.results[-1]
        status = 201 if result.changed and not dry_run else 200
        return answer(status, _reversal_view(decided, result))

    return reply(
        reverse_payment(
            services_of(call),
            caller_of(call),
            body.reference,
            present,
            identity_of(call),
            reason=body.reason,
            note=body.note,
            dry_run=dry_run,
        )
    )


def _reversal_view(decided: Decided, result: PaymentUndone) -> PaymentReversalView:
    payment = result.payment
    of_card = decided.account.holder == "gift_card"
    return PaymentReversalView(
        member_id=None if of_card else decided.member,
        gift_card_id=decided.member if of_card else None,
        changed=result.changed,
        payment=_payment_view(decided, result),
        returned=taken_back(result.returned),
        subscription=None if payment is None else _subscription(decided, payment),
        units=units_changed(result.units),
        tier_changes=[tier_change(moved) for moved in result.tier_changes],
        movements=[movement(each) for each in result.event.postings] if result.event else [],
        balances=balances(decided.account, decided.programmes, decided.now, "en"),
    )


def _payment_view(decided: Decided, result: PaymentUndone) -> UndonePaymentView | None:
    payment = result.payment
    if payment is None or result.kind is None:
        return None
    programme = in_force(payment.programme, decided.programmes, decided.now)
    unit = programme.money.currency if programme else ""
    return UndonePaymentView(
        result.kind,
        payment.programme,
        payment.id,
        MoneyView(payment.amount, unit),
        MoneyView(payment.prorated, unit),
    )


def _subscription(decided: Decided, payment: PaymentReversed) -> SubscriptionView | None:
    held = SUBSCRIPTIONS.get(decided.account, payment.programme)
    if payment.section != "plans" or held is None:
        return None
    return subscription_view(payment.programme, held, decided.programmes, decided.now)
