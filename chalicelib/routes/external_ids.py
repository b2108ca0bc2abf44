"""External ids: what other systems call a member, one id a system, kept as keyed hashes."""

from __future__ import annotations

from chalicelib.routes.http.calls import answer, caller_of, identity_of, reply, services_of
from chalicelib.routes.http.fields import ExternalId, ExternalSystem
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.member_views import AccountView, account_view
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.change_member import change_external_id
from chalicelib.usecases.stored import Answer

api = Resource("external_ids")


class SystemBody(Body):
    """Which system knows the member no more."""

    system: ExternalSystem


@api.put(
    "/members/{member_id}/external-ids",
    name="update_external_id",
    scope="members:write",
    summary="Set the id that another system has for a member",
    description=(
        "Adds it, or changes the one of that system, which is free from then on. The member is "
        "found by the new one at once."
    ),
    body=ExternalId,
    answer=AccountView,
    idempotent=True,
    errors=("member_not_found", "external_id_taken"),
)
def update(call: Call[ExternalId]) -> Reply:
    """Set an external id."""
    return _change(call, call.body.system, call.body.value)


@api.post(
    "/members/{member_id}/external-ids/removal",
    name="remove_external_id",
    scope="members:write",
    summary="Free the id that another system has for a member",
    description="Somebody else may have it from then on; also of a member who has left.",
    body=SystemBody,
    answer=AccountView,
    idempotent=True,
    errors=("member_not_found",),
)
def remove(call: Call[SystemBody]) -> Reply:
    """Free an external id."""
    return _change(call, call.body.system, None)


def _change(call: Call[ExternalId] | Call[SystemBody], system: str, value: str | None) -> Reply:
    def present(decided: Decided) -> Answer:
        # The answer is kept, so it repeats neither the id nor the system.
        return answer(200, account_view(decided.member, decided.account))

    services, caller, member = services_of(call), caller_of(call), call.path["member_id"]
    identity = identity_of(call)
    return reply(change_external_id(services, caller, member, system, value, present, identity))
