"""
Tokens of entitlements: shown by a member, as a QR code say, and good for one use.

A token is made without a write.  It says what it is for, is signed for its tenant, and ends by
itself; that it was used is known to the account until then.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from chalicelib.domain.errors import Malformed, NotFound
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement, check_left
from chalicelib.domain.programme.fields import Id
from chalicelib.domain.programme.versions import resolve_programme
from chalicelib.domain.spelling import NOT_BLANK, VISIBLE
from chalicelib.routes.entitlements import (
    ENTITLEMENT_REFUSALS,
    EntitlementUseView,
    Units,
    present_use,
)
from chalicelib.routes.http import cursors
from chalicelib.routes.http.calls import caller_of, carry_out, services_of
from chalicelib.routes.http.operation import Body, Call, Reply, Timestamp
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.reading import read_account

api = Resource("entitlement_tokens")

_PURPOSE: Final = "entitlement-token"
_MINUTE_MS: Final = 60_000


class EntitlementTokenBody(Body):
    """What the token is for, and for how many minutes it is good."""

    programme: Id
    entitlement: Id
    units: Units = 1
    valid_minutes: Annotated[int, Meta(ge=1, le=24 * 60)] = 15


class EntitlementTokenView(Struct, frozen=True):
    """A token, good once until ``expires_at``: whoever has it can use it."""

    member_id: str
    programme: str
    entitlement: str
    units: int
    token: str
    expires_at: Timestamp


class EntitlementTokenUseBody(Body):
    """The token as it was shown."""

    token: Annotated[str, Meta(pattern=VISIBLE, max_length=500, description=NOT_BLANK)]


@api.post(
    "/members/{member_id}/entitlement-tokens",
    name="create_entitlement_token",
    scope="entitlements:issue",
    summary="Make a token for one use of an entitlement",
    description="To be shown as a QR code. Nothing is used yet, and nothing set aside.",
    body=EntitlementTokenBody,
    answer=EntitlementTokenView,
    status=201,
    idempotent=False,
    member_may=True,
    delegates="redeem",
    errors=(*ENTITLEMENT_REFUSALS, "not_entitled", "quota_exhausted"),
)
def make(call: Call[EntitlementTokenBody]) -> Reply:
    """Sign what the token is for, where there is something to use now."""
    body, services = call.body, services_of(call)
    member = call.path["member_id"]
    reading = read_account(services, caller_of(call), member)
    programme = resolve_programme(reading.account, reading.programmes, body.programme, reading.now)
    check_left(reading.account, programme, body.entitlement, body.units, reading.now)
    expires_at = reading.now + body.valid_minutes * _MINUTE_MS
    number = services.new_id("once")
    content = [member, programme.id, body.entitlement, body.units, expires_at, number]
    token = cursors.seal(content, key=_key(call), bound_to=_PURPOSE)
    at = format_instant(expires_at)
    view = EntitlementTokenView(member, programme.id, body.entitlement, body.units, token, at)
    return Reply(view, status=201)


@api.post(
    "/entitlement-tokens/use",
    name="use_entitlement_token",
    scope="entitlements:write",
    summary="Use an entitlement by its token, once",
    description="As the gate or the desk does that reads it.",
    body=EntitlementTokenUseBody,
    answer=EntitlementUseView,
    status=201,
    idempotent=True,
    limited="open",
    errors=(
        *ENTITLEMENT_REFUSALS,
        "token_unknown",
        "token_expired",
        "token_used",
        "not_entitled",
        "quota_exhausted",
        "policy_forbids",
    ),
)
def use(call: Call[EntitlementTokenUseBody]) -> Reply:
    """Take what the token is for; raises `NotFound` where it was not made here."""
    try:
        content = cursors.unseal(call.body.token.strip(), key=_key(call), bound_to=_PURPOSE)
    except Malformed:
        raise NotFound(
            "token_unknown", "No token is like this one: let the member show it again."
        ) from None
    member, programme, entitlement, units, expires_at, number = content
    command = UseEntitlement(
        member=member,
        programme=programme,
        entitlement=entitlement,
        units=units,
        token=number,
        token_expires_at=expires_at,
    )
    return carry_out(call, command, present_use)


def _key(call: Call[Any]) -> bytes:
    return cursors.derived_key(call.services.root_key, _PURPOSE, call.tenant)
