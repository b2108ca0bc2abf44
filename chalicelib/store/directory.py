"""Personal data and external ids in DynamoDB, in a table of their own."""

from __future__ import annotations

from typing import Any

from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.reading import member_of, profile_of
from chalicelib.store.transaction import put, put_over
from chalicelib.usecases.stored import Profile


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


def put_profile(dynamo: Dynamo, tenant: str, profile: Profile) -> dict[str, Any]:
    """Return the Put of a profile over the revision before its own."""
    from chalicelib.store import models

    item = models.profile_item(tenant, profile)
    return put_over(dynamo.directory, item, "revision", profile.revision - 1)


def put_lookup(dynamo: Dynamo, tenant: str, lookup: str, member: str) -> dict[str, Any]:
    """Return the Put of an external id, which tells of the one that is there already."""
    from chalicelib.store import models

    return put(dynamo.directory, models.lookup_item(tenant, lookup, member), tell=True)
