"""
JWTs of members and staff, verified against one configured issuer and nothing that a token says.

Algorithms, issuer, audience and keys come from configuration.  A token's ``kid`` only chooses
among the issuer's configured keys; ``jku``, ``jwk``, ``x5u`` and ``x5c`` are never read, ``crit``
is always refused.  Claims that must be there: ``exp``, ``aud``, ``iss``, ``sub`` and ``tenant``,
and either ``member_id`` (a member) or ``roles`` (staff).  Clocks may differ by 30 seconds.

Importing this brings cryptography: only a request with a token is worth that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
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


class TokenVerifier:
    """Verifies JWTs of one issuer.  Safe to share between threads."""

    def __init__(self, trusted: Issuer, wall_clock: Callable[[], int]) -> None:
        self._trusted = trusted
        self._wall_clock = wall_clock
        self._inline = None if trusted.jwks is None else PyJWKSet.from_dict(trusted.jwks).keys
        self._client = None
        if trusted.jwks_uri is not None:
            # Makes no call before the first token; refetches for an unknown kid at most every 30 s.
            self._client = PyJWKClient(
                trusted.jwks_uri,
                lifespan=_KEYS_KEPT_S,
                timeout=_FETCH_TIMEOUT_S,
            )

    def verify(self, token: str) -> Principal:
        """
        Return the member or staff that the token proves.

        Raises `Unauthorised` ``credential_invalid``; the message never repeats what the token says;
        `Unavailable` where the issuer's keys could not be fetched.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header)
            claims = self._claims(token, key)
        except (jwt.InvalidTokenError, jwt.PyJWKClientError, jwt.PyJWKError) as error:
            if isinstance(error, jwt.PyJWKClientConnectionError):
                raise Unavailable("unavailable", "The issuer's keys are out of reach.") from error
            raise _refused("The token does not verify.") from None
        self._check_times(claims)
        return self._principal(claims)

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

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
        algorithm = ALGORITHMS.get(key.key_type or "")
        if algorithm is None:
            raise _refused("The token's key is of a kind that is not accepted.")
        return jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            audience=self._trusted.audience,
            issuer=self._trusted.issuer,
            options={
                "require": _REQUIRED,
                # `_check_times` does these with our own clock.
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )

    def _check_times(self, claims: dict[str, Any]) -> None:
        now_s = self._wall_clock() / 1000
        if _instant_s(claims["exp"]) <= now_s - LEEWAY_S:
            raise _refused("The token has expired.")
        for name in ("nbf", "iat"):
            if name in claims and _instant_s(claims[name]) > now_s + LEEWAY_S:
                raise _refused("The token is not valid yet.")

    def _principal(self, claims: dict[str, Any]) -> Principal:
        subject, tenant, member_id = claims["sub"], claims.get("tenant"), claims.get("member_id")
        roles = claims.get("roles")
        if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_MAX:
            raise _refused("The token's subject must be a string.")
        if not isinstance(tenant, str) or not _NAME.fullmatch(tenant):
            raise _refused("The token names no tenant.")
        if self._trusted.tenants is not None and tenant not in self._trusted.tenants:
            raise _refused("The issuer may not speak for this tenant.")
        if (member_id is None) == (roles is None):
            raise _refused("The token must carry either member_id or roles.")
        if member_id is not None:
            if not isinstance(member_id, str) or not _NAME.fullmatch(member_id):
                raise _refused("The token's member_id is not an id.")
            return Principal(
                tenant=tenant,
                kind="member",
                id=subject,
                scopes=MEMBER_SCOPES,
                member_id=member_id,
            )
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise _refused("The token's roles must be a list of strings.")
        known = tuple(role for role in sorted(set(roles)) if role in ROLES)
        return Principal(
            tenant=tenant, kind="staff", id=subject, scopes=scopes_of(roles), roles=known
        )


def _instant_s(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused("The token's times must be numbers.")
    return float(value)


def _refused(message: str) -> Unauthorised:
    return Unauthorised("credential_invalid", message)
