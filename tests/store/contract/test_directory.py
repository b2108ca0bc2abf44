"""What every directory promises; under which conditions commits write to it, `test_ledger`."""

from __future__ import annotations

from chalicelib.usecases.stored import Consent, Profile
from tests.store.contract.conftest import Store
from tests.store.samples import MEMBER, NOW, TENANT, opened

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
    external_ids={"emr": "5e" * 32},
    consents=(Consent("marketing", granted=True, text_version="3", at=NOW),),
)


def test_unknown(store: Store) -> None:
    """Who is not on file is absent, by id and by external id."""
    assert store.directory.profile(TENANT, MEMBER) is None
    assert store.directory.find(TENANT, "x1") is None


def test_round_trip(store: Store) -> None:
    """What was committed is what is read, in its own tenant only."""
    store.ledger.commit(opened(profile=PROFILE))

    assert store.directory.profile(TENANT, MEMBER) == PROFILE
    assert store.directory.profile("other", MEMBER) is None
