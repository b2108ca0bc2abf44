"""Statements over the API: what was paid and why, years later, also where it came back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.usecases import read_statement
from tests.journeys.test_discounts import show
from tests.journeys.test_story_4_receptionist import PROGRAMME, confirm, quote
from tests.journeys.test_story_5_prepay import opened, top_up
from tests.journeys.world import Clinic, LocalWorld, example

LINES = (
    {"id": "a", "amount": 8000, "category": "consult"},
    {"id": "b", "amount": 2000, "category": "vitamins", "sku": "VIT-20", "quantity": 2},
)


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme."""
    return opened(world)


@pytest.fixture
def patient(desk: Clinic) -> str:
    """Return somebody who has joined."""
    return desk.enrolled()


def statement(desk: Clinic, patient: str, query: str = "") -> Any:
    """Return a page, as the member sees it."""
    path = f"/v1/members/{patient}/statement{query}"
    return desk.member(patient).get(path).expect(200)


def bought(desk: Clinic, patient: str) -> Any:
    """Buy both lines as a police officer, with prepaid money for a part; return the quote."""
    show(desk, patient, "police")
    top_up(desk, patient, 5_000)
    made = quote(desk, patient, *LINES)
    confirm(desk, patient, made["quote_id"]).expect(201)
    return made


def test_it_says_what_the_quote_said(desk: Clinic, patient: str) -> None:
    """List price, every discount applied or not with its reason, net and due: as it was quoted."""
    made = bought(desk, patient)

    (entry,) = statement(desk, patient)["entries"]

    assert entry["kind"] == "purchase"
    assert entry["quote_id"] == made["quote_id"]
    for part in ("price", "discount", "net", "due", "lines", "considered", "draws", "programme"):
        assert entry[part] == made[part], part
    assert (entry["price"]["amount"], entry["net"]["amount"]) == (10_000, 9_200)
    assert entry["due"]["amount"] == 4_200
    reasons = {each["id"]: each["reason"] for each in entry["considered"]}
    assert reasons["in-service"] is None
    assert reasons["family"] == "no_household"


def test_w_in_the_language_of_the_reader(desk: Clinic, patient: str) -> None:
    """W: why a discount took nothing off is kept without words, and told in the reader's."""
    bought(desk, patient)

    read = desk.api.get(f"/v1/members/{patient}/statement", Accept_Language="zh-TW").expect(200)

    told = {each["id"]: each["detail"] for each in read["entries"][0]["considered"]}
    assert (told["in-service"], told["family"]) == ("", "會員未加入家庭。")


def test_long_after_the_quote(desk: Clinic, patient: str) -> None:
    """It does not hang on the quote, nor on the rules of today."""
    bought(desk, patient)
    before = statement(desk, patient)
    desk.move_to("2029-03-02T10:00:00Z")
    document = example(PROGRAMME, enrolment={})
    document["discounts"]["offers"] = document["discounts"]["offers"][:2]
    desk.publish(document, desk.now(seconds=121))
    desk.move_to(desk.now(seconds=121))

    assert statement(desk, patient) == before


@pytest.mark.parametrize(
    "back",
    [
        [[{"id": "b"}], None],
        [[{"id": "b", "quantity": 1}], [{"id": "a", "amount": 1_111}], [{"id": "b"}], None],
        [None],
    ],
)
def test_a_refund_says_what_was_paid(desk: Clinic, patient: str, back: list[Any]) -> None:
    """Line by line: list price, what was taken off and what was paid, which sum to the purchase."""
    made = bought(desk, patient)
    named = {"source": "quote", "external_id": made["quote_id"]}
    for lines in back:
        body = named if lines is None else {**named, "lines": lines}
        desk.api.post("/v1/activities/reversals", body).expect(201)

    *refunds, purchase = statement(desk, patient)["entries"]

    for part in ("price", "discount", "net", "due"):
        assert sum(each[part]["amount"] for each in refunds) == purchase[part]["amount"], part
    for line in purchase["lines"]:
        parts = [each for one in refunds for each in one["lines"] if each["id"] == line["id"]]
        offs = [sum(each["amount"] for each in part["off"]) for part in (line, *parts)]
        assert [part["price"] - part["net"] for part in (line, *parts)] == offs
        for name in ("price", "net", "quantity"):
            assert sum(part[name] for part in parts) == line[name]
    for each in refunds:
        assert each["price"]["amount"] > each["net"]["amount"] == each["returned"]["amount"]


def test_what_came_back(desk: Clinic, patient: str) -> None:
    """A refund of a line, then of the rest: each says how much of what came back."""
    made = bought(desk, patient)
    back = {"source": "quote", "external_id": made["quote_id"]}
    desk.api.post("/v1/activities/reversals", {**back, "lines": [{"id": "b"}]}).expect(201)
    desk.api.post("/v1/activities/reversals", back).expect(201)

    rest, first, purchase = statement(desk, patient)["entries"]

    assert [rest["kind"], first["kind"]] == ["refund", "refund"]
    assert rest["refund_of"] == first["refund_of"] == purchase["version"]
    assert first["external_id"] == purchase["external_id"]
    assert (first["returned"]["amount"], rest["returned"]["amount"]) == (1_840, 7_360)
    # A fifth of what was bought came back, and a fifth of what the wallet paid; then the rest.
    assert [each["draws"][0]["amount"] for each in (purchase, first, rest)] == [5_000, 1_000, 4_000]
    assert (first["due"]["amount"], rest["due"]["amount"]) == (840, 3_360)
    assert [(line["id"], line["net"], line["quantity"]) for line in first["lines"]] == [
        ("b", 1_840, 2)
    ]
    assert [line["id"] for line in rest["lines"]] == ["a"]
    drawn, *returned = (
        [each["amount"] for each in entry["movements"] if each["currency"] == "prepaid"]
        for entry in (purchase, first, rest)
    )
    assert (drawn, returned) == ([5_000], [[1_000], [4_000]])
    ledger = desk.ledger(patient)
    reversals = [
        each["activity"]["amount"] for each in ledger if each["kind"] == "activity.reversed"
    ]
    assert sorted(reversals) == [1_840, 7_360]


@pytest.mark.parametrize(
    ("back", "returned", "cashback", "due"),
    [
        ([[{"id": "b"}]], [2_000], [1_000], [1_000]),
        ([[{"id": "a"}]], [8_000], [4_000], [4_000]),
        ([[{"id": "b", "quantity": 1}], None], [1_000, 9_000], [500, 4_500], [500, 4_500]),
        ([None], [10_000], [5_000], [5_000]),
    ],
)
def test_what_cashback_paid(
    world: LocalWorld, back: list[Any], returned: list[int], cashback: list[int], due: list[int]
) -> None:
    """Of £80 and £20, half of it paid by cashback, each pound comes back half in cashback."""
    desk = opened(world, offers=[])
    patient = desk.enrolled()
    give(desk, patient, 5_000)
    made = quote(desk, patient, *LINES, payments=[{"currency": "cashback"}])
    confirm(desk, patient, made["quote_id"]).expect(201)
    assert (made["due"]["amount"], desk.available(patient, "cashback")) == (5_000, 100)
    named = {"source": "quote", "external_id": made["quote_id"]}
    for lines in back:
        body = named if lines is None else {**named, "lines": lines}
        desk.api.post("/v1/activities/reversals", body).expect(201)

    refunds = [
        each for each in statement(desk, patient)["entries"][::-1] if each["kind"] == "refund"
    ]

    assert [each["returned"]["amount"] for each in refunds] == returned
    assert [each["draws"][0]["money"] for each in refunds] == cashback
    assert [each["due"]["amount"] for each in refunds] == due
    desk.check(patient)


def test_all_of_it_paid_by_cashback(world: LocalWorld) -> None:
    """Where nothing counts as spend, a line comes back by its units, and its cashback with it."""
    document = example(PROGRAMME, enrolment={})
    document["discounts"]["offers"] = []
    (wallet,) = [each for each in document["wallets"] if each["currency"] == "cashback"]
    wallet["max_percent"] = 100
    desk = world.sandbox("2026-03-02T10:00:00Z")
    desk.publish(document)
    patient = desk.enrolled()
    give(desk, patient, 10_000)
    made = quote(desk, patient, *LINES, payments=[{"currency": "cashback"}])
    confirm(desk, patient, made["quote_id"]).expect(201)
    assert desk.available(patient, "cashback") == 0
    named = {"source": "quote", "external_id": made["quote_id"]}

    half = {**named, "lines": [{"id": "b", "quantity": 1}]}
    desk.api.post("/v1/activities/reversals", half).expect(201)
    assert desk.available(patient, "cashback") == 1_000
    desk.api.post("/v1/activities/reversals", named).expect(201)

    assert desk.available(patient, "cashback") == 10_000
    rest, first, _ = statement(desk, patient)["entries"]
    assert [(each["returned"]["amount"], each["due"]["amount"]) for each in (first, rest)] == [
        (1_000, 0),
        (9_000, 0),
    ]
    desk.check(patient)


def give(desk: Clinic, patient: str, pence: int) -> None:
    """Give cashback."""
    body = {"programme": PROGRAMME, "currency": "cashback", "amount": pence, "reason": "test"}
    desk.api.post(f"/v1/members/{patient}/adjustments", body).expect(201)


def test_what_was_priced_elsewhere(desk: Clinic, patient: str) -> None:
    """A payment that was only reported is what it was reported as; a visit is none."""
    money = {"amount": 1_250, "currency": "GBP"}
    activity = desk.activity(patient, "payment.received", amount=money, location="north")
    desk.api.post("/v1/activities", activity).expect(201)
    desk.record(patient).expect(201)

    (entry,) = statement(desk, patient)["entries"]

    assert entry["price"] == entry["net"] == entry["due"] == money
    assert entry["discount"]["amount"] == 0
    assert (entry["external_id"], entry["location"]) == (activity["external_id"], "north")
    assert not {"considered", "quote_id", "programme", "lines"} & entry.keys()


def test_pages(desk: Clinic, patient: str) -> None:
    """Cursors leave nothing out and repeat nothing, with other entries in between."""
    for pence in range(100, 107):
        money = {"amount": pence, "currency": "GBP"}
        activity = desk.activity(patient, "payment.received", amount=money)
        desk.api.post("/v1/activities", activity).expect(201)
        desk.give(patient, 1, programme=PROGRAMME)

    for limit in (1, 3, 7, 100):
        assert walked(desk, patient, limit) == list(range(106, 99, -1))


def test_pages_that_find_nothing(
    desk: Clinic, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where much else happened a page is short or empty, and the next ones go on."""
    monkeypatch.setattr(read_statement, "SEARCHED_MAX", 200)
    money = {"amount": 500, "currency": "GBP"}
    desk.api.post("/v1/activities", desk.activity(patient, "payment.received", amount=money))
    for _ in range(3):
        desk.record_many(patient, 100)

    page = statement(desk, patient)
    assert (page["entries"], page["next_cursor"] is None) == ([], False)
    assert walked(desk, patient, 100) == [500]


def test_pages_of_long_bills(desk: Clinic, patient: str) -> None:
    """Long bills make a page end early, far below what Lambda passes on."""
    lines = [{"id": f"{n}", "amount": 100 + n, "category": "consult"} for n in range(100)]
    show(desk, patient, "police")
    for _ in range(30):
        made = quote(desk, patient, *lines)
        confirm(desk, patient, made["quote_id"]).expect(201)

    answer = desk.member(patient).get(f"/v1/members/{patient}/statement?limit=100")

    page = answer.expect(200)
    assert 1 < len(page["entries"]) < 30
    assert page["next_cursor"] is not None
    assert len(answer.body) < 2_000_000
    assert len(walked(desk, patient, 100)) == 30


def walked(desk: Clinic, patient: str, limit: int) -> list[int]:
    """Return the amounts of all pages, one after the other."""
    amounts: list[int] = []
    page = statement(desk, patient, f"?limit={limit}")
    while True:
        amounts += [entry["due"]["amount"] for entry in page["entries"]]
        assert len(page["entries"]) <= limit
        if page["next_cursor"] is None:
            return amounts
        page = statement(desk, patient, f"?limit={limit}&cursor={page['next_cursor']}")


def test_whose_it_is(desk: Clinic, patient: str) -> None:
    """It tells what was served: not for the desk, nor for another member; nothing of nobody."""
    desk.staff("receptionist").get(f"/v1/members/{patient}/statement").expect(403)
    other = desk.enrolled()
    desk.member(other).get(f"/v1/members/{patient}/statement").expect(404, "member_not_found")
    absent = "/v1/members/mem_01ARZ3NDEKTSV4RRFFQ69G5FAV/statement"
    desk.api.get(absent).expect(404, "member_not_found")
    assert statement(desk, other) == {"member_id": other, "entries": [], "next_cursor": None}


def test_free_units(desk: Clinic, patient: str) -> None:
    """What an entitlement made free is there at its list price, and cost nothing."""
    free = {"programme": PROGRAMME, "entitlement": "free-physio", "reason": "long-wait"}
    desk.api.post(f"/v1/members/{patient}/entitlement-grants", free).expect(201)
    made = quote(desk, patient, {"amount": 4000, "category": "physiotherapy"})
    confirm(desk, patient, made["quote_id"]).expect(201)

    (entry,) = statement(desk, patient)["entries"]

    (line,) = entry["lines"]
    assert (line["price"], line["net"]) == (4000, 0)
    assert line["off"] == [{"source": "entitlement", "id": "free-physio", "amount": 4000}]
    assert entry["due"]["amount"] == 0
