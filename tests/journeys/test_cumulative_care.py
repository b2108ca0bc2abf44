"""Cumulative rewards for long-term care: small steps add up over years, and nothing expires."""

from __future__ import annotations

import pytest

from tests.journeys.world import Clinic, LocalWorld

PROGRAMME = "cumulative-care"


@pytest.fixture
def hospital(world: LocalWorld) -> Clinic:
    """Return a sandbox in the spring of 2026 with the programme."""
    made = world.sandbox("2026-03-02T15:00:00Z")
    made.publish(PROGRAMME)
    return made


def test_a_day_at_the_portal(hospital: Clinic) -> None:
    """Logging in earns once a day, looking at one's record up to 20 points a day."""
    member = hospital.enrolled()

    for _ in range(3):
        hospital.record(member, "portal.login").expect(201)
        hospital.record(member, "record.viewed").expect(201)

    assert hospital.available(member) == 5 + 20
    # Midnight of New York is at five, UTC.
    hospital.move_to("2026-03-03T05:00:00Z")
    hospital.record(member, "portal.login").expect(201)
    assert hospital.available(member) == 30


def test_points_stay_for_years_and_give_to_others(hospital: Clinic) -> None:
    """Five years later everything is there, for a gift card and for a charity."""
    member = hospital.enrolled()
    for week in range(10):
        hospital.move_to(f"2026-{3 + week // 4:02d}-{2 + 7 * (week % 4):02d}T15:00:00Z")
        for _ in range(4):
            hospital.record(member, "activity.completed").expect(201)
    assert hospital.available(member) == 1500

    hospital.move_to("2031-03-02T15:00:00Z")
    assert hospital.available(member) == 1500
    for reward, left in (("gift-card", 500), ("donation", 100)):
        body = {"programme": PROGRAMME, "reward": reward}
        done = hospital.api.post(f"/v1/members/{member}/redemptions", body).expect(201)
        assert done["balances"][0]["available"] == left
    kinds = [event["kind"] for event in hospital.check(member)]
    assert kinds.count("reward.redeemed") == 2
    assert "lots.expired" not in kinds


def test_a_donation_is_the_charitys(hospital: Clinic) -> None:
    """Its points are posted to the charity, and come back from there where it is taken back."""
    member = hospital.enrolled()
    hospital.give(member, 800, programme=PROGRAMME)
    path = f"/v1/members/{member}"
    offers = hospital.member(member).get(f"{path}/rewards").expect(200)["rewards"]
    assert {each["reward"]: each["payee"] for each in offers} == {
        "gift-card": None,
        "service-discount": None,
        "donation": "season-charity",
    }
    body = {"programme": PROGRAMME, "reward": "donation"}
    first, _ = (hospital.api.post(f"{path}/redemptions", body).expect(201) for _ in range(2))

    hospital.api.post(f"{path}/redemptions/{first['redemption_id']}/cancellation", {}).expect(200)

    owed = 0
    for event in hospital.check(member):
        for move in event["movements"]:
            owed += move["amount"] * (move["destination"] == "payee/tenant/season-charity")
            owed -= move["amount"] * (move["source"] == "payee/tenant/season-charity")
    assert owed == 400
    assert hospital.available(member) == 400
