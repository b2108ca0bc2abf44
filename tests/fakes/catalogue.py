"""A catalogue in memory, beside a `FakeLedger`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.usecases.stored import ALWAYS, Entry, Settings, StoredKey
from tests.fakes.ledger import FakeLedger, latest


class FakeCatalogue:
    """Settings, clocks, programmes and keys; the ledger reads the clocks with its accounts."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger
        self._settings: dict[str, Settings] = {}
        self._versions: dict[tuple[str, str, int], ProgrammeVersion] = {}
        self._keys: dict[str, StoredKey] = {}
        self._administrators: Counter[str] = Counter()

    def settings(self, tenant: str, *, fresh: bool = False) -> Settings | None:  # noqa: ARG002 - always fresh
        """Read a tenant's settings."""
        with self._ledger.lock:
            return self._settings.get(tenant)

    def create_tenant(
        self, settings: Settings, clock: Instant | None, administrator: StoredKey | None = None
    ) -> bool:
        """Write a new tenant and its first key; ``False`` where there is one of that id."""
        with self._ledger.lock:
            if settings.tenant in self._settings:
                return False
            self._settings[settings.tenant] = settings
            if administrator is not None:
                self._keys[administrator.key_id] = administrator
                self._administrators[settings.tenant] = 1
            if clock is not None:
                self._ledger.clocks[settings.tenant] = clock
            return True

    def clock(self, tenant: str) -> Instant | None:
        """Read a test clock."""
        with self._ledger.lock:
            return self._ledger.clocks.get(tenant)

    def move_clock(self, tenant: str, to: Instant) -> bool:
        """Move a test clock forward; ``False`` where it is later already, or there is none."""
        with self._ledger.lock:
            shown = self._ledger.clocks.get(tenant)
            if shown is None or shown > to:
                return False
            self._ledger.clocks[tenant] = to
            return True

    def set_holidays(self, tenant: str, lists: Mapping[str, Sequence[str]], expected: int) -> bool:
        """Replace a tenant's lists of days; ``False`` where they are of another revision."""
        with self._ledger.lock:
            known = self._settings.get(tenant)
            if known is None or known.holidays_revision != expected:
                return False
            days = {name: frozenset(each) for name, each in lists.items()}
            self._settings[tenant] = replace(known, holidays=days, holidays_revision=expected + 1)
            return True

    def set_locations(self, tenant: str, encoded: bytes, expected: int) -> bool:
        """Replace a tenant's locations; ``False`` where they are of another revision."""
        with self._ledger.lock:
            known = self._settings.get(tenant)
            if known is None or known.locations_revision != expected:
                return False
            self._settings[tenant] = replace(
                known, locations=encoded, locations_revision=expected + 1
            )
            return True

    def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:  # noqa: ARG002 - always fresh
        """Read every version of every programme of a tenant."""
        with self._ledger.lock:
            return tuple(
                version for key, version in sorted(self._versions.items()) if key[0] == tenant
            )

    def save_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a new draft; ``False`` where that number is taken."""
        key = (tenant, version.programme_id, version.number)
        with self._ledger.lock:
            if key in self._versions:
                return False
            self._versions[key] = version
            return True

    def change_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a version over its draft; ``False`` where it is no draft any more."""
        key = (tenant, version.programme_id, version.number)
        with self._ledger.lock:
            known = self._versions.get(key)
            if known is None or known.state != "draft":
                return False
            self._versions[key] = version
            return True

    def find_key(self, key_id: str) -> StoredKey | None:
        """Read an API key."""
        with self._ledger.lock:
            return self._keys.get(key_id)

    def create_key(self, key: StoredKey) -> None:
        """Write a new API key; those of administrators are counted."""
        with self._ledger.lock:
            if key.key_id in self._keys:
                raise ValueError("this key id belongs to another key")
            self._keys[key.key_id] = key
            self._administrators[key.tenant] += key.administers

    def change_key(self, before: StoredKey, after: StoredKey) -> bool:
        """Change an API key that is still as it was read, but for when it was used."""
        with self._ledger.lock:
            known = self._keys[before.key_id]
            more = (after.administers and not after.revoked) - (
                before.administers and not before.revoked
            )
            same = replace(known, last_used_day=before.last_used_day) == before
            if not same or (more < 0 and self._administrators[before.tenant] == 1):
                return False
            self._keys[before.key_id] = replace(after, last_used_day=known.last_used_day)
            self._administrators[before.tenant] += more
            return True

    def note_key_use(self, key_id: str, day: int) -> None:
        """Write on which day a key was used, unless that or a later one is known."""
        with self._ledger.lock:
            if (key := self._keys.get(key_id)) is not None:
                self._keys[key_id] = replace(key, last_used_day=max(key.last_used_day, day))

    def list_keys(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> list[tuple[Entry, StoredKey]]:
        """Read API keys of a tenant, the latest first."""
        with self._ledger.lock:
            found = [
                Entry(key.created_at, key.key_id)
                for key in self._keys.values()
                if key.tenant == tenant
            ]
            shown = latest(found, limit, before, ALWAYS)
            return [(entry, self._keys[entry.listed]) for entry in shown]

    def list_sandboxes(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> list[tuple[Entry, Settings, Instant]]:
        """Read sandboxes that a tenant opened, with their clocks, the latest first."""
        with self._ledger.lock:
            found = [
                Entry(each.created_at, each.tenant)
                for each in self._settings.values()
                if each.opened_by == tenant
            ]
            return [
                (entry, self._settings[entry.listed], self._ledger.clocks[entry.listed])
                for entry in latest(found, limit, before, ALWAYS)
            ]
