"""
Where requests fall: the whole API in this process, with two tenants, a sandbox, and who may call.

The stores are those of `tests/fakes`, which are quick, or the real ones on the engine of this
process.  Clock, ids and chance follow a seed, so the same requests have the same answers.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal, NamedTuple, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

import app
from chalicelib import wiring
from chalicelib.cli.token import mint_token
from chalicelib.domain.ledger.actor import Actor
from chalicelib.routes.http.credentials import ROLES, SCOPES, CachedKeys
from chalicelib.routes.http.issuer import Issuer
from chalicelib.routes.http.services import provide
from chalicelib.routes.http.tokens import TokenVerifier
from chalicelib.store.catalogue import CachedCatalogue, DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.keys import issue_key
from chalicelib.usecases.ports import Catalogue, Directory, Ledger
from chalicelib.usecases.secrets import TenantSecrets
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Settings
from infra.local import in_process
from infra.local.gateway import Gateway
from infra.local.keys import KEY_ID, LocalIssuer
from infra.local.tables import create_tables
from tests.catalogue.catalogue import EXAMPLES, declared, programme
from tests.catalogue.example import Example
from tests.catalogue.stage import Stage, Things
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.directory import FakeDirectory
from tests.fakes.ledger import FakeLedger
from tests.fuzz.memory import Memory
from tests.fuzz.requests import Credential
from tests.journeys.client import Api, InProcess
from tests.journeys.world import Clinic, ManualClock, local_contract

StoreName = Literal["fake", "engine"]

_TOKEN_TTL_S = 10 * 366 * 86_400
_MEMBERS = 3
_ROOT_KEY = b"r" * 32


class Stores(NamedTuple):
    """The three ports."""

    ledger: Ledger
    directory: Directory
    catalogue: Catalogue


class Ground:
    """An API whose stores hold what a first set of callers made."""

    def __init__(self, stores: Stores, rng: random.Random) -> None:
        self.clock = ManualClock()
        catalogue = CachedCatalogue(stores.catalogue, self.clock)
        self._rng = rng
        self.services = Services(
            ledger=stores.ledger,
            directory=stores.directory,
            catalogue=catalogue,
            secrets=TenantSecrets(lambda: _ROOT_KEY),
            wall_clock=self.clock,
            new_id=self._new_id,
            random_bytes=rng.randbytes,
            jitter=lambda: 0.0,
            pause_ms=lambda _: None,
        )
        issuer = _issuer()
        trusted = Issuer(issuer=issuer.issuer, audience=issuer.audience, jwks=issuer.jwks)
        runtime = wiring.Runtime(
            keys=CachedKeys(catalogue, self.clock),
            tokens=TokenVerifier([trusted], self.clock),
            wall_clock=self.clock,
            use_cases=self.services,
            guesses=wiring.guesses_of(self.services),
        )
        provide(lambda: runtime)
        self.transport = InProcess(_gateway())
        self.api = Api(self.transport, local_contract(), None)
        self.credentials = self._credentials()

    def token(
        self,
        tenant: str,
        *,
        member_id: str | None = None,
        roles: tuple[str, ...],
        locations: tuple[str, ...] | None = None,
    ) -> str:
        """Return a JWT for a member or for staff."""
        return _token(tenant, member_id, roles, locations)

    def _credentials(self) -> list[Credential]:
        """Return those who will call, as often as each shall, after they have learnt something."""
        clinic, other = self._clinic("clinic-a"), self._clinic("clinic-b")
        sandbox = self._sandbox(clinic)
        (home, first), (abroad, there), (played, _) = map(self._settled, (clinic, other, sandbox))
        admin = [
            *[self._known(clinic, _key_of(clinic.api), home)] * 30,
            *[self._known(sandbox, _key_of(sandbox.api), played)] * 15,
            *[self._known(other, _key_of(other.api), abroad)] * 4,
            # Of another tenant, with what this one has seen: what it finds would be a leak.
            *[self._known(other, _key_of(other.api), home)] * 8,
        ]
        staff = [
            self._known(clinic, f"Bearer {self.token(clinic.tenant, roles=(role,))}", home)
            for role in (*sorted(ROLES), "nobody")
        ]
        places = [{"id": "north", "name": "North"}, {"id": "south", "name": "South"}]
        other.api.put("/v1/locations", {"locations": places, "revision": 0}).expect(200)
        for member in there:
            other.record(member, location="north").expect(201)
        for place in ("north", "south"):
            token = self.token(other.tenant, roles=("admin",), locations=(place,))
            staff.append(self._known(other, f"Bearer {token}", abroad))
        members = [
            self._known(
                clinic,
                f"Bearer {self.token(clinic.tenant, member_id=each, roles=())}",
                home,
                member=each,
            )
            for each in (*first[:2], "mem_" + "0" * 26)
        ]
        scopes = [self._rng.choice(sorted(SCOPES)) for _ in range(3)]
        limited = [self._known(clinic, _key_of(clinic.key(scope)), home) for scope in scopes]
        nowhere = Clinic(self, "nowhere", self.token("nowhere", roles=("admin",)), self.clock)
        stray = self._known(nowhere, _key_of(nowhere.api), home)
        return [*admin, *staff, *members, *limited, stray]

    def _known(
        self, clinic: Clinic, header: str, memory: Memory, *, member: str | None = None
    ) -> Credential:
        return Credential(header, clinic.tenant, member, memory, clinic._now)

    def _clinic(self, tenant: str) -> Clinic:
        settings = Settings(tenant=tenant, name="A clinic", time_zone="Europe/London")
        assert self.services.catalogue.create_tenant(settings, None)
        caller = Caller(tenant=tenant, actor=Actor("system", "test"))
        key = issue_key(self.services, caller, "test", frozenset({"*"}))
        return Clinic(self, tenant, key.token, self.clock)

    def _sandbox(self, host: Clinic) -> Clinic:
        made = host.api.post("/v1/sandboxes", {"now": host.now()}).expect(201)
        clock = self.services.catalogue
        tenant = made["tenant"]
        return Clinic(self, tenant, made["api_key"], lambda: clock.clock(tenant) or 0)

    def _settled(self, clinic: Clinic) -> tuple[Memory, list[str]]:
        """
        Return what is learnt where every example could be carried out next, and some members.

        Each has things of its own, so that what one request uses up another does not miss.  Those
        members have all of it at once, so that whatever is asked about them makes sense.
        """
        memory, stage = Memory(), Stage(clinic)
        memory.learn(programme())
        memory.learn({"scopes": sorted(SCOPES)})
        lives = [Things() for _ in range(_MEMBERS)]
        for example in EXAMPLES.values():
            for things in (Things(), *lives):
                memory.learn(_known_of(stage, example, things))
        return memory, [things["member_id"] for things in lives]

    def _new_id(self, kind: str) -> str:
        return f"{kind}_{''.join(self._rng.choices(wiring._CROCKFORD, k=26))}"


def _known_of(stage: Stage, example: Example, things: Things) -> dict[str, Any]:
    """Return what a caller knows who could carry an example out."""
    asked = stage.request(example, stage.prepared(example, things))
    path = declared()[example.operation].path_names
    named = {name: value for name, value in things.items() if name in path}
    return {**example.names, **named, **(asked.body or {})}


@contextmanager
def ground_on(store: StoreName, rng: random.Random) -> Iterator[Ground]:
    """Yield an API on empty stores of one kind."""
    if store == "fake":
        ledger = FakeLedger()
        yield Ground(Stores(ledger, FakeDirectory(ledger), FakeCatalogue(ledger)), rng)
        return
    in_process.reset()
    connection, prefix = _connection(), in_process.fresh_prefix()
    create_tables(cast("Any", connection.client), prefix, streams=False)
    dynamo = Dynamo(connection, prefix)
    yield Ground(
        Stores(DynamoLedger(dynamo), DynamoDirectory(dynamo), DynamoCatalogue(dynamo)), rng
    )


@cache
def _gateway() -> Gateway:
    return Gateway(app.app)


@cache
def _connection() -> Connection:
    # Requests are signed before they are answered, and no other credentials shall be looked for.
    os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    connection = Connection("eu-west-1", "http://engine.invalid")
    in_process.attach(connection.client)
    return connection


@cache
def _issuer() -> LocalIssuer:
    # Elliptic, since an RSA key takes longer to make and to load than a chapter has time for.
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwk = public | {"kid": KEY_ID, "use": "sig", "alg": "ES256"}
    return LocalIssuer(private_pem=pem.decode(), jwks={"keys": [jwk]})


@cache
def _token(
    tenant: str,
    member_id: str | None,
    roles: tuple[str, ...],
    locations: tuple[str, ...] | None,
) -> str:
    issuer, start = _issuer(), ManualClock()
    return mint_token(
        issuer.private_pem,
        issuer=issuer.issuer,
        audience=issuer.audience,
        key_id=issuer.key_id,
        subject=member_id or "staff-" + "-".join(roles),
        tenant=tenant,
        roles=roles,
        member_id=member_id,
        locations=locations,
        ttl_s=_TOKEN_TTL_S,
        now=start(),
    )


def _key_of(api: Api) -> str:
    return f"Bearer {api.token}"
