"""Ids are unique in every list of a document, whichever mechanic it is of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from msgspec import Struct

from chalicelib.domain.authoring.consistency import identities
from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.pointer import join
from chalicelib.domain.violations import Violation
from chalicelib.schemas import PROGRAMME
from tests.domain.documents import changed

EXAMPLES: Final = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted(set(PROGRAMME.file.parent.glob("*.json")) - {PROGRAMME.file})
}


def lists(value: Any, at: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists of things with ids that a JSON value has, with their pointers."""
    if isinstance(value, list) and any(isinstance(each, dict) and "id" in each for each in value):
        yield at, value
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items:
        if isinstance(item, dict | list):
            yield from lists(item, f"{at}/{name}")


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_list_of_an_example(name: str) -> None:
    """What is in a list for the second time is told there, in the same words everywhere."""
    document = EXAMPLES[name]
    for at, things in lists(document):
        place = f"{at}/{len(things)}"
        found = validate(changed({place: things[0]}, document)).problems
        told = {each.pointer: each.detail for each in found}

        detail = f"`{things[0]['id']}` is the id of {at}/0 already: choose another"
        assert told[f"{place}/id"] == detail


def test_the_examples_have_every_list() -> None:
    """So that a list of a mechanic that is new is tried too."""
    found = {at for document in EXAMPLES.values() for at, _ in lists(document)}

    assert found == set(_declared(PROGRAMME.schema(), PROGRAMME.schema(), ""))


def _declared(schema: dict[str, Any], whole: dict[str, Any], at: str) -> Iterator[str]:
    """Yield the lists of things with ids that a JSON Schema declares below properties."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    for each in schema.get("anyOf", ()):
        yield from _declared(each, whole, at)
    if "items" in schema:
        item = schema["items"]
        item = whole["$defs"][item["$ref"].rpartition("/")[2]] if "$ref" in item else item
        if "id" in item.get("properties", ()):
            yield at
    for name, part in schema.get("properties", {}).items():
        yield from _declared(part, whole, join(at, name))


class Thing(Struct, frozen=True):
    """A thing with an id, and things of its own."""

    id: str
    parts: tuple[Thing, ...] = ()


class Toy(Struct, frozen=True):
    """A document with things in an object, and one by itself."""

    named: dict[str, tuple[Thing, ...]] = {}
    alone: Thing = Thing("alone")
    notes: tuple[str, ...] = ("a", "a")


def test_wherever_a_list_stands() -> None:
    """In what is in a list, and in an object; of three alike, two are told, with the first."""
    a, b = Thing("a"), Thing("b")
    toy = Toy({"x/y": (b, a, a)}, Thing("t", (Thing("u", (a, b, a, a)), Thing("v", (b, a)))))

    assert [*identities(toy)] == [
        Violation(f"{at}/id", f"`a` is the id of {first} already: choose another")
        for at, first in (
            ("/named/x~1y/2", "/named/x~1y/1"),
            ("/alone/parts/0/parts/2", "/alone/parts/0/parts/0"),
            ("/alone/parts/0/parts/3", "/alone/parts/0/parts/0"),
        )
    ]


@pytest.mark.parametrize("odd", [None, "", 7, {}, []])
def test_ids_that_cannot_be_read_are_not_alike(odd: Any) -> None:
    """They are told for what they are, and no more."""
    found = validate(changed({"/earning/0/id": odd, "/earning/1/id": odd})).problems

    assert [each.pointer for each in found] == ["/earning/0/id", "/earning/1/id"]
    assert not any("already" in each.detail for each in found)
