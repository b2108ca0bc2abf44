"""An account ends: what is lost with it is said, beforehand too, and nothing is lost in silence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.test_payment_reversals import entries, pay_in
from tests.journeys.test_story_4_receptionist import PROGRAMME, confirm, consult
from tests.journeys.test_story_5_prepay import opened
from tests.journeys.world import Clinic, LocalWorld, example

OF_IT = {"programme": PROGRAMME}


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme."""
    return opened(world)


@pytest.fixture
def patient(desk: Clinic) -> str:
    """Return somebody who has joined."""
    return desk.enrolled()


def both(desk: Clinic, patient: str, body: dict[str, Any]) -> Any:
    """Close an account, which follows what its dry run says, and return that."""
    path = f"/v1/members/{patient}/closure"
    before = seen(desk, patient)
    look = desk.api.post(f"{path}?dry_run=true", body).expect(200)
    assert seen(desk, patient) == before
    closed = desk.api.post(path, body, key="once")
    assert closed.expect(200) == look
    again = desk.api.post(path, body, key="once")
    assert (again.body, again.replayed) == (closed.body, True)
    return look


def seen(desk: Clinic, patient: str) -> tuple[Any, ...]:
    """Return all that a caller can see of a member."""
    paths = ("", "/ledger", "/balance", "/entitlements", "/stamp-cards", "/statement")
    return tuple(desk.api.get(f"/v1/members/{patient}{each}").expect(200) for each in paths)


def given(desk: Clinic, patient: str, currency: str, amount: int) -> None:
    """Give value by hand."""
    body = OF_IT | {"currency": currency, "amount": amount, "reason": "late"}
    desk.api.post(f"/v1/members/{patient}/adjustments", body).expect(201)


def test_value_that_is_forfeited(world: LocalWorld) -> None:
    """100 points that can be spent and 50 that wait are lost, and stated apart."""
    clinic = world.clinic()
    document = example("clinic")
    (rule, *_) = document["earning"]
    document["earning"] = [{**rule, "multipliers": [], "activation_delay_days": 9}]
    clinic.publish(document)
    patient = clinic.enrolled()
    clinic.give(patient, 100)
    clinic.record(patient).expect(201)

    told = both(clinic, patient, {"reason": "moved"})

    assert told["status"] == "closed"
    assert told["forfeited"] == [
        {"programme": "clinic", "currency": "points", "available": 100, "pending": 50}
    ]
    assert (told["written_off"], told["refunded"], told["waived"]) == ([], [], [])
    about = clinic.check(patient)[-1]["about"]
    assert about["forfeited"] == told["forfeited"]
    assert "written_off" not in about


def test_a_debt_that_is_written_off(desk: Clinic, patient: str) -> None:
    """20.00 that a member owes after a chargeback are stated as what the house bears."""
    pay_in(desk, patient, 5_000, "ch_1").expect(201)
    confirm(desk, patient, consult(desk, patient, 2_000)["quote_id"]).expect(201)
    desk.api.post("/v1/payments/reversals", {"reference": "ch_1"}).expect(201)
    owed = -desk.balance(patient, "prepaid")["available"]
    assert owed > 0

    told = both(desk, patient, {"reason": "moved"})

    assert told["written_off"] == [OF_IT | {"currency": "prepaid", "amount": owed}]
    assert [each for each in told["forfeited"] if each["currency"] == "prepaid"] == []
    assert desk.check(patient)[-1]["about"]["written_off"] == told["written_off"]


def test_what_is_waived_is_not_forfeited_besides(desk: Clinic, patient: str) -> None:
    """Money that is waived or refunded is stated as that, and points beside it: each once."""
    pay_in(desk, patient, 5_000).expect(201)
    given(desk, patient, "prepaid", 700)
    given(desk, patient, "points", 30)

    told = both(desk, patient, {"reason": "moved", "prepaid": "refund"})

    assert [each["amount"]["amount"] for each in told["refunded"]] == [5_000]
    assert [each["amount"]["amount"] for each in told["waived"]] == [700]
    assert told["forfeited"] == [OF_IT | {"currency": "points", "available": 30, "pending": 0}]


def test_a_dry_run_is_refused_as_the_closure_is(desk: Clinic, patient: str) -> None:
    """Nothing was said of money that is left: the dry run says so, with every sum."""
    pay_in(desk, patient, 5_000).expect(201)
    path, body = f"/v1/members/{patient}/closure", {"reason": "moved"}

    look = desk.api.post(f"{path}?dry_run=true", body).expect(409, "prepaid_left")

    refused = desk.api.post(path, body).expect(409, "prepaid_left")
    for each in ("code", "detail", "prepaid"):
        assert look[each] == refused[each]
    assert look["prepaid"][0]["amount"] == {"amount": 5_000, "currency": "GBP"}


def test_a_statement_states_each_movement_once(desk: Clinic, patient: str) -> None:
    """Of a wallet in two parts and points: each part has its wallet, and what moved of it."""
    pay_in(desk, patient, 5_000).expect(201)
    given(desk, patient, "prepaid", 700)
    given(desk, patient, "points", 30)
    body = {"reason": "moved", "prepaid": "refund"}
    desk.api.post(f"/v1/members/{patient}/closure", body).expect(200)

    refunded, waived = entries(desk, patient)

    assert [(each["kind"], each["currency"]) for each in (refunded, waived)] == [
        ("closure", "prepaid")
    ] * 2
    assert refunded["returned"]["amount"] == 5_000
    assert waived["waived"]["amount"] == 700
    moved = [
        [(each["currency"], each["destination"], each["amount"]) for each in entry["movements"]]
        for entry in (refunded, waived)
    ]
    assert moved == [
        [("prepaid", "paid_in/tenant", 5_000), ("points", "forfeited/tenant", 30)],
        [("prepaid", "forfeited/tenant", 700)],
    ]
    ledger = desk.check(patient)[-1]["movements"]
    assert sorted(map(str, ledger)) == sorted(
        str(each) for entry in (refunded, waived) for each in entry["movements"]
    )


def test_a_statement_of_what_is_waived_whole(desk: Clinic, patient: str) -> None:
    """What was paid in and what was given are waived together: one entry, with what moved."""
    pay_in(desk, patient, 5_000).expect(201)
    given(desk, patient, "prepaid", 700)
    body = {"reason": "moved", "prepaid": "waive"}
    desk.api.post(f"/v1/members/{patient}/closure", body).expect(200)

    (entry,) = entries(desk, patient)

    assert (entry["currency"], entry["waived"]["amount"]) == ("prepaid", 5_700)
    assert [each["amount"] for each in entry["movements"]] == [5_700]


def test_a_statement_with_a_plan_and_a_wallet(world: LocalWorld) -> None:
    """A plan moves no value: what a wallet lost is with the wallet, which it names."""
    clinic = world.sandbox("2026-03-02T10:00:00Z")
    document = example(PROGRAMME, enrolment={})
    document["plans"] = [{"id": "prepaid", "name": "Club", "period": "month", "fee": 3_100}]
    clinic.publish(document)
    patient = clinic.enrolled()
    plans = f"/v1/members/{patient}/subscriptions"
    clinic.api.post(plans, OF_IT | {"plan": "prepaid", "reference": "fee_1"}).expect(201)
    pay_in(clinic, patient, 5_000, "ch_1").expect(201)

    told = both(clinic, patient, {"reason": "moved", "prepaid": "waive"})

    assert told["forfeited"] == []
    of_plan, of_wallet, _ = entries(clinic, patient)
    assert (of_plan["plan"], "currency" in of_plan) == ("prepaid", False)
    assert ("plan" in of_wallet, of_wallet["currency"]) == (False, "prepaid")
    assert ("movements" in of_plan, len(of_wallet["movements"])) == (False, 1)


def test_a_payment_that_went_back_names_its_wallet(desk: Clinic, patient: str) -> None:
    """A chargeback of a top-up is of a wallet, and its statement says which."""
    pay_in(desk, patient, 5_000, "ch_1").expect(201)
    desk.api.post("/v1/payments/reversals", {"reference": "ch_1"}).expect(201)

    (entry,) = entries(desk, patient)

    assert (entry["kind"], entry["currency"]) == ("payment_reversal", "prepaid")
    assert "plan" not in entry
