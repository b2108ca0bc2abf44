"""Texts that match a regular expression, at random."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final

# The parsed form of an expression is private to Python, but nothing else knows its own syntax.
ops: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

Writer = Callable[[random.Random], str]

_MORE_MAX: Final = 12
_LONG: Final = 200
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F)))
_CATEGORIES: Final = {
    ops.CATEGORY_DIGIT: "0123456789",
    ops.CATEGORY_WORD: "abcXYZ019_",
    ops.CATEGORY_SPACE: " ",
}
_UNBOUNDED: Final = {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}


def matching(pattern: str, rng: random.Random) -> str:
    """Return a text that the pattern matches from end to end; unbounded parts stay short."""
    return _writer(pattern)(rng)


def fits(pattern: str, text: str) -> bool:
    """Tell whether a pattern, as JSON Schema searches for it, is in a text."""
    return re.search(pattern, text) is not None


@cache
def _writer(pattern: str) -> Writer:
    return _sequence(parser.parse(pattern))


def _sequence(parts: Any) -> Writer:
    writers = [_part(op, value) for op, value in parts]
    if len(writers) == 1:
        return writers[0]
    return lambda rng: "".join([writer(rng) for writer in writers])


def _part(op: Any, value: Any) -> Writer:
    if op in _UNBOUNDED:
        return _repeat(*value)
    if op is ops.SUBPATTERN:
        return _sequence(value[-1])
    if op is ops.BRANCH:
        branches = [_sequence(branch) for branch in value[1]]
        return lambda rng: rng.choice(branches)(rng)
    if op in (ops.AT, ops.ASSERT_NOT):
        return lambda _: ""
    letters = _letters(op, value)
    return lambda rng: rng.choice(letters)


def _repeat(least: int, most: int, part: Any) -> Writer:
    letters = _letters(*part[0]) if len(part) == 1 else ""
    writer = _sequence(part)

    def write(rng: random.Random) -> str:
        # The ends are where implementations differ, so they come up often.
        count = rng.choice((least, rng.randint(least, min(most, least + _MORE_MAX))))
        if rng.random() < 0.05:
            count = min(most, _LONG)
        if letters:
            return "".join(rng.choices(letters, k=count))
        return "".join([writer(rng) for _ in range(count)])

    return write


def _letters(op: Any, value: Any) -> str:
    """Return the letters that a part of one letter allows, nothing for any other part."""
    if op is ops.LITERAL:
        return chr(value)
    if op is ops.CATEGORY:
        return _CATEGORIES[value]
    if op is ops.RANGE:
        return "".join(map(chr, range(value[0], value[1] + 1)))
    if op is ops.ANY:
        return _PRINTABLE
    if op is ops.NOT_LITERAL:
        return _PRINTABLE.replace(chr(value), "")
    if op is ops.IN:
        negated = value[0][0] is ops.NEGATE
        named = "".join(_letters(*item) for item in value[negated:])
        return "".join(c for c in _PRINTABLE if c not in named) if negated else named
    return ""
