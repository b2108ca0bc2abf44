"""A reversal is tried before it is done: one statement of everything that will follow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.journeys.test_discounts import voucher
from tests.journeys.test_story_4_receptionist import PROGRAMME, confirm, quote
from tests.journeys.test_story_5_prepay import top_up
from tests.journeys.world import Clinic, Document, Ground, LocalWorld, example

PATH = "/v1/activities/reversals"
SCALING = {"amount": 7_000, "sku": "SCALING", "category": "dental"}
SESSION = {"amount": 4_000, "category": "physiotherapy"}


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme."""
    return opened(world)


def opened(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme, open to everybody."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish(example(PROGRAMME, enrolment={}))
    return made


def bought(desk: Clinic, patient: str, *lines: Document, **more: Any) -> Document:
    """Buy lines and return the identity of the purchase."""
    made = quote(desk, patient, *lines, **more)
    confirm(desk, patient, made["quote_id"]).expect(201)
    return {"source": "quote", "external_id": made["quote_id"]}


def looked(desk: Clinic, what: Document) -> Document:
    """Return what a reversal would lead to."""
    return dict(desk.api.post(f"{PATH}?dry_run=true", what).expect(200))


def seen(desk: Clinic, patient: str) -> tuple[Any, ...]:
    """Return all that a caller can see of a member."""
    paths = ("", "/ledger", "/balance", "/entitlements", "/stamp-cards", "/statement")
    return tuple(desk.api.get(f"/v1/members/{patient}{each}").expect(200) for each in paths)


def test_f_everything_that_will_follow(desk: Clinic) -> None:
    """Of a package paid with prepaid money: money back, the wallet, and the units that go."""
    patient = desk.enrolled()
    top_up(desk, patient, 5_000)
    package = bought(desk, patient, {"amount": 20_000, "sku": "SCALING-X4"})
    bought(desk, patient, SCALING)
    before = seen(desk, patient)

    told = looked(desk, package)

    assert seen(desk, patient) == before
    refund = told["refund"]
    assert refund["draws"] == [{"currency": "prepaid", "amount": 5_000, "money": 5_000}]
    assert refund["returned"]["amount"] == 20_000
    assert refund["due"] == {"amount": 15_000, "currency": "GBP"}
    units = {(each["kind"], each["id"]): (each["before"], each["after"]) for each in told["units"]}
    assert units[("entitlement_units", "scaling")] == (3, 0)
    assert desk.api.post(PATH, package).expect(201) == told
    entry = desk.member(patient).get(f"/v1/members/{patient}/statement").json["entries"][0]
    assert [entry[each] for each in ("returned", "due", "draws")] == [
        refund[each] for each in ("returned", "due", "draws")
    ]
    assert entry["movements"] == told["movements"]
    desk.check(patient)


def test_f_a_package_for_what_was_not_used(desk: Clinic) -> None:
    """Of four scalings at 200.00 one was used, at 70.00: 130.00 come back, and three units go."""
    patient = desk.enrolled()
    top_up(desk, patient, 5_000)
    package = bought(desk, patient, {"amount": 20_000, "sku": "SCALING-X4"})
    used = bought(desk, patient, SCALING)
    ask = {**package, "lines": [{"id": "1", "unused": True}]}

    twice = {**package, "lines": [*ask["lines"], *ask["lines"]]}
    refused = desk.api.post(PATH, twice).expect(422, "duplicate_line")
    assert refused["errors"][0]["pointer"] == "/lines/1/id"

    told = looked(desk, ask)

    refund = told["refund"]
    assert (refund["returned"]["amount"], refund["due"]["amount"]) == (13_000, 9_750)
    assert [each["amount"] for each in refund["draws"]] == [3_250]
    changed = {(each["kind"], each["before"], each["after"]) for each in told["units"]}
    assert changed == {("entitlement_units", 3, 0)}
    assert desk.api.post(PATH, ask).expect(201) == told
    assert desk.api.post(PATH, ask).expect(200)["changed"] is False
    # The use comes back: nothing of the package was used, and all of its price comes back.
    desk.api.post(PATH, used).expect(201)
    assert desk.api.post(PATH, ask).expect(201)["refund"]["returned"]["amount"] == 7_000
    both = {"id": "1", "unused": True, "quantity": 1}
    desk.api.post(PATH, {**package, "lines": [both]}).expect(422, "invalid_body")
    scaling = {**used, "lines": [{"id": "1", "unused": True}]}
    desk.api.post(PATH, scaling).expect(200)
    desk.check(patient)


def test_f_stamps_of_a_full_card(desk: Clinic) -> None:
    """The sixth session back: the card is open again, and its free one is gone."""
    patient = desk.enrolled()
    sessions = [bought(desk, patient, SESSION) for _ in range(5)]

    told = looked(desk, sessions[0])

    changed = {(each["kind"], each["before"], each["after"]) for each in told["units"]}
    assert changed == {("stamps", 0, 4), ("full_cards", 1, 0), ("entitlement_units", 1, 0)}
    assert desk.api.post(PATH, sessions[0]).expect(201) == told


def test_f_a_least_bill_that_is_not_reached_any_more(desk: Clinic) -> None:
    """Of £5 off from £10 on: a return that leaves £8 says what it keeps back, beforehand."""
    patient = desk.enrolled()
    code = voucher(desk, patient, "five-off")
    path = f"/v1/members/{patient}/quotes"
    body = {"programme": PROGRAMME, "currency": "GBP", "vouchers": [code]}
    small = desk.api.post(path, body | {"lines": [{"amount": 800}]}).expect(201)["quote"]
    (told,) = (each for each in small["considered"] if each["id"] == "five-off")
    assert (told["applied"], told["missing"]) == (False, 200)
    assert told["detail"] == "it takes a bill of 10.00 GBP, and 2.00 GBP is missing"
    lines = [{"id": "a", "amount": 800}, {"id": "b", "amount": 1_200}]
    sale = bought(desk, patient, *lines, vouchers=[code])

    told = looked(desk, sale | {"lines": [{"id": "b"}]})

    refund = told["refund"]
    assert refund["reclaimed"] == [
        {"discount": "five-off", "min_bill": 1_000, "kept": 800, "amount": 200}
    ]
    # b had cost 900 with its part of the 500, and a is 200 dearer without.
    assert (refund["returned"]["amount"], refund["due"]["amount"]) == (700, 700)
    assert desk.api.post(PATH, sale | {"lines": [{"id": "b"}]}).expect(201) == told
    entry = desk.member(patient).get(f"/v1/members/{patient}/statement").json["entries"][0]
    assert (entry["reclaimed"], entry["returned"]) == (refund["reclaimed"], refund["returned"])
    rest = desk.api.post(PATH, sale).expect(201)["refund"]
    assert (rest["due"]["amount"], rest["reclaimed"][0]["amount"]) == (800, -200)
    desk.check(patient)


def test_f_a_voucher_of_a_returned_sale(desk: Clinic) -> None:
    """The statement says of each voucher whether it is good again, and until when."""
    patient = desk.enrolled()
    codes = [voucher(desk, patient, "five-off"), voucher(desk, patient, "vitamins-20")]
    lines = [{"id": "a", "amount": 1_000}, {"id": "b", "amount": 4_000, "category": "vitamins"}]
    sale = bought(desk, patient, *lines, vouchers=codes)
    desk.api.post("/v1/vouchers/use", {"code": codes[0]}).expect(409, "voucher_used")
    desk.move_to(desk.now(days=10))

    part = looked(desk, sale | {"lines": [{"id": "a"}]})["refund"]["vouchers"]
    told = looked(desk, sale)

    assert {(each["given_back"], each["reason"]) for each in part} == {
        (False, "some of what it was used for is kept")
    }
    vouchers = told["refund"]["vouchers"]
    # Each was good for 60 days from 2 March on; one gets back the ten days that it was away.
    assert [(each["given_back"], each["expires_on"], each["reason"]) for each in vouchers] == [
        (True, "2026-05-11", ""),
        (True, "2026-05-01", ""),
    ]
    assert desk.api.post(PATH, sale).expect(201) == told
    (of_it,) = (each for each in told["outcomes"] if each["mechanic"] == "quotes")
    given_back = [each["redemption_id"] for each in vouchers]
    assert of_it["outcome"]["redemptions_given_back"] == given_back
    desk.api.post("/v1/vouchers/use", {"code": codes[0]}).expect(200)
    desk.check(patient)


def test_f_value_that_is_spent(clinic: Clinic) -> None:
    """What was spent is told as a deficit, and the tier that goes with it."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    amount = {"amount": 60_000, "currency": "GBP"}
    body = clinic.activity(member, "purchase.completed", amount=amount)
    clinic.api.post("/v1/activities", body).expect(201)
    clinic.give(member, -150)
    sale = {"source": body["source"], "external_id": body["external_id"]}

    told = looked(clinic, sale)

    (value,) = told["returned"]
    assert (value["amount"], value["deficit"], value["pending"], value["expired"]) == (
        600,
        150,
        0,
        0,
    )
    assert [(each["before"], each["after"]) for each in told["tier_changes"]] == [
        ("silver", "base")
    ]
    assert told["refund"]["due"] == amount
    assert clinic.api.post(PATH, sale).expect(201) == told
    clinic.check(member)


def test_f_nothing_is_remembered(clinic: Clinic) -> None:
    """A look keeps no answer under its key, and looks anew after the reversal."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    body = clinic.activity(member)
    clinic.api.post("/v1/activities", body).expect(201)
    visit = {"source": body["source"], "external_id": body["external_id"]}

    clinic.api.post(f"{PATH}?dry_run=true", visit, key="k").expect(200)
    done = clinic.api.post(PATH, visit, key="k")
    after = clinic.api.post(f"{PATH}?dry_run=true", visit, key="k")

    assert (done.status, done.replayed) == (201, False)
    assert (done.json["changed"], done.json["refund"]) == (True, None)
    assert (after.expect(200)["changed"], after.replayed) == (False, False)


def test_f_refused_as_the_reversal_is(clinic: Clinic) -> None:
    """What is refused is refused beforehand, in the same words."""
    clinic.publish("clinic")
    body = clinic.activity(clinic.enrolled(), "purchase.completed", amount=_pounds(100))
    clinic.api.post("/v1/activities", body).expect(201)
    sale = {"source": body["source"], "external_id": body["external_id"]}

    for what in (sale | {"amount": 20_000}, sale | {"external_id": "none"}):
        look, done = (clinic.api.post(f"{PATH}{query}", what) for query in ("?dry_run=true", ""))
        assert (look.status, look.code, look.json["detail"]) == (
            done.status,
            done.code,
            done.json["detail"],
        )


def _pounds(pounds: int) -> Document:
    return {"amount": 100 * pounds, "currency": "GBP"}


steps = st.lists(
    st.sampled_from(["visit", "pay", "session", "package", "scaling", "top_up", "spend", "later"]),
    min_size=1,
    max_size=8,
)


@given(steps, st.data())
@settings(max_examples=examples(10), derandomize=True, deadline=None, print_blob=True)
def test_f_what_is_said_is_what_happens(ground: Ground, history: list[str], data: Any) -> None:
    """Whatever came before, a reversal answers what its dry run said, which changed nothing."""
    desk = opened(LocalWorld(ground))
    patient = desk.enrolled()
    sold: list[Document] = []
    for step in history:
        sold += _lived(desk, patient, step)
    while sold:
        what = sold.pop(data.draw(st.integers(0, len(sold) - 1)))
        before = seen(desk, patient)

        told = looked(desk, what)

        assert seen(desk, patient) == before
        assert desk.api.post(PATH, what).expect(201) == told
    desk.check(patient)


def _lived(desk: Clinic, patient: str, step: str) -> list[Document]:
    """Do one thing, and return the identity of what can be taken back."""
    pays = {"payments": [{"currency": "prepaid"}]}
    match step:
        case "visit" | "pay":
            kind = "visit.completed" if step == "visit" else "payment.received"
            parts = {} if step == "visit" else {"amount": _pounds(130)}
            body = desk.activity(patient, kind, **parts)
            desk.api.post("/v1/activities", body).expect(201)
            return [{"source": body["source"], "external_id": body["external_id"]}]
        case "session":
            return [bought(desk, patient, *[SESSION] * 3, **pays)]
        case "package":
            return [bought(desk, patient, {"amount": 20_000, "sku": "SCALING-X4"}, **pays)]
        case "scaling":
            return [bought(desk, patient, SCALING, **pays)]
        case "top_up":
            top_up(desk, patient, 20_000)
        case "spend":
            left = desk.available(patient)
            if left > 0:
                desk.give(patient, -left, programme=PROGRAMME)
        case _:
            desk.move_to(desk.now(days=20))
    return []
