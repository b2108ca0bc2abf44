"""
What is checked at every step of a history, because it is cheap and finds a fault where it happens.

No request may name what is another tenant's; no write may change an event, leave an account without
its journal, file it later than it is due, or take more from stock than there is.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any, Final

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.redemptions import stock_counter
from chalicelib.store import items, keys
from tests.faults import storage
from tests.faults.faults import Call
from tests.faults.programmes import PROGRAMME, STOCK
from tests.faults.world import ListsOfDays, clock_of, settings_in_store

_ENTRY: Final = "E#"


class Watch:
    """Sees every request and every write of a history; ``found`` is what was wrong."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.versions: dict[tuple[str, str], int] = {}
        self.written_at: dict[tuple[str, str, int], Instant] = {}
        self.index: list[tuple[tuple[str, str, str], ...]] = []
        #: The lists of days that each tenant had, the latest last.
        self.lists: defaultdict[str, list[ListsOfDays]] = defaultdict(list)
        self._hashes: dict[str, list[str]] = {}
        for pk, _ in storage.partitions(storage.LEDGER):
            self._member(pk, 0)
        for pk, _ in storage.partitions(storage.CATALOGUE):
            self._settings(pk, 0)
        self._index()

    def versions_of(self, tenant: str) -> dict[str, int]:
        """Return the version that each account of a tenant has now."""
        return {
            member: version for (owner, member), version in self.versions.items() if owner == tenant
        }

    def asked(self, call: Call, tenant: str) -> None:
        """Look at a request of a tenant, or of a job where the tenant is empty."""
        own = keys.tenant_pk(tenant)
        for pk in _named(call):
            if tenant and pk != own and not pk.startswith(f"{own}#"):
                self.found.append(f"a request of {tenant} names {pk}")

    def written(self, call: Call, now: Instant) -> None:
        """Look at what a write has left."""
        touched = {pk for pk in _named(call) if pk.startswith("T#")}
        for pk in sorted(touched):
            self._member(pk, now)
            self._stock(pk)
            self._settings(pk, now)
        self._index()

    def _member(self, pk: str, now: Instant) -> None:
        held = storage.partition(storage.LEDGER, pk)
        if keys.ACCOUNT not in held:
            if any(sk.startswith(_ENTRY) for sk in held):
                self.found.append(f"{pk} has events and no account")
            return
        events = sorted(sk for sk in held if sk.startswith(_ENTRY))
        hashes = [held[sk]["hash"]["B"] for sk in events]
        before = self._hashes.get(pk, [])
        if hashes[: len(before)] != before:
            self.found.append(f"an event of {pk} was changed")
        self._hashes[pk] = hashes
        _, tenant, _, member = pk.split("#", 3)
        for version in range(len(before) + 1, len(hashes) + 1):
            # What was there before the history began was written at no time of it.
            self.written_at[tenant, member, version] = now and clock_of(tenant, now)
        self.versions[tenant, member] = len(hashes)
        self._account(pk, held[keys.ACCOUNT], events, hashes)

    def _account(self, pk: str, item: Any, events: list[str], hashes: list[str]) -> None:
        version = int(item["version"]["N"])
        if events != [keys.event_sk(number) for number in range(1, version + 1)]:
            self.found.append(f"{pk} is at version {version} and has {len(events)} events")
        elif item["head_hash"]["B"] != hashes[-1]:
            self.found.append(f"{pk} does not end its journal")
        read = storage.read(item)
        due, indexed = due_at(items.account_of(read)), items.indexed_due_of(read)
        if due is not None and (indexed is None or indexed > due):
            self.found.append(f"{pk} is due at {due} and filed under {indexed}")

    def _stock(self, pk: str) -> None:
        item = storage.partition(storage.LEDGER, pk).get(keys.COUNTER)
        if item is not None:
            reward, used = _stocked(pk.split("#", 2)[1])[pk], int(item["used"]["N"])
            if not 0 <= used <= STOCK[reward]:
                self.found.append(f"{used} of {STOCK[reward]} {reward} are taken")

    def _settings(self, pk: str, now: Instant) -> None:
        if keys.TENANT in storage.partition(storage.CATALOGUE, pk):
            tenant = pk.split("#", 1)[1]
            lists = settings_in_store(tenant).holidays
            self.lists[tenant].append(ListsOfDays(now, dict(lists)))

    def _index(self) -> None:
        rows = tuple(
            sorted(
                (item["due_pk"]["S"], item["due_sk"]["S"], pk)
                for pk, held in storage.partitions(storage.LEDGER)
                if "due_sk" in (item := held.get(keys.ACCOUNT, {}))
            )
        )
        if not self.index or rows != self.index[-1]:
            self.index.append(rows)


@cache
def _stocked(tenant: str) -> dict[str, str]:
    """Return whose stock a tenant's counters are, by their partitions."""
    return {keys.counter_pk(tenant, stock_counter(PROGRAMME, each)): each for each in STOCK}


def _named(call: Call) -> list[str]:
    """Return the partitions that a request names."""
    asked = call.asked
    if call.operation == "TransactWriteItems":
        members = [next(iter(each.values())) for each in asked["TransactItems"]]
        return [(each.get("Item") or each["Key"])["pk"]["S"] for each in members]
    if call.operation == "BatchGetItem":
        return [key["pk"]["S"] for table in asked["RequestItems"].values() for key in table["Keys"]]
    if call.operation == "Query":
        values = asked["ExpressionAttributeValues"]
        return [] if call.of_index else [values[":pk"]["S"]]
    return [(asked.get("Item") or asked["Key"])["pk"]["S"]]
