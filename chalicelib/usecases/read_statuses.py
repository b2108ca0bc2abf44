"""Read what was shown to be true of a member."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.mechanics import statuses
from chalicelib.domain.mechanics.statuses import VerifiedStatus
from chalicelib.domain.programme.document import Programme
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services


class StatusRead(NamedTuple):
    """One status that was shown, and the programme that knows it."""

    programme: Programme
    status: str
    verified: VerifiedStatus


def read_statuses(services: Services, caller: Caller, member: str) -> tuple[StatusRead, ...]:
    """Return every status of a member, by programme: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    found: list[StatusRead] = []
    for programme_id in sorted(reading.account.enrolments):
        version = reading.programmes.in_force(programme_id, reading.now)
        if version is not None:
            verified = statuses.verified_statuses(reading.account, version.document)
            found += [StatusRead(version.document, each, verified[each]) for each in verified]
    return tuple(found)
