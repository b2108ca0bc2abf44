"""Read who pays for a member's care, what laws leave room for, and what is allowed beyond that."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from chalicelib.domain.ledger.calendar import local_date
from chalicelib.domain.mechanics import coverages, policies, policy_overrides
from chalicelib.domain.mechanics.coverages import Coverage
from chalicelib.domain.mechanics.policies import Room
from chalicelib.domain.mechanics.policy_overrides import PolicyOverride
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services, settings_of


class CoveragesRead(NamedTuple):
    """Every coverage of a member, and what day it is for the tenant."""

    coverages: tuple[Coverage, ...]
    today: date


def read_coverages(services: Services, caller: Caller, member: str) -> CoveragesRead:
    """Return every coverage of a member: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    zone = settings_of(services, caller.tenant).time_zone
    return CoveragesRead(coverages.coverages_of(reading.account), local_date(reading.now, zone))


def read_overrides(services: Services, caller: Caller, member: str) -> dict[str, PolicyOverride]:
    """Return the open overrides of a member by their ids: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    return policy_overrides.open_ones(reading.account, reading.now)


def read_policies(services: Services, caller: Caller, member: str) -> list[tuple[str, Room]]:
    """
    Return what each rule of the packs means for a member now, with the programme that follows it.

    Of the programmes that the member joined: one call; raises `MemberNotFound`.
    """
    reading = read_account(services, caller, member)
    found = []
    for programme_id in sorted(reading.account.enrolments):
        version = reading.programmes.in_force(programme_id, reading.now)
        if version is not None:
            rooms = policies.rooms(reading.account, version.document, reading.now)
            found += [(programme_id, each) for each in rooms]
    return found
