"""Every text of a document has locales, whichever mechanic it is of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import validate
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
