"""The document is valid OpenAPI 3.1 and says what is served."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from chalicelib.routes.http import problems
from chalicelib.routes.http.openapi import encoded, operations_of
from tests.routes.toy import Shop


@pytest.fixture
def document(shop: Shop) -> dict[str, Any]:
    """The document, as anyone gets it."""
    found: dict[str, Any] = shop.call("GET", "/openapi.json", token=None).json
    return found


def test_it_is_valid(document: dict[str, Any]) -> None:
    """It passes the validator of the specification."""
    validate(document)

    assert document["openapi"] == "3.1.0"


def test_documented_and_served_are_equal(shop: Shop, document: dict[str, Any]) -> None:
    """Every route with its methods is in the document, and nothing else."""
    served = {path: {m.lower() for m in methods} for path, methods in shop.app.routes.items()}

    assert served == {path: set(item) for path, item in document["paths"].items()}


def test_it_is_made_once(shop: Shop) -> None:
    """A second request costs nothing."""
    assert encoded(shop.app) is encoded(shop.app)


def test_undeclared_routes_are_refused(shop: Shop) -> None:
    """A route that went around the declarations cannot hide."""
    shop.app.route("/back-door")(dict)

    with pytest.raises(LookupError, match="back-door"):
        operations_of(shop.app)


def test_an_operation(document: dict[str, Any]) -> None:
    """Parameters, body, answer, refusals and security come from the declaration."""
    path = document["paths"]["/v1/members/{member_id}/baskets"]
    fill, listing = path["post"], path["get"]
    parameters = {each["name"]: each for each in listing["parameters"]}

    assert [each["name"] for each in fill["parameters"]] == ["member_id", "Idempotency-Key"]
    assert fill["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Basket"
    }
    assert fill["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Answer"
    }
    assert "insufficient_points" in fill["responses"]["409"]["description"]
    assert fill["security"] == [{"bearer": []}]
    assert fill["x-scope"] == "redemptions:write"
    assert parameters["limit"]["schema"]["maximum"] == 100
    assert parameters["state"]["schema"] == {"type": "string", "enum": ["open", "used"]}
    assert "Listing" not in document["components"]["schemas"]
    assert document["paths"]["/health"]["get"]["security"] == []


def test_every_refusal_that_tests_see_is_documented(shop: Shop, document: dict[str, Any]) -> None:
    """The codes of the common refusals stand under their status."""
    fill = document["paths"]["/v1/members/{member_id}/baskets"]["post"]
    answers = [
        shop.call("POST", "/v1/members/mem_1/baskets", {}, token=None),
        shop.call("POST", "/v1/members/mem_1/baskets", b"{"),
        shop.call("POST", "/v1/members/mem_1/baskets", {}),
        shop.call("POST", "/v1/members/mem_1/baskets", {}, headers={"Content-Type": "a/b"}),
        shop.call("POST", "/v1/members/mem_1/baskets?x=1", {}),
        shop.call("POST", "/v1/members/%00/baskets", {}),
    ]

    for answer in answers:
        assert answer.json["code"] in _codes(document, fill, answer.status)


def test_what_the_store_may_refuse_is_documented(document: dict[str, Any]) -> None:
    """An operation that reads may find the store out of reach, one that writes an account full."""
    basket = document["paths"]["/v1/members/{member_id}/baskets"]

    for operation in basket.values():
        assert {"store_unavailable", "newer_schema"} <= _codes(document, operation, 503)
    assert "account_too_large" in _codes(document, basket["post"], 413)
    assert _codes(document, document["paths"]["/health"]["get"], 503) == {"unavailable"}


def test_codes_have_the_status_of_a_family() -> None:
    """No code is registered under a status that no refusal has."""
    statuses = {status for _, status in problems.STATUSES} | {405, 500}

    assert {code.status for code in problems.CODES.values()} <= statuses


def _codes(document: dict[str, Any], operation: dict[str, Any], status: int) -> set[str]:
    answer = operation["responses"][str(status)]
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return set(answer["x-codes"])
