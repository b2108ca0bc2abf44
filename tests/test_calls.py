"""
What each operation asks of DynamoDB: how many calls, and how much capacity to write.

Calls are counted by the hook that carries them, so nothing that is sent can hide.  A warm
container knows the caller's key, the tenant's settings and its programmes; a cold one asks for
these three beforehand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from chalicelib.store import metering
from infra.local import in_process
from tests.furnished import furnished
from tests.journeys.client import Answer
from tests.journeys.world import Clinic, Document, Ground, LocalWorld, example

READ, READS, QUERY, WRITE, PUT = (
    "GetItem",
    "BatchGetItem",
    "Query",
    "TransactWriteItems",
    "PutItem",
)
_COFFEE = {"programme": "clinic", "entitlement": "coffee"}
PARKING = {"programme": "clinic", "reward": "parking"}


class Counted:
    """The calls that were made, in order."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def transport(self, request: AWSPreparedRequest) -> AWSResponse:
        """Count a request and carry it out."""
        target = request.headers["X-Amz-Target"]
        text = target.decode() if isinstance(target, bytes) else target
        self.made.append(text.partition(".")[2])
        return in_process.send(request)

    def of(self, work: Callable[[], Answer], status: int | None = None) -> list[str]:
        """Return the calls that one request made."""
        self.made.clear()
        answer = work()
        assert status is None or answer.status == status, answer.body
        return list(self.made)


@pytest.fixture
def counted(world: LocalWorld) -> Iterator[Counted]:
    """Count every call that the application makes from now on."""
    counter = Counted()
    client: Any = world.dynamo.connection.client
    in_process.attach(client, counter.transport)
    yield counter
    in_process.attach(client)


@pytest.fixture(params=["real time", "test clock"])
def tenant(request: pytest.FixtureRequest, world: LocalWorld) -> Clinic:
    """Return a warm tenant, with either kind of clock, that has the clinic's programme."""
    made = world.clinic() if request.param == "real time" else world.sandbox()
    made.publish(furnished())
    made.enrolled()
    return made


@pytest.fixture
def member(tenant: Clinic) -> str:
    """Return a member with 1,000 points."""
    found = tenant.enrolled(external_id={"system": "emr", "value": "known"})
    tenant.give(found, 1000)
    return found


def test_writes(counted: Counted, tenant: Clinic, member: str) -> None:
    """An accepted write is one consistent read and one transaction."""
    api, path = tenant.api, f"/v1/members/{member}"
    correction = {"programme": "clinic", "currency": "points", "amount": 1, "reason": "test"}
    given = {"programme": "clinic", "currency": "points", "amount": 5, "to": tenant.enrolled()}
    writes: list[tuple[str, Document]] = [
        ("/v1/activities", tenant.fact(member)),
        (f"{path}/redemptions", PARKING),
        (f"{path}/adjustments", correction),
        (f"{path}/enrolments", {"programmes": ["clinic"]}),
        (f"{path}/holds", {"programme": "clinic", "currency": "points", "amount": 5}),
        (f"{path}/entitlement-grants", {**_COFFEE, "units": 2, "reason": "test"}),
        (f"{path}/entitlement-uses", _COFFEE),
        (f"{path}/goodwill", {"programme": "clinic", "points": 1, "reason": "wait"}),
        (f"{path}/top-ups", {"programme": "clinic", "currency": "prepaid", "amount": 100}),
        (f"{path}/transfers", given),
        (f"{path}/statuses", {"programme": "clinic", "status": "family"}),
        (f"{path}/subscriptions", {"programme": "clinic", "plan": "club"}),
        (f"{path}/subscriptions/fees", {"programme": "clinic"}),
        (f"{path}/subscriptions/cancellation", {"programme": "clinic"}),
        (f"{path}/tier-grants", {"programme": "clinic", "tier": "gold", "reason": "test"}),
        (f"{path}/tier-grants/removal", {"programme": "clinic", "reason": "test"}),
        (f"{path}/closure", {"reason": "test"}),
    ]

    for target, body in writes:
        calls = counted.of(lambda target=target, body=body: api.post(target, body))  # type: ignore[misc]
        assert len(calls) == 2, (target, calls)
        assert calls[0] in {READ, READS}
    assert counted.of(lambda: api.post("/v1/members", {}), 201)[1:] == [WRITE]


def test_households(counted: Counted, tenant: Clinic, member: str) -> None:
    """Joining and leaving take one read of both accounts; closing has to learn of which first."""
    api, other = tenant.api, tenant.enrolled()
    body = {"member_id": member, "role": "adult"}

    def found() -> Answer:
        return api.post("/v1/households", body, key="k1")

    founding = counted.of(found, 201)
    path = f"/v1/households/{found().expect(201)['household_id']}"
    joining = counted.of(
        lambda: api.post(f"{path}/members", {"member_id": other, "role": "child"}), 201
    )
    reading = counted.of(lambda: api.get(path), 200)
    own = counted.of(lambda: api.get(f"/v1/members/{member}/household"), 200)
    priced = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 8000}]}
    quoting = counted.of(lambda: api.post(f"/v1/members/{member}/quotes", priced), 201)
    leaving = counted.of(lambda: api.post(f"{path}/departures", {"member_id": other}), 200)
    closing = counted.of(lambda: api.post(f"/v1/members/{member}/closure", {"reason": "x"}), 200)

    assert founding == joining == leaving == [READS, WRITE]
    assert reading == [READ]
    assert own[1:] == [READ]
    # One for who belongs to it, and one for what the others of them spent: here there is one.
    assert quoting[1:] == [READ, READ, PUT]
    assert closing[1:] == [READ, WRITE]


def test_writes_with_a_key_beside_their_identity(
    counted: Counted, tenant: Clinic, member: str
) -> None:
    """An Idempotency-Key beside the fact's own identity costs no further call."""
    body = tenant.fact(member)
    send = lambda: tenant.api.post("/v1/activities", body, key="k1")  # noqa: E731

    assert counted.of(send, 201)[1:] == [WRITE]
    # To tell which of the two is on record takes one look more.
    assert counted.of(send, 201)[1:] == [WRITE, READS]


def test_replays(counted: Counted, tenant: Clinic, member: str) -> None:
    """A replay costs what the first answer did."""
    fact = tenant.fact(member)
    sends: list[Callable[[], Answer]] = [
        lambda: tenant.api.post("/v1/activities", fact),
        lambda: tenant.api.post(f"/v1/members/{member}/redemptions", PARKING, key="k1"),
    ]

    for send in sends:
        send().expect(201)
        assert len(counted.of(send, 201)) == 2


def test_refusals(counted: Counted, tenant: Clinic, member: str) -> None:
    """A refusal is one read of the account, and one of what may be on record."""
    late = tenant.fact(member, occurred_at=tenant.now(days=-90))
    of_nobody = tenant.fact("mem_unknown")
    evening = {"programme": "clinic", "reward": "specialist-evening"}
    redemptions = f"/v1/members/{member}/redemptions"

    for send in (
        lambda: tenant.api.post("/v1/activities", late),
        lambda: tenant.api.post("/v1/activities", late, key="k1"),
        lambda: tenant.api.post("/v1/activities", of_nobody),
        lambda: tenant.api.post(redemptions, evening),
    ):
        calls = counted.of(send)
        assert len(calls) == 2, calls
        assert WRITE not in calls


def test_reads(counted: Counted, tenant: Clinic, member: str) -> None:
    """A wallet is one read; so are its ledger and its tier."""
    path = f"/v1/members/{member}"
    # Where time is moved by hand, what the past is is asked of the clock.
    clock = tenant.tenant.startswith("sandbox")

    for target, calls in {
        f"{path}/balance": 1,
        f"{path}/ledger": 1,
        f"{path}/statement": 1,
        f"{path}/tier": 1,
        f"{path}/rewards": 2,  # the account and the stock
        f"{path}/verification": 2,  # the account and its journal
        path: 2,  # the account and the profile
        f"{path}/balance?as_of={tenant.now()}": 1 + clock,
        "/v1/programmes/clinic/rules": 1 + clock,
    }.items():
        made = counted.of(lambda target=target: tenant.api.get(target), 200)  # type: ignore[misc]
        assert len(made) == calls, (target, made)


def test_dry_runs(counted: Counted, tenant: Clinic, member: str) -> None:
    """A look is one read."""
    fact = tenant.fact(member)
    for send in (
        lambda: tenant.api.post("/v1/activities?dry_run=true", fact),
        lambda: tenant.api.post(f"/v1/members/{member}/redemptions?dry_run=true", PARKING),
    ):
        assert len(counted.of(send, 200)) == 1


def test_reversals(counted: Counted, tenant: Clinic, member: str) -> None:
    """A reversal reads the activity's record first: three calls."""
    fact = tenant.fact(member)
    tenant.api.post("/v1/activities", fact).expect(201)
    back = {"source": fact["source"], "external_id": fact["external_id"]}

    made = counted.of(lambda: tenant.api.post("/v1/activities/reversals", back), 201)

    assert made == [READ, READS, WRITE]


def test_vouchers(counted: Counted, tenant: Clinic, member: str) -> None:
    """A code leads to its redemption by one read more; what names the redemption needs none."""
    path = f"/v1/members/{member}/redemptions"
    made = tenant.api.post(path, PARKING).expect(201)
    code = {"code": made["voucher"]["code"]}
    one = f"{path}/{made['redemption_id']}"

    looking = counted.of(lambda: tenant.api.post("/v1/vouchers/lookup", code), 200)
    reading = counted.of(lambda: tenant.api.get(one), 200)
    using = counted.of(lambda: tenant.api.post("/v1/vouchers/use", code), 200)
    other = tenant.api.post(path, {"programme": "clinic", "reward": "health-check"}).expect(201)
    back = f"{path}/{other['redemption_id']}/cancellation"
    cancelling = counted.of(lambda: tenant.api.post(back, {}), 200)

    assert looking == [READ, READS]
    assert reading == [READS]
    assert using == [READ, READS, WRITE]
    assert cancelling == [READS, WRITE]


def test_quotes(counted: Counted, tenant: Clinic, member: str) -> None:
    """A quote is one read and one write of its own; confirming is one read and one transaction."""
    path = f"/v1/members/{member}/quotes"
    body = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 8000}]}
    made = tenant.api.post(path, body).expect(201)["quote"]["quote_id"]

    making = counted.of(lambda: tenant.api.post(path, body), 201)
    looking = counted.of(lambda: tenant.api.post(f"{path}?dry_run=true", body), 200)
    reading = counted.of(lambda: tenant.api.get(f"{path}/{made}"), 200)
    confirming = counted.of(lambda: tenant.api.post(f"{path}/{made}/confirmation", {}), 201)

    clocked = tenant.tenant.startswith("sandbox")
    assert making == [READS if clocked else READ, PUT]
    assert len(looking) == 1
    assert reading == [READS]
    assert confirming == [READS, WRITE]


def test_external_ids(counted: Counted, tenant: Clinic, member: str) -> None:
    """Naming a member by an external id costs its look-up; a first contact costs the same."""
    del member
    known = tenant.fact({"external_id": {"system": "emr", "value": "known"}})
    new = tenant.fact({"external_id": {"system": "emr", "value": "new"}})

    for fact in (known, known, new, new):
        made = counted.of(lambda fact=fact: tenant.api.post("/v1/activities", fact), 201)  # type: ignore[misc]
        assert len(made) == 3, made
        assert (made[0], made[-1]) == (READ, WRITE)


def test_batches(counted: Counted, tenant: Clinic, member: str) -> None:
    """A member's facts in one call read the account once, and write once each."""
    other = tenant.enrolled()
    facts = [tenant.fact(member) for _ in range(5)] + [tenant.fact(other) for _ in range(3)]

    made = counted.of(lambda: tenant.api.post("/v1/activities/batch", {"activities": facts}), 200)

    assert (made.count(WRITE), len(made)) == (8, 10)


@pytest.mark.parametrize("kind", ["a key", "a token"])
def test_cold(world: LocalWorld, ground: Ground, counted: Counted, kind: str) -> None:
    """A cold container asks for key, settings and programmes, and then no more."""
    made = world.clinic()
    made.publish("clinic")
    member = made.enrolled()
    api = made.api if kind == "a key" else made.staff("admin")
    LocalWorld(ground)  # as a new container: nothing is known yet

    cold = counted.of(lambda: api.post("/v1/activities", made.fact(member)), 201)
    warm = counted.of(lambda: api.post("/v1/activities", made.fact(member)), 201)

    assert len(cold) == len(warm) + (3 if kind == "a key" else 2)
    assert warm == [READ, WRITE]


class TestWriteUnits:
    """What an earn writes on a small account, by our model and by what the engine says."""

    @pytest.fixture(params=["clinic", "persian-clinic", "pharmacy", "purchases"])
    def shop(self, request: pytest.FixtureRequest, clinic: Clinic) -> Clinic:
        """Return a tenant with one of the examples, open to everyone."""
        clinic.publish(example(request.param, enrolment={}))
        return clinic

    @staticmethod
    def facts(shop: Clinic, member: str) -> list[Document]:
        """Return three facts that every example judges, one of them a basket of three lines."""
        listed = shop.api.get("/v1/programmes").expect(200)["programmes"][0]["programme"]
        money = example(listed)["money"]["currency"]
        lines = [{"id": f"{n}", "sku": f"SKU-{n}", "amount": 1000 + n} for n in range(3)]
        return [
            shop.fact(member),
            shop.fact(member, "purchase.completed", amount={"amount": 4550, "currency": money}),
            shop.fact(member, "purchase.completed", lines=lines, currency=money),
        ]

    def test_one_identity(self, shop: Clinic) -> None:
        """Six: account, entry and record; one more for whichever files the account as due."""
        member = shop.enrolled()
        filed = 0

        for fact in [*self.facts(shop, member), *self.facts(shop, member)]:
            before = shop.balance(member)["next_expiry"] is not None
            with metering.measured() as cost:
                shop.api.post("/v1/activities", fact).expect(201)
            files = not before and shop.balance(member)["next_expiry"] is not None
            filed += files
            assert cost.write_units == 6 + files
            assert cost.reported == cost.write_units + cost.read_units

        assert filed <= 1

    def test_two_identities(self, shop: Clinic) -> None:
        """Two more where an Idempotency-Key stands beside the fact's own identity."""
        member = shop.enrolled()
        for fact in self.facts(shop, member):
            shop.api.post("/v1/activities", fact).expect(201)

        with metering.measured() as cost:
            shop.api.post("/v1/activities", shop.fact(member), key="k1").expect(201)

        assert cost.write_units <= 8
        assert cost.reported == cost.write_units + cost.read_units

    def test_a_year_of_visits(self, world: LocalWorld, shop: Clinic) -> None:
        """A year of monthly visits later an earn costs the same: the account is still small."""
        member = shop.enrolled()
        for _ in range(13):
            told = shop.record(member).expect(201)
            world.clock.advance(days=30)
        # What falls due by itself is written by the tick, so that it is not in the way here.
        world.tick()
        settled = len(shop.ledger(member))

        with metering.measured() as cost:
            told = shop.record(member).expect(201)

        assert told["version"] == settled + 1
        assert cost.write_units <= 7


def test_a_year_of_daily_payments(world: LocalWorld, clinic: Clinic) -> None:
    """A lot for every day of a year, no two amounts alike: 2 KB to write, one unit to read."""
    clinic.publish(example("clinic", enrolment={}))
    member = clinic.enrolled()
    chance = random.Random(1)  # noqa: S311 - only has to be varied
    for _ in range(366):
        paid = {"amount": chance.randrange(1_000, 60_000), "currency": "GBP"}
        clinic.record(member, "payment.received", amount=paid).expect(201)
        world.clock.advance(days=1)
    world.tick()

    with metering.measured() as earning:
        clinic.record(member, "payment.received", amount=paid).expect(201)
    with metering.measured() as reading:
        lots = clinic.balance(member)["lots"]

    assert len(lots) == 366
    assert earning.write_units == 8
    assert (reading.total_calls, reading.read_units) == (1, 1)


def test_a_bill_of_many_discounts(clinic: Clinic) -> None:
    """Kept for statements, a bill that tells of a dozen discounts costs two units, no more."""
    clinic.publish(example("clinic-discounts", enrolment={}))
    member = clinic.enrolled()
    path = f"/v1/members/{member}/quotes"
    lines = [{"amount": 8000, "sku": f"SKU-{n}", "category": "consult"} for n in range(3)]
    body = {"programme": "clinic-discounts", "currency": "GBP", "lines": lines}
    made = clinic.api.post(path, body).expect(201)["quote"]

    with metering.measured() as cost:
        clinic.api.post(f"{path}/{made['quote_id']}/confirmation", {}).expect(201)

    assert len(made["considered"]) > 10
    assert cost.write_units == 13


def test_what_else_it_costs(clinic: Clinic) -> None:
    """A redemption writes its voucher and what is kept of it too; a refusal writes nothing."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    clinic.give(member, 500)
    path = f"/v1/members/{member}/redemptions"

    with metering.measured() as redeeming:
        clinic.api.post(path, PARKING).expect(201)
    with metering.measured() as refused:
        clinic.api.post(path, PARKING).expect(409)

    assert redeeming.write_units == 10
    assert refused.write_units == 0
