"""
What of the product's 110 capabilities is there: `tests/requirements.csv`, held against the tests.

``row`` is the number of a capability; ``test`` names what shows it, one after another.  States:
`done`, a test exercises all of it over HTTP; `part`, a test exercises all but what it ``lacks``;
`open`, it is not there yet; `adjacent`, it is another system's, met by events and never built here.
"""

from __future__ import annotations

import ast
import csv
import io
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FILE: Final = ROOT / "tests" / "requirements.csv"
ROWS: Final = list(csv.DictReader(io.StringIO(FILE.read_text("utf-8"))))
STATES: Final = {"done", "part", "open", "adjacent"}


@cache
def declared_in(path: str) -> frozenset[str]:
    """Return the tests of a file: `test_name` and `TestClass::test_name`."""
    found = set()
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            prefix + each.name
            for each in inner
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
        }
    return frozenset(found)


def exists(named: str) -> bool:
    """Tell whether a test of that name is there."""
    path, _, test = named.partition("::")
    return (ROOT / path).is_file() and test in declared_in(path)


def test_every_capability_has_its_row() -> None:
    """There are 110, in order, each in a state that there is."""
    assert [row["row"] for row in ROWS] == [str(number) for number in range(1, 111)]
    assert {row["state"] for row in ROWS} <= STATES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["row"])
def test_what_is_claimed_is_shown(row: dict[str, str]) -> None:
    """What is done, wholly or in part, names tests that exist; what is not names none."""
    named = row["test"].split()

    assert bool(named) is (row["state"] in {"done", "part"})
    assert [test for test in named if not exists(test)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["row"])
def test_a_part_says_what_it_lacks(row: dict[str, str]) -> None:
    """What holds in part says which part does not; of the others there is nothing to say."""
    assert bool(row["lacks"]) is (row["state"] == "part")


def test_a_test_that_is_not_there_is_noticed() -> None:
    """The check itself would fail for a name that leads nowhere."""
    assert exists("tests/test_requirements.py::test_every_capability_has_its_row")
    assert not exists("tests/test_requirements.py::test_of_nothing")
    assert not exists("tests/test_nowhere.py::test_of_nothing")


def test_what_stands_against_attacks_is_shown() -> None:
    """Each of the ten risks names tests that exist."""
    text = (ROOT / "tests" / "README.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| API")]
    named = [re.findall(r"`(tests/[^`]*::[^`]*)`", row) for row in rows]

    assert len(rows) == 10
    assert all(named)
    assert [test for tests in named for test in tests if not exists(test)] == []
