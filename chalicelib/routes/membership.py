"""Membership: programmes joined, consents given and withdrawn, the account closed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.membership import Enrol
from chalicelib.domain.programme.fields import Id
from chalicelib.routes.calls import answer, caller_of, carry_out, identity_of, reply, services_of
from chalicelib.routes.fields import Reason
from chalicelib.routes.http import Resource
from chalicelib.routes.member_views import (
    ENROLLING,
    AccountView,
    ConsentBody,
    account_view,
    consents_given,
)
from chalicelib.routes.operation import Body, Call, Reply
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.change_member import record_consents
from chalicelib.usecases.stored import Answer

api = Resource("membership")


class EnrolmentBody(Body):
    """Which programmes to join."""

    programmes: Annotated[list[Id], Meta(min_length=1, max_length=20)]


class ConsentsBody(Body):
    """Consents given or withdrawn now."""

    consents: Annotated[list[ConsentBody], Meta(min_length=1, max_length=20)]


class ClosureBody(Body):
    """Why the account ends."""

    reason: Reason


def _present_account(decided: Decided) -> Answer:
    return answer(200, account_view(decided.member, decided.account))


@api.post(
    "/members/{member_id}/enrolments",
    name="enrol_member",
    scope="members:write",
    summary="Let a member join programmes",
    body=EnrolmentBody,
    answer=AccountView,
    idempotent=True,
    errors=("member_not_found", "account_closed", *ENROLLING),
)
def enrol(call: Call[EnrolmentBody]) -> Reply:
    """Join programmes."""
    command = Enrol(member=call.path["member_id"], programmes=tuple(call.body.programmes))
    return carry_out(call, command, _present_account)


@api.post(
    "/members/{member_id}/consents",
    name="record_consents",
    scope="members:write",
    summary="Record consents given or withdrawn",
    body=ConsentsBody,
    answer=AccountView,
    idempotent=True,
    errors=("member_not_found", "account_closed"),
)
def consent(call: Call[ConsentsBody]) -> Reply:
    """Record consents with their evidence."""
    return reply(
        record_consents(
            services_of(call),
            caller_of(call),
            call.path["member_id"],
            consents_given(call.body.consents),
            _present_account,
            identity_of(call),
        )
    )


@api.post(
    "/members/{member_id}/closure",
    name="close_member",
    scope="members:write",
    summary="Close a member's account; what value is left is forfeited",
    body=ClosureBody,
    answer=AccountView,
    idempotent=True,
    errors=("member_not_found", "account_closed"),
)
def close(call: Call[ClosureBody]) -> Reply:
    """End the account."""
    command = Close(member=call.path["member_id"], reason=call.body.reason)
    return carry_out(call, command, _present_account)
