"""
Acceptance story 2: hospital levels by frequency and amount, over the last 365 days.

Silver takes six visits or CNY 5,000 self-paid, gold twelve and 15,000.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic, LocalWorld

PROGRAMME = "hospital-levels"


@pytest.fixture
def hospital(world: LocalWorld) -> Clinic:
    """Return a sandbox in the spring of 2026 with the hospital's programme."""
    made = world.sandbox("2026-03-02T02:00:00Z")
    made.publish(PROGRAMME)
    return made


@pytest.fixture
def patient(hospital: Clinic) -> str:
    """Return somebody with five visits, who has paid CNY 4,800.00."""
    member = hospital.enrolled()
    for _ in range(5):
        hospital.record(member).expect(201)
    assert pay(hospital, member, 480_000)["tier_changes"] == []
    return member


def pay(hospital: Clinic, member: str, fen: int) -> Any:
    """Record what was paid by the patient."""
    amount = {"amount": fen, "currency": "CNY"}
    return hospital.record(member, "payment.received", amount=amount).expect(201)


def use(hospital: Clinic, member: str, entitlement: str) -> Any:
    """Use an entitlement."""
    body = {"programme": PROGRAMME, "entitlement": entitlement}
    return hospital.api.post(f"/v1/members/{member}/entitlement-uses", body)


def tier(hospital: Clinic, member: str) -> Any:
    """Return where the patient stands."""
    return hospital.member(member).get(f"/v1/members/{member}/tier").expect(200)["tiers"][0]


def redeem(hospital: Clinic, member: str, reward: str) -> Any:
    """Redeem a reward as the patient does."""
    body = {"programme": PROGRAMME, "reward": reward}
    return hospital.member(member).post(f"/v1/members/{member}/redemptions", body)


def give(hospital: Clinic, member: str, points: int) -> None:
    """Put points on the account."""
    hospital.give(member, points, programme=PROGRAMME)


def test_silver_by_amount(hospital: Clinic, patient: str) -> None:
    """CNY 200 more make 5,000: the payment says so, once, and parking comes four times a month."""
    result = pay(hospital, patient, 20_000)

    (moved,) = result["tier_changes"]
    assert (moved["before"], moved["after"]) == ("base", "silver")
    found = hospital.api.get(f"/v1/members/{patient}/entitlements").expect(200)["entitlements"]
    used = [each for each in found if each["off"] is None]
    shown = {each["entitlement"]: (each["left"], each["resets_on"]) for each in used}
    assert shown == {"parking": (4, "2026-04-01"), "priority-registration": (None, None)}
    (brought,) = [each for each in found if each["off"] is not None]
    assert (brought["entitlement"], brought["kind"]) == ("specialist", "discount")
    assert brought["off"] == {"percent": 10, "prices": {}}
    assert (brought["name"], brought["left"]) == ("Specialist visits", None)

    for _ in range(4):
        use(hospital, patient, "parking").expect(201)
    refused = use(hospital, patient, "parking").expect(409, "quota_exhausted")
    assert refused["resets_on"] == "2026-04-01"
    # In Shanghai the first begins at 16:00 of the day before, in UTC.
    hospital.move_to("2026-03-31T15:59:59Z")
    use(hospital, patient, "parking").expect(409, "quota_exhausted")
    hospital.move_to("2026-03-31T16:00:00Z")
    use(hospital, patient, "parking").expect(201)
    raised = [event for event in hospital.check(patient) if "tiers" in event]
    assert [event["tiers"] for event in raised] == [{PROGRAMME: "silver"}]


def test_specialists_cost_less(hospital: Clinic, patient: str) -> None:
    """Silver takes 10 % off a specialist's visit, and nothing off another line."""
    pay(hospital, patient, 20_000)
    lines = [{"amount": 30_000, "category": "specialist"}, {"amount": 5_000, "category": "test"}]
    body = {"programme": PROGRAMME, "currency": "CNY", "lines": lines}

    made = hospital.api.post(f"/v1/members/{patient}/quotes", body).expect(201)["quote"]

    assert [line["net"] for line in made["lines"]] == [27_000, 5_000]


def test_gold_takes_both(hospital: Clinic, patient: str) -> None:
    """Twelve visits and CNY 15,000 are gold together, and neither without the other."""
    for _ in range(6):
        hospital.record(patient).expect(201)
    pay(hospital, patient, 1_500_000 - 480_000 - 1)
    assert tier(hospital, patient)["tier"] == "silver"  # 11 visits, a fen too little
    assert pay(hospital, patient, 1)["tier_changes"] == []

    (twelfth,) = hospital.record(patient).expect(201)["tier_changes"]

    assert (twelfth["before"], twelfth["after"]) == ("silver", "gold")
    other = hospital.enrolled()
    for _ in range(12):
        hospital.record(other).expect(201)
    pay(hospital, other, 1_500_000 - 1)
    assert tier(hospital, other)["tier"] == "silver"
    (paid,) = pay(hospital, other, 1)["tier_changes"]
    assert (paid["before"], paid["after"]) == ("silver", "gold")


def test_gold_for_points(hospital: Clinic, patient: str) -> None:
    """At 7,999 points gold is refused; at 8,000 it is there for a year and the points are gone."""
    give(hospital, patient, 7_999 - hospital.available(patient))
    refused = redeem(hospital, patient, "gold-upgrade").expect(409, "insufficient_points")
    assert (refused["available"], refused["missing"]) == (7_999, 1)
    give(hospital, patient, 1)

    made = redeem(hospital, patient, "gold-upgrade").expect(201)

    assert (made["state"], made["voucher"]) == ("used", None)
    assert hospital.available(patient) == 0
    stands = tier(hospital, patient)
    assert stands["tier"] == "gold"
    assert stands["overrides"] == [{"kind": "bought", "tier": "gold", "expires_on": "2027-03-02"}]
    again = redeem(hospital, patient, "gold-upgrade").expect(409)
    assert again["code"] == "insufficient_points"
    path = f"/v1/members/{patient}/redemptions/{made['redemption_id']}"
    assert hospital.api.get(path).expect(200)["voucher"] is None
    hospital.api.post(f"{path}/cancellation", {}).expect(409, "voucher_used")

    hospital.move_to("2027-03-02T15:59:59Z")
    assert tier(hospital, patient)["tier"] == "gold"
    hospital.move_to("2027-03-02T16:00:00Z")
    assert tier(hospital, patient)["tier"] == "base"


def test_what_is_earned_meanwhile_is_kept(hospital: Clinic, patient: str) -> None:
    """Who becomes silver under a gold that was bought is silver when that ends."""
    give(hospital, patient, 8_000)
    redeem(hospital, patient, "gold-upgrade").expect(201)
    hospital.move_to("2026-12-01T02:00:00Z")
    for _ in range(6):
        hospital.record(patient).expect(201)
    assert tier(hospital, patient)["tier"] == "gold"

    hospital.move_to("2027-03-02T16:00:00Z")

    assert tier(hospital, patient)["tier"] == "silver"
    assert [step["tier"] for step in tier(hospital, patient)["timeline"]] == [
        "base",
        "gold",
        "silver",
    ]


def test_days_roll(hospital: Clinic, patient: str) -> None:
    """A visit counts for 365 days, its own among them, and not for one more."""
    hospital.move_to("2027-03-01T02:00:00Z")
    late = hospital.record(patient).expect(201)
    assert [moved["after"] for moved in late["tier_changes"]] == ["silver"]

    other = hospital.enrolled()
    for _ in range(5):
        hospital.record(other).expect(201)
    hospital.move_to("2028-02-29T02:00:00Z")  # 365 days later
    assert hospital.record(other).expect(201)["tier_changes"] == []


def test_kept_and_lost(hospital: Clinic, patient: str) -> None:
    """After 365 days silver is reviewed: announced 60 days before, lost 30 days after."""
    pay(hospital, patient, 20_000)
    stands = tier(hospital, patient)
    assert stands["review_at"] == "2027-03-02T16:00:00Z"

    hospital.move_to("2027-01-01T16:00:00Z")
    give(hospital, patient, 1)
    (notice,) = [e for e in hospital.ledger(patient) if e["kind"] == "tier.review_announced"]
    assert notice["effective_at"] == "2027-01-01T16:00:00Z"
    assert notice["at_risk"] == [
        {
            "programme": PROGRAMME,
            "tier": "silver",
            "falls_to": "base",
            "at": "2027-03-02T16:00:00Z",
        }
    ]
    hospital.move_to("2027-03-02T16:00:00Z")
    assert tier(hospital, patient)["in_grace"] is True
    hospital.move_to("2027-04-01T16:00:00Z")
    assert tier(hospital, patient)["tier"] == "base"


def test_confirmed(hospital: Clinic, patient: str) -> None:
    """A visit in whose 365 days silver is reached confirms it for 365 more, with no notice."""
    pay(hospital, patient, 20_000)
    hospital.move_to("2026-12-01T02:00:00Z")
    hospital.record(patient).expect(201)
    assert tier(hospital, patient)["review_at"] == "2027-12-01T16:00:00Z"

    hospital.move_to("2027-03-02T16:00:00Z")
    give(hospital, patient, 1)
    (notice,) = [e for e in hospital.ledger(patient) if e["kind"] == "tier.review_announced"]
    assert "at_risk" not in notice
    stands = tier(hospital, patient)
    assert (stands["tier"], stands["in_grace"]) == ("silver", False)


def test_a_reward_gives_an_entitlement(hospital: Clinic, patient: str) -> None:
    """A health check for points is there at once, and is used like any other entitlement."""
    give(hospital, patient, 3_000)

    made = redeem(hospital, patient, "check-up").expect(201)

    assert made["voucher"] is None
    assert use(hospital, patient, "health-check").expect(201)["entitlement"]["left"] == 0
    use(hospital, patient, "health-check").expect(409, "not_entitled")


def test_points_pay_of_the_self_paid_part(hospital: Clinic, patient: str) -> None:
    """
    Of CNY 100.00 the insurer pays 70: points pay 30 % of the other 30 at most, and no more.

    Spend is what the patient pays, and a refund gives back that.
    """
    give(hospital, patient, 5_000 - hospital.available(patient))
    path = f"/v1/members/{patient}"
    body = {
        "programme": PROGRAMME,
        "currency": "CNY",
        "type": "payment.received",
        "lines": [{"amount": 10_000, "covered": 7_000, "category": "test"}],
        "payments": [{"currency": "points"}],
    }

    made = hospital.api.post(f"{path}/quotes", body).expect(201)["quote"]

    shown = {name: made[name]["amount"] for name in ("covered", "price", "net", "due")}
    assert shown == {"covered": 7_000, "price": 3_000, "net": 3_000, "due": 2_100}
    assert made["draws"] == [{"currency": "points", "amount": 900, "money": 900}]
    confirming = f"{path}/quotes/{made['quote_id']}/confirmation"
    bought = hospital.api.post(confirming, {}).expect(201)["quote"]
    assert bought["covered"] == {"amount": 7_000, "currency": "CNY"}
    back = {"source": "quote", "external_id": made["quote_id"]}
    undone = hospital.api.post("/v1/activities/reversals", back).expect(201)["refund"]
    assert (undone["covered"]["amount"], undone["returned"]["amount"]) == (7_000, 3_000)
    refund, bought, *_ = hospital.api.get(f"{path}/statement").expect(200)["entries"]
    assert (bought["covered"]["amount"], bought["due"]["amount"]) == (7_000, 2_100)
    assert (refund["returned"]["amount"], refund["due"]["amount"]) == (3_000, 2_100)
    assert refund["covered"] == bought["covered"]
    assert [each["covered"] for each in (*bought["lines"], *refund["lines"])] == [7_000, 7_000]
    assert hospital.available(patient) == 5_000
    hospital.check(patient)


def test_only_what_is_self_paid_is_spend(hospital: Clinic, patient: str) -> None:
    """Of CNY 5,000 4,800.01 are covered: the patient is a fen short of silver."""
    path = f"/v1/members/{patient}/quotes"
    line = {"amount": 500_000, "covered": 480_001, "category": "ward"}
    body = {"programme": PROGRAMME, "currency": "CNY", "type": "payment.received", "lines": [line]}
    short = hospital.api.post(path, body).expect(201)["quote"]["quote_id"]
    made = hospital.api.post(f"{path}/{short}/confirmation", {}).expect(201)
    assert made["tier_changes"] == []

    (moved,) = pay(hospital, patient, 1)["tier_changes"]

    assert moved["after"] == "silver"


@pytest.mark.parametrize(("covered", "code"), [(10_001, "covered_too_much"), (-1, "invalid_body")])
def test_no_more_is_covered_than_there_is(
    hospital: Clinic, patient: str, covered: int, code: str
) -> None:
    """More than a line comes to, or less than nothing, is refused with its place."""
    line = {"amount": 10_000, "covered": covered}
    body = {"programme": PROGRAMME, "currency": "CNY", "lines": [{"amount": 1}, line]}

    refused = hospital.api.post(f"/v1/members/{patient}/quotes", body).expect(422, code)

    assert [each["pointer"] for each in refused["errors"]] == ["/lines/1/covered"]


def test_what_gold_brings(hospital: Clinic, patient: str) -> None:
    """Lectures, a consultation twice a year, and one blood test a year that a quote makes free."""
    give(hospital, patient, 8_000)
    redeem(hospital, patient, "gold-upgrade").expect(201)
    path = f"/v1/members/{patient}"

    found = hospital.member(patient).get(f"{path}/entitlements").expect(200)["entitlements"]
    used = [each for each in found if each["off"] is None]
    left = {each["entitlement"]: (each["left"], each["resets_on"]) for each in used}
    assert left == {
        "parking": (4, "2026-04-01"),
        "priority-registration": (None, None),
        "lectures": (None, None),
        "consultation": (2, "2027-01-01"),
        "blood-test": (1, "2027-01-01"),
    }

    lines = [{"amount": 20_000, "quantity": 2, "sku": "BLOOD-TEST"}]
    body = {"programme": PROGRAMME, "currency": "CNY", "lines": lines}
    made = hospital.api.post(f"{path}/quotes", body).expect(201)["quote"]
    assert (made["price"]["amount"], made["net"]["amount"]) == (20_000, 10_000)
    hospital.api.post(f"{path}/quotes/{made['quote_id']}/confirmation", {}).expect(201)
    use(hospital, patient, "blood-test").expect(409, "quota_exhausted")
    for _ in range(2):
        use(hospital, patient, "consultation").expect(201)
    use(hospital, patient, "consultation").expect(409, "quota_exhausted")


def test_held_by_hand(hospital: Clinic, patient: str) -> None:
    """A manager makes somebody gold for ten days, and lifts it."""
    path = f"/v1/members/{patient}/tier-grants"
    body = {"programme": PROGRAMME, "tier": "gold", "reason": "long-wait", "days": 10}
    hospital.staff("receptionist").post(path, body).expect(403, "insufficient_scope")
    hospital.api.post(path, {**body, "tier": "golden"}).expect(422, "unknown_tier")

    made = hospital.staff("manager").post(path, body).expect(201)

    assert (made["tier"], made["expires_on"]) == ("gold", "2026-03-12")
    refused = redeem(hospital, patient, "gold-upgrade").expect(409)
    assert refused["code"] == "insufficient_points"
    give(hospital, patient, 8_000)
    redeem(hospital, patient, "gold-upgrade").expect(409, "tier_held")
    lifted = {"programme": PROGRAMME, "reason": "by-mistake"}
    removal = hospital.api.post(f"{path}/removal", lifted).expect(200)
    assert (removal["tier"], removal["changed"]) == ("base", True)
    assert hospital.api.post(f"{path}/removal", lifted).expect(200)["changed"] is False
    hospital.check(patient)
