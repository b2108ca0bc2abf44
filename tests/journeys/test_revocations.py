"""Staff take back one award, and no other value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer
from tests.journeys.world import Clinic


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member of the clinic's programme."""
    clinic.publish("clinic")
    return clinic.enrolled()


def adjusted(clinic: Clinic, member: str, points: int) -> int:
    """Give or take points by hand, and return the version of the event."""
    body = {"programme": "clinic", "currency": "points", "amount": points, "reason": "test"}
    path = f"/v1/members/{member}/adjustments"
    return int(clinic.api.post(path, body).expect(201)["version"])


def revoke(clinic: Clinic, member: str, version: int, *, query: str = "", **body: Any) -> Answer:
    """Take back what an event gave."""
    path = f"/v1/members/{member}/ledger/{version}/revocation{query}"
    return clinic.staff("manager").post(path, {"reason": "by-mistake", **body})


def test_f_goodwill_that_was_a_mistake(clinic: Clinic, member: str) -> None:
    """What a visit brought stays, with its tier; the dry run says what follows."""
    clinic.record(member).expect(201)
    earned = clinic.available(member)
    version = adjusted(clinic, member, 500)
    assert earned > 0

    look = revoke(clinic, member, version, query="?dry_run=true").expect(200)
    done = revoke(clinic, member, version, note="the other Mrs Li").expect(201)

    assert done == look
    (back,) = done["returned"]
    assert (back["amount"], back["deficit"]) == (500, 0)
    assert clinic.available(member) == earned
    event = clinic.api.get(f"/v1/members/{member}/ledger").json["events"][0]
    about = event["about"]
    assert (event["kind"], about["reverses"], about["reason"], event["note"]) == (
        "award.revoked",
        version,
        "by-mistake",
        "the other Mrs Li",
    )
    assert revoke(clinic, member, version).expect(200)["changed"] is False
    clinic.check(member)


def test_f_what_is_spent_is_owed(clinic: Clinic, member: str) -> None:
    """The rest becomes a deficit, which later earning repays."""
    version = adjusted(clinic, member, 500)
    adjusted(clinic, member, -400)

    done = revoke(clinic, member, version).expect(201)

    assert done["returned"][0]["deficit"] == 400
    assert clinic.available(member) == -400
    clinic.check(member)


def test_f_who_may_and_what(clinic: Clinic, member: str) -> None:
    """Those who adjust balances; an event that gave nothing, or is another's, is the same 404."""
    version = adjusted(clinic, member, 500)
    other = clinic.enrolled()
    path = f"/v1/members/{member}/ledger/{version}/revocation"

    clinic.staff("receptionist").post(path, {"reason": "by-mistake"}).expect(403)
    clinic.member(member).post(path, {"reason": "by-mistake"}).expect(403)
    clinic.api.post(path, {}).expect(422, "invalid_body")
    revoke(clinic, member, 1).expect(404, "grant_not_found")
    revoke(clinic, other, version).expect(404, "grant_not_found")
    assert clinic.available(member) == 500
