"""Delegates: who may act for a member, such as a guardian for a child."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.delegates import (
    AddDelegate,
    Capacity,
    Delegated,
    Delegation,
    Matter,
    RevokeDelegate,
)
from chalicelib.domain.programme.fields import LocalDate
from chalicelib.routes.http.calls import answer, caller_of, carry_out, page_of, services_of
from chalicelib.routes.http.fields import MemberId, Note, Reason, Token
from chalicelib.routes.http.operation import Body, Call, Page, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_delegates import DelegatesRead, read_delegates, read_delegators
from chalicelib.usecases.services import settings_of
from chalicelib.usecases.stored import Answer

api = Resource("delegates")


class DelegateBody(Body):
    """
    Who may act for the member, in which matters, and on which local days, both included.

    From today, and without an end, unless it is said.  A guardian's part ends by itself.
    """

    delegate_id: MemberId
    capacity: Capacity
    scopes: Annotated[list[Matter], Meta(min_length=1, max_length=5)]
    from_on: LocalDate | None = None
    until_on: LocalDate | None = None
    of_age_on: LocalDate | None = None
    proof: Token = ""


class DelegateRevocationBody(Body):
    """Who may not act for the member any more, and why."""

    delegate_id: MemberId
    reason: Reason
    note: Note = ""


class DelegateView(Struct, frozen=True):
    """
    A delegate of a member, with their days.

    ``active`` on these days, and false before the first of them.
    """

    delegate_id: MemberId
    capacity: Capacity
    scopes: list[Matter]
    from_on: str
    until_on: str | None
    active: bool


class DelegateListView(Struct, frozen=True):
    """Everybody who may act for a member, by their ids."""

    member_id: MemberId
    delegates: list[DelegateView]
    next_cursor: str | None


class DelegatorView(Struct, frozen=True):
    """A member for whom another one may act, in which matters and on which days."""

    member_id: MemberId
    capacity: Capacity
    scopes: list[Matter]
    from_on: str
    until_on: str | None
    active: bool


class DelegatorListView(Struct, frozen=True):
    """Everybody for whom a member may act, by their ids."""

    delegate_id: MemberId
    delegators: list[DelegatorView]
    next_cursor: str | None


class ChangedDelegateView(Struct, frozen=True):
    """The delegate as they are now: null where they are none; ``changed`` is false where so."""

    member_id: MemberId
    changed: bool
    delegate: DelegateView | None


_CHANGING: Final = ("member_not_found", "account_closed", "not_for_members")


@api.get(
    "/members/{member_id}/delegates",
    name="list_delegates",
    scope="members:read",
    summary="List who may act for a member",
    description="Now or from a day to come.",
    query=Page,
    answer=DelegateListView,
    member_may=True,
    delegates="profile",
    errors=("member_not_found",),
)
def listed(call: Call[None, Page]) -> Reply:
    """Return every delegate of a member, also those to come."""
    member = call.path["member_id"]
    read = read_delegates(services_of(call), caller_of(call), member)
    page, cursor = page_of(call, sorted(read.found), str)
    shown = [_view(each, read.found[each], read.now) for each in page]
    return Reply(DelegateListView(member, shown, cursor))


@api.get(
    "/members/{member_id}/delegators",
    name="list_delegators",
    scope="members:read",
    summary="List for whom a member may act",
    description="A guardian finds their children here, and acts by their ids.",
    query=Page,
    answer=DelegatorListView,
    member_may=True,
    errors=("member_not_found",),
)
def represented(call: Call[None, Page]) -> Reply:
    """Return every member for whom one may act."""
    delegate = call.path["member_id"]
    read = read_delegators(services_of(call), caller_of(call), delegate)
    page, cursor = page_of(call, sorted(read.found), str)
    return Reply(DelegatorListView(delegate, [_delegator(read, each) for each in page], cursor))


@api.post(
    "/members/{member_id}/delegates",
    name="add_delegate",
    scope="delegates:write",
    summary="Let somebody act for a member",
    description=(
        "In place of what they might do before. They use their own credential and this member's "
        "id. Members name relatives; staff, who see the proof, guardians and carers."
    ),
    body=DelegateBody,
    answer=ChangedDelegateView,
    status=201,
    idempotent=True,
    member_may=True,
    errors=(
        *_CHANGING,
        "delegate_not_found",
        "unfit_delegation",
        "invalid_date",
        "too_many_delegates",
    ),
)
def add(call: Call[DelegateBody]) -> Reply:
    """Let somebody act for a member."""
    body = call.body
    command = AddDelegate(
        member=call.path["member_id"],
        delegate=body.delegate_id,
        capacity=body.capacity,
        scopes=tuple(body.scopes),
        time_zone=settings_of(services_of(call), call.tenant).time_zone,
        from_on=body.from_on,
        until_on=body.until_on,
        of_age_on=body.of_age_on,
        proof=body.proof,
    )
    return carry_out(call, command, lambda decided: _present(decided, 201))


@api.post(
    "/members/{member_id}/delegates/revocation",
    name="revoke_delegate",
    scope="delegates:write",
    summary="Let somebody not act for a member any more",
    description="At once.",
    body=DelegateRevocationBody,
    answer=ChangedDelegateView,
    idempotent=True,
    member_may=True,
    errors=_CHANGING,
)
def revoke(call: Call[DelegateRevocationBody]) -> Reply:
    """Revoke a delegate."""
    body = call.body
    command = RevokeDelegate(
        member=call.path["member_id"],
        delegate=body.delegate_id,
        reason=body.reason,
        note=body.note,
    )
    return carry_out(call, command, lambda decided: _present(decided, 200))


def _present(decided: Decided, status: int) -> Answer:
    result: Delegated = decided.results[-1]
    held = result.delegation
    view = None if held is None else _view(result.delegate, held, decided.now)
    return answer(status, ChangedDelegateView(decided.member, result.changed, view))


def _view(delegate: str, held: Delegation, now: Instant) -> DelegateView:
    return DelegateView(
        delegate_id=delegate,
        capacity=held.capacity,
        scopes=list(held.scopes),
        from_on=held.from_on,
        until_on=held.until_on,
        active=held.is_active(now),
    )


def _delegator(read: DelegatesRead, member: str) -> DelegatorView:
    held = read.found[member]
    return DelegatorView(
        member_id=member,
        capacity=held.capacity,
        scopes=list(held.scopes),
        from_on=held.from_on,
        until_on=held.until_on,
        active=held.is_active(read.now),
    )
