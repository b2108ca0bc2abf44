"""Each operator makes the mistakes of its kind, and no others; what is no rule is left alone."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

from tests.mutants.operators import OPERATORS, mutants_of


def made(source: str, operator: str) -> list[str]:
    """Return what an operator makes of a source."""
    found = mutants_of("a.py", source)
    return [each.applied(source) for each in found if each.operator == operator]


MISTAKES: Final = [
    ("boundary", "a < b", ["a <= b"]),
    ("boundary", "a >= (b)", ["a > (b)"]),
    ("boundary", "a <= b < c", ["a < b < c", "a <= b <= c"]),
    ("boundary", "a == b", []),
    ("opposite", "a == b", ["a != b"]),
    ("opposite", "a is not b", ["a is b"]),
    ("opposite", "a is b", ["a is not b"]),
    ("opposite", "a not in b", ["a in b"]),
    ("opposite", "a in b", ["a not in b"]),
    ("arithmetic", "a + b", ["a - b"]),
    ("arithmetic", "(a - b) * c", ["(a + b) * c", "(a - b) // c"]),
    ("arithmetic", "a // b % c", ["a * b % c", "a // b // c"]),
    ("arithmetic", "a += b", ["a -= b"]),
    ("arithmetic", "a + 'b'", []),
    ("arithmetic", "a | b", []),
    ("logic", "a and b or c", ["a or b or c", "a and b and c"]),
    ("negation", "if a and b:\n    pass", ["if not (a and b):\n    pass"]),
    ("negation", "a if not b else c", ["a if (b) else c"]),
    ("negation", "[a for a in b if c]", ["[a for a in b if not (c)]"]),
    ("negation", "if (a\n        and b):\n    c()", ["if (not (a\n        and b)):\n    c()"]),
    ("boolean", "a(b=True)", ["a(b=False)"]),
    ("off_by_one", "a[1:]", ["a[2:]", "a[0:]"]),
    ("off_by_one", "a = True, 'b', 1.5", []),
    ("extreme", "max(a, b)", ["min(a, b)"]),
    ("extreme", "a.max(b)", []),
    ("nothing", "def a():\n    return b", ["def a():\n    return None"]),
    ("nothing", "def a():\n    return None", []),
    ("nothing", "def a():\n    return False", []),
    ("nothing", "def a():\n    return 0", ["def a():\n    return None"]),
    ("nothing", "def a():\n    return True", ["def a():\n    return None"]),
    ("nothing", "def a():\n    return", []),
    ("dropped", "a.add(b)", ["pass"]),
    ("dropped", "a = b(c)", []),
    ("swapped", "a(b, c, d=e)", ["a(c, b, d=e)"]),
    ("swapped", "a(b, c, d)", ["a(c, b, d)", "a(b, d, c)"]),
    ("swapped", "a(b, b)", []),
    ("swapped", "a(*b, c)", []),
    ("swapped", "isinstance(a, b)", []),
    ("swapped", "min(a, b)", []),
]


@pytest.mark.parametrize(("operator", "source", "mutants"), MISTAKES)
def test_an_operator_makes_its_mistakes(operator: str, source: str, mutants: list[str]) -> None:
    """All of them, in the order of the text."""
    assert sorted(made(source, operator)) == sorted(mutants)


@pytest.mark.parametrize(
    "source",
    [
        "def a(b: c[1]) -> d[2]:\n    pass",
        "a: b[1]",
        "@cache(maxsize=256)\ndef a():\n    pass",
        "class A(frozen=True):\n    pass",
        "if TYPE_CHECKING:\n    a(b, c)",
        "raise A('b', 1)",
        "f'{1 + a}'",
        "def words(compose: Composer):\n    return compose(1)",
    ],
)
def test_what_is_no_rule_is_left_alone(source: str) -> None:
    """Types, declarations, refusals, texts and words for members."""
    assert mutants_of("a.py", source) == []


def test_the_table_has_every_operator() -> None:
    """So that no operator is without a row."""
    assert {row[0] for row in MISTAKES} == {operator.__name__ for operator in OPERATORS}


def test_a_mutant_knows_its_place() -> None:
    """Its line, its function, and its lines as a diff; letters of more than a byte do no harm."""
    source = "class Ä:\n    def ö(self):\n        é = 'ü'; return self.ß <= 5\n"
    found = [each for each in mutants_of("a.py", source) if each.operator == "boundary"]

    assert [(each.line, each.function) for each in found] == [(3, "Ä.ö")]
    assert found[0].diff(source) == (
        "-         é = 'ü'; return self.ß <= 5\n+         é = 'ü'; return self.ß < 5"
    )


def test_a_key_outlives_what_stands_around_it() -> None:
    """Lines above do not change it; the same mistake twice in a function has two keys."""
    source = "def a(b):\n    b += c\n    b += c\n"
    keys = [each.key for each in mutants_of("a.py", source)]

    assert len(set(keys)) == 2
    assert [each.key for each in mutants_of("a.py", f"# More.\n\n{source}")] == keys
    assert not {each.key for each in mutants_of("b.py", source)} & set(keys)


def test_every_mutant_of_this_file_is_python() -> None:
    """On a source of some length each mutant parses, and differs."""
    source = Path(__file__).read_text("utf-8")
    for mutant in mutants_of("a.py", source):
        assert mutant.applied(source) != source
        ast.parse(mutant.applied(source))
