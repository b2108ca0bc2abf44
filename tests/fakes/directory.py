"""A directory in memory, beside a `FakeLedger`."""

from __future__ import annotations

from chalicelib.usecases.stored import Profile
from tests.fakes.ledger import FakeLedger


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
