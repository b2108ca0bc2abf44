"""Twelve and more ways to forge a token, and the one that verifies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.domain.errors import Unauthorised, Unavailable
from chalicelib.routes.http.issuer import Issuer, trusted_issuer
from chalicelib.routes.http.tokens import TokenVerifier
from tests.routes.toy import AUDIENCE, ISSUER, JWKS, KEY, NOW, NOW_S, Shop, token

PUBLIC_PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STAFF: dict[str, Any] = {"roles": ["admin"]}


def encoded(part: object) -> str:
    """One part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def claims() -> dict[str, Any]:
    """The claims of a good token."""
    return jwt.decode(token(**STAFF), options={"verify_signature": False})


def unsigned() -> str:
    """A token that says that it needs no signature."""
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims())}."


def confused() -> str:
    """A token signed with the public key as if it were a shared secret."""
    head = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'k1'})}.{encoded(claims())}"
    signature = hmac.digest(PUBLIC_PEM, head.encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def tampered() -> str:
    """A token whose payload was exchanged after signing."""
    head, _, signature = token(roles=["auditor"]).split(".")
    return f"{head}.{encoded(claims())}.{signature}"


def by_stranger(**header: Any) -> str:
    """A token signed by a key of the attacker's."""
    return jwt.encode(claims(), STRANGER, algorithm="RS256", headers={"kid": "k1", **header})


ATTACKS: dict[str, Callable[[], str]] = {
    "alg none": unsigned,
    "HS256 with the public key": confused,
    "another algorithm of the same key": lambda: jwt.encode(
        claims(), KEY, algorithm="PS256", headers={"kid": "k1"}
    ),
    "wrong audience": lambda: token(**STAFF, aud="other"),
    "wrong issuer": lambda: token(**STAFF, iss="https://evil.example"),
    "expired": lambda: token(**STAFF, exp=NOW_S - 30),
    "endless": lambda: token(**STAFF, exp=math.inf),
    "expires by name": lambda: token(**STAFF, exp="tomorrow"),
    "not valid yet": lambda: token(**STAFF, nbf=NOW_S + 31),
    "issued in the future": lambda: token(**STAFF, iat=NOW_S + 31),
    "critical extension": lambda: token(**STAFF, header={"crit": ["b64"], "b64": True}),
    "no expiry": lambda: token(**STAFF, exp=None),
    "no subject": lambda: token(**STAFF, sub=None),
    "no audience": lambda: token(**STAFF, aud=None),
    "no issuer": lambda: token(**STAFF, iss=None),
    "number as subject": lambda: token(**STAFF, sub=7),
    "empty subject": lambda: token(**STAFF, sub=""),
    "unknown kid": lambda: token(**STAFF, header={"kid": "k2"}),
    "kid that is a path": lambda: token(**STAFF, header={"kid": "../../dev/null"}),
    "key set of the attacker's": lambda: by_stranger(jku="https://evil.example/jwks"),
    "key of the attacker's": lambda: by_stranger(
        jwk={"kty": "RSA", "n": "AQAB", "e": "AQAB"}, x5u="https://evil.example/x"
    ),
    "tampered payload": tampered,
    "another kind of token": lambda: token(**STAFF, header={"typ": "dpop+jwt"}),
    "tenant of another": lambda: token(**STAFF, tenant="hospital"),
    "no tenant": lambda: token(**STAFF, tenant=None),
    "tenant with a separator": lambda: token(**STAFF, tenant="clinic#M#x"),
    "neither member nor staff": token,
    "member and staff": lambda: token(**STAFF, member_id="mem_1"),
    "roles in one string": lambda: token(roles="admin"),
    "member that is no id": lambda: token(member_id="m#1"),
    "not a token": lambda: "a.b.c",
    "a dot": lambda: ".",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_forgeries_are_401(shop: Shop, attack: str) -> None:
    """Each is refused as a problem document that challenges for a bearer and explains no more."""
    refused = shop.call("GET", "/v1/members/mem_1", token=ATTACKS[attack]())

    assert refused.status == 401
    assert refused.json["code"] == "credential_invalid"
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="tessera"')
    assert "evil" not in refused.body.decode()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"aud": ["other", AUDIENCE]},
        {"exp": NOW_S - 29},
        {"nbf": NOW_S + 30},
        {"exp": NOW_S + 0.5},
        {"header": {"typ": "at+jwt"}},
        {"header": {"jku": "https://evil.example/jwks"}},
    ],
)
def test_good_tokens(shop: Shop, given: dict[str, Any]) -> None:
    """What the issuer signed for us verifies, within 30 seconds of both clocks."""
    assert shop.call("GET", "/v1/members/mem_1", token=token(**STAFF, **given)).status == 200


def test_a_key_without_kid_is_taken_when_it_is_the_only_one() -> None:
    """Small issuers name no keys."""
    bare = jwt.encode(claims(), KEY, algorithm="RS256")
    trusted = Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=JWKS)

    assert TokenVerifier(trusted, lambda: NOW).verify(bare).tenant == "clinic"


def test_keys_for_encryption_sign_nothing() -> None:
    """A key that its issuer set aside for encryption is not used."""
    jwks = {"keys": [{**JWKS["keys"][0], "use": "enc"}]}
    verifier = TokenVerifier(Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=jwks), lambda: NOW)

    with pytest.raises(Unauthorised):
        verifier.verify(token(**STAFF))


def test_shared_secrets_in_a_key_set_are_no_keys() -> None:
    """A symmetric key in the set does not make HS256 acceptable."""
    secret = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    jwks = {"keys": [{"kty": "oct", "k": secret, "kid": "s", "alg": "HS256"}]}
    verifier = TokenVerifier(Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=jwks), lambda: NOW)

    with pytest.raises(Unauthorised):
        verifier.verify(jwt.encode(claims(), b"s" * 32, headers={"kid": "s"}))


def test_roles_become_scopes() -> None:
    """Roles add up, unknown ones give nothing, an auditor only reads."""
    verifier = TokenVerifier(Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=JWKS), lambda: NOW)
    auditor = verifier.verify(token(roles=["auditor", "astronaut"]))
    nobody = verifier.verify(token(roles=["astronaut"]))

    assert auditor.kind == "staff"
    assert all(scope.endswith(":read") for scope in auditor.scopes)
    assert auditor.holds("ledger:read")
    assert not auditor.holds("adjustments:write")
    assert nobody.scopes == frozenset()


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": ISSUER, "audience": AUDIENCE},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks": JWKS, "jwks_uri": "https://x.example"},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks_uri": "http://x.example"},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks_uri": "file:///etc/passwd"},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks": JWKS, "algorithms": ["none"]},
        {"issuer": ISSUER, "jwks": JWKS},
    ],
)
def test_configurations_that_trust_nobody_or_anybody(settings: dict[str, Any]) -> None:
    """Each is refused when it is read, not when the first token comes."""
    with pytest.raises(ValueError, match=r".+"):
        trusted_issuer(json.dumps(settings), production=False)


def test_production_trusts_no_development_issuer() -> None:
    """The local issuer's address is refused in production and taken elsewhere."""
    local = json.dumps({"issuer": "http://127.0.0.1/local", "audience": "t", "jwks": JWKS})

    assert trusted_issuer(local, production=False).audience == "t"
    with pytest.raises(ValueError, match="https"):
        trusted_issuer(local, production=True)


def test_an_issuer_out_of_reach_decides_nothing() -> None:
    """When the keys cannot be fetched the token is neither good nor bad: 503, not 401."""
    trusted = Issuer(issuer=ISSUER, audience=AUDIENCE, jwks_uri="https://127.0.0.1:1/jwks")

    with pytest.raises(Unavailable):
        TokenVerifier(trusted, lambda: NOW).verify(token(**STAFF))
