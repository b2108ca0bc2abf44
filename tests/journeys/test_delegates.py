"""Delegates over the API: what somebody may do for another member, and no longer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalogue.catalogue import EXAMPLES, declared
from tests.catalogue.stage import Stage, send
from tests.journeys.client import Answer, Api
from tests.journeys.test_keys_and_scopes import about_nothing, refusals
from tests.journeys.world import Clinic, LocalWorld, example

ALL_MATTERS = ["balance", "earn", "redeem", "messages", "profile"]
OF_AGE = "2026-06-10"
#: What members do for themselves, and which of it delegates do for them.
OF_MEMBERS = [each for each in EXAMPLES.values() if declared()[each.operation].member_may]
DELEGATED = [each for each in OF_MEMBERS if declared()[each.operation].delegates]


@pytest.fixture
def practice(world: LocalWorld) -> Clinic:
    """Return a sandbox with the physiotherapist's programme."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish(example("physiotherapy"))
    return made


def add(clinic: Clinic, member: str, delegate: str, **more: Any) -> Answer:
    """Name a guardian at the desk, unless it is told otherwise."""
    body = {
        "delegate_id": delegate,
        "capacity": "guardian",
        "scopes": ALL_MATTERS,
        "of_age_on": OF_AGE,
        "proof": "birth certificate 7",
        **more,
    }
    desk: Api = body.pop("by", None) or clinic.staff("receptionist")
    return desk.post(f"/v1/members/{member}/delegates", body)


def revoke(clinic: Clinic, member: str, delegate: str) -> Answer:
    """Revoke a delegate at the desk."""
    body = {"delegate_id": delegate, "reason": "moved", "note": "to Leeds"}
    return clinic.staff("receptionist").post(f"/v1/members/{member}/delegates/revocation", body)


def test_a_guardian_until_the_child_is_of_age(practice: Clinic) -> None:
    """A mother finds her child, sees and redeems what it has, and does not any more on the day."""
    mother, child = practice.enrolled(), practice.enrolled()
    add(practice, child, mother).expect(201)
    hers = practice.member(mother)

    found = hers.get("/v1/members/me/delegators").expect(200)["delegators"]
    assert [(each["member_id"], each["capacity"], each["active"]) for each in found] == [
        (child, "guardian", True)
    ]
    assert found[0]["until_on"] == "2026-06-09"
    assert hers.get(f"/v1/members/{child}/balance").expect(200)["member_id"] == child
    listed = practice.api.get(f"/v1/members/{child}/delegates").expect(200)["delegates"]
    assert [each["delegate_id"] for each in listed] == [mother]

    practice.move_to("2026-06-09T23:59:59Z")
    hers = practice.member(mother)
    hers.get(f"/v1/members/{child}/balance").expect(200)
    practice.move_to("2026-06-10T00:00:00Z")
    hers.get(f"/v1/members/{child}/balance").expect(404, "member_not_found")
    assert hers.get("/v1/members/me/delegators").expect(200)["delegators"] == []
    kinds = [each["kind"] for each in practice.check(child)]
    assert kinds[-3:] == ["delegate.added", "delegation.end_announced", "delegations.ended"]
    practice.check(mother)


def test_each_matter_by_itself(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """A delegate does what the matters say, by every operation, and nothing else."""
    stage = Stage(clinic)
    for example_ in OF_MEMBERS:
        operation = declared()[example_.operation]
        with subtests.test(example_.operation):
            things = stage.prepared(example_)
            member, delegate = things["member_id"], clinic.enrolled()
            others = [each for each in ALL_MATTERS if each != operation.delegates]
            theirs = clinic.member(delegate)

            add(clinic, member, delegate, scopes=others).expect(201)
            asked = stage.request(example_, things)
            refused = send(theirs, asked).expect(404, "member_not_found")
            assert refused["detail"] == "There is no such member."
            if operation.delegates is None:
                continue
            add(clinic, member, delegate, scopes=[operation.delegates]).expect(201)
            assert send(theirs, stage.request(example_, things)).status < 300
            revoke(clinic, member, delegate).expect(200)
            gone = send(theirs, stage.request(example_, things))
            assert refusals(gone) == refusals(about_nothing(theirs, example_))


def test_no_replay_for_who_was_revoked(clinic: Clinic) -> None:
    """The first answer is given again to a delegate, and to nobody who is none any more."""
    clinic.publish("clinic")
    member, delegate = clinic.enrolled(), clinic.enrolled()
    clinic.give(member, 200)
    add(clinic, member, delegate).expect(201)
    theirs = clinic.member(delegate)
    path = f"/v1/members/{member}/redemptions"
    wish = {"programme": "clinic", "reward": "parking"}

    first = theirs.post(path, wish, key="the-same").expect(201)
    again = theirs.post(path, wish, key="the-same")
    assert again.expect(201) == first
    assert again.headers["idempotency-replayed"] == "true"
    revoke(clinic, member, delegate).expect(200)

    theirs.post(path, wish, key="the-same").expect(404, "member_not_found")
    theirs.post(path, wish, key="another").expect(404, "member_not_found")
    events = clinic.check(member)
    redeemed = [each for each in events if each["kind"] == "reward.redeemed"]
    assert len(redeemed) == 1
    assert redeemed[0]["actor"].startswith("delegate:")


def test_what_a_delegate_sees_of_visits(clinic: Clinic) -> None:
    """How much was moved, and not what was done, where, or by which rule it counted."""
    clinic.publish("clinic")
    member, delegate = clinic.enrolled(), clinic.enrolled()
    add(clinic, member, delegate).expect(201)
    clinic.record(member, category="oncology", location="ward-7", channel="desk").expect(201)

    seen = clinic.member(delegate).get(f"/v1/members/{member}/ledger").expect(200)["events"]
    own = clinic.member(member).get(f"/v1/members/{member}/ledger").expect(200)["events"]

    assert "oncology" not in str(seen)
    assert "ward-7" not in str(seen)
    assert "visit" not in str(seen)
    assert "birth certificate" not in str(seen)
    assert "oncology" in str(own)
    assert [each["movements"] for each in seen] == [each["movements"] for each in own]
    assert [each["kind"] for each in seen] == [each["kind"] for each in own]


def test_delegates_name_nobody(clinic: Clinic) -> None:
    """Who acts for a member lets nobody else act, and is no way to a third one."""
    clinic.publish("clinic")
    child, mother, aunt = (clinic.enrolled() for _ in range(3))
    add(clinic, child, mother).expect(201)
    add(clinic, mother, aunt).expect(201)
    hers = clinic.member(mother)

    named = add(clinic, child, aunt, capacity="relative", by=hers)
    named.expect(404, "member_not_found")
    clinic.member(aunt).get(f"/v1/members/{mother}/balance").expect(200)
    clinic.member(aunt).get(f"/v1/members/{child}/balance").expect(404, "member_not_found")


def test_members_name_relatives(clinic: Clinic) -> None:
    """By themselves, for as long as they like; a guardian or a carer takes staff."""
    clinic.publish("clinic")
    member, sister = clinic.enrolled(), clinic.enrolled()
    own = clinic.member(member)

    add(clinic, member, sister, by=own).expect(403, "not_for_members")
    add(clinic, member, sister, capacity="relative", scopes=["balance"], by=own).expect(201)
    clinic.member(sister).get(f"/v1/members/{member}/balance").expect(200)
    body = {"delegate_id": sister, "reason": "no-more"}
    own.post("/v1/members/me/delegates/revocation", body).expect(200)
    clinic.member(sister).get(f"/v1/members/{member}/balance").expect(404, "member_not_found")


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"scopes": []}, 422, "invalid_body"),
        ({"scopes": ["everything"]}, 422, "invalid_body"),
        ({"capacity": "friend"}, 422, "invalid_body"),
        ({"of_age_on": None}, 422, "unfit_delegation"),
        ({"proof": ""}, 422, "invalid_body"),
        ({"until_on": "2020-01-01"}, 422, "unfit_delegation"),
        ({"delegate_id": "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, 404, "delegate_not_found"),
    ],
)
def test_refused(clinic: Clinic, more: dict[str, Any], status: int, code: str) -> None:
    """Each refusal names what is wrong."""
    clinic.publish("clinic")
    member, delegate = clinic.enrolled(), clinic.enrolled()

    add(clinic, member, delegate, **more).expect(status, code)
    assert clinic.api.get(f"/v1/members/{member}/delegates").expect(200)["delegates"] == []
