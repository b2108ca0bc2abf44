"""
An invalid value read as far as it goes, so that one violation does not hide the others.

Rules about meaning need a document of the right shape.  `salvage` makes one of any JSON value:
what cannot be read is left at its default or stood in for, lists keep their places, and a value
of the right kind that is out of bounds is kept.  It is for finding violations and for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec import inspect as shapes

from chalicelib.domain.shapes import shape_of, unwrap

T = TypeVar("T")


def salvage(value: Any, declared: type[T]) -> T:
    """
    Something of the declared type, whatever ``value`` is.

    Raises ``TypeError`` for a declared type that no programme document uses.
    """
    kind: Any = declared  # mypy takes `type[T]` for something that cannot be hashed
    read: T = _read(value, shape_of(kind))
    return read


def _read(value: Any, shape: shapes.Type) -> Any:
    shape = unwrap(shape)
    try:
        reader = _READERS[type(shape)]
    except KeyError:
        raise TypeError(f"no stand-in is known for {type(shape).__name__}") from None
    return reader(value, shape)


def _struct(value: Any, shape: shapes.StructType) -> Any:
    given = value if isinstance(value, dict) else {}
    return shape.cls(
        **{
            field.name: _read(given.get(field.encode_name), field.type)
            for field in shape.fields
            if field.required or field.encode_name in given
        }
    )


def _union(value: Any, shape: shapes.UnionType) -> Any:
    options = [unwrap(option) for option in shape.types]
    if value is None and any(isinstance(option, shapes.NoneType) for option in options):
        return None
    options = [option for option in options if not isinstance(option, shapes.NoneType)]
    return _read(value, next((o for o in options if _suits(value, o)), options[0]))


def _suits(value: Any, option: shapes.Type) -> bool:
    if isinstance(option, shapes.StructType):
        if not isinstance(value, dict):
            return False
        return option.tag_field is None or value.get(option.tag_field) == option.tag
    kinds = {shapes.StrType: str, shapes.DictType: dict}
    return isinstance(value, kinds.get(type(option), ()))


def _tuple(value: Any, shape: shapes.VarTupleType) -> tuple[Any, ...]:
    items = value if isinstance(value, list) else []
    return tuple(_read(item, shape.item_type) for item in items)


def _dict(value: Any, shape: shapes.DictType) -> dict[str, Any]:
    items = value.items() if isinstance(value, dict) else ()
    return {name: _read(item, shape.value_type) for name, item in items}


def _literal(value: Any, shape: shapes.LiteralType) -> Any:
    return value if isinstance(value, type(shape.values[0])) else shape.values[0]


def _bool(value: Any, _: shapes.BoolType) -> bool:
    return value is True


def _int(value: Any, shape: shapes.IntType) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return shape.ge or 0


def _str(value: Any, _: shapes.StrType) -> str:
    return value if isinstance(value, str) else ""


_READERS: Final[dict[type[shapes.Type], Callable[[Any, Any], Any]]] = {
    shapes.StructType: _struct,
    shapes.UnionType: _union,
    shapes.VarTupleType: _tuple,
    shapes.DictType: _dict,
    shapes.LiteralType: _literal,
    shapes.BoolType: _bool,
    shapes.IntType: _int,
    shapes.StrType: _str,
}
