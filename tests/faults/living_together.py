"""Households: founded, joined and left, and what must hold of both sides of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from chalicelib.domain.ledger.events import (
    HouseholdJoined,
    HouseholdLeft,
    HouseholdMemberAdded,
    HouseholdMemberRemoved,
    MemberClosed,
)
from chalicelib.domain.mechanics import households
from chalicelib.domain.mechanics.households import JoinHousehold, LeaveHousehold, Role
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import HOUSEHOLD, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import MAX_MEMBERS
from tests.faults.record import Answered, Request
from tests.faults.telling import answer_of, commanded, draw_identity, request

# How the household's journal calls what the member's does.
_MIRRORED: Final = {
    "household.member_added": "household.joined",
    "household.member_removed": "household.left",
}


def change(play: Play, tenant: str) -> Request:
    """Draw a household that is founded, or somebody who joins or leaves one that is known."""
    known, chance = play.households[tenant], play.chance
    member = chance.pick(play.members[tenant])
    role: Role = "adult" if chance.percent(50) else "child"
    if chance.percent(20):
        return _found(play, tenant, member, role)
    household = chance.pick(known[-2:])
    command: JoinHousehold | LeaveHousehold = JoinHousehold(
        member=member, household=household, role=role
    )
    if chance.percent(35):
        command = LeaveHousehold(member=member, household=household)
    identity = draw_identity(play, tenant, "household", command)
    about = f"{type(command).__name__} {household[-3:]} by {member[-1]}"
    return commanded(about, identity, command)


def _found(play: Play, tenant: str, member: str, role: Role) -> Request:
    identity = draw_identity(play, tenant, "found", (member, role))

    def run(services: Services, caller: Caller) -> Done:
        household = services.new_id("hh")
        command = JoinHousehold(
            member=member, household=household, role=role, max_members=MAX_MEMBERS
        )
        done = change_account(services, caller, command, answer_of, identity)
        if not done.replayed:
            play.households[tenant].append(household)
        return done

    return request(f"founded by {member[-1]}", identity, run)


def nothing_changed(answer: Answered) -> bool:
    """Tell whether all was so already."""
    return answer.result["changed"] is False


def check_households(tenant: TenantEnding) -> Iterator[str]:
    """Both sides say the same of who belongs together, at the end and step by step."""
    homes = {each for each in tenant.accounts if each.startswith(HOUSEHOLD)}
    said: Counter[tuple[str, str, str, int]] = Counter()
    for member in tenant.accounts.keys() - homes:
        belongs = households.belonging(tenant.accounts[member])
        if belongs is not None:
            said[belongs.household, member, belongs.role, belongs.since] += 1
    for home in homes:
        known = households.relatives(tenant.accounts[home])
        for member, each in known.items():
            said[home, member, each.role, each.since] -= 1
        if len(known) > MAX_MEMBERS:
            yield f"{tenant.id}: {len(known)} belong to {home}, which is for {MAX_MEMBERS}"
        if (tenant.accounts[home].status == "closed") is bool(known):
            yield f"{tenant.id}: {home} of {len(known)} is {tenant.accounts[home].status}"
    for (home, member, role, _), count in said.items():
        if count:
            side = "the member" if count > 0 else "the household"
            yield f"{tenant.id}: only {side} says that {member} belongs to {home} as {role}"
    yield from _steps(tenant)


def _steps(tenant: TenantEnding) -> Iterator[str]:
    """Whoever came or went did so in both journals, at the same instant."""
    steps: Counter[tuple[str, str, str, int]] = Counter()
    for owner, journal in tenant.journals.items():
        belongs = None
        for event in journal.events:
            at = event.effective_at
            data = event.data
            if isinstance(data, HouseholdMemberAdded | HouseholdMemberRemoved):
                steps[owner, data.member, _MIRRORED[event.kind], at] -= 1
                continue
            if isinstance(data, HouseholdJoined | HouseholdLeft):
                steps[data.household, owner, event.kind, at] += 1
            elif isinstance(data, MemberClosed) and belongs is not None:
                steps[belongs.household, owner, "household.left", at] += 1
            belongs = households.belonging(journal.accounts[event.version])
    for (home, member, kind, at), count in steps.items():
        if count:
            yield f"{tenant.id}: {kind} of {member} and {home} at {at} is told by one side only"
