"""What every ledger promises; what is claimed beside the accounts is in `test_claims`."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.claims import ClaimKey, EventRef, Ref
from chalicelib.domain.errors import TooLarge
from chalicelib.domain.ledger.account import Account, Counter
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.store import keys
from chalicelib.usecases.stored import (
    AccountRead,
    AlreadyDone,
    ClaimRefused,
    Commit,
    Conflicted,
    Due,
    IdempotencyKey,
    IndexRange,
    KeyTaken,
    Loaded,
    OutcomeUnknown,
    Profile,
    Remembered,
    Settings,
)
from tests.store.contract.conftest import Store
from tests.store.samples import (
    ANSWER,
    DAY,
    MEMBER,
    NOTES,
    NOW,
    SLIPS,
    TENANT,
    change,
    changed,
    earned,
    identity,
    noted,
    opened,
    taking,
    together,
)

DUE = NOW + 365 * DAY


def _open(store: Store, member: str = MEMBER) -> Commit:
    commit = opened(member)
    store.ledger.commit(commit)
    return commit


def _only_read(commit: Commit) -> Commit:
    """Return a commit that leaves its account as another commit made it."""
    return changed(commit, before=change(commit).account.version, events=())


def _absent(commit: Commit) -> Commit:
    """Return a commit that leaves its account unopened."""
    return changed(commit, before=0, account=Account(), events=())


class TestLoad:
    """`load`: accounts, records and events in one read."""

    def test_unknown(self, store: Store) -> None:
        """An account that was never opened is absent."""
        assert store.ledger.load(TENANT, [MEMBER]) == Loaded({MEMBER: AccountRead(None)})

    def test_round_trip(self, store: Store) -> None:
        """What was committed is what is loaded, to the last field."""
        second = earned(_open(store))
        store.ledger.commit(second)

        loaded = store.ledger.load(TENANT, [MEMBER])

        assert loaded == Loaded({MEMBER: AccountRead(change(second).account, DUE)})

    def test_other_tenant(self, store: Store) -> None:
        """Account, records and journal are their tenant's alone."""
        store.ledger.commit(earned(_open(store), claims=(noted(), noted(kind=SLIPS))))
        wanted: list[Ref | EventRef] = [
            NOTES.ref(MEMBER, "n1"),
            SLIPS.ref(MEMBER, "n1"),
            EventRef(MEMBER, 1),
        ]

        loaded = store.ledger.load("other", [MEMBER], wanted)

        assert loaded == Loaded({MEMBER: AccountRead(None)}, dict.fromkeys(wanted))

    def test_clock_comes_along(self, store: Store) -> None:
        """The test clock is read with the account, also where there is no account yet."""
        store.catalogue.create_tenant(Settings(TENANT, "Clinic", test_clock=True), NOW)

        loaded = store.ledger.load(TENANT, [MEMBER], with_clock=True)
        assert loaded == Loaded({MEMBER: AccountRead(None)}, clock=NOW)
        account = change(_open(store)).account
        loaded = store.ledger.load(TENANT, [MEMBER], with_clock=True)
        assert loaded == Loaded({MEMBER: AccountRead(account)}, clock=NOW)
        assert store.ledger.load(TENANT, [MEMBER]).clock is None

    def test_all_at_once(self, store: Store) -> None:
        """Accounts, records of either kind, events and the clock: what is not there is told."""
        store.catalogue.create_tenant(Settings(TENANT, "Clinic", test_clock=True), NOW)
        first = _open(store)
        other = earned(_open(store, "mem_2"), claims=(noted("kept", owner="mem_2"),))
        store.ledger.commit(other)
        slip = noted("slip", kind=SLIPS)
        second = earned(first, claims=(slip,))
        store.ledger.commit(second)
        here: dict[Ref | EventRef, object] = {
            NOTES.ref("mem_2", "n1"): noted("kept").record,
            SLIPS.ref(MEMBER, "n1"): slip.record,
            EventRef(MEMBER, 1): change(first).events[0],
            EventRef("mem_2", 2): change(other).events[0],
        }
        # The same id with another owner or of another kind, and a version yet to come.
        nowhere: list[Ref | EventRef] = [
            NOTES.ref(MEMBER, "n1"),
            NOTES.ref("mem_2", "n2"),
            SLIPS.ref("mem_2", "n1"),
            EventRef(MEMBER, 3),
            EventRef("mem_3", 1),
        ]

        loaded = store.ledger.load(
            TENANT, [MEMBER, "mem_2", "mem_3"], [*here, *nowhere], with_clock=True
        )

        accounts = {
            MEMBER: AccountRead(change(second).account, DUE),
            "mem_2": AccountRead(change(other).account, DUE),
            "mem_3": AccountRead(None),
        }
        assert loaded == Loaded(accounts, here | dict.fromkeys(nowhere), NOW)

    def test_named_twice(self, store: Store) -> None:
        """Who has two roles is read once, and so is a record that two parts of a command need."""
        note = noted()
        last = earned(_open(store), claims=(note,))
        store.ledger.commit(last)
        account = AccountRead(change(last).account, DUE)

        loaded = store.ledger.load(TENANT, [MEMBER, MEMBER], [note.ref, NOTES.ref(MEMBER, "n1")])

        assert loaded == Loaded({MEMBER: account}, {note.ref: note.record})

    def test_records_alone(self, store: Store) -> None:
        """What a command finds out late is read without any account."""
        note = noted()
        store.ledger.commit(earned(_open(store), claims=(note,)))

        assert store.ledger.load(TENANT, [], [note.ref]) == Loaded({}, {note.ref: note.record})


class TestCommit:
    """`commit`: all or nothing, and which refusal counts."""

    def test_stale_version(self, store: Store) -> None:
        """Of two decisions on the same version the second is told to read again."""
        first = _open(store)
        store.ledger.commit(earned(first, 100))
        late = earned(first, 200, identity=identity("late"))

        with pytest.raises(Conflicted):
            store.ledger.commit(late)

        assert store.ledger.remembered(TENANT, [identity("late").key]) == (None,)

    def test_open_twice(self, store: Store) -> None:
        """An account begins once."""
        _open(store)

        with pytest.raises(Conflicted):
            store.ledger.commit(opened(profile=None))

    def test_events_must_lead_to_the_account(self, store: Store) -> None:
        """A gap between the version read and the account is a mistake in the program."""
        first, other = _open(store), _open(store, "mem_2")
        gap = changed(earned(earned(first)), before=1)

        for commit in (gap, together(earned(other), gap)):
            with pytest.raises(ValueError, match="do not lead"):
                store.ledger.commit(commit)
        assert store.ledger.load(TENANT, ["mem_2"]).account("mem_2") == change(other).account

    def test_remembers(self, store: Store) -> None:
        """The dedupe record holds the answer byte for byte, and what it was about."""
        commit = earned(_open(store))
        store.ledger.commit(commit)

        found = store.ledger.remembered(TENANT, [_identity(commit).key])

        assert found == (Remembered(b"f" * 32, ANSWER, MEMBER, 2),)
        assert store.ledger.remembered("other", [_identity(commit).key]) == (None,)

    def test_identity_needs_an_answer(self, store: Store) -> None:
        """An identity without the answer to remember is a mistake in the program."""
        with pytest.raises(ValueError, match="answer"):
            store.ledger.commit(earned(_open(store), answer=None))

    def test_second_identity(self, store: Store) -> None:
        """A write with two identities is on record under both, and refused for either."""
        first = _open(store)
        both = earned(first, identity=identity("a"), also=identity("b", b"g" * 32))
        store.ledger.commit(both)

        found = store.ledger.remembered(
            TENANT, [identity("c").key, identity("b").key, identity("a").key]
        )

        assert found == (
            None,
            Remembered(b"g" * 32, ANSWER, MEMBER, 2),
            Remembered(b"f" * 32, ANSWER, MEMBER, 2),
        )
        for again in (
            earned(both, identity=identity("c"), also=identity("a")),
            earned(both, identity=identity("b"), also=identity("c")),
        ):
            with pytest.raises(AlreadyDone):
                store.ledger.commit(again)
        assert store.ledger.remembered(TENANT, [identity("c").key]) == (None,)

    def test_member_is_filed(self, store: Store) -> None:
        """A new member's profile is written with the account."""
        _open(store)

        profile = store.directory.profile(TENANT, MEMBER)
        assert profile == Profile(MEMBER, 1, NOW, locale="de")
        assert store.directory.profile("other", MEMBER) is None

    def test_profile_goes_over_its_revision(self, store: Store) -> None:
        """A profile in a commit replaces the revision before its own, or the commit conflicts."""
        first = _open(store)
        later = Profile(MEMBER, 2, NOW, display_name="Ada")
        second = earned(first, profile=later)
        store.ledger.commit(second)

        with pytest.raises(Conflicted):
            store.ledger.commit(earned(second, profile=later))

        assert store.directory.profile(TENANT, MEMBER) == later

    def test_large_account(self, store: Store) -> None:
        """T: An account above 32 KB is refused and nothing of the decision is written."""
        first, other = _open(store), _open(store, "mem_2")
        commit = earned(other)
        swollen = changed(commit, account=_swollen(change(commit).account))

        with pytest.raises(TooLarge) as refusal:
            store.ledger.commit(together(earned(first), swollen))

        assert refusal.value.code == "account_too_large"
        for begun in (first, other):
            assert store.ledger.load(TENANT, [begun.member]) == _as_read(begun)

    def test_many_events(self, store: Store) -> None:
        """Eighty events that fell due are written with one command, in one transaction."""
        first = _open(store)
        last = first
        events: list[StoredEvent] = []
        for _ in range(80):
            last = earned(last)
            events += change(last).events

        store.ledger.commit(changed(last, before=1, events=tuple(events)))

        assert store.ledger.load(TENANT, [MEMBER]).account(MEMBER) == change(last).account
        assert list(store.ledger.events(TENANT, MEMBER)) == [*change(first).events, *events]


class TestSeveralAccounts:
    """A commit over any number of accounts: all of them or none."""

    def test_all_are_written(self, store: Store) -> None:
        """Three accounts, one of them new and one with two events, each with its own journal."""
        first = _open(store)
        ahead = earned(_open(store, "mem_2"))
        further = earned(ahead)
        two = changed(further, before=1, events=(*change(ahead).events, *change(further).events))
        third = opened("mem_3", profile=None, due_at=NOW + 9, indexed_due=NOW + 7)
        commit = together(earned(first), two, third, on_test_clock=True)
        store.ledger.commit(commit)

        loaded = store.ledger.load(TENANT, [MEMBER, "mem_2", "mem_3"])

        assert loaded.accounts == {
            each.member: AccountRead(each.account, each.indexed_due) for each in commit.changes
        }
        for each in commit.changes:
            found = store.ledger.events(TENANT, each.member, after=each.before)
            assert list(found) == list(each.events)
        assert sorted(_due(store, DUE, test_tenant=TENANT)) == sorted(
            (TENANT, each.member) for each in commit.changes
        )

    def test_on_record_for_its_member(self, store: Store) -> None:
        """The request is on record once, for the member and at the version that it names."""
        first, other = _open(store), earned(_open(store, "mem_2"))
        store.ledger.commit(other)
        both = together(earned(first), earned(other), also=identity("also"))
        store.ledger.commit(both)

        known = store.ledger.remembered(TENANT, [_identity(both).key, identity("also").key])
        others = store.ledger.remembered(TENANT, [_identity(earned(other)).key])

        assert known == (Remembered(b"f" * 32, ANSWER, MEMBER, 2),) * 2
        assert others == (None,)

    @pytest.mark.parametrize("faster", [MEMBER, "mem_2", "mem_3"])
    def test_any_of_them_moved_on(self, store: Store, faster: str) -> None:
        """Where one of three accounts moved on since they were read, nothing is written."""
        begun = {member: _open(store, member) for member in (MEMBER, "mem_2", "mem_3")}
        moved = begun | {faster: earned(begun[faster], identity=identity("faster"))}
        store.ledger.commit(moved[faster])
        claims = (noted(), noted(kind=SLIPS), taking())
        doomed = together(*map(earned, begun.values()), identity=identity("d"), claims=claims)

        with pytest.raises(Conflicted):
            store.ledger.commit(doomed)

        for member, commit in moved.items():
            assert store.ledger.load(TENANT, [member]) == _as_read(commit)
            last = list(store.ledger.events(TENANT, member))[-1]
            assert last == change(commit).events[-1]
        records = [claim.ref for claim in claims[:2]]
        assert store.ledger.load(TENANT, [], records).records == dict.fromkeys(records)
        assert store.ledger.taken(TENANT, ["mugs"]) == {"mugs": 0}
        assert store.ledger.remembered(TENANT, [identity("d").key]) == (None,)

    def test_one_of_them_begins(self, store: Store) -> None:
        """An account that another request began meanwhile is not begun again."""
        first = _open(store)
        begun = _open(store, "mem_2")

        with pytest.raises(Conflicted):
            store.ledger.commit(together(earned(first), opened("mem_2", profile=None)))

        assert store.ledger.load(TENANT, [MEMBER]) == _as_read(first)
        assert store.ledger.load(TENANT, ["mem_2"]) == _as_read(begun)

    def test_what_was_only_read_stays(self, store: Store) -> None:
        """An account without events, and one that is not there, are as they were afterwards."""
        first, other = _open(store), earned(_open(store, "mem_2"))
        store.ledger.commit(other)
        doing = earned(first)
        store.ledger.commit(together(doing, _only_read(other), _absent(opened("mem_3"))))

        loaded = store.ledger.load(TENANT, [MEMBER, "mem_2", "mem_3"])

        assert loaded.accounts == {
            MEMBER: AccountRead(change(doing).account, DUE),
            "mem_2": AccountRead(change(other).account, DUE),
            "mem_3": AccountRead(None),
        }
        assert [each.version for each in store.ledger.events(TENANT, "mem_2")] == [1, 2]
        assert list(store.ledger.events(TENANT, "mem_3")) == []

    @pytest.mark.parametrize("read", [_only_read, _absent])
    def test_what_was_only_read_moved_on(
        self, store: Store, read: Callable[[Commit], Commit]
    ) -> None:
        """What was decided by an account that is another by now is not written."""
        first, other = _open(store), _open(store, "mem_2")
        store.ledger.commit(earned(other))

        with pytest.raises(Conflicted):
            store.ledger.commit(together(earned(first), read(other)))

        assert store.ledger.load(TENANT, [MEMBER]) == _as_read(first)

    def test_none_of_them(self, store: Store) -> None:
        """What changes no account is on record all the same, with what it claims."""
        first = _open(store)
        note = noted(kind=SLIPS)
        store.ledger.commit(replace(earned(first), changes=(), version=1, claims=(note,)))

        (known,) = store.ledger.remembered(TENANT, [_identity(earned(first)).key])

        assert known == Remembered(b"f" * 32, ANSWER, MEMBER, 1)
        loaded = store.ledger.load(TENANT, [MEMBER], [note.ref])
        assert (loaded.account(MEMBER), loaded.records) == (
            change(first).account,
            {note.ref: note.record},
        )


class TestEntries:
    """`events`: a journal in order."""

    def test_ranges(self, store: Store) -> None:
        """Entries come in order of version, between bounds, either way round, up to a limit."""
        last = _open(store)
        for _ in range(4):
            last = earned(last)
            store.ledger.commit(last)

        def versions(**how: int | bool | None) -> list[int]:
            found = store.ledger.events(TENANT, MEMBER, **how)  # type: ignore[arg-type]
            return [event.version for event in found]

        assert versions() == [1, 2, 3, 4, 5]
        assert versions(after=2) == [3, 4, 5]
        assert versions(after=1, up_to=3) == [2, 3]
        assert versions(newest_first=True, limit=2) == [5, 4]
        assert versions(newest_first=True, up_to=3) == [3, 2, 1]
        assert versions(limit=1) == [1]
        assert versions(limit=0) == []
        assert versions(after=5) == []
        assert versions(after=3, up_to=3) == []

    def test_unknown_member(self, store: Store) -> None:
        """Who has no account has no journal."""
        assert list(store.ledger.events(TENANT, MEMBER)) == []


class TestDue:
    """`due` and `reindex`: whom to look at."""

    def test_by_instant(self, store: Store) -> None:
        """An account is walked from the instant on at which it is due."""
        commit = opened(due_at=NOW, indexed_due=NOW)
        store.ledger.commit(commit)

        assert _due(store, NOW - 1) == []
        assert _due(store, NOW) == [(TENANT, MEMBER)]

    def test_earliest_first(self, store: Store) -> None:
        """Within a shard the earliest comes first, whatever the tenant."""
        shard = keys.due_pk(TENANT, MEMBER, on_test_clock=False)
        same = [
            m for m in map(str, range(200)) if keys.due_pk("b", m, on_test_clock=False) == shard
        ]
        for member, at in ((same[0], NOW + 2), (same[1], NOW + 1)):
            store.ledger.commit(opened(member, tenant="b", due_at=at, indexed_due=at))
        store.ledger.commit(opened(due_at=NOW + 3, indexed_due=NOW + 3))

        number = int(shard[-2:])
        found = list(store.ledger.due(number, NOW + 3))

        assert found == [
            Due(NOW + 1, "b", same[1]),
            Due(NOW + 2, "b", same[0]),
            Due(NOW + 3, TENANT, MEMBER),
        ]
        for first, last in ((0, 2), (1, 1), (1, 2)):
            index_range = IndexRange(number, found[first], found[last])
            assert list(store.ledger.due_within(index_range)) == found[first : last + 1]

    def test_test_clock_has_its_own_part(self, store: Store) -> None:
        """Accounts on a test clock are walked for their tenant only, never in the common walk."""
        store.ledger.commit(opened(due_at=NOW, indexed_due=NOW, on_test_clock=True))

        assert _due(store, NOW) == []
        assert _due(store, NOW, test_tenant=TENANT) == [(TENANT, MEMBER)]
        assert _due(store, NOW, test_tenant="other") == []

    def test_index_may_be_earlier(self, store: Store) -> None:
        """The index holds what the commit says, not when the account is truly due."""
        commit = opened(due_at=NOW + 5, indexed_due=NOW)
        store.ledger.commit(commit)

        assert store.ledger.load(TENANT, [MEMBER]) == _as_read(commit)
        assert _due(store, NOW) == [(TENANT, MEMBER)]

    def test_reindex_moves_and_removes(self, store: Store) -> None:
        """The index is corrected in place; the account itself stays as it is."""
        commit = opened(due_at=NOW, indexed_due=NOW)
        store.ledger.commit(commit)

        store.ledger.reindex(TENANT, MEMBER, 1, NOW + 9, on_test_clock=False)
        moved = changed(commit, indexed_due=NOW + 9)
        assert store.ledger.load(TENANT, [MEMBER]) == _as_read(moved)
        assert _due(store, NOW + 8) == []
        store.ledger.reindex(TENANT, MEMBER, 1, None, on_test_clock=False)
        removed = changed(commit, indexed_due=None)
        assert store.ledger.load(TENANT, [MEMBER]) == _as_read(removed)
        assert _due(store, NOW + 9) == []

    def test_reindex_leaves_newer_alone(self, store: Store) -> None:
        """An account that moved on meanwhile keeps its place, and an absent one is not made."""
        store.ledger.commit(opened(due_at=NOW, indexed_due=NOW))

        store.ledger.reindex(TENANT, MEMBER, 2, None, on_test_clock=False)
        store.ledger.reindex(TENANT, "mem_0", 1, NOW, on_test_clock=False)

        assert _due(store, NOW) == [(TENANT, MEMBER)]
        assert store.ledger.load(TENANT, ["mem_0"]).account("mem_0") is None


def test_members_are_a_tenants_own(store: Store) -> None:
    """Every member of a tenant is walked once, and no other's."""
    for member in ("mem_1", "mem_2"):
        claims = (ClaimKey(f"x{member}", member, personal=True),)
        store.ledger.commit(opened(member, claims=claims))
    store.ledger.commit(opened("mem_3", tenant="clinic2"))

    assert sorted(store.ledger.members(TENANT)) == ["mem_1", "mem_2"]


def test_outcomes_are_distinct() -> None:
    """No outcome of a write is a kind of another: whoever catches one catches just that."""
    outcomes = (AlreadyDone, ClaimRefused, Conflicted, KeyTaken, OutcomeUnknown)

    assert all(not issubclass(a, b) for a in outcomes for b in outcomes if a is not b)


def _as_read(commit: Commit) -> Loaded:
    """Return what a read finds of the only account of a commit."""
    only = change(commit)
    return Loaded({only.member: AccountRead(only.account, only.indexed_due)})


def _due(store: Store, until: int, *, test_tenant: str | None = None) -> list[tuple[str, str]]:
    shards = range(keys.DUE_SHARDS)
    return [
        (found.tenant, found.member)
        for shard in shards
        for found in store.ledger.due(shard, until, test_tenant=test_tenant)
    ]


def _identity(commit: Commit) -> IdempotencyKey:
    assert commit.identity is not None
    return commit.identity


def _swollen(account: Account) -> Account:
    chance = random.Random(1)  # noqa: S311 - only has to be hard to compress
    counters = {f"{chance.getrandbits(128):x}": Counter(1, None) for _ in range(3000)}
    return replace(account, counters=counters)
