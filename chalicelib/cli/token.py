"""`tessera token`: a token of the local issuer, for development only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import click
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from chalicelib.cli.local import local_directory, on_file
from chalicelib.routes.http.credentials import ROLES

_DEFAULT_TTL_S: Final = 8 * 60 * 60
_TTL_MAX_S: Final = 30 * 24 * 60 * 60


@click.command("token")
@click.option("--role", "roles", multiple=True, type=click.Choice(sorted(ROLES)), help="Staff.")
@click.option("--member", "member_id", help="The member of that id.")
@click.option(
    "--location", "locations", multiple=True, help="A location to which the staff are limited."
)
@click.option("--tenant", help="The tenant (that of .local/credentials.json).")
@click.option("--subject", help="Who the token speaks for (made from the role or the member).")
@click.option(
    "--ttl",
    "ttl_s",
    type=click.IntRange(1, _TTL_MAX_S),
    default=_DEFAULT_TTL_S,
    show_default=True,
    help="Seconds until it expires.",
)
def command(
    *,
    roles: tuple[str, ...],
    member_id: str | None,
    locations: tuple[str, ...],
    tenant: str | None,
    subject: str | None,
    ttl_s: int,
) -> None:
    """
    Print a token for staff (--role, may be repeated) or for a member (--member).

    With --location, which may be repeated, staff see members of these locations alone.

    Only a server that trusts the key in .local/issuer.pem accepts it, and none in production.
    TESSERA_LOCAL_DIR names another directory than .local.
    """
    from infra.local.keys import local_issuer

    if bool(roles) == bool(member_id):
        raise click.UsageError("give either --role or --member")
    if locations and member_id:
        raise click.UsageError("--location is for staff: give it with --role")
    directory = local_directory()
    if not (directory / "issuer.pem").exists():
        raise click.ClickException(f"{directory}/issuer.pem is not there: run `tessera serve` once")
    issuer = local_issuer(directory)
    click.echo(
        mint_token(
            issuer.private_pem,
            issuer=issuer.issuer,
            audience=issuer.audience,
            key_id=issuer.key_id,
            subject=subject or f"local-{member_id or '-'.join(roles)}",
            tenant=tenant or on_file("tenant", "--tenant"),
            roles=roles,
            member_id=member_id,
            locations=locations or None,
            ttl_s=ttl_s,
            now=time.time_ns() // 1_000_000,
        )
    )


def mint_token(  # noqa: PLR0913 - a token is made of its claims
    private_key_pem: str,
    *,
    issuer: str,
    audience: str,
    key_id: str,
    subject: str,
    tenant: str,
    now: int,
    ttl_s: int,
    roles: Sequence[str] = (),
    member_id: str | None = None,
    locations: Sequence[str] | None = None,
) -> str:
    """
    Return a JWT for the member, or for staff with those roles, limited to ``locations`` if given.

    ``now`` is an `Instant`.
    """
    key = _signing_key(private_key_pem)
    issued_s = now // 1000
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": issued_s,
        "exp": issued_s + ttl_s,
        "tenant": tenant,
    }
    if member_id is None:
        claims["roles"] = list(roles)
    else:
        claims["member_id"] = member_id
    if locations is not None:
        claims["locations"] = list(locations)
    algorithm = "RS256" if isinstance(key, RSAPrivateKey) else "ES256"
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id})


@lru_cache(maxsize=4)
def _signing_key(pem: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
    # To check an RSA key takes 50 ms, and who fills a server with examples signs many tokens.
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise TypeError("tokens are signed with an RSA or EC key")
    return key
