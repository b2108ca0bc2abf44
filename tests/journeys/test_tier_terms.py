"""F: tiers by the month, tiers that mix what they take, and value that lasts longer in them."""

from __future__ import annotations

from typing import Any

from tests.journeys.world import Clinic, LocalWorld, example

GOLD: dict[str, Any] = {
    "all": [
        {"metric": "visits", "at_least": 1},
        [{"metric": "spend", "at_least": 5000}, {"metric": "referrals", "at_least": 1}],
    ]
}
PROGRAMME: dict[str, Any] = {
    "id": "clinic",
    "name": "Clinic",
    "time_zone": "Europe/London",
    "money": {"currency": "GBP"},
    "currencies": [
        {
            "id": "points",
            "name": "points",
            "expiry": {"type": "rolling", "days": 30},
            "tier_expiry": {"gold": {"type": "rolling", "days": 90}},
        }
    ],
    "earning": [
        {
            "id": "visit",
            "on": ["visit.completed"],
            "currency": "points",
            "award": {"type": "fixed", "amount": 10},
        }
    ],
    "tiers": {
        "levels": [
            {"id": "base", "name": "Base"},
            {"id": "gold", "name": "Gold", "qualify": GOLD},
        ],
        "window": "calendar_month",
    },
}


def tier(clinic: Clinic, member: str) -> Any:
    """Return where the member stands."""
    return clinic.api.get(f"/v1/members/{member}/tier").expect(200)["tiers"][0]


def test_gold_by_the_month(world: LocalWorld) -> None:
    """A visit and a friend who came in March are gold through April; points of then last longer."""
    clinic = world.sandbox("2027-03-02T10:00:00Z")
    clinic.publish(PROGRAMME)
    patient = clinic.enrolled()
    clinic.record(patient).expect(201)
    wanted = tier(clinic, patient)["to_next"]
    assert (wanted["need"], wanted["reached"]) == ("all", False)
    assert [(each["metric"], each["missing"], each.get("group")) for each in wanted["metrics"]] == [
        ("visits", 0, None),
        ("spend", 5000, 1),
        ("referrals", 1, 1),
    ]

    clinic.move_to("2027-03-20T10:00:00Z")
    clinic.record(patient, "referral.qualified").expect(201)
    held = tier(clinic, patient)
    assert (held["tier"], held["window"]) == ("gold", "calendar_month")
    assert held["review_at"] == "2027-04-30T23:00:00Z"
    clinic.record(patient).expect(201)
    lots = clinic.balance(patient)["lots"]
    assert [lot["expires_on"] for lot in lots] == ["2027-04-01", "2027-06-18"]

    clinic.move_to("2027-04-30T22:59:59Z")
    assert tier(clinic, patient)["tier"] == "gold"
    clinic.move_to("2027-04-30T23:00:00Z")
    assert tier(clinic, patient)["tier"] == "base"
    assert clinic.available(patient) == 10
    clinic.record(patient).expect(201)
    clinic.check(patient)


def test_regular_by_points_that_were_earned(world: LocalWorld) -> None:
    """500 points of purchases, spent or not, make a regular of the pharmacy; 499 do not."""
    clinic = world.sandbox("2026-12-02T10:00:00Z")
    clinic.publish(example("pharmacy", enrolment={}))
    member = clinic.enrolled()

    def buy(euros: int) -> list[tuple[str, str]]:
        amount = {"amount": euros * 100, "currency": "EUR"}
        line = {"id": "1", "amount": euros * 100, "category": "vitamins"}
        made = clinic.record(member, "purchase.completed", amount=amount, lines=[line])
        result = made.expect(201)
        return [(each["before"], each["after"]) for each in result["tier_changes"]]

    assert buy(499) == []
    clinic.move_to("2026-12-10T10:00:00Z")
    body = {"programme": "pharmacy", "reward": "hand-cream"}
    clinic.api.post(f"/v1/members/{member}/redemptions", body).expect(201)
    assert buy(1) == [("friend", "regular")]
    clinic.check(member)
