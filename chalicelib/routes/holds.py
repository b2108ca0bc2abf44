"""Holds: value that is set aside, and then captured or released."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.holds import (
    CaptureHold,
    Ended,
    ExtendHold,
    Hold,
    Minutes,
    Placed,
    PlaceHold,
    ReleaseHold,
)
from chalicelib.domain.programme.fields import Id, Points
from chalicelib.routes.http.calls import answer, caller_of, carry_out, page_of, services_of
from chalicelib.routes.http.fields import Note, OptionalReason, Token
from chalicelib.routes.http.operation import Body, Call, Page, Reply, Timestamp
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import BalanceView, balances
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_holds import read_holds
from chalicelib.usecases.stored import Answer

api = Resource("holds")


class HoldBody(Body):
    """How much to set aside, and for how long; ``reference`` is sealed."""

    programme: Id
    currency: Id
    amount: Points
    minutes: Minutes | None = None
    reference: Token = ""


class HoldCaptureBody(Body):
    """How much to spend: all of it where nothing is said; the rest is released."""

    amount: Points | None = None
    reference: Token = ""


class HoldReleaseBody(Body):
    """Why it is given up."""

    reason: OptionalReason = ""
    note: Note = ""


class HoldExtensionBody(Body):
    """Until how many minutes from now the hold is to stay open."""

    minutes: Minutes


class HoldView(Struct, frozen=True):
    """An open hold: it expires at ``expires_at``, and can be kept until ``latest``."""

    hold_id: str
    programme: str
    currency: str
    amount: int
    placed_at: str
    expires_at: str
    latest: Timestamp


class PlacedHoldView(Struct, frozen=True):
    """An open hold, and the balances that it lowers."""

    member_id: str
    hold: HoldView
    balances: list[BalanceView]


class EndedHoldView(Struct, frozen=True):
    """
    What of a hold was spent, and what of it was released.

    Of what was released, ``expired`` did so at once: its last day had passed meanwhile.
    """

    member_id: str
    hold_id: str
    programme: str
    currency: str
    captured: int
    released: int
    expired: int
    balances: list[BalanceView]


class MemberHoldsView(Struct, frozen=True):
    """Every hold that is open."""

    member_id: str
    holds: list[HoldView]
    next_cursor: str | None


_ENDING = ("member_not_found", "account_closed", "hold_not_found", "hold_ended")


@api.get(
    "/members/{member_id}/holds",
    name="list_holds",
    scope="balances:read",
    summary="List the open holds of a member",
    description="The first to be placed first.",
    query=Page,
    answer=MemberHoldsView,
    member_may=True,
    delegates="balance",
)
def listed(call: Call[None, Page]) -> Reply:
    """Return every hold that is open now."""
    member = call.path["member_id"]
    found = read_holds(services_of(call), caller_of(call), member).holds
    page, cursor = page_of(call, sorted(found.items()), lambda each: each[0])
    return Reply(MemberHoldsView(member, [_view(hold_id, hold) for hold_id, hold in page], cursor))


@api.post(
    "/members/{member_id}/holds",
    name="place_hold",
    scope="holds:write",
    summary="Set value aside",
    description=(
        "What is available is lower from then on. Without `minutes` it is open as long as the "
        "programme says, 15 minutes unless it says otherwise."
    ),
    body=HoldBody,
    answer=PlacedHoldView,
    status=201,
    idempotent=True,
    errors=(
        "member_not_found",
        "account_closed",
        "programme_not_found",
        "not_enrolled",
        "unknown_currency",
        "insufficient_points",
        "hold_too_long",
        "too_many_holds",
    ),
)
def place(call: Call[HoldBody]) -> Reply:
    """Pin lots in the order in which they would be spent."""
    body = call.body
    command = PlaceHold(
        member=call.path["member_id"],
        programme=body.programme,
        currency=body.currency,
        amount=body.amount,
        hold_id=services_of(call).new_id("hold"),
        minutes=body.minutes,
        reference=body.reference,
    )
    return _change(call, command, 201)


@api.post(
    "/members/{member_id}/holds/{hold_id}/capture",
    name="capture_hold",
    scope="holds:write",
    summary="Spend a hold, or a part of it",
    description="Once: what is not captured is released.",
    body=HoldCaptureBody,
    answer=EndedHoldView,
    idempotent=True,
    errors=(*_ENDING, "exceeds_hold"),
)
def capture(call: Call[HoldCaptureBody]) -> Reply:
    """Spend what was set aside, also where it has expired since."""
    body = call.body
    command = CaptureHold(
        member=call.path["member_id"],
        hold_id=call.path["hold_id"],
        amount=body.amount,
        reference=body.reference,
    )
    return _change(call, command, 200)


@api.post(
    "/members/{member_id}/holds/{hold_id}/release",
    name="release_hold",
    scope="holds:write",
    summary="Give a hold up",
    description="Its value is available again, but for what has expired since.",
    body=HoldReleaseBody,
    answer=EndedHoldView,
    idempotent=True,
    errors=_ENDING,
)
def release(call: Call[HoldReleaseBody]) -> Reply:
    """Make its value available again, or say what of it has expired since."""
    command = ReleaseHold(
        member=call.path["member_id"],
        hold_id=call.path["hold_id"],
        reason=call.body.reason,
        note=call.body.note,
    )
    return _change(call, command, 200)


@api.post(
    "/members/{member_id}/holds/{hold_id}/extension",
    name="extend_hold",
    scope="holds:write",
    summary="Keep a hold open for longer",
    description="An end that is later already stays as it is.",
    body=HoldExtensionBody,
    answer=PlacedHoldView,
    idempotent=True,
    errors=(*_ENDING, "hold_too_long"),
)
def extend(call: Call[HoldExtensionBody]) -> Reply:
    """Move the end of a hold, never past its latest."""
    command = ExtendHold(
        member=call.path["member_id"], hold_id=call.path["hold_id"], minutes=call.body.minutes
    )
    return _change(call, command, 200)


def _change(
    call: Call[Any, Any], command: PlaceHold | CaptureHold | ReleaseHold | ExtendHold, status: int
) -> Reply:
    def present(decided: Decided) -> Answer:
        result: Placed | Ended = decided.results[-1]
        left = balances(decided.account, decided.programmes, decided.now, "en")
        if isinstance(result, Placed):
            view = PlacedHoldView(decided.member, _view(result.hold_id, result.hold), left)
            return answer(status, view)
        currency = result.currency.partition("/")[2]
        ended = EndedHoldView(
            decided.member,
            result.hold_id,
            result.programme,
            currency,
            result.captured,
            result.released,
            result.expired,
            left,
        )
        return answer(status, ended)

    return carry_out(call, command, present)


def _view(hold_id: str, hold: Hold) -> HoldView:
    return HoldView(
        hold_id=hold_id,
        programme=hold.programme,
        currency=hold.currency.partition("/")[2],
        amount=hold.amount,
        placed_at=format_instant(hold.placed_at),
        expires_at=format_instant(hold.expires_at),
        latest=format_instant(hold.latest),
    )
