"""U8: what every store promises of a tenant's lists, and of the records of one member."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import RecordKind, SaveRecord
from chalicelib.usecases.stored import (
    HOUSEHOLDS,
    Commit,
    Entry,
    Period,
    Profile,
    Settings,
    StoredKey,
)
from tests.store.contract.conftest import Store
from tests.store.samples import MEMBER, NOW, TENANT, opened


class Note(Struct, frozen=True):
    """A record of some kind."""

    id: str


NOTES = RecordKind("note", Note)
LOOSE = RecordKind("loose", Note, kept_days=14, sealed=True)


def save(store: Store, note: str, at: int, state: str = "open", revision: int = 1) -> None:
    """Write a record that is in a list since an instant."""
    claim = SaveRecord(NOTES.ref(MEMBER, note), Note(note), revision, listed=(state, at))
    store.ledger.commit(Commit(tenant=TENANT, member=MEMBER, version=1, claims=(claim,)))


def names(entries: Iterable[Entry]) -> list[str]:
    """Return the ids of records in a list."""
    return [NOTES.in_list(each.listed).id for each in entries]


def test_u8_a_list_goes_on_where_it_ended(store: Store) -> None:
    """The latest first, of two at one instant the greater id; what comes meanwhile is in no way."""
    for note, at in (("a", NOW), ("b", NOW + 5), ("c", NOW + 5), ("d", NOW + 9)):
        save(store, note, at)

    first = list(store.ledger.listed(TENANT, "note/open", limit=2))
    save(store, "e", NOW + 10)
    rest = list(store.ledger.listed(TENANT, "note/open", limit=5, before=first[-1]))

    assert names(first) == ["d", "c"]
    assert names(rest) == ["b", "a"]
    assert names(store.ledger.listed("other", "note/open", limit=5)) == []


def test_u8_a_list_within_a_period(store: Store) -> None:
    """It begins with its first instant and ends before its last."""
    for note, at in (("a", NOW), ("b", NOW + 5), ("c", NOW + 9)):
        save(store, note, at)

    def within(since: int | None, until: int | None) -> list[str]:
        found = store.ledger.listed(TENANT, "note/open", limit=9, period=Period(since, until))
        return names(found)

    assert within(NOW, NOW + 9) == ["b", "a"]
    assert within(NOW + 5, None) == ["c", "b"]
    assert within(None, NOW + 5) == ["a"]
    assert within(NOW + 9, NOW) == []
    assert within(-5, 0) == []


def test_u8_what_changes_its_state_changes_its_list(store: Store) -> None:
    """It leaves the one with which it comes to the other."""
    save(store, "a", NOW)
    save(store, "a", NOW + 5, "done", revision=2)

    assert names(store.ledger.listed(TENANT, "note/open", limit=5)) == []
    assert names(store.ledger.listed(TENANT, "note/done", limit=5)) == ["a"]


def test_u8_records_of_one_member(store: Store) -> None:
    """The latest id first, whether they are kept for good or for some days."""
    for kind in (NOTES, LOOSE):
        for note in ("a", "b", "c"):
            store.ledger.save(TENANT, SaveRecord(kind.ref(MEMBER, note), Note(note), 1))
        first = list(store.ledger.records(TENANT, kind, MEMBER, limit=2))
        rest = list(store.ledger.records(TENANT, kind, MEMBER, limit=2, before="b"))

        assert [each.id for each in first] == ["c", "b"]
        assert [each.id for each in rest] == ["a"]
        assert list(store.ledger.records(TENANT, kind, "mem_other", limit=2)) == []


def test_u8_members(store: Store) -> None:
    """Who came last is first, with the profile; prospects are among them."""
    for number in (1, 2, 3):
        member = f"mem_{number}"
        profile = Profile(member=member, revision=1, created_at=NOW + number)
        store.ledger.commit(opened(member=member, profile=profile))

    found = list(store.directory.members(TENANT, limit=2))

    assert [each.listed for each in found] == ["mem_3", "mem_2"]
    rest = store.directory.members(TENANT, limit=9, before=found[-1])
    assert [each.listed for each in rest] == ["mem_1"]
    assert list(store.directory.members("other", limit=9)) == []
    assert store.directory.profiles(TENANT, ["mem_1", "mem_x"]).keys() == {"mem_1"}
    assert list(store.ledger.listed(TENANT, HOUSEHOLDS, limit=9)) == []


def test_u8_keys_and_sandboxes(store: Store) -> None:
    """Each is listed for the tenant whose it is, a revoked key too."""
    key = StoredKey("abc", TENANT, "5e" * 32, frozenset({"*"}), created_at=NOW)
    later = StoredKey("xyz", TENANT, "5e" * 32, frozenset({"*"}), created_at=NOW + 1)
    store.catalogue.create_tenant(Settings(TENANT, "A clinic"), None, key)
    store.catalogue.create_key(later)
    assert store.catalogue.change_key(later, replace(later, revoked=True))
    box = Settings("box", "Box", test_clock=True, opened_by=TENANT, created_at=NOW)
    store.catalogue.create_tenant(box, NOW + 7)

    keys = [(each.key_id, each.revoked) for _, each in store.catalogue.list_keys(TENANT, limit=9)]
    boxes = store.catalogue.list_sandboxes(TENANT, limit=9)

    assert keys == [("xyz", True), ("abc", False)]
    assert [(settings, clock) for _, settings, clock in boxes] == [(box, NOW + 7)]
    assert list(store.catalogue.list_keys("box", limit=9)) == []
    assert list(store.catalogue.list_sandboxes("box", limit=9)) == []
