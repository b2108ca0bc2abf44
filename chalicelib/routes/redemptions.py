"""
Redemptions: rewards that were paid for, with the vouchers that stand for them.

One module because all of its operations answer with the same redemption.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from chalicelib.domain import voucher_code
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.mechanics.redemptions import (
    CancelRedemption,
    Fulfilment,
    Redemption,
    RedemptionState,
    State,
    redemption_state,
)
from chalicelib.domain.programme.fields import Id
from chalicelib.domain.spelling import tidy
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    carry_out,
    cursor_of,
    identity_of,
    programme_wanted,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import AT_LOCATION, DryRun, Label, Note, OptionalReason
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import BalanceView, balances, when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.list_redemptions import list_redemptions
from chalicelib.usecases.redeem_reward import (
    Wish,
    code_of,
    read_redemption,
    redeem_reward,
    redemption_in,
    sealed_code,
)
from chalicelib.usecases.searching import Wanted
from chalicelib.usecases.stored import Answer

api = Resource("redemptions")


class RedemptionBody(Body):
    """What to redeem."""

    programme: Id
    reward: Id
    location: Label = ""


class RedemptionCancellationBody(Body):
    """Why it is taken back."""

    reason: OptionalReason = ""
    note: Note = ""


class VoucherView(Struct, frozen=True):
    """The voucher of a redemption."""

    code: str
    expires_on: str | None
    expires_at: str | None


class RedemptionView(Struct, frozen=True):
    """A reward that was paid for; without a voucher where what it gives is there at once."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    currency: str
    price: int
    state: Literal["dry_run", "issued", "used", "cancelled"]
    issued_at: str
    voucher: VoucherView | None
    balances: list[BalanceView]


class RedemptionDetailsView(Struct, frozen=True):
    """A reward that was paid for; of its voucher's code only the end is shown."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    currency: str
    price: int
    state: RedemptionState
    fulfilment: Fulfilment | None
    issued_at: str
    changed_at: str | None
    voucher: VoucherView | None


class RedemptionQuery(PeriodPage, kw_only=True, frozen=True):
    """Which redemptions to list, by when they were made."""

    state: RedemptionState | None = None
    fulfilment: Fulfilment | None = None
    programme: Id | None = None
    reward: Id | None = None


class MemberRedemptionsView(Struct, frozen=True):
    """A page of what a member redeemed, the latest first; it may be short and yet not the last."""

    member_id: str
    redemptions: list[RedemptionDetailsView]
    next_cursor: str | None


class CancelledRedemptionView(Struct, frozen=True):
    """
    A redemption taken back: its whole price is ``restored``, ``expired`` of it at once.

    That happens to value whose last day has passed, where its currency grants no least life.
    """

    redemption_id: str
    member_id: str
    state: State
    restored: int
    expired: int
    currency: str
    balances: list[BalanceView]


_OBSTACLES = (
    "member_not_found",
    "account_closed",
    "programme_not_found",
    "not_enrolled",
    "reward_not_found",
    "given_by_staff",
    "reward_not_available",
    "not_at_location",
    "tier_required",
    "limit_reached",
    "insufficient_points",
    "out_of_stock",
    "tier_held",
    "policy_forbids",
    *AT_LOCATION,
)


@api.post(
    "/members/{member_id}/redemptions",
    name="redeem_reward",
    scope="redemptions:write",
    summary="Redeem a reward",
    description=(
        "The answer has the voucher's code. With `dry_run` nothing is written, there is no code, "
        "and the status is 200."
    ),
    body=RedemptionBody,
    query=DryRun,
    answer=RedemptionView,
    status=201,
    also=(200,),
    idempotent=True,
    member_may=True,
    delegates="redeem",
    errors=_OBSTACLES,
)
def redeem(call: Call[RedemptionBody, DryRun]) -> Reply:
    """Pay for a reward and issue its voucher."""
    body, dry_run = call.body, call.query.dry_run

    def present(decided: Decided) -> Answer:
        redemption = redemption_in(decided)
        code = "" if dry_run else sealed_code(redemption.id)
        view = RedemptionView(
            redemption_id=redemption.id,
            member_id=decided.member,
            programme=redemption.programme,
            reward=redemption.reward,
            currency=redemption.currency.partition("/")[2],
            price=redemption.price,
            state="dry_run" if dry_run else redemption.state,
            issued_at=format_instant(redemption.issued_at),
            voucher=_voucher(redemption, code),
            balances=_balances(decided),
        )
        return answer(200 if dry_run else 201, view)

    return reply(
        redeem_reward(
            services_of(call),
            caller_of(call),
            call.path["member_id"],
            Wish(body.programme, body.reward, tidy(body.location)),
            present,
            identity_of(call),
            dry_run=dry_run,
        )
    )


@api.get(
    "/members/{member_id}/redemptions/{redemption_id}",
    name="read_redemption",
    scope="rewards:read",
    summary="Read a redemption",
    description="Whether it was used, and until when it can be. Its code is shown by its end only.",
    answer=RedemptionDetailsView,
    member_may=True,
    delegates="balance",
    errors=("member_not_found", "redemption_not_found"),
)
def read(call: Call) -> Reply:
    """Read a redemption."""
    member = call.path["member_id"]
    found = read_redemption(services_of(call), caller_of(call), member, call.path["redemption_id"])
    return Reply(_details(call, found.redemption, found.now))


@api.get(
    "/members/{member_id}/redemptions",
    name="list_redemptions",
    scope="rewards:read",
    summary="List what a member redeemed, the latest first",
    description="Of the vouchers' codes only the end is shown.",
    query=RedemptionQuery,
    answer=MemberRedemptionsView,
    member_may=True,
    delegates="balance",
    errors=("member_not_found", "programme_not_found", *BAD_PERIOD),
)
def listed(call: Call[None, RedemptionQuery]) -> Reply:
    """Page through the redemptions of a member."""
    member, query = call.path["member_id"], call.query
    wanted = Wanted(
        query.state, programme_wanted(call), query.reward, period_of(call), query.fulfilment
    )
    found, now = list_redemptions(
        services_of(call),
        caller_of(call),
        member,
        wanted,
        limit=query.limit,
        before=call.position(),
    )
    shown = [_details(call, each, now) for each in found.items]
    return Reply(MemberRedemptionsView(member, shown, cursor_of(call, found.after)))


def _details(call: Call[Any, Any], redemption: Redemption, now: Instant) -> RedemptionDetailsView:
    code = code_of(services_of(call), caller_of(call), redemption.id)
    return RedemptionDetailsView(
        redemption_id=redemption.id,
        member_id=redemption.member,
        programme=redemption.programme,
        reward=redemption.reward,
        currency=redemption.currency.partition("/")[2],
        price=redemption.price,
        state=redemption_state(redemption, now),
        fulfilment=redemption.fulfilment,
        issued_at=format_instant(redemption.issued_at),
        changed_at=when(redemption.changed_at),
        voucher=_voucher(redemption, voucher_code.masked(code)),
    )


@api.get(
    "/members/{member_id}/redemptions/{redemption_id}/voucher",
    name="read_voucher",
    scope="vouchers:reveal",
    summary="Read the whole code of a redemption's voucher",
    answer=VoucherView,
    member_may=True,
    delegates="redeem",
    errors=("member_not_found", "redemption_not_found", "voucher_not_found"),
)
def reveal(call: Call) -> Reply:
    """Read a voucher, such as to print it again."""
    services, caller = services_of(call), caller_of(call)
    path = call.path
    found = read_redemption(services, caller, path["member_id"], path["redemption_id"])
    redemption = found.redemption
    code = voucher_code.shown(code_of(services, caller, redemption.id))
    view = _voucher(redemption, code)
    if view is None:
        raise NotFound("voucher_not_found", "This reward was given at once, without a voucher.")
    return Reply(view)


@api.post(
    "/members/{member_id}/redemptions/{redemption_id}/cancellation",
    name="cancel_redemption",
    scope="redemptions:write",
    summary="Cancel a redemption; its value comes back",
    description="Only while its voucher is unused and valid.",
    body=RedemptionCancellationBody,
    answer=CancelledRedemptionView,
    idempotent=True,
    member_may=True,
    delegates="redeem",
    errors=(
        "member_not_found",
        "account_closed",
        "redemption_not_found",
        "voucher_used",
        "voucher_cancelled",
        "voucher_expired",
        "goods_sent",
    ),
)
def cancel(call: Call[RedemptionCancellationBody]) -> Reply:
    """Take a redemption back."""
    command = CancelRedemption(
        member=call.path["member_id"],
        redemption_id=call.path["redemption_id"],
        reason=call.body.reason,
        note=call.body.note,
    )
    return carry_out(call, command, _present_cancellation)


def _voucher(redemption: Redemption, code: str) -> VoucherView | None:
    if not redemption.voucher_hash:
        return None
    return VoucherView(code, redemption.expires_on, when(redemption.expires_at))


def _balances(decided: Decided) -> list[BalanceView]:
    return balances(decided.account, decided.programmes, decided.now, "en")


def _present_cancellation(decided: Decided) -> Answer:
    redemption = redemption_in(decided)
    view = CancelledRedemptionView(
        redemption_id=redemption.id,
        member_id=decided.member,
        state=redemption.state,
        restored=redemption.price,
        expired=redemption.lapsed,
        currency=redemption.currency.partition("/")[2],
        balances=_balances(decided),
    )
    return answer(200, view)
