"""F: gift cards over the API: sold at the desk and used by whoever has the code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, Api, at_once
from tests.journeys.world import Clinic, Document, LocalWorld, example

PROGRAMME = "clinic-discounts"
ABSENT = "card_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def clinic(world: LocalWorld) -> Clinic:
    """Return a sandbox whose gift cards of £10 to £250 last two years, to the end of a month."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish(example(PROGRAMME, enrolment={}))
    return made


@pytest.fixture
def desk(clinic: Clinic) -> Api:
    """Return the API as reception sees it."""
    return clinic.staff("receptionist")


def sell(desk: Api, amount: int = 5_000, **more: Any) -> Document:
    """Sell a gift card at the desk."""
    body = {"programme": PROGRAMME, "gift_card": "gift", "amount": amount, **more}
    sold: Document = desk.post("/v1/gift-cards", body).expect(201)
    return sold


def pay(desk: Api, code: str, amount: int, query: str = "", **more: Any) -> Answer:
    """Pay with a part of a gift card."""
    body = {"code": code, "amount": amount, "currency": "GBP", **more}
    return desk.post(f"/v1/gift-cards/use{query}", body)


def balance(desk: Api, code: str) -> tuple[str, int]:
    """Return what has become of a gift card and what is left on it, by its code."""
    found = desk.post("/v1/gift-cards/lookup", {"code": code}, key=None).expect(200)
    return found["state"], found["balance"]


def test_sold_and_used_in_parts(clinic: Clinic, desk: Api) -> None:
    """Whoever has the code pays with it, however they type it, until nothing is left."""
    sold = sell(desk)
    assert {name: sold[name] for name in ("name", "amount", "currency", "expires_on")} == {
        "name": "A present from the clinic",
        "amount": 5_000,
        "currency": "GBP",
        "expires_on": "2028-03-31",
    }
    typed = sold["code"].lower().replace("-", " ").replace("0", "o")

    tried = pay(desk, typed, 1_800, "?dry_run=true").expect(200)
    used = pay(desk, typed, 1_800, reference="receipt-9").expect(201)
    refused = pay(desk, sold["code"], 3_201).expect(409, "gift_card_too_little")

    assert (tried["gift_card_use_id"], tried["balance"]) == (None, 3_200)
    assert (used["amount"], used["balance"]) == (1_800, 3_200)
    assert (refused["available"], refused["missing"]) == (3_200, 1)
    assert balance(desk, sold["code"]) == ("issued", 3_200)
    pay(desk, sold["code"], 3_200).expect(201)
    pay(desk, sold["code"], 1).expect(409, "gift_card_used_up")
    assert balance(desk, sold["code"]) == ("used_up", 0)
    assert clinic.api.get(f"/v1/gift-cards/{sold['gift_card_id']}").expect(200)["used"] == 5_000


def test_answers_given_again(desk: Api) -> None:
    """The same request has the same answer, code included, and changes nothing more."""
    body = {"programme": PROGRAMME, "gift_card": "gift", "amount": 5_000}
    first = desk.post("/v1/gift-cards", body, key="sale-1")
    again = desk.post("/v1/gift-cards", body, key="sale-1")
    assert (again.body, again.replayed) == (first.body, True)
    code = first.json["code"]
    use = {"code": code, "amount": 1_000, "currency": "GBP"}

    answers = [desk.post("/v1/gift-cards/use", use, key="use-1") for _ in range(3)]

    assert len({each.body for each in answers}) == 1
    assert balance(desk, code) == ("issued", 4_000)


def test_its_journal(clinic: Clinic, desk: Api) -> None:
    """The desk finds a use whose receipt is lost; all of it verifies."""
    sold = sell(desk, reference="till-1")
    used = pay(desk, sold["code"], 1_800, reference="receipt-9").expect(201)["gift_card_use_id"]
    path = f"/v1/gift-cards/{sold['gift_card_id']}"

    events = desk.get(f"{path}/ledger").expect(200)["events"]

    assert [(each["kind"], each["note"]) for each in events] == [
        ("gift_card.used", "receipt-9"),
        ("gift_card.sold", "till-1"),
    ]
    assert events[0]["about"]["gift_card_use_id"] == used
    assert sold["code"] not in str(events)
    verified = clinic.api.get(f"{path}/verification").expect(200)
    assert (verified["verified"], verified["events"]) == (True, 2)
    for place in ("ledger", "verification"):
        missing = clinic.api.get(f"/v1/gift-cards/{ABSENT}/{place}")
        missing.expect(404, "gift_card_not_found")


def test_a_wrong_code_says_nothing(clinic: Clinic, desk: Api) -> None:
    """One that cannot be a code, one that is nobody's, and a voucher's, are all the same."""
    patient = clinic.enrolled()
    clinic.give(patient, 1_000, programme=PROGRAMME)
    reward = {"programme": PROGRAMME, "reward": "five-off"}
    voucher = clinic.api.post(f"/v1/members/{patient}/redemptions", reward).expect(201)["voucher"]
    codes = ["x", "00000-00000-00000-0000", voucher["code"]]

    refusals = []
    for code in codes:
        refusals += [
            desk.post("/v1/gift-cards/lookup", {"code": code}, key=None),
            pay(desk, code, 1),
            desk.post(f"/v1/members/{patient}/gift-cards", {"code": code}),
        ]
    details = {each.expect(404, "gift_card_not_found")["detail"] for each in refusals}

    assert len(details) == 1
    card = sell(desk)["code"]
    desk.post("/v1/vouchers/lookup", {"code": card}, key=None).expect(404, "voucher_not_found")


def test_cancelled_uses(desk: Api) -> None:
    """A use comes back in parts, never more than it was."""
    sold = sell(desk)
    used = pay(desk, sold["code"], 1_800).expect(201)["gift_card_use_id"]
    path = f"/v1/gift-cards/{sold['gift_card_id']}/uses/{used}/cancellation"

    tried = desk.post(f"{path}?dry_run=true", {"amount": 800}).expect(200)
    part = desk.post(path, {"amount": 800, "reason": "returned", "note": "too small"}).expect(200)
    too_much = desk.post(path, {"amount": 1_001}).expect(409, "exceeds_remaining")
    rest = desk.post(path, {}).expect(200)

    assert tried == part
    assert (part["usable"], part["remaining"], part["balance"]) == (800, 1_000, 4_000)
    assert too_much["remaining"] == 1_000
    desk.post(path, {}).expect(409, "gift_card_use_cancelled")
    assert (rest["amount"], rest["balance"]) == (1_000, 5_000)
    other = sell(desk)["gift_card_id"]
    for place in (other, ABSENT):
        refused = desk.post(f"/v1/gift-cards/{place}/uses/{used}/cancellation", {})
        code = "gift_card_not_found" if place == ABSENT else "gift_card_use_not_found"
        refused.expect(404, code)


def test_into_a_wallet(clinic: Clinic, desk: Api) -> None:
    """A member puts it into their wallet and pays a bill with it; it keeps its last day."""
    patient, sold = clinic.enrolled(), sell(desk)
    own = clinic.member(patient)
    path = f"/v1/members/{patient}/gift-cards"

    tried = own.post(f"{path}?dry_run=true", {"code": sold["code"]}).expect(200)
    came = own.post(path, {"code": sold["code"], "amount": 2_000}).expect(201)

    assert (tried["amount"], tried["gift_card_balance"]) == (5_000, 0)
    assert came["lots"] == [{"amount": 2_000, "expires_on": "2028-03-31"}]
    assert came["gift_card_balance"] == 3_000
    assert clinic.available(patient, "prepaid") == 2_000
    bill = {"programme": PROGRAMME, "currency": "GBP", "lines": [{"amount": 2_500}]}
    quote = clinic.api.post(f"/v1/members/{patient}/quotes", bill).expect(201)["quote"]
    assert quote["due"]["amount"] == 500
    line = clinic.check(patient)[-1]
    assert (line["kind"], line["about"]["gift_card_id"]) == (
        "gift_card.received",
        sold["gift_card_id"],
    )
    stranger = clinic.enrolled()
    own.post(f"/v1/members/{stranger}/gift-cards", {"code": sold["code"]}).expect(404)
    # What may not go there, and who may not pay with a code elsewhere.
    pay(own, sold["code"], 1).expect(403, "not_for_members")
    clinic.move_to("2026-12-01T10:00:00Z")
    fixed = sell(clinic.staff("receptionist"), 9_500, gift_card="checkup")
    own = clinic.member(patient)
    own.post(path, {"code": fixed["code"]}).expect(409, "gift_card_stays")


def test_two_bearers_of_the_last_ten_pounds(desk: Api) -> None:
    """Exactly one of those who pay with it at once is let through."""
    sold = sell(desk, 1_000)

    answers = at_once(4, lambda _: pay(desk, sold["code"], 1_000))

    assert sorted(each.status for each in answers) == [201, 409, 409, 409]
    assert balance(desk, sold["code"]) == ("used_up", 0)


def test_a_bearer_and_a_member_at_once(clinic: Clinic, desk: Api) -> None:
    """A part is paid, or put into a wallet; together never more than there is."""
    sold, patient = sell(desk, 1_000), clinic.enrolled()
    into = {"code": sold["code"], "amount": 700}

    tries = (
        lambda: pay(desk, sold["code"], 700),
        lambda: desk.post(f"/v1/members/{patient}/gift-cards", into),
    )

    answers = at_once(2, lambda number: tries[number]())

    assert sorted(each.status for each in answers) == [201, 409]
    assert balance(desk, sold["code"]) == ("issued", 300)


def test_its_parts_by_their_last_days(world: LocalWorld) -> None:
    """What came back lasts longer than the rest: each part is told, and the last day of all."""
    document = example(PROGRAMME, enrolment={})
    (prepaid,) = [each for each in document["currencies"] if each["id"] == "prepaid"]
    prepaid["restored_life_days"] = 900
    clinic = world.sandbox("2026-03-02T10:00:00Z")
    clinic.publish(document)
    sold = sell(clinic.api)
    used = pay(clinic.api, sold["code"], 1_800).expect(201)["gift_card_use_id"]
    path = f"/v1/gift-cards/{sold['gift_card_id']}"
    clinic.api.post(f"{path}/uses/{used}/cancellation", {}).expect(200)

    looked = clinic.api.post("/v1/gift-cards/lookup", {"code": sold["code"]}, key=None).expect(200)
    read = clinic.api.get(path).expect(200)

    for found in (looked, read):
        assert found["lots"] == [
            {"amount": 3_200, "expires_on": "2028-03-31"},
            {"amount": 1_800, "expires_on": "2028-08-18"},
        ]
        assert (found["balance"], found["expires_on"]) == (5_000, "2028-08-18")


def test_expires_by_itself(clinic: Clinic, desk: Api) -> None:
    """Nobody has to touch it; what comes back then is told to be lost."""
    sold = sell(desk)
    used = pay(desk, sold["code"], 1_800).expect(201)["gift_card_use_id"]

    clinic.move_to("2028-04-01T00:00:00Z")

    desk = clinic.staff("receptionist")
    assert balance(desk, sold["code"]) == ("expired", 0)
    card = clinic.api.get(f"/v1/gift-cards/{sold['gift_card_id']}").expect(200)
    assert (card["expired"], card["used"], card["balance"]) == (3_200, 1_800, 0)
    pay(desk, sold["code"], 1).expect(409, "gift_card_expired")
    path = f"/v1/gift-cards/{sold['gift_card_id']}/uses/{used}/cancellation"
    late = clinic.api.post(path, {}).expect(200)
    assert (late["usable"], late["expired"]) == (0, 1_800)


def test_its_payment_goes_back(clinic: Clinic, desk: Api) -> None:
    """The dry run says what follows; the card is cancelled, and a use makes good what it owes."""
    sold = sell(desk, reference="till-77")
    used = pay(desk, sold["code"], 1_800).expect(201)["gift_card_use_id"]
    twice = {"programme": PROGRAMME, "gift_card": "gift", "amount": 1_000, "reference": "till-77"}
    desk.post("/v1/gift-cards", twice).expect(409, "payment_known")
    asked = {"reference": "till-77", "reason": "chargeback"}

    tried = clinic.api.post("/v1/payments/reversals?dry_run=true", asked).expect(200)
    undone = clinic.api.post("/v1/payments/reversals", asked).expect(201)

    assert tried == undone
    assert (undone["member_id"], undone["gift_card_id"]) == (None, sold["gift_card_id"])
    assert (undone["payment"]["kind"], undone["payment"]["id"]) == ("gift_card", "gift")
    (returned,) = undone["returned"]
    assert (returned["amount"], returned["deficit"]) == (5_000, 1_800)
    assert balance(desk, sold["code"]) == ("cancelled", -1_800)
    pay(desk, sold["code"], 1).expect(409, "gift_card_cancelled")
    path = f"/v1/gift-cards/{sold['gift_card_id']}/uses/{used}/cancellation"
    back = desk.post(path, {"amount": 300}).expect(200)
    assert (back["settled"], back["usable"], back["balance"]) == (300, 0, -1_500)
    assert clinic.api.post("/v1/payments/reversals", asked).expect(200)["changed"] is False


@pytest.mark.parametrize("left", ["refund", "forfeit"])
def test_cancelled_by_a_manager(clinic: Clinic, desk: Api, left: str) -> None:
    """Reception may not; who does says what becomes of what is left."""
    sold = sell(desk)
    pay(desk, sold["code"], 1_800).expect(201)
    path = f"/v1/gift-cards/{sold['gift_card_id']}/cancellation"
    body = {"left": left, "reason": "lost", "note": "at the bus stop"}
    desk.post(path, body).expect(403, "insufficient_scope")
    manager = clinic.staff("manager")

    tried = manager.post(f"{path}?dry_run=true", body).expect(200)
    ended = manager.post(path, body).expect(200)

    assert tried == ended
    assert (ended["amount"], ended["refunded"]) == (3_200, left == "refund")
    manager.post(path, body).expect(409, "gift_card_cancelled")
    patient = clinic.enrolled()
    into = desk.post(f"/v1/members/{patient}/gift-cards", {"code": sold["code"]})
    into.expect(409, "gift_card_cancelled")


def test_lists(clinic: Clinic, desk: Api) -> None:
    """By what has become of them, kind and day; of the codes only the end is shown."""
    kept, used, ended = sell(desk), sell(desk, 1_000), sell(desk)
    pay(desk, used["code"], 1_000).expect(201)
    path = f"/v1/gift-cards/{ended['gift_card_id']}/cancellation"
    clinic.api.post(path, {"left": "refund", "reason": "sold-by-mistake"}).expect(200)

    def listed(query: str) -> list[str]:
        found = desk.get(f"/v1/gift-cards?{query}").expect(200)["gift_cards"]
        return [each["gift_card_id"] for each in found]

    ids = [each["gift_card_id"] for each in (kept, used, ended)]
    assert sorted(listed("")) == sorted(ids)
    assert listed("state=issued") == [ids[0]]
    assert listed("state=used_up") == [ids[1]]
    assert listed("state=cancelled") == [ids[2]]
    assert listed("state=expired") == []
    assert listed("gift_card=checkup") == []
    assert sorted(listed("from=2026-03-02&to=2026-03-02")) == sorted(ids)
    assert listed("from=2026-03-03") == []
    shown = desk.get(f"/v1/gift-cards/{ids[0]}").expect(200)
    assert shown["code"] == "*****-*****-*****-" + kept["code"][-4:]
    desk.get(f"/v1/gift-cards/{ABSENT}").expect(404, "gift_card_not_found")


def test_of_another_tenant(clinic: Clinic, desk: Api, world: LocalWorld) -> None:
    """Neither its code nor its id means anything elsewhere."""
    sold = sell(desk)
    other = world.sandbox("2026-03-02T10:00:00Z")
    other.publish(example(PROGRAMME, enrolment={}))

    pay(other.api, sold["code"], 1).expect(404, "gift_card_not_found")
    other.api.get(f"/v1/gift-cards/{sold['gift_card_id']}").expect(404, "gift_card_not_found")
    assert clinic.tenant != other.tenant


def test_a_card_is_no_member(clinic: Clinic, desk: Api) -> None:
    """Nothing that is asked of members is asked of a card, nor is it found among them."""
    card = sell(desk)["gift_card_id"]
    top_up = {"programme": PROGRAMME, "currency": "prepaid", "amount": 100}

    clinic.api.post(f"/v1/members/{card}/top-ups", top_up).expect(404)
    clinic.api.get(f"/v1/members/{card}/balance").expect(404)
    clinic.api.get(f"/v1/members/{card}/ledger").expect(404)
    assert clinic.api.get("/v1/members").expect(200)["members"] == []
    patient = clinic.enrolled()
    clinic.api.get(f"/v1/gift-cards/{patient}").expect(404)
    clinic.api.get("/v1/households/" + card).expect(404)
