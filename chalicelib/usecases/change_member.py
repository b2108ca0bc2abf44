"""Change a member's profile, and record consents."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chalicelib.domain.calendar import Instant
from chalicelib.domain.errors import MemberNotFound, Stale
from chalicelib.domain.mechanics.membership import Enrol
from chalicelib.usecases.attempt import DirectoryWrite
from chalicelib.usecases.create_member import ConsentGiven, evidence, with_consents
from chalicelib.usecases.execution import Done, Present, change_account
from chalicelib.usecases.ports import IdempotencyKey, Profile
from chalicelib.usecases.services import Caller, Services


def change_member(
    services: Services, caller: Caller, member: str, changes: dict[str, Any], expected: int
) -> Profile:
    """
    Change fields of a profile over the revision that the caller read.

    Raises `Stale` where it changed since, and `MemberNotFound`.
    """
    profile = _profile(services, caller, member)
    changed = replace(profile, **changes, revision=expected + 1)
    if profile.revision != expected or not services.directory.save(
        caller.tenant, changed, expected=expected
    ):
        raise Stale(
            "stale",
            "The member was changed since you read it: read it again and repeat your change.",
        )
    return changed


def record_consents(
    services: Services,
    caller: Caller,
    member: str,
    consents: tuple[ConsentGiven, ...],
    present: Present,
    identity: IdempotencyKey | None,
) -> Done:
    """Record consents given or withdrawn: the evidence, and what is in force on the account."""
    granted = {consent.purpose: consent.granted for consent in consents}
    command = Enrol(member=member, programmes=(), consents=granted)

    def directory(now: Instant) -> DirectoryWrite:
        given = evidence(consents, now)
        return DirectoryWrite(with_consents(_profile(services, caller, member), given))

    return change_account(services, caller, command, present, identity, directory=directory)


def _profile(services: Services, caller: Caller, member: str) -> Profile:
    profile = services.directory.profile(caller.tenant, member)
    if profile is None:
        raise MemberNotFound
    return profile
