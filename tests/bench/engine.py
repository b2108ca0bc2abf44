"""
The engine of this process from behind: items are put, kept and put back without its API.

The engine's tables are dictionaries of dictionaries of items, and it replaces an item where it
changes one.  So a copy of the dictionaries is a snapshot, and many items may share their values.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from ministack.services import dynamodb

from chalicelib.store.metering import Item
from infra.local import in_process
from infra.local.in_process import Transport

Snapshot = dict[str, dict[str, dict[str, Item]]]

_SUFFIXES = ("ledger", "directory", "catalogue")


def stored(item: Item) -> Item:
    """Return an item of the store as the engine holds it: binary in base64."""
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def put(table: str, item: Item) -> None:
    """Lay an item, as the engine holds it, over what is there."""
    dynamodb._set_item(dynamodb._tables.get(table), item["pk"]["S"], item["sk"]["S"], item)


def drop(table: str) -> None:
    """Let a table hold nothing."""
    restore({table: {}})


def snapshot(prefix: str) -> Snapshot:
    """Return what the tables of a prefix hold now."""
    return {f"{prefix}{name}": _copied(_items(f"{prefix}{name}")) for name in _SUFFIXES}


def restore(before: Snapshot) -> None:
    """Let tables hold again what they held, and forget the tokens of transactions."""
    for name, held in before.items():
        table = dynamodb._tables.get(name)
        table["items"] = defaultdict(dict, _copied(held))
        dynamodb._items_replaced(table)
    dynamodb._txn_idempotency.clear()


class Call(NamedTuple):
    """One call as the application asked botocore for it."""

    operation: str
    arguments: dict[str, Any]


class Tape:
    """What the engine answered, in order: recorded once, and played any number of times."""

    def __init__(self) -> None:
        self._answers: list[tuple[int, dict[str, str], bytes]] = []

    def record(self, request: AWSPreparedRequest) -> AWSResponse:
        """Carry a request to the engine and keep what it answers."""
        answer = in_process.send(request)
        kept = (answer.status_code, dict(answer.headers), answer.content)
        self._answers.append(kept)
        return in_process.respond(request.url, *kept)

    def play(self) -> Transport:
        """Return what answers requests that come in the same order, without the engine."""
        left = iter(self._answers)
        return lambda request: in_process.respond(request.url, *next(left))


@contextmanager
def recorded(client: Any) -> Iterator[list[Call]]:
    """Keep every call of a client within the block, in order."""
    calls: list[Call] = []

    def keep(params: dict[str, Any], model: Any, **_: Any) -> None:
        # Botocore adds a token to each transaction later: a replay gets its own.
        calls.append(Call(model.name, dict(params)))

    client.meta.events.register_first("provide-client-params.dynamodb", keep)
    try:
        yield calls
    finally:
        client.meta.events.unregister("provide-client-params.dynamodb", keep)


def _items(table: str) -> dict[str, dict[str, Item]]:
    held: dict[str, dict[str, Item]] = dynamodb._tables.get(table)["items"]
    return held


def _copied(held: dict[str, dict[str, Item]]) -> dict[str, dict[str, Item]]:
    return {pk: dict(items) for pk, items in held.items()}


@contextmanager
def seeking() -> Iterator[None]:
    """
    Let the engine find a range of an index about as quickly as DynamoDB seeks it.

    It weighs the condition on the keys against every item of a partition, for 140 µs each, which
    takes minutes here and says nothing about DynamoDB.  Within the block the two conditions of
    the walk are weighed by comparing strings; all else is as it was.
    """
    weigh = dynamodb._evaluate_condition

    def quickly(
        condition: str, item: Item, values: Item, names: dict[str, str], **more: Any
    ) -> bool:
        found = _WALKS.get(condition)
        if found is None or "due_sk" not in item:
            return bool(weigh(condition, item, values, names, **more))
        texts = {name: value["S"] for name, value in values.items()}
        return item["due_pk"]["S"] == texts[":part"] and found(item["due_sk"]["S"], texts)

    dynamodb._evaluate_condition = quickly
    try:
        yield
    finally:
        dynamodb._evaluate_condition = weigh


_WALKS: dict[str, Callable[[str, dict[str, str]], bool]] = {
    "due_pk = :part AND due_sk < :above": lambda place, at: place < at[":above"],
    "due_pk = :part AND due_sk BETWEEN :first AND :last": lambda place, at: (
        at[":first"] <= place <= at[":last"]
    ),
}
