"""
Every way in which a value does not fit a type, each with its JSON pointer and what to do about it.

The walk follows msgspec's own description of the type; it explains refusals and never makes one.
Only what was refused is walked, so only then is this imported.  One module because the steps of
the walk call one another: a value is in an object, a list or a union, and may be one itself.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Callable, Hashable, Iterator
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import inspect as shapes

from chalicelib.domain.pointer import escape_pointer
from chalicelib.domain.spelling import NOT_BLANK, VISIBLE, nearest
from chalicelib.domain.violations import Violation

_MSGSPEC_PATH: Final = re.compile(r" - at `(?:key in )?`?\$(?P<path>[^`]*)`")
_PATH_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")

_DECIMAL: Final = "a decimal number"
_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, _DECIMAL),  # nosemgrep: float-money - a kind of value that JSON has
    (str, "a string"),
    (list, "a list"),
    (dict, "an object"),
    (type(None), "null"),
)
_TEXTUAL: Final = (
    shapes.StrType,
    shapes.DateTimeType,
    shapes.DateType,
    shapes.TimeType,
    shapes.TimeDeltaType,
    shapes.UUIDType,
    shapes.DecimalType,
    shapes.BytesType,
)
LISTS: Final = (
    shapes.ListType,
    shapes.SetType,
    shapes.FrozenSetType,
    shapes.VarTupleType,
)
_WANTED: Final[dict[type[shapes.Type], str]] = {
    shapes.StrType: "a string",
    shapes.IntType: "a whole number",
    shapes.FloatType: "a number",
    shapes.BoolType: "true or false",
    shapes.NoneType: "null",
    shapes.DateTimeType: "an RFC 3339 instant such as 2026-03-01T09:30:00Z",
    shapes.DateType: "a date such as 2026-03-01",
    shapes.StructType: "an object",
    shapes.DictType: "an object",
    shapes.ListType: "a list",
    shapes.VarTupleType: "a list",
    shapes.SetType: "a list",
    shapes.FrozenSetType: "a list",
}


@cache
def shape_of(declared: Hashable) -> shapes.Type:
    """Return the description by msgspec of a type, kept for the next time."""
    return shapes.type_info(declared)


def unwrap(shape: shapes.Type) -> shapes.Type:
    """Return the shape without its annotations."""
    while isinstance(shape, shapes.Metadata):
        shape = shape.type
    return shape


def _described(shape: shapes.Type) -> str | None:
    """Return what a declaration says of its values, such as in which units they are."""
    while isinstance(shape, shapes.Metadata):
        said = (shape.extra_json_schema or {}).get("description")
        if said is not None:
            return str(said).removesuffix(".")
        shape = shape.type
    return None


def _remedy(shape: shapes.Type) -> str | None:
    """
    Return what to write instead of a value of the right kind that is out of bounds.

    It is the ``remedy`` that the declaration has, `Meta(extra={"remedy": …})`, or for a text that
    does not match a pattern the description of what belongs there, if it says more than that it
    must not be blank.
    """
    while isinstance(shape, shapes.Metadata):
        said = (shape.extra or {}).get("remedy")
        if said is None and isinstance(unwrap(shape), shapes.StrType):
            said = (shape.extra_json_schema or {}).get("description")
        if said is not None and said != NOT_BLANK:
            return str(said).removesuffix(".")
        shape = shape.type
    return None


def from_msgspec(error: msgspec.ValidationError) -> Violation:
    """Return the words of msgspec itself, for what only a Struct's own checks can see."""
    message = str(error)
    match = _MSGSPEC_PATH.search(message)
    if match is None:
        return Violation("", message)
    steps = [name or index for name, index in _PATH_STEP.findall(match["path"])]
    pointer = "".join(f"/{escape_pointer(step)}" for step in steps)
    return Violation(pointer, message[: match.start()])


def walk(value: Any, shape: shapes.Type, at: str = "") -> Iterator[Violation]:
    """Return the violations of a value of that declared shape, outermost first, lazily."""
    bare = unwrap(shape)
    step = next((w for kinds, w in _WALKS if isinstance(bare, kinds)), _plain_violations)
    said = _remedy(shape) if isinstance(value, str | int) and _fits(value, bare) else None
    if isinstance(bare, shapes.IntType) and _kind(value) == _DECIMAL:
        said = _described(shape)
    for violation in step(value, bare, at):
        yield Violation(at, f"{violation.detail}: {said}") if said else violation


def _struct_violations(value: Any, shape: shapes.StructType, at: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(at, f"must be an object; got {_kind(value)}: {_form([shape])}")
        return
    fields = {field.encode_name: field for field in shape.fields}
    for name, field in fields.items():
        if name in value:
            yield from walk(value[name], field.type, f"{at}/{escape_pointer(name)}")
        elif field.required:
            yield Violation(f"{at}/{escape_pointer(name)}", _required(unwrap(field.type)))
    known = [*fields, shape.tag_field] if shape.tag_field else list(fields)
    if shape.tag_field and value.get(shape.tag_field, shape.tag) != shape.tag:
        yield Violation(
            f"{at}/{escape_pointer(shape.tag_field)}", f"must be {_one_of([shape.tag])}"
        )
    if shape.forbid_unknown_fields:
        yield from _unknown_violations(value, known, at)


def _form(objects: list[shapes.StructType]) -> str:
    """Return how an object is written: what it must have, or else what it may have."""
    first, *others = objects
    names = [field.encode_name for field in first.fields if field.required and not others]
    if first.tag_field:
        names.insert(0, first.tag_field)
    if names:
        return "{" + ", ".join(f'"{name}": …' for name in names) + "}"
    return f"any of {', '.join(f'`{field.encode_name}`' for field in first.fields)}"


def _required(shape: shapes.Type) -> str:
    if isinstance(shape, shapes.LiteralType | shapes.EnumType):
        return f"is required: must be {_one_of(_choices(shape))}"
    return "is required"


def _unknown_violations(value: dict[str, Any], known: list[str], at: str) -> Iterator[Violation]:
    for name in value:
        if name in known:
            continue
        near = nearest(name, known)
        hint = f"; did you mean `{near}`?" if near else ""
        yield Violation(f"{at}/{escape_pointer(name)}", f"is not a known field{hint}")


def _union_violations(value: Any, shape: shapes.UnionType, at: str) -> Iterator[Violation]:
    options = [unwrap(option) for option in shape.types]
    if value is None and any(isinstance(option, shapes.NoneType) for option in options):
        return
    fitting = [option for option in shape.types if _fits(value, unwrap(option))]
    tagged = [o for o in map(unwrap, fitting) if isinstance(o, shapes.StructType) and o.tag_field]
    if len(fitting) == 1:
        yield from walk(value, fitting[0], at)
    elif tagged:
        yield from _tagged_violations(value, tagged, at)
    elif not fitting:
        wanted = dict.fromkeys(_wanted(option) for option in options)
        detail = f"must be {' or '.join(wanted)}; got {_kind(value)}"
        whole = next((o for o in shape.types if isinstance(unwrap(o), shapes.IntType)), None)
        units = _described(whole) if whole is not None and _kind(value) == _DECIMAL else None
        objects = [option for option in options if isinstance(option, shapes.StructType)]
        said = units or (_form(objects) if objects and not isinstance(value, dict) else None)
        yield Violation(at, f"{detail}: {said}" if said else detail)


def _tagged_violations(
    value: dict[str, Any],
    options: list[shapes.StructType],
    at: str,
) -> Iterator[Violation]:
    tag_field = options[0].tag_field or "type"
    by_tag = {option.tag: option for option in options}
    tag = value.get(tag_field)
    if isinstance(tag, str | int) and tag in by_tag:
        yield from _struct_violations(value, by_tag[tag], at)
        return
    wanted = f"must be {_one_of(list(by_tag))}"
    detail = wanted if tag_field in value else f"is required: {wanted}"
    yield Violation(f"{at}/{escape_pointer(tag_field)}", detail)


def _list_violations(value: Any, shape: Any, at: str) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield Violation(at, f"must be a list; got {_kind(value)}")
        return
    yield from _length_violations(len(value), shape, at, "item(s)")
    for index, item in enumerate(value):
        yield from walk(item, shape.item_type, f"{at}/{index}")


def _mapping_violations(value: Any, shape: shapes.DictType, at: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(at, f"must be an object; got {_kind(value)}")
        return
    yield from _length_violations(len(value), shape, at, "key(s)")
    for name, item in value.items():
        here = f"{at}/{escape_pointer(name)}"
        for violation in walk(name, shape.key_type, here):
            yield Violation(here, f"has a key that {violation.detail}")
        yield from walk(item, shape.value_type, here)


def _choice_violations(
    value: Any,
    shape: shapes.LiteralType | shapes.EnumType,
    at: str,
) -> Iterator[Violation]:
    values = _choices(shape)
    if not any(value == each and type(value) is type(each) for each in values):
        yield Violation(at, f"must be {_one_of(values)}")


def _number_violations(
    value: Any,
    shape: shapes.IntType | shapes.FloatType,
    at: str,
) -> Iterator[Violation]:
    whole = isinstance(shape, shapes.IntType)
    # nosemgrep: float-money - a kind of value that JSON has
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        yield Violation(at, f"must be {_wanted(shape)}; got {_kind(value)}")
    elif shape.ge is not None and value < shape.ge:
        yield Violation(at, f"must be at least {shape.ge}")
    elif shape.gt is not None and value <= shape.gt:
        yield Violation(at, f"must be more than {shape.gt}")
    elif shape.le is not None and value > shape.le:
        yield Violation(at, f"must be at most {shape.le}")
    elif shape.lt is not None and value >= shape.lt:
        yield Violation(at, f"must be less than {shape.lt}")
    elif shape.multiple_of is not None and value % shape.multiple_of:
        yield Violation(at, f"must be a multiple of {shape.multiple_of}")


def _string_violations(value: Any, shape: shapes.StrType, at: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield Violation(at, f"must be a string; got {_kind(value)}")
        return
    yield from _length_violations(len(value), shape, at, "character(s)")
    if shape.pattern is not None and not re.search(shape.pattern, value):
        # What keeps a line feed from following is no help to a reader (`programme.fields.whole`).
        shown = shape.pattern.replace(r"(?!\n)", "")
        blank = shape.pattern == VISIBLE
        yield Violation(at, "must not be blank" if blank else f"must match the pattern {shown}")


def _length_violations(length: int, shape: Any, at: str, unit: str) -> Iterator[Violation]:
    if shape.min_length is not None and length < shape.min_length:
        yield Violation(at, f"must have at least {shape.min_length} {unit}; has {length}")
    if shape.max_length is not None and length > shape.max_length:
        yield Violation(at, f"must have at most {shape.max_length} {unit}; has {length}")


def _plain_violations(value: Any, shape: shapes.Type, at: str) -> Iterator[Violation]:
    """Yield what is wrong with types without structure, in our words where we have some."""
    plain = _plain_type(shape)
    if plain is None:
        return
    try:
        msgspec.convert(value, plain)
    except msgspec.ValidationError as error:
        wanted = _WANTED.get(type(shape))
        yield Violation(at, f"must be {wanted}" if wanted else str(error))


def _plain_type(shape: shapes.Type) -> Any:
    if isinstance(shape, shapes.DateTimeType):
        if shape.tz is None:
            return dt.datetime
        return Annotated[dt.datetime, msgspec.Meta(tz=shape.tz)]
    table: dict[type[shapes.Type], Any] = {
        shapes.BoolType: bool,
        shapes.NoneType: type(None),
        shapes.DateType: dt.date,
        shapes.TimeType: dt.time,
        shapes.TimeDeltaType: dt.timedelta,
        shapes.DecimalType: decimal.Decimal,
        shapes.BytesType: bytes,
    }
    return table.get(type(shape))


def _fits(value: Any, shape: shapes.Type) -> bool:
    """Say whether a value's JSON kind is one that the shape could hold."""
    if isinstance(shape, shapes.LiteralType | shapes.EnumType):
        return any(type(value) is type(each) for each in _choices(shape))
    if isinstance(value, bool):
        return isinstance(shape, shapes.BoolType | shapes.AnyType)
    wanted: tuple[type[shapes.Type], ...] = ()
    if isinstance(value, dict):
        wanted = (shapes.StructType, shapes.DictType)
    elif isinstance(value, list):
        wanted = LISTS
    elif isinstance(value, str):
        wanted = _TEXTUAL
    elif isinstance(value, int):
        wanted = (shapes.IntType, shapes.FloatType)
    elif isinstance(value, float):  # nosemgrep: float-money - a kind of value that JSON has
        wanted = (shapes.FloatType,)
    return isinstance(shape, (*wanted, shapes.AnyType))


def _wanted(shape: shapes.Type) -> str:
    if isinstance(shape, shapes.LiteralType | shapes.EnumType):
        return _one_of(_choices(shape))
    return _WANTED.get(type(shape), "another value")


def _choices(shape: shapes.LiteralType | shapes.EnumType) -> list[Any]:
    if isinstance(shape, shapes.EnumType):
        return [member.value for member in shape.cls]
    return list(shape.values)


def _kind(value: Any) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "something else")


def _one_of(values: Any) -> str:
    shown = ", ".join(f"`{value}`" for value in values)
    return shown if len(values) == 1 else f"one of {shown}"


_WALKS: Final[tuple[tuple[Any, Callable[[Any, Any, str], Iterator[Violation]]], ...]] = (
    (shapes.StructType, _struct_violations),
    (shapes.UnionType, _union_violations),
    (LISTS, _list_violations),
    (shapes.DictType, _mapping_violations),
    ((shapes.LiteralType, shapes.EnumType), _choice_violations),
    ((shapes.IntType, shapes.FloatType), _number_violations),
    (shapes.StrType, _string_violations),
)
