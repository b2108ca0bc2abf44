"""A tenant's lists of days, which lie with its settings, as a conditional write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo


def replacement(
    dynamo: Dynamo, tenant: str, lists: Mapping[str, Sequence[str]], expected: int
) -> dict[str, Any]:
    """Return what replaces all lists of a tenant that there is, where they are of a revision."""
    # Where there never were any, they have none.
    unchanged = "holidays_revision = :expected" if expected else "attribute_not_exists(holidays)"
    values: dict[str, Any] = {
        ":lists": {"S": msgspec.json.encode(lists).decode()},
        ":next": {"N": str(expected + 1)},
    }
    if expected:
        values[":expected"] = {"N": str(expected)}
    return {
        "TableName": dynamo.catalogue,
        "Key": {"pk": {"S": keys.tenant_pk(tenant)}, "sk": {"S": keys.TENANT}},
        "UpdateExpression": "SET holidays = :lists, holidays_revision = :next",
        "ConditionExpression": f"attribute_exists(pk) AND {unchanged}",
        "ExpressionAttributeValues": values,
    }
