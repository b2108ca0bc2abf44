"""Change a member's profile, and record consents."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chalicelib.domain.decide.claims import ClaimKey
from chalicelib.domain.errors import Conflict, MemberNotFound, Stale
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.membership import ChangeProfile, Enrol, Withdraw
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.create_member import ConsentGiven, evidence, with_consents
from chalicelib.usecases.execution import Done, Present, change_account
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer, DirectoryWrite, IdempotencyKey, KeyTaken, Profile


def change_member(
    services: Services,
    caller: Caller,
    member: str,
    changes: dict[str, Any],
    expected: int,
    present: Present,
) -> Done:
    """
    Change fields of a profile over the revision that the caller read.

    What the account knows of it changes in the same transaction.  Nothing is remembered of the
    answer, which has personal data in it: the revision tells a second attempt from the first.  A
    second attempt at what was done does nothing, and is answered as the first.  Raises `Stale`
    where the profile changed since, and `MemberNotFound`.
    """
    done: list[Profile] = []

    def directory(_now: Instant) -> DirectoryWrite | None:
        profile = _profile(services, caller, member)
        if profile.revision == expected + 1 and replace(profile, **changes) == profile:
            done.append(profile)
            return None
        if profile.revision != expected:
            raise Stale(
                "stale",
                "The member was changed since you read it: read it again and repeat your change.",
            )
        return DirectoryWrite(replace(profile, **changes, revision=expected + 1))

    def answered(decided: Decided) -> Answer:
        return present(decided if decided.profile else decided._replace(profile=done[-1]))

    command = ChangeProfile(
        member=member, birthday=changes.get("birthday"), age_bands=changes.get("age_bands")
    )
    return change_account(services, caller, command, answered, directory=directory)


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


def change_external_id(
    services: Services,
    caller: Caller,
    member: str,
    system: str,
    value: str | None,
    present: Present,
    identity: IdempotencyKey | None,
) -> Done:
    """
    Let a member be known to a system by an id: another than before, or by none (``None``).

    What they were known by is free from then on.  Raises `Conflict` ``external_id_taken`` where
    somebody else has the id.
    """
    key = None if value is None else services.secrets.external_id(caller.tenant, system, value)

    def directory(_now: Instant) -> DirectoryWrite | None:
        profile = _profile(services, caller, member)
        before = profile.external_ids.get(system)
        if before == key:
            return None
        known = {name: each for name, each in profile.external_ids.items() if name != system}
        if key is not None:
            known[system] = key
        after = replace(profile, external_ids=known, revision=profile.revision + 1)
        claim = None if key is None else ClaimKey(key, member, personal=True)
        return DirectoryWrite(after, claim, before)

    command = ChangeProfile(member=member)
    try:
        return change_account(services, caller, command, present, identity, directory=directory)
    except KeyTaken:
        raise Conflict(
            "external_id_taken",
            "Another member has this id: take it from them first, if it is this person's.",
        ) from None
