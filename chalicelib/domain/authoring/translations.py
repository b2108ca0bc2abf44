"""The texts of a document that are given by locale, found by the types of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec import inspect as shapes

from chalicelib.domain.pointer import join
from chalicelib.domain.shapes import shape_of, unwrap


def translated(document: Struct) -> Iterator[tuple[str, dict[str, str]]]:
    """
    Yield every text of a document that is given by locale, with its pointer.

    Raises `TypeError` for a field that may hold texts in a container that is not looked into, such
    as a ``list``, whatever is in it.
    """
    yield from _within(document, shape_of(type(document)), "")


def _within(value: Any, shape: shapes.Type, at: str) -> Iterator[tuple[str, dict[str, str]]]:
    if isinstance(value, dict) and _is_text(shape):
        yield at, value
        return
    for token, part, declared in _parts(value, shape):
        yield from _within(part, declared, join(at, token))


def _parts(value: Any, shape: shapes.Type) -> Iterator[tuple[str | int, Any, shapes.Type]]:
    """Yield what is in a value that may hold texts: its token in a pointer, itself, its shape."""
    if isinstance(value, Struct):
        for name, declared in _fields(type(value)):
            yield name, getattr(value, name), declared
        return
    for kind in _kinds(shape):
        if isinstance(kind, shapes.VarTupleType) and isinstance(value, tuple):
            for place, item in enumerate(value):
                yield place, item, kind.item_type
        elif isinstance(kind, shapes.DictType) and isinstance(value, dict):
            for name, item in value.items():
                yield name, item, kind.value_type


@cache
def _fields(kind: type[Struct]) -> tuple[tuple[str, shapes.Type], ...]:
    """Return the fields of a Struct that may hold texts, with their shapes; most hold none."""
    described: Any = shape_of(kind)
    return tuple(
        (each.name, each.type)
        for each in described.fields
        if _holds(each.type, f"{kind.__name__}.{each.name}")
    )


def _holds(shape: shapes.Type, field: str) -> bool:
    """Tell whether a value of a shape may hold texts."""
    # All are asked, since each may be one that is not looked into.
    return _is_text(shape) or True in [_kind_holds(kind, field) for kind in _kinds(shape)]


def _kind_holds(kind: shapes.Type, field: str) -> bool:
    if isinstance(kind, shapes.StructType):
        return True
    if isinstance(kind, shapes.VarTupleType):
        return _holds(kind.item_type, field)
    if isinstance(kind, shapes.DictType):
        return _holds(kind.value_type, field)
    if any(_holds(each, field) for each in _below(kind)):
        raise TypeError(f"{field} may hold texts in a {type(kind).__name__}: not looked into")
    return False


def _below(kind: shapes.Type) -> Iterator[shapes.Type]:
    """Yield the shapes of what is in a value of a shape, whichever it is."""
    for name in kind.__struct_fields__:
        part = getattr(kind, name)
        for each in part if isinstance(part, tuple) else (part,):
            shape = each.type if isinstance(each, shapes.Field) else each
            if isinstance(shape, shapes.Type):
                yield shape


def _kinds(shape: shapes.Type) -> list[shapes.Type]:
    """Return what a value of a declared shape may be."""
    bare = unwrap(shape)
    return [unwrap(each) for each in bare.types] if isinstance(bare, shapes.UnionType) else [bare]


def _is_text(shape: shapes.Type) -> bool:
    """Tell whether a shape is a text: a string, or one for each locale."""
    kinds = _kinds(shape)
    # Other objects are never a string instead.
    return {shapes.StrType, shapes.DictType} <= set(map(type, kinds))
