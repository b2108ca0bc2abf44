"""
Capacity and price: our model of an operation's units beside what two engines report, and dollars.

Neither engine reports exactly as AWS does, so the model decides (`chalicelib/store/metering.py`);
what they report shows where it could be wrong.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.ground import Warm
from tests.bench.naive import Naive
from tests.bench.operations import Operation, operations
from tests.bench.prices import DATE, MEMORY_MB, PEERS, READ_MS, WRITE_MS, Price, price
from tests.bench.tables import Table
from tests.engine.dynamodb_local import DynamoDbLocal, MissingError
from tests.journeys.world import Ground

#: Calls that write; every other reads.
_WRITES: Final = frozenset({"TransactWriteItems", "UpdateItem", "PutItem"})


def tables(warm: Warm, processor_ms: dict[str, float]) -> Iterator[Table]:
    """Yield units by model and engines, the price of a million operations, and what peers say."""
    found = operations(warm)
    second = _second_opinion()
    # The routes serve one world at a time.
    warm.world.provide()
    yield Table(
        "3. Capacity of an operation: our model, and what engines report of reads and writes",
        ("operation", "calls", "read", "write", "model", "ministack", "DynamoDB Local"),
        [
            (
                each.name,
                each.cost.total_calls,
                each.cost.read_units,
                each.cost.write_units,
                each.cost.read_units + each.cost.write_units,
                each.cost.reported,
                second.get(each.name, "not run"),
            )
            for each in found
        ],
        ("ministack and DynamoDB Local report reads and writes together, and no published rule",)
        if second
        else ("DynamoDB Local is left out: it needs a JDK and its package.",),
    )
    yield _prices(found, processor_ms)
    yield Table("3. What peers publish of price and limits", ("peer", "what"), PEERS)


def _second_opinion() -> dict[str, float]:
    try:
        with (
            tempfile.TemporaryDirectory() as directory,
            DynamoDbLocal(Path(directory, "dynamodb.log")) as local,
        ):
            warm = Warm(Ground(Path(directory), endpoint=local.endpoint))
            return {each.name: each.cost.reported for each in operations(warm)}
    except MissingError:
        return {}


def _prices(found: list[Operation], processor_ms: dict[str, float]) -> Table:
    rows = []
    for each in found:
        if each.name in processor_ms:
            calls = each.cost.calls
            writes = sum(count for call, count in calls.items() if call in _WRITES)
            cost = price(
                read_units=each.cost.read_units,
                write_units=each.cost.write_units,
                reads=each.cost.total_calls - writes,
                writes=writes,
                processor_ms=processor_ms[each.name],
            )
            rows.append((each.name, *_dollars(cost)))
    naive = Naive()
    for together, name in ((False, "earn, naive"), (True, "earn, naive, in a transaction")):
        calls_made, read, write = naive.earn(together=together)
        cost = price(
            read_units=read,
            write_units=write,
            reads=3,
            writes=calls_made - 3,
            processor_ms=processor_ms["earn"],
        )
        rows.append((name, *_dollars(cost)))
    return Table(
        f"3. Dollars for a million operations, list prices of {DATE}",
        ("operation", "DynamoDB", "Lambda", "API Gateway", "all"),
        rows,
        (
            f"Lambda: {MEMORY_MB:,} MB on arm64, processor time as measured here with no engine,",
            f"and {READ_MS:g} ms for a read, {WRITE_MS:g} ms for a write, which are assumed.",
            "Naive: five tables, a write for each; not safe, or in one transaction. Its time is",
            "taken for that of ours.",
        ),
    )


def _dollars(cost: Price) -> tuple[float, float, float, float]:
    return cost.database, cost.function, cost.gateway, cost.total
