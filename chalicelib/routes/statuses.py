"""Verified statuses: what was shown to be true of a member, and for which days."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.domain.mechanics import statuses
from chalicelib.domain.mechanics.statuses import (
    StatusResult,
    VerifiedStatus,
    VerifyStatus,
    WithdrawStatus,
)
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Id, LocalDate, text_in
from chalicelib.routes.http.calls import answer, caller_of, carry_out, page_of, services_of
from chalicelib.routes.http.fields import Note, Reason, Token
from chalicelib.routes.http.operation import Body, Call, Page, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_statuses import StatusRead, read_statuses
from chalicelib.usecases.stored import Answer

api = Resource("statuses")


class StatusVerificationBody(Body):
    """
    A status that was shown, and the local days of which it is true, both included.

    From today, and without an end, unless it is said or the programme limits it.  ``proof`` says
    by what it was shown; it is sealed.
    """

    programme: Id
    status: Id
    from_on: LocalDate | None = None
    until_on: LocalDate | None = None
    proof: Token = ""


class StatusWithdrawalBody(Body):
    """Which status is withdrawn, and why."""

    programme: Id
    status: Id
    reason: Reason
    note: Note = ""


class HeldStatusView(Struct, frozen=True):
    """A status and its days; ``ended`` once the last of them is over."""

    programme: str
    status: str
    name: str
    from_on: str
    until_on: str | None
    ended: bool
    metadata: dict[str, str]


class MemberStatusesView(Struct, frozen=True):
    """Everything that was shown of a member."""

    member_id: str
    statuses: list[HeldStatusView]
    next_cursor: str | None


class VerifiedStatusView(Struct, frozen=True):
    """The status as it is now: null where there is none; ``changed`` is false where it was so."""

    member_id: str
    changed: bool
    status: HeldStatusView | None


_REFUSALS = (
    "member_not_found",
    "account_closed",
    "programme_not_found",
    "not_enrolled",
    "status_not_found",
)


@api.get(
    "/members/{member_id}/statuses",
    name="list_statuses",
    scope="members:read",
    summary="List a member's verified statuses",
    description="With the days of which each is true, also those that have ended.",
    query=Page,
    answer=MemberStatusesView,
    member_may=True,
    errors=("member_not_found",),
)
def listed(call: Call[None, Page]) -> Reply:
    """Return every status, also one that has ended."""
    member = call.path["member_id"]
    found = read_statuses(services_of(call), caller_of(call), member)
    page, cursor = page_of(call, found, lambda each: f"{each.programme.id}/{each.status}")
    shown = [_listed(each, call.locale) for each in page]
    return Reply(MemberStatusesView(member, shown, cursor))


@api.post(
    "/members/{member_id}/statuses",
    name="verify_status",
    scope="statuses:write",
    summary="Verify a status",
    description="Takes the place of what was known of it.",
    body=StatusVerificationBody,
    answer=VerifiedStatusView,
    status=201,
    idempotent=True,
    errors=(*_REFUSALS, "invalid_date", "consent_required"),
)
def show(call: Call[StatusVerificationBody]) -> Reply:
    """Note what was shown."""
    body = call.body
    command = VerifyStatus(
        member=call.path["member_id"],
        programme=body.programme,
        status=body.status,
        from_on=body.from_on,
        until_on=body.until_on,
        proof=body.proof,
    )
    return _change(call, command, 201)


@api.post(
    "/members/{member_id}/statuses/withdrawal",
    name="withdraw_status",
    scope="statuses:write",
    summary="Withdraw a status",
    description="It is true of no day any more.",
    body=StatusWithdrawalBody,
    answer=VerifiedStatusView,
    idempotent=True,
    errors=_REFUSALS,
)
def withdraw(call: Call[StatusWithdrawalBody]) -> Reply:
    """Forget what was shown."""
    body = call.body
    command = WithdrawStatus(
        member=call.path["member_id"],
        programme=body.programme,
        status=body.status,
        reason=body.reason,
        note=body.note,
    )
    return _change(call, command, 200)


def _change(call: Call[Any, Any], command: VerifyStatus | WithdrawStatus, status: int) -> Reply:
    def present(decided: Decided) -> Answer:
        result: StatusResult = decided.results[-1]
        version = decided.programmes.in_force(result.programme, decided.now)
        view = None
        if result.verified is not None and version is not None:
            named = statuses.name_of(version.document, result.status)
            view = _view(version.document, result.status, text_in(named, "en"), result.verified)
        return answer(status, VerifiedStatusView(decided.member, result.changed, view))

    return carry_out(call, command, present)


def _listed(each: StatusRead, locale: str) -> HeldStatusView:
    name = text_in(statuses.name_of(each.programme, each.status), locale)
    return _view(each.programme, each.status, name, each.verified)


def _view(programme: Programme, status: str, name: str, held: VerifiedStatus) -> HeldStatusView:
    return HeldStatusView(
        programme=programme.id,
        status=status,
        name=name,
        from_on=held.from_on,
        until_on=held.until_on,
        ended=held.ended,
        metadata=statuses.metadata_kept(programme, status),
    )
