"""How the code is cut and named: modules, private names, names given up, docstrings."""

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


#: Names that code had once and that have better ones now: none of them comes back.
OLD: Final = re.compile(
    r"\b(?:Draft|Shelf|Occasion|Retraction|Beside|Growth|_Side|unheard|Stretch|STRETCH|let_go"
    r"|by_itself|parting|frees|declined|overdraw|look_up|PLACES|Standing|standing|judged"
    r"|load_pair|passed_on)\b"
)
#: Words with which no imperative sentence begins.
_NO_VERB: Final = re.compile(
    r"(?:A|All|An|Each|Every|How|It|None|Nothing|One|That|The|Those|What|Where|Whether|Which|Who"
    r"|Why|[A-Z][a-z]*[^su\W]s)\b"
)
_SECTION: Final = re.compile(r"(?m)^\s*(?:Args|Raises|Returns|Yields):$")


def names(tree: ast.AST) -> Iterator[str]:
    """Yield every name that code has or gives."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def foreign_docstrings(tree: ast.AST) -> Iterator[str]:
    """Yield docstrings of functions that begin with no imperative, or have sections."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or any(
            "property" in ast.unparse(each) for each in node.decorator_list
        ):
            continue
        said = ast.get_docstring(node) or ""
        if said and (not said[0].isupper() or _NO_VERB.match(said) or _SECTION.search(said)):
            yield f"{node.name}: {said.splitlines()[0]}"


def test_names_and_docstrings_are_of_one_kind() -> None:
    """No name that was given up comes back, and a function's docstring says what it does."""
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text("utf-8"))
        found += [f"{path}: {name}" for name in names(tree) if OLD.fullmatch(name)]
        found += [f"{path}: {said}" for said in foreign_docstrings(tree)]

    assert found == []


@pytest.mark.parametrize(
    ("said", "foreign"),
    [
        ("Return it.", False),
        ("Press the button.", False),
        ("Returns it.", True),
        ("Every one.", True),
        ("``value`` as it is.", True),
        ("Do it.\n\n    Raises:\n        ValueError: never.\n    ", True),
        ("Do it.\n\n    Raises `ValueError` never.\n    ", False),
    ],
)
def test_a_docstring_of_another_kind_is_found(said: str, foreign: bool) -> None:  # noqa: FBT001
    """One begins with an imperative, and says what it raises in a sentence."""
    tree = ast.parse(f'def a():\n    """{said}"""\n')

    assert bool(list(foreign_docstrings(tree))) == foreign
