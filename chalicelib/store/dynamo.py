"""
The calls that the store makes, in the few shapes that it needs, on tables with one name prefix.

What DynamoDB refuses for good (a missing table or permission, an invalid request) comes out as
botocore's ``ClientError``: it is for whoever runs the system.  What may go better next time comes
out as `Unavailable`; a transaction has outcomes of its own, see `transaction`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.domain.errors import Unavailable
from chalicelib.store import metering
from chalicelib.store.connection import Connection
from chalicelib.store.metering import Item, Key

#: Refusals that say "not now": nothing was done, and the same call may succeed later.
BUSY: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
BATCH_MAX: Final = 100

# What an answer has whatever it found; for the others the capacity, which is always asked for.
_SURE_TO_HAVE: Final = {"BatchGetItem": "Responses", "Query": "Items", "Scan": "Items"}
_OVERTAKEN: Final = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
_BATCH_ATTEMPTS: Final = 5
_BATCH_PAUSE_S: Final = 0.02


class Garbled(Exception):
    """An answer that lacks what every answer has."""


class Dynamo:
    """The tables of one deployment."""

    def __init__(
        self,
        connection: Connection,
        prefix: str,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,  # nosemgrep: wall-clock - for `forgotten_in` alone
    ) -> None:
        self.connection = connection
        self.ledger: Final = f"{prefix}ledger"
        self.directory: Final = f"{prefix}directory"
        self.catalogue: Final = f"{prefix}catalogue"
        self.work: Final = f"{prefix}work"
        self._pause = pause
        self._clock = clock

    def forgotten_in(self, seconds: int) -> int:
        """
        Return when DynamoDB may delete what is written now, so many seconds from now.

        It deletes by its own clock, whatever time it is for a tenant with a test clock.
        """
        return int(self._clock()) + seconds

    def get(self, table: str, pk: str, sk: str) -> Item | None:
        """Read one item consistently."""
        answer = self._call(
            "GetItem",
            {"TableName": table, "Key": _key(pk, sk), "ConsistentRead": True},
        )
        item: Item | None = answer.get("Item")
        if cost := metering.active():
            cost.read(table, [item] if item else [], consistent=True)
            if item is None:
                cost.missed((table, pk, sk))
        return item

    def get_many(self, keys: Sequence[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """
        Read up to 100 items in one call; those that are absent are not in the answer.

        Keys that DynamoDB left out for load are asked for again, five times at most.
        """
        found: dict[Key, Item] = {}
        wanted = _by_table(keys, consistent=consistent)
        for attempt in range(_BATCH_ATTEMPTS):
            if attempt:
                self._pause(_BATCH_PAUSE_S * 2**attempt)
            answer = self._call("BatchGetItem", {"RequestItems": wanted})
            for table, items in answer["Responses"].items():
                for item in items:
                    found[table, item["pk"]["S"], item["sk"]["S"]] = item
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                _measure_many(keys, found, consistent=consistent)
                return found
        raise _unavailable()

    def get_each(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Read items consistently, each once: one call, or one for every hundred of them."""
        wanted = list(dict.fromkeys(keys))
        if len(wanted) > 1:
            parts = (wanted[at : at + BATCH_MAX] for at in range(0, len(wanted), BATCH_MAX))
            return {key: item for part in parts for key, item in self.get_many(part).items()}
        found = {key: self.get(*key) for key in wanted}
        return {key: item for key, item in found.items() if item is not None}

    def delete(self, table: str, pk: str, sk: str) -> None:
        """Delete one item, whether or not it is there."""
        # nosemgrep: unconditioned-write - each caller says why
        self._call("DeleteItem", {"TableName": table, "Key": _key(pk, sk)})

    def create(self, table: str, item: Item) -> None:
        """
        Write an item with an id that was just made, unless it is there.

        Then an attempt of ours before made it.  One of which nothing was heard may come late, and
        must not come over what the item has become since.
        """
        request = {
            "TableName": table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if cost := metering.active():
            cost.wrote(request, transactional=False)
        try:
            self._call("PutItem", request)
        except ClientError as refusal:
            if code_of(refusal) not in _OVERTAKEN:
                raise

    def put_many(self, wanted: Mapping[Key, Item]) -> None:
        """
        Write up to 25 items in one call, over whatever is there.

        For filling tables that nobody uses yet: nothing guards what is there.  What DynamoDB left
        out for load is written again, five times at most; then it is `Unavailable`.
        """
        requests: dict[str, list[dict[str, Any]]] = {}
        for (table, _, _), item in wanted.items():
            # nosemgrep: unconditioned-write - each caller says why
            requests.setdefault(table, []).append({"PutRequest": {"Item": item}})
        for attempt in range(_BATCH_ATTEMPTS):
            if attempt:
                self._pause(_BATCH_PAUSE_S * 2**attempt)
            answer = self._call("BatchWriteItem", {"RequestItems": requests})
            requests = answer.get("UnprocessedItems") or {}
            if not requests:
                return
        raise _unavailable()

    def query(self, arguments: dict[str, Any], *, limit: int | None = None) -> Iterator[Item]:
        """Walk the items of a Query, page by page as they are consumed, ``limit`` at most."""
        return self._pages("Query", arguments, limit)

    def scan(self, arguments: dict[str, Any]) -> Iterator[Item]:
        """Walk the items of a Scan, page by page as they are consumed."""
        return self._pages("Scan", arguments, None)

    def update(self, request: dict[str, Any]) -> bool:
        """
        Update one item; ``False`` where its condition does not hold or a transaction is at it.

        Only for what may be done twice without harm, and left to whoever is at it: an SDK that
        did not hear the answer does it again.
        """
        if cost := metering.active():
            cost.wrote(request, transactional=False)
        try:
            self._call("UpdateItem", request)
        except ClientError as refusal:
            if code_of(refusal) not in _OVERTAKEN:
                raise
            return False
        return True

    def _pages(
        self, operation: str, arguments: dict[str, Any], limit: int | None
    ) -> Iterator[Item]:
        left = limit
        while left is None or left > 0:
            page = self._call(operation, arguments if left is None else arguments | {"Limit": left})
            items: list[Item] = page["Items"]
            if cost := metering.active():
                cost.read(
                    arguments["TableName"],
                    items,
                    consistent="ConsistentRead" in arguments,
                    whole=arguments.keys().isdisjoint({"IndexName", "ProjectionExpression"}),
                )
            yield from items
            if left is not None:
                left -= len(items)
            if not (last := page.get("LastEvaluatedKey")):
                return
            arguments = arguments | {"ExclusiveStartKey": last}

    def _call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.call(operation, lambda: self.connection.dispatch(operation, arguments))
        except ClientError as refusal:
            if code_of(refusal) in BUSY or self.connection.attempts.faulted:
                raise _unavailable() from refusal
            raise
        except Exception as error:
            # Connections break in more ways than can be listed, garbled answers among them.  What
            # went wrong before anything was sent is another matter: a mistake in the program.
            if not self.connection.attempts.sent:
                raise
            raise _unavailable() from error

    def call(self, operation: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Make one call: count it, and make sure that its answer is whole."""
        cost = metering.active()
        if cost is not None:
            cost.calls[operation] += 1
        self.connection.attempts.begin()
        answer = send()
        # botocore takes a 200 whose body is not JSON for an empty answer, in which an account
        # would look absent.
        if _SURE_TO_HAVE.get(operation, "ConsumedCapacity") not in answer:
            raise Garbled(operation)
        if cost is not None:
            cost.reported += _reported(answer.get("ConsumedCapacity", ()))
        return answer


def code_of(refusal: ClientError) -> str:
    """Return DynamoDB's name for a refusal."""
    return str(refusal.response["Error"]["Code"])


def _unavailable() -> Unavailable:
    return Unavailable(
        "store_unavailable",
        "The database did not answer in time. Send the same request again.",
        retry_after=1,
    )


def _key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _by_table(keys: Iterable[Key], *, consistent: bool) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for table, pk, sk in keys:
        asked = wanted.setdefault(table, {"Keys": [], "ConsistentRead": consistent})
        asked["Keys"].append(_key(pk, sk))
    return wanted


def _measure_many(keys: Sequence[Key], found: Mapping[Key, Item], *, consistent: bool) -> None:
    if cost := metering.active():
        for key in keys:
            item = found.get(key)
            cost.read(key[0], [item] if item else [], consistent=consistent)
            if item is None:
                cost.missed(key)


def _reported(capacity: dict[str, Any] | Sequence[dict[str, Any]]) -> float:
    tables = [capacity] if isinstance(capacity, dict) else capacity
    return sum(float(each.get("CapacityUnits", 0)) for each in tables)
