"""
The same earn as a design with a table for each thing does it: what that takes, counted by engines.

Member, balance, lots, transactions and activities have tables of their own; lots are found by
expiry and transactions by date, so each has an index.  Written one after another it is cheap and
not safe: whatever breaks between two writes leaves them apart.  In one transaction it is safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from infra.local import in_process

_INDEXED: Final = {"lots": "expires_on", "transactions": "day"}
_TABLES: Final = ("members", "balances", "lots", "transactions", "activities")


class Naive:
    """Tables of their own on the engine of this process."""

    def __init__(self) -> None:
        self._client: Any = in_process.make_client()
        self._prefix = in_process.fresh_prefix()
        for name in _TABLES:
            self._client.create_table(**self._declared(name))
        self._put("members", {"visits": {"N": "3"}, "tier": {"S": "base"}})
        self._put("balances", {"available": {"N": "150"}})

    def earn(self, *, together: bool) -> tuple[int, float, float]:
        """Return (calls, read units, write units) of one earn, as the engine reports them."""
        number = "2" if together else "1"
        read = sum(self._read(name) for name in ("members", "balances", "activities"))
        writes = list(self._writes(number))
        if not together:
            written = sum(self._write(kind, request) for kind, request in writes)
            return 3 + len(writes), read, written
        answer = self._client.transact_write_items(
            TransactItems=[{kind: request} for kind, request in writes],
            ReturnConsumedCapacity="TOTAL",
        )
        return 4, read, sum(each["CapacityUnits"] for each in answer["ConsumedCapacity"])

    def _writes(self, number: str) -> Iterator[tuple[str, dict[str, Any]]]:
        yield self._new("activities", number, {"body": {"S": "x" * 300}})
        moved = {"points": {"N": "50"}, "body": {"S": "x" * 300}, "day": {"S": "2026-03-02"}}
        yield self._new("transactions", number, moved)
        yield self._new("lots", number, {"left": {"N": "50"}, "expires_on": {"S": "2027-03-02"}})
        yield self._more("balances", "available", 50)
        yield self._more("members", "visits", 1)

    def _new(self, name: str, number: str, more: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        item = {"pk": {"S": "mem_1"}, "sk": {"S": number}, **more}
        condition = "attribute_not_exists(pk)"
        request = {"TableName": self._prefix + name, "Item": item, "ConditionExpression": condition}
        return "Put", request

    def _more(self, name: str, attribute: str, amount: int) -> tuple[str, dict[str, Any]]:
        return "Update", {
            "TableName": self._prefix + name,
            "Key": {"pk": {"S": "mem_1"}, "sk": {"S": "0"}},
            "UpdateExpression": f"ADD {attribute} :more",
            "ExpressionAttributeValues": {":more": {"N": str(amount)}},
        }

    def _read(self, name: str) -> float:
        key = {"pk": {"S": "mem_1"}, "sk": {"S": "0"}}
        answer = self._client.get_item(
            TableName=self._prefix + name,
            Key=key,
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
        )
        return float(answer["ConsumedCapacity"]["CapacityUnits"])

    def _write(self, kind: str, request: dict[str, Any]) -> float:
        send = self._client.put_item if kind == "Put" else self._client.update_item
        answer = send(**request, ReturnConsumedCapacity="TOTAL")
        return float(answer["ConsumedCapacity"]["CapacityUnits"])

    def _put(self, name: str, more: dict[str, Any]) -> None:
        item = {"pk": {"S": "mem_1"}, "sk": {"S": "0"}, **more}
        self._client.put_item(TableName=self._prefix + name, Item=item)

    def _declared(self, name: str) -> dict[str, Any]:
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        declared: dict[str, Any] = {
            "TableName": self._prefix + name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        }
        named = ["pk", "sk"]
        if name in _INDEXED:
            named.append(_INDEXED[name])
            declared["GlobalSecondaryIndexes"] = [
                {
                    "IndexName": "by_day",
                    "KeySchema": [{"AttributeName": _INDEXED[name], "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ]
        declared["AttributeDefinitions"] = [
            {"AttributeName": each, "AttributeType": "S"} for each in named
        ]
        return declared
