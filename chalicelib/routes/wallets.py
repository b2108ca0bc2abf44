"""Wallets: money that is paid in, to pay for purchases here."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.mechanics.wallets import ToppedUp, TopUp
from chalicelib.domain.programme.fields import Id, MinorUnits
from chalicelib.routes.http.calls import answer, caller_of, carry_out, services_of
from chalicelib.routes.http.fields import PaymentReference
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import BalanceView, balances
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.reverse_payment import payment_hash
from chalicelib.usecases.stored import Answer

api = Resource("wallets")


class TopUpBody(Body):
    """
    How much was paid in, in minor units of the programme's money.

    ``reference`` names the payment, once: under it the payment is reversed.
    """

    programme: Id
    currency: Id
    amount: MinorUnits
    reference: PaymentReference = ""


class TopUpPartView(Struct, frozen=True):
    """A part of what was paid in: ``percent`` off what is paid from it."""

    amount: int
    percent: int


class TopUpView(Struct, frozen=True):
    """
    What was paid in, in parts by the percentage off, until the end of ``expires_on``.

    Of it, ``settled`` made good what the wallet owed: the first of the parts, as far as it goes.
    """

    member_id: str
    version: int
    programme: str
    currency: str
    amount: int
    settled: int
    parts: list[TopUpPartView]
    expires_on: str | None
    balances: list[BalanceView]


@api.post(
    "/members/{member_id}/top-ups",
    name="create_top_up",
    scope="wallets:write",
    summary="Pay money into a prepaid wallet",
    description=(
        "The amount, alone or with other top-ups, decides the percentage off what is paid from it. "
        "It is not paid out. Two payments have two references; one that is on record already is "
        "refused."
    ),
    body=TopUpBody,
    answer=TopUpView,
    status=201,
    idempotent=True,
    errors=(
        "member_not_found",
        "account_closed",
        "programme_not_found",
        "not_enrolled",
        "unknown_currency",
        "payment_known",
    ),
)
def add(call: Call[TopUpBody]) -> Reply:
    """Open a lot with its own rate."""
    body = call.body
    command = TopUp(
        member=call.path["member_id"],
        programme=body.programme,
        currency=body.currency,
        amount=body.amount,
        reference=body.reference,
        payment=payment_hash(services_of(call), caller_of(call), body.reference),
    )

    def present(decided: Decided) -> Answer:
        result: ToppedUp = decided.results[-1]
        view = TopUpView(
            member_id=decided.member,
            version=decided.version,
            programme=body.programme,
            currency=result.currency,
            amount=result.amount,
            settled=result.settled,
            parts=[TopUpPartView(part.amount, part.percent) for part in result.parts],
            expires_on=result.expires_on,
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        )
        return answer(201, view)

    return carry_out(call, command, present)
