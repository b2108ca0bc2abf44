"""F: points that expired come back with a visit soon after, and everyone is told."""

from __future__ import annotations

from tests.journeys.world import LocalWorld

PROGRAMME = {
    "id": "clinic",
    "name": "Clinic",
    "time_zone": "Europe/London",
    "money": {"currency": "GBP"},
    "currencies": [
        {
            "id": "points",
            "name": "points",
            "expiry": {"type": "rolling", "days": 10},
            "reinstated_within_days": 5,
        }
    ],
    "earning": [
        {
            "id": "goal",
            "on": ["goal.met"],
            "currency": "points",
            "award": {"type": "fixed", "amount": 30},
        }
    ],
}


def test_a_visit_brings_points_back(world: LocalWorld) -> None:
    """They expire with 12 March, come back with a visit on the 15th, last until the 23rd, once."""
    clinic = world.sandbox("2027-03-02T10:00:00Z")
    clinic.publish(PROGRAMME)
    patient = clinic.enrolled()
    clinic.record(patient, "goal.met").expect(201)
    clinic.move_to("2027-03-15T10:00:00Z")
    assert clinic.available(patient) == 0
    visit = clinic.record(patient).expect(201)

    assert visit["outcomes"] == [
        {"programme": "clinic", "mechanic": "reinstatement", "outcome": {"points": 30}}
    ]
    held = clinic.balance(patient)
    assert (held["available"], held["next_expiry"]["expires_on"]) == (30, "2027-03-23")
    (movement,) = clinic.check(patient)[-1]["movements"]
    assert (movement["source"], movement["destination"]) == ("expired/tenant", "member/available")

    clinic.move_to("2027-03-25T10:00:00Z")
    assert clinic.record(patient).expect(201)["outcomes"] == []
    assert clinic.available(patient) == 0
    clinic.check(patient)
