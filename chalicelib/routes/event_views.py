"""
What the ledger shows of an event's payload: its fields, by the payloads' own types.

A new kind of event is shown without an edit here.  Its payload says what is not shown as it is
(`events.Shown`); what is sealed is no part of a payload.  A field that holds another Struct is
shown by that one's plain fields, and several of them as a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

from msgspec import NODEFAULT, UNSET, Struct, UnsetType, defstruct
from msgspec.structs import FieldInfo, fields

from chalicelib.domain.ledger.events import Data, Shown
from chalicelib.routes.http.fields import MemberId

#: What the view of an event shows in a way of its own.
APART: Final = frozenset({"activity", "awards", "at_risk"})
#: A currency of a payload is qualified: `clinic/points` is shown as programme and currency.
_CURRENCY: Final = "currency"
_AS_IT_IS: Final = Shown()


class _Field(NamedTuple):
    """A field as it is shown: where it is in the payload, and where within what is there."""

    name: str
    place: str
    within: str
    type: Any
    default: Any
    many: type[Struct] | None = None


def about(data: Data) -> EventDataView:
    """Return what an event is about; what is as it usually is, is left out."""
    shown: dict[str, Any] = {}
    for each in _fields(type(data)):
        value = getattr(data, each.place)
        if each.within:
            value = getattr(value, each.within)
        if value == each.default:
            continue
        if each.name == _CURRENCY:
            shown["programme"], _, value = value.partition("/")
        elif each.many is not None:
            value = [_part(each.many, one) for one in value]
        shown[each.name] = value
    return EventDataView(**shown)


def _part(view: type[Struct], one: Struct) -> Struct:
    return view(**{name: getattr(one, name) for name in view.__struct_fields__})


@cache
def _fields(payload: type[Struct]) -> tuple[_Field, ...]:
    """Return the fields of a payload as they are shown."""
    found = []
    for each in fields(payload):
        if each.name in APART:
            continue
        if _is_struct(each.type):
            found += [_field(inner, each.name) for inner in _plain_fields(each.type)]
        elif (many := _several(each.type)) is not None:
            view = _view_of(many)
            listed = list[view]  # type: ignore[valid-type]
            found.append(_Field(each.name, each.name, "", listed, _default(each), view))
        elif not _shown(each.type).nobody:
            found.append(_field(each))
    return tuple(found)


def _field(declared: FieldInfo, within: str = "") -> _Field:
    name = f"{declared.name}_id" if _shown(declared.type).id else declared.name
    places = (within, declared.name) if within else (declared.name, "")
    shown = _without_null(declared.type)
    if _shown(declared.type).of == "member":
        shown = MemberId
    return _Field(name, *places, shown, _default(declared))


def _default(declared: FieldInfo) -> Any:
    made = declared.default_factory
    return declared.default if made is NODEFAULT else made()


def _plain_fields(struct: type[Struct]) -> Iterator[FieldInfo]:
    """Yield the fields of a Struct that hold no other one, but for what nobody is shown."""
    for each in fields(struct):
        others = [each.type, *get_args(each.type)]
        if not any(map(_is_struct, others)) and not _shown(each.type).nobody:
            yield each


@cache
def _view_of(struct: type[Struct]) -> type[Struct]:
    """Return the Struct as which one of several is shown."""
    plain = [(each.name, _without_null(each.type)) for each in _plain_fields(struct)]
    return _made(f"{struct.__name__}View", struct.__doc__, plain)


def _made(name: str, text: str | None, declared: list[Any]) -> type[Struct]:
    return defstruct(name, declared, frozen=True, module=__name__, namespace={"__doc__": text})


def _several(declared: Any) -> type[Struct] | None:
    parts = get_args(declared)
    return parts[0] if get_origin(declared) is tuple and _is_struct(parts[0]) else None


def _is_struct(declared: Any) -> bool:
    return isinstance(declared, type) and issubclass(declared, Struct)


def _shown(declared: Any) -> Shown:
    """Return how a type, or what several of are in a tuple, says that it is shown."""
    if get_origin(declared) is tuple:
        declared = get_args(declared)[0]
    if get_origin(declared) is not Annotated:
        return _AS_IT_IS
    said: Shown = (declared.__metadata__[0].extra or {}).get("shown", _AS_IT_IS)
    return said


def _without_null(declared: Any) -> Any:
    """Return a type without null: what there is not is left out."""
    if get_origin(declared) in {Union, UnionType}:
        return Union[tuple(each for each in get_args(declared) if each is not type(None))]  # noqa: UP007 - of a list that is derived
    return declared


def _declared() -> list[Any]:
    """Return every field that some payload has, of all the types that it has there."""
    types: dict[str, list[Any]] = {"programme": [str]}
    for payload in get_args(Data):
        for each in _fields(payload):
            types.setdefault(each.name, []).append(each.type)
    return [(name, Union[(*several, UnsetType)], UNSET) for name, several in sorted(types.items())]


if TYPE_CHECKING:

    class EventDataView(Struct, frozen=True):
        """What an event is about."""

else:
    EventDataView = _made(
        "EventDataView",
        """
        What an event is about, by its kind: each has those fields that say something of it.

        What `currencies` and `grants` name is qualified: `clinic/points`.
        """,
        _declared(),
    )
