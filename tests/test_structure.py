"""How the code is cut: modules keep their private names, and none is long without a reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import chalicelib

ROOT: Final = Path(chalicelib.__file__).parent
SOURCES: Final = sorted(ROOT.rglob("*.py"))
#: A module of so many lines has to say in its docstring why it is one.
LONG: Final = 350
_REASON: Final = re.compile(r"(?:^|\.\s+|\n\n)One module because \S")


def is_private(name: str) -> bool:
    """Tell whether a name is of its module alone."""
    return name.startswith("_") and not name.startswith("__")


def borrowed(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a module takes from others of ours, as it writes them."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            ours = [each for each in node.names if each.name.split(".")[0] == chalicelib.__name__]
            modules |= {each.asname or each.name for each in ours}
        elif isinstance(node, ast.ImportFrom) and _is_ours(node):
            for each in node.names:
                modules.add(each.asname or each.name)
                if is_private(each.name):
                    yield f"from {node.module} import {each.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = ast.unparse(node.value)
            if owner in modules:
                yield f"{owner}.{node.attr}"


def is_long_without_a_reason(text: str) -> bool:
    """Tell whether the text of a module is long, and its docstring does not say why."""
    docstring = ast.get_docstring(ast.parse(text)) or ""
    return len(text.splitlines()) >= LONG and not _REASON.search(docstring)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_private_names_stay_in_their_module(path: Path) -> None:
    """What others use has a public name."""
    assert list(borrowed(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_long_module_says_why_it_is_one(path: Path) -> None:
    """From 350 lines on, a sentence of its docstring begins with "One module because"."""
    assert not is_long_without_a_reason(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            "from chalicelib.domain.ledger.lots import _find",
            ["from chalicelib.domain.ledger.lots import _find"],
        ),
        ("from . import _lots", ["from None import _lots"]),
        ("def f():\n    from chalicelib.store import _x as y", ["from chalicelib.store import _x"]),
        ("from chalicelib.domain.ledger import lots\nlots._find()", ["lots._find"]),
        ("from chalicelib.domain.ledger import lots as l\nl._find", ["l._find"]),
        (
            "import chalicelib.domain.ledger.lots\nchalicelib.domain.ledger.lots._a",
            ["chalicelib.domain.ledger.lots._a"],
        ),
        ("from chalicelib.domain.ledger.lots import Lot\nLot._hidden", ["Lot._hidden"]),
        ("from chalicelib.domain.ledger.lots import find\nfind()._x", []),
        ("from chalicelib.domain.ledger.lots import Lot\nLot.__name__", []),
        ("from os import _exit\nimport sys\nsys._getframe()", []),
        ("_mine = 1\nclass A:\n    def f(self):\n        return self._x + _mine", []),
    ],
)
def test_a_borrowed_name_is_found(source: str, found: list[str]) -> None:
    """However a module takes it; what is its own, or of a library, is none."""
    assert list(borrowed(ast.parse(source))) == found


@pytest.mark.parametrize(
    ("docstring", "reasoned"),
    [
        ("One module because it is one list.", True),
        ("Events.\n\nOne module because it is one list.", True),
        ("Events. One module because it is one list.", True),
        ("Events.", False),
        ("Events.\n\nOne module because", False),
        ("Events, in one module because it is one list.", False),
    ],
)
def test_a_reason_is_a_sentence(docstring: str, *, reasoned: bool) -> None:
    """A long module without it is refused, a short one never."""
    opening = f'"""{docstring}"""\n'
    filled = opening + "pass\n" * (LONG - opening.count("\n"))

    assert is_long_without_a_reason(filled) == (not reasoned)
    assert not is_long_without_a_reason(filled.removesuffix("pass\n"))


def _is_ours(node: ast.ImportFrom) -> bool:
    return node.level > 0 or str(node.module).split(".")[0] == chalicelib.__name__
