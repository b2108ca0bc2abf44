"""Accounts, their journal and their claims in DynamoDB: one read, one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from msgspec import Struct

from chalicelib.domain.decide.claims import EventRef, RecordKind, Ref, SaveRecord
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.store import items, keys
from chalicelib.store.dynamo import BATCH_MAX, Dynamo
from chalicelib.store.metering import Item, Key
from chalicelib.store.transaction import transact
from chalicelib.store.writes import lifetime, writes_of
from chalicelib.usecases.stored import (
    ALWAYS,
    AccountRead,
    Commit,
    Due,
    Entry,
    IndexRange,
    KeyHolder,
    Loaded,
    Period,
    Remembered,
)

T = TypeVar("T", bound=Struct)

# Twelve digits of version, and one above them all.
_LAST_VERSION: Final = 10**12 - 1


class DynamoLedger:
    """The ledger as use cases know it (`ports.Ledger`)."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def load(
        self,
        tenant: str,
        members: Sequence[str],
        records: Sequence[Ref | EventRef] = (),
        *,
        with_clock: bool = False,
    ) -> Loaded:
        """Read accounts, records and events consistently, and the test clock, in one call."""
        accounts = {each: self._account_key(tenant, each) for each in members}
        places = {each: self._place(tenant, each) for each in records}
        wanted = [*accounts.values(), *places.values()]
        clock: Key = (self._dynamo.catalogue, keys.tenant_pk(tenant), keys.CLOCK)
        if with_clock:
            wanted.append(clock)
        found = self._dynamo.get_each(wanted)
        return Loaded(
            accounts={each: _account_read(found.get(key)) for each, key in accounts.items()},
            records={each: _record_read(each, found.get(key)) for each, key in places.items()},
            clock=int(found[clock]["instant"]["N"]) if clock in found else None,
        )

    def save(self, tenant: str, claim: SaveRecord) -> None:
        """Write a new record by itself: its id was just made, and is nobody else's."""
        table, expires_at = lifetime(self._dynamo, claim.ref.kind.kept_days)
        self._dynamo.create(table, items.record_item(tenant, claim, expires_at))

    def remembered(self, tenant: str, keys_: Sequence[str]) -> tuple[Remembered | None, ...]:
        """Read dedupe records consistently, in one call; in the order of the keys."""
        wanted = [(self._dynamo.ledger, keys.dedupe_pk(tenant, k), keys.DEDUPE) for k in keys_]
        found = self._dynamo.get_each(wanted)
        return tuple(items.remembered_of(found[k]) if k in found else None for k in wanted)

    def commit(self, commit: Commit) -> None:
        """
        Write a decision, all or nothing.

        Raises `Conflicted`, `AlreadyDone`, `ClaimRefused` or `OutcomeUnknown`, and `TooLarge`
        before anything is sent.  Where several conditions fail, the dedupe record counts first,
        then keys, then the versions of the accounts, then the other claims.
        """
        transact(self._dynamo, writes_of(self._dynamo, commit))

    def events(
        self,
        tenant: str,
        member: str,
        *,
        after: int = 0,
        up_to: int | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[StoredEvent]:
        """Read a journal consistently in order of version, page by page as it is consumed."""
        last = _LAST_VERSION if up_to is None else up_to
        if last <= after:
            return
        found = self._dynamo.query(
            {
                "TableName": self._dynamo.ledger,
                "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
                "ExpressionAttributeValues": {
                    ":pk": {"S": keys.member_pk(tenant, member)},
                    ":first": {"S": keys.event_sk(after + 1)},
                    ":last": {"S": keys.event_sk(last)},
                },
                "ConsistentRead": True,
                "ScanIndexForward": not newest_first,
            },
            limit=limit,
        )
        yield from map(items.event_of, found)

    def checkpoints(
        self,
        tenant: str,
        member: str,
        *,
        by: Instant | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[Account]:
        """Read accounts as they were kept now and then, by an instant, in order of version."""
        found = self._dynamo.query(
            {
                "TableName": self._dynamo.ledger,
                "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
                "ExpressionAttributeValues": {
                    ":pk": {"S": keys.member_pk(tenant, member)},
                    ":first": {"S": keys.CHECKPOINTS},
                    ":last": {"S": keys.checkpoints_until(by)},
                },
                "ConsistentRead": True,
                "ScanIndexForward": not newest_first,
            },
            limit=limit,
        )
        yield from map(items.account_of, found)

    def holder(self, tenant: str, key: str) -> KeyHolder | None:
        """Return who has a claimed key, or ``None``."""
        pk = keys.claimed_pk(tenant, key)
        item = self._dynamo.get(self._dynamo.ledger, pk, keys.CLAIMED)
        return None if item is None else items.holder_of(item)

    def taken(self, tenant: str, counters: Sequence[str]) -> dict[str, int]:
        """
        Return how much was taken from counters that are kept.

        For showing only, so it may be a moment behind: the claim in the transaction decides.
        """
        taken = dict.fromkeys(counters, 0)
        by_key: dict[Key, str] = {
            (self._dynamo.ledger, keys.counter_pk(tenant, each), keys.COUNTER): each
            for each in counters
        }
        wanted = list(by_key)
        for start in range(0, len(wanted), BATCH_MAX):
            found = self._dynamo.get_many(wanted[start : start + BATCH_MAX], consistent=False)
            for key, item in found.items():
                taken[by_key[key]] = int(item["used"]["N"])
        return taken

    def due(self, shard: int, until: Instant, *, test_tenant: str | None = None) -> Iterator[Due]:
        """
        Walk one shard of the due index up to an instant, the earliest first.

        ``test_tenant`` walks the part of a tenant with a test clock instead of the common one.
        The index follows the accounts within moments, so this says whom to look at, no more.
        """
        return self._due(
            "due_sk < :above",
            {
                ":part": {"S": keys.due_part(shard, test_tenant)},
                ":above": {"S": keys.due_before(until)},
            },
        )

    def due_within(self, index_range: IndexRange) -> Iterator[Due]:
        """Walk what is still there of a range of the due index, the earliest first."""
        return self._due(
            "due_sk BETWEEN :first AND :last",
            {
                ":part": {"S": keys.due_part(index_range.shard, None)},
                ":first": {"S": _due_sk(index_range.first)},
                ":last": {"S": _due_sk(index_range.last)},
            },
        )

    def reindex(
        self,
        tenant: str,
        member: str,
        version: int,
        due_at: Instant | None,
        *,
        on_test_clock: bool,
    ) -> None:
        """
        Correct the index of an account that has nothing due, unless it moved on meanwhile.

        No value changes and doing it twice is doing it once, so it needs no transaction.
        """
        place = items.due_place(tenant, member, due_at, due_at, on_test_clock=on_test_clock)
        change = "REMOVE due_at, due_pk, due_sk"
        if place:
            change = "SET due_at = :due_at, due_pk = :due_pk, due_sk = :due_sk"
        values: Item = {f":{name}": value for name, value in place.items()}
        self._dynamo.update(
            {
                "TableName": self._dynamo.ledger,
                "Key": {
                    "pk": {"S": keys.member_pk(tenant, member)},
                    "sk": {"S": keys.ACCOUNT},
                },
                "UpdateExpression": change,
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": values | {":version": {"N": str(version)}},
            }
        )

    def members(self, tenant: str) -> Iterator[str]:
        """
        Walk every member of a tenant; for verification, never for a decision.

        It misses nobody, as an index might, so it reads the whole directory, every tenant's part of
        it: it costs what a scan of that table costs, however few the members.
        """
        prefix = keys.members_prefix(tenant)
        found = self._dynamo.scan(
            {
                "TableName": self._dynamo.directory,
                "FilterExpression": "sk = :profile AND begins_with(pk, :members)",
                "ProjectionExpression": "pk",
                "ExpressionAttributeValues": {
                    ":profile": {"S": keys.PROFILE},
                    ":members": {"S": prefix},
                },
                "ConsistentRead": True,
            }
        )
        for item in found:
            yield item["pk"]["S"].removeprefix(prefix)

    def records(
        self,
        tenant: str,
        kind: RecordKind[T],
        owner: str,
        *,
        limit: int,
        before: str | None = None,
    ) -> Iterator[T]:
        """Read the records of a kind of one owner consistently, the latest first."""
        transient = kind.kept_days is not None
        first = keys.record_sk(kind.name, "")
        last = f"{first}~" if before is None else keys.record_sk(kind.name, before)
        found = self._dynamo.query(
            {
                "TableName": self._dynamo.work if transient else self._dynamo.ledger,
                "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
                "ExpressionAttributeValues": {
                    ":pk": {"S": keys.member_pk(tenant, owner)},
                    ":first": {"S": first},
                    ":last": {"S": last},
                },
                "ConsistentRead": True,
                "ScanIndexForward": False,
            },
            limit=limit if before is None else limit + 1,
        )
        # The last one is included: it was read before.
        others = (item for item in found if item["sk"]["S"] != last)
        for item in islice(others, limit):
            yield items.record_of(kind.ref(owner, ""), item)

    def listed(
        self,
        tenant: str,
        name: str,
        *,
        limit: int,
        before: Entry | None = None,
        period: Period = ALWAYS,
    ) -> Iterator[Entry]:
        """Walk one of a tenant's lists, the latest to come into it first."""
        from chalicelib.store import listing

        table = self._dynamo.ledger
        return listing.entries(
            self._dynamo, table, tenant, name, limit=limit, before=before, period=period
        )

    def _due(self, condition: str, values: Item) -> Iterator[Due]:
        found = self._dynamo.query(
            {
                "TableName": self._dynamo.ledger,
                "IndexName": keys.DUE_INDEX,
                "KeyConditionExpression": f"due_pk = :part AND {condition}",
                "ExpressionAttributeValues": values,
            }
        )
        for item in found:
            yield Due(*keys.read_due_sk(item["due_sk"]["S"]))

    def _account_key(self, tenant: str, member: str) -> Key:
        return self._dynamo.ledger, keys.member_pk(tenant, member), keys.ACCOUNT

    def _place(self, tenant: str, place: Ref | EventRef) -> Key:
        pk = keys.member_pk(tenant, place.owner)
        if isinstance(place, EventRef):
            return self._dynamo.ledger, pk, keys.event_sk(place.version)
        transient = place.kind.kept_days is not None
        table = self._dynamo.work if transient else self._dynamo.ledger
        return table, pk, keys.record_sk(place.kind.name, place.id)


def _due_sk(place: Due) -> str:
    return keys.due_sk(place.at, place.tenant, place.member)


def _account_read(item: Item | None) -> AccountRead:
    if item is None:
        return AccountRead(None)
    return AccountRead(items.account_of(item), items.indexed_due_of(item))


def _record_read(place: Ref | EventRef, item: Item | None) -> Any:
    if item is None:
        return None
    return items.event_of(item) if isinstance(place, EventRef) else items.record_of(place, item)
