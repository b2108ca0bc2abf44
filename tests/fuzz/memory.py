"""
What a caller has learnt from requests and answers: values, by the names that they went under.

An id made up at random finds nothing.  So every scalar that went over the line is kept under its
name, and a field or parameter of that name is offered it later: a new operation joins by calling
things as the others do.  What stood together is kept together, too, since a redemption belongs to
one member and a reward to one programme.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

Scalar = str | int
Record = Mapping[str, Scalar]

_KEPT_MAX: Final = 48
_RECORDS_MAX: Final = 320
_TRIED: Final = 32
# Whole programmes hold thousands of values that no request has a use for.
_SKIPPED: Final = frozenset({"document"})
_MEMBER: Final = re.compile("mem_[0-9A-Z]{26}")
# A field's name in a request, as `Component.field` or alone, and the names that its values go under
# elsewhere; none where it had better be new.
_ALIASES: Final = {
    "MemberRef.id": ("member_id",),
    "ActivityBody.type": ("on",),
    "ActivityBody.external_id": (),
    "ActivityBody.currency": (),
    "MoneyBody.currency": (),
    "programmes": ("programme",),
    "programme_id": ("programme",),
    "ReversedLine.id": ("line_id",),
    "LineBody.id": ("line_id",),
}


class Memory:
    """The latest values and records; ``dwell_on`` chooses one record to take values from."""

    def __init__(self) -> None:
        self._known: dict[str, deque[Scalar]] = {}
        self._records: deque[Record] = deque(maxlen=_RECORDS_MAX)
        self._theme: Record = {}

    def learn(self, document: Any) -> None:
        """Keep every scalar and every object of a document."""
        for record in _records(document, "", {}):
            for name, value in record:
                kept = self._known.setdefault(name, deque(maxlen=_KEPT_MAX))
                if value not in kept:
                    kept.append(value)
            if len(record) > 1:
                self._records.append(dict(record))

    def dwell_on(self, names: list[str], rng: random.Random) -> None:
        """Choose a record that has many of these names, for what is recalled from now on."""
        wanted = {alias for name in names for alias in _ALIASES.get(name, (name,))}
        tried = [rng.choice(self._records) for _ in range(_TRIED)] if self._records else [{}]
        self._theme = max(tried, key=lambda record: len(wanted & record.keys()))

    def recall(self, component: str, field: str, rng: random.Random) -> Scalar | None:
        """Return a value that may stand in a field; ``None`` where none is known."""
        names = _ALIASES.get(f"{component}.{field}", _ALIASES.get(field, (field,)))
        for name in names:
            if name in self._theme and rng.random() < 0.9:
                return self._theme[name]
        known = [self._known[name] for name in names if name in self._known]
        return rng.choice(rng.choice(known)) if known else None


def _records(value: Any, owner: str, above: Record) -> Iterator[list[tuple[str, Scalar]]]:
    """Yield the scalars of every object, with those of the objects that it stands in."""
    if isinstance(value, list):
        for item in value:
            yield from _records(item, owner, above)
    elif isinstance(value, dict):
        own = [
            (_filed_under(name, owner, each), each)
            for name, item in value.items()
            for each in (item if isinstance(item, list) else [item])
            if isinstance(each, str | int)
        ]
        yield [*above.items(), *own]
        for name, item in value.items():
            if isinstance(item, dict | list) and name not in _SKIPPED:
                yield from _records(item, name, {**above, **dict(own)})


def _filed_under(name: str, owner: str, value: Scalar) -> str:
    if name in {"id", "member"} and isinstance(value, str) and _MEMBER.fullmatch(value):
        return "member_id"
    if name == "id" and owner == "lines":
        return "line_id"
    return name
