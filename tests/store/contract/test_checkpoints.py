"""B6: the past of a long journal is read from its checkpoints, on every store alike."""

from __future__ import annotations

from typing import Final, NamedTuple

import pytest
from msgspec.structs import replace

from chalicelib.domain import verification
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.store.metering import measured
from chalicelib.usecases.attempt import account_key
from chalicelib.usecases.read_as_of import read_as_of
from chalicelib.usecases.read_ledger import check_account, verify_account
from chalicelib.usecases.services import Caller
from chalicelib.usecases.stored import (
    CHECKPOINT_EVENTS,
    TRANSACTION_MAX,
    AccountChange,
    Commit,
    Conflicted,
)
from tests.domain.building import Member
from tests.domain.midnight import TERMS
from tests.store.contract.conftest import Store
from tests.town import TENANT, Stores, Town

ID: Final = "mem_00000000000000000000000001"
HOUR: Final = 3_600_000
CALLER: Final = Caller(TENANT, CLOCK)


class Lived(NamedTuple):
    """A member with a journal in a town, and the versions at which their commits ended."""

    town: Town
    member: Member
    ends: list[int]

    def account_at(self, version: int) -> Account:
        """Return the account as the first events of its journal make it."""
        last = self.member.journal[version - 1].effective_at
        found = verification.as_of(self.member.journal[:version], self.member.programmes, last, "")
        assert found.version == version
        return found


def lived(store: Store, *sizes: int) -> Lived:
    """Return a member whose visits were written in commits of so many events each."""
    town = Town(Stores(store.ledger, store.directory, store.catalogue))
    member = Member(TERMS, key=account_key(TENANT, ID))
    ends: list[int] = []
    for size in sizes:
        written = ends[-1] if ends else 0
        while member.account.version < written + size:
            _visit(member)
        town.clock.now = member.account.effective_at
        ends.append(member.account.version)
        town.ledger.commit(_commit(member, written))
    return Lived(town, member, ends)


def _visit(member: Member, times: int = 1) -> Member:
    """Let a member visit, an hour after whatever was last."""
    for _ in range(times):
        now = format_instant(member.account.effective_at + HOUR)
        member.visit(now, name=f"visit-{now}")
    return member


def _commit(member: Member, before: int) -> Commit:
    due = due_at(member.account)
    change = AccountChange(
        member=ID,
        before=before,
        account=member.account,
        due_at=due,
        indexed_due=due,
        events=tuple(member.journal[before:]),
    )
    return Commit(tenant=TENANT, member=ID, version=member.account.version, changes=(change,))


def test_when_they_are_kept(store: Store) -> None:
    """One is kept by each commit that passes a multiple of 64, as the account then is."""
    found = lived(store, 63, 1, 1, 70, 57, 80)
    kept = list(found.town.ledger.checkpoints(TENANT, ID))

    assert CHECKPOINT_EVENTS == 64
    assert [each.version for each in kept] == [64, 135, 192, 272]
    assert all(each == found.account_at(each.version) for each in kept)


def test_which_are_read(store: Store) -> None:
    """They come by instant, in order of version either way round, up to a limit."""
    found = lived(store, 64, 64, 64)
    at = {n: found.member.journal[n - 1].effective_at for n in (63, 64, 127, 128, 192)}

    def versions(**how: int | bool | None) -> list[int]:
        kept = found.town.ledger.checkpoints(TENANT, ID, **how)  # type: ignore[arg-type]
        return [each.version for each in kept]

    assert versions() == [64, 128, 192]
    assert versions(newest_first=True) == [192, 128, 64]
    assert versions(newest_first=True, limit=1) == [192]
    assert versions(by=at[192]) == [64, 128, 192]
    assert versions(by=at[192] - 1) == [64, 128]
    assert versions(by=at[128], newest_first=True, limit=1) == [128]
    assert versions(by=at[127]) == [64]
    assert versions(by=at[64]) == [64]
    assert versions(by=at[63]) == []
    assert list(found.town.ledger.checkpoints(TENANT, "mem_2")) == []
    assert list(found.town.ledger.checkpoints("other", ID)) == []


def test_a_commit_that_fails_keeps_none(store: Store) -> None:
    """It is written with the events that lead to it, or not at all."""
    found = lived(store, 63, 1)
    _visit(found.member, 2)

    with pytest.raises(Conflicted):
        found.town.ledger.commit(_commit(found.member, 63))

    assert list(found.town.ledger.checkpoints(TENANT, ID)) == [found.account_at(64)]


def test_the_past_is_the_same(store: Store) -> None:
    """As of any instant the account is what all of its journal up to then makes it."""
    found = lived(store, 63, 1, 1, 70, 57, 80, 30)
    services, member = found.town.services, found.member
    for version in (1, 63, 64, 65, 135, 136, 192, 272, 302):
        for instant in (-1, 0, 1):
            at = member.journal[version - 1].effective_at + instant
            if member.journal[0].effective_at <= at <= found.town.clock.now:
                assert read_as_of(services, CALLER, ID, at).account == member.as_of(at)


def test_what_it_costs(store: Store) -> None:
    """However long the journal, what is read is what may lie between two checkpoints."""
    if store.dynamo is None:
        pytest.skip("only DynamoDB has a price")
    found = lived(store, *[90] * 5)
    services, journal = found.town.services, found.member.journal
    size = max(len(each.body) + len(each.detail) for each in journal) + 200
    most = (CHECKPOINT_EVENTS + TRANSACTION_MAX) * size / 4096 + 5
    assert len(journal) * size / 4096 > 2 * most
    for version in (1, 80, 300, len(journal)):
        with measured() as past:
            read_as_of(services, CALLER, ID, journal[version - 1].effective_at)
        assert past.read_units <= most
    with measured() as check:
        verify_account(services, CALLER, ID)
    assert check.read_units <= most


def test_verification(store: Store) -> None:
    """It begins at the last checkpoint, or at the first event and holds checkpoints to them."""
    found = lived(store, 64, 64, 10)
    services = found.town.services
    quick = verify_account(services, CALLER, ID)
    whole = check_account(services, CALLER, ID).verdict

    assert (quick.since, quick.events, quick.errors) == (128, 10, ())
    assert (whole.since, whole.events, whole.errors) == (0, 138, ())


def test_a_checkpoint_that_is_not_what_the_journal_says() -> None:
    """It is named by its event, wherever the account itself is right."""
    member = _visit(Member(TERMS), 9)
    journal, key = member.journal, member.key
    kept = []
    account = Account()
    for stored in journal:
        account = verification.as_of(
            [stored], member.programmes, stored.effective_at, key, start=account
        )
        kept.append(account)

    assert verification.verify(member.account, journal, key, checkpoints=kept).holds
    for place, one in enumerate(kept):
        false = [*kept[:place], replace(one, birthday="02-28"), *kept[place + 1 :]]
        verdict = verification.verify(member.account, journal, key, checkpoints=false)
        assert [error.version for error in verdict.errors] == [place + 1]
        assert "the checkpoint differs from its journal in: birthday" in verdict.errors[0].detail
        assert verification.verify(member.account, journal[place + 1 :], key, start=one).holds
