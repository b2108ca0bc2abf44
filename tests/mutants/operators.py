"""
Small mistakes that a programmer makes: each operator finds where one fits a source, and says it.

A mutant replaces a few bytes of the text and leaves its lines as they are, so that what survives
reads as a diff. Left alone is what no test of behaviour can see or what is no rule: annotations,
decorators, declarations of classes, what a refusal says, texts, and words for members.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from msgspec import Struct


class Edit(Struct, frozen=True):
    """These bytes of a source, replaced."""

    start: int
    end: int
    text: str


class Mutant(Struct, frozen=True):
    """One mistake in one module; ``key`` stays the same while its lines and function do."""

    key: str
    path: str
    line: int
    function: str
    operator: str
    edit: Edit

    def applied(self, source: str) -> str:
        """Return the source with the mistake."""
        return _applied(source, self.edit)

    def diff(self, source: str) -> str:
        """Return the lines that differ, as a diff says it."""
        before, after = _lines(source.encode(), self.edit)
        return "\n".join([*(f"- {line}" for line in before), *(f"+ {line}" for line in after)])


_BOUNDARIES: Final = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_OPPOSITES: Final = {
    "==": "!=",
    "!=": "==",
    "is": "is not",
    "is not": "is",
    "in": "not in",
    "not in": "in",
}
_ARITHMETIC: Final = {"+": "-", "-": "+", "*": "//", "//": "*", "%": "//", "**": "*"}
_LOGIC: Final = {"and": "or", "or": "and"}
_EXTREMES: Final = {"min": "max", "max": "min"}
_WORD: Final = re.compile(rb"\b(?:is\s+not|not\s+in|is|in|and|or)\b|[<>=!]=|[<>%]|//|\*\*|[-+*/]")
#: What says which type something is has no order to mistake, nor have those of which one is taken.
_UNORDERED: Final = {"isinstance", "issubclass", "cast", "TypeVar", *_EXTREMES}


class _Text:
    # The positions of a syntax tree are lines and bytes; edits want bytes alone.
    def __init__(self, source: str) -> None:
        self.data = source.encode()
        self.lines = [0]
        for line in self.data.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self.lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        return self.lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def of(self, node: ast.expr) -> str:
        return self.data[self.start(node) : self.end(node)].decode()

    def replaced(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        return Edit(self.start(node), self.end(node), text)

    def between(self, left: ast.expr, right: ast.expr, by: dict[str, str]) -> Iterator[Edit]:
        # What stands between two operands is their operator; parentheses may be around it.
        begin = self.end(left)
        found = _WORD.search(self.data, begin, self.start(right))
        if found and (other := by.get(" ".join(found.group().decode().split()))):
            yield Edit(found.start(), found.end(), other)


def boundary(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Let a comparison hold at its limit, or no longer."""
    return _compared(node, text, _BOUNDARIES)


def opposite(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Take equal for different, inside for outside."""
    return _compared(node, text, _OPPOSITES)


def arithmetic(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Add what is to be subtracted, divide what is to be multiplied."""
    if isinstance(node, ast.BinOp) and not (_is_text(node.left) or _is_text(node.right)):
        yield from text.between(node.left, node.right, _ARITHMETIC)
    if isinstance(node, ast.AugAssign) and not _is_text(node.value):
        yield from text.between(node.target, node.value, _ARITHMETIC)


def logic(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Ask for all where one is enough, for one where all are needed."""
    if isinstance(node, ast.BoolOp):
        for left, right in pairwise(node.values):
            yield from text.between(left, right, _LOGIC)


def negation(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Do it where it is not to be done."""
    tests: list[ast.expr] = []
    if isinstance(node, ast.If | ast.IfExp):
        tests = [node.test]
    elif isinstance(node, ast.comprehension):
        tests = node.ifs
    for test in tests:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            yield text.replaced(test, f"({text.of(test.operand)})")
        else:
            yield text.replaced(test, f"not ({text.of(test)})")


def boolean(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Take true for false."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield text.replaced(node, str(not node.value))


def off_by_one(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Miss a number by one, to either side."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield text.replaced(node, str(node.value + 1))
        yield text.replaced(node, str(node.value - 1))


def extreme(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Take the least for the most."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (other := _EXTREMES.get(node.func.id))
    ):
        yield text.replaced(node.func, other)


def nothing(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Return nothing instead of a value; not of `False`, since nothing counts as false too."""
    value = node.value if isinstance(node, ast.Return) else None
    nothing_yet = isinstance(value, ast.Constant) and (value.value is None or value.value is False)
    if value and not nothing_yet:
        yield text.replaced(value, "None")


def dropped(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Forget to call what does something."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield text.replaced(node, "pass")


def swapped(node: ast.AST, text: _Text) -> Iterator[Edit]:
    """Name two arguments in the wrong order."""
    if not isinstance(node, ast.Call) or _name(node.func) in _UNORDERED:
        return
    for left, right in pairwise(node.args):
        starred = isinstance(left, ast.Starred) or isinstance(right, ast.Starred)
        if not starred and text.of(left) != text.of(right):
            gap = text.data[text.end(left) : text.start(right)].decode()
            both = text.of(right) + gap + text.of(left)
            yield Edit(text.start(left), text.end(right), both)


OPERATORS: Final[tuple[Callable[[ast.AST, _Text], Iterator[Edit]], ...]] = (
    boundary,
    opposite,
    arithmetic,
    logic,
    negation,
    boolean,
    off_by_one,
    extreme,
    nothing,
    dropped,
    swapped,
)


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its text."""
    text = _Text(source)
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for function, node in _places(ast.parse(source), ""):
        for operator in OPERATORS:
            for edit in operator(node, text):
                line = text.data.count(b"\n", 0, edit.start) + 1
                change = repr([[each.strip() for each in part] for part in _lines(text.data, edit)])
                said = f"{path}|{function}|{operator.__name__}|{change}"
                seen[said] += 1
                key = hashlib.sha256(f"{said}|{seen[said]}".encode()).hexdigest()[:10]
                found.append(Mutant(key, path, line, function, operator.__name__, edit))
    return sorted(found, key=lambda each: (each.edit.start, each.edit.end, each.operator, each.key))


def _places(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if _is_left_alone(node, child):
            continue
        inner = function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = f"{function}.{child.name}".lstrip(".")
        yield inner, child
        yield from _places(child, inner)


def _is_left_alone(parent: ast.AST, node: ast.AST) -> bool:
    match parent:
        case ast.AnnAssign():
            typed = node is parent.annotation
        case ast.arg():
            typed = True
        case ast.FunctionDef():
            # Decorators say how it is kept or found, such as the size of a cache.
            typed = node is parent.returns or node in parent.decorator_list
        case ast.ClassDef():
            typed = isinstance(node, ast.keyword)
        case _:
            typed = False
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Raise() | ast.JoinedStr():
            return True
    return typed or _is_wording(node)


def _is_wording(node: ast.AST) -> bool:
    # A sentence for members is held by the tests of the programme in words.
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(each.annotation, ast.Name) and each.annotation.id == "Composer"
        for each in node.args.args
    )


def _compared(node: ast.AST, text: _Text, by: dict[str, str]) -> Iterator[Edit]:
    if isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        for left, right in pairwise(operands):
            yield from text.between(left, right, by)


def _is_text(node: ast.AST) -> bool:
    texts = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return texts or isinstance(node, ast.JoinedStr | ast.Tuple | ast.List)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _applied(source: str, edit: Edit) -> str:
    data = source.encode()
    return (data[: edit.start] + edit.text.encode() + data[edit.end :]).decode()


def _lines(data: bytes, edit: Edit) -> tuple[list[str], list[str]]:
    # Whole lines around the edit, as they are and as they become.
    begin = data.rfind(b"\n", 0, edit.start) + 1
    end = data.find(b"\n", edit.end)
    end = len(data) if end < 0 else end
    after = data[begin : edit.start] + edit.text.encode() + data[edit.end : end]
    return data[begin:end].decode().split("\n"), after.decode().split("\n")
