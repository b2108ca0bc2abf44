"""What fuzzing found, one test each, so that it is found again at once."""

from __future__ import annotations

from tests.journeys.world import Clinic


def test_closed_member_comes_again(clinic: Clinic) -> None:
    """Whoever left comes back by the old external id, with a new account."""
    clinic.publish("clinic")
    who = {"external_id": {"system": "ehr", "value": "p-1"}}
    member = clinic.enrolled(**who)
    clinic.api.post(f"/v1/members/{member}/closure", {"reason": "moved-away"}).expect(200)

    assert clinic.api.post("/v1/members", who).expect(201)["id"] != member


def test_a_key_where_none_is_taken(clinic: Clinic) -> None:
    """An Idempotency-Key is not looked at by an operation that takes none, be it unusable."""
    answer = clinic.api.send("GET", "/v1/programmes", None, headers={"Idempotency-Key": ""})

    answer.expect(200)
