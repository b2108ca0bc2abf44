"""A directory in memory, beside a `FakeLedger`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.usecases.stored import ALWAYS, Entry, Period, Profile
from tests.fakes.ledger import FakeLedger, latest


class FakeDirectory:
    """Profiles and external ids, which commits of the ledger write."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger

    def profile(self, tenant: str, member: str) -> Profile | None:
        """Read a profile."""
        with self._ledger.lock:
            return self._ledger.profiles.get((tenant, member))

    def find(self, tenant: str, lookup: str) -> str | None:
        """Return the member with an external id, given as its keyed hash."""
        with self._ledger.lock:
            return self._ledger.lookups.get((tenant, lookup))

    def profiles(self, tenant: str, members: Sequence[str]) -> dict[str, Profile]:
        """Read profiles, by member."""
        with self._ledger.lock:
            found = {each: self._ledger.profiles.get((tenant, each)) for each in members}
        return {member: each for member, each in found.items() if each is not None}

    def members(
        self,
        tenant: str,
        *,
        limit: int,
        before: Entry | None = None,
        period: Period = ALWAYS,
    ) -> Iterator[Entry]:
        """Walk a tenant's members, the latest to come first."""
        with self._ledger.lock:
            found = [
                Entry(profile.created_at, member)
                for (each, member), profile in self._ledger.profiles.items()
                if each == tenant
            ]
        yield from latest(found, limit, before, period)
