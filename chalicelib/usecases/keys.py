"""API keys: issued once in the clear, kept as a hash, revoked within a minute."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain import api_key
from chalicelib.domain.errors import Forbidden, NotFound
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import StoredKey

ALL = "*"


class IssuedKey(NamedTuple):
    """A new key: ``token`` is shown this once and never again."""

    key_id: str
    token: str
    name: str
    scopes: frozenset[str]


def issue_key(services: Services, caller: Caller, name: str, scopes: frozenset[str]) -> IssuedKey:
    """Make a key for the caller's tenant."""
    minted = api_key.mint(services.random_bytes(api_key.ENTROPY_BYTES))
    services.catalogue.save_key(
        StoredKey(
            key_id=minted.key_id,
            tenant=caller.tenant,
            secret_hash=minted.secret_hash,
            scopes=scopes,
            name=name,
        )
    )
    return IssuedKey(minted.key_id, minted.token, name, scopes)


def check_grant(held: frozenset[str], wanted: frozenset[str]) -> None:
    """Refuse to pass on a scope that the caller does not hold."""
    beyond = sorted(wanted - held) if ALL not in held else []
    if beyond:
        raise Forbidden(
            "scope_not_held",
            f"You can pass on only scopes that you hold, and not: {', '.join(beyond)}.",
            scopes=beyond,
        )


def revoke_key(services: Services, caller: Caller, key_id: str) -> None:
    """Revoke a key of the caller's tenant; it stops working within 60 seconds."""
    key = services.catalogue.find_key(key_id)
    if key is None or key.tenant != caller.tenant:
        raise NotFound("key_not_found", "There is no such key.")
    services.catalogue.save_key(
        StoredKey(
            key_id=key.key_id,
            tenant=key.tenant,
            secret_hash=key.secret_hash,
            scopes=key.scopes,
            name=key.name,
            revoked=True,
        )
    )
