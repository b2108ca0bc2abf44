"""
Acceptance story 5: prepaid money with the percentage that its lot earned.

£200 → 10 %, £500 → 20 %; a refund returns to the lot that it came from.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, Api, at_once
from tests.journeys.test_story_4_receptionist import (
    PROGRAMME,
    confirm,
    considered,
    consult,
    quote,
)
from tests.journeys.world import Clinic, LocalWorld, example


def opened(world: LocalWorld, **discounts: Any) -> Clinic:
    """Return a sandbox with the clinic's programme, its discounts changed."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    document = example(PROGRAMME, enrolment={})
    document["discounts"] |= discounts
    made.publish(document)
    return made


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme."""
    return opened(world)


@pytest.fixture
def patient(desk: Clinic) -> str:
    """Return somebody who has joined."""
    return desk.enrolled()


def top_up(desk: Clinic, patient: str, pence: int) -> Any:
    """Pay in."""
    body = {"programme": PROGRAMME, "currency": "prepaid", "amount": pence}
    return desk.staff("receptionist").post(f"/v1/members/{patient}/top-ups", body).expect(201)


def prepaid(desk: Clinic, patient: str) -> list[int]:
    """Return what is in each lot, in the order in which they are spent."""
    return [lot["amount"] for lot in desk.balance(patient, "prepaid")["lots"]]


def family(desk: Clinic, patient: str) -> None:
    """Let somebody else of the family be a patient, too."""
    staff = desk.staff("receptionist")
    body = {"member_id": patient, "role": "adult"}
    household = staff.post("/v1/households", body).expect(201)["household_id"]
    other = {"member_id": desk.enrolled(), "role": "child"}
    staff.post(f"/v1/households/{household}/members", other).expect(201)


def reverse(desk: Clinic, quote_id: str, **more: Any) -> Any:
    """Refund a purchase that was quoted."""
    body = {"source": "quote", "external_id": quote_id, **more}
    return desk.api.post("/v1/activities/reversals", body).expect(201)


@pytest.mark.parametrize(
    ("pence", "percent"), [(19_999, 0), (20_000, 10), (49_999, 10), (50_000, 20)]
)
def test_bands(desk: Clinic, patient: str, pence: int, percent: int) -> None:
    """A penny below a band earns the band before."""
    parts = top_up(desk, patient, pence)["parts"]

    assert parts == [{"amount": pence, "percent": percent}]


def by(world: LocalWorld, bands_by: str) -> Clinic:
    """Return a sandbox with the clinic's programme, its bands reached in another way."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    document = example(PROGRAMME, enrolment={})
    document["wallets"][0]["bands_by"] = bands_by
    made.publish(document)
    return made


def test_for_every_200_and_500(world: LocalWorld) -> None:
    """£920 are £500 at 20 %, £400 at 10 % and £20 at nothing, and pay in that share."""
    desk = by(world, "every")
    patient = desk.enrolled()

    made = top_up(desk, patient, 92_000)

    assert [(part["amount"], part["percent"]) for part in made["parts"]] == [
        (50_000, 20),
        (40_000, 10),
        (2_000, 0),
    ]
    assert sorted(prepaid(desk, patient)) == [2_000, 40_000, 50_000]
    # £625.00 at 20 %, £444.44 at 10 % and £20.00 at none can be paid from it.
    bill = consult(desk, patient, 108_944)
    assert (bill["draws"][0]["amount"], bill["due"]["amount"]) == (92_000, 0)
    desk.check(patient)


def test_top_ups_add_up(world: LocalWorld) -> None:
    """£150 and £50 in a year are £200: the second earns 10 %; in the next year it begins anew."""
    desk = by(world, "year")
    patient = desk.enrolled()

    def percent(pence: int) -> int:
        (part,) = top_up(desk, patient, pence)["parts"]
        return int(part["percent"])

    assert [percent(15_000), percent(4_999), percent(1), percent(30_000)] == [0, 0, 10, 20]
    desk.move_to("2026-12-31T23:59:59Z")
    assert percent(1) == 20
    desk.move_to("2027-01-01T00:00:00Z")
    assert percent(19_999) == 0
    desk.check(patient)


def test_a_top_up_that_went_back_adds_nothing(world: LocalWorld) -> None:
    """Of £150 and £50 the first goes back: another £149.99 come to £199.99, and earn nothing."""
    desk = by(world, "lifetime")
    patient = desk.enrolled()
    body = {"programme": PROGRAMME, "currency": "prepaid", "amount": 15_000, "reference": "card-1"}
    desk.api.post(f"/v1/members/{patient}/top-ups", body).expect(201)
    top_up(desk, patient, 5_000)
    back = {"reference": "card-1", "reason": "chargeback"}
    desk.api.post("/v1/payments/reversals", back).expect(201)

    assert top_up(desk, patient, 14_999)["parts"][0]["percent"] == 0
    assert top_up(desk, patient, 1)["parts"][0]["percent"] == 10
    desk.check(patient)


def test_drawn_from_its_lot(desk: Clinic, patient: str) -> None:
    """£100 cost £80 from the lot of 20 %, then come back to it, although it is not the newest."""
    top_up(desk, patient, 50_000)
    made = consult(desk, patient, 10_000)
    assert made["draws"] == [{"currency": "prepaid", "amount": 8000, "money": 8000}]
    assert (made["net"]["amount"], made["due"]["amount"]) == (8000, 0)
    confirm(desk, patient, made["quote_id"]).expect(201)
    assert prepaid(desk, patient) == [42_000]

    desk.move_to("2026-03-03T10:00:00Z")
    top_up(desk, patient, 20_000)
    assert prepaid(desk, patient) == [42_000, 20_000]
    again = consult(desk, patient, 10_000)
    confirm(desk, patient, again["quote_id"]).expect(201)
    assert prepaid(desk, patient) == [34_000, 20_000]

    refunded = reverse(desk, made["quote_id"])

    draws = [
        each["outcome"]["draws"] for each in refunded["outcomes"] if each["mechanic"] == "quotes"
    ]
    assert draws == [
        [{"currency": f"{PROGRAMME}/prepaid", "drawn": 8000, "returned": 8000, "expired": 0}],
    ]
    assert prepaid(desk, patient) == [42_000, 20_000]
    desk.check(patient)


def test_a_lot_ends_within_a_line(desk: Clinic, patient: str) -> None:
    """What the lot of 20 % pays for gets 20 %, the rest 10 %, and what no lot pays for nothing."""
    top_up(desk, patient, 50_000)
    desk.move_to("2026-03-02T10:10:00Z")
    top_up(desk, patient, 20_000)

    made = consult(desk, patient, 100_000)

    # £500 pay for £625.00; £200 of the rest pay for £222.22; £152.78 are left.
    assert made["draws"][0]["amount"] == 70_000
    assert made["due"]["amount"] == 100_000 - 62_500 - 22_222
    assert made["lines"][0]["off"] == [{"source": "wallet", "id": "prepaid", "amount": 14_722}]
    confirm(desk, patient, made["quote_id"]).expect(201)
    assert prepaid(desk, patient) == []
    reverse(desk, made["quote_id"])
    assert prepaid(desk, patient) == [50_000, 20_000]
    desk.check(patient)


def test_a_part_comes_back_in_its_share(desk: Clinic, patient: str) -> None:
    """M2: half of a bill that prepaid money paid in part returns half of what was drawn."""
    top_up(desk, patient, 20_000)
    lines = [{"amount": 15_000, "category": "consult"} for _ in range(2)]
    made = quote(desk, patient, *lines)
    confirm(desk, patient, made["quote_id"]).expect(201)
    assert (prepaid(desk, patient), made["net"]["amount"]) == ([], 27_778)

    # Each line was paid from the lot in the same part, so each cost the same.
    assert [line["net"] for line in made["lines"]] == [13_889, 13_889]
    reverse(desk, made["quote_id"], lines=[{"id": "1"}])

    assert prepaid(desk, patient) == [10_000]
    reverse(desk, made["quote_id"])
    assert prepaid(desk, patient) == [20_000]
    desk.check(patient)


@pytest.mark.parametrize(
    ("stacking", "off"),
    [("best_of", 2000), ("additive", 2500), ("sequential", 2400)],
)
def test_stacking(world: LocalWorld, stacking: str, off: int) -> None:
    """Family 5 % and prepaid 20 % are 20 % at best, 25 % added, and 24 % one after the other."""
    desk = opened(world, stacking=stacking)
    patient = desk.enrolled()
    family(desk, patient)
    top_up(desk, patient, 50_000)

    made = consult(desk, patient, 10_000)

    assert made["discount"]["amount"] == off
    applied = {each["id"] for each in made["considered"] if each["applied"]}
    assert applied == ({"prepaid"} if stacking == "best_of" else {"prepaid", "family"})
    if stacking == "best_of":
        assert considered(made)["family"]["reason"] == "others_gave_more"


@pytest.mark.parametrize(("cap", "off"), [(25, 2500), (24, 2400), (22, 2200)])
def test_the_sum_is_capped(world: LocalWorld, cap: int, off: int) -> None:
    """The two that come to 25 % give that with a cap of 25, and with a lower one the cap."""
    desk = opened(world, stacking="additive", max_percent=cap)
    patient = desk.enrolled()
    family(desk, patient)
    top_up(desk, patient, 50_000)

    assert consult(desk, patient, 10_000)["discount"]["amount"] == off


def test_not_from_the_wallet(desk: Clinic, patient: str) -> None:
    """Who pays in cash has no part of the rate; a quote may also draw no more than so much."""
    top_up(desk, patient, 50_000)

    cash = consult(desk, patient, 10_000, payments=[])
    some = consult(desk, patient, 10_000, payments=[{"currency": "prepaid", "amount": 4000}])

    assert (cash["draws"], cash["due"]["amount"]) == ([], 10_000)
    assert (some["draws"][0]["amount"], some["due"]["amount"]) == (4000, 5000)


def test_value_that_is_gone(desk: Clinic, patient: str) -> None:
    """Two quotes over the same £500: the second is refused, and takes nothing."""
    top_up(desk, patient, 50_000)
    first, second = consult(desk, patient, 60_000), consult(desk, patient, 60_000)
    confirm(desk, patient, first["quote_id"]).expect(201)

    refused = confirm(desk, patient, second["quote_id"]).expect(409, "quote_stale")

    assert (refused["currency"], refused["available"]) == ("prepaid", 2000)
    assert prepaid(desk, patient) == [2000]
    desk.check(patient)


# ── Goodwill ──


def sorry(api: Api, patient: str, points: int, reason: str = "wait") -> Answer:
    """Give goodwill."""
    body = {"programme": PROGRAMME, "points": points, "reason": reason}
    return api.post(f"/v1/members/{patient}/goodwill", body)


def test_goodwill_within_the_day(desk: Clinic, patient: str) -> None:
    """55 minutes instead of 20 are worth 50 points; a receptionist gives 200 a day, over all."""
    reception, other = desk.staff("receptionist"), desk.enrolled()
    assert sorry(reception, patient, 50).expect(201)["daily_limit"] == 200
    sorry(reception, other, 150).expect(201)

    refused = sorry(reception, patient, 1).expect(403, "goodwill_limit")
    assert (refused["limit"], refused["left"]) == (200, 0)
    assert desk.available(patient) == 50
    # A manager has a budget of their own, and the next day there is another one.
    sorry(desk.staff("manager"), patient, 250).expect(201)
    desk.move_to("2026-03-03T00:00:00Z")
    sorry(reception, patient, 200).expect(201)
    desk.check(patient)


def test_goodwill_at_two_desks(desk: Clinic, patient: str) -> None:
    """Twenty at once, of which four fit: four are given."""
    reception = desk.staff("receptionist")

    answers = at_once(20, lambda _: sorry(reception, patient, 50))

    assert sorted(each.status for each in answers) == [201] * 4 + [403] * 16
    assert desk.available(patient) == 200


def test_goodwill_that_is_not_given(desk: Clinic, patient: str) -> None:
    """Above what a role may give, above what is given at once, for another reason, by others."""
    reception, manager = desk.staff("receptionist"), desk.staff("manager")
    assert sorry(reception, patient, 201).expect(403, "goodwill_limit")["left"] == 200
    sorry(manager, patient, 251).expect(422, "too_much_goodwill")
    sorry(manager, patient, 5, "charm").expect(422, "unknown_reason")
    sorry(desk.staff("admin"), patient, 5).expect(403, "goodwill_not_allowed")
    sorry(desk.api, patient, 5).expect(403, "goodwill_not_allowed")
    assert len(desk.ledger(patient)) == 1


def test_m6_money_is_not_forfeited_in_silence(desk: Clinic, patient: str) -> None:
    """M6: an account with prepaid money closes once it is said what becomes of it."""
    top_up(desk, patient, 42_000)
    path = f"/v1/members/{patient}"

    refused = desk.api.post(f"{path}/closure", {"reason": "moved"}).expect(409, "prepaid_left")
    money = {"amount": 42_000, "currency": "GBP"}
    kept = {"programme": PROGRAMME, "section": "wallets", "id": "prepaid", "amount": money}
    assert refused["prepaid"] == [{**kept, "refundable": True}]
    body = {"reason": "moved", "prepaid": "refund"}
    closed = desk.api.post(f"{path}/closure", body).expect(200)

    assert (closed["status"], closed["waived"]) == ("closed", [])
    assert closed["refunded"] == [kept]
    (entry,) = desk.api.get(f"{path}/statement").expect(200)["entries"]
    assert (entry["kind"], entry["returned"], entry["due"]) == ("closure", money, money)
    desk.check(patient)


def test_m6_what_is_not_refundable_is_waived(desk: Clinic, patient: str) -> None:
    """M6: of £420 topped up and £50 put right by hand the first are refunded; both are stated."""
    top_up(desk, patient, 42_000)
    given = {"programme": PROGRAMME, "currency": "prepaid", "amount": 5_000, "reason": "late"}
    desk.api.post(f"/v1/members/{patient}/adjustments", given).expect(201)
    path = f"/v1/members/{patient}"

    body = {"reason": "moved", "prepaid": "refund"}
    closed = desk.api.post(f"{path}/closure", body).expect(200)

    assert [each["amount"]["amount"] for each in closed["refunded"]] == [42_000]
    assert [each["amount"]["amount"] for each in closed["waived"]] == [5_000]
    told = desk.api.get(f"{path}/statement").expect(200)["entries"]
    amounts = [
        {name: entry[name]["amount"] for name in ("returned", "due", "waived") if name in entry}
        for entry in told
    ]
    assert amounts == [{"returned": 42_000, "due": 42_000}, {"waived": 5_000}]
    desk.check(patient)


def test_m6_money_that_is_waived(desk: Clinic, patient: str) -> None:
    """M6: what is waived is stated as that, and nothing is to be paid back."""
    top_up(desk, patient, 42_000)
    path = f"/v1/members/{patient}"

    body = {"reason": "moved", "prepaid": "waive"}
    closed = desk.api.post(f"{path}/closure", body).expect(200)

    assert [each["amount"]["amount"] for each in closed["waived"]] == [42_000]
    (entry,) = desk.api.get(f"{path}/statement").expect(200)["entries"]
    assert entry["waived"] == {"amount": 42_000, "currency": "GBP"}
    assert "due" not in entry
