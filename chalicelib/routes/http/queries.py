"""
Query strings to declared Structs: each parameter once, known, and of its type.

Booleans are ``true`` or ``false``, integers plain decimal; a parameter may be repeated only where
the Struct declares a list.  Every violation is listed by the name of its parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec import inspect as shapes

from chalicelib.domain.conversion import Refused, convert
from chalicelib.domain.errors import Invalid
from chalicelib.domain.shapes import shape_of, unwrap
from chalicelib.routes.http.operation import Query
from chalicelib.routes.http.parsing import normalised

VALUE_LENGTH_MAX: Final = 2048
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_BOOLEANS: Final = {"true": True, "false": False}

Q = TypeVar("Q", bound=Query)


def parse_query(given: Mapping[str, Sequence[str]], declared: type[Q] | None) -> Q | None:
    """
    Return the parameters as ``declared``; nothing when the operation declares no query.

    Raises `Invalid` ``invalid_query`` with ``errors: [{parameter, detail}]``.
    """
    fields = _fields(declared)
    violations = [_unknown(name, fields) for name in given if name not in fields]
    values: dict[str, Any] = {}
    for name in given.keys() & fields.keys():
        value, detail = _value(given[name], fields[name])
        values[name] = value
        if detail:
            violations.append({"parameter": name, "detail": detail})
    if declared is None:
        query = None
    else:
        sound = values.keys() - {violation["parameter"] for violation in violations}
        query, more = _converted({name: values[name] for name in sound}, declared)
        said = {violation["parameter"] for violation in violations}
        violations += [violation for violation in more if violation["parameter"] not in said]
    if violations:
        violations.sort(key=lambda violation: violation["parameter"])
        raise Invalid(
            "invalid_query", "The query breaks the schema; see errors.", errors=violations
        )
    return query


def _fields(declared: type[Query] | None) -> dict[str, shapes.Type]:
    if declared is None:
        return {}
    shape = shape_of(declared)
    assert isinstance(shape, shapes.StructType)  # noqa: S101 - by the type of `declared`
    return {field.encode_name: _without_null(field.type) for field in shape.fields}


def _without_null(shape: shapes.Type) -> shapes.Type:
    shape = unwrap(shape)
    if isinstance(shape, shapes.UnionType):
        others = [unwrap(o) for o in shape.types if not isinstance(unwrap(o), shapes.NoneType)]
        return others[0] if len(others) == 1 else shape
    return shape


def _unknown(name: str, fields: Mapping[str, object]) -> dict[str, str]:
    shown = (normalised(name) or "?")[:64]
    known = ", ".join(f"`{field}`" for field in fields)
    hint = f"use {known}" if known else "this operation takes none"
    return {"parameter": shown, "detail": f"is not a known parameter; {hint}"}


def _value(given: Sequence[str], shape: shapes.Type) -> tuple[Any, str | None]:
    """Return the value for the Struct, or what is wrong with it."""
    if isinstance(shape, shapes.ListType | shapes.VarTupleType | shapes.FrozenSetType):
        items = [_scalar(text, _without_null(shape.item_type)) for text in given]
        return [value for value, _ in items], next((d for _, d in items if d), None)
    if len(given) != 1:
        return None, "must be given once"
    return _scalar(given[0], shape)


def _scalar(text: str, shape: shapes.Type) -> tuple[Any, str | None]:
    value = normalised(text)
    if value is None or len(value) > VALUE_LENGTH_MAX:
        return None, f"must be at most {VALUE_LENGTH_MAX} ordinary characters"
    if isinstance(shape, shapes.BoolType):
        return _BOOLEANS.get(value), None if value in _BOOLEANS else "must be `true` or `false`"
    if isinstance(shape, shapes.IntType):
        whole = _INTEGER.fullmatch(value)
        return (int(value), None) if whole else (None, "must be a whole number")
    return value, None


def _converted(
    values: dict[str, Any],
    declared: type[Q],
) -> tuple[Q | None, list[dict[str, str]]]:
    try:
        return convert(values, declared), []
    except Refused as refused:
        return None, [
            {"parameter": pointer.partition("/")[2].partition("/")[0], "detail": detail}
            for pointer, detail in refused.violations
        ]
