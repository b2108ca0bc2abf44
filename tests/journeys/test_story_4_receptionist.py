"""
Acceptance story 4: prices go by what was spent before, and a full card makes one free.

The discount is £100 → 2 %, 1 % more per further £100, 10 % at most, on the lifetime's net spend
before the bill.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, at_once
from tests.journeys.world import Clinic, LocalWorld, example

PROGRAMME = "clinic-discounts"


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox in the spring of 2026 with the clinic's programme."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish(example(PROGRAMME, enrolment={}))
    return made


@pytest.fixture
def patient(desk: Clinic) -> str:
    """Return somebody who has joined."""
    return desk.enrolled()


def pay(desk: Clinic, patient: str, pence: int) -> Any:
    """Record what was paid elsewhere."""
    amount = {"amount": pence, "currency": "GBP"}
    return desk.record(patient, "payment.received", amount=amount).expect(201)


def quote(desk: Clinic, patient: str, *lines: dict[str, Any], **more: Any) -> Any:
    """Price lines, as the receptionist does."""
    body = {"programme": PROGRAMME, "currency": "GBP", "lines": list(lines), **more}
    return (
        desk.staff("receptionist").post(f"/v1/members/{patient}/quotes", body).expect(201)["quote"]
    )


def consult(desk: Clinic, patient: str, pence: int = 8000, **more: Any) -> Any:
    """Price one consultation."""
    return quote(desk, patient, {"amount": pence, "category": "consult"}, **more)


def confirm(desk: Clinic, patient: str, quote_id: str, **body: Any) -> Answer:
    """Confirm a quote."""
    return desk.staff("receptionist").post(
        f"/v1/members/{patient}/quotes/{quote_id}/confirmation", body
    )


def considered(quoted: Any) -> dict[str, Any]:
    """Return what was looked at, by id."""
    return {each["id"]: each for each in quoted["considered"]}


def test_the_more_the_cheaper(desk: Clinic, patient: str) -> None:
    """After £430.00 a consultation of £80.00 costs £76.00, and the next gets 6 %."""
    pay(desk, patient, 43_000)

    made = consult(desk, patient)

    assert considered(made)["cumulative"]["percent"] == 5
    assert (made["discount"]["amount"], made["due"]) == (400, {"amount": 7600, "currency": "GBP"})
    bought = confirm(desk, patient, made["quote_id"]).expect(201)
    assert bought["quote"]["state"] == "confirmed"
    assert considered(consult(desk, patient))["cumulative"]["percent"] == 6
    # £506.00 are spent: a penny less than £94.00 more is a penny less than £600.00.
    pay(desk, patient, 9_399)
    assert considered(consult(desk, patient))["cumulative"]["percent"] == 6
    pay(desk, patient, 1)
    assert considered(consult(desk, patient))["cumulative"]["percent"] == 7

    back = {"source": "quote", "external_id": made["quote_id"], "reason": "not-held"}
    desk.api.post("/v1/activities/reversals", back).expect(201)
    assert considered(consult(desk, patient))["cumulative"]["percent"] == 6
    desk.check(patient)


def test_a_refund_goes_back_a_band(desk: Clinic, patient: str) -> None:
    """After £430.00 and £76.00 it is 6 %; when the £76.00 are refunded it is 5 % again."""
    pay(desk, patient, 43_000)
    made = consult(desk, patient)
    confirm(desk, patient, made["quote_id"]).expect(201)
    assert considered(consult(desk, patient))["cumulative"]["percent"] == 6

    back = {"source": "quote", "external_id": made["quote_id"], "reason": "not-held"}
    desk.api.post("/v1/activities/reversals", back).expect(201)

    assert considered(consult(desk, patient))["cumulative"]["percent"] == 5
    desk.check(patient)


@pytest.mark.parametrize(
    ("spent", "percent"),
    [(9_999, None), (10_000, 2), (89_999, 9), (90_000, 10), (500_000, 10)],
)
def test_bands(desk: Clinic, patient: str, spent: int, percent: int | None) -> None:
    """A penny below a band is the band before; the cap is reached at £900."""
    pay(desk, patient, spent)

    found = considered(consult(desk, patient))["cumulative"]

    assert (found["percent"], found["applied"]) == (percent, percent is not None)
    if percent is None:
        assert found["detail"] == "99.99 GBP of 100.00 GBP is spent"


def test_the_sixth_is_free(desk: Clinic, patient: str) -> None:
    """Five paid sessions make the sixth free; it earns no stamp, and is used once."""
    session = {"amount": 4000, "category": "physiotherapy"}
    for _ in range(5):
        made = quote(desk, patient, session)
        bought = confirm(desk, patient, made["quote_id"]).expect(201)
    stamped = {each["mechanic"]: each["outcome"] for each in bought["outcomes"]}["stamp_cards"]
    assert stamped["physio"]["full"] == 1

    first, second = quote(desk, patient, session), quote(desk, patient, session)
    assert first["due"]["amount"] == 0
    assert considered(first)["free-physio"]["applied"]
    assert first["lines"][0]["off"] == [
        {"source": "entitlement", "id": "free-physio", "amount": 4000}
    ]

    rivals = (first["quote_id"], second["quote_id"])
    answers = at_once(2, lambda place: confirm(desk, patient, rivals[place]))

    assert sorted(each.status for each in answers) == [201, 409]
    (won,) = [each for each in answers if each.status == 201]
    (lost,) = [each for each in answers if each.status == 409]
    assert lost.code == "not_entitled"
    assert [each["mechanic"] for each in won.json["outcomes"]] == ["quotes"]
    cards = desk.api.get(f"/v1/members/{patient}/stamp-cards").expect(200)["stamp_cards"]
    assert (cards[0]["on_card"], cards[0]["full_cards"]) == (0, 1)
    desk.check(patient)


def test_a_free_unit_comes_back(desk: Clinic, patient: str) -> None:
    """One of two sessions is free; when it is refunded the free one is there again."""
    session = {"amount": 4000, "category": "physiotherapy"}
    for _ in range(5):
        confirm(desk, patient, quote(desk, patient, session)["quote_id"]).expect(201)
    made = quote(desk, patient, {**session, "amount": 8000, "quantity": 2})
    assert [(each["id"], each["net"]) for each in made["lines"]] == [
        ("1-free-physio", 0),
        ("1", 3920),  # 2 % off, after £200
    ]
    bill = {"source": "till", "external_id": "receipt-9"}
    confirm(desk, patient, made["quote_id"], recorded_as=bill).expect(201)
    assert not considered(quote(desk, patient, session))["free-physio"]["applied"]

    back = {"source": "till", "external_id": "receipt-9", "lines": [{"id": "1-free-physio"}]}
    desk.api.post("/v1/activities/reversals", back).expect(201)

    assert considered(quote(desk, patient, session))["free-physio"]["applied"]


def test_two_confirms_have_one_effect(desk: Clinic, patient: str) -> None:
    """The same confirmation twenty times at once is one purchase; another identity is refused."""
    made = consult(desk, patient)

    answers = at_once(20, lambda _: confirm(desk, patient, made["quote_id"]))

    assert {each.status for each in answers} == {201}
    assert len({each.body for each in answers}) == 1
    assert len([e for e in desk.check(patient) if e["kind"] == "activity.recorded"]) == 1
    other = {"source": "till", "external_id": "1"}
    again = confirm(desk, patient, made["quote_id"], recorded_as=other)
    again.expect(409, "quote_confirmed")
    read = desk.api.get(f"/v1/members/{patient}/quotes/{made['quote_id']}").expect(200)
    assert read["state"] == "confirmed"


def test_a_quote_expires(desk: Clinic, patient: str) -> None:
    """After thirty minutes it is no longer honoured; up to then it is, whatever happens."""
    made, other = consult(desk, patient), consult(desk, patient)
    pay(desk, patient, 43_000)
    desk.move_to("2026-03-02T10:29:59Z")
    assert confirm(desk, patient, made["quote_id"]).expect(201)["quote"]["due"]["amount"] == 8000

    desk.move_to("2026-03-02T10:30:00Z")

    confirm(desk, patient, other["quote_id"]).expect(409, "quote_expired")
    path = f"/v1/members/{patient}/quotes/{other['quote_id']}"
    assert desk.api.get(path).expect(200)["state"] == "expired"


def test_dry_run_is_not_kept(desk: Clinic, patient: str) -> None:
    """A look prices the same and leaves no quote."""
    body = {"programme": PROGRAMME, "currency": "GBP", "lines": [{"amount": 8000}]}

    made = desk.api.post(f"/v1/members/{patient}/quotes?dry_run=true", body).expect(200)["quote"]

    assert made["due"]["amount"] == 8000
    confirm(desk, patient, made["quote_id"]).expect(404, "quote_not_found")


def test_another_member_and_bad_requests(desk: Clinic, patient: str) -> None:
    """A quote is its member's; what cannot be priced says where it is wrong."""
    made = consult(desk, patient)
    other = desk.enrolled()
    confirm(desk, other, made["quote_id"]).expect(404, "quote_not_found")
    path = f"/v1/members/{patient}/quotes"
    desk.member(patient).post(f"{path}/{made['quote_id']}/confirmation", {}).expect(403)
    body: dict[str, Any] = {
        "programme": PROGRAMME,
        "currency": "GBP",
        "lines": [{"amount": 100}],
    }
    changes: list[tuple[dict[str, Any], int, str, str]] = [
        ({"currency": "EUR"}, 422, "currency_mismatch", "/currency"),
        ({"lines": []}, 422, "invalid_body", "/lines"),
        ({"lines": [{"amount": -1}]}, 422, "invalid_body", "/lines/0/amount"),
        ({"service_on": "2026-02-30"}, 422, "invalid_date", "/service_on"),
        ({"exclude": ["gold"]}, 422, "unknown_discount", "/exclude"),
        ({"payments": [{"currency": "gold"}]}, 422, "unknown_currency", "/payments/0/currency"),
    ]
    for change, status, code, pointer in changes:
        refused = desk.api.post(path, body | change).expect(status, code)
        assert [each["pointer"] for each in refused["errors"]] == [pointer]
    half = {"source": "till"}
    confirm(desk, patient, made["quote_id"], recorded_as=half).expect(422, "invalid_body")
