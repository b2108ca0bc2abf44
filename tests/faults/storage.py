"""
The tables of this process, as the engine holds them: read, kept and put back without its API.

The engine's tables are dictionaries of dictionaries of items, and it replaces an item where it
changes one.  So a copy of the dictionaries is a snapshot, and reading them costs no call.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from ministack.services import dynamodb

from chalicelib.store.metering import Item
from infra.local import in_process
from infra.local.tables import create_tables

PREFIX: Final = "faults-"
LEDGER: Final = f"{PREFIX}ledger"
DIRECTORY: Final = f"{PREFIX}directory"
CATALOGUE: Final = f"{PREFIX}catalogue"
WORK: Final = f"{PREFIX}work"

Partition = dict[str, Item]
Snapshot = dict[str, dict[str, Partition]]

_TABLES: Final = (LEDGER, DIRECTORY, CATALOGUE, WORK)


def create() -> None:
    """Create the tables, empty; once in a process."""
    create_tables(in_process.make_client(), PREFIX, streams=False)


def snapshot() -> Snapshot:
    """Return what all tables hold now."""
    return {name: _copied(_table(name)["items"]) for name in _TABLES}


def restore(before: Snapshot) -> None:
    """Let all tables hold again what they held, and forget the tokens of transactions."""
    for name, held in before.items():
        table = _table(name)
        table["items"] = defaultdict(dict, _copied(held))
        dynamodb._items_replaced(table)
    dynamodb._txn_idempotency.clear()


def partition(table: str, pk: str) -> Partition:
    """Return the items of a partition by sort key, as the engine holds them: binary in base64."""
    held: Partition = _table(table)["items"].get(pk, {})
    return held


def partitions(table: str) -> Iterator[tuple[str, Partition]]:
    """Walk all partitions of a table."""
    yield from _table(table)["items"].items()


def put(table: str, item: Item) -> None:
    """Lay an item over what is there."""
    dynamodb._set_item(_table(table), item["pk"]["S"], item["sk"]["S"], item)


def read(item: Item) -> Item:
    """Return an item as botocore hands it to the store: binary as bytes."""
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else value
        for name, value in item.items()
    }


def digest() -> bytes:
    """Return a hash of what the ledger and the directory hold."""
    found = hashlib.sha256()
    for name in (LEDGER, DIRECTORY):
        for pk, held in sorted(_table(name)["items"].items()):
            for sk, item in sorted(held.items()):
                found.update(f"{pk}\0{sk}\0{sorted(item.items())}".encode())
    return found.digest()


def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = dynamodb._tables[name]
    return table


def _copied(items: dict[str, Partition]) -> dict[str, Partition]:
    return {pk: dict(held) for pk, held in items.items()}
