"""
A tenant's lists: the sparse index `listed`, by the instant since which something is in a list.

Ledger, directory and catalogue have it.  An item is in one list at most, whose entries move only
where it comes to another: so what is written by activities, accounts of members above all, is in
none.  The index follows within moments, and says what to read, no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.metering import Key
from chalicelib.store.reading import key_of, settings_of
from chalicelib.usecases.stored import ALWAYS, Entry, Period, Settings, StoredKey


def entries(
    dynamo: Dynamo,
    table: str,
    tenant: str,
    name: str,
    *,
    limit: int,
    before: Entry | None = None,
    period: Period = ALWAYS,
) -> Iterator[Entry]:
    """Yield what is in a list within a period, the latest first, from an entry on."""
    first, last = keys.listed_within(*period)
    if before is not None:
        last = min(last, keys.listed_sk(*before))
    if last <= first:
        return
    # Bounds are included, but neither an entry that was shown nor what begins a period after it is.
    found = dynamo.query(
        {
            "TableName": table,
            "IndexName": keys.LISTED_INDEX,
            "KeyConditionExpression": "listed_pk = :pk AND listed_sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": keys.listed_pk(tenant, name)},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            "ScanIndexForward": False,
        },
        limit=limit if before is None else limit + 1,
    )
    left = limit
    for item in found:
        entry = Entry(*keys.read_listed_sk(item["listed_sk"]["S"]))
        if entry != before and left:
            left -= 1
            yield entry


def keys_of(
    dynamo: Dynamo, tenant: str, limit: int, before: Entry | None
) -> list[tuple[Entry, StoredKey]]:
    """Read API keys of a tenant, the latest first."""
    found = list(
        entries(dynamo, dynamo.catalogue, tenant, keys.API_KEYS, limit=limit, before=before)
    )
    places: dict[Entry, Key] = {
        each: (dynamo.catalogue, keys.api_key_pk(each.listed), keys.API_KEY) for each in found
    }
    items = dynamo.get_each(list(places.values()))
    return [(each, key_of(each.listed, items[places[each]])) for each in found]


def sandboxes_of(
    dynamo: Dynamo, tenant: str, limit: int, before: Entry | None
) -> list[tuple[Entry, Settings, Instant]]:
    """Read sandboxes that a tenant opened, with their clocks, the latest first."""
    table = dynamo.catalogue
    found = list(entries(dynamo, table, tenant, keys.SANDBOXES, limit=limit, before=before))
    pks = [keys.tenant_pk(each.listed) for each in found]
    items = dynamo.get_each([(table, pk, sk) for pk in pks for sk in (keys.TENANT, keys.CLOCK)])
    return [
        (
            each,
            settings_of(each.listed, items[table, pk, keys.TENANT]),
            int(items[table, pk, keys.CLOCK]["instant"]["N"]),
        )
        for each, pk in zip(found, pks, strict=True)
    ]
