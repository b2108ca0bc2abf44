"""One mechanic's part of the programme document, as the mechanic itself sees it."""

from __future__ import annotations

from typing import Generic, TypeVar

from chalicelib.domain.programme import Programme

T = TypeVar("T")


class Section(Generic[T]):
    """
    A field of the document that only its mechanic knows by type.

    ``name`` is the field, declared in the registry's `Document`; ``empty`` what a programme that
    has no such part stands for.
    """

    def __init__(self, name: str, empty: T) -> None:
        self.name = name
        self.empty = empty

    def of(self, programme: Programme) -> T:
        """Return the part of a programme."""
        found: T = getattr(programme, self.name, self.empty)
        return found
