"""Accounts, their journal and their claims in DynamoDB: one read, one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Redemption
from chalicelib.domain.entry import StoredEntry
from chalicelib.domain.quote import Quote
from chalicelib.store import items, keys
from chalicelib.store.dynamo import BATCH_MAX, Dynamo
from chalicelib.store.metering import Item, Key
from chalicelib.store.transaction import transact
from chalicelib.store.writes import writes_of
from chalicelib.usecases.ports import Commit, Due, Loaded, Remembered, Stretch

# Twelve digits of version, and one above them all.
_LAST_VERSION: Final = 10**12 - 1


class DynamoLedger:
    """The ledger as use cases know it (`ports.Ledger`)."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def load(self, tenant: str, member: str, *, with_clock: bool = False) -> Loaded:
        """Read an account consistently, and in the same call the tenant's test clock."""
        if with_clock:
            return self._load_beside(tenant, member, None, with_clock=True)[0]
        pk = keys.member_pk(tenant, member)
        return _loaded(self._dynamo.get(self._dynamo.ledger, pk, keys.ACCOUNT), None)

    def load_pair(
        self, tenant: str, member: str, counterparty: str, *, with_clock: bool = False
    ) -> Loaded:
        """Read the account of a member, and that of another as its counterparty, in one call."""
        beside = (self._dynamo.ledger, keys.member_pk(tenant, counterparty), keys.ACCOUNT)
        loaded, item = self._load_beside(tenant, member, beside, with_clock=with_clock)
        return replace(loaded, counterparty=replace(_loaded(item, None), clock=loaded.clock))

    def accounts(self, tenant: str, members: Sequence[str]) -> tuple[Account | None, ...]:
        """Read accounts of several members consistently, in one call; in the order of the ids."""
        ledger = self._dynamo.ledger
        wanted = [(ledger, keys.member_pk(tenant, each), keys.ACCOUNT) for each in members]
        found = self._dynamo.get_many(wanted)
        return tuple(items.account_of(found[k]) if k in found else None for k in wanted)

    def load_with_redemption(
        self, tenant: str, member: str, redemption_id: str, *, with_clock: bool = False
    ) -> tuple[Loaded, Redemption | None]:
        """Read an account and one of its redemptions consistently, in one call."""
        key = (
            self._dynamo.ledger,
            keys.member_pk(tenant, member),
            keys.redemption_sk(redemption_id),
        )
        loaded, item = self._load_beside(tenant, member, key, with_clock=with_clock)
        return loaded, None if item is None else items.redemption_of(item)

    def load_with_quote(
        self, tenant: str, member: str, quote_id: str, *, with_clock: bool = False
    ) -> tuple[Loaded, Quote | None]:
        """Read an account and one of its quotes consistently, in one call."""
        key = (self._dynamo.work, keys.member_pk(tenant, member), keys.quote_sk(quote_id))
        loaded, item = self._load_beside(tenant, member, key, with_clock=with_clock)
        return loaded, None if item is None else items.quote_of(item)

    def save_quote(self, tenant: str, quote: Quote) -> None:
        """Write a new quote; nobody knows its id yet, so nothing guards it."""
        forgotten_at = self._dynamo.forgotten_in(items.QUOTE_KEPT_S)
        self._dynamo.put(self._dynamo.work, items.quote_item(tenant, quote, forgotten_at))

    def redemptions(
        self, tenant: str, member: str, ids: Sequence[str]
    ) -> tuple[Redemption | None, ...]:
        """Read redemptions of a member consistently, in one call; in the order of the ids."""
        pk = keys.member_pk(tenant, member)
        wanted = [(self._dynamo.ledger, pk, keys.redemption_sk(each)) for each in ids]
        found = self._dynamo.get_many(wanted)
        return tuple(items.redemption_of(found[k]) if k in found else None for k in wanted)

    def load_with_entry(
        self, tenant: str, member: str, version: int, *, with_clock: bool = False
    ) -> tuple[Loaded, StoredEntry | None]:
        """Read an account and one of its entries consistently, in one call."""
        key = (self._dynamo.ledger, keys.member_pk(tenant, member), keys.entry_sk(version))
        loaded, item = self._load_beside(tenant, member, key, with_clock=with_clock)
        return loaded, None if item is None else items.entry_of(item)

    def remembered(self, tenant: str, key: str) -> Remembered | None:
        """Read a dedupe record consistently."""
        pk = keys.dedupe_pk(tenant, key)
        item = self._dynamo.get(self._dynamo.ledger, pk, keys.DEDUPE)
        return None if item is None else items.remembered_of(item)

    def remembered_each(self, tenant: str, keys_: Sequence[str]) -> tuple[Remembered | None, ...]:
        """Read several dedupe records consistently, in one call; in the order of the keys."""
        wanted = [(self._dynamo.ledger, keys.dedupe_pk(tenant, k), keys.DEDUPE) for k in keys_]
        found = self._dynamo.get_many(wanted)
        return tuple(items.remembered_of(found[k]) if k in found else None for k in wanted)

    def commit(self, commit: Commit) -> None:
        """
        Write a decision, all or nothing.

        Raises `Conflicted`, `AlreadyDone`, `ClaimRefused`, `LookUpTaken` or `OutcomeUnknown`, and
        `TooLarge` before anything is sent.  Where several conditions fail, the dedupe record
        counts first, then the external id, then the account's version, then the claims.
        """
        transact(self._dynamo, writes_of(self._dynamo, commit))

    def entries(
        self,
        tenant: str,
        member: str,
        *,
        after: int = 0,
        up_to: int | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[StoredEntry]:
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
                    ":first": {"S": keys.entry_sk(after + 1)},
                    ":last": {"S": keys.entry_sk(last)},
                },
                "ConsistentRead": True,
                "ScanIndexForward": not newest_first,
            },
            limit=limit,
        )
        yield from map(items.entry_of, found)

    def redemption_of(self, tenant: str, voucher_hash: str) -> tuple[str, str] | None:
        """Return (member, redemption id) of a voucher, or ``None``."""
        pk = keys.voucher_pk(tenant, voucher_hash)
        item = self._dynamo.get(self._dynamo.ledger, pk, keys.VOUCHER)
        return None if item is None else (item["member"]["S"], item["redemption"]["S"])

    def stock_taken(self, tenant: str, rewards: Sequence[tuple[str, str]]) -> dict[str, int]:
        """
        Return how many were taken of rewards given as (programme, reward), by reward id.

        For showing only, so it may be a moment behind: the claim in the transaction decides.
        """
        taken = {reward: 0 for _, reward in rewards}
        by_key: dict[Key, str] = {
            (self._dynamo.ledger, keys.stock_pk(tenant, programme, reward), keys.STOCK): reward
            for programme, reward in rewards
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

    def due_within(self, stretch: Stretch) -> Iterator[Due]:
        """Walk what is still there of a stretch of the due index, the earliest first."""
        return self._due(
            "due_sk BETWEEN :first AND :last",
            {
                ":part": {"S": keys.due_part(stretch.shard, None)},
                ":first": {"S": _due_sk(stretch.first)},
                ":last": {"S": _due_sk(stretch.last)},
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

        No index knows a tenant's members, so this reads the whole directory, every tenant's part
        of it: it costs what a scan of that table costs, however few the members.
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

    def _load_beside(
        self, tenant: str, member: str, beside: Key | None, *, with_clock: bool
    ) -> tuple[Loaded, Item | None]:
        """Read an account, an item beside it and the test clock, in one consistent call."""
        pk = keys.member_pk(tenant, member)
        account: Key = (self._dynamo.ledger, pk, keys.ACCOUNT)
        clock: Key | None = None
        if with_clock:
            clock = (self._dynamo.catalogue, keys.tenant_pk(tenant), keys.CLOCK)
        found = self._dynamo.get_many([key for key in (account, beside, clock) if key])
        loaded = _loaded(found.get(account), found.get(clock) if clock else None)
        return loaded, found.get(beside) if beside else None


def _due_sk(place: Due) -> str:
    return keys.due_sk(place.at, place.tenant, place.member)


def _loaded(account: Item | None, clock: Item | None) -> Loaded:
    instant = None if clock is None else int(clock["instant"]["N"])
    if account is None:
        return Loaded(account=None, clock=instant)
    return Loaded(
        account=items.account_of(account),
        clock=instant,
        indexed_due=items.indexed_due_of(account),
    )
