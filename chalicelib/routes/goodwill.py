"""Goodwill: something is put right at once, within what the role may give in a day."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.mechanics.goodwill import Credited, GiveGoodwill
from chalicelib.domain.programme.fields import Id, Points
from chalicelib.routes.http.calls import answer, carry_out
from chalicelib.routes.http.fields import Note, Reason
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import BalanceView, balances
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.stored import Answer

api = Resource("goodwill")


class GoodwillBody(Body):
    """How much, and for what; ``note`` is sealed."""

    programme: Id
    points: Points
    reason: Reason
    note: Note = ""


class GivenGoodwillView(Struct, frozen=True):
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
    name="give_goodwill",
    scope="goodwill:write",
    summary="Give goodwill",
    description="The programme says for which reasons, and how much each role may give in a day.",
    body=GoodwillBody,
    answer=GivenGoodwillView,
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
        result: Credited = decided.results[-1]
        view = GivenGoodwillView(
            member_id=decided.member,
            version=decided.version,
            programme=body.programme,
            currency=result.currency,
            points=result.points,
            daily_limit=result.daily_limit,
            expires_on=result.expires_on,
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        )
        return answer(201, view)

    return carry_out(call, command, present)
