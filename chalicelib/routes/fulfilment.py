"""Fulfilment: staff say how far the goods of a redemption are."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.fulfilment import Advanced, AdvanceFulfilment, Step
from chalicelib.domain.mechanics.redemptions import Fulfilment, State
from chalicelib.routes.http.calls import answer, carry_out
from chalicelib.routes.http.fields import Note
from chalicelib.routes.http.operation import Body, Call, Reply, Timestamp
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.stored import Answer

api = Resource("fulfilment")


class FulfilmentBody(Body):
    """How far the goods are now; ``note`` is sealed."""

    fulfilment: Step
    note: Note = ""


class FulfilledView(Struct, frozen=True):
    """How far the goods are; ``changed`` is false where they were there already."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    fulfilment: Fulfilment
    state: State
    changed: bool
    changed_at: Timestamp


@api.post(
    "/members/{member_id}/redemptions/{redemption_id}/fulfilment",
    name="advance_fulfilment",
    scope="vouchers:write",
    summary="Say how far the goods of a redemption are",
    description=(
        "Forward only: ready, sent, delivered. From `ready` on its voucher does not expire, from "
        "`sent` on it cannot be cancelled, and `delivered` uses it."
    ),
    body=FulfilmentBody,
    answer=FulfilledView,
    idempotent=True,
    errors=(
        "member_not_found",
        "redemption_not_found",
        "nothing_to_fulfil",
        "fulfilled_further",
        "voucher_cancelled",
        "voucher_expired",
    ),
)
def advance(call: Call[FulfilmentBody]) -> Reply:
    """Move the goods of an `ordered` reward on."""

    def present(decided: Decided) -> Answer:
        result: Advanced = decided.results[-1]
        redemption = result.redemption
        view = FulfilledView(
            redemption_id=redemption.id,
            member_id=redemption.member,
            programme=redemption.programme,
            reward=redemption.reward,
            fulfilment=redemption.fulfilment or "ordered",
            state=redemption.state,
            changed=result.changed,
            changed_at=format_instant(redemption.moved_at or redemption.issued_at),
        )
        return answer(200, view)

    command = AdvanceFulfilment(
        member=call.path["member_id"],
        redemption_id=call.path["redemption_id"],
        to=call.body.fulfilment,
        note=call.body.note,
    )
    return carry_out(call, command, present)
