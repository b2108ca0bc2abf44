"""API keys: issued once in the clear, kept as a hash, revoked within a minute."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain import api_key
from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LoyaltyError,
    NotFound,
    Unavailable,
)
from chalicelib.domain.ledger.calendar import Instant, expiry_instant, parse_date
from chalicelib.usecases.identity import source_not_allowed
from chalicelib.usecases.locations import check_known
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import StoredKey

ALL = "*"


class IssuedKey(NamedTuple):
    """A new key: ``token`` is shown this once and never again."""

    key_id: str
    token: str
    name: str
    scopes: frozenset[str]
    sources: frozenset[str] | None = None
    ends_on: str = ""
    locations: tuple[str, ...] | None = None


def issue_key(
    services: Services,
    caller: Caller,
    name: str,
    scopes: frozenset[str],
    sources: frozenset[str] | None = None,
    ends_on: str | None = None,
    locations: tuple[str, ...] | None = None,
) -> IssuedKey:
    """
    Make a key for the caller's tenant, which may report under ``sources``, or any.

    It works through its last day ``ends_on``, a date where the tenant is, or for ever; it is
    limited to ``locations``, where there are any.  Raises `Invalid` ``unknown_location``.
    """
    key, issued = new_key(services, caller.tenant, name, scopes, sources)
    if ends_on is not None:
        key = _ending(services, key, ends_on)
    if locations is not None:
        check_known(services, caller.tenant, locations, "/locations")
        key = replace(key, locations=locations)
    services.catalogue.create_key(key)
    return issued._replace(ends_on=key.ends_on, locations=locations)


def new_key(
    services: Services,
    tenant: str,
    name: str,
    scopes: frozenset[str],
    sources: frozenset[str] | None = None,
) -> tuple[StoredKey, IssuedKey]:
    """Draw a key: what is stored of it, and what is shown; nothing is written."""
    minted = api_key.mint(services.random_bytes(api_key.ENTROPY_BYTES))
    key = StoredKey(
        key_id=minted.key_id,
        tenant=tenant,
        secret_hash=minted.secret_hash,
        scopes=scopes,
        name=name,
        sources=sources,
        created_at=services.wall_clock(),
    )
    return key, IssuedKey(minted.key_id, minted.token, name, scopes, sources)


def check_grant(held: frozenset[str], wanted: frozenset[str]) -> None:
    """Refuse to pass on, or to take away, a scope that the caller does not hold."""
    beyond = sorted(wanted - held) if ALL not in held else []
    if beyond:
        raise Forbidden(
            "scope_not_held",
            "You can issue and revoke keys only with scopes that you hold, and not: "
            f"{', '.join(beyond)}.",
            scopes=beyond,
        )


def check_sources(caller: Caller, wanted: frozenset[str] | None) -> None:
    """Refuse to pass on a source under which the caller may not report."""
    if caller.sources is not None and (wanted is None or not wanted <= caller.sources):
        raise source_not_allowed(caller.sources)


def change_key(
    services: Services,
    caller: Caller,
    held: frozenset[str],
    key_id: str,
    ends_on: str | None,
) -> StoredKey:
    """
    Let a key end on another day, or on none (``None``), and return it.

    So a key is rotated: issue another, let the old one end in some days, and use the new one until
    then wherever the old one is.
    """
    key = _found(services, caller, held, key_id)
    if key.revoked:
        raise Conflict("key_revoked", "This key was revoked, for good: issue another.")
    after = replace(key, ends_on="", ends_at=None)
    if ends_on is not None:
        after = _ending(services, key, ends_on)
    if after != key:
        _change(services, key, after)
    return after


def revoke_key(services: Services, caller: Caller, held: frozenset[str], key_id: str) -> None:
    """
    Revoke a key of the caller's tenant that may no more than they; it works 60 seconds at most.

    The last key that may do everything stays: without it nobody could issue another.
    """
    key = _found(services, caller, held, key_id)
    if not key.revoked:
        _change(services, key, replace(key, revoked=True))


def _found(services: Services, caller: Caller, held: frozenset[str], key_id: str) -> StoredKey:
    key = services.catalogue.find_key(key_id)
    if key is None or key.tenant != caller.tenant:
        raise NotFound("key_not_found", "There is no such key.")
    check_grant(held, key.scopes)
    return key


def _change(services: Services, before: StoredKey, after: StoredKey) -> None:
    if services.catalogue.change_key(before, after):
        return
    now = services.catalogue.find_key(before.key_id)
    if now is None or (now.revoked, now.ends_at) != (before.revoked, before.ends_at):
        if now is not None and (now.revoked, now.ends_at) == (after.revoked, after.ends_at):
            return
        raise Unavailable(
            "unavailable",
            "Somebody else changed this key at this moment. Send the same request again.",
            retry_after=1,
        )
    raise Conflict(
        "last_administrator",
        "This is the last key of an administrator that does not end: issue another with the scope "
        "`*` first.",
    )


def _ending(services: Services, key: StoredKey, ends_on: str) -> StoredKey:
    """Return a key as it is with a last day, which may not be over."""
    settings = services.catalogue.settings(key.tenant)
    try:
        ends_at: Instant = expiry_instant(
            parse_date(ends_on), settings.time_zone if settings else "UTC"
        )
    except LoyaltyError as refusal:
        raise _bad_end(refusal.code, refusal.message) from None
    if ends_at <= services.wall_clock():
        raise _bad_end(
            "invalid_date", "A key can end today at the earliest; revoke it to end it now."
        )
    return replace(key, ends_on=ends_on, ends_at=ends_at)


def _bad_end(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, errors=[{"pointer": "/ends_on", "detail": detail}])
