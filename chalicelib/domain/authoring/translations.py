"""The texts of a document that are given by locale, found by the types of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec import inspect as shapes

from chalicelib.domain.pointer import join
from chalicelib.domain.shapes import shape_of, unwrap


def translated(document: Struct) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every text of a document that is given by locale, with its pointer."""
    yield from _within(document, shape_of(type(document)), "")


def _within(value: Any, shape: shapes.Type, at: str) -> Iterator[tuple[str, dict[str, str]]]:
    if not isinstance(value, Struct | tuple | dict):
        return
    bare = unwrap(shape)
    kinds = [unwrap(each) for each in bare.types] if isinstance(bare, shapes.UnionType) else [bare]
    for kind in kinds:
        if isinstance(kind, shapes.StructType) and isinstance(value, kind.cls):
            for field in kind.fields:
                yield from _part(value, field.name, field.type, at)
        elif isinstance(kind, shapes.VarTupleType) and isinstance(value, tuple):
            for place, item in enumerate(value):
                yield from _within(item, kind.item_type, join(at, place))
    # A text is a string, or one for each locale; other objects are never a string instead.
    if isinstance(value, dict) and any(isinstance(kind, shapes.StrType) for kind in kinds):
        yield at, value


def _part(
    value: Struct, name: str, shape: shapes.Type, at: str
) -> Iterator[tuple[str, dict[str, str]]]:
    part = getattr(value, name)
    # Most fields are numbers and words, which hold nothing.
    if isinstance(part, Struct | tuple | dict):
        yield from _within(part, shape, join(at, name))
