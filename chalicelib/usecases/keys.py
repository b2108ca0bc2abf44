"""API keys: issued once in the clear, kept as a hash, revoked within a minute."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain import api_key
from chalicelib.domain.errors import Conflict, Forbidden, NotFound
from chalicelib.usecases.identity import source_not_allowed
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


def issue_key(
    services: Services,
    caller: Caller,
    name: str,
    scopes: frozenset[str],
    sources: frozenset[str] | None = None,
) -> IssuedKey:
    """Make a key for the caller's tenant, which may report under ``sources``, or any."""
    key, issued = new_key(services, caller.tenant, name, scopes, sources)
    services.catalogue.create_key(key, administers=ALL in scopes)
    return issued


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


def revoke_key(services: Services, caller: Caller, held: frozenset[str], key_id: str) -> None:
    """
    Revoke a key of the caller's tenant that may no more than they; it works 60 seconds at most.

    The last key that may do everything stays: without it nobody could issue another.
    """
    key = services.catalogue.find_key(key_id)
    if key is None or key.tenant != caller.tenant:
        raise NotFound("key_not_found", "There is no such key.")
    check_grant(held, key.scopes)
    if key.revoked:
        return
    if not services.catalogue.revoke_key(key, administers=ALL in key.scopes):
        raise Conflict(
            "last_administrator",
            "This is the last key of an administrator: issue another with the scope `*` first.",
        )
