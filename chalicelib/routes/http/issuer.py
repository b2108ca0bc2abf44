"""Whose tokens are trusted, as configured; what verifies them is in `tokens`."""

from __future__ import annotations

from typing import Any

import msgspec


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The OpenID provider that is trusted, as ``TESSERA_OIDC`` configures it."""

    issuer: str
    audience: str
    #: Its public keys, either in place or at an https address.
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    #: The tenants that it may speak for; all when left out.
    tenants: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Refuse a configuration that would trust nobody, or anybody."""
        if (self.jwks is None) == (self.jwks_uri is None):
            raise ValueError("give either jwks or jwks_uri")
        if self.jwks_uri is not None and not self.jwks_uri.startswith("https://"):
            raise ValueError("jwks_uri must be an https address")


def trusted_issuer(settings: str, *, production: bool) -> Issuer:
    """
    Return the issuer that a JSON setting configures.

    Raises `ValueError` where it is no such configuration, or in production its address is not
    https, as a development issuer's is not.
    """
    trusted = msgspec.json.decode(settings, type=Issuer)
    if production and not trusted.issuer.startswith("https://"):
        raise ValueError("production trusts no issuer whose address is not https")
    return trusted
