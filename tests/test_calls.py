"""
What each operation asks of DynamoDB: how many calls, and how much capacity to write.

Calls are counted by the hook that carries them, so nothing that is sent can hide.  A warm
container knows the caller's key, the tenant's settings and its programmes; a cold one asks for
these three beforehand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from chalicelib.routes.http.credentials import PUBLIC
from chalicelib.store import metering
from infra.local import in_process
from tests.catalogue.catalogue import EXAMPLES, declared
from tests.catalogue.stage import Absent, Stage, request_of, send
from tests.journeys.client import Answer
from tests.journeys.world import Clinic, Document, Ground, LocalWorld, example

READ, READS, WRITE, PUT = "GetItem", "BatchGetItem", "TransactWriteItems", "PutItem"
READING = {READ, READS, "Query"}
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
def stage(request: pytest.FixtureRequest, world: LocalWorld) -> Stage:
    """Return a warm tenant, with either kind of clock, for the examples."""
    made = Stage(world.clinic() if request.param == "real time" else world.sandbox())
    made.clinic.enrolled()
    return made


@pytest.fixture
def tenant(stage: Stage) -> Clinic:
    """Return that tenant."""
    return stage.clinic


@pytest.fixture
def clocked(tenant: Clinic) -> bool:
    """Return whether time is moved by hand there."""
    return tenant.tenant.startswith("sandbox")


@pytest.fixture
def member(tenant: Clinic) -> str:
    """Return a member with 1,000 points."""
    found = tenant.enrolled(external_id={"system": "emr", "value": "known"})
    tenant.give(found, 1000)
    return found


def test_every_operation(
    counted: Counted,
    stage: Stage,
    subtests: pytest.Subtests,
    *,
    clocked: bool,
) -> None:
    """
    Each costs what its example says, in calls and in units to write.

    A read writes nothing.  What happens once is one transaction, after it was read about.
    """
    for each in EXAMPLES.values():
        if each.needs_clock and not clocked:
            continue
        operation = declared()[each.operation]
        with subtests.test(each.operation), metering.measured() as cost:
            asked = stage.request(each, stage.prepared(each))
            before = cost.write_units
            calls = counted.of(partial(send, stage.clinic.api, asked), operation.status)
            written = [call for call in calls if call not in READING]
            units = cost.write_units - before
            made = len(calls) - (each.asks_clock and clocked)
            assert (made, units) == (each.calls, each.write_units), (
                f"{each.operation} makes {calls}: if that is meant, its example in "
                f"tests/catalogue/resources/ has calls={made}, write_units={units}"
            )
            assert bool(written) == bool(units)
            if operation.method == "GET":
                assert written == []
            if operation.idempotent and not each.in_parts:
                assert calls[0] in READING
                assert (written, calls[-1]) == ([WRITE], WRITE)
        if operation.method == "PUT":
            # What was known of the tenant's settings may have been forgotten: it is warm again.
            stage.clinic.enrolled()


def test_replays(counted: Counted, stage: Stage, subtests: pytest.Subtests) -> None:
    """A replay costs what the first answer did, or as much more as its example says."""
    for each in EXAMPLES.values():
        if not declared()[each.operation].idempotent or each.in_parts:
            continue
        with subtests.test(each.operation):
            asked = stage.request(each, stage.prepared(each))
            again = partial(send, stage.clinic.api, asked, key=each.operation.replace(" ", "-"))

            first, repeated = counted.of(again), counted.of(again)

            assert len(repeated) == len(first) + each.replay_adds
            assert again().replayed


def test_refusals_of_strangers(counted: Counted, stage: Stage, subtests: pytest.Subtests) -> None:
    """What is not there takes one read, and one of what may be on record; nothing is written."""
    for each in EXAMPLES.values():
        operation = declared()[each.operation]
        if not operation.path_names or operation.scope == PUBLIC:
            continue
        with subtests.test(each.operation):
            asked = request_of(each, Absent())
            calls = counted.of(partial(send, stage.clinic.api, asked), 404)
            assert set(calls) <= READING
            if "code" in (each.body or {}):
                # What cannot be a code is none, and whoever has one never loses it.
                assert calls == []
            else:
                assert len(calls) == (2 if operation.idempotent else 1)


def test_in_a_household(counted: Counted, tenant: Clinic, member: str) -> None:
    """A quote reads who belongs to it and what all of them spent, a closure of which it is."""
    body = {"member_id": member, "role": "adult"}
    home = tenant.api.post("/v1/households", body).expect(201)["household_id"]
    other = {"member_id": tenant.enrolled(), "role": "child"}
    tenant.api.post(f"/v1/households/{home}/members", other).expect(201)
    priced = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 8000}]}

    quoting = counted.of(lambda: tenant.api.post(f"/v1/members/{member}/quotes", priced), 201)
    closing = counted.of(
        lambda: tenant.api.post(f"/v1/members/{member}/closure", {"reason": "x"}), 200
    )

    # One for who belongs to it, and one for what the others of them spent: here there is one.
    assert quoting[1:] == [READ, READ, PUT]
    assert closing[1:] == [READ, WRITE]


def test_writes_with_a_key_beside_their_identity(
    counted: Counted, tenant: Clinic, member: str
) -> None:
    """An Idempotency-Key beside the activity's own identity costs no further call."""
    body = tenant.activity(member)
    send = lambda: tenant.api.post("/v1/activities", body, key="k1")  # noqa: E731

    assert counted.of(send, 201)[1:] == [WRITE]
    # To tell which of the two is on record takes one look more.
    assert counted.of(send, 201)[1:] == [WRITE, READS]


def test_refusals(counted: Counted, tenant: Clinic, member: str) -> None:
    """A refusal is one read of the account, and one of what may be on record."""
    late = tenant.activity(member, occurred_at=tenant.now(days=-90))
    of_nobody = tenant.activity("mem_unknown")
    evening = {"programme": "clinic", "reward": "specialist-evening"}
    redemptions = f"/v1/members/{member}/redemptions"

    for refused in (
        lambda: tenant.api.post("/v1/activities", late),
        lambda: tenant.api.post("/v1/activities", late, key="k1"),
        lambda: tenant.api.post("/v1/activities", of_nobody),
        lambda: tenant.api.post(redemptions, evening),
    ):
        calls = counted.of(refused)
        assert len(calls) == 2, calls
        assert WRITE not in calls


def test_reads_of_the_past(counted: Counted, tenant: Clinic, member: str, *, clocked: bool) -> None:
    """A wallet as it was is a checkpoint and what followed; a clock moved by hand is asked, too."""
    for target, reads in (
        (f"/v1/members/{member}/balance?as_of={tenant.now()}", 2),
        ("/v1/programmes/clinic/rules", 1),
    ):
        made = counted.of(lambda target=target: tenant.api.get(target), 200)  # type: ignore[misc]
        assert len(made) == reads + clocked, (target, made)


def test_dry_runs(counted: Counted, stage: Stage, subtests: pytest.Subtests) -> None:
    """A look costs what it looks at, short of the write, whatever is tried, and needs no key."""
    for each in EXAMPLES.values():
        if not declared()[each.operation].tries:
            continue
        with subtests.test(each.operation):
            asked = stage.request(each, stage.prepared(each))
            look = asked._replace(target=f"{asked.target}?dry_run=true")
            calls = counted.of(partial(send, stage.clinic.api, look, key=None), 200)
            assert set(calls) <= READING
            assert len(calls) == (2 if each.in_parts else each.calls - 1)
            send(stage.clinic.api, look, key="given-all-the-same").expect(200)


def test_external_ids(counted: Counted, tenant: Clinic, member: str) -> None:
    """Naming a member by an external id costs its look-up; a first contact costs the same."""
    del member
    known = tenant.activity({"external_id": {"system": "emr", "value": "known"}})
    new = tenant.activity({"external_id": {"system": "emr", "value": "new"}})

    for report in (known, known, new, new):
        made = counted.of(lambda report=report: tenant.api.post("/v1/activities", report), 201)  # type: ignore[misc]
        assert len(made) == 3, made
        assert (made[0], made[-1]) == (READ, WRITE)


def test_batches(counted: Counted, tenant: Clinic, member: str) -> None:
    """A member's activities in one call read the account once, and write once each."""
    other = tenant.enrolled()
    activities = [tenant.activity(member) for _ in range(5)] + [
        tenant.activity(other) for _ in range(3)
    ]

    made = counted.of(
        lambda: tenant.api.post("/v1/activities/batch", {"activities": activities}), 200
    )

    assert (made.count(WRITE), len(made)) == (8, 10)


@pytest.mark.parametrize("kind", ["a key", "a token"])
def test_cold(world: LocalWorld, ground: Ground, counted: Counted, kind: str) -> None:
    """A cold container asks for key, settings and programmes, and then no more."""
    made = world.clinic()
    made.publish("clinic")
    member = made.enrolled()
    api = made.api if kind == "a key" else made.staff("admin")
    LocalWorld(ground)  # as a new container: nothing is known yet

    cold = counted.of(lambda: api.post("/v1/activities", made.activity(member)), 201)
    warm = counted.of(lambda: api.post("/v1/activities", made.activity(member)), 201)

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
    def activities(shop: Clinic, member: str) -> list[Document]:
        """Return three activities that every example evaluates, one with three lines."""
        listed = shop.api.get("/v1/programmes").expect(200)["programmes"][0]["programme"]
        money = example(listed)["money"]["currency"]
        lines = [{"id": f"{n}", "sku": f"SKU-{n}", "amount": 1000 + n} for n in range(3)]
        return [
            shop.activity(member),
            shop.activity(member, "purchase.completed", amount={"amount": 4550, "currency": money}),
            shop.activity(member, "purchase.completed", lines=lines, currency=money),
        ]

    def test_one_identity(self, shop: Clinic) -> None:
        """Six: account, event and record; one more for whichever files the account as due."""
        member = shop.enrolled()
        filed = 0

        for activity in [*self.activities(shop, member), *self.activities(shop, member)]:
            before = shop.balance(member)["next_expiry"] is not None
            with metering.measured() as cost:
                shop.api.post("/v1/activities", activity).expect(201)
            files = not before and shop.balance(member)["next_expiry"] is not None
            filed += files
            assert cost.write_units == 6 + files
            assert cost.reported == cost.write_units + cost.read_units

        assert filed <= 1

    def test_two_identities(self, shop: Clinic) -> None:
        """Two more where an Idempotency-Key stands beside the activity's own identity."""
        member = shop.enrolled()
        for activity in self.activities(shop, member):
            shop.api.post("/v1/activities", activity).expect(201)

        with metering.measured() as cost:
            shop.api.post("/v1/activities", shop.activity(member), key="k1").expect(201)

        assert cost.write_units <= 8
        assert cost.reported == cost.write_units + cost.read_units

    def test_a_year_of_visits(self, world: LocalWorld, shop: Clinic) -> None:
        """A year of monthly visits later an earn costs the same: the account is still small."""
        member = shop.enrolled()
        for _ in range(13):
            result = shop.record(member).expect(201)
            world.clock.advance(days=30)
        # What falls due by itself is written by the tick, so that it is not in the way here.
        world.tick()
        settled = len(shop.ledger(member))

        with metering.measured() as cost:
            result = shop.record(member).expect(201)

        assert result["version"] == settled + 1
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
    # That the key was used on this day is written once, by whatever comes first.
    clinic.balance(member)

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
    assert cost.write_units == 11


def test_what_else_it_costs(clinic: Clinic) -> None:
    """A redemption writes its voucher, its place in a list and what is kept; a refusal nothing."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    clinic.give(member, 500)
    path = f"/v1/members/{member}/redemptions"

    with metering.measured() as redeeming:
        clinic.api.post(path, PARKING).expect(201)
    with metering.measured() as refused:
        clinic.api.post(path, PARKING).expect(409)

    assert redeeming.write_units == 11
    assert refused.write_units == 0
