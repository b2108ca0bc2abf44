"""A ledger in memory that keeps every promise of `ports.Ledger`; the contract suite holds it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from chalicelib.domain.decide.claims import (
    Claim,
    ClaimKey,
    EventRef,
    RecordKind,
    Ref,
    SaveRecord,
    TakeFrom,
)
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.store import items, keys
from chalicelib.usecases.stored import (
    ALWAYS,
    LISTED_ACCOUNTS,
    AccountChange,
    AccountRead,
    AlreadyDone,
    ClaimRefused,
    Commit,
    Conflicted,
    Due,
    Entry,
    IdempotencyKey,
    IndexRange,
    KeyHolder,
    Loaded,
    Period,
    Profile,
    Remembered,
)

T = TypeVar("T", bound=Struct)


class FakeLedger:
    """
    Accounts, journals and claims as dictionaries, for any number of threads.

    ``profiles``, ``lookups`` and ``clocks`` are what `FakeDirectory` and `FakeCatalogue` share
    with it, as the tables do.
    """

    def __init__(self) -> None:
        self.profiles: dict[tuple[str, str], Profile] = {}
        self.lookups: dict[tuple[str, str], str] = {}
        self.clocks: dict[str, Instant] = {}
        self.lock = threading.RLock()
        self._accounts: dict[tuple[str, str], Account] = {}
        self._places: dict[tuple[str, str], tuple[str, Instant]] = {}
        self._events: dict[tuple[str, str], list[StoredEvent]] = {}
        self._checkpoints: dict[tuple[str, str], list[Account]] = {}
        self._records: dict[tuple[str, Ref], SaveRecord] = {}
        self._holders: dict[tuple[str, str], KeyHolder] = {}
        # By tenant, name, and whether it is transient: those lie in another table.
        self._taken: dict[tuple[str, str, bool], int] = {}
        self._done: dict[tuple[str, str], Remembered] = {}

    def load(
        self,
        tenant: str,
        members: Sequence[str],
        records: Sequence[Ref | EventRef] = (),
        *,
        with_clock: bool = False,
    ) -> Loaded:
        """Read accounts, records and events, and the tenant's test clock."""
        with self.lock:
            return Loaded(
                accounts={member: self._account(tenant, member) for member in members},
                records={place: self._record(tenant, place) for place in records},
                clock=self.clocks.get(tenant) if with_clock else None,
            )

    def save(self, tenant: str, claim: SaveRecord) -> None:
        """Write a new record by itself."""
        with self.lock:
            self._records.setdefault((tenant, claim.ref), claim)

    def remembered(self, tenant: str, keys: Sequence[str]) -> tuple[Remembered | None, ...]:
        """Read dedupe records."""
        with self.lock:
            return tuple(self._done.get((tenant, key)) for key in keys)

    def commit(self, commit: Commit) -> None:
        """Write a decision, all or nothing; refusals in the order of `ports.Ledger.commit`."""
        for change in commit.changes:
            items.account_body(
                commit.tenant, change.member, change.account, into_reserve=commit.into_reserve
            )
            versions = [event.version for event in change.events]
            if versions != list(range(change.before + 1, change.account.version + 1)):
                raise ValueError(f"events {versions} do not lead from {change.before} on")
        changed = {change.member for change in commit.changes}
        for claim in commit.claims:
            if isinstance(claim, ClaimKey) and not claim.personal and claim.owner not in changed:
                raise ValueError("a key is claimed for an account that changes with it")
        with self.lock:
            self._check(commit)
            self._write(commit)

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
        """Read a journal in order of version."""
        with self.lock:
            chosen = self._events.get((tenant, member), [])[after:up_to]
        if newest_first:
            chosen.reverse()
        yield from chosen[:limit]

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
        with self.lock:
            kept = self._checkpoints.get((tenant, member), [])
            chosen = [each for each in kept if by is None or each.effective_at <= by]
        if newest_first:
            chosen.reverse()
        yield from chosen[:limit]

    def holder(self, tenant: str, key: str) -> KeyHolder | None:
        """Return who has a claimed key."""
        with self.lock:
            return self._holders.get((tenant, key))

    def taken(self, tenant: str, counters: Sequence[str]) -> dict[str, int]:
        """Return how much was taken from counters."""
        with self.lock:
            return {each: self._taken.get((tenant, each, False), 0) for each in counters}

    def due(self, shard: int, until: Instant, *, test_tenant: str | None = None) -> Iterator[Due]:
        """Walk one shard of the due index up to an instant."""
        for place in self._walk(keys.due_part(shard, test_tenant)):
            if place.at <= until:
                yield place

    def due_within(self, index_range: IndexRange) -> Iterator[Due]:
        """Walk what is still there of a range of the due index."""
        for place in self._walk(keys.due_part(index_range.shard, None)):
            if _order(index_range.first) <= _order(place) <= _order(index_range.last):
                yield place

    def reindex(
        self,
        tenant: str,
        member: str,
        version: int,
        due_at: Instant | None,
        *,
        on_test_clock: bool,
    ) -> None:
        """Correct the index of an account, unless it moved on meanwhile."""
        with self.lock:
            account = self._accounts.get((tenant, member))
            if account is not None and account.version == version:
                self._file(tenant, member, due_at, on_test_clock=on_test_clock)

    def members(self, tenant: str) -> Iterator[str]:
        """Walk every member of a tenant."""
        with self.lock:
            found = [member for owner, member in self.profiles if owner == tenant]
        yield from found

    def records(
        self,
        tenant: str,
        kind: RecordKind[T],
        owner: str,
        *,
        limit: int,
        before: str | None = None,
    ) -> Iterator[T]:
        """Read the records of a kind of one owner, the latest id first."""
        with self.lock:
            found = {
                ref.id: saved.record
                for (each, ref), saved in self._records.items()
                if (each, ref.kind, ref.owner) == (tenant, kind, owner)
                and (before is None or ref.id < before)
            }
        for record_id in sorted(found, reverse=True)[:limit]:
            record: Any = found[record_id]
            yield record

    def listed(
        self,
        tenant: str,
        name: str,
        *,
        limit: int,
        before: Entry | None = None,
        period: Period = ALWAYS,
    ) -> Iterator[Entry]:
        """Walk one of a tenant's lists."""
        with self.lock:
            found = [
                Entry(account.opened_at, member)
                for (each, member), account in self._accounts.items()
                if (each, account.status) == (tenant, name) and name in LISTED_ACCOUNTS
            ]
            found += [
                Entry(saved.listed[1], ref.listed)
                for (each, ref), saved in self._records.items()
                if each == tenant and saved.listed and ref.kind.list_of(saved.listed[0]) == name
            ]
        yield from latest(found, limit, before, period)

    def _account(self, tenant: str, member: str) -> AccountRead:
        place = self._places.get((tenant, member))
        indexed_due = None if place is None else place[1]
        return AccountRead(self._accounts.get((tenant, member)), indexed_due)

    def _record(self, tenant: str, place: Ref | EventRef) -> Any:
        if isinstance(place, Ref):
            saved = self._records.get((tenant, place))
            return None if saved is None else saved.record
        events = self._events.get((tenant, place.owner), [])
        return events[place.version - 1] if 0 < place.version <= len(events) else None

    def _walk(self, part: str) -> list[Due]:
        with self.lock:
            places = [
                Due(at, *owner) for owner, (filed, at) in self._places.items() if filed == part
            ]
        return sorted(places, key=_order)

    def _check(self, commit: Commit) -> None:
        tenant, owner = commit.tenant, (commit.tenant, commit.member)
        self._check_identities(commit)
        for claim in commit.claims:
            if isinstance(claim, ClaimKey) and (held_by := self._held_by(tenant, claim)):
                raise ClaimRefused(claim, held_by)
        if any(self._moved_on(tenant, change) for change in commit.changes):
            raise Conflicted
        if commit.profile is not None:
            profile = self.profiles.get(owner)
            if (profile.revision if profile else 0) != commit.profile.revision - 1:
                raise Conflicted
        if commit.freed is not None and self.lookups.get((tenant, commit.freed)) != commit.member:
            raise Conflicted
        for claim in commit.claims:
            if not self._grants(tenant, claim):
                raise ClaimRefused(claim, left=self._left(tenant, claim))

    def _check_identities(self, commit: Commit) -> None:
        for identity in _identities(commit):
            if commit.answer is None:
                raise ValueError("a commit with an identity needs the answer to remember")
            if (done := self._done.get((commit.tenant, identity.key))) is not None:
                raise AlreadyDone(done)

    def _held_by(self, tenant: str, claim: ClaimKey) -> str | None:
        if claim.personal:
            member = self.lookups.get((tenant, claim.key))
            return None if member == claim.instead_of else member
        holder = self._holders.get((tenant, claim.key))
        return None if holder is None else holder.member

    def _moved_on(self, tenant: str, change: AccountChange) -> bool:
        account = self._accounts.get((tenant, change.member))
        return (account.version if account else 0) != change.before

    def _grants(self, tenant: str, claim: Claim) -> bool:
        match claim:
            case SaveRecord(ref, _, revision):
                saved = self._records.get((tenant, ref))
                return (saved.revision if saved else 0) == revision - 1
            case TakeFrom(_, amount, limit):
                taken = self._taken.get(_counter(tenant, claim), 0) + amount
                return taken >= 0 if amount < 0 else taken <= limit
            case ClaimKey():
                return self._held_by(tenant, claim) is None

    def _left(self, tenant: str, claim: Claim) -> int:
        if not isinstance(claim, TakeFrom):
            return 0
        return max(claim.limit - self._taken.get(_counter(tenant, claim), 0), 0)

    def _write(self, commit: Commit) -> None:
        tenant, owner = commit.tenant, (commit.tenant, commit.member)
        for change in commit.changes:
            if not change.events:
                continue
            self._accounts[tenant, change.member] = change.account
            self._events.setdefault((tenant, change.member), []).extend(change.events)
            if change.is_checkpoint:
                self._checkpoints.setdefault((tenant, change.member), []).append(change.account)
            self._file(
                tenant, change.member, change.indexed_due, on_test_clock=commit.on_test_clock
            )
        if commit.profile is not None:
            self.profiles[owner] = commit.profile
        if commit.freed is not None:
            del self.lookups[tenant, commit.freed]
        for claim in commit.claims:
            self._claim(tenant, claim)
        for identity in _identities(commit):
            if commit.answer is not None:
                self._done[tenant, identity.key] = Remembered(
                    identity.fingerprint, commit.answer, commit.member, commit.version
                )

    def _claim(self, tenant: str, claim: Claim) -> None:
        match claim:
            case SaveRecord(ref):
                self._records[tenant, ref] = claim
            case TakeFrom(_, amount):
                counter = _counter(tenant, claim)
                self._taken[counter] = self._taken.get(counter, 0) + amount
            case ClaimKey(key, member, value, personal):
                if personal:
                    self.lookups[tenant, key] = member
                else:
                    self._holders[tenant, key] = KeyHolder(member, value)

    def _file(self, tenant: str, member: str, at: Instant | None, *, on_test_clock: bool) -> None:
        self._places.pop((tenant, member), None)
        if at is not None:
            part = keys.due_pk(tenant, member, on_test_clock=on_test_clock)
            self._places[tenant, member] = (part, at)


def latest(
    entries: Iterable[Entry], limit: int, before: Entry | None, period: Period
) -> list[Entry]:
    """Return the latest entries of a list within a period, from an entry on."""
    found = [each for each in entries if period.has(each.at) and (before is None or each < before)]
    return sorted(found, reverse=True)[:limit]


def _counter(tenant: str, claim: TakeFrom) -> tuple[str, str, bool]:
    return tenant, claim.counter, claim.kept_days is not None


def _identities(commit: Commit) -> list[IdempotencyKey]:
    return [each for each in (commit.identity, commit.also) if each is not None]


def _order(place: Due) -> tuple[Instant, str]:
    return place.at, f"{place.tenant}#{place.member}"
