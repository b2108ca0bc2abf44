"""Households over the API: who belongs to one, and what it brings at the till."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, at_once
from tests.journeys.world import Clinic, LocalWorld, example

SESSION = {"amount": 4000, "category": "physiotherapy"}
ABSENT = "hh_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def practice(world: LocalWorld) -> Clinic:
    """Return a sandbox with the physiotherapist's programme."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish(example("physiotherapy"))
    return made


@pytest.fixture
def mother(practice: Clinic) -> str:
    """Return somebody who has joined."""
    return practice.enrolled()


@pytest.fixture
def child(practice: Clinic) -> str:
    """Return somebody who has joined."""
    return practice.enrolled()


def found(practice: Clinic, member: str, **more: Any) -> str:
    """Found a household at the desk, and return its id."""
    body = {"member_id": member, "role": "adult", **more}
    made = practice.staff("receptionist").post("/v1/households", body).expect(201)
    return str(made["household_id"])


def join(practice: Clinic, household: str, member: str, role: str = "child") -> Answer:
    """Let somebody join at the desk."""
    body = {"member_id": member, "role": role}
    return practice.staff("receptionist").post(f"/v1/households/{household}/members", body)


def leave(practice: Clinic, household: str, member: str) -> Answer:
    """Let somebody leave at the desk."""
    body = {"member_id": member, "note": "moved out"}
    return practice.staff("receptionist").post(f"/v1/households/{household}/departures", body)


def listed(practice: Clinic, household: str) -> dict[str, str]:
    """Return who belongs to a household, in which role."""
    seen = practice.api.get(f"/v1/households/{household}").expect(200)
    return {each["member_id"]: each["role"] for each in seen["members"]}


def own(practice: Clinic, member: str) -> tuple[str | None, str | None, int]:
    """Return what a member is told of their household: which, in which role, how many."""
    result = practice.member(member).get(f"/v1/members/{member}/household").expect(200)
    return result["household_id"], result["role"], result["size"]


def considered(practice: Clinic, member: str) -> dict[str, Any]:
    """Return what a quote for a session says of each discount."""
    body = {"programme": "physiotherapy", "currency": "GBP", "lines": [SESSION]}
    made = practice.api.post(f"/v1/members/{member}/quotes", body).expect(201)["quote"]
    return {each["id"]: each for each in made["considered"]}


def pay(practice: Clinic, member: str, pence: int) -> dict[str, Any]:
    """Let a member pay, and return the activity."""
    money = {"amount": pence, "currency": "GBP"}
    activity = practice.activity(member, "payment.received", amount=money)
    practice.api.post("/v1/activities", activity).expect(201)
    return activity


def test_two_of_a_family(practice: Clinic, mother: str, child: str) -> None:
    """Both accounts say who belongs together; each member learns of their own part only."""
    assert own(practice, mother) == (None, None, 0)
    household = found(practice, mother)
    answer = join(practice, household, child).expect(201)

    assert (answer["changed"], answer["max_members"]) == (True, 10)
    assert listed(practice, household) == {mother: "adult", child: "child"}
    assert not practice.api.get(f"/v1/households/{household}").expect(200)["changed"]
    assert own(practice, mother) == (household, "adult", 2)
    assert own(practice, child) == (household, "child", 2)
    event = practice.check(child)[-1]
    assert (event["kind"], event["about"]["household_id"], event["about"]["role"]) == (
        "household.joined",
        household,
        "child",
    )
    assert "reason" not in event
    assert mother not in str(practice.ledger(child))


def test_from_two_on(practice: Clinic, mother: str, child: str) -> None:
    """A child alone pays in full, as the mother does; with her, 8 % less, until one goes."""
    household = found(practice, child, role="child")
    alone = considered(practice, child)["children"]
    assert alone["detail"] == "the household is of 1; needed: 2"
    assert considered(practice, mother)["children"]["detail"] == (
        "the member belongs to no household"
    )

    join(practice, household, mother, "adult").expect(201)

    assert considered(practice, child)["children"]["amount"] == 320
    assert considered(practice, mother)["children"]["detail"] == "it is not for the role adult"
    leave(practice, household, mother).expect(200)
    assert not considered(practice, child)["children"]["applied"]


def test_what_all_of_them_spent(practice: Clinic, mother: str, child: str) -> None:
    """£300 of one and £200 of the other are £500 for both, and a refund takes it from both."""
    pay(practice, mother, 30_000)
    paid = pay(practice, child, 20_000)
    assert considered(practice, child)["together"]["detail"] == "200.00 GBP of 500.00 GBP is spent"
    household = found(practice, mother)
    join(practice, household, child).expect(201)

    for member in (mother, child):
        assert considered(practice, member)["together"]["percent"] == 3
    back = {name: paid[name] for name in ("source", "external_id")}
    practice.api.post("/v1/activities/reversals", {**back, "amount": 100}).expect(201)
    for member in (mother, child):
        # What the others spent is not told.
        result = considered(practice, member)["together"]
        assert result["detail"] == "the household has not spent 500.00 GBP yet"


def test_another_role(practice: Clinic, mother: str, child: str) -> None:
    """Joining again changes the role and nothing else; with the same role it changes nothing."""
    household = found(practice, mother)
    since = join(practice, household, child).expect(201)["members"]
    practice.move_to("2026-04-02T10:00:00Z")
    before = len(practice.ledger(child))

    same = join(practice, household, child).expect(201)
    assert (same["changed"], same["members"]) == (False, since)
    assert len(practice.ledger(child)) == before
    grown = join(practice, household, child, "adult").expect(201)

    assert grown["changed"]
    assert listed(practice, household) == {mother: "adult", child: "adult"}
    assert {each["since"] for each in grown["members"]} == {each["since"] for each in since}


def test_one_at_a_time(practice: Clinic, mother: str, child: str) -> None:
    """Whoever belongs to one household joins no other before leaving it."""
    first, second = found(practice, mother), found(practice, child)

    join(practice, second, mother).expect(409, "in_another_household")
    body = {"member_id": mother, "role": "adult"}
    practice.api.post("/v1/households", body).expect(409, "in_another_household")
    leave(practice, second, mother).expect(404, "not_in_household")
    leave(practice, first, mother).expect(200)
    join(practice, second, mother).expect(201)

    assert own(practice, mother) == (second, "child", 2)


def test_the_last_ends_it(practice: Clinic, mother: str, child: str) -> None:
    """With its last member a household ends, and nobody joins it any more."""
    household = found(practice, mother)
    gone = leave(practice, household, mother).expect(200)

    assert (gone["members"], gone["max_members"]) == ([], 0)
    assert own(practice, mother) == (None, None, 0)
    practice.api.get(f"/v1/households/{household}").expect(404, "household_not_found")
    join(practice, household, child).expect(404, "household_not_found")
    assert own(practice, child) == (None, None, 0)


def test_closing_leaves_it(practice: Clinic, mother: str, child: str) -> None:
    """Whoever closes their account has left the household, by the same transaction."""
    household = found(practice, mother)
    join(practice, household, child).expect(201)

    practice.api.post(f"/v1/members/{mother}/closure", {"reason": "moving"}).expect(200)

    assert listed(practice, household) == {child: "child"}
    assert own(practice, child) == (household, "child", 1)
    practice.check(mother)
    practice.api.post(f"/v1/members/{child}/closure", {"reason": "moving"}).expect(200)
    practice.api.get(f"/v1/households/{household}").expect(404, "household_not_found")
    body = {"member_id": child, "role": "child"}
    practice.api.post("/v1/households", body).expect(409, "account_closed")


def test_full(practice: Clinic, mother: str) -> None:
    """Of five at once who want the last two places, two get them; ten is the most there can be."""
    household = found(practice, mother, max_members=3)
    others = [practice.enrolled() for _ in range(5)]

    answers = at_once(5, lambda n: join(practice, household, others[n]))

    assert sorted(answer.status for answer in answers) == 2 * [201] + 3 * [409]
    assert {answer.code for answer in answers if answer.status == 409} == {"household_full"}
    result = {own(practice, member) for member in others}
    assert result == {(household, "child", 3), (None, None, 0)}
    assert len(listed(practice, household)) == 3
    body = {"member_id": others[0], "role": "adult", "max_members": 11}
    practice.api.post("/v1/households", body).expect(422, "invalid_body")


def test_two_households_at_once(practice: Clinic, mother: str, child: str) -> None:
    """Asked into two households at the same time, a member is in one of them alone."""
    homes = [found(practice, mother), found(practice, practice.enrolled())]

    answers = at_once(2, lambda n: join(practice, homes[n], child))

    assert sorted(answer.status for answer in answers) == [201, 409]
    assert [child in listed(practice, home) for home in homes].count(True) == 1
    assert own(practice, child)[0] in homes


def test_no_member(practice: Clinic, mother: str) -> None:
    """A household is no member, and a member is no household."""
    household = found(practice, mother)
    api = practice.api

    for part in ("", "/balance", "/ledger", "/household", "/verification"):
        api.get(f"/v1/members/{household}{part}").expect(404, "member_not_found")
    body = {"programme": "physiotherapy", "currency": "points", "amount": 1, "reason": "x"}
    api.post(f"/v1/members/{household}/adjustments", body).expect(404, "member_not_found")
    activity = practice.activity(household)
    api.post("/v1/activities", activity).expect(422, "invalid_body")
    batch = api.post("/v1/activities/batch", {"activities": [activity]}).expect(200)
    assert [each["result"] for each in batch["results"]] == ["refused"]
    api.post("/v1/households", {"member_id": household, "role": "adult"}).expect(422)
    for other in (mother, ABSENT):
        api.get(f"/v1/households/{other}").expect(404)
        join(practice, other, practice.enrolled()).expect(404)
    unknown = {"member_id": "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV", "role": "adult"}
    api.post("/v1/households", unknown).expect(404, "member_not_found")
    api.post(f"/v1/households/{household}/members", unknown).expect(404, "member_not_found")
    practice.member(mother).get(f"/v1/households/{household}").expect(403, "not_for_members")


def test_asked_twice(practice: Clinic, mother: str) -> None:
    """A household is founded once, however often the same request comes."""
    body = {"member_id": mother, "role": "adult"}
    first = practice.api.post("/v1/households", body, key="k1")
    again = practice.api.post("/v1/households", body, key="k1")

    assert (first.status, again.status, again.replayed) == (201, 201, True)
    assert first.body == again.body
    practice.api.post("/v1/households", {**body, "role": "child"}, key="k1").expect(422)
