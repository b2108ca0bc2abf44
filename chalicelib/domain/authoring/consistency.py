"""
What the types of a programme cannot say: ids are unique, names lead somewhere, dates exist.

`problems` yields every breach with its JSON pointer and what to do about it.  It also takes a
document that was salvaged from an invalid one, where an empty id stands for one that was not
readable; references are not checked against a list that holds such a one.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from chalicelib.domain.authoring.translations import translated
from chalicelib.domain.decide import registry
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import references
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.violations import Violation


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield every breach of the rules that tie the parts of a document together."""
    yield from _setting(programme)
    yield from _texts(programme)
    yield from _identities(programme)
    for mechanic in registry.in_document_order():
        if mechanic.problems is not None:
            yield from mechanic.problems(programme)


def _setting(programme: Programme) -> Iterator[Violation]:
    name = programme.time_zone
    if name not in calendar.zone_names():
        near = get_close_matches(name, calendar.zone_names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use a name such as 'Europe/London'"
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


def _identities(programme: Programme) -> Iterator[Violation]:
    """Check the ids in each list of the core: those in a section are for its mechanic to check."""
    for name in Programme.__struct_fields__:
        for collection, ids in _ids(getattr(programme, name), join("", name)):
            for place, identity in enumerate(ids):
                first = ids.index(identity)
                if first != place:
                    other = join(collection, first)
                    detail = f"`{identity}` is the id of {other} already: choose another"
                    yield Violation(join(collection, place, "id"), detail)


def _ids(part: Any, at: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the ids that the things in a list have, with its pointer, for each list in a part."""
    if isinstance(part, tuple):
        yield at, [each.id for each in part if hasattr(each, "id")]
    elif isinstance(part, Struct):
        for name in part.__struct_fields__:
            yield from _ids(getattr(part, name), join(at, name))
