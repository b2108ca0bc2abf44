"""What a process remembers of the catalogue, and for how long."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.store.catalogue import NOTHING_TTL_MS, TTL_MS, CachedCatalogue
from chalicelib.usecases.stored import Settings
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.ledger import FakeLedger
from tests.store.contract.test_catalogue import KEY, SETTINGS, draft
from tests.store.samples import NOW, TENANT


class Counting(FakeCatalogue):
    """A catalogue that counts how often it is read."""

    def __init__(self) -> None:
        super().__init__(FakeLedger())
        self.reads = 0

    def settings(self, tenant: str, *, fresh: bool = False) -> Settings | None:
        """Count and read."""
        self.reads += 1
        return super().settings(tenant, fresh=fresh)

    def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:
        """Count and read."""
        self.reads += 1
        return super().versions(tenant, fresh=fresh)


class Clock:
    """A clock that a test moves."""

    now = 5

    def __call__(self) -> int:
        """Return the time that the test set."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands."""
    return Clock()


@pytest.fixture
def store() -> Counting:
    """Return a catalogue with one tenant."""
    catalogue = Counting()
    catalogue.create_tenant(SETTINGS, NOW)
    return catalogue


def test_remembers_for_a_minute(store: Counting, clock: Clock) -> None:
    """Settings are read once a minute, however often they are asked for."""
    cached = CachedCatalogue(store, clock)
    for at in (0, 1, TTL_MS - 1):
        clock.now = at
        assert cached.settings(TENANT) == SETTINGS
    assert store.reads == 1

    clock.now = TTL_MS
    assert cached.settings(TENANT) == SETTINGS
    assert store.reads == 2


def test_remembers_nothing_for_a_second(store: Counting, clock: Clock) -> None:
    """A tenant that does not exist, or has no programmes, is asked for again after a second."""
    cached = CachedCatalogue(store, clock)
    for _ in range(2):
        assert cached.settings("other") is None
        assert cached.versions(TENANT) == ()
    assert store.reads == 2

    store.create_tenant(Settings("other", "Other"), None)
    store.save_draft(TENANT, draft())
    clock.now += NOTHING_TTL_MS

    assert cached.settings("other") == Settings("other", "Other")
    assert cached.versions(TENANT) == (draft(),)


def test_knows_its_own_writes(store: Counting, clock: Clock) -> None:
    """What is written through the cache is seen at once."""
    cached = CachedCatalogue(store, clock)
    assert cached.settings("other") is None
    assert cached.versions(TENANT) == ()

    cached.create_tenant(Settings("other", "Other"), None)
    cached.save_draft(TENANT, draft())

    assert cached.settings("other") == Settings("other", "Other")
    assert cached.versions(TENANT) == (draft(),)


def test_fresh_and_forget(store: Counting, clock: Clock) -> None:
    """What another process wrote is seen where it is asked for fresh, or was forgotten."""
    cached = CachedCatalogue(store, clock)
    store.save_draft(TENANT, draft(1))
    assert cached.versions(TENANT) == (draft(1),)
    store.save_draft(TENANT, draft(2))
    assert cached.versions(TENANT) == (draft(1),)

    assert cached.versions(TENANT, fresh=True) == (draft(1), draft(2))
    assert cached.versions(TENANT) == (draft(1), draft(2))
    store.save_draft(TENANT, draft(3))
    cached.forget(TENANT)

    assert cached.versions(TENANT) == (draft(1), draft(2), draft(3))


def test_a_read_under_way_is_not_remembered(clock: Clock) -> None:
    """What was read before a write finished does not outlive the write."""

    class Overtaken(Counting):
        """A catalogue in which a draft is saved while its versions are being read."""

        cached: CachedCatalogue

        def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:
            before = super().versions(tenant, fresh=fresh)
            if not before:
                self.cached.save_draft(tenant, draft())
            return before

    store = Overtaken()
    store.cached = CachedCatalogue(store, clock)

    assert store.cached.versions(TENANT) == ()
    assert store.cached.versions(TENANT) == (draft(),)


def test_keys_and_clocks_are_never_remembered(store: Counting, clock: Clock) -> None:
    """A key is cached where credentials are checked, and a clock decides, so both are read."""
    cached = CachedCatalogue(store, clock)
    assert cached.find_key(KEY.key_id) is None
    store.create_key(KEY)
    assert cached.find_key(KEY.key_id) == KEY
    cached.note_key_use(KEY.key_id, 20_000)
    store.move_clock(TENANT, NOW + 1)
    assert cached.clock(TENANT) == NOW + 1
    assert cached.move_clock(TENANT, NOW + 2)
    assert cached.change_key(KEY, replace(KEY, revoked=True))
    assert cached.change_draft(TENANT, draft()) is False
