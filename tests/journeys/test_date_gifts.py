"""Date gifts over the API: a member's birthday, however late the tick, and years together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic, LocalWorld, example

PROGRAMME = "physiotherapy"
EVALUATED = "gifts.evaluated"


@pytest.fixture
def practice(clinic: Clinic) -> Clinic:
    """Return a practice in the spring of 2026 that gives something on days of one's own."""
    clinic.publish(PROGRAMME)
    return clinic


def gifts(practice: Clinic, member: str) -> list[str]:
    """Return the instants at which gifts were given or missed, by the journal."""
    events = practice.check(member)
    return [event["effective_at"] for event in events if event["kind"] == EVALUATED]


def entitled(practice: Clinic, member: str) -> dict[str, Any]:
    """Return what the member may use, by entitlement."""
    found = practice.api.get(f"/v1/members/{member}/entitlements").expect(200)
    return {each["entitlement"]: each for each in found["entitlements"]}


@pytest.mark.parametrize("settled_by", ["a read", "the tick", "the tick twice", "a write"])
def test_a_birthday(world: LocalWorld, practice: Clinic, settled_by: str) -> None:
    """It comes at local midnight, whoever notices it first and however late."""
    member = practice.enrolled(birthday="06-10")
    world.clock.set("2026-06-09T22:59:59Z")
    world.tick()
    assert practice.available(member) == 0

    world.clock.set("2026-06-12T09:00:00Z")
    if settled_by == "a read":
        assert practice.available(member) == 100
    for _ in range({"the tick": 1, "the tick twice": 2}.get(settled_by, 0)):
        world.tick()
    practice.give(member, 1, programme=PROGRAMME)

    assert practice.available(member) == 101
    assert gifts(practice, member) == ["2026-06-09T23:00:00Z"]


def test_years_that_nobody_looked(world: LocalWorld, practice: Clinic) -> None:
    """Each year's gift comes with its own date; of 29 February on the day that the rules say."""
    member = practice.enrolled(birthday="02-29")
    world.clock.set("2029-03-05T09:00:00Z")
    world.tick()

    assert practice.available(member) == 300
    # Of the anniversaries between them the journal says that they are for regulars.
    assert [at[:10] for at in gifts(practice, member)] == [
        *("2027-03-01", "2027-03-02"),
        *("2028-02-29", "2028-03-02"),
        *("2029-03-01", "2029-03-02"),
    ]


def test_profile(world: LocalWorld, practice: Clinic) -> None:
    """Said on the very day it comes at once; changed, it comes no second time in a year."""
    member = practice.enrolled()
    path = f"/v1/members/{member}"
    practice.api.patch(path, {"birthday": "03-02"}, If_Match='"1"').expect(200)
    assert practice.available(member) == 100

    practice.api.patch(path, {"birthday": "10-01"}, If_Match='"2"').expect(200)
    world.clock.set("2026-12-31T09:00:00Z")
    assert practice.available(member) == 100

    world.clock.set("2027-10-01T09:00:00Z")
    assert practice.available(member) == 200
    practice.api.patch(path, {"birthday": None}, If_Match='"3"').expect(200)
    world.clock.set("2028-12-31T09:00:00Z")
    assert practice.available(member) == 200


def test_years_together(world: LocalWorld, practice: Clinic) -> None:
    """Regulars get a session on the anniversary, others nothing, and the journal says why."""
    regular, other = practice.enrolled(), practice.enrolled()
    for _ in range(6):
        practice.record(regular).expect(201)
    world.clock.set("2027-03-02T09:00:00Z")
    world.tick()

    session = entitled(practice, regular)["free-session"]
    assert session["grants"] == [{"units": 1, "expires_on": "2027-05-31"}]
    assert "free-session" not in entitled(practice, other)
    for member in (regular, other):
        assert gifts(practice, member)[-1] == "2027-03-02T00:00:00Z"


def test_dry_run(world: LocalWorld, practice: Clinic) -> None:
    """An activity that is only tried settles the gift for its answer, and writes nothing."""
    member = practice.enrolled(birthday="06-10")
    world.clock.set("2026-06-10T09:00:00Z")
    before = len(practice.ledger(member))

    tried = practice.api.post("/v1/activities?dry_run=true", practice.activity(member)).expect(200)

    assert tried["balances"][0]["available"] == 100
    assert len(practice.ledger(member)) == before


def test_closed(world: LocalWorld, practice: Clinic) -> None:
    """Who has left gets nothing, and the tick does not look for them."""
    member = practice.enrolled(birthday="06-10")
    practice.api.post(f"/v1/members/{member}/closure", {"reason": "moved"}).expect(200)
    world.clock.set("2027-06-10T09:00:00Z")
    world.tick()

    assert gifts(practice, member) == []


def test_told(practice: Clinic) -> None:
    """The programme in words says what comes when."""
    described = practice.api.get(f"/v1/programmes/{PROGRAMME}/rules").expect(200)["rules"]
    rules = {(each["kind"], each["id"]): each["text"] for each in described}

    assert rules["date_gift", "birthday"] == (
        "Birthday: 100 points on the birthday. Where there is no 29 February, 1 March stands for "
        "it."
    )
    assert rules["date_gift", "years-together"] == (
        "Years together: 1 × Free session on every anniversary of joining. Usable for 90 days. "
        "For members in Regular. From 1 January 2026 to 31 December 2035. Where there is no 29 "
        "February, 28 February stands for it."
    )


def test_an_id_is_permanent(practice: Clinic) -> None:
    """No version drops a gift that accounts may have planned."""
    document = example(PROGRAMME)
    document["date_gifts"] = document["date_gifts"][:1]
    draft = practice.api.post("/v1/programmes", {"document": document}).expect(201)
    path = f"/v1/programmes/{PROGRAMME}/versions/{draft['version']}/publication"

    refused = practice.api.post(path, {}).expect(422, "invalid_succession")

    assert [error["pointer"] for error in refused["errors"]] == ["/date_gifts"]
