"""A chargeback: the money of a top-up or a plan's fee went back, and what it was for goes too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.test_story_4_receptionist import PROGRAMME, confirm, consult
from tests.journeys.test_story_5_prepay import opened, prepaid
from tests.journeys.world import Clinic, Document, LocalWorld, example

PATH = "/v1/payments/reversals"


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme."""
    return opened(world)


@pytest.fixture
def patient(desk: Clinic) -> str:
    """Return somebody who has joined."""
    return desk.enrolled()


def pay_in(desk: Clinic, patient: str, pence: int, reference: str = "", **more: Any) -> Any:
    """Pay in, by a payment with a reference if it has one."""
    body = {"programme": PROGRAMME, "currency": "prepaid", "amount": pence}
    body |= {"reference": reference} if reference else {}
    return desk.staff("receptionist").post(f"/v1/members/{patient}/top-ups", body, **more)


def both(desk: Clinic, what: Document) -> Document:
    """Reverse a payment, which follows what its dry run says, and return that."""
    look = desk.api.post(f"{PATH}?dry_run=true", what).expect(200)
    assert desk.api.post(PATH, what).expect(201) == look
    return dict(look)


def entries(desk: Clinic, patient: str) -> Any:
    """Return the statement as the patient sees it."""
    return desk.member(patient).get(f"/v1/members/{patient}/statement").expect(200)["entries"]


def test_f_a_top_up_that_is_spent_in_part(desk: Clinic, patient: str) -> None:
    """Of 50.00 at no rate 20.00 are spent: 30.00 leave the wallet, and 20.00 are owed."""
    pay_in(desk, patient, 5_000, "ch_1").expect(201)
    made = consult(desk, patient, 2_000)
    confirm(desk, patient, made["quote_id"]).expect(201)
    spent = 5_000 - sum(prepaid(desk, patient))

    told = both(desk, {"reference": "ch_1", "reason": "chargeback"})

    assert told["payment"] == {
        "kind": "top_up",
        "programme": PROGRAMME,
        "id": "prepaid",
        "amount": {"amount": 5_000, "currency": "GBP"},
        "prorated": {"amount": 0, "currency": "GBP"},
    }
    (value,) = told["returned"]
    assert (value["amount"], value["deficit"]) == (5_000, spent)
    assert sum(each["amount"] for each in told["movements"]) == 5_000
    assert desk.balance(patient, "prepaid")["available"] == -spent
    entry = entries(desk, patient)[0]
    assert (entry["kind"], entry["returned"]["amount"]) == ("payment_reversal", 5_000)
    assert ("due" in entry, entry["movements"]) == (False, told["movements"])
    # The purchase that it had paid for comes back: nothing is owed any more.
    sale = {"source": "quote", "external_id": made["quote_id"]}
    desk.api.post("/v1/activities/reversals", sale).expect(201)
    assert desk.balance(patient, "prepaid")["available"] == 0
    desk.check(patient)


def test_f_a_fee(world: LocalWorld) -> None:
    """The month that runs is unpaid: the plan is past due, and has its grace."""
    practice = world.sandbox("2027-01-17T15:00:00Z")
    practice.publish("paid-membership")
    patient = practice.enrolled()
    of_it = {"programme": "paid-membership"}
    plans = f"/v1/members/{patient}/subscriptions"
    practice.api.post(plans, {**of_it, "plan": "light", "reference": "ch_2"}).expect(201)
    practice.move_to("2027-01-27T15:00:00Z")

    told = both(practice, {"reference": "ch_2", "reason": "chargeback", "note": "disputed"})

    assert (told["payment"]["kind"], told["payment"]["id"]) == ("plan_fee", "light")
    held = told["subscription"]
    assert (held["state"], held["until_on"], held["next_fee"]["from_on"]) == (
        "past_due",
        "2027-01-16",
        "2027-01-17",
    )
    assert entries(practice, patient)[0]["kind"] == "payment_reversal"
    paid = practice.api.post(f"{plans}/fees", {**of_it, "reference": "ch_3"}).expect(201)
    assert (paid["subscription"]["state"], paid["fee"]["from_on"]) == ("active", "2027-01-17")
    practice.check(patient)


def test_f_once_whoever_asks(desk: Clinic, patient: str) -> None:
    """Sent again it is answered as then; under another key nothing is left to undo."""
    pay_in(desk, patient, 5_000, "ch_1").expect(201)
    what = {"reference": "ch_1"}

    first = desk.api.post(PATH, what, key="k")
    again = desk.api.post(PATH, what, key="k")
    other = desk.api.post(PATH, what)

    assert (again.replayed, again.json) == (True, first.json)
    assert (other.expect(200)["changed"], other.json["payment"]) == (False, None)
    assert desk.balance(patient, "prepaid")["available"] == 0


def test_f_a_reference_names_one_payment(desk: Clinic, patient: str) -> None:
    """Reported again under another key it is refused, of whomever and for whatever it is."""
    other = desk.enrolled()
    pay_in(desk, patient, 5_000, "Ch-1", key="k").expect(201)

    assert pay_in(desk, patient, 5_000, "Ch-1", key="k").replayed
    pay_in(desk, patient, 5_000, "Ch-1").expect(409, "payment_known")
    pay_in(desk, other, 700, " Ch\u20111 ").expect(409, "payment_known")
    pay_in(desk, other, 700).expect(201)
    pay_in(desk, other, 700).expect(201)
    assert prepaid(desk, patient) == [5_000]


def test_f_who_may(desk: Clinic, world: LocalWorld, patient: str) -> None:
    """A manager, no receptionist; what another tenant has or nobody is the same 404."""
    pay_in(desk, patient, 5_000, "ch_1").expect(201)
    what = {"reference": "ch_1"}

    desk.staff("receptionist").post(PATH, what).expect(403)
    desk.api.post(PATH, {"reference": "ch_2"}).expect(404, "payment_not_found")
    desk.api.post(PATH, {"reference": " "}).expect(422)
    opened(world).api.post(PATH, what).expect(404, "payment_not_found")
    desk.staff("manager").post(PATH, what).expect(201)


def test_f_refused_by_the_programme(world: LocalWorld) -> None:
    """Where spent value is not taken back, look and reversal are refused alike, with how much."""
    desk = world.sandbox("2026-03-02T10:00:00Z")
    document = example(PROGRAMME, enrolment={})
    for each in document["currencies"]:
        each["negative_balance"] = "reject"
    desk.publish(document)
    patient = desk.enrolled()
    pay_in(desk, patient, 5_000, "ch_1").expect(201)
    made = consult(desk, patient, 9_000)
    confirm(desk, patient, made["quote_id"]).expect(201)

    for query in ("?dry_run=true", ""):
        refused = desk.api.post(f"{PATH}{query}", {"reference": "ch_1"})
        assert refused.expect(409, "already_spent")["spent"] == 5_000
