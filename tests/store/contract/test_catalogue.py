"""What every catalogue promises."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.domain.authoring.whole_document import ProgrammeDocument
from chalicelib.domain.programme import section
from chalicelib.domain.programme.document import Currency, MoneyUnit
from chalicelib.domain.programme.fields import NeverExpires
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.usecases.stored import Settings, StoredKey
from tests.store.contract.conftest import Store
from tests.store.samples import NOW, TENANT

SETTINGS = Settings(TENANT, "Clinic", time_zone="Europe/Berlin", test_clock=True)
KEY = StoredKey("abc", TENANT, "5e" * 32, frozenset({"members:read", "members:write"}), "till")


def draft(number: int = 1, programme: str = "clinic") -> ProgrammeVersion:
    """Return a draft."""
    document = ProgrammeDocument(
        id=programme,
        name={"en": "Clinic", "de": "Praxis"},
        time_zone="Europe/Berlin",
        money=MoneyUnit("EUR"),
        currencies=(Currency("points", "Points", NeverExpires()),),
    )
    # As a store gives it: its sections are read when they are asked for.
    return ProgrammeVersion(number, "draft", section.read(section.encode(document)))


class TestTenants:
    """`create_tenant`, `settings` and the test clock."""

    def test_round_trip(self, store: Store) -> None:
        """A tenant is what it was created as; who was not created is absent."""
        assert store.catalogue.create_tenant(SETTINGS, NOW)

        assert store.catalogue.settings(TENANT) == SETTINGS
        assert store.catalogue.clock(TENANT) == NOW
        assert store.catalogue.settings("other") is None
        assert store.catalogue.clock("other") is None

    def test_once(self, store: Store) -> None:
        """A tenant is created once: the second changes neither settings nor clock."""
        store.catalogue.create_tenant(SETTINGS, NOW)

        assert not store.catalogue.create_tenant(replace(SETTINGS, name="Thief"), NOW + 1)

        assert store.catalogue.settings(TENANT) == SETTINGS
        assert store.catalogue.clock(TENANT) == NOW

    def test_real_time(self, store: Store) -> None:
        """A tenant without a test clock has none to read or to move."""
        store.catalogue.create_tenant(Settings(TENANT, "Clinic"), None)

        assert store.catalogue.clock(TENANT) is None
        assert not store.catalogue.move_clock(TENANT, NOW)

    def test_clock_moves_forward(self, store: Store) -> None:
        """A clock moves forward or stays; it never goes back."""
        store.catalogue.create_tenant(SETTINGS, NOW)

        assert store.catalogue.move_clock(TENANT, NOW + 5)
        assert store.catalogue.move_clock(TENANT, NOW + 5)
        assert not store.catalogue.move_clock(TENANT, NOW + 4)

        assert store.catalogue.clock(TENANT) == NOW + 5

    def test_holidays(self, store: Store) -> None:
        """Lists of days are replaced whole, over the revision that was read; the rest stays."""
        store.catalogue.create_tenant(SETTINGS, NOW)

        assert not store.catalogue.set_holidays("other", {}, 0)
        assert not store.catalogue.set_holidays(TENANT, {}, 1)
        assert store.catalogue.set_holidays(TENANT, {"bank": ["12-25", "12-26"]}, 0)
        days = {"bank": frozenset({"12-25", "12-26"})}
        kept = replace(SETTINGS, holidays=days, holidays_revision=1)
        assert store.catalogue.settings(TENANT) == kept
        for old in (0, 2):
            assert not store.catalogue.set_holidays(TENANT, {}, old)
        assert store.catalogue.settings(TENANT, fresh=True) == kept
        assert store.catalogue.set_holidays(TENANT, {}, 1)
        assert store.catalogue.settings(TENANT) == replace(SETTINGS, holidays_revision=2)

    def test_locations(self, store: Store) -> None:
        """Locations are replaced whole, over the revision that was read; the rest stays."""
        store.catalogue.create_tenant(SETTINGS, NOW)

        assert not store.catalogue.set_locations("other", b"a", 0)
        assert not store.catalogue.set_locations(TENANT, b"a", 1)
        assert store.catalogue.set_locations(TENANT, b"a", 0)
        kept = replace(SETTINGS, locations=b"a", locations_revision=1)
        assert store.catalogue.settings(TENANT) == kept
        for old in (0, 2):
            assert not store.catalogue.set_locations(TENANT, b"b", old)
        assert store.catalogue.settings(TENANT, fresh=True) == kept
        assert store.catalogue.set_locations(TENANT, b"b", 1)
        both = store.catalogue.set_holidays(TENANT, {}, 0)
        kept = replace(kept, locations=b"b", locations_revision=2, holidays_revision=1)
        assert (both, store.catalogue.settings(TENANT)) == (True, kept)


class TestProgrammes:
    """`save_draft`, `publish` and `versions`."""

    def test_round_trip(self, store: Store) -> None:
        """Drafts are read as they were saved, by programme and number."""
        drafts = (draft(1), draft(2), draft(1, "clinic-b"))
        for each in reversed(drafts):
            assert store.catalogue.save_draft(TENANT, each)

        assert tuple(store.catalogue.versions(TENANT)) == drafts
        assert tuple(store.catalogue.versions("other")) == ()

    def test_number_taken(self, store: Store) -> None:
        """A number is given to one draft."""
        store.catalogue.save_draft(TENANT, draft())

        assert not store.catalogue.save_draft(TENANT, draft())

    def test_published_once(self, store: Store) -> None:
        """A draft is published once; after that nothing changes it, and no draft is needed."""
        published = replace(draft(), state="published", effective_from=NOW)
        assert not store.catalogue.change_draft(TENANT, published)
        store.catalogue.save_draft(TENANT, draft())

        assert store.catalogue.change_draft(TENANT, published)
        assert not store.catalogue.change_draft(TENANT, replace(published, effective_from=NOW + 1))

        assert tuple(store.catalogue.versions(TENANT, fresh=True)) == (published,)


class TestKeys:
    """`create_key`, `revoke_key` and `find_key`."""

    def test_round_trip(self, store: Store) -> None:
        """A key is found by its id, as it was made, changed or revoked."""
        limited = replace(KEY, key_id="abe", sources=frozenset({"pos-1"}), ends_on="2026-03-31")
        limited = replace(limited, ends_at=NOW)
        for key in (KEY, limited):
            store.catalogue.create_key(key)
            assert store.catalogue.find_key(key.key_id) == key

        endless = replace(limited, ends_on="", ends_at=None)
        assert store.catalogue.change_key(limited, endless)
        assert store.catalogue.change_key(KEY, _revoked(KEY))

        assert store.catalogue.find_key("abe") == endless
        assert store.catalogue.find_key(KEY.key_id) == _revoked(KEY)
        assert store.catalogue.find_key("abd") is None

    def test_never_changes_hands(self, store: Store) -> None:
        """A key id that a key has is refused."""
        store.catalogue.create_key(KEY)

        for thief in (replace(KEY, tenant="other"), replace(KEY, secret_hash="00" * 32), KEY):
            with pytest.raises(ValueError, match="another key"):
                store.catalogue.create_key(thief)

        assert store.catalogue.find_key(KEY.key_id) == KEY

    def test_changed_by_one_at_a_time(self, store: Store) -> None:
        """What is not as it was read any more is not changed; when it was used is no matter."""
        store.catalogue.create_key(KEY)
        ending = replace(KEY, ends_on="2026-03-31", ends_at=NOW)
        store.catalogue.note_key_use(KEY.key_id, 20_000)

        assert store.catalogue.change_key(KEY, ending)
        assert not store.catalogue.change_key(KEY, _revoked(KEY))
        assert store.catalogue.change_key(ending, _revoked(ending))
        assert not store.catalogue.change_key(ending, KEY)

    def test_last_used(self, store: Store) -> None:
        """The latest day is kept, whatever is told after it; of no key nothing is."""
        store.catalogue.create_key(KEY)

        for day in (20_000, 20_002, 20_001):
            store.catalogue.note_key_use(KEY.key_id, day)

        assert store.catalogue.find_key(KEY.key_id) == replace(KEY, last_used_day=20_002)
        store.catalogue.note_key_use("abd", 20_000)
        assert store.catalogue.find_key("abd") is None

    def test_a3_last_administrator(self, store: Store) -> None:
        """
        The last key that administers a tenant is not revoked; each counts once, by tenant.

        One that ends by itself does not count.
        """
        admin = replace(KEY, scopes=frozenset({"*"}))
        first, second = (replace(admin, key_id=each) for each in ("k1", "k2"))
        other = replace(admin, key_id="k3", tenant="other")
        assert store.catalogue.create_tenant(SETTINGS, NOW, first)
        assert store.catalogue.create_tenant(Settings("other", "Other"), None)
        for key in (second, other):
            store.catalogue.create_key(key)
        assert store.catalogue.find_key("k1") == first

        assert store.catalogue.change_key(first, _revoked(first))
        assert not store.catalogue.change_key(second, _revoked(second))
        ending = replace(second, ends_on="2026-03-31", ends_at=NOW)
        assert not store.catalogue.change_key(second, ending)

        assert store.catalogue.find_key("k2") == second
        store.catalogue.create_key(replace(admin, key_id="k4"))
        assert store.catalogue.change_key(second, ending)
        assert store.catalogue.change_key(ending, _revoked(ending))
        assert not store.catalogue.change_key(other, _revoked(other))


def _revoked(key: StoredKey) -> StoredKey:
    return replace(key, revoked=True)
