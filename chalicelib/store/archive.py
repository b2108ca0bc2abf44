"""
Copying whole tables out and in again, so that what is copied holds together.

A scan of a table that is written to is no snapshot.  So each member's partition is copied at an
instant of its own: read whole, and read again where the account moved on meanwhile.  Everything
else is read after that and fitted to it:

* a record of an identity, and a claimed key, stay only where what was written with them was copied;
* counters are counted anew from the records that were copied;
* a profile or an external id stays only where its member was copied.

So a copy has every account whole, as it was at some instant of the copying, and none that came
later.  It costs two scans of the ledger, one of each other table, and a read for each account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from chalicelib.domain.errors import Unavailable
from chalicelib.store import items, keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.metering import Item

TABLES: Final = ("ledger", "directory", "catalogue")

_ROUNDS_MAX: Final = 50
#: The parts of a ledger that are a member's own, and move only with the account's version.
_MEMBERS: Final = "contains(pk, :member)"
_BATCH: Final = 25


class Copy:
    """One copying; ``accounts`` are the versions of those copied so far, by partition."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self.accounts: dict[str, int] = {}
        # What each member took from counters, by the partitions of both.
        self._taken: dict[str, Counter[str]] = {}

    def items(self) -> Iterator[tuple[str, Item]]:
        """
        Yield every item with its table's name; of one that comes again the last is right.

        Raises `Unavailable` where an account moves on faster than it can be read.
        """
        for item in self._members():
            yield "ledger", item
        for item in self._records():
            yield "ledger", item
        for pk, used in sorted(sum(self._taken.values(), Counter()).items()):
            yield "ledger", items.counter_item(pk, used)
        for item in self._scan(self._dynamo.directory):
            if self._is_known(item):
                yield "directory", item
        for item in self._scan(self._dynamo.catalogue):
            yield "catalogue", item

    def _members(self) -> Iterator[Item]:
        found = self._scan(self._dynamo.ledger, _MEMBERS)
        # Items of a partition come together, in the order of their keys: the account first.
        for pk, partition in groupby(found, key=_pk):
            if _is_members(pk):
                yield from self._member(pk, list(partition))

    def _member(self, pk: str, partition: list[Item]) -> Iterator[Item]:
        for _ in range(_ROUNDS_MAX):
            if partition and partition[0]["sk"]["S"] == keys.ACCOUNT:
                before = partition[0]["version"]["N"]
                now = self._dynamo.get(self._dynamo.ledger, pk, keys.ACCOUNT)
                if now is not None and now["version"]["N"] == before:
                    self.accounts[pk] = int(before)
                    self._count(pk, partition)
                    yield from partition
                    return
            partition = self._partition(pk)
        raise Unavailable("store_unavailable", "An account moves on faster than it can be read.")

    def _partition(self, pk: str) -> list[Item]:
        return list(
            self._dynamo.query(
                {
                    "TableName": self._dynamo.ledger,
                    "KeyConditionExpression": "pk = :pk",
                    "ExpressionAttributeValues": {":pk": {"S": pk}},
                    "ConsistentRead": True,
                }
            )
        )

    def _count(self, pk: str, partition: list[Item]) -> None:
        taken: Counter[str] = Counter()
        for item in partition:
            for counter, amount in item.get("takes", {"M": {}})["M"].items():
                taken[counter] += int(amount["N"])
        if taken or pk in self._taken:
            self._taken[pk] = taken

    def _records(self) -> Iterator[Item]:
        """
        Yield what lies beside the members: all of it is older than its account, or left out.

        What was written with a version that was copied was there before this scan began.
        """
        for item in self._scan(self._dynamo.ledger, f"NOT {_MEMBERS}"):
            if _is_members(_pk(item)) or item["sk"]["S"] == keys.COUNTER:
                continue
            pk = keys.member_pk(_tenant(_pk(item)), item["member"]["S"])
            if self.accounts.get(pk, 0) >= int(item["version"]["N"]):
                yield item

    def _is_known(self, item: Item) -> bool:
        pk = _pk(item)
        if item["sk"]["S"] == keys.LOOKUP:
            pk = keys.member_pk(_tenant(pk), item["member"]["S"])
        return pk in self.accounts

    def _scan(self, table: str, condition: str | None = None) -> Iterator[Item]:
        arguments: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        if condition is not None:
            arguments["FilterExpression"] = condition
            arguments["ExpressionAttributeValues"] = {":member": {"S": "#M#"}}
        return self._dynamo.scan(arguments)


def is_empty(dynamo: Dynamo, table: str) -> bool:
    """Tell whether a table, by its name without the prefix, holds nothing at all."""
    return next(dynamo.scan({"TableName": _named(dynamo, table), "Limit": 1}), None) is None


def fill(dynamo: Dynamo, found: Iterable[tuple[str, Item]]) -> Iterator[int]:
    """
    Write items over whatever is there, in order, and yield how many each call wrote.

    Doing it again does no harm.  Raises `Unavailable` where DynamoDB leaves items unwritten for
    load, however often it is asked.
    """
    waiting: dict[tuple[str, str, str], Item] = {}
    for table, item in found:
        key = (_named(dynamo, table), _pk(item), item["sk"]["S"])
        if len(waiting) == _BATCH or key in waiting:
            dynamo.put_many(waiting)  # nosemgrep: unconditioned-write - nobody uses the tables
            yield len(waiting)
            waiting = {}
        waiting[key] = item
    if waiting:
        dynamo.put_many(waiting)  # nosemgrep: unconditioned-write - the same
        yield len(waiting)


def _named(dynamo: Dynamo, table: str) -> str:
    name: str = getattr(dynamo, table)
    return name


def _pk(item: Item) -> str:
    pk: str = item["pk"]["S"]
    return pk


def _is_members(pk: str) -> bool:
    return "#M#" in pk


def _tenant(pk: str) -> str:
    return pk.split("#", 2)[1]
