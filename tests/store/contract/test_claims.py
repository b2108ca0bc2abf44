"""
What every ledger promises of the three claims, whatever they are made for.

A claim is granted with all else that a commit writes, or nothing is written and the claim that was
refused is named, with the refusal that it carries.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.claims import Claim, ClaimKey, RecordKind, Ref, SaveRecord, TakeFrom
from chalicelib.domain.errors import Conflict
from chalicelib.usecases.stored import (
    AlreadyDone,
    ClaimRefused,
    Commit,
    Conflicted,
    KeyHolder,
    Profile,
)
from tests.store.contract.conftest import Store
from tests.store.samples import (
    MEMBER,
    NOTES,
    NOW,
    SLIPS,
    TENANT,
    Note,
    earned,
    identity,
    noted,
    opened,
    taking,
    together,
)

OTHER: Final = "mem_2"
SOLD_OUT: Final = Conflict("out_of_stock", "Nothing is left.")
KINDS: Final = pytest.mark.parametrize("kind", [NOTES, SLIPS], ids=["kept", "transient"])
LIVES: Final = pytest.mark.parametrize("kept_days", [None, 3], ids=["kept", "transient"])
TABLES: Final = pytest.mark.parametrize("personal", [False, True], ids=["plain", "personal"])


class Case(NamedTuple):
    """What is claimed first, what is refused then, and what is granted in its place."""

    before: tuple[Claim, ...]
    refused: Claim
    granted: Claim
    holder: str | None = None


def _records(kind: RecordKind[Note]) -> Iterator[tuple[str, Case]]:
    def save(text: str, revision: int) -> SaveRecord:
        return noted(text, kind=kind, revision=revision)

    first, second, third = save("first", 1), save("second", 2), save("third", 3)
    yield "new, where there is one", Case((first,), save("twin", 1), second)
    yield "over an older revision", Case((first, second), save("late", 2), third)
    yield "over a revision to come", Case((first,), save("early", 3), second)
    yield "over what is not there", Case((), second, first)


def _counters(kept_days: int | None) -> Iterator[tuple[str, Case]]:
    def take(amount: int, limit: int = 2) -> Claim:
        return taking(amount, limit, kept_days=kept_days)

    yield "above the limit", Case((take(1), take(1)), take(1), take(1, 3))
    yield "more than is left", Case((take(1),), take(2), take(1))
    yield "more than there is", Case((), take(3), take(2))
    yield "of none at all", Case((), take(1, 0), take(1, 1))
    yield "of what was cut since", Case((take(2),), take(1, 1), take(1, 3))
    yield "back more than was taken", Case((take(1),), take(-2), take(-1))
    yield "back what came back", Case((take(2), take(-2)), take(-1), take(2))
    yield "back where nothing was taken", Case((), take(-1), take(1))


def _keys(*, personal: bool) -> Iterator[tuple[str, Case]]:
    theirs = ClaimKey("k1", OTHER, "their", personal=personal)
    ours = ClaimKey("k1", MEMBER, "our", personal=personal)
    free = replace(ours, key="k2")
    yield "of another", Case((theirs,), ours, free, OTHER)
    yield "of one's own", Case((ours,), ours, free, MEMBER)


CASES: Final = {
    **{f"{kind.name} {name}": case for kind in (NOTES, SLIPS) for name, case in _records(kind)},
    **{
        f"{'count' if days is None else 'transient count'} {name}": case
        for days in (None, 3)
        for name, case in _counters(days)
    },
    **{
        f"{'personal key' if personal else 'key'} {name}": case
        for personal in (False, True)
        for name, case in _keys(personal=personal)
    },
}

#: One of each beside the one in question.
BESIDE: Final[tuple[Claim, ...]] = (
    noted(id="beside"),
    noted(id="beside", kind=SLIPS),
    taking(1, 1, "beside"),
    taking(1, 1, "beside", kept_days=3),
    ClaimKey("beside", MEMBER, "beside"),
    ClaimKey("beside", MEMBER, personal=True),
)


def _refusing(claim: Claim) -> Claim:
    """Return a claim with what it means where it is refused."""
    if isinstance(claim, TakeFrom):
        return replace(claim, refused=lambda _left: SOLD_OUT)
    return replace(claim, refusal=SOLD_OUT)


@pytest.mark.parametrize("name", CASES)
def test_refused(store: Store, name: str) -> None:
    """The claim is named with what it means, and nothing is written; without it all of it is."""
    case = CASES[name]
    latest = {member: _open(store, member) for member in (MEMBER, OTHER)}
    for claim in case.before:
        claimant = claim.owner if isinstance(claim, ClaimKey) else MEMBER
        latest[claimant] = _claimed(store, latest[claimant], claim)
    last = latest[MEMBER]
    refused = _refusing(case.refused)
    doomed = earned(last, claims=(*BESIDE[:3], refused, *BESIDE[3:]), identity=identity("doomed"))
    before, subject = _beside(store), _subject(store)

    with pytest.raises(ClaimRefused) as result:
        store.ledger.commit(doomed)

    assert (result.value.claim, result.value.holder) == (refused, case.holder)
    if isinstance(refused, TakeFrom):
        used = sum(each.amount for each in case.before if isinstance(each, TakeFrom))
        assert result.value.left == max(refused.limit - used, 0)
    else:
        assert refused.refusal is SOLD_OUT
    assert (_beside(store), _subject(store)) == (before, subject)
    granted = replace(doomed, claims=(*BESIDE[:3], case.granted, *BESIDE[3:]))
    store.ledger.commit(granted)
    assert all(now != then for now, then in zip(_beside(store), before, strict=True))
    for claim in BESIDE:
        # Each was granted once, and not before: of none is there a second.
        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(granted, claims=(claim,), identity=identity("again")))


FAILING: Final[dict[str, tuple[Claim, Claim]]] = {
    "record": (noted("second"), noted("second", revision=2)),
    "transient record": (noted(kind=SLIPS, revision=3), noted("second", kind=SLIPS, revision=2)),
    "take": (taking(1, 2), taking(1, 3)),
    "none at all": (taking(1, 0, "empty"), taking(1, 1, "empty")),
    "give back": (taking(-3), taking(-2)),
    "transient take": (taking(1, 2, kept_days=3), taking(1, 3, kept_days=3)),
}


class Way(NamedTuple):
    """How each of the first three conditions fails."""

    stale: str
    also: bool
    personal: bool


WAYS: Final = (
    Way("member", also=False, personal=False),
    Way("another account", also=True, personal=True),
    Way("profile", also=False, personal=True),
)


@pytest.mark.parametrize("claim", FAILING)
def test_which_refusal_counts(store: Store, claim: str) -> None:
    """The record of an identity counts first, then keys, then versions, then the other claims."""
    taken = (ClaimKey("k", OTHER), ClaimKey("k", OTHER, personal=True))
    first, other = _open(store), earned(_open(store, OTHER), claims=taken)
    store.ledger.commit(other)
    kept = (noted(), noted(kind=SLIPS), taking(2), taking(2, kept_days=3))
    recent = earned(first, identity=identity("known"), claims=kept)
    store.ledger.commit(recent)

    def attempt(way: Way, *, replay: bool, key: bool, version: bool, refused: bool) -> Commit:
        stale = way.stale if version else ""
        known = identity("known" if replay else "new")
        return together(
            earned(first if stale == "member" else recent),
            earned(opened(OTHER) if stale == "another account" else other),
            identity=identity("newer") if way.also else known,
            also=known if way.also else None,
            profile=Profile(MEMBER, 1 if stale == "profile" else 2, NOW),
            # What may fail stands before the key, which counts before it all the same.
            claims=(
                FAILING[claim][0 if refused else 1],
                ClaimKey("k" if key else "free", MEMBER, personal=way.personal),
            ),
        )

    for way in WAYS:
        for failing in itertools.product((False, True), repeat=4):
            if not any(failing):
                continue
            replay, key, version, refused = failing
            commit = attempt(way, replay=replay, key=key, version=version, refused=refused)
            with pytest.raises(Exception) as result:  # noqa: PT011 - which one is what is asked
                store.ledger.commit(commit)
            expected = ("replay", "key", "version", "claim")[failing.index(True)]
            assert _reason(result.value) == expected, (way, failing)
    store.ledger.commit(attempt(WAYS[0], replay=False, key=False, version=False, refused=False))


class TestRecords:
    """`SaveRecord`: records under the account that owns them."""

    @KINDS
    def test_round_trip(self, store: Store, kind: RecordKind[Note]) -> None:
        """What was written last is what is read, to the last field, whatever it accounts for."""
        last = _open(store)
        first = SaveRecord(kind.ref(MEMBER, "n/1"), Note("ä" * 500, (3,), "me"), 1, {"mugs": 2})
        last = _claimed(store, last, first)
        assert _read(store, first.ref) == first.record
        second = SaveRecord(first.ref, Note("short"), 2)
        _claimed(store, last, second)

        assert _read(store, first.ref) == second.record
        assert store.ledger.taken(TENANT, ["mugs"]) == {"mugs": 0}

    @KINDS
    def test_owners_and_ids_are_apart(self, store: Store, kind: RecordKind[Note]) -> None:
        """One commit writes records of several accounts, and each begins by itself."""
        written = [
            noted(f"{owner} {name}", kind=kind, owner=owner, id=name)
            for owner in (MEMBER, OTHER)
            for name in ("a", "b")
        ]
        both = (earned(_open(store)), earned(_open(store, OTHER)))
        store.ledger.commit(together(*both, claims=written))

        found = store.ledger.load(TENANT, [], [claim.ref for claim in written]).records

        assert found == {claim.ref: claim.record for claim in written}

    def test_kinds_are_apart(self, store: Store) -> None:
        """The same id is a record of each kind, and each has revisions of its own."""
        cards = RecordKind("card", Note)
        last = _claimed(store, _open(store), noted("note"))
        last = _claimed(store, last, noted("slip", kind=SLIPS))
        last = _claimed(store, last, noted("card", kind=cards))
        _claimed(store, last, noted("note anew", revision=2))

        found = [_read(store, kind.ref(MEMBER, "n1")).text for kind in (NOTES, SLIPS, cards)]

        assert found == ["note anew", "slip", "card"]

    @KINDS
    def test_by_itself(self, store: Store, kind: RecordKind[Note]) -> None:
        """A new record is written without a decision; a decision changes it over its revision."""
        made = noted("made", kind=kind)
        account = _open(store)
        store.ledger.save(TENANT, made)
        assert _read(store, made.ref) == made.record
        assert store.ledger.load("other", [], [made.ref]).records == {made.ref: None}

        after = noted("after", kind=kind, revision=2)
        last = _claimed(store, account, after)

        with pytest.raises(ClaimRefused):
            store.ledger.commit(earned(last, claims=(after,)))
        assert _read(store, made.ref) == after.record

    @KINDS
    def test_what_comes_late(self, store: Store, kind: RecordKind[Note]) -> None:
        """A second delivery of a new record does not undo what a decision made of it."""
        made, after = noted("made", kind=kind), noted("after", kind=kind, revision=2)
        account = _open(store)
        store.ledger.save(TENANT, made)
        _claimed(store, account, after)

        store.ledger.save(TENANT, made)

        assert _read(store, made.ref) == after.record


class TestCounters:
    """`TakeFrom`: what many accounts share, up to a limit."""

    @LIVES
    def test_to_the_last(self, store: Store, kept_days: int | None) -> None:
        """As many are taken as there are, by whichever accounts, and what came back again."""
        members = [_open(store, member) for member in (MEMBER, OTHER)]
        # Amount and limit, and whether it is granted: the limit may have changed meanwhile.
        course = [
            *((2, 5, True), (3, 5, True), (1, 5, False), (-2, 0, True), (2, 4, False)),
            *((2, 5, True), (1, 0, False), (-5, 5, True), (-1, 5, False), (5, 5, True)),
            *((0, 5, True), (0, 4, False), (4, 9, True), (1, 9, False)),
        ]
        for turn, (amount, limit, granted) in enumerate(course):
            claim = taking(amount, limit, kept_days=kept_days)
            commit = earned(members[turn % 2], claims=(claim,), identity=identity(f"{turn}"))
            if granted:
                store.ledger.commit(commit)
                members[turn % 2] = commit
            else:
                with pytest.raises(ClaimRefused):
                    store.ledger.commit(commit)

    def test_taken(self, store: Store) -> None:
        """What was taken of each counter is told, also of more than one call reads."""
        last = _claimed(store, _open(store), taking(3, 9, "c129"))
        last = _claimed(store, last, taking(4, 9, "c0"))
        _claimed(store, last, taking(-1, 0, "c0"))
        names = [f"c{number}" for number in range(130)]

        taken = store.ledger.taken(TENANT, names)

        assert taken == dict.fromkeys(names, 0) | {"c0": 3, "c129": 3}
        assert store.ledger.taken("other", ["c0"]) == {"c0": 0}
        assert store.ledger.taken(TENANT, []) == {}

    def test_are_apart(self, store: Store) -> None:
        """Counters of one name are two, in two tenants, and of two lives; names may be any text."""
        last = _open(store)
        for name in ("clinic/mug", "clinic", "clinic/mug/2026-01-01#M#", "Ä" * 300):
            last = _claimed(store, last, taking(1, 1, name))
            last = _claimed(store, last, taking(1, 1, name, kept_days=3))
            assert store.ledger.taken(TENANT, [name]) == {name: 1}
        theirs = opened(tenant="other")
        store.ledger.commit(theirs)
        store.ledger.commit(earned(theirs, claims=(taking(1, 1, "clinic"),)))

    def test_several_in_one_commit(self, store: Store) -> None:
        """All of them are taken or none."""
        last = _open(store)
        three = [taking(1, 1, name) for name in ("a", "b", "c")]
        with pytest.raises(ClaimRefused) as refused:
            store.ledger.commit(earned(last, claims=(*three, taking(1, 0, "d"))))
        assert refused.value.claim == taking(1, 0, "d")
        assert store.ledger.taken(TENANT, ["a", "b", "c"]) == {"a": 0, "b": 0, "c": 0}

        store.ledger.commit(earned(last, claims=three))

        assert store.ledger.taken(TENANT, ["a", "b", "c"]) == {"a": 1, "b": 1, "c": 1}


class TestKeys:
    """`ClaimKey`: what only one member has."""

    def test_leads_to_its_holder(self, store: Store) -> None:
        """Who has a key is found by it, with the value, in its own tenant only."""
        last = _open(store)
        for number, key in enumerate(("k", "a/b", "#M#", "schlüssel")):
            last = _claimed(store, last, ClaimKey(key, MEMBER, f"value {number}"))

            assert store.ledger.holder(TENANT, key) == KeyHolder(MEMBER, f"value {number}")
        assert store.ledger.holder(TENANT, "K") is None
        assert store.ledger.holder("other", "k") is None

    def test_of_another_account(self, store: Store) -> None:
        """A decision claims keys for any of its accounts."""
        _open(store, OTHER)
        both = (earned(_open(store)), earned(opened(OTHER)))
        keys = (ClaimKey("k1", OTHER), ClaimKey("p1", OTHER, personal=True), ClaimKey("k2", MEMBER))
        store.ledger.commit(together(*both, claims=keys))

        assert store.ledger.holder(TENANT, "k1") == KeyHolder(OTHER, "")
        assert store.ledger.holder(TENANT, "k2") == KeyHolder(MEMBER, "")
        assert store.directory.find(TENANT, "p1") == OTHER

    def test_of_an_account_that_stays(self, store: Store) -> None:
        """A key goes with what its owner's account becomes: otherwise the program is mistaken."""
        _open(store, OTHER)
        commit = earned(_open(store), claims=(ClaimKey("k", OTHER),))

        with pytest.raises(ValueError, match="account that changes"):
            store.ledger.commit(commit)

    def test_personal_ones_lie_in_the_directory(self, store: Store) -> None:
        """A personal key is the directory's, and a plain one of the same name is another."""
        last = _claimed(store, _open(store), ClaimKey("k", MEMBER, personal=True))
        assert store.directory.find(TENANT, "k") == MEMBER
        assert store.directory.find("other", "k") is None
        assert store.ledger.holder(TENANT, "k") is None

        _claimed(store, last, ClaimKey("k", MEMBER, "v"))

        assert store.ledger.holder(TENANT, "k") == KeyHolder(MEMBER, "v")
        assert store.directory.find(TENANT, "v") is None

    @TABLES
    def test_with_a_new_member(self, store: Store, *, personal: bool) -> None:
        """Of two new members with one key the second is not begun, and is told of the first."""
        claims = (ClaimKey("k", MEMBER, personal=personal),)
        store.ledger.commit(opened(claims=claims))
        theirs = opened(OTHER, claims=(ClaimKey("k", OTHER, personal=personal),))

        with pytest.raises(ClaimRefused) as refused:
            store.ledger.commit(theirs)

        assert refused.value.holder == MEMBER
        assert store.ledger.load(TENANT, [OTHER]).account(OTHER) is None
        assert store.directory.profile(TENANT, OTHER) is None

    def test_passes_on(self, store: Store) -> None:
        """A personal key passes on from the member who is named, and from nobody else."""
        last = _claimed(store, _open(store), ClaimKey("k", MEMBER, personal=True))
        mine = ClaimKey("k", OTHER, personal=True, instead_of="mem_3")
        with pytest.raises(ClaimRefused) as refused:
            _claimed(store, last, mine)
        assert refused.value.holder == MEMBER

        theirs = opened(OTHER, claims=(replace(mine, instead_of=MEMBER),))
        store.ledger.commit(theirs)

        assert store.directory.find(TENANT, "k") == OTHER
        with pytest.raises(ClaimRefused) as refused:
            _claimed(store, last, replace(mine, instead_of=MEMBER))
        assert refused.value.holder == OTHER

    @TABLES
    def test_in_two_tenants(self, store: Store, *, personal: bool) -> None:
        """A key is its tenant's alone."""
        for tenant in (TENANT, "other"):
            claims = (ClaimKey("k", MEMBER, personal=personal),)
            store.ledger.commit(opened(tenant=tenant, claims=claims))


def _open(store: Store, member: str = MEMBER) -> Commit:
    commit = opened(member)
    store.ledger.commit(commit)
    return commit


def _claimed(store: Store, last: Commit, claim: Claim) -> Commit:
    """Commit one more earn with a claim."""
    commit = earned(last, claims=(claim,))
    store.ledger.commit(commit)
    return commit


def _read(store: Store, ref: Ref) -> Any:
    return store.ledger.load(TENANT, [], [ref]).records[ref]


def _reason(result: Exception) -> str:
    """Return which condition an outcome reports."""
    match result:
        case AlreadyDone():
            return "replay"
        case Conflicted():
            return "version"
        case ClaimRefused(claim=ClaimKey(), holder=holder):
            assert holder == OTHER
            return "key"
        case ClaimRefused(holder=None):
            return "claim"
    raise result


def _beside(store: Store) -> tuple[object, ...]:
    """Return all that a commit changes which is granted what is `BESIDE`, each part by itself."""
    records = [claim.ref for claim in BESIDE if isinstance(claim, SaveRecord)]
    loaded = store.ledger.load(TENANT, [MEMBER], records)
    return (
        loaded.accounts,
        *(loaded.records[ref] for ref in records),
        list(store.ledger.events(TENANT, MEMBER)),
        store.ledger.remembered(TENANT, [identity("doomed").key]),
        store.ledger.taken(TENANT, ["beside"]),
        store.ledger.holder(TENANT, "beside"),
        store.directory.find(TENANT, "beside"),
    )


def _subject(store: Store) -> tuple[object, ...]:
    """Return what the claims of `CASES` are about, as far as it can be read."""
    records = [NOTES.ref(MEMBER, "n1"), SLIPS.ref(MEMBER, "n1")]
    return (
        store.ledger.load(TENANT, [], records).records,
        store.ledger.taken(TENANT, ["mugs"]),
        [store.ledger.holder(TENANT, key) for key in ("k1", "k2")],
        [store.directory.find(TENANT, key) for key in ("k1", "k2")],
    )
