"""
Parsed values to declared Structs, with every problem named, not only the first.

msgspec converts strictly and decides alone what is acceptable; it stops at the first fault.  Only
when it refuses are the value and the type walked side by side to collect every fault with its
JSON pointer and what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from functools import cache
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect as shapes

from chalicelib.domain.faults import LISTS, Fault, unwrap, walk
from chalicelib.domain.pointer import escape_pointer

FAULTS_MAX: Final = 100

T = TypeVar("T")

_MSGSPEC_PATH: Final = re.compile(r" - at `(?:key in )?`?\$(?P<path>[^`]*)`")
_PATH_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class Refused(Exception):
    """The value does not fit the type; ``faults`` is never empty."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} fault(s)")
        self.faults = faults


def convert(value: Any, declared: type[T]) -> T:
    """
    ``value`` as ``declared``, strictly.

    Raises:
        Refused: it does not fit; every fault that can be told is listed, at most 100.
    """
    kind: Any = declared  # mypy takes `type[T]` for something that cannot be hashed
    try:
        return msgspec.convert(value, declared)
    except msgspec.ValidationError as error:
        found = list(islice(walk(value, shape_of(kind)), FAULTS_MAX))
        raise Refused(found or [_told_by_msgspec(error)]) from None


@cache
def shape_of(declared: Hashable) -> shapes.Type:
    """The description by msgspec of a type, kept for the next time."""
    return shapes.type_info(declared)


def lenient_structs(declared: Any) -> list[str]:
    """The names of Structs reachable from ``declared`` that accept unknown fields."""
    return sorted(
        {
            shape.cls.__name__
            for shape in _reachable(shape_of(declared), set())
            if isinstance(shape, shapes.StructType) and not shape.forbid_unknown_fields
        },
    )


def _reachable(shape: shapes.Type, seen: set[int]) -> Iterator[shapes.Type]:
    shape = unwrap(shape)
    if id(shape) in seen:
        return
    seen.add(id(shape))
    yield shape
    inner: tuple[shapes.Type, ...] = ()
    if isinstance(shape, shapes.StructType):
        inner = tuple(field.type for field in shape.fields)
    elif isinstance(shape, shapes.UnionType):
        inner = shape.types
    elif isinstance(shape, LISTS):
        inner = (shape.item_type,)
    elif isinstance(shape, shapes.DictType):
        inner = (shape.key_type, shape.value_type)
    for each in inner:
        yield from _reachable(each, seen)


def _told_by_msgspec(error: msgspec.ValidationError) -> Fault:
    """The words of msgspec itself, for what only a Struct's own checks can see."""
    message = str(error)
    match = _MSGSPEC_PATH.search(message)
    if match is None:
        return Fault("", message)
    steps = [name or index for name, index in _PATH_STEP.findall(match["path"])]
    pointer = "".join(f"/{escape_pointer(step)}" for step in steps)
    return Fault(pointer, message[: match.start()])
