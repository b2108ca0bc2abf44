"""Adjustments: a balance corrected by hand."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.money import MAX_AMOUNT
from chalicelib.domain.mechanics.adjustment import Adjust, Adjusted
from chalicelib.domain.programme.fields import UNITS_OF_VALUE, Id
from chalicelib.routes.http.calls import answer, carry_out
from chalicelib.routes.http.fields import DryRun, Note, Reason
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import BalanceView, balances
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.stored import Answer

api = Resource("adjustments")


class AdjustmentBody(Body):
    """How much to give (above zero) or to take, and why; ``note`` is sealed."""

    programme: Id
    currency: Id
    amount: Annotated[
        int,
        Meta(
            ge=-MAX_AMOUNT,
            le=MAX_AMOUNT,
            description=UNITS_OF_VALUE,
            extra_json_schema={"not": {"const": 0}},
        ),
    ]
    reason: Reason
    note: Note = ""


class AdjustmentView(Struct, frozen=True):
    """What was given or taken."""

    member_id: str
    version: int
    programme: str
    currency: str
    amount: int
    expires_on: str | None
    balances: list[BalanceView]


@api.post(
    "/members/{member_id}/adjustments",
    name="adjust_balance",
    scope="adjustments:write",
    summary="Correct a balance, with a reason",
    description="With `dry_run` nothing is written and the status is 200.",
    body=AdjustmentBody,
    query=DryRun,
    answer=AdjustmentView,
    status=201,
    also=(200,),
    idempotent=True,
    errors=(
        "member_not_found",
        "account_closed",
        "programme_not_found",
        "not_enrolled",
        "unknown_currency",
        "insufficient_points",
    ),
)
def adjust(call: Call[AdjustmentBody, DryRun]) -> Reply:
    """Give or take value by hand."""
    body, dry_run = call.body, call.query.dry_run
    if body.amount == 0:
        raise Invalid(
            "invalid_body",
            "The body breaks the schema; see errors.",
            errors=[{"pointer": "/amount", "detail": "must not be 0"}],
        )
    command = Adjust(
        member=call.path["member_id"],
        programme=body.programme,
        currency=body.currency,
        amount=body.amount,
        reason=body.reason,
        note=body.note,
    )

    def present(decided: Decided) -> Answer:
        adjusted: Adjusted = decided.results[-1]
        view = AdjustmentView(
            member_id=decided.member,
            version=decided.version,
            programme=body.programme,
            currency=body.currency,
            amount=adjusted.amount,
            expires_on=adjusted.expires_on,
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        )
        return answer(200 if dry_run else 201, view)

    return carry_out(call, command, present, dry_run=dry_run)
