"""
A tenant's facilities as a tree: regions, hospitals, clinics, desks.

Accounts and credentials are held against it.  An account keeps numbers instead of ids, which say
nothing without the tenant's list.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from chalicelib.domain.errors import Invalid
from chalicelib.domain.violations import Violation

#: How many there may be, which fit into one body, and how many stand above one another.
LOCATIONS_MAX: Final = 250
DEPTH_MAX: Final = 8


class Facility(Struct, frozen=True, omit_defaults=True):
    """
    A location as it is described.

    ``parent`` is the id of the one that it belongs to, if any; after the local day ``closed_on``
    nothing happens there.
    """

    id: str
    name: str
    parent: str = ""
    closed_on: str = ""


class Location(Facility, frozen=True, omit_defaults=True, kw_only=True):
    """A location; ``number`` is its own for ever, from 1."""

    number: int


class Locations:
    """All locations of a tenant, in the order in which they were listed last."""

    def __init__(self, listed: Sequence[Location] = ()) -> None:
        self._by_id = {each.id: each for each in listed}

    def __iter__(self) -> Iterator[Location]:
        return iter(self._by_id.values())

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def get(self, location: str) -> Location | None:
        """Return a location by its id."""
        return self._by_id.get(location)

    def within(self, ids: Iterable[str]) -> frozenset[int]:
        """Return the numbers of these locations, and of all that belong to them."""
        wanted = frozenset(ids)
        return frozenset(each.number for each in self if not wanted.isdisjoint(self.above(each)))

    def replaced(self, facilities: Sequence[Facility]) -> Locations:
        """
        Return the locations as they are to be; each that is there already keeps its number.

        Raises `Invalid` ``invalid_locations``: where an id repeats, a parent is none of them or
        belongs to what is below it, more than `DEPTH_MAX` stand above one another, or one is left
        out that is there, since activities and credentials name it.
        """
        number = max((each.number for each in self), default=0)
        listed = []
        for each in facilities:
            known = self.get(each.id)
            if known is None:
                number += 1
            listed.append(
                Location(
                    id=each.id,
                    name=each.name,
                    parent=each.parent,
                    closed_on=each.closed_on,
                    number=known.number if known else number,
                )
            )
        replaced = Locations(listed)
        violations = [*_repeated(listed), *replaced._violations(listed), *self._left_out(replaced)]
        if violations:
            raise Invalid(
                "invalid_locations",
                "These are no locations; see errors.",
                errors=[{"pointer": each.pointer, "detail": each.detail} for each in violations],
            )
        return replaced

    def above(self, location: Location) -> tuple[str, ...]:
        """
        Return the ids of a location and of those that it belongs to, the nearest first.

        Of what is no tree it returns one more than may stand above one another, at most.
        """
        found: list[str] = []
        above: Location | None = location
        while above is not None and above.id not in found and len(found) <= DEPTH_MAX:
            found.append(above.id)
            above = self.get(above.parent)
        return tuple(found)

    def _violations(self, listed: Sequence[Location]) -> Iterator[Violation]:
        for place, each in enumerate(listed):
            if not each.parent:
                continue
            above = self.above(each)
            at = f"/locations/{place}/parent"
            if each.parent not in self._by_id:
                yield Violation(at, f"`{each.parent}` is none of these locations")
            elif self._by_id[above[-1]].parent == each.id:
                yield Violation(at, f"`{each.id}` would belong to itself")
            elif len(above) > DEPTH_MAX:
                yield Violation(at, f"at most {DEPTH_MAX} may stand above one another")

    def _left_out(self, replaced: Locations) -> Iterator[Violation]:
        gone = [each.id for each in self if replaced.get(each.id) is None]
        if gone:
            yield Violation(
                "/locations",
                f"must keep {', '.join(f'`{each}`' for each in gone)}: give it a `closed_on` "
                "instead",
            )


def _repeated(listed: Sequence[Location]) -> Iterator[Violation]:
    known = set[str]()
    for place, each in enumerate(listed):
        if each.id in known:
            yield Violation(f"/locations/{place}/id", f"`{each.id}` is there already")
        known.add(each.id)


def encode(locations: Locations) -> bytes:
    """Return locations as they are stored, small enough to be read with every request."""
    return zlib.compress(msgspec.json.encode(list(locations)), 9)


@lru_cache(maxsize=64)
def decode(stored: bytes) -> Locations:
    """Return locations that were stored; none where nothing was."""
    if not stored:
        return Locations()
    return Locations(msgspec.json.decode(zlib.decompress(stored), type=list[Location]))
