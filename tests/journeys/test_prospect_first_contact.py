"""Somebody whom we meet by an activity, under an id of another system."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import at_once
from tests.journeys.world import Clinic, LocalWorld

WHO = {"system": "emr", "value": "record-1"}


@pytest.fixture(autouse=True)
def _programme(clinic: Clinic) -> None:
    clinic.publish("clinic")


def find(clinic: Clinic, who: dict[str, str]) -> Any:
    """Look somebody up by an external id."""
    return clinic.api.post("/v1/members/lookup", who)


def test_an_activity_makes_a_prospect(clinic: Clinic) -> None:
    """The first activity opens the account; it is counted and earns nothing yet."""
    result = clinic.record({"external_id": WHO}).expect(201)

    member = result["member_id"]
    assert (result["awards"], result["balances"]) == ([], [])
    read = clinic.api.get(f"/v1/members/{member}").expect(200)
    assert (read["status"], read["tier"], read["completed_visits"]) == ("prospect", None, 1)
    assert read["external_systems"] == ["emr"]
    assert find(clinic, WHO).expect(200) == {"id": member}
    assert [event["kind"] for event in clinic.check(member)] == [
        "member.created",
        "activity.recorded",
    ]


def test_who_is_new_is_said(clinic: Clinic) -> None:
    """A mistyped external id makes a prospect, and the answer says so; of who is known, not so."""
    first = clinic.activity({"external_id": WHO})
    look = clinic.api.post("/v1/activities?dry_run=true", first).expect(200)
    made = clinic.api.post("/v1/activities", first)
    again = clinic.api.post("/v1/activities", first)
    known = clinic.record({"external_id": WHO}).expect(201)
    named = clinic.record(known["member_id"]).expect(201)
    mistyped = clinic.activity({"external_id": WHO | {"value": "record-7"}})
    batch = {"activities": [clinic.activity({"external_id": WHO}), mistyped]}
    each = clinic.api.post("/v1/activities/batch", batch).expect(200)["results"]

    created = [answer["member_created"] for answer in (look, made.expect(201), known, named)]
    assert created == [True, True, False, False]
    assert again.body == made.body
    assert [one["activity"]["member_created"] for one in each] == [False, True]


def test_a_second_activity_finds_them(clinic: Clinic) -> None:
    """The same external id is the same person; another system's equal value is another's."""
    first = clinic.record({"external_id": WHO}).expect(201)["member_id"]
    again = clinic.record({"external_id": WHO}).expect(201)["member_id"]
    other = clinic.record({"external_id": WHO | {"system": "pos"}}).expect(201)["member_id"]

    assert first == again != other


def test_contacts_at_once(clinic: Clinic) -> None:
    """Ten first contacts at the same moment are one person's ten activities."""
    answers = at_once(10, lambda _: clinic.record({"external_id": WHO}))

    members = {answer.expect(201)["member_id"] for answer in answers}
    assert len(members) == 1
    kinds = [event["kind"] for event in clinic.check(members.pop())]
    assert kinds == ["member.created"] + ["activity.recorded"] * 10


def test_one_activity_at_once(clinic: Clinic) -> None:
    """One first contact that is sent ten times is one person with one activity."""
    body = clinic.activity({"external_id": WHO})

    answers = at_once(10, lambda _: clinic.api.post("/v1/activities", body))

    assert len({answer.body for answer in answers}) == 1
    assert len(clinic.check(answers[0].expect(201)["member_id"])) == 2


def test_created_at_once(clinic: Clinic) -> None:
    """Ten who create the same person make one, and are told the same id."""
    answers = at_once(10, lambda _: clinic.api.post("/v1/members", {"external_id": WHO}))

    assert len({answer.json["id"] for answer in answers}) == 1
    assert sorted(answer.status for answer in answers) == [200] * 9 + [201]


def test_activity_and_creation_at_once(clinic: Clinic) -> None:
    """Whoever comes first, an activity or the front desk, there is one person, enrolled."""
    work = [
        lambda: clinic.record({"external_id": WHO}).expect(201)["member_id"],
        lambda: clinic.api.post("/v1/members", {"external_id": WHO}).json["id"],
    ]

    members = set(at_once(8, lambda n: work[n % 2]()))

    assert len(members) == 1
    member = members.pop()
    assert clinic.api.get(f"/v1/members/{member}").expect(200)["status"] == "enrolled"
    assert [event["kind"] for event in clinic.check(member)].count("activity.recorded") == 4


def test_details_complete_the_profile(clinic: Clinic) -> None:
    """What the front desk knows is added when they join; what is on record stays."""
    member = clinic.record({"external_id": WHO}).expect(201)["member_id"]
    details = {"external_id": WHO, "locale": "fr", "tz": "Europe/Paris", "display_name": "A"}
    clinic.api.post("/v1/members", details).expect(201)

    clinic.api.post("/v1/members", details | {"display_name": "B"}).expect(200)

    read = clinic.api.get(f"/v1/members/{member}").expect(200)
    assert (read["locale"], read["tz"]) == ("fr", "Europe/Paris")
    assert read["display_name"] == "A"


def test_creation_is_replayed(clinic: Clinic) -> None:
    """A creation whose answer was lost makes nobody new, with an external id or without."""
    for body in ({}, {"external_id": WHO}):
        key = f"k{len(body)}"
        first = clinic.api.post("/v1/members", body, key=key)

        again = clinic.api.post("/v1/members", body, key=key)

        assert (again.status, again.body, again.replayed) == (201, first.body, True)
        assert again.headers["location"] == first.headers["location"]
        other = clinic.api.post("/v1/members", body | {"locale": "de"}, key=key)
        other.expect(422, "idempotency_key_reused")


def test_same_activity_of_another(clinic: Clinic) -> None:
    """An activity on record about one person is refused about another, who is not made by it."""
    body = clinic.activity({"external_id": WHO})
    clinic.api.post("/v1/activities", body).expect(201)
    other = WHO | {"value": "record-2"}

    refused = clinic.api.post("/v1/activities", body | {"member": {"external_id": other}})

    refused.expect(422, "idempotency_key_reused")
    find(clinic, other).expect(404, "member_not_found")


def test_refused_activity_makes_nobody(clinic: Clinic) -> None:
    """Where the first activity is refused there is no first contact."""
    body = clinic.activity({"external_id": WHO}, occurred_at=clinic.now(days=2))

    clinic.api.post("/v1/activities", body).expect(422, "occurred_in_future")

    find(clinic, WHO).expect(404, "member_not_found")


def test_dry_run_makes_nobody(clinic: Clinic) -> None:
    """A look at a first activity leaves no trace."""
    body = clinic.activity({"external_id": WHO})

    clinic.api.post("/v1/activities?dry_run=true", body).expect(200)

    find(clinic, WHO).expect(404, "member_not_found")


def test_external_ids_are_their_tenants(world: LocalWorld, clinic: Clinic) -> None:
    """The same record number in two tenants is two persons."""
    stranger = world.clinic()
    ours = clinic.record({"external_id": WHO}).expect(201)["member_id"]

    find(stranger, WHO).expect(404, "member_not_found")
    theirs = stranger.record({"external_id": WHO}).expect(201)["member_id"]

    assert ours != theirs


@pytest.mark.parametrize(
    "reference", [{}, {"id": "mem_1", "external_id": WHO}, {"external_id": {"system": "emr"}}]
)
def test_who_is_meant(clinic: Clinic, reference: dict[str, Any]) -> None:
    """An activity names one person in one way."""
    clinic.record(reference).expect(422, "invalid_body")


def test_normalised(clinic: Clinic) -> None:
    """Two spellings of one value, composed and decomposed, are one id, wherever it is sent."""
    composed, decomposed = "Jos\u00e9", "Jose\u0301"
    first = clinic.record({"external_id": WHO | {"value": composed}}).expect(201)["member_id"]

    again = clinic.record({"external_id": WHO | {"value": decomposed}}).expect(201)["member_id"]

    assert first == again
    for spelling in (composed, decomposed):
        assert find(clinic, WHO | {"value": spelling}).expect(200) == {"id": first}
