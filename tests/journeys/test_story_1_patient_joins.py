"""
Acceptance story 1: a patient joins, in Persian.

The clinic gives points that last through the last day of the Persian year, so each year's date is
a version of the programme of its own: 500 of the 1,450 points were earned under 1405's and the
rest under 1406's.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic, LocalWorld, example

CONSENT = {"purpose": "programme", "text_version": "3", "granted": True}
JOINING = {"locale": "fa", "tz": "Asia/Tehran", "consents": [CONSENT]}
ID = {"system": "emr", "value": "record-4711"}
PROGRAMME = "persian-clinic"
ONE_SECOND_BEFORE = "2027-03-20T20:29:59Z"
MIDNIGHT = "2027-03-20T20:30:00Z"


@pytest.fixture
def tehran(world: LocalWorld) -> Clinic:
    """Return a sandbox with the Persian clinic's programme, in the autumn of 1405."""
    clinic = world.sandbox("2026-10-01T08:00:00Z")
    clinic.publish(PROGRAMME)
    return clinic


@pytest.fixture
def patient(tehran: Clinic) -> str:
    """Return a prospect with one finished visit, known by the record number only."""
    visited = tehran.record({"external_id": ID}).expect(201)
    assert visited["balances"] == []
    return str(visited["member_id"])


def test_joining_needs_consent(tehran: Clinic, patient: str) -> None:
    """Without the consent nobody joins, and the prospect stays one."""
    refused = tehran.api.post("/v1/members", {**JOINING, "external_id": ID, "consents": []})

    assert refused.expect(422, "consent_required")["missing_consents"] == ["programme"]
    assert tehran.api.get(f"/v1/members/{patient}").expect(200)["status"] == "prospect"


def test_joining_needs_a_visit(tehran: Clinic) -> None:
    """The programme is for patients with at least one visit."""
    tehran.api.post("/v1/members", JOINING).expect(422, "not_eligible")

    newcomer = {"system": "emr", "value": "new"}
    tehran.record({"external_id": newcomer}, "portal.login").expect(201)
    refused = tehran.api.post("/v1/members", {**JOINING, "external_id": newcomer})

    result = refused.expect(422, "not_eligible")
    assert (result["needed"], result["completed_visits"]) == (1, 0)


def test_joining(tehran: Clinic, patient: str) -> None:
    """With visit and consent the prospect becomes a member of the lowest tier."""
    joined = tehran.api.post("/v1/members", {**JOINING, "external_id": ID})

    result = joined.expect(201)
    assert (result["id"], result["status"], result["tier"]) == (patient, "enrolled", "base")
    assert joined.headers["location"] == f"/v1/members/{patient}"
    read = tehran.api.get(f"/v1/members/{patient}").expect(200)
    assert (read["locale"], read["tz"]) == ("fa", "Asia/Tehran")
    assert read["consents"] == {"programme": True}
    again = tehran.api.post("/v1/members", {**JOINING, "external_id": ID}).expect(200)
    assert again == result


def test_balance_in_persian(tehran: Clinic, patient: str) -> None:
    """Points, their next expiry in the Persian calendar, and the direction of the text."""
    _earn_1450(tehran, patient)

    answer = tehran.api.get(f"/v1/members/{patient}/balance", Accept_Language="fa")

    result = answer.expect(200)
    points = result["balances"][0]
    assert points["available"] == 1450
    assert points["next_expiry"] == {
        "amount": 500,
        "expires_on": "2027-03-20",
        "label": "۱۴۰۵/۱۲/۲۹",
        "expires_at": "2027-03-20T20:30:00Z",
    }
    assert points["name"] == "امتیاز"
    assert (result["lang"], result["dir"]) == ("fa", "rtl")
    assert answer.headers["content-language"] == "fa"


def test_all_points_until_midnight(tehran: Clinic, patient: str) -> None:
    """One second before midnight in Tehran all points can be spent."""
    _earn_1450(tehran, patient)
    tehran.move_to(ONE_SECOND_BEFORE)

    redeemed = _redeem(tehran, patient).expect(201)

    assert (redeemed["price"], redeemed["balances"][0]["available"]) == (1450, 0)
    tehran.check(patient)


def test_too_few_points_from_midnight_on(tehran: Clinic, patient: str) -> None:
    """At midnight in Tehran the old year's points are gone."""
    _earn_1450(tehran, patient)
    tehran.move_to(MIDNIGHT)

    refused = _redeem(tehran, patient)

    result = refused.expect(409, "insufficient_points")
    assert (result["available"], result["price"], result["missing"]) == (950, 1450, 500)
    expired = tehran.check(patient)[-1]
    assert (expired["kind"], expired["effective_at"]) == ("lots.expired", MIDNIGHT)


def _earn_1450(clinic: Clinic, patient: str) -> None:
    """Join, earn 500 under 1405's version and 950 under 1406's."""
    clinic.api.post("/v1/members", {**JOINING, "external_id": ID}).expect(201)
    clinic.record({"external_id": ID}).expect(201)
    points = {
        **example(PROGRAMME)["currencies"][0],
        "expiry": {"type": "fixed", "on": "2028-03-19"},
    }
    clinic.publish(example(PROGRAMME, currencies=[points]), "2027-01-01T00:00:00Z")
    clinic.move_to("2027-01-10T08:00:00Z")
    earned = clinic.record({"id": patient}, category="screening").expect(201)
    assert _granted(earned) == {"screening": 950}


def _redeem(clinic: Clinic, patient: str) -> Any:
    body = {"programme": PROGRAMME, "reward": "full-checkup"}
    return clinic.api.post(f"/v1/members/{patient}/redemptions", body)


def _granted(earned: dict[str, Any]) -> dict[str, int]:
    return {award["rule"]: award["amount"] for award in earned["awards"]}
