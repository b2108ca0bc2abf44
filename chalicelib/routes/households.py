"""Households: members who live together, or care for one another."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.households import (
    MEMBERS_MAX,
    Belonging,
    JoinHousehold,
    LeaveHousehold,
    Relative,
    Role,
    Size,
    Together,
    max_members,
    relatives,
)
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    carry_out,
    cursor_of,
    entry_of,
    services_of,
)
from chalicelib.routes.http.fields import MemberId, ShortText
from chalicelib.routes.http.operation import Body, Call, Reply, Timestamp
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.list_households import list_households
from chalicelib.usecases.read_household import read_household, read_own_household
from chalicelib.usecases.stored import Answer

api = Resource("households")


class NewHouseholdBody(Body):
    """The first member, their role, and how many may belong to the household."""

    member_id: MemberId
    role: Role
    max_members: Size = MEMBERS_MAX


class HouseholdMemberBody(Body):
    """Who joins, and in which role."""

    member_id: MemberId
    role: Role


class HouseholdDepartureBody(Body):
    """Who leaves; ``note`` is sealed."""

    member_id: MemberId
    note: ShortText = ""


class HouseholdMemberView(Struct, frozen=True):
    """One who belongs to a household, in which role and since when."""

    member_id: str
    role: Role
    since: Timestamp


class HouseholdView(Struct, frozen=True):
    """
    A household, its members by id.

    ``changed`` is false where all was so before; one that nobody belongs to any more has ended.
    """

    household_id: str
    max_members: int
    changed: bool
    members: list[HouseholdMemberView]


class HouseholdSummaryView(Struct, frozen=True):
    """A household, its members by id."""

    household_id: str
    max_members: int
    founded_at: str
    members: list[HouseholdMemberView]


class HouseholdListView(Struct, frozen=True):
    """A page of households, the latest first."""

    households: list[HouseholdSummaryView]
    next_cursor: str | None


class MemberHouseholdView(Struct, frozen=True):
    """The household of a member, all null where there is none; ``size`` counts the member, too."""

    member_id: str
    household_id: str | None
    role: Role | None
    since: Timestamp | None
    size: int


_CHANGING = ("member_not_found", "account_closed", "household_not_found")
_JOINING = ("in_another_household", "household_full")


@api.post(
    "/households",
    name="create_household",
    scope="households:write",
    summary="Create a household",
    description="With its first member; `max_members` is how many it may have, ten at most.",
    body=NewHouseholdBody,
    answer=HouseholdView,
    status=201,
    idempotent=True,
    errors=("member_not_found", "account_closed", "in_another_household"),
)
def found(call: Call[NewHouseholdBody]) -> Reply:
    """Found it with its first member."""
    body, household = call.body, services_of(call).new_id("hh")
    command = JoinHousehold(
        member=body.member_id,
        household=household,
        role=body.role,
        max_members=body.max_members,
    )
    return _change(call, command, 201)


@api.get(
    "/households",
    name="list_households",
    scope="members:read",
    summary="List the households, the latest first",
    description="Those that somebody belongs to; `from` and `to` are about when they were founded.",
    query=PeriodPage,
    answer=HouseholdListView,
    errors=BAD_PERIOD,
)
def listed(call: Call[None, PeriodPage]) -> Reply:
    """Page through the households of a tenant."""
    found = list_households(
        services_of(call),
        caller_of(call),
        period_of(call),
        limit=call.query.limit,
        before=entry_of(call),
    )
    shown = [
        HouseholdSummaryView(
            household_id=household,
            max_members=max_members(account),
            founded_at=format_instant(account.opened_at),
            members=_members(relatives(account)),
        )
        for household, account in found.items
    ]
    return Reply(HouseholdListView(shown, cursor_of(call, found.after)))


@api.get(
    "/households/{household_id}",
    name="read_household",
    scope="members:read",
    summary="List who belongs to a household",
    description="Each with their role and since when.",
    answer=HouseholdView,
    errors=("household_not_found",),
)
def read(call: Call) -> Reply:
    """Read a household."""
    household = call.path["household_id"]
    together = read_household(services_of(call), caller_of(call), household)
    return Reply(_view(household, together))


@api.post(
    "/households/{household_id}/members",
    name="add_household_member",
    scope="households:write",
    summary="Add a member to a household, or give them another role in it",
    description="A member belongs to one household at a time.",
    body=HouseholdMemberBody,
    answer=HouseholdView,
    status=201,
    idempotent=True,
    errors=(*_CHANGING, *_JOINING),
)
def join(call: Call[HouseholdMemberBody]) -> Reply:
    """Add a member to."""
    body = call.body
    command = JoinHousehold(
        member=body.member_id,
        household=call.path["household_id"],
        role=body.role,
    )
    return _change(call, command, 201)


@api.post(
    "/households/{household_id}/departures",
    name="remove_household_member",
    scope="households:write",
    summary="Remove a member from a household",
    description="The last one to leave ends it.",
    body=HouseholdDepartureBody,
    answer=HouseholdView,
    idempotent=True,
    errors=("member_not_found", "account_closed", "not_in_household"),
)
def leave(call: Call[HouseholdDepartureBody]) -> Reply:
    """Remove a member from."""
    body = call.body
    command = LeaveHousehold(
        member=body.member_id,
        household=call.path["household_id"],
        note=body.note,
    )
    return _change(call, command, 200)


@api.get(
    "/members/{member_id}/household",
    name="read_member_household",
    scope="members:read",
    summary="Read to which household a member belongs",
    description="Who else belongs to it is for staff and servers to know.",
    answer=MemberHouseholdView,
    member_may=True,
    delegates="profile",
    errors=("member_not_found",),
)
def own(call: Call) -> Reply:
    """Read a member's household."""
    member = call.path["member_id"]
    known = read_own_household(services_of(call), caller_of(call), member)
    return Reply(_own(member, known.belonging, known.size))


def _change(call: Call[Any, Any], command: JoinHousehold | LeaveHousehold, status: int) -> Reply:
    def present(decided: Decided) -> Answer:
        return answer(status, _view(command.household, decided.results[-1]))

    return carry_out(call, command, present)


def _view(household: str, together: Together) -> HouseholdView:
    members = _members(together.members)
    return HouseholdView(household, together.max_members, together.changed, members)


def _members(known: dict[str, Relative]) -> list[HouseholdMemberView]:
    return [
        HouseholdMemberView(member, each.role, format_instant(each.since))
        for member, each in known.items()
    ]


def _own(member: str, belongs: Belonging | None, size: int) -> MemberHouseholdView:
    if belongs is None:
        return MemberHouseholdView(member, None, None, None, 0)
    since = format_instant(belongs.since)
    return MemberHouseholdView(member, belongs.household, belongs.role, since, size)
