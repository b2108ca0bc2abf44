"""Every text of a document has locales, whichever mechanic it is of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from msgspec import Struct

from chalicelib.domain.authoring.translations import translated
from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.programme.fields import Text
from chalicelib.schemas import PROGRAMME
from tests.domain.authored import the_problem
from tests.domain.documents import changed

EXAMPLES: Final = sorted(set(PROGRAMME.file.parent.glob("*.json")) - {PROGRAMME.file})
TEXTS: Final = {"name", "describe", "description"}


def places(value: Any, at: str = "") -> Iterator[str]:
    """Yield where a document has a text that members see, by what such fields are called."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in TEXTS:
                yield f"{at}/{name}"
            else:
                yield from places(item, f"{at}/{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            if at.endswith("/benefits"):
                yield f"{at}/{place}"
            else:
                yield from places(item, f"{at}/{place}")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_text_of_an_example(path: Path) -> None:
    """A locale that is none is refused wherever it stands."""
    document = json.loads(path.read_text("utf-8"))
    found = list(places(document))

    wrong = validate(changed({place: {"english": "x"} for place in found}, document))

    assert found
    assert {each.pointer for each in wrong.problems} == {f"{place}/english" for place in found}


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        (
            {"/plans": [{"id": "gold", "name": {}, "fee": 100, "period": "month"}]},
            "/plans/0/name",
            "needs a text for at least one locale",
        ),
        ({"/earning/1/award/describe": {}}, "/earning/1/award/describe", "at least one locale"),
        ({"/groups/0/describe": {"EN": "x"}}, "/groups/0/describe/EN", "is not a locale"),
    ],
)
def test_a_text_without_a_locale(changes: dict[str, Any], pointer: str, words: str) -> None:
    """Also in a section, and where an author describes something."""
    problem = the_problem(changes)

    assert problem.pointer == pointer
    assert words in problem.detail


class Leaf(Struct, frozen=True, tag="leaf"):
    """Something with a text, and with what looks like one."""

    name: Text = "plain"
    forms: dict[str, str] = {}


class Named(Struct, frozen=True, tag="named"):
    """One of two that may be there, with texts by name."""

    texts: dict[str, Text | None] = {}


class Toy(Struct, frozen=True):
    """A document with every container that may hold a text."""

    leaf: Leaf | None = None
    by_id: dict[str, Leaf] = {}
    lists: dict[str, tuple[Leaf | None, ...]] = {}
    nested: tuple[dict[str, dict[str, Leaf]], ...] = ()
    either: Named | Leaf | None = None
    texts: tuple[Text, ...] = ()
    notes: list[str] = []
    pair: tuple[int, str] | None = None


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({}, []),
        ({"leaf": {"name": {"en": "x"}, "forms": {"en": "x"}}}, ["/leaf/name"]),
        ({"leaf": {"name": {}}}, ["/leaf/name"]),
        ({"by_id": {"a": {"name": {"en": "x"}}, "b": {}}}, ["/by_id/a/name"]),
        ({"by_id": {"a/b~c": {"name": {"en": "x"}}}}, ["/by_id/a~1b~0c/name"]),
        ({"lists": {"a": [{}, None, {"name": {"en": "x"}}]}}, ["/lists/a/2/name"]),
        ({"nested": [{}, {"a": {"b": {"name": {"en": "x"}}}}]}, ["/nested/1/a/b/name"]),
        (
            {"either": {"type": "named", "texts": {"a": "x", "b": {"en": "x"}, "c": None}}},
            ["/either/texts/b"],
        ),
        ({"texts": ["x", {"en": "x"}], "notes": ["x"], "pair": [1, "x"]}, ["/texts/1"]),
    ],
)
def test_wherever_a_text_stands(document: dict[str, Any], pointers: list[str]) -> None:
    """Alone, in lists, and in objects by any name."""
    found = [*translated(msgspec.convert(document, Toy))]

    assert [at for at, _ in found] == pointers
    assert all(text in ({"en": "x"}, {}) for _, text in found)


class Pair(NamedTuple):
    """Not how a part of a document is declared."""

    leaf: Leaf


@pytest.mark.parametrize(
    "container",
    [
        list[Leaf],
        list[Text],
        frozenset[Leaf],
        tuple[int, Leaf],
        Pair,
        dict[str, list[Leaf]],
        tuple[list[Text], ...],
        int | list[Leaf] | None,
        Named | list[Named],
    ],
    ids=str,
)
def test_a_container_that_is_not_looked_into(container: Any) -> None:
    """It is told at once, with nothing in it, and not by the first text that goes unchecked."""
    odd = msgspec.defstruct("Odd", [("parts", container, None)], frozen=True)

    with pytest.raises(TypeError, match=r"^Odd\.parts may hold texts in a "):
        [*translated(odd())]
