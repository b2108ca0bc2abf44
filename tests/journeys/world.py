"""
Worlds to travel in: the API with its stores, tenants in it, and those who call for them.

`LocalWorld` is in this process: the gateway, the real wiring and store, the engine behind
botocore's hook, and a clock that stands still until it is moved.  `ServerWorld` is a server of its
own.  In both, `Clinic` is a tenant with whoever may act for it.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, Self

import app
from chalicelib import observability, wiring
from chalicelib.cli.token import mint_token
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant, format_instant, parse_instant
from chalicelib.jobs import ticking
from chalicelib.routes.batches import BATCH_MAX
from chalicelib.routes.http.credentials import CachedKeys, KnownTenants
from chalicelib.routes.http.issuer import Issuer
from chalicelib.routes.http.openapi import encoded
from chalicelib.routes.http.services import provide
from chalicelib.routes.http.tokens import TokenVerifier
from chalicelib.store.catalogue import CachedCatalogue, DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.keys import issue_key
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Settings
from infra.local import in_process
from infra.local.gateway import Context, Gateway
from infra.local.keys import LocalIssuer, local_issuer
from infra.local.program import Program
from infra.local.tables import create_tables
from tests.journeys.client import Answer, Api, InProcess, OverHttp, Transport
from tests.journeys.contract import Contract

# A Monday morning in spring, the same hour in London as in UTC.
START = "2026-03-02T10:00:00Z"
_TOKEN_TTL_S = 3600
_ROOT_KEY = base64.b64encode(b"r" * 32).decode()
_ids = itertools.count(1)

Document = dict[str, Any]


class ManualClock(wiring.Clock):
    """A clock that shows what it was set to; an instant may be given as text."""

    def __init__(self, now: str | Instant = START) -> None:
        self.now = instant(now)

    def __call__(self) -> Instant:
        """Return what it shows."""
        return self.now

    def set(self, now: str | Instant) -> None:
        """Show another instant."""
        self.now = instant(now)

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        """Go on."""
        self.now += int(days * 86_400_000 + seconds * 1000)


class World(Protocol):
    """What a clinic needs of the world that it is in."""

    @property
    def api(self) -> Api:
        """The API without a credential."""

    def token(
        self,
        tenant: str,
        *,
        member_id: str | None = None,
        roles: tuple[str, ...],
        locations: tuple[str, ...] | None = None,
    ) -> str:
        """Sign a JWT for a member or for staff."""


class Clinic:
    """A tenant and those who call for it; ``api`` may do everything."""

    def __init__(self, world: World, tenant: str, token: str, now: Callable[[], Instant]) -> None:
        self._world = world
        self.tenant = tenant
        self.api = world.api.as_(token)
        self.anyone = world.api
        self._now = now

    def key(self, *scopes: str) -> Api:
        """Return the API with a new key of those scopes."""
        made = self.api.post("/v1/api-keys", {"name": "test", "scopes": list(scopes)}).expect(201)
        return Api(self.api.transport, self.api.contract, made["api_key"], key=made["key_id"])

    def member(self, member_id: str) -> Api:
        """Return the API as a member sees it."""
        return self.api.as_(self._world.token(self.tenant, member_id=member_id, roles=()))

    def staff(self, *roles: str, at: tuple[str, ...] | None = None) -> Api:
        """Return the API as staff with those roles see it, at these locations alone if any."""
        return self.api.as_(self._world.token(self.tenant, roles=roles, locations=at))

    def now(self, **shifted: int) -> str:
        """Return the tenant's time as text, shifted by so many ``days`` or ``seconds``."""
        shift = shifted.get("days", 0) * 86_400_000 + shifted.get("seconds", 0) * 1000
        return format_instant(self._now() + shift)

    def move_to(self, now: str) -> Any:
        """Move the test clock."""
        return self.api.put("/v1/clock", {"now": now}).expect(200)

    def publish(self, document: Document | str, effective_from: str | None = None) -> int:
        """Draft and publish a document, or an example by name; return the version."""
        document = example(document) if isinstance(document, str) else document
        draft = self.api.post("/v1/programmes", {"document": document}).expect(201)
        path = f"/v1/programmes/{draft['programme']}/versions/{draft['version']}/publication"
        body = {} if effective_from is None else {"effective_from": effective_from}
        self.api.post(path, body).expect(200)
        return int(draft["version"])

    def enrolled(self, **body: Any) -> str:
        """Create a member in every programme and return the id."""
        return str(self.api.post("/v1/members", body).expect(201)["id"])

    def activity(
        self, member: str | Document, kind: str = "visit.completed", **more: Any
    ) -> Document:
        """Return the body of a new activity that happens now, unless told otherwise."""
        return {
            "member": {"id": member} if isinstance(member, str) else member,
            "type": kind,
            "source": "emr",
            "external_id": f"activity-{next(_ids)}",
            "occurred_at": self.now(),
            **more,
        }

    def record(self, member: str | Document, kind: str = "visit.completed", **more: Any) -> Answer:
        """Record a new activity."""
        return self.api.post("/v1/activities", self.activity(member, kind, **more))

    def record_many(self, member: str, count: int) -> None:
        """Record so many new activities, in batches."""
        activities = [self.activity(member) for _ in range(count)]
        for start in range(0, count, BATCH_MAX):
            batch = {"activities": activities[start : start + BATCH_MAX]}
            self.api.post("/v1/activities/batch", batch).expect(200)

    def give(self, member: str, amount: int, *, programme: str = "clinic") -> None:
        """Put points on an account by hand."""
        body = {"programme": programme, "currency": "points", "amount": amount, "reason": "test"}
        self.api.post(f"/v1/members/{member}/adjustments", body).expect(201)

    def available(self, member: str, currency: str = "points") -> int:
        """Return what a member can spend."""
        return int(self.balance(member, currency)["available"])

    def balance(self, member: str, currency: str = "points") -> Document:
        """Return one currency of a member."""
        found = self.api.get(f"/v1/members/{member}/balance").expect(200)["balances"]
        return next(dict(each) for each in found if each["currency"] == currency)

    def ledger(self, member: str, *, limit: int = 100) -> list[Document]:
        """Return the whole ledger, oldest first."""
        events: list[Document] = []
        target: str | None = f"/v1/members/{member}/ledger?limit={limit}"
        while target is not None:
            page = self.api.get(target).expect(200)
            events += page["events"]
            cursor = page["next_cursor"]
            path = f"/v1/members/{member}/ledger?limit={limit}&cursor={cursor}"
            target = None if cursor is None else path
        return events[::-1]

    def check(self, member: str) -> list[Document]:
        """
        Return the ledger of an account of which all that must hold does hold.

        Versions are gapless, movements sum to the balance in every currency, and the account
        verifies against its journal.  What fell due must have been written: reads settle in memory.
        """
        events = self.ledger(member)
        assert [event["version"] for event in events] == list(range(1, len(events) + 1))
        shown = self.api.get(f"/v1/members/{member}/verification").expect(200)
        assert shown["verified"], shown["errors"]
        assert shown["since_version"] + shown["events"] == len(events)
        for held in self.api.get(f"/v1/members/{member}/balance").expect(200)["balances"]:
            moved = _moved(events, held["programme"], held["currency"], "member/available")
            assert moved == held["available"]
        return events


def _moved(events: list[Document], programme: str, currency: str, account: str) -> int:
    total = 0
    for event in events:
        for move in event["movements"]:
            if (move["programme"], move["currency"]) == (programme, currency):
                total += move["amount"] * (move["destination"] == account)
                total -= move["amount"] * (move["source"] == account)
    return total


class LocalWorld:
    """The API in this process, on a clock of its own; tables are shared, tenants are not."""

    def __init__(self, ground: Ground, transport: Transport | None = None) -> None:
        self.clock = ManualClock()
        base = ground.runtime.use_cases
        catalogue = CachedCatalogue(DynamoCatalogue(ground.dynamo), self.clock)
        self.dynamo = ground.dynamo
        self.services: Services = base._replace(catalogue=catalogue, wall_clock=self.clock)
        self.catalogue = catalogue
        self._issuer = ground.issuer
        trusted = Issuer(
            issuer=self._issuer.issuer, audience=self._issuer.audience, jwks=self._issuer.jwks
        )
        self.runtime = ground.runtime._replace(
            keys=CachedKeys(catalogue, self.clock),
            tokens=KnownTenants(
                TokenVerifier([trusted], self.clock),
                lambda tenant: catalogue.settings(tenant) is not None,
            ),
            wall_clock=self.clock,
            use_cases=self.services,
            guesses=wiring.guesses_of(self.services),
        )
        self.api = Api(transport or InProcess(ground.gateway), local_contract(), None)
        self.provide()

    def provide(self) -> None:
        """Let the routes work in this world from now on."""
        provide(lambda: self.runtime)

    def clinic(self, *, time_zone: str = "Europe/London") -> Clinic:
        """Return a new tenant that lives in this world's time."""
        tenant = f"clinic-{next(_ids)}"
        settings = Settings(tenant=tenant, name="A clinic", time_zone=time_zone)
        assert self.catalogue.create_tenant(settings, None)
        return Clinic(self, tenant, self._key_of(tenant), self.clock)

    def sandbox(self, now: str = START) -> Clinic:
        """Return a new tenant with a test clock."""
        host = self.clinic().api
        made = host.post("/v1/sandboxes", {"now": now}).expect(201)
        return _sandbox(self, made)

    def token(
        self,
        tenant: str,
        *,
        member_id: str | None = None,
        roles: tuple[str, ...] = (),
        locations: tuple[str, ...] | None = None,
        subject: str = "",
    ) -> str:
        """Sign a JWT for a member or for staff."""
        return _signed(self._issuer, tenant, member_id, roles, self.clock(), locations, subject)

    def tick(self) -> Mapping[str, Any]:
        """Run the scheduled job."""
        return ticking.run(self.services, Context("run", "tick"))

    def _key_of(self, tenant: str) -> str:
        caller = Caller(tenant=tenant, actor=Actor("system", "test"))
        return issue_key(self.services, caller, "test", frozenset({"*"})).token


class ServerWorld:
    """A server of its own, over HTTP."""

    def __init__(self, program: Program) -> None:
        transport = OverHttp(program.base_url)
        document = json.loads(transport("GET", "/openapi.json", {}, b"").body)
        self.api = Api(transport, Contract(document), None)
        self._issuer = local_issuer(program.directory)
        self._host = self.api.as_(program.credentials["admin_token"])

    def sandbox(self, now: str = START) -> Clinic:
        """Return a new tenant with a test clock."""
        return _sandbox(self, self._host.post("/v1/sandboxes", {"now": now}).expect(201))

    def token(
        self,
        tenant: str,
        *,
        member_id: str | None = None,
        roles: tuple[str, ...] = (),
        locations: tuple[str, ...] | None = None,
    ) -> str:
        """Sign a JWT for a member or for staff."""
        now = time.time_ns() // 1_000_000
        return _signed(self._issuer, tenant, member_id, roles, now, locations)


class Ground:
    """What all worlds of this process share, since it takes long to make: client, tables, key."""

    def __init__(self, directory: Path, *, endpoint: str | None = None) -> None:
        """Make tables on the engine of this process, or on the one at ``endpoint``."""
        prefix = in_process.fresh_prefix()
        self.issuer = local_issuer(directory)
        environment = {
            "TESSERA_ROOT_KEY": _ROOT_KEY,
            "TESSERA_TABLE_PREFIX": prefix,
            "TESSERA_DYNAMODB_ENDPOINT": endpoint or "http://engine.invalid",
            "TESSERA_OIDC": self.issuer.settings(),
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
        self.runtime = wiring.runtime(wiring.services(environment), environment)
        ledger = self.runtime.use_cases.ledger
        assert isinstance(ledger, DynamoLedger)
        self.dynamo: Dynamo = ledger._dynamo
        connection: Connection = self.dynamo.connection
        if endpoint is None:
            in_process.attach(connection.client)
        client: Any = connection.client
        create_tables(client, prefix, streams=False)
        self.gateway = Gateway(app.app)
        # Made in a subtest it would write to what pytest closes after that, and tell of each line.
        for handler in logging.getLogger(observability.logger().service).handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.__stdout__)

    def renewed(self) -> Self:
        """Return the same ground with tables of its own, empty."""
        made = copy.copy(self)
        connection, prefix = self.dynamo.connection, in_process.fresh_prefix()
        client: Any = connection.client
        create_tables(client, prefix, streams=False)
        made.dynamo = Dynamo(connection, prefix)
        use_cases = self.runtime.use_cases._replace(
            ledger=DynamoLedger(made.dynamo), directory=DynamoDirectory(made.dynamo)
        )
        made.runtime = self.runtime._replace(use_cases=use_cases)
        return made


def instant(when: str | Instant) -> Instant:
    """Return an instant that may be given as text."""
    return parse_instant(when) if isinstance(when, str) else when


def example(name: str, **changes: Any) -> Document:
    """Return an example programme by name, with parts replaced."""
    text = resources.files("chalicelib.programmes").joinpath(f"{name}.json").read_text("utf-8")
    document: Document = json.loads(text)
    return document | changes


@cache
def local_contract() -> Contract:
    """Return the contract of this process's app."""
    return Contract(json.loads(encoded(app.app)))


def _sandbox(world: World, made: Document) -> Clinic:
    clinic = Clinic(world, made["tenant"], made["api_key"], lambda: 0)
    clinic._now = lambda: parse_instant(clinic.api.get("/v1/clock").expect(200)["now"])
    return clinic


def _signed(
    issuer: LocalIssuer,
    tenant: str,
    member_id: str | None,
    roles: tuple[str, ...],
    now: Instant,
    locations: tuple[str, ...] | None = None,
    subject: str = "",
) -> str:
    return mint_token(
        issuer.private_pem,
        issuer=issuer.issuer,
        audience=issuer.audience,
        key_id=issuer.key_id,
        subject=subject or member_id or "staff-" + "-".join(roles),
        tenant=tenant,
        roles=roles,
        member_id=member_id,
        locations=locations,
        ttl_s=_TOKEN_TTL_S,
        now=now,
    )
