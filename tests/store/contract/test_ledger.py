"""What every ledger promises."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from chalicelib.domain.account import Account, Counter
from chalicelib.domain.commands import (
    Remaining,
    ReturnStock,
    SaveQuote,
    SaveRedemption,
    SaveRemaining,
    TakeBudget,
    TakeStock,
)
from chalicelib.domain.entry import StoredEntry
from chalicelib.domain.errors import TooLarge
from chalicelib.store import keys
from chalicelib.usecases.identity import activity_key
from chalicelib.usecases.ports import (
    AlreadyDone,
    ClaimRefused,
    Commit,
    Conflicted,
    Due,
    Identity,
    Loaded,
    LookUpTaken,
    OutcomeUnknown,
    Profile,
    Remembered,
    Settings,
    Stretch,
)
from tests.store.contract.conftest import Store
from tests.store.samples import (
    ANSWER,
    DAY,
    MEMBER,
    NOW,
    TENANT,
    earned,
    growth,
    identity,
    opened,
    quote,
    redemption,
)

MUG = TakeStock("clinic", "mug", 2)


def _open(store: Store, member: str = MEMBER) -> Commit:
    commit = opened(member)
    store.ledger.commit(commit)
    return commit


class TestLoad:
    """`load` and its companions."""

    def test_unknown(self, store: Store) -> None:
        """An account that was never opened is absent."""
        assert store.ledger.load(TENANT, MEMBER) == Loaded(account=None)

    def test_round_trip(self, store: Store) -> None:
        """What was committed is what is loaded, to the last field."""
        first = _open(store)
        second = earned(first)
        store.ledger.commit(second)

        loaded = store.ledger.load(TENANT, MEMBER)

        assert loaded == Loaded(account=second.account, indexed_due=NOW + 365 * DAY)

    def test_other_tenant(self, store: Store) -> None:
        """An account is its tenant's alone."""
        _open(store)

        assert store.ledger.load("other", MEMBER).account is None

    def test_clock_comes_along(self, store: Store) -> None:
        """The test clock is read with the account, also where there is no account yet."""
        store.catalogue.create_tenant(Settings(TENANT, "Clinic", test_clock=True), NOW)

        assert store.ledger.load(TENANT, MEMBER, with_clock=True) == Loaded(None, NOW)
        commit = _open(store)
        assert store.ledger.load(TENANT, MEMBER, with_clock=True) == Loaded(commit.account, NOW)
        assert store.ledger.load(TENANT, MEMBER).clock is None

    def test_with_redemption(self, store: Store) -> None:
        """A redemption is read with its account; an unknown one is absent."""
        first = _open(store)
        made = redemption()
        store.ledger.commit(earned(first, claims=(SaveRedemption(made),)))

        loaded, found = store.ledger.load_with_redemption(TENANT, MEMBER, made.id)

        assert (loaded, found) == (store.ledger.load(TENANT, MEMBER), made)
        assert store.ledger.load_with_redemption(TENANT, MEMBER, "red_0")[1] is None

    def test_pair(self, store: Store) -> None:
        """Two accounts and the clock are read in one call; one that is not there is absent."""
        store.catalogue.create_tenant(Settings(TENANT, "Clinic", test_clock=True), NOW)
        first = _open(store)
        other = earned(_open(store, "mem_2"))
        store.ledger.commit(other)

        loaded = store.ledger.load_pair(TENANT, MEMBER, "mem_2", with_clock=True)
        alone = store.ledger.load_pair(TENANT, "mem_3", MEMBER)

        counterparty = Loaded(other.account, NOW, other.indexed_due)
        assert loaded == Loaded(first.account, NOW, counterparty=counterparty)
        assert alone == Loaded(None, counterparty=Loaded(first.account))

    def test_with_entry(self, store: Store) -> None:
        """An entry is read with its account and the clock; a version to come is absent."""
        store.catalogue.create_tenant(Settings(TENANT, "Clinic", test_clock=True), NOW)
        first = _open(store)

        loaded, found = store.ledger.load_with_entry(TENANT, MEMBER, 1, with_clock=True)

        assert (loaded.account, loaded.clock, found) == (first.account, NOW, first.entries[0])
        assert store.ledger.load_with_entry(TENANT, MEMBER, 2)[1] is None


class TestCommit:
    """`commit`: all or nothing, and which refusal counts."""

    def test_stale_version(self, store: Store) -> None:
        """Of two decisions on the same version the second is told to read again."""
        first = _open(store)
        store.ledger.commit(earned(first, 100))
        late = earned(first, 200, identity=identity("late"))

        with pytest.raises(Conflicted):
            store.ledger.commit(late)

        assert store.ledger.remembered(TENANT, identity("late").key) is None

    def test_open_twice(self, store: Store) -> None:
        """An account begins once."""
        _open(store)

        with pytest.raises(Conflicted):
            store.ledger.commit(opened(profile=None))

    def test_entries_must_lead_to_the_account(self, store: Store) -> None:
        """A gap between the version read and the account is a mistake in the program."""
        first = _open(store)

        with pytest.raises(ValueError, match="do not lead"):
            store.ledger.commit(replace(earned(earned(first)), before=1))

    def test_remembers(self, store: Store) -> None:
        """The dedupe record holds the answer byte for byte, and what it was about."""
        commit = earned(_open(store))
        store.ledger.commit(commit)

        found = store.ledger.remembered(TENANT, _identity(commit).key)

        assert found == Remembered(b"f" * 32, ANSWER, MEMBER, 2)
        assert store.ledger.remembered("other", _identity(commit).key) is None

    def test_identity_needs_an_answer(self, store: Store) -> None:
        """An identity without the answer to remember is a mistake in the program."""
        with pytest.raises(ValueError, match="answer"):
            store.ledger.commit(earned(_open(store), answer=None))

    def test_replay_counts_before_all_else(self, store: Store) -> None:
        """The dedupe record is reported though version, look-up and claim fail too."""
        first = _open(store)
        commit = earned(first, look_up="x1", claims=(TakeStock("clinic", "mug", 1),))
        store.ledger.commit(commit)

        with pytest.raises(AlreadyDone) as done:
            store.ledger.commit(commit)

        assert done.value.remembered == Remembered(b"f" * 32, ANSWER, MEMBER, 2)

    @pytest.mark.parametrize("stock", [0, 1])
    def test_replay_counts_before_stock(self, store: Store, stock: int) -> None:
        """What was redeemed before the stock was cut is answered as it was then."""
        first = _open(store)
        store.ledger.commit(earned(first, claims=(TakeStock("clinic", "mug", 1),)))

        with pytest.raises(AlreadyDone):
            store.ledger.commit(earned(first, claims=(TakeStock("clinic", "mug", stock),)))

    def test_second_identity(self, store: Store) -> None:
        """A write with two identities is on record under both, and refused for either."""
        first = _open(store)
        both = earned(first, identity=identity("a"), also=identity("b", b"g" * 32))
        store.ledger.commit(both)

        one, other, none = store.ledger.remembered_each(
            TENANT, [identity("a").key, identity("b").key, identity("c").key]
        )

        assert one == Remembered(b"f" * 32, ANSWER, MEMBER, 2)
        assert other == Remembered(b"g" * 32, ANSWER, MEMBER, 2)
        assert none is None
        for again in (
            earned(both, identity=identity("c"), also=identity("a")),
            earned(both, identity=identity("b"), also=identity("c")),
        ):
            with pytest.raises(AlreadyDone):
                store.ledger.commit(again)
        assert store.ledger.remembered(TENANT, identity("c").key) is None

    def test_two_accounts(self, store: Store) -> None:
        """A commit over two accounts writes both with their journals and places in the index."""
        first = _open(store)
        other = earned(_open(store, "mem_2"))
        both = earned(first, counterparty=growth(other))
        store.ledger.commit(both)

        for commit in (both, other):
            loaded = store.ledger.load(TENANT, commit.member)
            assert loaded == Loaded(commit.account, indexed_due=commit.indexed_due)
            found = store.ledger.entries(TENANT, commit.member, after=1)
            assert list(found) == list(commit.entries)
        assert store.ledger.remembered(TENANT, _identity(both).key) is not None
        assert store.ledger.remembered(TENANT, _identity(other).key) is None

    @pytest.mark.parametrize("faster", [MEMBER, "mem_2"])
    def test_either_account_moved_on(self, store: Store, faster: str) -> None:
        """Where one of two accounts moved on since they were read, neither is written."""
        begun = {member: _open(store, member) for member in (MEMBER, "mem_2")}
        ahead = earned(begun[faster], identity=identity("faster"))
        store.ledger.commit(ahead)
        counterparty = growth(earned(begun["mem_2"]))

        with pytest.raises(Conflicted):
            store.ledger.commit(earned(begun[MEMBER], counterparty=counterparty))

        for member, commit in (begun | {faster: ahead}).items():
            assert store.ledger.load(TENANT, member).account == commit.account

    def test_look_up_counts_before_the_version(self, store: Store) -> None:
        """A taken external id names who has it, though the account moved on too."""
        store.ledger.commit(opened(look_up="x1"))

        with pytest.raises(LookUpTaken) as taken:
            store.ledger.commit(opened("mem_2", look_up="x1"))
        assert taken.value.member == MEMBER
        with pytest.raises(LookUpTaken):
            store.ledger.commit(opened(look_up="x1"))

        assert store.ledger.load(TENANT, "mem_2").account is None
        assert store.directory.profile(TENANT, "mem_2") is None

    def test_version_counts_before_the_claims(self, store: Store) -> None:
        """A claim that fails on a stale account is not reported: the decision is void anyway."""
        first = _open(store)
        store.ledger.commit(earned(first, claims=(TakeStock("clinic", "mug", 1),)))
        stale = earned(first, claims=(TakeStock("clinic", "mug", 1),), identity=identity("b"))

        with pytest.raises(Conflicted):
            store.ledger.commit(stale)

    def test_member_is_filed(self, store: Store) -> None:
        """A new member's profile and external id are written with the account."""
        store.ledger.commit(opened(look_up="x1"))

        assert store.directory.find(TENANT, "x1") == MEMBER
        assert store.directory.find("other", "x1") is None
        profile = store.directory.profile(TENANT, MEMBER)
        assert profile == Profile(MEMBER, 1, NOW, locale="de")

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
        """An account above 32 KB is refused and nothing of the decision is written."""
        first = _open(store)
        commit = earned(first)
        swollen = replace(commit, account=_swollen(commit.account))

        with pytest.raises(TooLarge) as refusal:
            store.ledger.commit(swollen)

        assert refusal.value.code == "account_too_large"
        assert store.ledger.load(TENANT, MEMBER).account == first.account

    def test_many_entries(self, store: Store) -> None:
        """Eighty entries that fell due are written with one command, in one transaction."""
        first = _open(store)
        last = first
        entries: list[StoredEntry] = []
        for _ in range(80):
            last = earned(last)
            entries += last.entries

        store.ledger.commit(replace(last, before=1, entries=tuple(entries)))

        assert store.ledger.load(TENANT, MEMBER).account == last.account
        assert list(store.ledger.entries(TENANT, MEMBER)) == [*first.entries, *entries]


class TestClaims:
    """The other conditional writes of a decision."""

    def test_stock_to_the_last(self, store: Store) -> None:
        """As many are taken as there are, and the claim that fails is named."""
        last = _open(store)
        for _ in range(2):
            last = earned(last, claims=(MUG,))
            store.ledger.commit(last)

        with pytest.raises(ClaimRefused) as refused:
            store.ledger.commit(earned(last, claims=(SaveRedemption(redemption()), MUG)))

        assert refused.value.claim == MUG
        assert store.ledger.stock_taken(TENANT, [("clinic", "mug"), ("clinic", "pen")]) == {
            "mug": 2,
            "pen": 0,
        }
        assert store.ledger.redemption_of(TENANT, redemption().voucher_hash) is None

    def test_no_stock_at_all(self, store: Store) -> None:
        """Of a reward with none to give, none is given."""
        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(_open(store), claims=(TakeStock("clinic", "mug", 0),)))

    def test_stock_returns(self, store: Store) -> None:
        """What went back can be taken again; more than was taken cannot go back."""
        last = _open(store)
        returned = ReturnStock("clinic", "mug")
        for claim in (TakeStock("clinic", "mug", 1), returned, TakeStock("clinic", "mug", 1)):
            last = earned(last, claims=(claim,))
            store.ledger.commit(last)
        assert store.ledger.stock_taken(TENANT, [("clinic", "mug")]) == {"mug": 1}
        last = earned(last, claims=(returned,))
        store.ledger.commit(last)

        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(last, claims=(returned,)))

    def test_voucher_points_to_its_redemption(self, store: Store) -> None:
        """A new redemption is found by its voucher, in its own tenant only."""
        made = redemption()
        store.ledger.commit(earned(_open(store), claims=(SaveRedemption(made),)))

        assert store.ledger.redemption_of(TENANT, made.voucher_hash) == (MEMBER, made.id)
        assert store.ledger.redemption_of("other", made.voucher_hash) is None

    def test_redemptions_without_a_voucher(self, store: Store) -> None:
        """What is given at once has no voucher, so two of them share none."""
        first = redemption(voucher_hash="", state="used")
        last = earned(_open(store), claims=(SaveRedemption(first),))
        store.ledger.commit(last)
        second = redemption(id="red_second", voucher_hash="", state="used")
        store.ledger.commit(earned(last, claims=(SaveRedemption(second),)))

        found = [
            store.ledger.load_with_redemption(TENANT, MEMBER, each.id)[1]
            for each in (first, second)
        ]
        assert found == [first, second]
        assert store.ledger.redemption_of(TENANT, "") is None

    def test_voucher_is_unique(self, store: Store) -> None:
        """Two redemptions never share a voucher."""
        first = earned(_open(store), claims=(SaveRedemption(redemption()),))
        store.ledger.commit(first)
        twin = SaveRedemption(redemption(id="red_twin"))

        with pytest.raises(ClaimRefused) as refused:
            store.ledger.commit(earned(first, claims=(twin,)))

        assert refused.value.claim == twin

    def test_redemption_changes_over_its_revision(self, store: Store) -> None:
        """A redemption is changed by whoever read its latest revision."""
        made = redemption()
        last = earned(_open(store), claims=(SaveRedemption(made),))
        store.ledger.commit(last)
        used = SaveRedemption(replace(made, state="used", revision=2))
        last = earned(last, claims=(used,))
        store.ledger.commit(last)

        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(last, claims=(used,)))

        found = store.ledger.load_with_redemption(TENANT, MEMBER, made.id)[1]
        assert found == used.redemption

    def test_quote(self, store: Store) -> None:
        """A quote is read with its account, and changes over its revision."""
        account = _open(store)
        made = quote()
        store.ledger.save_quote(TENANT, made)
        assert store.ledger.load_with_quote(TENANT, MEMBER, made.id)[1] == made
        assert store.ledger.load_with_quote("other", MEMBER, made.id)[1] is None
        confirmed = SaveQuote(replace(made, state="confirmed", revision=2))
        last = earned(account, claims=(confirmed,))
        store.ledger.commit(last)

        with pytest.raises(ClaimRefused) as refused:
            store.ledger.commit(earned(last, claims=(confirmed,)))

        assert refused.value.claim == confirmed
        loaded, found = store.ledger.load_with_quote(TENANT, MEMBER, made.id)
        assert (loaded.account, found) == (last.account, confirmed.quote)

    def test_redemptions_in_the_order_asked(self, store: Store) -> None:
        """Several are read in one call; those that are not there are told."""
        made = redemption()
        store.ledger.commit(earned(_open(store), claims=(SaveRedemption(made),)))

        found = store.ledger.redemptions(TENANT, MEMBER, ["red_none", made.id])

        assert found == (None, made)

    def test_budget_is_never_exceeded(self, store: Store) -> None:
        """What many accounts share is taken until it is used up, then nothing is written."""
        last = _open(store)
        for amount in (60, 40):
            last = earned(last, claims=(TakeBudget("desk/monday", amount, 100),))
            store.ledger.commit(last)
        one_more = TakeBudget("desk/monday", 1, 100)

        with pytest.raises(ClaimRefused) as refused:
            store.ledger.commit(earned(last, claims=(one_more,)))

        assert refused.value.claim == one_more
        store.ledger.commit(earned(last, claims=(TakeBudget("desk/tuesday", 100, 100),)))

    def test_remaining(self, store: Store) -> None:
        """What is left of an activity is kept with its record, and changes over its revision."""
        key = activity_key("emr", "v1")
        last = earned(_open(store), identity=Identity(key, b"f" * 32))
        store.ledger.commit(last)
        for revision in (1, 2):
            left = Remaining(8000 - revision, None, {"1": (7, 1)}, (9,), revision=revision)
            last = earned(last, claims=(SaveRemaining("emr", "v1", left),))
            store.ledger.commit(last)

            found = store.ledger.remembered(TENANT, key)

            assert found == Remembered(b"f" * 32, ANSWER, MEMBER, 2, remaining=left)
        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(last, claims=(SaveRemaining("emr", "v1", left),)))
        first = replace(left, revision=1)
        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(last, claims=(SaveRemaining("emr", "v1", first),)))

    def test_remaining_of_nothing(self, store: Store) -> None:
        """What was never recorded cannot be reversed."""
        claim = SaveRemaining("emr", "v0", Remaining(1, None, revision=1))

        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(_open(store), claims=(claim,)))


class TestEntries:
    """`entries`: a journal in order."""

    def test_ranges(self, store: Store) -> None:
        """Entries come in order of version, between bounds, either way round, up to a limit."""
        last = _open(store)
        for _ in range(4):
            last = earned(last)
            store.ledger.commit(last)

        def versions(**how: int | bool | None) -> list[int]:
            found = store.ledger.entries(TENANT, MEMBER, **how)  # type: ignore[arg-type]
            return [entry.version for entry in found]

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
        assert list(store.ledger.entries(TENANT, MEMBER)) == []


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
            stretch = Stretch(number, found[first], found[last])
            assert list(store.ledger.due_within(stretch)) == found[first : last + 1]

    def test_test_clock_has_its_own_part(self, store: Store) -> None:
        """Accounts on a test clock are walked for their tenant only, never in the common walk."""
        store.ledger.commit(opened(due_at=NOW, indexed_due=NOW, on_test_clock=True))

        assert _due(store, NOW) == []
        assert _due(store, NOW, test_tenant=TENANT) == [(TENANT, MEMBER)]
        assert _due(store, NOW, test_tenant="other") == []

    def test_index_may_be_earlier(self, store: Store) -> None:
        """The index holds what the commit says, not when the account is truly due."""
        store.ledger.commit(opened(due_at=NOW + 5, indexed_due=NOW))

        assert store.ledger.load(TENANT, MEMBER).indexed_due == NOW
        assert _due(store, NOW) == [(TENANT, MEMBER)]

    def test_reindex_moves_and_removes(self, store: Store) -> None:
        """The index is corrected in place; the account itself stays as it is."""
        commit = opened(due_at=NOW, indexed_due=NOW)
        store.ledger.commit(commit)

        store.ledger.reindex(TENANT, MEMBER, 1, NOW + 9, on_test_clock=False)
        assert store.ledger.load(TENANT, MEMBER) == Loaded(commit.account, None, NOW + 9)
        assert _due(store, NOW + 8) == []
        store.ledger.reindex(TENANT, MEMBER, 1, None, on_test_clock=False)
        assert store.ledger.load(TENANT, MEMBER) == Loaded(commit.account)
        assert _due(store, NOW + 9) == []

    def test_reindex_leaves_newer_alone(self, store: Store) -> None:
        """An account that moved on meanwhile keeps its place, and an absent one is not made."""
        store.ledger.commit(opened(due_at=NOW, indexed_due=NOW))

        store.ledger.reindex(TENANT, MEMBER, 2, None, on_test_clock=False)
        store.ledger.reindex(TENANT, "mem_0", 1, NOW, on_test_clock=False)

        assert _due(store, NOW) == [(TENANT, MEMBER)]
        assert store.ledger.load(TENANT, "mem_0").account is None


def test_members_are_a_tenants_own(store: Store) -> None:
    """Every member of a tenant is walked once, and no other's."""
    for member in ("mem_1", "mem_2"):
        store.ledger.commit(opened(member, look_up=f"x{member}"))
    store.ledger.commit(opened("mem_3", tenant="clinic2"))

    assert sorted(store.ledger.members(TENANT)) == ["mem_1", "mem_2"]


def test_stock_of_many_rewards(store: Store) -> None:
    """More rewards than one call takes are read all the same."""
    rewards = [("clinic", f"r{number}") for number in range(130)]
    store.ledger.commit(earned(_open(store), claims=(TakeStock("clinic", "r129", 5),)))

    taken = store.ledger.stock_taken(TENANT, rewards)

    assert (len(taken), taken["r0"], taken["r129"]) == (130, 0, 1)


def test_outcomes_are_distinct() -> None:
    """No outcome of a commit is a kind of another: whoever catches one catches just that."""
    outcomes = (AlreadyDone, ClaimRefused, Conflicted, LookUpTaken, OutcomeUnknown)

    assert all(not issubclass(a, b) for a in outcomes for b in outcomes if a is not b)


def _due(store: Store, until: int, *, test_tenant: str | None = None) -> list[tuple[str, str]]:
    shards = range(keys.DUE_SHARDS)
    return [
        (found.tenant, found.member)
        for shard in shards
        for found in store.ledger.due(shard, until, test_tenant=test_tenant)
    ]


def _identity(commit: Commit) -> Identity:
    assert commit.identity is not None
    return commit.identity


def _swollen(account: Account) -> Account:
    chance = random.Random(1)  # noqa: S311 - only has to be hard to compress
    counters = {f"{chance.getrandbits(128):x}": Counter(1, None) for _ in range(3000)}
    return replace(account, counters=counters)
