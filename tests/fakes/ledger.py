"""A ledger in memory that keeps every promise of `ports.Ledger`; the contract suite holds it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import (
    Claim,
    Redemption,
    Remaining,
    ReturnStock,
    SaveQuote,
    SaveRedemption,
    SaveRemaining,
    TakeBudget,
    TakeStock,
)
from chalicelib.domain.entry import StoredEntry
from chalicelib.domain.quote import Quote
from chalicelib.store import items, keys
from chalicelib.usecases.identity import activity_key
from chalicelib.usecases.ports import (
    AlreadyDone,
    ClaimRefused,
    Commit,
    Conflicted,
    Due,
    Growth,
    Identity,
    Loaded,
    LookUpTaken,
    Profile,
    Remembered,
    Stretch,
)


class FakeLedger:
    """
    Accounts, journals and claims as dictionaries, for any number of threads.

    ``profiles``, ``look_ups`` and ``clocks`` are what `FakeDirectory` and `FakeCatalogue` share
    with it, as the tables do.
    """

    def __init__(self) -> None:
        self.profiles: dict[tuple[str, str], Profile] = {}
        self.look_ups: dict[tuple[str, str], str] = {}
        self.clocks: dict[str, Instant] = {}
        self.lock = threading.RLock()
        self._accounts: dict[tuple[str, str], Account] = {}
        self._places: dict[tuple[str, str], tuple[str, Instant]] = {}
        self._entries: dict[tuple[str, str], list[StoredEntry]] = {}
        self._redemptions: dict[tuple[str, str, str], Redemption] = {}
        self._budgets: dict[tuple[str, str], int] = {}
        self._quotes: dict[tuple[str, str, str], Quote] = {}
        self._vouchers: dict[tuple[str, str], tuple[str, str]] = {}
        self._done: dict[tuple[str, str], Remembered] = {}
        self._taken: dict[tuple[str, str, str], int] = {}

    def load(self, tenant: str, member: str, *, with_clock: bool = False) -> Loaded:
        """Read an account, and the tenant's test clock."""
        with self.lock:
            place = self._places.get((tenant, member))
            return Loaded(
                account=self._accounts.get((tenant, member)),
                clock=self.clocks.get(tenant) if with_clock else None,
                indexed_due=None if place is None else place[1],
            )

    def load_pair(
        self, tenant: str, member: str, counterparty: str, *, with_clock: bool = False
    ) -> Loaded:
        """Read the account of a member, and that of another as its counterparty."""
        with self.lock:
            beside = self.load(tenant, counterparty, with_clock=with_clock)
            return replace(self.load(tenant, member, with_clock=with_clock), counterparty=beside)

    def accounts(self, tenant: str, members: Sequence[str]) -> tuple[Account | None, ...]:
        """Read accounts of several members."""
        with self.lock:
            return tuple(self._accounts.get((tenant, member)) for member in members)

    def load_with_redemption(
        self, tenant: str, member: str, redemption_id: str, *, with_clock: bool = False
    ) -> tuple[Loaded, Redemption | None]:
        """Read an account and one of its redemptions."""
        with self.lock:
            redemption = self._redemptions.get((tenant, member, redemption_id))
            return self.load(tenant, member, with_clock=with_clock), redemption

    def load_with_quote(
        self, tenant: str, member: str, quote_id: str, *, with_clock: bool = False
    ) -> tuple[Loaded, Quote | None]:
        """Read an account and one of its quotes."""
        with self.lock:
            quote = self._quotes.get((tenant, member, quote_id))
            return self.load(tenant, member, with_clock=with_clock), quote

    def save_quote(self, tenant: str, quote: Quote) -> None:
        """Write a new quote."""
        with self.lock:
            self._quotes[tenant, quote.member, quote.id] = quote

    def redemptions(
        self, tenant: str, member: str, ids: Sequence[str]
    ) -> tuple[Redemption | None, ...]:
        """Read redemptions of a member."""
        with self.lock:
            return tuple(self._redemptions.get((tenant, member, each)) for each in ids)

    def load_with_entry(
        self, tenant: str, member: str, version: int, *, with_clock: bool = False
    ) -> tuple[Loaded, StoredEntry | None]:
        """Read an account and one of its entries."""
        with self.lock:
            entries = self._entries.get((tenant, member), [])
            entry = entries[version - 1] if 0 < version <= len(entries) else None
            return self.load(tenant, member, with_clock=with_clock), entry

    def remembered(self, tenant: str, key: str) -> Remembered | None:
        """Read a dedupe record."""
        with self.lock:
            return self._done.get((tenant, key))

    def remembered_each(self, tenant: str, keys: Sequence[str]) -> tuple[Remembered | None, ...]:
        """Read several dedupe records."""
        with self.lock:
            return tuple(self._done.get((tenant, key)) for key in keys)

    def commit(self, commit: Commit) -> None:
        """Write a decision, all or nothing; refusals in the order of `ports.Ledger.commit`."""
        for growth in _growths(commit):
            items.account_body(commit.tenant, growth.member, growth.account)
            versions = [entry.version for entry in growth.entries]
            if versions != list(range(growth.before + 1, growth.account.version + 1)):
                raise ValueError(f"entries {versions} do not lead from {growth.before} on")
        with self.lock:
            self._check(commit)
            self._write(commit)

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
        """Read a journal in order of version."""
        with self.lock:
            chosen = self._entries.get((tenant, member), [])[after:up_to]
        if newest_first:
            chosen.reverse()
        yield from chosen[:limit]

    def redemption_of(self, tenant: str, voucher_hash: str) -> tuple[str, str] | None:
        """Return (member, redemption id) of a voucher."""
        with self.lock:
            return self._vouchers.get((tenant, voucher_hash))

    def stock_taken(self, tenant: str, rewards: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return how many were taken of rewards, by reward id."""
        with self.lock:
            return {
                reward: self._taken.get((tenant, programme, reward), 0)
                for programme, reward in rewards
            }

    def due(self, shard: int, until: Instant, *, test_tenant: str | None = None) -> Iterator[Due]:
        """Walk one shard of the due index up to an instant."""
        for place in self._walk(keys.due_part(shard, test_tenant)):
            if place.at <= until:
                yield place

    def due_within(self, stretch: Stretch) -> Iterator[Due]:
        """Walk what is still there of a stretch of the due index."""
        for place in self._walk(keys.due_part(stretch.shard, None)):
            if _order(stretch.first) <= _order(place) <= _order(stretch.last):
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

    def _walk(self, part: str) -> list[Due]:
        with self.lock:
            places = [
                Due(at, *owner) for owner, (filed, at) in self._places.items() if filed == part
            ]
        return sorted(places, key=_order)

    def _check(self, commit: Commit) -> None:
        tenant, owner = commit.tenant, (commit.tenant, commit.member)
        for identity in _identities(commit):
            if commit.answer is None:
                raise ValueError("a commit with an identity needs the answer to remember")
            if (done := self._done.get((tenant, identity.key))) is not None:
                raise AlreadyDone(done)
        if commit.look_up is not None and (tenant, commit.look_up) in self.look_ups:
            raise LookUpTaken(self.look_ups[tenant, commit.look_up])
        if any(self._moved_on(tenant, growth) for growth in _growths(commit)):
            raise Conflicted
        if commit.profile is not None:
            profile = self.profiles.get(owner)
            if (profile.revision if profile else 0) != commit.profile.revision - 1:
                raise Conflicted
        for claim in commit.claims:
            if not self._grants(tenant, claim):
                raise ClaimRefused(claim)

    def _moved_on(self, tenant: str, growth: Growth) -> bool:
        account = self._accounts.get((tenant, growth.member))
        return (account.version if account else 0) != growth.before

    def _grants(self, tenant: str, claim: Claim) -> bool:
        match claim:
            case SaveRedemption(redemption):
                known = self._redemptions.get((tenant, redemption.member, redemption.id))
                if redemption.revision == 1:
                    voucher = redemption.voucher_hash
                    return known is None and (tenant, voucher) not in self._vouchers
                return known is not None and known.revision == redemption.revision - 1
            case TakeStock(programme, reward, limit):
                return self._taken.get((tenant, programme, reward), 0) < limit
            case ReturnStock(programme, reward):
                return self._taken.get((tenant, programme, reward), 0) > 0
            case SaveRemaining(source, external_id, remaining):
                done = self._done.get((tenant, activity_key(source, external_id)))
                if done is None:
                    return False
                return remaining.revision - 1 == (_revision(done.remaining))
            case TakeBudget(name, amount, limit):
                return self._budgets.get((tenant, name), 0) + amount <= limit
            case SaveQuote(quote):
                made = self._quotes.get((tenant, quote.member, quote.id))
                return (made.revision if made else 0) == quote.revision - 1

    def _write(self, commit: Commit) -> None:
        tenant, owner = commit.tenant, (commit.tenant, commit.member)
        for growth in _growths(commit):
            self._accounts[tenant, growth.member] = growth.account
            self._entries.setdefault((tenant, growth.member), []).extend(growth.entries)
            self._file(
                tenant, growth.member, growth.indexed_due, on_test_clock=commit.on_test_clock
            )
        if commit.profile is not None:
            self.profiles[owner] = commit.profile
        if commit.look_up is not None:
            self.look_ups[tenant, commit.look_up] = commit.member
        for claim in commit.claims:
            self._claim(tenant, claim)
        for identity in _identities(commit):
            if commit.answer is not None:
                self._done[tenant, identity.key] = Remembered(
                    identity.fingerprint, commit.answer, commit.member, commit.account.version
                )

    def _claim(self, tenant: str, claim: Claim) -> None:
        match claim:
            case SaveRedemption(redemption):
                self._redemptions[tenant, redemption.member, redemption.id] = redemption
                if redemption.voucher_hash:
                    pointer = (redemption.member, redemption.id)
                    self._vouchers[tenant, redemption.voucher_hash] = pointer
            case TakeStock(programme, reward):
                key = (tenant, programme, reward)
                self._taken[key] = self._taken.get(key, 0) + 1
            case ReturnStock(programme, reward):
                self._taken[tenant, programme, reward] -= 1
            case SaveRemaining(source, external_id, remaining):
                known = (tenant, activity_key(source, external_id))
                self._done[known] = replace(self._done[known], remaining=remaining)
            case TakeBudget(name, amount):
                self._budgets[tenant, name] = self._budgets.get((tenant, name), 0) + amount
            case SaveQuote(quote):
                self._quotes[tenant, quote.member, quote.id] = quote

    def _file(self, tenant: str, member: str, at: Instant | None, *, on_test_clock: bool) -> None:
        self._places.pop((tenant, member), None)
        if at is not None:
            part = keys.due_pk(tenant, member, on_test_clock=on_test_clock)
            self._places[tenant, member] = (part, at)


def _growths(commit: Commit) -> list[Growth]:
    return [each for each in (commit, commit.counterparty) if each is not None]


def _identities(commit: Commit) -> list[Identity]:
    return [each for each in (commit.identity, commit.also) if each is not None]


def _order(place: Due) -> tuple[Instant, str]:
    return place.at, f"{place.tenant}#{place.member}"


def _revision(remaining: Remaining | None) -> int:
    return 0 if remaining is None else remaining.revision
