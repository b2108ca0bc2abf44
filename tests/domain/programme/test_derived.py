"""What is worked out of a programme is kept as long as it is the same programme, and no longer."""

from __future__ import annotations

import json

from msgspec.structs import replace

from chalicelib.domain.programme import section
from chalicelib.domain.programme.document import Programme
from tests.domain.documents import DOCUMENT

STORED = json.dumps(DOCUMENT).encode()

asked: list[str] = []


@section.derived
def rules(programme: Programme) -> tuple[str, ...]:
    """Return the ids of the rules of a programme, and note who was asked."""
    asked.append(programme.id)
    return tuple(rule.id for rule in programme.earning)


def test_a_stored_programme_is_asked_once() -> None:
    """The same document read again is another programme."""
    stored, same = section.read(STORED), section.read(STORED)
    asked.clear()
    first = rules(stored)
    assert len(first) > 1
    assert rules(stored) is first
    assert asked == ["clinic"]
    assert rules(same) == first
    assert asked == ["clinic", "clinic"]


def test_one_with_other_rules_is_asked_anew() -> None:
    """As where only some rules are evaluated again."""
    stored = section.read(STORED)
    every = rules(stored)
    fewer = replace(stored, earning=stored.earning[:1])
    assert rules(fewer) == every[:1]
    assert rules(stored) == every
