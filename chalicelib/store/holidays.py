"""A tenant's lists of days, which lie with its settings, as a conditional write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo


def replacement(dynamo: Dynamo, tenant: str, lists: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what replaces all lists of a tenant that there is."""
    return {
        "TableName": dynamo.catalogue,
        "Key": {"pk": {"S": keys.tenant_pk(tenant)}, "sk": {"S": keys.TENANT}},
        "UpdateExpression": "SET holidays = :lists",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":lists": {"S": msgspec.json.encode(lists).decode()}},
    }
