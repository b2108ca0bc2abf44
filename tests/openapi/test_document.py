"""The document says as much as a schema can of what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import app
from chalicelib.routes.http.credentials import SCOPES
from chalicelib.routes.http.openapi import encoded
from chalicelib.routes.http.operation import VERBS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document that is served."""
    found: dict[str, Any] = json.loads(encoded(app.app))
    return found


def test_scopes_are_listed(document: dict[str, Any]) -> None:
    """Whoever asks for a key can read which scopes there are."""
    scopes = document["components"]["schemas"]["KeyInput"]["properties"]["scopes"]

    assert set(scopes["items"]["enum"]) == set(SCOPES)


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    """What clients make methods of is there once."""
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]

    assert sorted(set(names)) == sorted(names)


def test_a_programme_is_described_wherever_it_is_sent(document: dict[str, Any]) -> None:
    """Who drafts one finds its fields, as who validates one does."""
    schemas = document["components"]["schemas"]
    sent = [
        content["schema"]["$ref"].rpartition("/")[2]
        for path in document["paths"].values()
        for operation in path.values()
        if operation["operationId"] in {"validate_programme", "create_programme"}
        for content in operation["requestBody"]["content"].values()
    ]

    fields = [schemas[name]["properties"]["document"] for name in sent]
    assert [each["$ref"].rpartition("/")[2] for each in fields] == ["ProgrammeDocument"] * 2
    assert "currencies" in schemas["ProgrammeDocument"]["properties"]


def test_no_verb_is_left_over(document: dict[str, Any]) -> None:
    """The list of verbs is as short as what operations do."""
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]

    assert {name.partition("_")[0] for name in names} == VERBS


def test_adjustment_of_nothing(document: dict[str, Any]) -> None:
    """An adjustment of 0 is none, and the schema knows."""
    amount = document["components"]["schemas"]["AdjustmentInput"]["properties"]["amount"]
    validator = Draft202012Validator(amount)

    assert [validator.is_valid(value) for value in (-1, 0, 1)] == [True, False, True]


def test_cursors_have_a_shape(document: dict[str, Any]) -> None:
    """A cursor is base64url, wherever one is taken."""
    cursors = [
        parameter["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation["parameters"]
        if parameter["name"] == "cursor"
    ]

    assert len(cursors) >= 2
    assert {schema["pattern"] for schema in cursors} == {"^[A-Za-z0-9_-]+$"}


def test_numbers_are_bounded(document: dict[str, Any]) -> None:
    """No request takes a number without limits: beyond 2^53 none may hold any."""
    asked = [
        part
        for methods in document["paths"].values()
        for operation in methods.values()
        for part in (operation.get("requestBody"), *(p["schema"] for p in operation["parameters"]))
    ]
    schemas = document["components"]["schemas"]

    whole = list(_whole_numbers(asked, schemas, set()))

    assert len(whole) > 5
    assert [each for each in whole if not {"minimum", "maximum"} <= each.keys()] == []


def _whole_numbers(part: Any, schemas: dict[str, Any], seen: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the schemas of whole numbers in a part of the document, and in what it refers to."""
    if isinstance(part, list):
        for item in part:
            yield from _whole_numbers(item, schemas, seen)
    elif isinstance(part, dict):
        if part.get("type") == "integer":
            yield part
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            yield from _whole_numbers(schemas[name], schemas, seen)
        yield from _whole_numbers(list(part.values()), schemas, seen)
