"""
Changes of API keys as conditional writes.

How many keys administer a tenant moves in the transaction of the key, so that two administrators
who revoke each other at once do not leave none.
"""

from __future__ import annotations

from typing import Any

from chalicelib.store import keys, models
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.metering import Item
from chalicelib.store.transaction import put
from chalicelib.usecases.stored import StoredKey

Request = dict[str, Any]


def creation(dynamo: Dynamo, key: StoredKey) -> list[Request]:
    """Return what writes a new key."""
    more = _counts(key)
    written = put(dynamo.catalogue, models.key_item(key))
    return [written, *_administrators(dynamo, key.tenant, more)]


def change(dynamo: Dynamo, before: StoredKey, after: StoredKey) -> list[Request]:
    """Return what revokes a key, or changes its end, where both are still as they were read."""
    values: Item = {":was": {"BOOL": before.revoked}, ":revoked": {"BOOL": after.revoked}}
    changes, condition = "SET revoked = :revoked", "revoked = :was AND "
    if before.ends_at is None:
        condition += "attribute_not_exists(ends_at)"
    else:
        condition += "ends_at = :before"
        values[":before"] = {"N": str(before.ends_at)}
    if after.ends_at is None:
        changes += " REMOVE ends_on, ends_at"
    else:
        changes += ", ends_on = :ends_on, ends_at = :ends_at"
        values |= {":ends_on": {"S": after.ends_on}, ":ends_at": {"N": str(after.ends_at)}}
    changed: Request = {
        "TableName": dynamo.catalogue,
        "Key": {"pk": {"S": keys.api_key_pk(before.key_id)}, "sk": {"S": keys.API_KEY}},
        "UpdateExpression": changes,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": values,
    }
    return [changed, *_administrators(dynamo, before.tenant, _counts(after) - _counts(before))]


def _counts(key: StoredKey) -> int:
    """Return 1 of a key that administers, and 0 of any other."""
    return int(key.administers and not key.revoked)


def _administrators(dynamo: Dynamo, tenant: str, more: int) -> list[Request]:
    """Return what counts one key more or one less, of which one is always left."""
    if not more:
        return []
    return [
        {
            "TableName": dynamo.catalogue,
            "Key": {"pk": {"S": keys.tenant_pk(tenant)}, "sk": {"S": keys.TENANT}},
            "UpdateExpression": "SET administrators = administrators + :more",
            "ConditionExpression": "administrators >= :least",
            "ExpressionAttributeValues": {
                ":more": {"N": str(more)},
                ":least": {"N": "0" if more > 0 else "2"},
            },
        }
    ]
