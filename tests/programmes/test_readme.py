"""The page on writing programmes says what is true: its blocks are valid, its tables complete."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import Problem, validate
from chalicelib.domain.programme import conditions
from chalicelib.domain.programme.condition_grammar import FUNCTIONS, LINE_FIELDS, MACROS
from chalicelib.schemas import PROGRAMME

PAGE: Final = PROGRAMME.file.with_name("README.md").read_text("utf-8")
BLOCKS: Final = re.findall(r"^```([a-z ]+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PARTS: Final[list[dict[str, Any]]] = [
    json.loads(text) for language, text in BLOCKS if language == "json"
]
TIERS: Final = next(part for part in PARTS if "levels" in part)
HOST: Final = {**next(part for part in PARTS if "currencies" in part), "tiers": TIERS}
PHRASES: Final[list[str]] = re.findall(
    r"^\| [^|`]+ \| `(.+?)` \|$",
    PAGE.partition("| To say |")[2].partition("## What validation says")[0],
    re.MULTILINE,
)


def block(language: str) -> str:
    """The one block of that language."""
    found: str
    (found,) = (text for known, text in BLOCKS if known == language)
    return found


def listed(problems: tuple[Problem, ...]) -> str:
    """Problems as the page shows them."""
    return "".join(f"{problem.pointer}\n    {problem.detail}\n" for problem in problems)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.get("id", "tiers"))
def test_a_block_is_valid(part: dict[str, Any]) -> None:
    """A whole document stands alone; a rule, a ladder and a reward fit the first document."""
    if "currencies" in part:
        document = part
    elif "award" in part:
        document = {**HOST, "earning": [part]}
    elif "price" in part:
        document = {**HOST, "rewards": [part]}
    else:
        document = HOST

    assert validate(document).problems == ()


def test_every_block_is_looked_at() -> None:
    """The page has the blocks that this test knows how to read, and no others."""
    assert {language for language, _ in BLOCKS} == {
        "json",
        "json invalid",
        "text",
        "text warning",
        "text undescribed",
        "sh",
    }
    assert len(PARTS) == 9


def test_the_problems_shown_are_those_of_the_document_shown() -> None:
    """The output for common mistakes is real."""
    assert listed(validate(json.loads(block("json invalid"))).problems) == block("text")


def test_the_warning_shown_is_that_of_the_clinic() -> None:
    """The output for a warning is real."""
    clinic = json.loads(PROGRAMME.file.with_name("clinic.json").read_text("utf-8"))

    assert listed(validate(clinic).warnings) == block("text warning")


def test_w_what_is_undescribed_is_that_of_the_early_visits() -> None:
    """The output for a condition without words is real."""
    early = next(part for part in PARTS if part.get("id") == "early")

    assert listed(validate({**HOST, "earning": [early]}).warnings) == block("text undescribed")


def test_the_names_of_expressions_are_complete() -> None:
    """The table lists every variable with its type, and no other."""
    listed = dict(re.findall(r"(?m)^\| `((?:activity|counted|member)\.\w+)` \| (\w+) \|", PAGE))

    assert listed == conditions.VARIABLES


@pytest.mark.parametrize("name", [*FUNCTIONS, *MACROS, *LINE_FIELDS])
def test_functions_and_the_fields_of_lines_are_listed(name: str) -> None:
    """Whatever an expression may call or read is named."""
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("expression", PHRASES)
def test_the_phrases_compile(expression: str) -> None:
    """Every ready-made expression is accepted as a condition or as a formula."""
    check = conditions.compile_formula if "?" in expression else conditions.compile_condition

    assert check(expression, conditions.scope()).source == expression


@pytest.mark.parametrize(
    "name",
    sorted({name for part in PROGRAMME.schema()["$defs"].values() for name in part["properties"]}),
)
def test_every_field_is_explained(name: str) -> None:
    """The tables of fields leave none out."""
    tables = PAGE.partition("## Every field")[2].partition("## Expressions")[0]

    assert f"`{name}`" in tables or f'"{name}"' in tables
