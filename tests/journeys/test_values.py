"""What people type, and what comes of it: bad values are refused by name, good ones in any form."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect as shapes
from msgspec.inspect import type_info

import app
from chalicelib.domain.shapes import LISTS, unwrap
from chalicelib.routes.http.openapi import operations_of
from tests import pace
from tests.journeys.world import Clinic

POINTS = {"id": "points", "name": "Points", "expiry": {"type": "never"}}
VISIT = {
    "id": "visit",
    "on": ["visit.completed"],
    "currency": "points",
    "award": {"type": "fixed", "amount": 10},
}
SPEND = {
    "id": "spend",
    "on": ["purchase.completed"],
    "currency": "points",
    "award": {"type": "per_amount", "amount": 1, "per": 100},
}


def programme(**parts: Any) -> dict[str, Any]:
    """Return a programme of ten points a visit and one a pound."""
    return {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [POINTS],
        "earning": [VISIT, SPEND],
        **parts,
    }


@pytest.fixture
def desk(clinic: Clinic) -> Clinic:
    """Return a clinic with that programme."""
    clinic.publish(programme())
    return clinic


@pytest.mark.parametrize(
    "birthday", ["02-30", "04-31", "13-01", "00-10", "2-3", "0２-01", "02-28 "]
)
def test_v1_no_birthday(desk: Clinic, birthday: str) -> None:
    """V1: a day that no year has is refused, at creation and at a change, and MM-DD is named."""
    member = desk.enrolled(birthday="02-29")
    refused = [
        desk.api.post("/v1/members", {"birthday": birthday}),
        desk.api.patch(f"/v1/members/{member}", {"birthday": birthday}, If_Match='"1"'),
    ]

    for each in refused:
        (error,) = each.expect(422, "invalid_body")["errors"]
        assert error["pointer"] == "/birthday"
        assert "MM-DD" in error["detail"]


def test_v4_money_of_little_worth(clinic: Clinic) -> None:
    """V4: thresholds, bands, fees, prices and top-ups of $600 can be stated in rials."""
    rials = 60_000_000_000  # 600 million rials in dinars, a hundred to the rial
    document = programme(
        money={"currency": "IRR"},
        currencies=[POINTS, {"id": "money", "name": "Money", "expiry": {"type": "never"}}],
        earning=[VISIT, SPEND | {"award": {"type": "per_amount", "amount": 1, "per": rials}}],
        tiers={
            "levels": [
                {"id": "base", "name": "Base"},
                {
                    "id": "gold",
                    "name": "Gold",
                    "qualify": {"all": [{"metric": "spend", "at_least": rials}]},
                },
            ]
        },
        wallets=[
            {
                "currency": "money",
                "kind": "prepaid",
                "bands": [{"at_least": rials, "percent": 10}],
            }
        ],
        discounts={
            "offers": [
                {
                    "id": "bands",
                    "name": "Bands",
                    "terms": {
                        "type": "spend_bands",
                        "at_least": rials,
                        "percent": 2,
                        "every": rials,
                    },
                }
            ]
        },
        plans=[{"id": "year", "name": "Year", "period": "year", "fee": 10 * rials}],
    )
    clinic.publish(document)
    member = clinic.enrolled()
    paid = {"programme": "clinic", "currency": "money", "amount": rials}

    topped = clinic.api.post(f"/v1/members/{member}/top-ups", paid).expect(201)
    money = {"amount": rials, "currency": "IRR"}
    bought = clinic.record(member, "purchase.completed", amount=money).expect(201)
    cart = {"programme": "clinic", "currency": "IRR", "lines": [{"amount": rials}]}
    quoted = clinic.api.post(f"/v1/members/{member}/quotes", cart).expect(201)["quote"]

    assert (topped["parts"][0]["percent"], clinic.available(member, "money")) == (10, rials)
    assert (bought["awards"][0]["amount"], bought["tier_changes"][0]["after"]) == (1, "gold")
    # The wallet's 10 % is better than the 2 % for what was spent.
    assert quoted["net"]["amount"] == rials * 90 // 100
    clinic.check(member)


def test_m10_a_sign_is_no_return(desk: Clinic) -> None:
    """M10: a sale below nothing is refused, and the operation for what comes back is named."""
    member = desk.enrolled()
    sale = {"amount": 10_000, "currency": "GBP"}
    desk.record(member, "purchase.completed", amount=sale).expect(201)

    back = sale | {"amount": -10_000}
    refused = desk.record(member, "purchase.completed", amount=back).expect(422, "invalid_body")
    assert "POST /v1/activities/reversals" in refused["errors"][0]["detail"]
    lines = [{"amount": 100}, {"amount": -10_100}]
    refused = desk.record(member, "purchase.completed", currency="GBP", lines=lines)
    assert "POST /v1/activities/reversals" in refused.expect(422, "negative_amount")["detail"]

    assert len(desk.check(member)) == 2


def test_m10_a_line_below_nothing_is_a_discount(desk: Clinic) -> None:
    """M10: a line may be below nothing where the sale is not."""
    member = desk.enrolled()
    lines = [{"amount": 10_000}, {"amount": -1_000}]

    sold = desk.record(member, "purchase.completed", currency="GBP", lines=lines).expect(201)

    assert sold["awards"][0]["amount"] == 90


SALE: dict[str, Any] = {
    "currency": "GBP",
    "lines": [{"amount": 1000, "category": "tea"}, {"amount": 2000}],
}


@pytest.mark.parametrize("key", [None, "key"])
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"member": {"external_id": {"system": "EHR", "value": " card-1"}}},
        {"amount": {"amount": 3000, "currency": "GBP"}},
        {"amount": {"amount": 3000, "currency": "GBP"}, "currency": None},
        {"lines": [{"amount": 1000, "category": "tea ", "id": "1"}, {"amount": 2000, "sku": ""}]},
        {"lines": [{"amount": 2000, "id": "2"}, {"amount": 1000, "category": "tea", "id": "1"}]},
        {"quantity": 2},
        {"category": "", "attributes": {}},
        {"occurred_at": "2026-03-02T11:30:00.000+01:30"},
        {"source": "EMR"},
        {"external_id": "r\u2011\uff11\u200b "},
    ],
)
def test_v3_the_same_sale_in_other_words(
    desk: Clinic, said: dict[str, Any], key: str | None
) -> None:
    """V3: the same meaning is the same request: it is answered as then, and earns once."""
    member = desk.enrolled(external_id={"system": "ehr", "value": "card-1"})
    sale = desk.activity(member, "purchase.completed", **SALE) | {"external_id": "r-1"}
    first = desk.api.post("/v1/activities", sale, key=key)

    again = desk.api.post("/v1/activities", sale | said, key=key)

    assert (first.status, again.status, again.replayed) == (201, 201, True)
    assert again.body == first.body
    assert len(desk.check(member)) == 2


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"type": "visit.completed"}, ["/type"]),
        ({"lines": [{"amount": 1000, "category": "tea"}, {"amount": 2001}]},
         ["/lines"]),
        ({"lines": [{"amount": 1000}, {"amount": 2000}]}, ["/lines"]),
        ({"lines": [{"amount": 1000, "category": "tea", "quantity": 7}, {"amount": 2000}]},
         ["/lines"]),
        ({"currency": "EUR"}, ["/currency"]),
        ({"lines": [], "amount": {"amount": 7, "currency": "EUR"}, "currency": "EUR"},
         ["/amount/amount", "/amount/currency", "/lines"]),
        ({"lines": [], "currency": None}, ["/currency", "/lines"]),
        ({"quantity": 3}, ["/quantity"]),
        ({"occurred_at": "2026-03-02T09:00:00Z"}, ["/occurred_at"]),
        ({"category": "tea", "channel": "app"}, ["/category", "/channel"]),
        ({"attributes": {"x": 1}}, ["/attributes/x"]),
        ({"external_id": " r-1", "source": "emr", "provider": "dr"}, ["/provider"]),
    ],
)  # fmt: skip
def test_v3_another_sale(desk: Clinic, said: dict[str, Any], pointers: list[str]) -> None:
    """V3: another meaning is refused with what differs, and with no advice that earns twice."""
    member = desk.enrolled()
    sale = desk.activity(member, "purchase.completed", **SALE) | {"external_id": "r-1"}
    desk.api.post("/v1/activities", sale).expect(201)

    refused = desk.api.post("/v1/activities", sale | said).expect(422, "idempotency_key_reused")

    assert [each["pointer"] for each in refused["errors"]] == pointers
    assert "new" not in refused["detail"]
    assert len(desk.check(member)) == 2


@pytest.mark.parametrize(
    ("first", "then", "pointers"),
    [
        ({"amount": {"amount": 500, "currency": "GBP"}}, {"amount": None}, ["/amount"]),
        (SALE | {"quantity": 5}, {"quantity": None}, ["/quantity"]),
        ({"amount": {"amount": 500, "currency": "GBP"}}, {"quantity": 2}, ["/quantity"]),
    ],
)
def test_v3_what_is_left_out(
    desk: Clinic, first: dict[str, Any], then: dict[str, Any], pointers: list[str]
) -> None:
    """V3: where no line differs, what is missing is named by its own place."""
    sale = desk.activity(desk.enrolled(), "purchase.completed", **first)
    desk.api.post("/v1/activities", sale).expect(201)

    refused = desk.api.post("/v1/activities", sale | then).expect(422, "idempotency_key_reused")

    assert [each["pointer"] for each in refused["errors"]] == pointers


@pytest.mark.parametrize(
    ("money", "pointer"),
    [
        ({"amount": {"amount": 5, "currency": "XYZ"}}, "/amount/currency"),
        ({"lines": [{"amount": 5}], "currency": "XYZ"}, "/currency"),
        ({"currency": "XYZ"}, "/currency"),
    ],
)
def test_v3_a_currency_that_is_none(desk: Clinic, money: dict[str, Any], pointer: str) -> None:
    """V3: the refusal points to where the currency was sent."""
    sale = desk.activity(desk.enrolled(), "purchase.completed") | money

    refused = desk.api.post("/v1/activities", sale).expect(422, "unknown_currency")

    assert [each["pointer"] for each in refused["errors"]] == [pointer]


@pytest.mark.parametrize("known", [True, False])
def test_v3_the_sale_of_somebody_else(desk: Clinic, *, known: bool) -> None:
    """V3: where the person is another, that is what differs, whether we know them or not."""
    member = desk.enrolled()
    sale = desk.activity(member, "purchase.completed", **SALE)
    desk.api.post("/v1/activities", sale).expect(201)
    other = {"system": "ehr", "value": "another"}
    if known:
        desk.enrolled(external_id=other)

    refused = desk.api.post("/v1/activities", sale | {"member": {"external_id": other}})

    errors = refused.expect(422, "idempotency_key_reused")["errors"]
    assert [each["pointer"] for each in errors] == ["/member"]


def test_v3_a_receipt_that_was_quoted(desk: Clinic) -> None:
    """V3: the till's report of a purchase that a quote recorded is told that nothing is left."""
    member = desk.enrolled()
    cart = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 1000}]}
    path = f"/v1/members/{member}/quotes"
    quote = desk.api.post(path, cart).expect(201)["quote"]["quote_id"]
    receipt = {"source": "till", "external_id": "r-1"}
    desk.api.post(f"{path}/{quote}/confirmation", {"recorded_as": receipt}).expect(201)
    sale = desk.activity(member, "purchase.completed", **SALE) | receipt

    refused = desk.api.post("/v1/activities", sale).expect(422, "idempotency_key_reused")
    assert "nothing is left to report" in refused["detail"]

    another = desk.api.post(path, cart).expect(201)["quote"]["quote_id"]
    refused = desk.api.post(f"{path}/{another}/confirmation", {"recorded_as": receipt})
    errors = refused.expect(422, "idempotency_key_reused")["errors"]
    assert [each["pointer"] for each in errors] == ["/recorded_as"]


def test_v3_other_writes_in_other_words(desk: Clinic) -> None:
    """V3: what may be left out makes no other request, and a key's refusal advises no new one."""
    who = {"external_id": {"system": "ehr", "value": "card-1"}}
    first = desk.api.post("/v1/members", who, key="k")
    said: dict[str, Any] = {"consents": [], "locale": None} | who

    again = desk.api.post("/v1/members", said, key="k")
    other = desk.api.post("/v1/members", who | {"locale": "de"}, key="k")

    assert (again.body, again.replayed) == (first.body, True)
    assert "use a new" not in other.expect(422, "idempotency_key_reused")["detail"]


@pytest.mark.parametrize(
    "typed", ["card-1", " card-1", "card\u20111", "ｃａｒｄ-１", "саrd-1", "card-۱"]
)
def test_v7_an_external_id_as_it_is_typed(desk: Clinic, typed: str) -> None:
    """V7: what looks like the id of a member finds the member, and makes no other one."""
    member = desk.enrolled(external_id={"system": "ehr", "value": "card-1"})
    who = {"system": "EHR", "value": typed}

    found = desk.api.post("/v1/members/lookup", who).expect(200)
    again = desk.api.post("/v1/members", {"external_id": who}).expect(200)
    seen = desk.record({"external_id": who}).expect(201)

    assert {found["id"], again["id"], seen["member_id"]} == {member}


def test_v7_a_capital_is_another_letter(desk: Clinic) -> None:
    """V7: ids that differ in capitals look different, and are."""
    desk.enrolled(external_id={"system": "ehr", "value": "card-1"})

    who = {"system": "ehr", "value": "Card-1"}

    desk.api.post("/v1/members/lookup", who).expect(404, "member_not_found")


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u200b", "\u3000\u2060"])
def test_v7_what_is_blank_is_refused(desk: Clinic, blank: str) -> None:
    """V7: an id, a key and a reason say something; blanks alone would pass for a value."""
    member = desk.enrolled()
    who = {"system": "ehr", "value": blank}
    adjustment = {"programme": "clinic", "currency": "points", "amount": 1, "reason": blank}

    refused = [
        desk.api.post("/v1/members", {"external_id": who}),
        desk.api.post("/v1/members/lookup", who),
        desk.record(member, external_id=blank),
        desk.api.post(f"/v1/members/{member}/adjustments", adjustment),
        desk.api.post("/v1/vouchers/validation", {"code": blank}),
        desk.api.post("/v1/api-keys", {"name": blank, "scopes": ["rewards:read"]}),
    ]

    for each in refused:
        each.expect(422, "invalid_body")


@pytest.mark.parametrize("blank", ["", "  ", "\u200b"])
def test_v7_a_payment_without_a_name(desk: Clinic, blank: str) -> None:
    """V7: a blank reference would be no name of the payment, so it is refused, before all else."""
    member = desk.enrolled()
    paid = {"programme": "clinic", "amount": 100, "currency": "GBP", "reference": blank}

    for path in ("/v1/gift-cards", f"/v1/members/{member}/subscriptions"):
        errors = desk.api.post(path, paid).expect(422, "invalid_body")["errors"]
        (error,) = [each for each in errors if each["pointer"] == "/reference"]
        assert error["detail"].startswith("must not be blank: What who collects the money calls")


def test_v7_every_text_of_a_body_says_something() -> None:
    """V7: what names a thing is refused blank in every body; the rest is listed here, with why."""
    free = {"note", "attributes", "metadata"}  # words, and the tenant's own values
    tidied = {"category", "sku", "id", "channel", "location", "provider"}  # blank: not said
    parsed = {"occurred_at", "now", "effective_from", "tz", "scopes"}  # blank: no such value
    taken = {
        name
        for each in operations_of(app.app)
        if each.body is not None
        for name in _blank_in(type_info(each.body), "", set())
    }

    assert taken == free | tidied | parsed | {"document"}


def _blank_in(shape: shapes.Type, name: str, seen: set[Any]) -> Iterator[str]:
    """Yield the fields of a body that would take a blank text."""
    shape = unwrap(shape)
    if isinstance(shape, shapes.StrType):
        if not shape.pattern or re.search(shape.pattern, " "):
            yield name
    elif isinstance(shape, shapes.StructType) and shape.cls not in seen:
        seen.add(shape.cls)
        for each in shape.fields:
            yield from _blank_in(each.type, each.encode_name, seen)
    elif isinstance(shape, shapes.UnionType):
        for option in shape.types:
            yield from _blank_in(option, name, seen)
    elif isinstance(shape, LISTS):
        yield from _blank_in(shape.item_type, name, seen)
    elif isinstance(shape, shapes.DictType):
        yield from _blank_in(shape.value_type, name, seen)
        yield from _blank_in(shape.key_type, name, seen)


@pytest.mark.parametrize("typed", ["tea", " tea", "tea\u200b", "tea \u00a0"])
def test_v7_a_category_as_it_is_typed(clinic: Clinic, typed: str) -> None:
    """V7: a line is in the scope that it looks to be in, reported or quoted."""
    rule = SPEND | {"scope": {"include": {"categories": ["tea"]}}}
    clinic.publish(programme(earning=[rule]))
    member = clinic.enrolled()
    lines = [{"amount": 1000, "category": typed, "id": " a "}]
    cart = {"programme": "clinic", "currency": "GBP", "lines": lines}

    sold = clinic.record(member, "purchase.completed", currency="GBP", lines=lines).expect(201)
    quoted = clinic.api.post(f"/v1/members/{member}/quotes", cart).expect(201)

    assert sold["awards"][0]["amount"] == quoted["awards"][0]["amount"] == 10


@pytest.mark.parametrize("code", ["gbp", "Gbp", "ＧＢＰ", "GBP ", "£", "GB", ""])
def test_v7_a_currency_as_it_is_typed(desk: Clinic, code: str) -> None:
    """V7: a currency is three capitals; how to write it is said."""
    member = desk.enrolled()
    money = {"amount": 100, "currency": code}

    refused = desk.record(member, "purchase.completed", amount=money).expect(422, "invalid_body")

    assert "in capitals, such as GBP" in refused["errors"][0]["detail"]


def test_v8_a_visit_paid_in_other_money(desk: Clinic) -> None:
    """V8: the visit counts and earns, spend is left out with the reason; a typing slip is told."""
    member = desk.enrolled()
    money = {"amount": 10_000, "currency": "EUR"}

    seen = desk.record(member, amount=money).expect(201)
    bought = desk.record(member, "purchase.completed", amount=money).expect(201)
    slip = desk.record(member, amount=money | {"currency": "EUT"}).expect(422, "unknown_currency")

    assert (seen["awards"][0]["amount"], bought["awards"]) == (10, [])
    assert "there is no rate to GBP" in bought["explanation"][0]["note"]
    assert "did you mean 'EUR'" in slip["errors"][0]["detail"]
    assert desk.api.get(f"/v1/members/{member}").expect(200)["completed_visits"] == 1
    desk.check(member)


def test_v8_a_declared_rate(clinic: Clinic) -> None:
    """V8: with a rate spend counts by it, and what is returned goes by the same one."""
    rates = {"EUR": {"amount": 87, "per": 100}}
    clinic.publish(programme(money={"currency": "GBP", "rates": rates}))
    member = clinic.enrolled()
    money = {"amount": 10_000, "currency": "EUR"}
    sale = clinic.activity(member, "purchase.completed", amount=money)
    bought = clinic.api.post("/v1/activities", sale).expect(201)
    named = {name: sale[name] for name in ("source", "external_id")}

    part = clinic.api.post("/v1/activities/reversals", named | {"amount": 5_000}).expect(201)

    assert bought["awards"][0]["amount"] == 87
    assert part["returned"][0]["amount"] == 87 - 43
    clinic.check(member)


def consent(purpose: str, *, granted: bool = True) -> dict[str, Any]:
    """Return a consent as it is sent."""
    return {"purpose": purpose, "granted": granted, "text_version": "1"}


def test_b4_only_declared_purposes(clinic: Clinic) -> None:
    """B4: a purpose that nobody asks for is refused; one that is not asked for any more can end."""
    status = {"id": "care", "name": "Care", "consent": "health"}
    asked = {"required_consents": ["terms"], "optional_consents": ["news"]}
    clinic.publish(programme(enrolment=asked, statuses=[status]))
    given = [consent(purpose) for purpose in ("terms", "news", "health")]
    member = clinic.enrolled(consents=given)
    path = f"/v1/members/{member}/consents"

    for body in ({"consents": [consent("made-up")]}, {"consents": [*given, consent("news2")]}):
        refused = clinic.api.post(path, body).expect(422, "unknown_purpose")
        assert "health, news, terms" in refused["detail"]
    clinic.api.post("/v1/members", {"consents": [*given, consent("x")]}).expect(
        422, "unknown_purpose"
    )
    clinic.publish(programme(enrolment={}, statuses=[status]), clinic.now(seconds=121))
    withdrawn = clinic.api.post(path, {"consents": [consent("news", granted=False)]}).expect(200)

    assert withdrawn["consents"] == {"terms": True, "news": False, "health": True}
    clinic.check(member)


def test_b5_drafts_have_a_limit(desk: Clinic) -> None:
    """B5: a tenant has 20 drafts; the limit is told, and what makes room is said."""
    body = {"document": programme()}
    drafts = [desk.api.post("/v1/programmes", body).expect(201)["version"] for _ in range(20)]

    for document in (programme(), programme(id="spa")):
        refused = desk.api.post("/v1/programmes", {"document": document})
        told = refused.expect(409, "too_many_drafts")
        assert (told["limit"], "`replaces`" in told["detail"]) == (20, True)
    again = desk.api.post("/v1/programmes", body | {"replaces": drafts[0]}).expect(201)
    path = f"/v1/programmes/clinic/versions/{drafts[1]}/publication"
    desk.api.post(path, {}).expect(200)
    following = desk.api.post("/v1/programmes", body).expect(201)

    assert (again["version"], following["version"]) == (drafts[0], drafts[-1] + 1)


@pytest.mark.parametrize(
    ("document", "replaces", "status", "code"),
    [
        (programme(), 1, 409, "not_a_draft"),
        (programme(), 9, 404, "version_not_found"),
        (programme(id="spa"), 1, 404, "programme_not_found"),
    ],
)
def test_b5_what_cannot_be_replaced(
    desk: Clinic, document: dict[str, Any], replaces: int, status: int, code: str
) -> None:
    """B5: a draft takes the place of a draft of the same programme, and of nothing else."""
    body = {"document": document, "replaces": replaces}

    desk.api.post("/v1/programmes", body).expect(status, code)


def test_b5_a_draft_is_written_over(desk: Clinic) -> None:
    """B5: the version that is written over is as it was drafted last."""
    first = desk.api.post("/v1/programmes", {"document": programme(name="Old")}).expect(201)
    body = {"document": programme(name="New"), "replaces": first["version"]}
    desk.api.post("/v1/programmes", body).expect(201)

    read = desk.api.get(f"/v1/programmes/clinic?version={first['version']}").expect(200)

    assert (read["state"], read["document"]["name"]) == ("draft", "New")


@pytest.mark.parametrize("quantity", [1, 10_000_000, 10**9])
def test_b1_a_quantity_costs_nothing(clinic: Clinic, quantity: int) -> None:
    """B1: a line of a thousand million fills cards in the time of one, for a member's own quote."""
    card = {"id": "card", "name": "Card", "size": 2, "on": ["purchase.completed"]}
    clinic.publish(
        programme(
            entitlements=[{"id": "tea", "name": "Tea", "waives": {}}],
            stamp_cards=[card | {"full": {"entitlement": "tea", "units": 1000}}],
            packages=[
                {
                    "id": "pack",
                    "name": "Pack",
                    "sku": "pack",
                    "entitlement": "tea",
                    "units": 1000,
                    "valid_days": 5,
                }
            ],
        )
    )
    member = clinic.enrolled()
    line = {"amount": 1000, "quantity": quantity, "sku": "pack"}
    cart = {"programme": "clinic", "currency": "GBP", "lines": [line] * 100}
    path = f"/v1/members/{member}/quotes?dry_run=true"
    started = time.process_time()

    clinic.member(member).post(path, cart).expect(200)
    clinic.record(member, "purchase.completed", currency="GBP", lines=cart["lines"]).expect(201)
    clinic.member(member).post(path, cart).expect(200)

    assert pace.within(time.process_time() - started, 1)
    clinic.check(member)
