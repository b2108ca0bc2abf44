"""A tenant in which time is moved by hand."""

from __future__ import annotations

import pytest

from tests.journeys.world import Clinic, LocalWorld


@pytest.fixture
def sandbox(world: LocalWorld) -> Clinic:
    """Return a sandbox in 1997 with the clinic's programme."""
    made = world.sandbox("1997-01-01T00:00:00Z")
    made.publish("clinic")
    return made


def test_time_stands_still(sandbox: Clinic) -> None:
    """Everything happens at the instant that the clock shows."""
    member = sandbox.enrolled()

    result = sandbox.record(member).expect(201)

    assert result["effective_at"] == "1997-01-01T00:00:00Z"
    assert sandbox.api.get("/v1/clock").expect(200) == {"now": "1997-01-01T00:00:00Z"}
    read = sandbox.api.get(f"/v1/members/{member}").expect(200)
    assert read["created_at"] == "1997-01-01T00:00:00Z"


def test_moving_settles(sandbox: Clinic) -> None:
    """What falls due on the way is written, and the answer says how much."""
    members = [sandbox.enrolled() for _ in range(3)]
    for member in members[:2]:
        sandbox.record(member).expect(201)

    moved = sandbox.move_to("1998-01-03T00:00:00Z")

    assert moved["now"] == "1998-01-03T00:00:00Z"
    assert moved["finished"]
    assert moved["settled"] >= 2
    assert [sandbox.available(member) for member in members] == [0, 0, 0]
    for member in members[:2]:
        kinds = [event["kind"] for event in sandbox.check(member)]
        assert kinds.count("lots.expired") == 1
    again = sandbox.move_to("1998-01-03T00:00:00Z")
    assert (again["settled"], again["events"]) == (0, 0)


def test_moving_without_settling(sandbox: Clinic) -> None:
    """The clock can move alone: balances are right all the same, and moving again settles."""
    member = sandbox.enrolled()
    sandbox.record(member).expect(201)
    later = "1999-01-03T00:00:00Z"

    moved = sandbox.api.put("/v1/clock", {"now": later, "settle": False}).expect(200)

    assert moved == {"now": later, "settled": 0, "events": 0, "finished": False}
    assert sandbox.available(member) == 0
    journal = sandbox.api.get(f"/v1/members/{member}/ledger").expect(200)["events"]
    assert [event["kind"] for event in journal] == ["activity.recorded", "member.enrolled"]
    assert sandbox.move_to(later)["settled"] == 1


def test_as_far_as_terms_can_be_counted(world: LocalWorld, sandbox: Clinic) -> None:
    """A clock stops at the end of 8999: what is earned there still gets its term."""
    last, beyond = "8999-12-31T23:59:59.999Z", "9000-01-01T00:00:00Z"

    for result in (
        sandbox.api.put("/v1/clock", {"now": beyond}),
        sandbox.api.post("/v1/sandboxes", {"now": beyond}),
    ):
        assert result.expect(422, "invalid_instant")["errors"][0]["pointer"] == "/now"

    latest = world.sandbox(last)
    latest.publish("clinic")
    member = latest.enrolled()
    latest.record(member).expect(201)
    assert [lot["expires_on"] for lot in latest.balance(member)["lots"]] == ["9000-12-31"]


def test_forward_only(sandbox: Clinic) -> None:
    """Time never runs backwards."""
    result = sandbox.api.put("/v1/clock", {"now": "1996-12-31T23:59:59Z"})

    assert result.expect(409, "clock_moves_forward")["clock"] == "1997-01-01T00:00:00Z"
    sandbox.api.put("/v1/clock", {"now": "new year"}).expect(422, "invalid_instant")


def test_apart_from_real_time(world: LocalWorld, sandbox: Clinic) -> None:
    """The common tick leaves a sandbox alone, however long ago its accounts fell due."""
    member = sandbox.enrolled()
    sandbox.record(member).expect(201)

    world.tick()

    assert sandbox.available(member) > 0
    assert len(sandbox.check(member)) == 2


def test_real_tenants_have_none(clinic: Clinic) -> None:
    """Who lives in real time cannot read or move a clock."""
    clinic.api.get("/v1/clock").expect(403, "no_test_clock")
    clinic.api.put("/v1/clock", {"now": "2027-01-01T00:00:00Z"}).expect(403, "no_test_clock")


def test_none_in_production(world: LocalWorld, clinic: Clinic, sandbox: Clinic) -> None:
    """In production none is opened, and none that there is can be moved."""
    services = world.services._replace(production=True)
    world.runtime = world.runtime._replace(use_cases=services)
    world.provide()

    clinic.api.post("/v1/sandboxes", {"now": "2026-01-01T00:00:00Z"}).expect(403, "no_test_clock")
    sandbox.api.put("/v1/clock", {"now": "2026-01-01T00:00:00Z"}).expect(403, "no_test_clock")


def test_who_may_open_one(clinic: Clinic) -> None:
    """Only who may do everything opens a sandbox."""
    desk = clinic.key("clock:write", "keys:write", "members:write")

    desk.post("/v1/sandboxes", {"now": "2026-01-01T00:00:00Z"}).expect(403, "insufficient_scope")


def test_apart_from_its_maker(clinic: Clinic, sandbox: Clinic) -> None:
    """A sandbox is a tenant of its own."""
    member = sandbox.enrolled()

    clinic.api.get(f"/v1/members/{member}").expect(404, "member_not_found")
    sandbox.api.get(f"/v1/members/{clinic.enrolled()}").expect(404, "member_not_found")
