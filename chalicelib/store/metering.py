"""
What a piece of work costs in DynamoDB: its calls, and its capacity by our own model.

The model follows DynamoDB's published rules: an item's size is that of its attribute names and
values; a write takes one unit for each KB begun of the larger of the item before and after, twice
that in a transaction; an index write takes one more where an event comes or goes, two where it
moves; a consistent read takes one for each 4 KB begun, others half.  Engines report capacity too,
but none exactly: a test compares where they can be relied on.

What an item was before is known where it was read or written in the same block; where it was not,
the model takes its size for unchanged and its index entry for moved.

    with measured() as cost:
        ledger.commit(commit)
    cost.calls, cost.write_units, cost.read_units
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

Item = dict[str, dict[str, Any]]
_Place = tuple[str, ...] | None
Key = tuple[str, str, str]  # table, pk, sk

_KB: Final = 1024
_READ_KB: Final = 4096
_INDEXED: Final = (("due_pk", "due_sk"), ("listed_pk", "listed_sk"))
_CREATES: Final = "attribute_not_exists(pk)"


class _Image(NamedTuple):
    """What is known of an item: its size in bytes and its place in each index, if it has one."""

    size: int
    places: tuple[_Place, ...]


_NOWHERE: Final[tuple[_Place, ...]] = (None,) * len(_INDEXED)
_ABSENT: Final = _Image(0, _NOWHERE)


class Cost:
    """
    What was spent since the block began.

    ``calls`` counts calls by operation (attempts of the SDK are not counted apart);
    ``write_units`` and ``read_units`` are the model's, ``reported`` what the engine said of both.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.write_units = 0
        self.read_units = 0.0
        self.reported = 0.0
        self._images: dict[Key, _Image] = {}

    @property
    def total_calls(self) -> int:
        """Return how many calls were made, whatever they were."""
        return self.calls.total()

    def wrote(self, request: Mapping[str, Any], *, transactional: bool) -> None:
        """Count one write, given as the request of a Put, an Update or a check."""
        item: Item = request.get("Item") or request["Key"]
        key = (request["TableName"], item["pk"]["S"], item["sk"]["S"])
        before = self._images.get(key)
        if before is None and request.get("ConditionExpression") == _CREATES:
            before = _ABSENT
        after = _after(request, before)
        self._images[key] = after
        units = _units(max(after.size, before.size if before else 0), _KB)
        self.write_units += units * (2 if transactional else 1) + _index_units(before, after)

    def read(
        self, table: str, items: Sequence[Item], *, consistent: bool, whole: bool = True
    ) -> None:
        """
        Count a read of one item or one page; items of a page share their KBs.

        ``whole`` is false where the items are but a part of what lies in the table.  What a filter
        drops or a projection leaves out is read and paid for, yet not seen from here.
        """
        for item in items if whole else ():
            key = (table, item["pk"]["S"], item["sk"]["S"])
            self._images[key] = _Image(size_of(item), _places_of(item))
        units = max(1, _units(sum(map(size_of, items)), _READ_KB))
        self.read_units += units if consistent else units / 2

    def missed(self, key: Key) -> None:
        """Remember that there was no such item."""
        self._images[key] = _ABSENT


_active: ContextVar[Cost | None] = ContextVar("tessera_cost", default=None)


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure what this thread does within the block; an inner block measures for itself."""
    cost = Cost()
    token = _active.set(cost)
    try:
        yield cost
    finally:
        _active.reset(token)


def active() -> Cost | None:
    """Return what is being measured here, or ``None``, which is the rule."""
    return _active.get()


def size_of(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the size of an item in bytes: names and values, by DynamoDB's rules."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    kind: str
    held: Any
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            # Two digits a byte, zeros at either end left out, one byte for sign and exponent.
            digits: str = held.lstrip("-").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + (2 if held.startswith("-") else 1)
        case "SS":
            return sum(len(each.encode()) for each in held)
        case "L":
            return 3 + sum(1 + _value_size(each) for each in held)
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _value_size(v) for name, v in held.items())
        case _:
            return 1  # BOOL and NULL


def _units(size: int, block: int) -> int:
    return -(-size // block)


def _places_of(item: Item) -> tuple[_Place, ...]:
    return tuple(
        tuple(item[name]["S"] for name in index) if index[0] in item else None for index in _INDEXED
    )


def _after(request: Mapping[str, Any], before: _Image | None) -> _Image:
    item: Item | None = request.get("Item")
    if item is not None:
        return _Image(size_of(item), _places_of(item))
    if "UpdateExpression" not in request:
        # A check, which leaves the item as it is.
        return before or _ABSENT
    # An update: what it sets is small beside the item, of which only the size before is known.
    values: Item = request.get("ExpressionAttributeValues", {})
    size = max(before.size if before else 0, size_of(request["Key"]) + size_of(values))
    places = list(before.places if before else _NOWHERE)
    for number, index in enumerate(_INDEXED):
        if index[0] in request["UpdateExpression"]:
            place = [values[f":{name}"]["S"] for name in index if f":{name}" in values]
            places[number] = tuple(place) or None
    return _Image(size, tuple(places))


def _index_units(before: _Image | None, after: _Image) -> int:
    units = 0
    for number, place in enumerate(after.places):
        was = before.places[number] if before else place
        if before is None or was != place:
            units += (was is not None) + (place is not None)
    return units
