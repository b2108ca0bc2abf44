"""Goodwill: something is put right at once, within what the role may give in a day."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.domain.mechanics.goodwill import GiveGoodwill, Given
from chalicelib.domain.programme import Id, Points
from chalicelib.routes.calls import answer, carry_out
from chalicelib.routes.http import Body, Call, Reply, Resource
from chalicelib.routes.views import BalanceView, balances
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.ports import Answer

api = Resource("goodwill")


class GoodwillBody(Body):
    """How much, and for what; ``note`` is sealed."""

    programme: Id
    points: Points
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    note: Annotated[str, Meta(max_length=1000)] = ""


class GoodwillView(Struct, frozen=True):
    """What was credited; ``daily_limit`` is what your role may give in a day, over all members."""

    member_id: str
    version: int
    programme: str
    currency: str
    points: int
    daily_limit: int
    expires_on: str | None
    balances: list[BalanceView]


@api.post(
    "/members/{member_id}/goodwill",
    scope="goodwill:write",
    summary="Put something right",
    description="The programme says for which reasons, and how much each role may give in a day.",
    body=GoodwillBody,
    answer=GoodwillView,
    status=201,
    idempotent=True,
    errors=(
        "member_not_found",
        "account_closed",
        "programme_not_found",
        "not_enrolled",
        "goodwill_not_allowed",
        "goodwill_limit",
        "unknown_reason",
        "too_much_goodwill",
    ),
)
def give(call: Call[GoodwillBody]) -> Reply:
    """Credit it, from the giver's own budget."""
    body = call.body
    command = GiveGoodwill(
        member=call.path["member_id"],
        programme=body.programme,
        points=body.points,
        reason=body.reason,
        note=body.note,
    )

    def present(decided: Decided) -> Answer:
        told: Given = decided.results[-1]
        view = GoodwillView(
            member_id=decided.member,
            version=decided.account.version,
            programme=body.programme,
            currency=told.currency,
            points=told.points,
            daily_limit=told.daily_limit,
            expires_on=told.expires_on,
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        )
        return answer(201, view)

    return carry_out(call, command, present)
