"""A small shop of every feature that the HTTP layer offers, and a client to call it with."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NamedTuple

import jwt
import msgspec
from chalice.app import Chalice
from chalice.local import LambdaContext
from chalice.test import Client
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from chalicelib.domain.api_key import MintedKey, mint
from chalicelib.domain.errors import Conflict, MemberNotFound, Stale, Throttled, Unavailable
from chalicelib.routes import health
from chalicelib.routes.http.issuer import Issuer
from chalicelib.routes.http.operation import Body, Call, Page, Reply
from chalicelib.routes.http.rates import Rates
from chalicelib.routes.http.resource import Resource, problem_middleware
from chalicelib.routes.http.services import provide
from chalicelib.routes.http.tokens import TokenVerifier
from chalicelib.usecases.stored import StoredKey

NOW = 1_772_000_000_000
NOW_S = NOW // 1000
ISSUER = "https://id.clinic.example"
AUDIENCE = "tessera"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JWKS = {
    "keys": [
        {
            **RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True),
            "kid": "k1",
            "use": "sig",
            "alg": "RS256",
        }
    ]
}
OWN = "mem_01HZX0000000000000000000A1"
OTHER = "mem_01HZX0000000000000000000B2"
STORED = b'{"voucher":"first \\u00e4nswer",  "kept":"as it was"}'


class Line(Body):
    """One line of a toy basket."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
    amount: Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class ByCard(Body, tag="card", tag_field="kind"):
    """Paid by card."""

    last4: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")]


class ByCash(Body, tag="cash", tag_field="kind"):
    """Paid in cash."""

    drawer: int | None = None


class Basket(Body):
    """A toy body with every kind of field."""

    reward: str
    lines: Annotated[list[Line], msgspec.Meta(max_length=3)]
    paid: ByCard | ByCash | None = None
    channel: Literal["desk", "app"] = "desk"
    tags: dict[str, bool] = msgspec.field(default_factory=dict)


class Listing(Page, frozen=True):
    """A toy list's query."""

    state: Literal["open", "used"] | None = None
    deep: bool = False


class Answer(msgspec.Struct):
    """A toy answer."""

    member: str
    total: int


REFUSALS: dict[str, Exception] = {
    "conflict": Conflict("insufficient_points", "Too few.", needed=5, status=999),
    "absent": MemberNotFound(),
    "throttled": Throttled("too_many_requests", "Slow down.", retry_after=7),
    "unavailable": Unavailable("unavailable", "Again."),
    "crash": RuntimeError("canary Jane Roe 1980-01-01"),
}

api = Resource("toys")


@api.post(
    "/members/{member_id}/baskets",
    name="create_basket",
    scope="redemptions:write",
    summary="Fill a basket",
    body=Basket,
    answer=Answer,
    status=201,
    member_may=True,
    errors=("insufficient_points", "out_of_stock"),
)
def fill(call: Call[Basket]) -> Reply:
    """Answers with what the basket holds, or as the reward's name asks."""
    if call.body.reward == "replay":
        return Reply(STORED, status=201, replayed=True)
    if call.body.reward in REFUSALS:
        raise REFUSALS[call.body.reward]
    total = sum(line.amount for line in call.body.lines)
    return Reply(Answer(member=call.path["member_id"], total=total), version=7)


@api.get(
    "/members/{member_id}/baskets",
    name="list_baskets",
    scope="rewards:read",
    summary="Baskets",
    query=Listing,
)
def baskets(call: Call[None, Listing]) -> Reply:
    """Answers with where the list is and the cursor to go on."""
    return Reply(
        {
            "position": call.position(),
            "next": call.next_cursor({"sk": "E#000000000007"}),
            "limit": call.query.limit,
            "deep": call.query.deep,
        }
    )


@api.get(
    "/members/{member_id}",
    name="read_shopper",
    scope="members:read",
    summary="A member",
    member_may=True,
)
def member(call: Call) -> Reply:
    """Answers with what the layer made of the request."""
    return Reply(
        {
            "tenant": call.tenant,
            "actor": call.caller.actor,
            "path": call.path,
            "locale": call.locale,
            "left": call.remaining_ms(),
        }
    )


@api.patch(
    "/members/{member_id}",
    name="update_shopper",
    scope="members:write",
    summary="Change a member",
    body=Line,
    if_match=True,
)
def change(call: Call[Line]) -> Reply:
    """Refuses as stale whatever is not version 7."""
    if call.expected_revision() != 7:
        raise Stale("stale", "Read it again.")
    return Reply({"fingerprint": call.fingerprint.hex(), "key": call.idempotency_key}, version=8)


@api.post(
    "/activities",
    name="record_toy",
    scope="activities:write",
    summary="An activity",
    body=Line,
    idempotent="optional",
)
def record(call: Call[Line]) -> Reply:
    """Takes the identity from the body; the header may be there too."""
    return Reply({"key": call.idempotency_key, "fingerprint": call.fingerprint.hex()})


@api.put(
    "/activities",
    name="update_toy",
    scope="activities:write",
    summary="Replace an activity",
    body=Line,
)
def replace(call: Call[Line]) -> Reply:
    """Takes the same body at the same path as a new activity."""
    return Reply({"fingerprint": call.fingerprint.hex()})


@api.delete(
    "/activities/{activity_id}",
    name="close_toy",
    scope="activities:write",
    summary="End an activity",
    status=204,
)
def end(call: Call) -> Reply:
    """Answers nothing."""
    del call
    return Reply()


class Keys:
    """A key directory in memory that counts how often it is asked."""

    def __init__(self) -> None:
        self.kept: dict[str, StoredKey] = {}
        self.asked = 0
        self.used: list[tuple[str, int]] = []

    def find_key(self, key_id: str) -> StoredKey | None:
        """The key of that id."""
        self.asked += 1
        return self.kept.get(key_id)

    def note_key_use(self, key_id: str, day: int) -> None:
        """Remember that it was told of the use of a key."""
        self.used.append((key_id, day))

    def add(
        self, seed: int, scopes: set[str], *, revoked: bool = False, ends_at: int | None = None
    ) -> MintedKey:
        """Stores a key made of that seed and returns it."""
        minted = mint(bytes([seed] * 30))
        self.kept[minted.key_id] = StoredKey(
            tenant="clinic",
            key_id=minted.key_id,
            secret_hash=minted.secret_hash,
            scopes=frozenset(scopes),
            name="toy",
            revoked=revoked,
            ends_on="" if ends_at is None else "2026-03-01",
            ends_at=ends_at,
        )
        return minted


class Toys:
    """The services of the toy app."""

    def __init__(self) -> None:
        self.keys = Keys()
        self.root_key = b"r" * 32
        trusted = Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=JWKS, tenants=frozenset({"clinic"}))
        self.tokens = TokenVerifier([trusted], self.wall_clock)
        self.rates: Rates | None = None

    def wall_clock(self) -> int:
        """The one moment at which everything here happens."""
        return NOW


class Answered(NamedTuple):
    """A response as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Shop:
    """The toy app with a client; answers that are refusals are checked to be problem documents."""

    def __init__(self) -> None:
        self.services = Toys()
        provide(lambda: self.services)
        self.app = Chalice("tessera-toys", configure_logs=False)
        for resource in (api, health.api):
            self.app.register_blueprint(resource.blueprint)
        self.app.register_middleware(problem_middleware, "http")
        self.client = Client(self.app)
        self.server = self.services.keys.add(1, {"*"}).token

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "",
        headers: dict[str, str | None] | None = None,
    ) -> Answered:
        """
        Sends one request, as the all-powerful server unless told otherwise.

        ``body`` is sent as it is when bytes, else as JSON; a header of None is left out.
        """
        raw = (
            b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        )
        sent: dict[str, str | None] = {
            "Content-Type": "application/json",
            "Idempotency-Key": "key-1",
            "Authorization": None if token is None else f"Bearer {token or self.server}",
            **(headers or {}),
        }
        present = {name: value for name, value in sent.items() if value is not None}
        response = self.client.http.request(method, path, headers=present, body=raw)
        answered = Answered(response.status_code, response.headers, response.body)
        check_answer(answered)
        return answered


def check_answer(answered: Answered) -> None:
    """Every answer bears the common headers; every refusal is one well-formed problem document."""
    assert answered.headers["X-Content-Type-Options"] == "nosniff"
    assert answered.headers["Cache-Control"] == "no-store"
    assert answered.headers["Strict-Transport-Security"].startswith("max-age=")
    request_id = answered.headers["X-Request-Id"]
    if answered.status < 400:
        assert answered.headers["Content-Type"] == "application/json"
        return
    assert answered.headers["Content-Type"] == "application/problem+json"
    problem = answered.json
    assert problem["status"] == answered.status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["instance"] == f"urn:tessera:request:{request_id}"
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answered.body.decode()
    for error in problem.get("errors", []):
        assert {"detail"} < error.keys() <= {"detail", "pointer", "parameter"}


def token(*, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A JWT that verifies, unless the claims or the header given here spoil it; None removes."""
    payload = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "iat": NOW_S,
        "exp": NOW_S + 600,
        "tenant": "clinic",
        **claims,
    }
    present = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(present, KEY, algorithm="RS256", headers={"kid": "k1", **(header or {})})


def context(remaining_ms: int) -> LambdaContext:
    """A Lambda context with that much time left."""
    return LambdaContext("api", 128, max_runtime_ms=remaining_ms)
