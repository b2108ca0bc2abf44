"""Change a member's profile, record consents, close the account."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Close, Enrol
from chalicelib.domain.errors import MemberNotFound, Stale
from chalicelib.domain.mechanics import households
from chalicelib.usecases.create_member import ConsentGiven, evidence, with_consents
from chalicelib.usecases.execution import Beside, Done, Present, execute
from chalicelib.usecases.ports import Identity, Profile
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
    identity: Identity | None,
) -> Done:
    """Record consents given or withdrawn: the evidence, and what is in force on the account."""
    command = Enrol(
        actor=caller.actor, programmes=(), consents={c.purpose: c.granted for c in consents}
    )

    def directory(now: Instant) -> Beside:
        given = evidence(consents, now)
        return Beside(with_consents(_profile(services, caller, member), given))

    return execute(
        services, caller, member, command, present, identity=identity, directory=directory
    )


def enrol_member(
    services: Services,
    caller: Caller,
    member: str,
    programmes: tuple[str, ...],
    present: Present,
    identity: Identity | None,
) -> Done:
    """Let a member join programmes."""
    command = Enrol(actor=caller.actor, programmes=programmes)
    return execute(services, caller, member, command, present, identity=identity)


def close_member(
    services: Services,
    caller: Caller,
    member: str,
    reason: str,
    present: Present,
    identity: Identity | None,
) -> Done:
    """End a member's account; what value is left is forfeited, and their household left."""
    command = Close(actor=caller.actor, member=member, reason=reason)
    return execute(
        services,
        caller,
        member,
        command,
        present,
        identity=identity,
        counterparty=_household,
    )


def _household(account: Account) -> str | None:
    belongs = households.belonging(account)
    return belongs.household if belongs else None


def _profile(services: Services, caller: Caller, member: str) -> Profile:
    profile = services.directory.profile(caller.tenant, member)
    if profile is None:
        raise MemberNotFound
    return profile
