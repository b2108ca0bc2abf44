"""Members who contribute in different ways: visits, spend, referrals, and what each brings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import at_once
from tests.journeys.world import Clinic, LocalWorld

PROGRAMME = "contribution"
VISITS = {"metric": "visits", "at_least": 3}
SPEND = {"metric": "spend", "at_least": 100_000}
POINTS = {"currency": "points"}


def referrals(count: int) -> dict[str, Any]:
    """Return the threshold of so many referrals."""
    return {"metric": "referrals", "at_least": count}


DOCUMENT: dict[str, Any] = {
    "id": PROGRAMME,
    "name": "Contribution",
    "time_zone": "Asia/Taipei",
    "money": {"currency": "TWD"},
    "currencies": [{"id": "points", "name": "points", "expiry": {"type": "rolling", "years": 1}}],
    "earning": [
        {
            "id": rule,
            "on": [activity],
            "currency": "points",
            "award": {"type": "fixed", "amount": n},
        }
        for rule, activity, n in (
            ("visit", "visit.completed", 100),
            ("lecture", "lecture.attended", 50),
            ("referral", "referral.qualified", 200),
        )
    ],
    "tiers": {
        "levels": [
            {"id": "base", "name": "Base"},
            {"id": "silver", "name": "Silver", "qualify": {"any": [VISITS, referrals(1)]}},
            {"id": "gold", "name": "Gold", "qualify": {"all": [VISITS, SPEND, referrals(2)]}},
        ],
        "window": "calendar_year",
    },
    "rewards": [
        {"id": "vitamins", "name": "Vitamins", "price": {**POINTS, "amount": 150}},
        {
            "id": "ten-off",
            "name": "10 % off a service",
            "kind": "discount",
            "price": {**POINTS, "amount": 100},
        },
        {"id": "mug", "name": "A mug", "price": {**POINTS, "amount": 50}, "stock": 3},
    ],
    "discounts": {
        "offers": [
            {
                "id": "ten-off",
                "name": "10 % off",
                "terms": {"type": "voucher", "reward": "ten-off", "percent": 10},
            }
        ]
    },
}


@pytest.fixture
def hospital(world: LocalWorld) -> Clinic:
    """Return a sandbox in the spring of 2026 with the programme."""
    made = world.sandbox("2026-03-02T02:00:00Z")
    made.publish(DOCUMENT)
    return made


def moved(clinic: Clinic, member: str, kind: str, **more: Any) -> list[tuple[str, str]]:
    """Record an activity and return the tiers that it moved."""
    result = clinic.record(member, kind, **more).expect(201)["tier_changes"]
    return [(each["before"], each["after"]) for each in result]


def test_either_of_two_and_all_of_three(hospital: Clinic) -> None:
    """One referral alone is silver; gold takes visits, spend and a second referral together."""
    clinic, member = hospital, hospital.enrolled()

    assert moved(clinic, member, "referral.qualified") == [("base", "silver")]
    assert moved(clinic, member, "referral.qualified") == []
    for _ in range(3):
        assert moved(clinic, member, "visit.completed") == []
    amount = {"amount": 99_999, "currency": "TWD"}
    assert moved(clinic, member, "payment.received", amount=amount) == []
    last = {"amount": 1, "currency": "TWD"}
    assert moved(clinic, member, "payment.received", amount=last) == [("silver", "gold")]

    (stands,) = clinic.api.get(f"/v1/members/{member}/tier").expect(200)["tiers"]
    assert stands["tier"] == "gold"


def test_a_referral_that_is_taken_back(hospital: Clinic) -> None:
    """Silver by a referral goes with the referral, and its points too."""
    clinic, member = hospital, hospital.enrolled()
    activity = clinic.activity(member, "referral.qualified")
    clinic.api.post("/v1/activities", activity).expect(201)
    back = {"source": activity["source"], "external_id": activity["external_id"]}

    result = clinic.api.post("/v1/activities/reversals", back).expect(201)

    assert [(each["before"], each["after"]) for each in result["tier_changes"]] == [
        ("silver", "base")
    ]
    assert clinic.available(member) == 0


def test_what_they_earn_and_what_it_buys(hospital: Clinic) -> None:
    """A visit, a lecture and a referral buy a product and a discount on a service."""
    clinic, member = hospital, hospital.enrolled()
    path = f"/v1/members/{member}"
    for kind in ("visit.completed", "lecture.attended", "referral.qualified"):
        clinic.record(member, kind).expect(201)
    assert clinic.available(member) == 350

    made = [
        clinic.api.post(f"{path}/redemptions", {"programme": PROGRAMME, "reward": reward})
        for reward in ("vitamins", "ten-off")
    ]

    code = made[1].expect(201)["voucher"]["code"]
    bill = {"programme": PROGRAMME, "currency": "TWD", "lines": [{"amount": 5_000}]}
    quoted = clinic.api.post(f"{path}/quotes", {**bill, "vouchers": [code]}).expect(201)["quote"]
    assert (quoted["price"]["amount"], quoted["net"]["amount"]) == (5_000, 4_500)
    assert clinic.available(member) == 100


def test_limited_gifts_run_out_once(hospital: Clinic) -> None:
    """Of ten members who want one of three mugs at the same time, three get one."""
    clinic = hospital
    members = [clinic.enrolled() for _ in range(10)]
    for member in members:
        clinic.record(member).expect(201)
    body = {"programme": PROGRAMME, "reward": "mug"}

    answers = at_once(10, lambda n: clinic.api.post(f"/v1/members/{members[n]}/redemptions", body))

    assert sorted(answer.status for answer in answers) == 3 * [201] + 7 * [409]
    assert {answer.code for answer in answers if answer.status == 409} == {"out_of_stock"}
    assert sorted(map(clinic.available, members)) == 3 * [50] + 7 * [100]
