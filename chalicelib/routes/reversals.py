"""Activities taken back, whole, by lines or by an amount."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import Reversed
from chalicelib.domain.programme.fields import MinorUnits
from chalicelib.domain.spelling import tidy
from chalicelib.routes.calls import answer, caller_of, identity_of, reply, services_of
from chalicelib.routes.fields import Amount, ExternalRef, LineId, Note, OptionalReason, Source
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Body, Call, Reply
from chalicelib.routes.views import (
    BalanceView,
    OutcomeView,
    TierChangeView,
    balances,
    outcome_views,
    tier_change,
)
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.reverse_activity import Reversal, reverse_activity
from chalicelib.usecases.stored import Answer

api = Resource("reversals")


class ReversedLine(Body):
    """A line that comes back; all that is left of it where nothing is said."""

    id: Annotated[LineId, Meta(min_length=1)]
    amount: Amount | None = None
    quantity: Annotated[int, Meta(ge=0, le=10**9)] | None = None


class ReversalBody(Body):
    """Which activity comes back, and how much: all that is left where nothing is said."""

    source: Source
    external_id: ExternalRef
    lines: Annotated[list[ReversedLine], Meta(max_length=100)] = field(default_factory=list)
    amount: MinorUnits | None = None
    reason: OptionalReason = ""
    note: Note = ""


class TakenBackView(Struct, frozen=True):
    """What was taken back of a currency: ``deficit`` of it as debt, ``written_off`` not at all."""

    programme: str
    currency: str
    amount: int
    deficit: int
    written_off: int


class ReversalView(Struct, frozen=True):
    """What followed from a reversal; ``changed`` is false where nothing was left."""

    member_id: str
    changed: bool
    fully_reversed: bool
    remaining_amount: int | None
    returned: list[TakenBackView]
    tier_changes: list[TierChangeView]
    outcomes: list[OutcomeView]
    balances: list[BalanceView]


@api.post(
    "/activities/reversals",
    name="reverse_activity",
    scope="reversals:write",
    summary="Take an activity back, whole, by lines or by an amount",
    description="200 where nothing was left to take back.",
    body=ReversalBody,
    answer=ReversalView,
    status=201,
    also=(200,),
    idempotent=True,
    errors=(
        "activity_not_found",
        "source_not_allowed",
        "account_closed",
        "lines_required",
        "no_amount",
        "unknown_line",
        "exceeds_remaining",
        "already_spent",
    ),
)
def reverse(call: Call[ReversalBody]) -> Reply:
    """Take an activity back; what it earned is evaluated anew on what remains."""
    body = call.body
    lines = tuple(LineReversal(tidy(line.id), line.amount, line.quantity) for line in body.lines)
    reversal = Reversal(body.source, body.external_id, lines, body.amount, body.reason, body.note)
    return reply(
        reverse_activity(
            services_of(call), caller_of(call), reversal, _present_reversal, identity_of(call)
        )
    )


def _present_reversal(decided: Decided) -> Answer:
    result: Reversed = decided.results[-1]
    returned = []
    for each in result.returned:
        programme, _, currency = each.currency.partition("/")
        returned.append(
            TakenBackView(programme, currency, each.amount, each.deficit, each.written_off)
        )
    return answer(
        201 if result.changed else 200,
        ReversalView(
            member_id=decided.member,
            changed=result.changed,
            fully_reversed=not result.remaining.whole,
            remaining_amount=result.remaining.amount,
            returned=returned,
            tier_changes=[tier_change(moved) for moved in result.tier_changes],
            outcomes=outcome_views(result.remaining.outcomes),
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        ),
    )
