"""Policies: what laws leave room for, of one member, and what two people allow beyond that."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.policies import Room
from chalicelib.domain.mechanics.policy_overrides import (
    ApproveOverride,
    Kind,
    Overridden,
    PolicyOverride,
    RequestOverride,
    WithdrawOverride,
)
from chalicelib.routes.http.calls import answer, caller_of, carry_out, page_of, services_of
from chalicelib.routes.http.fields import MemberId, Note, Reason, Token
from chalicelib.routes.http.operation import Body, Call, Page, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_policies import read_overrides, read_policies
from chalicelib.usecases.stored import Answer

api = Resource("policies")


class PolicyRuleView(Struct, frozen=True):
    """
    A rule of a policy pack that a programme follows, and whether it ``applies`` to the member now.

    Of a cap, ``limit`` is what is allowed in minor units, for one gift or for all of this calendar
    year; of the latter ``left`` is what is left.
    """

    programme: str
    pack: str
    rule: str
    says: str
    source: str
    applies: bool
    currency: str
    limit: int | None
    left: int | None


class PolicyRuleListView(Struct, frozen=True):
    """The rules of every pack that a programme of the member follows."""

    member_id: MemberId
    rules: list[PolicyRuleView]
    next_cursor: str | None


@api.get(
    "/members/{member_id}/policies",
    name="list_policy_rules",
    scope="members:read",
    summary="List what laws allow a member to be given",
    description="By the policy packs of the programmes, and by who pays for their care.",
    query=Page,
    answer=PolicyRuleListView,
    member_may=True,
    delegates="profile",
    errors=("member_not_found",),
)
def listed(call: Call[None, Page]) -> Reply:
    """Return what each rule means for a member."""
    member = call.path["member_id"]
    found = read_policies(services_of(call), caller_of(call), member)
    page, cursor = page_of(call, found, lambda each: f"{each[0]}/{each[1].rule.id}")
    return Reply(PolicyRuleListView(member, [_view(*each) for each in page], cursor))


def _view(programme: str, room: Room) -> PolicyRuleView:
    return PolicyRuleView(
        programme=programme,
        pack=room.pack.id,
        rule=room.rule.id,
        says=room.rule.says,
        source=room.rule.source,
        applies=room.applies,
        currency=room.pack.currency,
        limit=room.limit,
        left=room.left,
    )


class PolicyOverrideBody(Body):
    """
    Which gift, against which rules, and why it is right.

    ``id`` is of a reward, an entitlement or a discount, as ``kind`` says.  ``days`` are those on
    which it can be had once it is approved.
    """

    programme: Token
    rules: Annotated[list[Token], Meta(min_length=1, max_length=5)]
    kind: Kind
    id: Token
    reason: Reason
    days: Annotated[int, Meta(ge=0, le=366)] = 30
    by: Token = ""
    note: Note = ""


class PolicyOverrideApprovalBody(Body):
    """That a second person approves it."""

    by: Token = ""
    note: Note = ""


class PolicyOverrideWithdrawalBody(Body):
    """Why it is not wanted any more."""

    reason: Reason
    by: Token = ""
    note: Note = ""


class PolicyOverrideView(Struct, frozen=True):
    """An override: `requested` until a second person approves it, then good until ``until_on``."""

    override_id: str
    programme: str
    rules: list[str]
    kind: Kind
    id: str
    reason: str
    state: str
    requested_at: str
    days: int
    until_on: str | None


class PolicyOverrideListView(Struct, frozen=True):
    """Every override that is asked for or approved, and was not used."""

    member_id: MemberId
    overrides: list[PolicyOverrideView]
    next_cursor: str | None


class ChangedPolicyOverrideView(Struct, frozen=True):
    """The override as it is now: null where it was withdrawn."""

    member_id: MemberId
    override_id: str
    override: PolicyOverrideView | None


_OF_AN_OVERRIDE: Final = ("member_not_found", "account_closed", "person_not_told")


@api.get(
    "/members/{member_id}/policy-overrides",
    name="list_policy_overrides",
    scope="overrides:write",
    summary="List the open overrides of a member",
    description="What was used, withdrawn or is over is in the ledger.",
    query=Page,
    answer=PolicyOverrideListView,
    errors=("member_not_found",),
)
def overridden(call: Call[None, Page]) -> Reply:
    """Return every override that is open."""
    member = call.path["member_id"]
    found = read_overrides(services_of(call), caller_of(call), member)
    page, cursor = page_of(call, sorted(found), str)
    shown = [_override(each, found[each]) for each in page]
    return Reply(PolicyOverrideListView(member, shown, cursor))


@api.post(
    "/members/{member_id}/policy-overrides",
    name="create_policy_override",
    scope="overrides:write",
    summary="Ask for a gift against a rule",
    description=(
        "It is had once, when a second person has approved it, and counts like any gift. A server "
        "says for which person it asks."
    ),
    body=PolicyOverrideBody,
    answer=ChangedPolicyOverrideView,
    status=201,
    idempotent=True,
    errors=(
        *_OF_AN_OVERRIDE,
        "programme_not_found",
        "not_enrolled",
        "unknown_rule",
        "unknown_benefit",
        "too_many_overrides",
    ),
)
def requested(call: Call[PolicyOverrideBody]) -> Reply:
    """Ask for an override."""
    body = call.body
    command = RequestOverride(
        member=call.path["member_id"],
        programme=body.programme,
        override_id=services_of(call).new_id("ovr"),
        rules=tuple(body.rules),
        kind=body.kind,
        id=body.id,
        reason=body.reason,
        days=body.days,
        by=body.by,
        note=body.note,
    )
    return carry_out(call, command, lambda decided: _changed(decided, 201))


@api.post(
    "/members/{member_id}/policy-overrides/{override_id}/approval",
    name="approve_policy_override",
    scope="overrides:approve",
    summary="Approve a gift against a rule",
    description="By another person than who asked for it.",
    body=PolicyOverrideApprovalBody,
    answer=ChangedPolicyOverrideView,
    idempotent=True,
    errors=(
        *_OF_AN_OVERRIDE,
        "programme_not_found",
        "not_enrolled",
        "override_not_found",
        "override_approved",
        "second_person_needed",
    ),
)
def approved(call: Call[PolicyOverrideApprovalBody]) -> Reply:
    """Approve an override."""
    command = ApproveOverride(
        member=call.path["member_id"],
        override_id=call.path["override_id"],
        by=call.body.by,
        note=call.body.note,
    )
    return carry_out(call, command, lambda decided: _changed(decided, 200))


@api.post(
    "/members/{member_id}/policy-overrides/{override_id}/withdrawal",
    name="withdraw_policy_override",
    scope="overrides:write",
    summary="End a gift against a rule that was not used",
    description="Approved or not.",
    body=PolicyOverrideWithdrawalBody,
    answer=ChangedPolicyOverrideView,
    idempotent=True,
    errors=(*_OF_AN_OVERRIDE, "override_not_found"),
)
def withdrawn(call: Call[PolicyOverrideWithdrawalBody]) -> Reply:
    """End an override."""
    body = call.body
    command = WithdrawOverride(
        member=call.path["member_id"],
        override_id=call.path["override_id"],
        reason=body.reason,
        by=body.by,
        note=body.note,
    )
    return carry_out(call, command, lambda decided: _changed(decided, 200))


def _changed(decided: Decided, status: int) -> Answer:
    result: Overridden = decided.results[-1]
    view = None if result.override is None else _override(result.id, result.override)
    return answer(status, ChangedPolicyOverrideView(decided.member, result.id, view))


def _override(override_id: str, override: PolicyOverride) -> PolicyOverrideView:
    return PolicyOverrideView(
        override_id=override_id,
        programme=override.programme,
        rules=list(override.rules),
        kind=override.kind,
        id=override.id,
        reason=override.reason,
        state="requested" if override.until is None else "approved",
        requested_at=format_instant(override.asked_at),
        days=override.days,
        until_on=override.until_on,
    )
