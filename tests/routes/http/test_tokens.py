"""Ways to forge a token, those that verify, and whose tokens are trusted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import math
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import api_jwk, jwk_set_cache, jwks_client
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from msgspec.structs import replace

from chalicelib.domain.errors import Unauthorised, Unavailable
from chalicelib.routes.http.issuer import Claims, Issuer, trusted_issuers
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
    head, _, signature = token(roles=["compliance"]).split(".")
    return f"{head}.{encoded(claims())}.{signature}"


def unsigned_with(payload: object) -> str:
    """A token with this payload, and a signature of nothing."""
    return f"{encoded({'alg': 'RS256', 'kid': 'k1'})}.{encoded(payload)}.AAAA"


def nested() -> str:
    """One part of a token, deeper than a parser may go."""
    return base64.urlsafe_b64encode(b"[" * 3000).decode()


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
    "locations in one text": lambda: token(**STAFF, locations="north south"),
    "locations that are nothing": lambda: token(**STAFF, locations=[None]),
    "locations that are numbers": lambda: token(**STAFF, locations=[1]),
    "location with a separator": lambda: token(**STAFF, locations=["north#south"]),
    "location that is empty": lambda: token(**STAFF, locations=["north", ""]),
    "locations by name": lambda: token(**STAFF, locations={"north": True}),
    "locations without end": lambda: token(**STAFF, locations=[f"l{n}" for n in range(101)]),
    "issuer that is no text": lambda: unsigned_with(claims() | {"iss": [ISSUER]}),
    "issuer with a slash more": lambda: token(**STAFF, iss=f"{ISSUER}/"),
    "deep header": lambda: f"{nested()}.{encoded(claims())}.AAAA",
    "deep payload": lambda: f"{encoded({'alg': 'RS256'})}.{nested()}.AAAA",
    "payload that is a list": lambda: (
        f"{encoded({'alg': 'RS256', 'kid': 'k1'})}.{encoded([])}.AAAA"
    ),
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

    assert TokenVerifier([trusted], lambda: NOW).verify(bare).tenant == "clinic"


def test_keys_for_encryption_sign_nothing() -> None:
    """A key that its issuer set aside for encryption is not used."""
    jwks = {"keys": [{**JWKS["keys"][0], "use": "enc"}]}
    verifier = TokenVerifier([Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=jwks)], lambda: NOW)

    with pytest.raises(Unauthorised):
        verifier.verify(token(**STAFF))


def test_shared_secrets_in_a_key_set_are_no_keys() -> None:
    """A symmetric key in the set does not make HS256 acceptable."""
    secret = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    jwks = {"keys": [{"kty": "oct", "k": secret, "kid": "s", "alg": "HS256"}]}
    verifier = TokenVerifier([Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=jwks)], lambda: NOW)

    with pytest.raises(Unauthorised):
        verifier.verify(jwt.encode(claims(), b"s" * 32, headers={"kid": "s"}))


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        ({}, None),
        ({"locations": []}, ()),
        ({"locations": "north"}, ("north",)),
        ({"locations": ["south", "north", "south"]}, ("north", "south")),
    ],
)
def test_locations_of_staff(said: dict[str, Any], limits: tuple[str, ...] | None) -> None:
    """A list of them, or one; members are limited to none."""
    verifier = TokenVerifier([Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=JWKS)], lambda: NOW)

    assert verifier.verify(token(**STAFF, **said)).locations == limits
    assert verifier.verify(token(member_id="mem_1", **said)).locations is None


def test_roles_become_scopes() -> None:
    """
    Roles add up, unknown ones give nothing; marketing reads no member.

    Compliance only reads, but for gifts against a law.
    """
    verifier = TokenVerifier([Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=JWKS)], lambda: NOW)
    compliance = verifier.verify(token(roles=["compliance", "astronaut"]))
    marketing = verifier.verify(token(roles=["marketing"]))
    nobody = verifier.verify(token(roles=["astronaut"]))

    assert compliance.kind == "staff"
    of_overrides = {"overrides:write", "overrides:approve"}
    assert all(scope.endswith(":read") for scope in compliance.scopes - of_overrides)
    assert compliance.scopes > of_overrides
    assert compliance.holds("ledger:read")
    assert not compliance.holds("adjustments:write")
    assert marketing.scopes == {"locations:read", "programmes:read"}
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
        trusted_issuers(json.dumps(settings), production=False)


def test_production_trusts_no_development_issuer() -> None:
    """The local issuer's address is refused in production and taken elsewhere."""
    local = json.dumps({"issuer": "http://127.0.0.1/local", "audience": "t", "jwks": JWKS})

    assert [each.audience for each in trusted_issuers(local, production=False)] == ["t"]
    with pytest.raises(ValueError, match="https"):
        trusted_issuers(local, production=True)


#: A provider where patients sign up by themselves, and the tenant's own of its staff.
PATIENTS: Final = Issuer(
    issuer="https://patients.example",
    name="patients",
    audience="portal",
    jwks=JWKS,
    persons=frozenset({"members"}),
    claims=Claims(member_id="https://patients.example/member"),
)
PEOPLE: Final = Issuer(
    issuer="https://people.example",
    name="people",
    audience=["desk", "office"],
    jwks=JWKS,
    tenants=frozenset({"clinic"}),
    persons=frozenset({"staff"}),
    claims=Claims(tenant=None, roles="groups"),
)
BOTH: Final = TokenVerifier([PATIENTS, PEOPLE], lambda: NOW)
PATIENT: Final[dict[str, Any]] = {
    "iss": PATIENTS.issuer,
    "aud": "portal",
    PATIENTS.claims.member_id: "mem_1",
}
COLLEAGUE: Final[dict[str, Any]] = {
    "iss": PEOPLE.issuer,
    "aud": "office",
    "tenant": None,
    "groups": ["receptionist", "all-staff"],
}


def test_each_issuer_says_it_in_its_own_words() -> None:
    """Names of claims, audiences and the one tenant of an issuer are configured, for each."""
    patient, colleague = BOTH.verify(token(**PATIENT)), BOTH.verify(token(**COLLEAGUE))

    assert (patient.tenant, patient.kind, patient.member_id) == ("clinic", "member", "mem_1")
    assert (colleague.tenant, colleague.kind, colleague.roles) == (
        "clinic",
        "staff",
        ("receptionist",),
    )


def test_subjects_of_two_issuers_are_two_persons() -> None:
    """Both number their people from 1; what they did must not look like one person's."""
    first = BOTH.verify(token(**PATIENT, sub="1"))
    second = BOTH.verify(token(**COLLEAGUE, sub="1"))

    assert (first.id, second.id) == ("patients/1", "people/1")


@pytest.mark.parametrize(
    "given",
    [
        # Whoever signs up as a patient is no administrator, whatever claims they can set.
        PATIENT | {PATIENTS.claims.member_id: None, "roles": ["admin"]},
        # Nor does the staff's provider open the account of a patient.
        COLLEAGUE | {"groups": None, "member_id": "mem_1"},
        # Each audience and each name of a claim is of its own issuer.
        PATIENT | {"aud": "office"},
        PATIENT | {PATIENTS.claims.member_id: None, "member_id": "mem_1"},
        COLLEAGUE | {"groups": None, "roles": ["admin"]},
        COLLEAGUE | {"iss": "https://third.example"},
        PATIENT | {"tenant": None},
    ],
)
def test_no_issuer_speaks_for_the_other(given: dict[str, Any]) -> None:
    """What one of two may say is refused from the other."""
    with pytest.raises(Unauthorised):
        BOTH.verify(token(**given))


def test_an_algorithm_may_be_left_out() -> None:
    """A key of a kind that its issuer is not trusted with signs nothing."""
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "e1"}
    curve = Issuer(issuer=ISSUER, audience=AUDIENCE, jwks={"keys": [jwk]})
    signed = jwt.encode(claims(), private, algorithm="ES256", headers={"kid": "e1"})

    assert TokenVerifier([curve], lambda: NOW).verify(signed).kind == "staff"
    narrow = replace(curve, algorithms=frozenset({"RS256"}))
    with pytest.raises(Unauthorised):
        TokenVerifier([narrow], lambda: NOW).verify(signed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "empty"),
        ([{}, {"name": "b"}], "named twice"),
        ([{}, {"issuer": "https://b.example"}], "name of its own"),
        ([{"claims": {"tenant": None}}], "exactly one"),
        ([{"claims": {"tenant": None}, "tenants": ["a", "b"]}], "exactly one"),
        ([{"persons": []}], "empty"),
        ([{"algorithms": []}], "empty"),
        ([{"algorithms": ["HS256"]}], "HS256"),
        ([{"audience": []}], "length"),
        ([{"name": "Staff"}], "regex"),
        ([{"name": "staff\n"}], "regex"),
        ([{}, {"name": "b", "issuer": "http://b.example"}], "https"),
    ],
)
def test_issuers_that_cannot_be_told_apart_or_trusted(
    settings: list[dict[str, Any]], message: str
) -> None:
    """Each list is refused when it is read, with what is wrong."""
    base = {"issuer": ISSUER, "audience": AUDIENCE, "jwks": JWKS}

    with pytest.raises(ValueError, match=message):
        trusted_issuers(json.dumps([base | each for each in settings]), production=True)


class Published:
    """What an issuer answers where its keys are, and how often it was asked; time stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: bytes = b""
        self.asked = 0
        self.now_s = 1000.0
        monkeypatch.setattr(urllib.request, "build_opener", lambda *_: self)
        clock = SimpleNamespace(monotonic=lambda: self.now_s)
        for module in (jwks_client, jwk_set_cache, api_jwk):
            monkeypatch.setattr(module, "time", clock)

    def open(self, _request: urllib.request.Request, timeout: float) -> io.BytesIO:
        """Answer a request for the keys."""
        assert timeout <= 3
        self.asked += 1
        return io.BytesIO(self.answer)

    def publish(self, **keys: rsa.RSAPrivateKey) -> None:
        """Answer with these keys from now on."""
        public = [
            RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid}
            for kid, key in keys.items()
        ]
        self.answer = json.dumps({"keys": public}).encode()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    """Keys that the test publishes."""
    return Published(monkeypatch)


def fetching() -> TokenVerifier:
    """Return what verifies tokens of an issuer that publishes its keys."""
    trusted = Issuer(issuer=ISSUER, audience=AUDIENCE, jwks_uri="https://id.example/jwks")
    return TokenVerifier([trusted], lambda: NOW)


def test_keys_are_kept_and_rotated(published: Published) -> None:
    """They are fetched once for many tokens, again for a new one, and the old one ends."""
    verifier = fetching()
    fresh = jwt.encode(claims(), STRANGER, algorithm="RS256", headers={"kid": "k2"})
    published.publish(k1=KEY)
    for _ in range(3):
        verifier.verify(token(**STAFF))
    assert published.asked == 1

    # Whoever sends tokens of unknown keys makes nobody ask more than twice a minute.
    published.publish(k1=KEY, k2=STRANGER)
    with pytest.raises(Unauthorised):
        verifier.verify(fresh)
    assert published.asked == 1
    published.now_s += 30
    verifier.verify(fresh)
    verifier.verify(token(**STAFF))
    assert published.asked == 2

    published.publish(k2=STRANGER)
    published.now_s += 301
    verifier.verify(fresh)
    with pytest.raises(Unauthorised):
        verifier.verify(token(**STAFF))


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"keys": []}', b"\xff", b"[" * 9000])
def test_an_issuer_that_answers_something_else_decides_nothing(
    published: Published, answer: bytes
) -> None:
    """Whatever comes instead of keys is its trouble, not the token's: 503, and asked again."""
    verifier = fetching()
    published.answer = answer
    with pytest.raises(Unavailable):
        verifier.verify(token(**STAFF))

    published.publish(k1=KEY)
    assert verifier.verify(token(**STAFF)).kind == "staff"


def test_an_issuer_out_of_reach_decides_nothing() -> None:
    """When the keys cannot be fetched the token is neither good nor bad: 503, not 401."""
    trusted = Issuer(issuer=ISSUER, audience=AUDIENCE, jwks_uri="https://127.0.0.1:1/jwks")

    with pytest.raises(Unavailable):
        TokenVerifier([trusted], lambda: NOW).verify(token(**STAFF))
