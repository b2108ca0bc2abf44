"""Story 11: a compliance officer and the caps of the United States, to the cent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, at_once
from tests.journeys.world import Clinic, LocalWorld, example

PROGRAMME = "us-clinic"


def gift(cents: int, **more: Any) -> dict[str, Any]:
    """Return a reward that costs nothing and is worth so many cents."""
    price = {"currency": "points", "amount": 0}
    name = f"Worth {cents}"
    return {"id": f"g{cents}", "name": name, "price": price, "retail_value": cents, **more}


@pytest.fixture
def practice(world: LocalWorld) -> Clinic:
    """Return a sandbox with gifts of many values under the pack."""
    made = world.sandbox("2026-03-02T16:00:00Z")
    gifts = [gift(cents) for cents in (100, 400, 700, 800, 1000, 1500, 1600)]
    card = {**gift(500, cash_equivalent=True), "id": "card", "kind": "gift_card"}
    made.publish(example(PROGRAMME, rewards=[*example(PROGRAMME)["rewards"], *gifts, card]))
    return made


def cover(clinic: Clinic, member: str, *payers: str) -> None:
    """Tell who pays for a member's care."""
    body = {"coverages": [{"payer_class": each} for each in payers]}
    clinic.api.put(f"/v1/members/{member}/coverages", body).expect(200)


def redeem(clinic: Clinic, member: str, reward: str) -> Answer:
    """Redeem a reward."""
    body = {"programme": PROGRAMME, "reward": reward}
    return clinic.api.post(f"/v1/members/{member}/redemptions", body)


def spent(clinic: Clinic, member: str, cents: int) -> None:
    """Let a member have been given so much this year, by gifts of 15, 8 and 1 dollars."""
    for each in (1500, 800, 100):
        while cents >= each:
            redeem(clinic, member, f"g{each}").expect(201)
            cents -= each


def left(clinic: Clinic, member: str) -> int:
    """Return how many cents of the year are left."""
    rules = clinic.api.get(f"/v1/members/{member}/policies").expect(200)["rules"]
    found: int = next(each["left"] for each in rules if each["rule"] == "US-CMP-YEAR-75")
    return found


def test_s11_of_medicare_with_68_dollars(practice: Clinic) -> None:
    """Each refusal names its rule and what is left; exactly 75 dollars are allowed."""
    patient = practice.enrolled()
    cover(practice, patient, "medicare")
    spent(practice, patient, 6800)
    assert left(practice, patient) == 700

    for reward, rule, room in (
        ("g1000", "US-CMP-YEAR-75", 700),
        ("g1600", "US-CMP-ITEM-15", 1500),
        ("card", "US-CASH-EQ", 0),
    ):
        refused = redeem(practice, patient, reward).expect(403, "policy_forbids")
        assert (refused["rule"], refused["left"], refused["pack"]) == (rule, room, "us-cmp")
        assert rule in refused["detail"]
    redeem(practice, patient, "g700").expect(201)

    assert left(practice, patient) == 0
    redeem(practice, patient, "g100").expect(403, "policy_forbids")
    practice.check(patient)


def test_s11_two_at_once(practice: Clinic) -> None:
    """Of two gifts of 4 dollars at 68 exactly one is given."""
    patient = practice.enrolled()
    cover(practice, patient, "medicaid")
    spent(practice, patient, 6800)

    answers = at_once(2, lambda _: redeem(practice, patient, "g400"))

    assert sorted(each.status for each in answers) == [201, 403]
    assert left(practice, patient) == 300


def test_s11_whoever_pays(practice: Clinic) -> None:
    """A private insurer's member has no cap; who has told nothing is treated as of Medicare."""
    private, unknown = practice.enrolled(), practice.enrolled()
    cover(practice, private, "commercial")
    for reward in ("g1600", "card", "g1500", "g1500", "g1500", "g1500", "g1500", "g1500"):
        redeem(practice, private, reward).expect(201)
    rules = practice.api.get(f"/v1/members/{private}/policies").expect(200)["rules"]
    assert not any(each["applies"] for each in rules)

    refused = redeem(practice, unknown, "g1600").expect(403, "policy_forbids")
    assert refused["rule"] == "US-CMP-ITEM-15"


def test_s11_a_cancelled_gift_and_a_new_year(practice: Clinic) -> None:
    """What is cancelled is free again, and everything is from 1 January, local time."""
    patient = practice.enrolled()
    cover(practice, patient, "tricare")
    spent(practice, patient, 7500)
    done = redeem(practice, patient, "g100")
    done.expect(403, "policy_forbids")
    redemptions = practice.api.get(f"/v1/members/{patient}/redemptions").expect(200)
    last = redemptions["redemptions"][0]["redemption_id"]
    practice.api.post(
        f"/v1/members/{patient}/redemptions/{last}/cancellation", {"reason": "by-mistake"}
    ).expect(200)
    assert left(practice, patient) == 1500

    practice.move_to("2027-01-01T05:59:59Z")
    assert left(practice, patient) == 1500
    practice.move_to("2027-01-01T06:00:00Z")
    assert left(practice, patient) == 7500
    redeem(practice, patient, "g1500").expect(201)
    practice.check(patient)


def test_coverages(practice: Clinic) -> None:
    """Who pays is told at the desk, read by the member, and no other member's to see."""
    patient, other = practice.enrolled(), practice.enrolled()
    path = f"/v1/members/{patient}/coverages"
    known = [
        {"payer_class": "commercial", "until_on": "2026-02-28"},
        {"payer_class": "medicare", "from_on": "2026-03-01"},
    ]
    told = practice.api.put(path, {"coverages": known}).expect(200)["coverages"]
    assert [(each["payer_class"], each["active"]) for each in told] == [
        ("commercial", False),
        ("medicare", True),
    ]
    assert practice.member(patient).get(path).expect(200)["coverages"] == told
    practice.member(patient).put(path, {"coverages": []}).expect(403)
    practice.member(other).get(path).expect(404, "member_not_found")
    practice.api.put(path, {"coverages": [{"payer_class": "nobody"}]}).expect(422, "invalid_body")


def test_rewards_say_what_is_forbidden(practice: Clinic) -> None:
    """A member sees before asking which gift a law keeps from them, and why."""
    patient = practice.enrolled()
    offers = practice.member(patient).get(f"/v1/members/{patient}/rewards").expect(200)["rewards"]
    why = {each["reward"]: [reason.get("rule") for reason in each["reasons"]] for each in offers}
    assert why["g1600"] == ["US-CMP-ITEM-15"]
    assert why["card"] == ["US-CASH-EQ"]
    assert why["g1500"] == []


def quoted(clinic: Clinic, member: str, *lines: dict[str, Any]) -> Any:
    """Price lines for a member."""
    body = {"programme": PROGRAMME, "currency": "USD", "lines": list(lines)}
    return clinic.api.post(f"/v1/members/{member}/quotes", body).expect(201)["quote"]


def test_s11_money_off_a_bill(practice: Clinic) -> None:
    """A discount counts too: what is not allowed of it is left out, with the rule, in words."""
    practice.move_to("2027-01-03T16:00:00Z")
    patient, private = practice.enrolled(), practice.enrolled()
    cover(practice, patient, "medicare")
    cover(practice, private, "commercial")
    spent(practice, patient, 6500)

    for cents, due in ((15_000, 13_500), (15_010, 13_509)):
        bill = quoted(practice, private, {"id": "visit", "amount": cents})
        assert bill["due"]["amount"] == due
    for cents, due, rule in (
        (10_000, 9000, None),
        (10_010, 10_010, "US-CMP-YEAR-75"),
        (15_010, 15_010, "US-CMP-ITEM-15"),
    ):
        bill = quoted(practice, patient, {"id": "visit", "amount": cents})
        assert bill["due"]["amount"] == due
        offer = next(each for each in bill["considered"] if each["id"] == "new-patient")
        assert (offer["reason"], rule or "") == ("policy_forbids" if rule else None, rule or "")
        assert (rule or "") in offer["detail"]

    first = quoted(practice, patient, {"id": "visit", "amount": 10_000})["quote_id"]
    second = quoted(practice, patient, {"id": "visit", "amount": 5000})["quote_id"]
    path = f"/v1/members/{patient}/quotes"
    practice.api.post(f"{path}/{first}/confirmation", {}).expect(201)
    refused = practice.api.post(f"{path}/{second}/confirmation", {}).expect(403, "policy_forbids")
    assert (refused["rule"], refused["left"]) == ("US-CMP-YEAR-75", 0)
    assert left(practice, patient) == 0
    practice.check(patient)


def test_s11_what_prevention_is_for(practice: Clinic) -> None:
    """A screening of 120 dollars is free, since the law does not count what promotes prevention."""
    patient = practice.enrolled()
    cover(practice, patient, "medicare")
    body = {"programme": PROGRAMME, "entitlement": "screening", "units": 1, "reason": "plan"}
    practice.api.post(f"/v1/members/{patient}/entitlement-grants", body).expect(201)
    bill = quoted(practice, patient, {"id": "s", "amount": 12_000, "category": "screening"})
    assert bill["due"]["amount"] == 0
    assert left(practice, patient) == 7500


def test_s11_an_override_takes_two_people(practice: Clinic) -> None:
    """Beyond the cap a gift is had once, when a second person has approved it; all is on record."""
    patient = practice.enrolled()
    cover(practice, patient, "medicare")
    spent(practice, patient, 6800)
    path = f"/v1/members/{patient}/policy-overrides"
    asked = {
        "programme": PROGRAMME,
        "rules": ["US-CMP-YEAR-75"],
        "kind": "reward",
        "id": "g1000",
        "reason": "hardship",
    }
    officer, desk = practice.staff("compliance"), practice.staff("receptionist")
    manager = practice.staff("manager")

    desk.post(path, asked).expect(403, "insufficient_scope")
    practice.member(patient).post(path, asked).expect(403)
    practice.api.post(path, asked).expect(422, "person_not_told")
    made = manager.post(path, asked).expect(201)["override"]
    assert (made["state"], made["until_on"]) == ("requested", None)
    redeem(practice, patient, "g1000").expect(403, "policy_forbids")

    approval = f"{path}/{made['override_id']}/approval"
    manager.post(approval, {}).expect(403, "insufficient_scope")
    own = officer.post(path, asked).expect(201)["override_id"]
    officer.post(f"{path}/{own}/approval", {}).expect(403, "second_person_needed")
    officer.post(f"{path}/{own}/withdrawal", {"reason": "slip"}).expect(200)
    other = practice.enrolled()
    foreign = approval.replace(patient, other)
    officer.post(foreign, {}).expect(404, "override_not_found")
    done = officer.post(approval, {"note": "She has lost her home."}).expect(200)["override"]
    assert (done["state"], done["until_on"]) == ("approved", "2026-04-01")
    officer.post(approval, {}).expect(409, "override_approved")

    redeem(practice, patient, "g1000").expect(201)
    assert left(practice, patient) == 0
    redeem(practice, patient, "g1000").expect(403, "policy_forbids")
    assert officer.get(path).expect(200)["overrides"] == []
    told = [each for each in practice.ledger(patient) if each["kind"].startswith("policy_")]
    assert {each["kind"] for each in told} == {
        "policy_override.requested",
        "policy_override.approved",
        "policy_override.withdrawn",
    }
    practice.check(patient)


def test_s11_an_override_that_is_not_needed(practice: Clinic) -> None:
    """What was asked for by mistake is withdrawn, and listed no more."""
    patient = practice.enrolled()
    path = f"/v1/members/{patient}/policy-overrides"
    asked = {
        "programme": PROGRAMME,
        "rules": ["US-CMP-ITEM-15"],
        "kind": "reward",
        "id": "g1600",
        "reason": "hardship",
        "by": "officer-1",
    }
    made = practice.api.post(path, asked).expect(201)["override_id"]
    listed = practice.api.get(path).expect(200)["overrides"]
    assert [each["override_id"] for each in listed] == [made]
    ended = {"reason": "slip", "by": "officer-2"}
    practice.api.post(f"{path}/{made}/withdrawal", ended).expect(200)
    practice.api.post(f"{path}/{made}/withdrawal", ended).expect(404, "override_not_found")
    assert practice.api.get(path).expect(200)["overrides"] == []
