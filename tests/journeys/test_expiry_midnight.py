"""
Value ends at the instant after its last local day, whether or not a job has run.

The account is the same three times over: settled by the scheduled tick, by a read, or by the
write itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.client import at_once
from tests.journeys.world import Clinic, LocalWorld, example

REDEEM = {"programme": "clinic", "reward": "parking"}


@pytest.fixture
def member(world: LocalWorld, clinic: Clinic) -> str:
    """Return a member whose 150 points, earned on 2 March, are good through 31 March 2026."""
    document = example("clinic")
    document["currencies"][0]["expiry"] = {"type": "rolling", "days": 29}
    clinic.publish(document)
    member = clinic.enrolled()
    for _ in range(3):
        clinic.record(member).expect(201)
    lots = clinic.balance(member)["lots"]
    assert [(lot["amount"], lot["expires_on"]) for lot in lots] == [(150, "2026-03-31")]
    # Summer time began on the 29th: the day after 31 March starts an hour earlier in UTC.
    assert lots[0]["expires_at"] == "2026-03-31T23:00:00Z"
    world.clock.set("2026-03-31T22:59:59Z")
    return member


@pytest.mark.parametrize("ticked", [False, True])
def test_one_second_before(world: LocalWorld, clinic: Clinic, member: str, *, ticked: bool) -> None:
    """A redemption one second before local midnight succeeds."""
    if ticked:
        world.tick()

    result = clinic.api.post(f"/v1/members/{member}/redemptions", REDEEM).expect(201)

    assert result["balances"][0]["available"] == 50
    clinic.check(member)


@pytest.mark.parametrize("settled_by", ["nobody", "a read", "the tick", "the tick twice"])
def test_at_the_instant(world: LocalWorld, clinic: Clinic, member: str, settled_by: str) -> None:
    """At midnight it is refused, and the ledger shows the expiry at that instant, once."""
    world.clock.set("2026-03-31T23:00:00Z")
    if settled_by == "a read":
        assert clinic.available(member) == 0
    for _ in range({"the tick": 1, "the tick twice": 2}.get(settled_by, 0)):
        world.tick()

    result = clinic.api.post(f"/v1/members/{member}/redemptions", REDEEM)

    assert result.expect(409, "insufficient_points")["available"] == 0
    assert clinic.available(member) == 0
    # A refusal writes nothing: what fell due is written by the next that changes something.
    clinic.give(member, 10)
    events = clinic.check(member)
    expiries = [event for event in events if event["kind"] == "lots.expired"]
    assert [event["effective_at"] for event in expiries] == ["2026-03-31T23:00:00Z"]
    assert clinic.available(member) == 10


def test_ticks_and_writes_at_once(world: LocalWorld, clinic: Clinic, member: str) -> None:
    """However many settle one account at the same time, value expires once."""
    world.clock.set("2026-03-31T23:00:00Z")
    work: list[Callable[[], Any]] = [world.tick, lambda: clinic.record(member).expect(201)]

    at_once(8, lambda n: work[n % 2]())

    kinds = [event["kind"] for event in clinic.check(member)]
    assert (kinds.count("lots.expired"), kinds.count("activity.recorded")) == (1, 7)
    assert clinic.available(member) == 4 * (50 + 20)  # as early as a visit can be


def test_as_of(world: LocalWorld, clinic: Clinic, member: str) -> None:
    """The past stays readable: before midnight the value was there, from midnight on not."""
    world.clock.set("2026-04-03T08:00:00Z")
    path = f"/v1/members/{member}/balance?as_of="

    for instant, available in (
        ("2026-03-02T09:59:59Z", None),
        ("2026-03-02T10:00:00Z", 150),
        ("2026-03-31T22:59:59.999Z", 150),
        ("2026-03-31T23:00:00Z", 0),
        ("2026-04-01T00:30:00%2B01:00", 0),
    ):
        answer = clinic.api.get(path + instant)
        if available is None:
            answer.expect(404, "member_not_found")
        else:
            assert answer.expect(200)["balances"][0]["available"] == available
    clinic.api.get(path + "2026-04-03T08:00:01Z").expect(422, "as_of_in_future")
    clinic.api.get(path + "soon").expect(422, "invalid_instant")


def test_more_than_one_transaction_holds(world: LocalWorld, clinic: Clinic) -> None:
    """An account with a hundred expiries behind it settles, is read, tried and written alike."""
    document = example("clinic")
    document["currencies"][0]["expiry"] = {"type": "rolling", "days": 200}
    clinic.publish(document)
    member = clinic.enrolled()
    for _ in range(100):
        clinic.record(member).expect(201)
        world.clock.advance(days=1)
    world.clock.advance(days=300)

    assert clinic.available(member) == 0
    looked = clinic.api.post("/v1/activities?dry_run=true", clinic.activity(member)).expect(200)
    result = clinic.record(member).expect(201)

    assert looked["balances"] == result["balances"]
    assert result["balances"][0]["available"] == result["awards"][0]["amount"]
    kinds = [event["kind"] for event in clinic.check(member)]
    assert kinds.count("lots.expired") == 100
