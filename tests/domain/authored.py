"""What is said of a document that was changed: why it is refused, and what members are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.domain.authoring.validation import Problem, validate
from chalicelib.domain.authoring.words import describe
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import text_in
from chalicelib.programmes.rendering import catalogue
from tests.domain.documents import changed


class Described(NamedTuple):
    """One part of a programme as a reader gets it."""

    name: str
    text: str
    expressions: tuple[str, ...]


def the_problem(changes: Mapping[str, Any]) -> Problem:
    """Return the one problem that the sound document has with changes."""
    validated = validate(changed(changes))
    (problem,) = validated.problems
    assert validated.programme is None
    return problem


def programme(changes: Mapping[str, Any]) -> Programme:
    """Return the sound document with changes, as a programme."""
    validated = validate(changed(changes))
    assert validated.problems == ()
    assert validated.programme is not None
    return validated.programme


def worded(
    changes: Mapping[str, Any], locale: str | None = "en"
) -> dict[tuple[str, str], Described]:
    """Return the parts of a changed document in words, by kind and id."""
    return {
        (part.kind, part.id): Described(
            text_in(part.name, locale),
            catalogue().render(part.sentences, locale).text,
            part.expressions,
        )
        for part in describe(programme(changes))
    }
