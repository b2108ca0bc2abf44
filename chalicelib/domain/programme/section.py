"""
Parts of the programme document, each known by type to its mechanic alone.

A document that comes from the store has its parts as bytes, each decoded when it is first asked
for: a programme that has no plans never loads them.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import wraps
from typing import Any, Final, Generic, TypeVar

import msgspec

from chalicelib.domain.programme.document import Programme

T = TypeVar("T")

_CORE: Final = frozenset(Programme.__struct_fields__)


class StoredProgramme(Programme, frozen=True, forbid_unknown_fields=False, dict=True):
    """
    A document as it lies in the store.

    ``document`` are its bytes and ``parts`` those of each section; ``decoded`` are sections that
    were asked for, and ``derived`` what was worked out of it.  They are no fields: what two
    documents say is compared by their bytes.
    """

    @property
    def document(self) -> bytes:
        """Return the bytes of the whole document."""
        found: bytes = self.__dict__["document"]
        return found

    @property
    def parts(self) -> dict[str, msgspec.Raw]:
        """Return the bytes of every section that the document has."""
        found: dict[str, msgspec.Raw] = self.__dict__["parts"]
        return found


class Section(Generic[T]):
    """
    A part of the document that only its mechanic knows by type.

    ``name`` is the field, and the mechanic's module; ``shape`` its type, as msgspec takes it, and
    ``empty`` what a programme that has no such part stands for.
    """

    def __init__(self, name: str, shape: Any, empty: T) -> None:
        self.name: Final = name
        self.shape: Final = shape
        self.empty: Final = empty

    def of(self, programme: Programme) -> T:
        """Return the part of a programme."""
        if not isinstance(programme, StoredProgramme):
            found: T = getattr(programme, self.name, self.empty)
            return found
        decoded = programme.__dict__["decoded"]
        if self.name not in decoded:
            raw = programme.parts.get(self.name)
            part = self.empty if raw is None else msgspec.json.decode(raw, type=self.shape)
            decoded[self.name] = part
        part_of_it: T = decoded[self.name]
        return part_of_it


def read(document: bytes) -> StoredProgramme:
    """Read a stored document; one that was validated always reads."""
    programme = msgspec.json.decode(document, type=StoredProgramme)
    found = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    parts = {name: raw for name, raw in found.items() if name not in _CORE}
    programme.__dict__.update(document=document, parts=parts, decoded={})
    return programme


def encode(programme: Programme) -> bytes:
    """Write a document in the one form that is stored and compared: sorted, defaults left out."""
    if isinstance(programme, StoredProgramme):
        return programme.document
    return msgspec.json.encode(programme, order="sorted")


def sections_of(programme: Programme) -> AbstractSet[str]:
    """Return the names of the sections that a programme has beside its core."""
    if isinstance(programme, StoredProgramme):
        return programme.parts.keys()
    return set(programme.__struct_fields__) - _CORE


def has_section(programme: Programme, name: str) -> bool:
    """Tell whether a programme has a section, without decoding it."""
    if isinstance(programme, StoredProgramme):
        return name in programme.parts
    return bool(getattr(programme, name, None))


def derived(work: Callable[[Programme], T]) -> Callable[[Programme], T]:
    """
    Keep what is worked out of a programme alone for as long as the programme is kept.

    What is returned must be immutable.  A document that is not stored yet is asked each time, and
    one that is made of another by replacing fields is asked anew.
    """

    @wraps(work)
    def of(programme: Programme) -> T:
        if not isinstance(programme, StoredProgramme):
            return work(programme)
        known = programme.__dict__.setdefault("derived", {})
        if work not in known:
            known[work] = work(programme)
        found: T = known[work]
        return found

    return of
