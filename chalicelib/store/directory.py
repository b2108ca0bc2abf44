"""Personal data and external ids in DynamoDB, in a table of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.reading import member_of, profile_of
from chalicelib.store.transaction import put, put_over
from chalicelib.usecases.stored import ALWAYS, Entry, Period, Profile


class DynamoDirectory:
    """The directory as use cases know it (`ports.Directory`)."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def profile(self, tenant: str, member: str) -> Profile | None:
        """Read a profile consistently."""
        pk = keys.member_pk(tenant, member)
        item = self._dynamo.get(self._dynamo.directory, pk, keys.PROFILE)
        return None if item is None else profile_of(item)

    def find(self, tenant: str, lookup: str) -> str | None:
        """Return the member with an external id, given as its keyed hash."""
        pk = keys.lookup_pk(tenant, lookup)
        item = self._dynamo.get(self._dynamo.directory, pk, keys.LOOKUP)
        return None if item is None else member_of(item)

    def profiles(self, tenant: str, members: Sequence[str]) -> dict[str, Profile]:
        """Read profiles consistently, in one call for a hundred of them; by member."""
        table = self._dynamo.directory
        wanted = {(table, keys.member_pk(tenant, each), keys.PROFILE): each for each in members}
        found = self._dynamo.get_each(list(wanted))
        return {wanted[key]: profile_of(item) for key, item in found.items()}

    def members(
        self,
        tenant: str,
        *,
        limit: int,
        before: Entry | None = None,
        period: Period = ALWAYS,
    ) -> Iterator[Entry]:
        """Walk a tenant's members, the latest to come first."""
        from chalicelib.store import listing

        table = self._dynamo.directory
        return listing.entries(
            self._dynamo, table, tenant, keys.MEMBERS, limit=limit, before=before, period=period
        )


def put_profile(dynamo: Dynamo, tenant: str, profile: Profile) -> dict[str, Any]:
    """Return the Put of a profile over the revision before its own."""
    from chalicelib.store import models

    item = models.profile_item(tenant, profile)
    return put_over(dynamo.directory, item, "revision", profile.revision - 1)


def delete_lookup(dynamo: Dynamo, tenant: str, lookup: str, member: str) -> dict[str, Any]:
    """Return the Delete of an external id that a member has."""
    return {
        "TableName": dynamo.directory,
        "Key": {"pk": {"S": keys.lookup_pk(tenant, lookup)}, "sk": {"S": keys.LOOKUP}},
        "ConditionExpression": "#member = :member",
        "ExpressionAttributeNames": {"#member": "member"},
        "ExpressionAttributeValues": {":member": {"S": member}},
    }


def put_lookup(
    dynamo: Dynamo, tenant: str, lookup: str, member: str, instead_of: str = ""
) -> dict[str, Any]:
    """
    Return the Put of an external id, which tells of the one that is there already.

    It is written ``instead_of`` that of another member where one is named.
    """
    from chalicelib.store import models

    item = models.lookup_item(tenant, lookup, member)
    if not instead_of:
        return put(dynamo.directory, item, tell=True)
    # The name of the attribute is a word of DynamoDB's own.
    condition, values = "#member = :former", {":former": {"S": instead_of}}
    request = put(dynamo.directory, item, condition=condition, values=values, tell=True)
    return {**request, "ExpressionAttributeNames": {"#member": "member"}}
