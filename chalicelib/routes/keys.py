"""API keys: issued once in the clear, revoked within a minute."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.routes.calls import caller_of, cursor_of, entry_of, services_of
from chalicelib.routes.credentials import SCOPES
from chalicelib.routes.fields import Source, Title
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Body, Call, Page, Reply
from chalicelib.usecases.keys import check_grant, check_sources, issue_key, revoke_key
from chalicelib.usecases.list_tenant import list_keys

api = Resource("keys")


# The refusal of another one, below, says more than a schema could.
ScopeName = Annotated[str, Meta(extra_json_schema={"enum": sorted(SCOPES)})]


class KeyBody(Body):
    """
    What the key is for, and what it may do.

    With ``sources`` it records activities of those alone, and takes back none of others; without,
    it may report under any but the reserved `quote`.
    """

    name: Title
    scopes: Annotated[list[ScopeName], Meta(min_length=1, max_length=30)]
    sources: Annotated[list[Source], Meta(min_length=1, max_length=50)] | None = None


class KeyView(Struct, frozen=True):
    """A new key; ``api_key`` is shown this once."""

    key_id: str
    api_key: str
    name: str
    scopes: list[str]
    sources: list[str] | None


class RevokedKeyView(Struct, frozen=True):
    """A key that stops working within 60 seconds."""

    key_id: str
    revoked: bool


class KeyQuery(Page, kw_only=True, frozen=True):
    """Which keys to list: all, or only those that are revoked or not."""

    revoked: bool | None = None


class KeySummaryView(Struct, frozen=True):
    """A key, without its secret."""

    key_id: str
    name: str
    scopes: list[str]
    sources: list[str] | None
    revoked: bool
    created_at: str


class KeysView(Struct, frozen=True):
    """A page of API keys, the latest first."""

    keys: list[KeySummaryView]
    next_cursor: str | None


@api.post(
    "/api-keys",
    name="create_api_key",
    scope="keys:write",
    summary="Issue an API key",
    description="The key is answered this once. It can have only scopes that the caller holds.",
    body=KeyBody,
    answer=KeyView,
    status=201,
    idempotent=False,
    errors=("scope_not_held", "source_not_allowed"),
)
def issue(call: Call[KeyBody]) -> Reply:
    """Issue a key with scopes and sources that the caller has."""
    unknown = [
        {"pointer": f"/scopes/{place}", "detail": f"must be one of: {', '.join(sorted(SCOPES))}"}
        for place, scope in enumerate(call.body.scopes)
        if scope not in SCOPES
    ]
    if unknown:
        raise Invalid("invalid_body", "The body breaks the schema; see errors.", errors=unknown)
    scopes = frozenset(call.body.scopes)
    check_grant(call.caller.scopes, scopes)
    caller = caller_of(call)
    sources = None if call.body.sources is None else frozenset(call.body.sources)
    check_sources(caller, sources)
    key = issue_key(services_of(call), caller, call.body.name, scopes, sources)
    shown = None if sources is None else sorted(sources)
    return Reply(KeyView(key.key_id, key.token, key.name, sorted(key.scopes), shown))


@api.get(
    "/api-keys",
    name="list_api_keys",
    scope="keys:write",
    summary="List the API keys, the latest first",
    description="What each may do, and never its secret.",
    query=KeyQuery,
    answer=KeysView,
)
def listed(call: Call[None, KeyQuery]) -> Reply:
    """Page through the keys of a tenant."""
    found = list_keys(
        services_of(call),
        caller_of(call),
        revoked=call.query.revoked,
        limit=call.query.limit,
        before=entry_of(call),
    )
    shown = [
        KeySummaryView(
            key_id=each.key_id,
            name=each.name,
            scopes=sorted(each.scopes),
            sources=None if each.sources is None else sorted(each.sources),
            revoked=each.revoked,
            created_at=format_instant(each.created_at),
        )
        for each in found.items
    ]
    return Reply(KeysView(shown, cursor_of(call, found.after)))


@api.delete(
    "/api-keys/{key_id}",
    name="revoke_api_key",
    scope="keys:write",
    summary="Revoke an API key",
    description=(
        "It stops working within 60 seconds, for good. Only a key whose scopes you hold, and never "
        "the last one of an administrator: the operator has `tessera tenant recover`."
    ),
    answer=RevokedKeyView,
    idempotent=False,
    errors=("key_not_found", "scope_not_held", "last_administrator"),
)
def revoke(call: Call) -> Reply:
    """Revoke a key."""
    revoke_key(services_of(call), caller_of(call), call.caller.scopes, call.path["key_id"])
    return Reply(RevokedKeyView(call.path["key_id"], revoked=True))
