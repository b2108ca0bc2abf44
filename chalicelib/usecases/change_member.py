"""Change a member's profile, and record consents."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.domain.errors import MemberNotFound, Stale
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.membership import ChangeProfile, Enrol, Withdraw
from chalicelib.usecases.attempt import DirectoryWrite
from chalicelib.usecases.create_member import ConsentGiven, evidence, with_consents
from chalicelib.usecases.execution import Done, Present, change_account
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import IdempotencyKey, Profile


def change_member(
    services: Services,
    caller: Caller,
    member: str,
    changes: dict[str, str],
    expected: int,
    present: Present,
) -> Done:
    """
    Change fields of a profile over the revision that the caller read.

    What the account knows of it changes in the same transaction.  Nothing is remembered of the
    answer, which has personal data in it: the revision tells a second attempt from the first.
    Raises `Stale` where the profile changed since, and `MemberNotFound`.
    """

    def directory(_now: Instant) -> DirectoryWrite:
        profile = _profile(services, caller, member)
        if profile.revision != expected:
            raise Stale(
                "stale",
                "The member was changed since you read it: read it again and repeat your change.",
            )
        return DirectoryWrite(replace(profile, **changes, revision=expected + 1))

    command = ChangeProfile(member=member, birthday=changes.get("birthday"))
    return change_account(services, caller, command, present, directory=directory)


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
    kind = Enrol if any(granted.values()) else Withdraw
    command = kind(member=member, programmes=(), consents=granted)

    def directory(now: Instant) -> DirectoryWrite:
        given = evidence(consents, now)
        return DirectoryWrite(with_consents(_profile(services, caller, member), given))

    return change_account(services, caller, command, present, identity, directory=directory)


def _profile(services: Services, caller: Caller, member: str) -> Profile:
    profile = services.directory.profile(caller.tenant, member)
    if profile is None:
        raise MemberNotFound
    return profile
