"""What every directory promises; commits that write to it are in `test_ledger`."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.usecases.ports import Consent, Profile
from tests.store.contract.conftest import Store
from tests.store.samples import MEMBER, NOW, TENANT

PROFILE = Profile(
    member=MEMBER,
    revision=1,
    created_at=NOW,
    locale="zh-TW",
    time_zone="Asia/Taipei",
    display_name="林小姐",
    birthday="02-29",
    contact="crm:77",
    acquisition_source="poster",
    external_systems=("emr",),
    consents=(Consent("marketing", granted=True, text_version="3", at=NOW),),
)


def test_unknown(store: Store) -> None:
    """Who is not on file is absent, by id and by external id."""
    assert store.directory.profile(TENANT, MEMBER) is None
    assert store.directory.find(TENANT, "x1") is None


def test_round_trip(store: Store) -> None:
    """What was saved is what is read, in its own tenant only."""
    assert store.directory.save(TENANT, PROFILE, expected=0)

    assert store.directory.profile(TENANT, MEMBER) == PROFILE
    assert store.directory.profile("other", MEMBER) is None


def test_revisions(store: Store) -> None:
    """A profile is written over the revision that was read; whoever is late changes nothing."""
    second = replace(PROFILE, revision=2, display_name="A")
    late = replace(PROFILE, revision=2, display_name="B")
    assert not store.directory.save(TENANT, second, expected=1)
    assert store.directory.save(TENANT, PROFILE, expected=0)
    assert not store.directory.save(TENANT, PROFILE, expected=0)

    assert store.directory.save(TENANT, second, expected=1)
    assert not store.directory.save(TENANT, late, expected=1)

    assert store.directory.profile(TENANT, MEMBER) == second
