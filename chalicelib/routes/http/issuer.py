"""Whose tokens are trusted, as configured; what verifies them is in `tokens`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

#: Those whom a token may be of.
Persons = Literal["members", "staff"]
Algorithm = Literal["RS256", "ES256"]
_ClaimName = Annotated[str, Meta(min_length=1, max_length=200)]


class Claims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The names of the claims in which an issuer says what is needed here.

    ``tenant`` may be null for one that speaks for a single tenant, and does not name it.
    ``locations`` are those to which staff are limited, who see everything where it is not there.
    """

    tenant: _ClaimName | None = "tenant"
    member_id: _ClaimName = "member_id"
    roles: _ClaimName = "roles"
    locations: _ClaimName = "locations"


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID provider that is trusted."""

    issuer: Annotated[str, Meta(min_length=1, max_length=1000)]
    #: Audiences: a token must be for one of them at least.
    audience: str | Annotated[list[str], Meta(min_length=1)]
    #: Its public keys, either in place or at an https address.
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    #: The tenants that it may speak for; all when left out.
    tenants: frozenset[str] | None = None
    #: Where several are trusted: what tells its subjects from those of the others.
    name: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,20}\Z")] = ""
    #: Whose tokens it may sign: patients who sign up by themselves and staff seldom share one.
    persons: frozenset[Persons] = frozenset(get_args(Persons))
    algorithms: frozenset[Algorithm] = frozenset(get_args(Algorithm))
    claims: Claims = Claims()

    def __post_init__(self) -> None:
        """Refuse a configuration that would trust nobody, or anybody."""
        if (self.jwks is None) == (self.jwks_uri is None):
            raise ValueError("give either jwks or jwks_uri")
        if self.jwks_uri is not None and not self.jwks_uri.startswith("https://"):
            raise ValueError("jwks_uri must be an https address")
        if not self.audience or not self.persons or not self.algorithms:
            raise ValueError("audience, persons and algorithms must not be empty")
        if self.claims.tenant is None and len(self.tenants or ()) != 1:
            raise ValueError("without a claim for the tenant, tenants must name exactly one")


def trusted_issuers(settings: str, *, production: bool) -> Sequence[Issuer]:
    """
    Return the issuers that a JSON setting configures: one object, or a list of them.

    Raises `ValueError` where it is no such configuration, two could not be told apart, or in
    production an address is not https, as a development issuer's is not.
    """
    given = msgspec.json.decode(settings, type=Issuer | list[Issuer])
    trusted = [given] if isinstance(given, Issuer) else given
    for problem in _problems(trusted):
        raise ValueError(problem)
    if production and not all(each.issuer.startswith("https://") for each in trusted):
        raise ValueError("production trusts no issuer whose address is not https")
    return trusted


def _problems(trusted: Sequence[Issuer]) -> Iterator[str]:
    if not trusted:
        yield "the list of issuers is empty"
    if len({each.issuer for each in trusted}) < len(trusted):
        yield "an issuer is named twice: give it several audiences instead"
    if len({each.name for each in trusted}) < len(trusted):
        yield "give each issuer a name of its own, so that their subjects are told apart"
