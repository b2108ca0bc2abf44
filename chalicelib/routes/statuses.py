"""Verified statuses: what was shown to be true of a member, and for which days."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.domain.mechanics import statuses
from chalicelib.domain.mechanics.statuses import Shown, ShowStatus, Verified, WithdrawStatus
from chalicelib.domain.programme import Id, LocalDate, text_in
from chalicelib.routes.calls import answer, caller_of, carry_out, services_of
from chalicelib.routes.http import Body, Call, Reply, Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.ports import Answer
from chalicelib.usecases.read_statuses import StatusRead, read_statuses

api = Resource("statuses")


class StatusBody(Body):
    """
    A status that was shown, and the local days of which it is true, both included.

    From today, and without an end, unless it is said or the programme limits it.  ``proof`` says
    by what it was shown; it is sealed.
    """

    programme: Id
    status: Id
    from_on: LocalDate | None = None
    until_on: LocalDate | None = None
    proof: Annotated[str, Meta(max_length=200)] = ""


class WithdrawalBody(Body):
    """Which status is withdrawn, and why."""

    programme: Id
    status: Id
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class StatusView(Struct, frozen=True):
    """A status and its days; ``ended`` once the last of them is over."""

    programme: str
    status: str
    name: str
    from_on: str
    until_on: str | None
    ended: bool


class StatusesView(Struct, frozen=True):
    """Everything that was shown of a member."""

    member_id: str
    statuses: list[StatusView]


class VerifiedView(Struct, frozen=True):
    """The status as it is now: null where there is none; ``changed`` is false where it was so."""

    member_id: str
    changed: bool
    status: StatusView | None


_REFUSALS = (
    "member_not_found",
    "account_closed",
    "programme_not_found",
    "not_enrolled",
    "status_not_found",
)


@api.get(
    "/members/{member_id}/statuses",
    scope="members:read",
    summary="List what was shown to be true of a member",
    answer=StatusesView,
    member_may=True,
    errors=("member_not_found",),
)
def listed(call: Call) -> Reply:
    """Every status, also one that has ended."""
    member = call.path["member_id"]
    found = read_statuses(services_of(call), caller_of(call), member)
    return Reply(StatusesView(member, [_listed(each, call.locale) for each in found]))


@api.post(
    "/members/{member_id}/statuses",
    scope="statuses:write",
    summary="Verify a status",
    description="Takes the place of what was known of it.",
    body=StatusBody,
    answer=VerifiedView,
    status=201,
    idempotent=True,
    errors=(*_REFUSALS, "invalid_date", "consent_required"),
)
def show(call: Call[StatusBody]) -> Reply:
    """Note what was shown."""
    body = call.body
    command = ShowStatus(
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
    scope="statuses:write",
    summary="Withdraw a status",
    body=WithdrawalBody,
    answer=VerifiedView,
    idempotent=True,
    errors=_REFUSALS,
)
def withdraw(call: Call[WithdrawalBody]) -> Reply:
    """Forget what was shown."""
    body = call.body
    command = WithdrawStatus(
        member=call.path["member_id"],
        programme=body.programme,
        status=body.status,
        reason=body.reason,
    )
    return _change(call, command, 200)


def _change(call: Call[Any, Any], command: ShowStatus | WithdrawStatus, status: int) -> Reply:
    def present(decided: Decided) -> Answer:
        told: Verified = decided.results[-1]
        version = decided.programmes.in_force(told.programme, decided.now)
        shown = None
        if told.shown is not None and version is not None:
            named = statuses.name_of(version.document, told.status)
            shown = _view(told.programme, told.status, text_in(named, "en"), told.shown)
        return answer(status, VerifiedView(decided.member, told.changed, shown))

    return carry_out(call, command, present)


def _listed(each: StatusRead, locale: str) -> StatusView:
    name = text_in(statuses.name_of(each.programme, each.status), locale)
    return _view(each.programme.id, each.status, name, each.shown)


def _view(programme: str, status: str, name: str, shown: Shown) -> StatusView:
    return StatusView(programme, status, name, shown.from_on, shown.until_on, shown.ended)
