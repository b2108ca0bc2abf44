"""What lies with a tenant's settings and is replaced whole, as a conditional write."""

from __future__ import annotations

from typing import Any, Literal

from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo

#: Lists of days, and locations; each with a count of its changes.
TenantList = Literal["holidays", "locations"]


def replacement(
    dynamo: Dynamo, tenant: str, name: TenantList, value: dict[str, Any], expected: int
) -> dict[str, Any]:
    """Return what replaces one list of a tenant that there is, where it is of a revision."""
    # Where there never was any, it has none.
    unchanged = f"{name}_revision = :expected" if expected else f"attribute_not_exists({name})"
    values: dict[str, Any] = {":list": value, ":next": {"N": str(expected + 1)}}
    if expected:
        values[":expected"] = {"N": str(expected)}
    return {
        "TableName": dynamo.catalogue,
        "Key": {"pk": {"S": keys.tenant_pk(tenant)}, "sk": {"S": keys.TENANT}},
        "UpdateExpression": f"SET {name} = :list, {name}_revision = :next",
        "ConditionExpression": f"attribute_exists(pk) AND {unchanged}",
        "ExpressionAttributeValues": values,
    }
