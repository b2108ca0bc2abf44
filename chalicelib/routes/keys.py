"""API keys: issued once in the clear, revoked within a minute."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from chalicelib.domain.api_key import ID_PATTERN
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.programme.fields import LocalDate, whole
from chalicelib.routes.http.calls import caller_of, cursor_of, entry_of, services_of
from chalicelib.routes.http.credentials import SCOPES
from chalicelib.routes.http.fields import LocationId, Source, Title
from chalicelib.routes.http.operation import Body, Call, Page, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.keys import (
    change_key,
    check_grant,
    check_sources,
    issue_key,
    revoke_key,
)
from chalicelib.usecases.list_tenant import KeyState, list_keys, state_of
from chalicelib.usecases.stored import StoredKey

api = Resource("keys")


_DAY_MS: Final = 86_400_000
# The refusal of another one, below, says more than a schema could.
ScopeName = Annotated[str, Meta(extra_json_schema={"enum": sorted(SCOPES)})]


class KeyBody(Body):
    """
    What the key is for, and what it may do.

    With ``sources`` it records activities of those alone, and takes back none of others; without,
    it may report under any but the reserved `quote`.  With ``locations`` it sees members who were
    seen at one of them, or at what belongs to it, and no others.
    """

    name: Title
    scopes: Annotated[list[ScopeName], Meta(min_length=1, max_length=50)]
    sources: Annotated[list[Source], Meta(min_length=1, max_length=50)] | None = None
    locations: Annotated[list[LocationId], Meta(min_length=1, max_length=50)] | None = None
    ends_on: LocalDate | None = None


class KeyChanges(Body):
    """The last day of the key, where the tenant is; null for none."""

    ends_on: LocalDate | None


#: The part of a key that is no secret.
KeyId = Annotated[str, Meta(pattern=whole(ID_PATTERN))]


class KeyView(Struct, frozen=True):
    """A new key; ``api_key`` is shown this once."""

    key_id: KeyId
    api_key: str
    name: str
    scopes: list[str]
    sources: list[str] | None
    locations: list[str] | None
    ends_on: str | None


class RevokedKeyView(Struct, frozen=True):
    """A key that stops working within 60 seconds."""

    key_id: KeyId
    revoked: bool


class KeyQuery(Page, kw_only=True, frozen=True):
    """Which keys to list: all, or those in one state."""

    state: KeyState | None = None


class KeySummaryView(Struct, frozen=True):
    """
    A key, without its secret.

    ``last_used_on`` is the last day in UTC on which it was used, and null where it never was.
    """

    key_id: KeyId
    name: str
    scopes: list[str]
    sources: list[str] | None
    locations: list[str] | None
    state: KeyState
    created_at: str
    ends_on: str | None
    last_used_on: str | None


class KeyListView(Struct, frozen=True):
    """A page of API keys, the latest first."""

    keys: list[KeySummaryView]
    next_cursor: str | None


@api.post(
    "/api-keys",
    name="create_api_key",
    scope="keys:write",
    summary="Issue an API key",
    description=(
        "The key is answered this once. It can have only scopes that the caller holds. With "
        "`ends_on` it works through that day."
    ),
    body=KeyBody,
    answer=KeyView,
    status=201,
    idempotent=False,
    errors=(
        "scope_not_held",
        "source_not_allowed",
        "unknown_location",
        "invalid_date",
        "date_out_of_range",
    ),
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
    ends_on = call.body.ends_on
    key = issue_key(
        services_of(call),
        caller,
        call.body.name.strip(),
        scopes,
        sources,
        ends_on,
        None if call.body.locations is None else tuple(sorted(set(call.body.locations))),
    )
    return Reply(
        KeyView(
            key.key_id,
            key.token,
            key.name,
            sorted(key.scopes),
            None if sources is None else sorted(sources),
            None if key.locations is None else list(key.locations),
            key.ends_on or None,
        )
    )


@api.get(
    "/api-keys",
    name="list_api_keys",
    scope="keys:write",
    summary="List the API keys, the latest first",
    description="What each may do, and never its secret.",
    query=KeyQuery,
    answer=KeyListView,
)
def listed(call: Call[None, KeyQuery]) -> Reply:
    """Page through the keys of a tenant."""
    found = list_keys(
        services_of(call),
        caller_of(call),
        state=call.query.state,
        limit=call.query.limit,
        before=entry_of(call),
    )
    now = services_of(call).wall_clock()
    shown = [_summary(each, now) for each in found.items]
    return Reply(KeyListView(shown, cursor_of(call, found.after)))


@api.patch(
    "/api-keys/{key_id}",
    name="update_api_key",
    scope="keys:write",
    summary="Let an API key end on another day",
    description=(
        "To rotate one, issue another and let the old one end in some days: until then both work. "
        "The change is known everywhere within 60 seconds."
    ),
    body=KeyChanges,
    answer=KeySummaryView,
    idempotent=False,
    errors=(
        "key_not_found",
        "scope_not_held",
        "last_administrator",
        "key_revoked",
        "invalid_date",
        "date_out_of_range",
    ),
)
def change(call: Call[KeyChanges]) -> Reply:
    """Change the last day of a key."""
    services, held = services_of(call), call.caller.scopes
    key = change_key(services, caller_of(call), held, call.path["key_id"], call.body.ends_on)
    return Reply(_summary(key, services.wall_clock()))


def _summary(key: StoredKey, now: Instant) -> KeySummaryView:
    used = key.last_used_day
    return KeySummaryView(
        key_id=key.key_id,
        name=key.name,
        scopes=sorted(key.scopes),
        sources=None if key.sources is None else sorted(key.sources),
        locations=None if key.locations is None else list(key.locations),
        state=state_of(key, now),
        created_at=format_instant(key.created_at),
        ends_on=key.ends_on or None,
        last_used_on=format_instant(used * _DAY_MS)[:10] if used else None,
    )


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
