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
from chalicelib.routes.credentials import ROLES, SCOPES, CachedKeys
from chalicelib.routes.issuer import Issuer
from chalicelib.routes.services import provide
from chalicelib.routes.tokens import TokenVerifier
from chalicelib.store.catalogue import CachedCatalogue, DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.keys import issue_key
from chalicelib.usecases.ports import Catalogue, Directory, Ledger, Settings
from chalicelib.usecases.secrets import TenantSecrets
from chalicelib.usecases.services import Caller, Services
from infra.local import in_process
from infra.local.gateway import Gateway
from infra.local.keys import KEY_ID, LocalIssuer
from infra.local.tables import create_tables
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.directory import FakeDirectory
from tests.fakes.ledger import FakeLedger
from tests.furnished import furnished
from tests.fuzz.contract import local_contract
from tests.fuzz.memory import Memory
from tests.fuzz.requests import Credential
from tests.journeys.client import Api, InProcess
from tests.journeys.world import Clinic, ManualClock

StoreName = Literal["fake", "engine"]

_TOKEN_TTL_S = 10 * 366 * 86_400
_ROOT_KEY = b"r" * 32
_MEMBERS = 3
_FACTS = ("visit.completed", "checkup.completed")


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
            tokens=TokenVerifier(trusted, self.clock),
            wall_clock=self.clock,
            use_cases=self.services,
        )
        provide(lambda: runtime)
        self.transport = InProcess(_gateway())
        self.api = Api(self.transport, local_contract(), None)
        self.credentials = self._credentials()

    def token(self, tenant: str, *, member_id: str | None = None, roles: tuple[str, ...]) -> str:
        """Return a JWT for a member or for staff."""
        return _token(tenant, member_id, roles)

    def _credentials(self) -> list[Credential]:
        """Return those who will call, as often as each shall, after they have learnt something."""
        clinic, other = self._clinic("clinic-a"), self._clinic("clinic-b")
        sandbox = self._sandbox(clinic)
        (home, first), (abroad, _), (played, _) = map(self._settled, (clinic, other, sandbox))
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
        """Return what is learnt by using a tenant in every ordinary way, and its members."""
        memory, members = Memory(), []
        document = furnished()
        clinic.publish(document)
        memory.learn(document)
        memory.learn({"programme": "clinic", "version": 1})
        memory.learn({"scopes": sorted(SCOPES)})
        for number in range(_MEMBERS):
            # An external id that all tenants know, and that is someone else in each of them.
            external = {"system": "ehr", "value": f"p-{number}"}
            member = clinic.enrolled(external_id=external)
            memory.learn({"member_id": member, **external})
            members.append(member)
            clinic.give(member, 3_000)
            for kind in _FACTS:
                fact = clinic.fact(member, kind, external_id=f"{kind}-{number}")
                memory.learn(clinic.api.post("/v1/activities", fact).expect(201))
                memory.learn({"source": fact["source"], "external_id": fact["external_id"]})
            memory.learn(
                clinic.api.post(
                    f"/v1/members/{member}/redemptions",
                    {"programme": "clinic", "reward": "health-check"},
                ).expect(201)
            )
            self._set_aside(clinic, member, memory)
        memory.learn({"asset": "reference.js"})
        return memory, members

    def _set_aside(self, clinic: Clinic, member: str, memory: Memory) -> None:
        path, programme = f"/v1/members/{member}", {"programme": "clinic"}
        coffee = {**programme, "entitlement": "coffee"}
        given = {**coffee, "units": 500, "reason": "patience"}
        memory.learn(clinic.api.post(f"{path}/entitlement-grants", given).expect(201))
        memory.learn(clinic.api.post(f"{path}/entitlement-uses", coffee).expect(201))
        held = {**programme, "tier": "silver", "reason": "patience"}
        memory.learn(clinic.api.post(f"{path}/tier-grants", held).expect(201))
        shown = {**programme, "status": "family", "proof": "a card"}
        memory.learn(clinic.api.post(f"{path}/statuses", shown).expect(201))
        club = {**programme, "plan": "club"}
        memory.learn(clinic.api.post(f"{path}/subscriptions", club).expect(201))
        sorry = {**programme, "points": 5, "reason": "wait"}
        memory.learn(clinic.api.post(f"{path}/goodwill", sorry).expect(201))
        paid = {**programme, "currency": "prepaid", "amount": 50_000}
        memory.learn(clinic.api.post(f"{path}/top-ups", paid).expect(201))
        friend = clinic.enrolled()
        gift = {**programme, "currency": "points", "amount": 5}
        memory.learn(clinic.api.post(f"{path}/transfers", {**gift, "to": friend}).expect(201))
        for sender, receiver in ((member, friend), (friend, member)):
            memory.learn({"member_id": sender, "to": receiver, **gift})
        home = clinic.api.post("/v1/households", {"member_id": member, "role": "adult"})
        household = home.expect(201)["household_id"]
        child = {"member_id": friend, "role": "child"}
        memory.learn({"household_id": household, **child})
        clinic.api.post(f"/v1/households/{household}/members", child).expect(201)
        # Those who belong to none yet, to found others or to join.
        for _ in range(2):
            memory.learn(
                {"household_id": household, "role": "adult", "member_id": clinic.enrolled()}
            )
        priced = {**programme, "currency": "GBP", "lines": [{"amount": 500, "sku": "TEA"}]}
        for _ in range(3):
            quoted = clinic.api.post(f"{path}/quotes", priced).expect(201)["quote"]
            memory.learn({"member_id": member, "quote_id": quoted["quote_id"]})
        hold = {**programme, "currency": "points", "amount": 5, "minutes": 10_000}
        for _ in range(3):
            placed = clinic.api.post(f"{path}/holds", hold).expect(201)
            memory.learn({"member_id": member, "hold_id": placed["hold"]["hold_id"]})

    def _new_id(self, kind: str) -> str:
        return f"{kind}_{''.join(self._rng.choices(wiring._CROCKFORD, k=26))}"


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
def _token(tenant: str, member_id: str | None, roles: tuple[str, ...]) -> str:
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
        ttl_s=_TOKEN_TTL_S,
        now=start(),
    )


def _key_of(api: Api) -> str:
    return f"Bearer {api.token}"
