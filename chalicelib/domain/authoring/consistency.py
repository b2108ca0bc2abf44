"""
What the types of a programme cannot say: ids are unique, names lead somewhere, dates exist.

`problems` yields every breach with its JSON pointer and what to do about it.  It also takes a
document that was salvaged from an invalid one, where an empty id stands for one that was not
readable; references are not checked against a list that holds such a one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from chalicelib.domain.authoring.translations import translated
from chalicelib.domain.decide import registry
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import references
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.spelling import nearest
from chalicelib.domain.violations import Violation


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield every breach of the rules that tie the parts of a document together."""
    yield from _setting(programme)
    yield from _texts(programme)
    yield from identities(programme)
    for mechanic in registry.in_document_order():
        if mechanic.problems is not None:
            yield from mechanic.problems(programme)


def _setting(programme: Programme) -> Iterator[Violation]:
    name = programme.time_zone
    if name not in calendar.zone_names():
        near = nearest(name, calendar.zone_names())
        hint = f"did you mean {near!r}?" if near else "use a name such as 'Europe/London'"
        yield Violation("/time_zone", f"{name!r} is not an IANA time zone: {hint}")
    unknown = references.refusal_of(money.exponent, programme.money.currency)
    if unknown:
        yield Violation("/money/currency", unknown)
    for code in programme.money.rates:
        at = join("/money/rates", code)
        refusal = references.refusal_of(money.exponent, code)
        if refusal:
            yield Violation(at, refusal)
        if code == programme.money.currency:
            yield Violation(at, "is the programme's own money: leave it out")


def _texts(programme: Programme) -> Iterator[Violation]:
    for at, text in translated(programme):
        if not text:
            yield Violation(at, 'needs a text for at least one locale: {"en": "…"}')
        yield from references.locales(text, at)


def identities(document: Struct) -> Iterator[Violation]:
    """Yield where a thing has the id of another in its list, wherever in a document that stands."""
    for at, things in _lists(document, ""):
        first: dict[str, int] = {}
        for place, thing in enumerate(things):
            identity = getattr(thing, "id", "")
            if identity and first.setdefault(identity, place) != place:
                other = join(at, first[identity])
                detail = f"`{identity}` is the id of {other} already: choose another"
                yield Violation(join(at, place, "id"), detail)


def _lists(
    part: Struct | dict[str, Any] | tuple[Any, ...], at: str
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield every list in a part of a document, with its pointer."""
    below: Iterable[tuple[str | int, Any]]
    if isinstance(part, Struct):
        below = ((name, getattr(part, name)) for name in part.__struct_fields__)
    elif isinstance(part, dict):
        below = part.items()
    else:
        yield at, part
        below = enumerate(part)
    for token, item in below:
        # Most of a document is texts and numbers, and has no need of a pointer.
        if isinstance(item, Struct | dict | tuple):
            yield from _lists(item, join(at, token))
