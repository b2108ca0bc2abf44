"""Read a member: the profile from the directory, the rest from the account."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Profile


class MemberRead(NamedTuple):
    """A member as of now."""

    profile: Profile
    account: Account
    programmes: Programmes
    now: Instant


def read_member(services: Services, caller: Caller, member: str) -> MemberRead:
    """Read a member; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    profile = services.directory.profile(caller.tenant, member)
    if profile is None:
        raise MemberNotFound
    return MemberRead(profile, reading.account, reading.programmes, reading.now)


def find_member(services: Services, caller: Caller, system: str, value: str) -> str:
    """Return the id of the member with an external id; raises `MemberNotFound`."""
    lookup = services.secrets.external_id(caller.tenant, system, value)
    member = services.directory.find(caller.tenant, lookup)
    if member is None:
        raise MemberNotFound
    if caller.access is not None:
        read_account(services, caller, member)
    return member
