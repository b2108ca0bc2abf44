"""
What is done to a valid body: to its values, to its text, to its bytes.

A mutated body may hold what Python's JSON cannot write (a number of 400 digits, NaN, a key given
twice); such parts stand as marks in the tree and are put into the text.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.fuzz import corpus

Place = tuple[Any, Any]  # a dict or list, and a key or index of it

# Of a private area: nothing in the corpus has them.
_MARK: Final = "\ue000"
_AGAIN: Final = "\ue001"
_NUMBER: Final = re.compile(f'"{_MARK}([^"]*){_MARK}"')
_WIDE: Final = re.compile(r"[^\x00-\x7f]")
_EXPRESSIONS: Final = frozenset({"when", "expression"})


def mutated(body: Any, rng: random.Random) -> Any:
    """Return a JSON value with one or a few of its parts replaced, removed or added, in place."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        places = list(_places(body))
        if not places:
            return rng.choice(corpus.OTHERS)
        holder, at = rng.choice(places)
        if at in _EXPRESSIONS and rng.random() < 0.7:
            holder[at] = rng.choice(corpus.EXPRESSIONS)
        else:
            rng.choice(_MUTATIONS)(holder, at, rng)
    return body


def written(body: Any, rng: random.Random, *, odd: bool) -> bytes:
    """Return the text of a value; an ``odd`` one is damaged in some way."""
    text = json.dumps(body, ensure_ascii=False)
    text = _NUMBER.sub(r"\1", text).replace(_AGAIN, "")
    if rng.random() < 0.5:
        text = _WIDE.sub(lambda match: json.dumps(match[0])[1:-1], text)
    # A lone surrogate has no bytes in UTF-8, and is sent nevertheless.
    raw = text.encode("utf-8", "surrogatepass")
    return rng.choice(_DAMAGES)(raw, rng) if odd else raw


def _number(rng: random.Random) -> str:
    return f"{_MARK}{rng.choice(corpus.NUMBERS)}{_MARK}"


def _places(value: Any) -> Iterator[Place]:
    if isinstance(value, dict):
        for key in value:
            yield value, key
            yield from _places(value[key])
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value, index
            yield from _places(value[index])


def _put_text(holder: Any, at: Any, rng: random.Random) -> None:
    holder[at] = rng.choice(corpus.TEXTS)


def _put_number(holder: Any, at: Any, rng: random.Random) -> None:
    holder[at] = _number(rng)


def _put_other(holder: Any, at: Any, rng: random.Random) -> None:
    holder[at] = copy.deepcopy(rng.choice(corpus.OTHERS))


def _nudge(holder: Any, at: Any, rng: random.Random) -> None:
    """Change a value by a little: this finds limits."""
    value = holder[at]
    if isinstance(value, bool):
        holder[at] = not value
    elif isinstance(value, int):
        holder[at] = rng.choice((value + 1, value - 1, -value, value * 10**6, 0))
    elif isinstance(value, str) and value and not value.startswith(_MARK):
        cut = rng.randrange(len(value) + 1)
        letter = rng.choice(("", "x", " ", "\x00", "é", "😀", "\ud800", value))
        holder[at] = value[:cut] + letter + value[cut:]
    else:
        holder[at] = [value]


def _remove(holder: Any, at: Any, _: random.Random) -> None:
    del holder[at]


def _add(holder: Any, at: Any, rng: random.Random) -> None:
    """Add a field nobody knows, or an element more."""
    value = copy.deepcopy(rng.choice((holder[at], rng.choice(corpus.OTHERS), 1, "x")))
    if isinstance(holder, dict):
        holder[rng.choice((*corpus.TEXTS[:40], "tenant", "points", "tier", "version"))] = value
    else:
        holder.insert(rng.randrange(len(holder) + 1), value)


def _say_twice(holder: Any, at: Any, rng: random.Random) -> None:
    if isinstance(holder, dict):
        holder[f"{at}{_AGAIN}"] = copy.deepcopy(rng.choice((holder[at], 1, "x", None)))
    else:
        holder.extend([holder[at]] * rng.choice((1, 20, 101)))


def _rename(holder: Any, at: Any, rng: random.Random) -> None:
    if isinstance(holder, dict):
        name = rng.choice((str(at).upper(), f"{at} ", f"{at}\x00", rng.choice(corpus.TEXTS)))
        holder[name] = holder.pop(at)


def _wrap(holder: Any, at: Any, rng: random.Random) -> None:
    """Nest a value deeper, below the limit or beyond it."""
    for _ in range(rng.choice((1, 2, 13, 14, 15, 16, 17, 60))):
        holder[at] = {str(at): holder[at]} if rng.random() < 0.5 else [holder[at]]


def _swap(holder: Any, at: Any, rng: random.Random) -> None:
    other = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[at], holder[other] = holder[other], holder[at]


_MUTATIONS: Final[tuple[Callable[[Any, Any, random.Random], None], ...]] = (
    _put_text,
    _put_text,
    _put_number,
    _put_number,
    _put_other,
    _nudge,
    _nudge,
    _nudge,
    _remove,
    _add,
    _say_twice,
    _rename,
    _wrap,
    _swap,
)


def _cut(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _flip(raw: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(raw)
    for _ in range(rng.choice((1, 1, 3))):
        if damaged:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _insert(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    piece = rng.choice(
        (b"\x00", b"\xff", b'"', b"\\", b"{", b"]", b",", b"\n", b"\xed\xa0\x80", b"1e999", b"NaN")
    )
    return raw[:at] + piece + raw[at:]


def _replaced(_: bytes, rng: random.Random) -> bytes:
    return rng.choice(corpus.BODIES)


_DAMAGES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    _cut,
    _flip,
    _flip,
    _insert,
    _insert,
    _replaced,
    _replaced,
    lambda raw, _: raw + raw,
    lambda raw, _: b"\xef\xbb\xbf" + raw,
    lambda raw, _: raw.decode("utf-8", "replace").encode("utf-16"),
    lambda raw, _: b"[" + raw + b"]",
    lambda raw, rng: b" " * rng.choice((1, 65_536 - len(raw) % 65_536, 70_000)) + raw,
    lambda raw, _: raw.replace(b'"', b"'"),
    lambda raw, _: raw.replace(b":", b"\xc2\xa0:"),
)
