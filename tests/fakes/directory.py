"""A directory in memory, beside a `FakeLedger`."""

from __future__ import annotations

from chalicelib.usecases.ports import Profile
from tests.fakes.ledger import FakeLedger


class FakeDirectory:
    """Profiles and external ids, of which commits of the ledger write some too."""

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

    def save(self, tenant: str, profile: Profile, *, expected: int) -> bool:
        """Write a profile over a revision; ``False`` where it moved on."""
        with self._ledger.lock:
            known = self._ledger.profiles.get((tenant, profile.member))
            if (known.revision if known else 0) != expected:
                return False
            self._ledger.profiles[tenant, profile.member] = profile
            return True
