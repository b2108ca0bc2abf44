"""
Settings, programmes, keys and test clocks in DynamoDB: read often, changed seldom.

One module because whatever is written here is forgotten by who remembers it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.metering import Item
from chalicelib.store.reading import key_of, settings_of, version_of
from chalicelib.store.transaction import Rank, Write, put, transact
from chalicelib.usecases.stored import Conflicted, Entry, OutcomeUnknown, Settings, StoredKey

if TYPE_CHECKING:
    from chalicelib.store.tenant_lists import TenantList
    from chalicelib.usecases.ports import Catalogue

TTL_MS: Final = 60_000
#: How long nothing is remembered: a tenant or programme that was just made is not missed for long.
NOTHING_TTL_MS: Final = 1_000

_KEPT_MAX: Final = 1024

T = TypeVar("T")


class DynamoCatalogue:
    """
    The catalogue as use cases know it (`ports.Catalogue`), read anew each time.

    Writes raise `Unavailable` where they may or may not have been carried out.
    """

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def settings(self, tenant: str, *, fresh: bool = False) -> Settings | None:  # noqa: ARG002 - always fresh
        """Read a tenant's settings."""
        item = self._get(keys.tenant_pk(tenant), keys.TENANT)
        return None if item is None else settings_of(tenant, item)

    def create_tenant(
        self, settings: Settings, clock: Instant | None, administrator: StoredKey | None = None
    ) -> bool:
        """
        Write a new tenant, its test clock and its first key, all or nothing.

        ``False`` where there is one of that id.
        """
        from chalicelib.store import models

        items = [models.tenant_item(settings, administrators=int(administrator is not None))]
        if administrator is not None:
            items.append(models.key_item(administrator))
        if clock is not None:
            items.append(models.clock_item(settings.tenant, clock))
        requests = [put(self._dynamo.catalogue, item) for item in items]
        return _write_if(self._dynamo, requests)

    def clock(self, tenant: str) -> Instant | None:
        """Read a test clock consistently."""
        item = self._get(keys.tenant_pk(tenant), keys.CLOCK)
        return None if item is None else int(item["instant"]["N"])

    def move_clock(self, tenant: str, to: Instant) -> bool:
        """
        Move a test clock forward; ``False`` where it is later already, or where there is none.

        Moving it to where it stands succeeds, so a repeated request is answered like the first.
        """
        from chalicelib.store import models

        request = put(
            self._dynamo.catalogue,
            models.clock_item(tenant, to),
            condition="instant <= :to",
            values={":to": {"N": str(to)}},
        )
        return _write_if(self._dynamo, [request])

    def set_holidays(self, tenant: str, lists: Mapping[str, Sequence[str]], expected: int) -> bool:
        """Replace a tenant's lists of days; ``False`` where they are of another revision."""
        encoded = msgspec.json.encode(lists).decode()
        return self._replace(tenant, "holidays", {"S": encoded}, expected)

    def set_locations(self, tenant: str, encoded: bytes, expected: int) -> bool:
        """Replace a tenant's locations; ``False`` where they are of another revision."""
        return self._replace(tenant, "locations", {"B": encoded}, expected)

    def _replace(self, tenant: str, name: TenantList, value: dict[str, Any], expected: int) -> bool:
        from chalicelib.store import tenant_lists

        request = tenant_lists.replacement(self._dynamo, tenant, name, value, expected)
        return _write_if(self._dynamo, [request])

    def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:  # noqa: ARG002 - always fresh
        """Read every version of every programme of a tenant."""
        found = self._dynamo.query(
            {
                "TableName": self._dynamo.catalogue,
                "KeyConditionExpression": "pk = :pk AND begins_with(sk, :versions)",
                "ExpressionAttributeValues": {
                    ":pk": {"S": keys.tenant_pk(tenant)},
                    ":versions": {"S": keys.VERSIONS},
                },
                "ConsistentRead": True,
            }
        )
        return tuple(map(version_of, found))

    def save_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a new draft; ``False`` where that number is taken."""
        from chalicelib.store import models

        request = put(self._dynamo.catalogue, models.version_item(tenant, version))
        return _write_if(self._dynamo, [request])

    def change_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a version over its draft; ``False`` where it is no draft any more."""
        from chalicelib.store import models

        request = put(
            self._dynamo.catalogue,
            models.version_item(tenant, version),
            condition="#state = :draft",
            values={":draft": {"S": "draft"}},
        )
        request["ExpressionAttributeNames"] = {"#state": "state"}
        return _write_if(self._dynamo, [request])

    def find_key(self, key_id: str) -> StoredKey | None:
        """Read an API key."""
        item = self._get(keys.api_key_pk(key_id), keys.API_KEY)
        return None if item is None else key_of(key_id, item)

    def create_key(self, key: StoredKey) -> None:
        """Write a new API key; those of administrators are counted."""
        from chalicelib.store import api_keys

        # A key never changes hands: were its id drawn twice, the second would be refused.
        if not _write_if(self._dynamo, api_keys.creation(self._dynamo, key)):
            raise ValueError("this key id belongs to another key")

    def change_key(self, before: StoredKey, after: StoredKey) -> bool:
        """
        Revoke an API key, or let it end on another day.

        ``False`` where it is not as it was read any more, or is the last of an administrator and
        would be none after it.
        """
        from chalicelib.store import api_keys

        return _write_if(self._dynamo, api_keys.change(self._dynamo, before, after))

    def note_key_use(self, key_id: str, day: int) -> None:
        """Write on which day a key was used, unless that or a later one is known."""
        self._dynamo.update(
            {
                "TableName": self._dynamo.catalogue,
                "Key": {"pk": {"S": keys.api_key_pk(key_id)}, "sk": {"S": keys.API_KEY}},
                "UpdateExpression": "SET last_used_day = :day",
                "ConditionExpression": "attribute_exists(pk) AND "
                "(attribute_not_exists(last_used_day) OR last_used_day < :day)",
                "ExpressionAttributeValues": {":day": {"N": str(day)}},
            }
        )

    def list_keys(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> list[tuple[Entry, StoredKey]]:
        """Read API keys of a tenant, the latest first; a hundred at most."""
        from chalicelib.store import listing

        return listing.keys_of(self._dynamo, tenant, limit, before)

    def list_sandboxes(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> list[tuple[Entry, Settings, Instant]]:
        """Read sandboxes that a tenant opened, with their clocks, the latest first; 50 at most."""
        from chalicelib.store import listing

        return listing.sandboxes_of(self._dynamo, tenant, limit, before)

    def _get(self, pk: str, sk: str) -> Item | None:
        return self._dynamo.get(self._dynamo.catalogue, pk, sk)


def _write_if(dynamo: Dynamo, requests: list[dict[str, Any]]) -> bool:
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


class CachedCatalogue:
    """
    A catalogue that remembers settings and programmes for a minute; safe to share by threads.

    What this process writes it knows at once, what another writes within ``ttl_ms``: whoever
    publishes allows for that (`publish_programme`).  ``clock_ms`` is a clock that never jumps.
    API keys are passed through, because `routes.credentials.CachedKeys` remembers them: two
    minutes in a row would be two for a revocation.
    """

    def __init__(
        self, catalogue: Catalogue, clock_ms: Callable[[], int], ttl_ms: int = TTL_MS
    ) -> None:
        self._catalogue = catalogue
        self._settings: _Kept[Settings | None] = _Kept(clock_ms, ttl_ms)
        self._versions: _Kept[Sequence[ProgrammeVersion]] = _Kept(clock_ms, ttl_ms)

    def forget(self, tenant: str) -> None:
        """Read what is known of a tenant anew when it is next asked for."""
        self._settings.drop(tenant)
        self._versions.drop(tenant)

    def settings(self, tenant: str, *, fresh: bool = False) -> Settings | None:
        """Read a tenant's settings; ``fresh`` past what is remembered."""
        if fresh:
            self._settings.drop(tenant)
        return self._settings.get(tenant, self._catalogue.settings)

    def create_tenant(
        self, settings: Settings, clock: Instant | None, administrator: StoredKey | None = None
    ) -> bool:
        """Write a new tenant; ``False`` where there is one of that id."""
        try:
            return self._catalogue.create_tenant(settings, clock, administrator)
        finally:
            self.forget(settings.tenant)

    def clock(self, tenant: str) -> Instant | None:
        """Read a test clock consistently."""
        return self._catalogue.clock(tenant)

    def move_clock(self, tenant: str, to: Instant) -> bool:
        """Move a test clock forward; ``False`` where it is later already."""
        return self._catalogue.move_clock(tenant, to)

    def set_holidays(self, tenant: str, lists: Mapping[str, Sequence[str]], expected: int) -> bool:
        """Replace a tenant's lists of days; ``False`` where they are of another revision."""
        try:
            return self._catalogue.set_holidays(tenant, lists, expected)
        finally:
            self.forget(tenant)

    def set_locations(self, tenant: str, encoded: bytes, expected: int) -> bool:
        """Replace a tenant's locations; ``False`` where they are of another revision."""
        try:
            return self._catalogue.set_locations(tenant, encoded, expected)
        finally:
            self.forget(tenant)

    def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:
        """Read every version of every programme of a tenant; ``fresh`` past what is remembered."""
        if fresh:
            self._versions.drop(tenant)
        return self._versions.get(tenant, self._catalogue.versions)

    def save_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a new draft; ``False`` where that number is taken."""
        try:
            return self._catalogue.save_draft(tenant, version)
        finally:
            self.forget(tenant)

    def change_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a version over its draft; ``False`` where it is no draft any more."""
        try:
            return self._catalogue.change_draft(tenant, version)
        finally:
            self.forget(tenant)

    def find_key(self, key_id: str) -> StoredKey | None:
        """Read an API key."""
        return self._catalogue.find_key(key_id)

    def create_key(self, key: StoredKey) -> None:
        """Write a new API key."""
        self._catalogue.create_key(key)

    def change_key(self, before: StoredKey, after: StoredKey) -> bool:
        """Change an API key that is still as it was read."""
        return self._catalogue.change_key(before, after)

    def note_key_use(self, key_id: str, day: int) -> None:
        """Write on which day a key was used."""
        self._catalogue.note_key_use(key_id, day)

    def list_keys(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> Sequence[tuple[Entry, StoredKey]]:
        """Read API keys of a tenant, the latest first."""
        return self._catalogue.list_keys(tenant, limit=limit, before=before)

    def list_sandboxes(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> Sequence[tuple[Entry, Settings, Instant]]:
        """Read sandboxes that a tenant opened, with their clocks, the latest first."""
        return self._catalogue.list_sandboxes(tenant, limit=limit, before=before)


class _Kept(Generic[T]):
    """Answers by tenant, the least recently used dropped first."""

    def __init__(self, clock_ms: Callable[[], int], ttl_ms: int) -> None:
        self._clock_ms = clock_ms
        self._ttl_ms = ttl_ms
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, T]] = OrderedDict()
        self._dropped = 0

    def get(self, tenant: str, read: Callable[[str], T]) -> T:
        """Return what is known of a tenant, reading it where that is too old."""
        now = self._clock_ms()
        with self._lock:
            kept = self._kept.get(tenant)
            if kept is not None and now < kept[0]:
                self._kept.move_to_end(tenant)
                return kept[1]
            dropped = self._dropped
        # Outside the lock: a slow read of one tenant must not hold up the others.
        answer = read(tenant)
        with self._lock:
            # What was read before something was dropped may be what it was dropped for.
            if dropped == self._dropped:
                lasts = self._ttl_ms if answer else min(NOTHING_TTL_MS, self._ttl_ms)
                self._kept[tenant] = (now + lasts, answer)
                self._kept.move_to_end(tenant)
                if len(self._kept) > _KEPT_MAX:
                    self._kept.popitem(last=False)
        return answer

    def drop(self, tenant: str) -> None:
        """Forget what is known of a tenant, and what is being read of it at this moment."""
        with self._lock:
            self._dropped += 1
            self._kept.pop(tenant, None)
