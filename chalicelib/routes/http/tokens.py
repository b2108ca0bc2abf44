"""
JWTs of members and staff, verified against configured issuers and nothing that a token says.

Algorithms, issuers, audiences, keys and the names of claims come from configuration.  A token's
``iss`` only chooses among the issuers, its ``kid`` among the issuer's keys; ``jku``, ``jwk``,
``x5u`` and ``x5c`` are never read, ``crit`` is always refused.  Claims that must be there: ``exp``,
``aud``, ``iss``, ``sub``, the tenant, and either the member's id or the roles of staff.  Clocks may
differ by 30 seconds.

Importing this brings cryptography: only a request with a token is worth that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from chalicelib.domain.errors import Unauthorised, Unavailable
from chalicelib.routes.http.credentials import MEMBER_SCOPES, ROLES, Principal, scopes_of
from chalicelib.routes.http.issuer import Issuer

LEEWAY_S: Final = 30
#: The algorithms accepted, each with the one kind of key that it may be used with.
ALGORITHMS: Final = {"RSA": "RS256", "EC": "ES256"}

_FETCH_TIMEOUT_S: Final = 3
_KEYS_KEPT_S: Final = 300
_TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_REQUIRED: Final = ["exp", "aud", "iss", "sub"]
# Tenants and members become parts of table keys: no separator may come in with a claim.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SUBJECT_MAX: Final = 255
_LOCATIONS_MAX: Final = 100


class TokenVerifier:
    """Verifies JWTs of the issuers that are trusted.  Safe to share between threads."""

    def __init__(self, trusted: Iterable[Issuer], wall_clock: Callable[[], int]) -> None:
        self._keys = {each.issuer: _IssuerKeys(each) for each in trusted}
        self._wall_clock = wall_clock

    def verify(self, token: str) -> Principal:
        """
        Return the member or staff that the token proves.

        Raises `Unauthorised` ``credential_invalid``; the message never repeats what the token says;
        `Unavailable` where the issuer's keys could not be fetched.
        """
        try:
            # Nothing is believed yet: this chooses whose keys must have signed the token.
            said = jwt.decode_complete(token, options={"verify_signature": False})
            keys = self._keys.get(str(said["payload"].get("iss")))
            if keys is None:
                raise _refused("The token is of no issuer that is trusted here.")
            claims = keys.claims(token, said["header"])
        except jwt.PyJWTError:
            raise _refused("The token does not verify.") from None
        self._check_times(claims)
        return _principal(claims, keys.issuer)

    def _check_times(self, claims: dict[str, Any]) -> None:
        now_s = self._wall_clock() / 1000
        if _instant_s(claims["exp"]) <= now_s - LEEWAY_S:
            raise _refused("The token has expired.")
        for name in ("nbf", "iat"):
            if name in claims and _instant_s(claims[name]) > now_s + LEEWAY_S:
                raise _refused("The token is not valid yet.")


class _IssuerKeys:
    """The keys of one issuer, in place or fetched when the first token comes."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._inline = None if issuer.jwks is None else PyJWKSet.from_dict(issuer.jwks).keys
        self._client = None
        if issuer.jwks_uri is not None:
            # Makes no call before the first token; refetches for an unknown kid at most every 30 s.
            self._client = _PublishedKeys(
                issuer.jwks_uri,
                lifespan=_KEYS_KEPT_S,
                timeout=_FETCH_TIMEOUT_S,
            )

    def claims(self, token: str, header: dict[str, Any]) -> dict[str, Any]:
        """Return the claims of a token that this issuer signed for us; their times are unread."""
        key = self._key(header)
        algorithm = ALGORITHMS.get(key.key_type or "")
        if algorithm not in self.issuer.algorithms:
            raise _refused("The token's key is of a kind that is not accepted.")
        return jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            audience=self.issuer.audience,
            issuer=self.issuer.issuer,
            options={
                "require": _REQUIRED,
                # `_check_times` does these with our own clock.
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )

    def _key(self, header: dict[str, Any]) -> PyJWK:
        if "crit" in header or str(header.get("typ", "JWT")).lower() not in _TOKEN_TYPES:
            raise _refused("The token's header asks for what is not supported.")
        kid = header.get("kid")
        if self._client is not None:
            return self._client.get_signing_key(str(kid))
        keys = [key for key in self._inline or [] if key.public_key_use in {None, "sig"}]
        named = [key for key in keys if key.key_id == kid] if kid is not None else keys
        if len(named) != 1:
            raise _refused("The token names no key of the issuer.")
        return named[0]


class _PublishedKeys(PyJWKClient):
    """Keys at an address: where they cannot be had, a token is neither good nor bad."""

    def fetch_data(self) -> Any:
        """Fetch the keys; raises `Unavailable` whatever is answered instead of them."""
        try:
            return super().fetch_data()
        except Exception as error:
            raise Unavailable("unavailable", "The issuer's keys are out of reach.") from error


def _principal(claims: dict[str, Any], issuer: Issuer) -> Principal:
    tenant = _tenant(claims, issuer)
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_MAX:
        raise _refused("The token's subject must be a string.")
    if issuer.name:
        subject = f"{issuer.name}/{subject}"
    names = issuer.claims
    member_id, roles = claims.get(names.member_id), claims.get(names.roles)
    if (member_id is None) == (roles is None):
        raise _refused(f"The token must carry either {names.member_id} or {names.roles}.")
    if ("members" if roles is None else "staff") not in issuer.persons:
        raise _refused("The issuer may not speak for persons of this kind.")
    if member_id is not None:
        if not isinstance(member_id, str) or not _NAME.fullmatch(member_id):
            raise _refused(f"The token's {names.member_id} is not an id.")
        return Principal(
            tenant=tenant,
            kind="member",
            id=subject,
            scopes=MEMBER_SCOPES,
            member_id=member_id,
        )
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise _refused(f"The token's {names.roles} must be a list of strings.")
    known = tuple(role for role in sorted(set(roles)) if role in ROLES)
    return Principal(
        tenant=tenant,
        kind="staff",
        id=subject,
        scopes=scopes_of(roles),
        roles=known,
        locations=_locations(claims, names.locations),
    )


def _locations(claims: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """Return the locations to which staff are limited; an empty list is a limit, too."""
    if name not in claims:
        return None
    said = claims[name]
    if isinstance(said, str):
        # What identity providers make of a list of one.
        said = [said]
    if (
        not isinstance(said, list)
        or len(said) > _LOCATIONS_MAX
        or not all(isinstance(each, str) and _NAME.fullmatch(each) for each in said)
    ):
        raise _refused(f"The token's {name} must be a list of ids.")
    return tuple(sorted(set(said)))


def _tenant(claims: dict[str, Any], issuer: Issuer) -> str:
    if issuer.claims.tenant is None:
        return next(iter(issuer.tenants or ()))
    tenant = claims.get(issuer.claims.tenant)
    if not isinstance(tenant, str) or not _NAME.fullmatch(tenant):
        raise _refused("The token names no tenant.")
    if issuer.tenants is not None and tenant not in issuer.tenants:
        raise _refused("The issuer may not speak for this tenant.")
    return tenant


def _instant_s(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused("The token's times must be numbers.")
    return float(value)


def _refused(message: str) -> Unauthorised:
    return Unauthorised("credential_invalid", message)
