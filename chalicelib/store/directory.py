"""Personal data and external ids in DynamoDB, in a table of their own."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.errors import Unavailable
from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.reading import member_of, profile_of
from chalicelib.store.transaction import Rank, Write, put, put_over, transact
from chalicelib.usecases.ports import Conflicted, OutcomeUnknown, Profile


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

    def save(self, tenant: str, profile: Profile, *, expected: int) -> bool:
        """
        Write a profile over a revision (0 for a new one); ``False`` where it moved on.

        Raises `Unavailable` where it may or may not have been written.
        """
        request = _put_profile(self._dynamo, tenant, profile, expected)
        return write_if(self._dynamo, [request])


def put_profile(dynamo: Dynamo, tenant: str, profile: Profile) -> dict[str, Any]:
    """Return the Put of a profile over the revision before its own."""
    return _put_profile(dynamo, tenant, profile, profile.revision - 1)


def put_lookup(dynamo: Dynamo, tenant: str, lookup: str, member: str) -> dict[str, Any]:
    """Return the Put of an external id, which tells of the one that is there already."""
    from chalicelib.store import models

    return put(dynamo.directory, models.lookup_item(tenant, lookup, member), tell=True)


def _put_profile(dynamo: Dynamo, tenant: str, profile: Profile, over: int) -> dict[str, Any]:
    from chalicelib.store import models

    return put_over(dynamo.directory, models.profile_item(tenant, profile), "revision", over)


def write_if(dynamo: Dynamo, requests: list[dict[str, Any]]) -> bool:
    """
    Carry out conditional writes, all or none; ``False`` where a condition does not hold.

    This is a transaction even for one item: with botocore's token an attempt that was carried out
    but not heard of is not taken for somebody else's.  Raises `Unavailable` where it may or may
    not have been carried out, or something was in the way.
    """
    try:
        transact(dynamo, [Write(Rank.CLAIM, request, _refused) for request in requests])
    except _Refused:
        return False
    except (Conflicted, OutcomeUnknown) as trouble:
        raise Unavailable(
            "store_unavailable",
            "It is not known whether this was written. Read it, then send the request again.",
            retry_after=1,
        ) from trouble
    return True


class _Refused(Exception):
    """A condition does not hold."""


def _refused(_: object) -> Exception:
    return _Refused()
