"""
Households: members who live together, or care for one another.

A household is an account of its own, which says who belongs to it and in which role; each member's
account says to which household they belong, one at most.  Both are written in one transaction, so
neither ever says what the other does not.  Tiers, caps and value stay with each member: what a
household brings is a matter of the programme, such as a discount for two or more of them, or one by
what all of them spent.

Who closes their account leaves their household with it; the last to leave ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import Opened, StatusChange
from chalicelib.domain.ledger.events import (
    HouseholdJoined,
    HouseholdLeft,
    HouseholdMemberAdded,
    HouseholdMemberRemoved,
    noted,
)

#: How many members a household has at most, whatever it is founded for.
MEMBERS_MAX: Final = 10

Role = Literal["adult", "child", "dependant"]
Size = Annotated[int, Meta(ge=2, le=MEMBERS_MAX)]


class Belonging(Struct, frozen=True):
    """In a member's account: the household that they belong to, and as what."""

    household: str
    role: Role
    since: Instant


class Relative(Struct, frozen=True):
    """In a household's account: one who belongs to it."""

    role: Role
    since: Instant


class Terms(Struct, frozen=True):
    """In a household's account: how many may belong to it."""

    max_members: int


#: The role of a household in a decision.
HOUSEHOLD: Final = "household"

_THE: Final = "the"
#: The one of a member, under a constant key.
BELONGING: Final = ProgressStore("households/belonging", Belonging)
#: Those of a household, by the member's id.
RELATIVES: Final = ProgressStore("households/relatives", Relative)
#: The one of a household, under a constant key.
TERMS: Final = ProgressStore("households/terms", Terms)


class Household(Struct, frozen=True):
    """
    What a discount has to know of the buyer's household.

    ``size`` counts everyone in it; ``others`` are the accounts of the others, read only where
    something goes by what they all did.
    """

    size: int
    others: Sequence[Account] = ()


class JoinHousehold(Command, frozen=True):
    """
    Make a member part of a household, or give them another role in it.

    With ``max_members`` the household is founded by it.
    """

    household: str
    role: Role
    max_members: int | None = None

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - both are named
        """Return the member and the household."""
        return {MEMBER: self.member, HOUSEHOLD: self.household}


class LeaveHousehold(Command, frozen=True):
    """Let a member leave their household; ``note`` is sealed."""

    when_full: ClassVar[bool] = True

    household: str
    note: str = ""

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - both are named
        """Return the member and the household."""
        return {MEMBER: self.member, HOUSEHOLD: self.household}


class Together(Struct, frozen=True):
    """A household as it is, after a change or as it was read."""

    max_members: int
    members: dict[str, Relative]
    changed: bool


def join(decider: Decider, command: JoinHousehold) -> Together:
    """Say in both accounts who belongs to the household; the first one founds it."""
    held = belonging(decider.member)
    if held is not None and held.household != command.household:
        raise Conflict(
            "in_another_household",
            "This member belongs to another household: let them leave it first.",
        )
    since = decider.now if held is None else held.since
    own = decider.event()
    BELONGING.put(own, _THE, Belonging(command.household, command.role, since))
    home = decider.event(HOUSEHOLD)
    _admit(home, command, Relative(command.role, since))
    if not own.is_empty:
        own.record(HouseholdJoined(command.household, command.role))
    if not home.is_empty:
        home.record(HouseholdMemberAdded(command.member, command.role))
    return _together(home)


def _admit(home: EventBuilder, command: JoinHousehold, relative: Relative) -> None:
    if command.max_members is not None and home.before.version == 0:
        home.add(Opened(home.now))
        home.add(StatusChange("household"))
        TERMS.put(home, _THE, Terms(command.max_members))
    elif home.before.status != "household":
        raise NotFound("household_not_found", "There is no such household.")
    known = relatives(home.before)
    most = max_members(home.account)
    if command.member not in known and len(known) >= most:
        raise Conflict(
            "household_full",
            f"This household is for {most} members at most: let somebody leave it first.",
            max_members=most,
        )
    RELATIVES.put(home, command.member, relative)


def leave(decider: Decider, command: LeaveHousehold) -> Together:
    """Forget in both accounts that the member belongs to the household."""
    held = belonging(decider.member)
    if held is None or held.household != command.household:
        raise NotFound("not_in_household", "This member does not belong to this household.")
    event = decider.event()
    end(event)
    note = noted(command.note)
    event.record(HouseholdLeft(command.household), detail=note)
    return dismiss(decider, command.member)


def dismiss(decider: Decider, member: str) -> Together:
    """Note in the household who left; with the last of them it ends."""
    home = decider.event(HOUSEHOLD)
    RELATIVES.drop(home, member)
    if not relatives(home.account):
        TERMS.drop(home, _THE)
        home.add(StatusChange("closed"))
    if not home.is_empty:
        home.record(HouseholdMemberRemoved(member))
    return _together(home)


def _together(home: EventBuilder) -> Together:
    after = home.account
    return Together(max_members(after), relatives(after), changed=not home.is_empty)


def household_of(known: Known) -> dict[str, str]:
    """Return the household of the member as a party of a command; none where to none."""
    member = known.accounts.get(MEMBER)
    belongs = None if member is None else belonging(member)
    return {} if belongs is None else {HOUSEHOLD: belongs.household}


def belonging(account: Account) -> Belonging | None:
    """Return to which household a member belongs."""
    return BELONGING.get(account, _THE)


def end(event: EventBuilder) -> None:
    """Forget the household, where a member leaves it or their account ends."""
    BELONGING.drop(event, _THE)


def relatives(account: Account) -> dict[str, Relative]:
    """Return who belongs to a household, by the member's id."""
    return RELATIVES.all(account)


def max_members(account: Account) -> int:
    """Return how many may belong to a household; none where it has ended."""
    terms = TERMS.get(account, _THE)
    return terms.max_members if terms else 0


MECHANIC: Final = Mechanic(
    handlers={JoinHousehold: join, LeaveHousehold: leave},
    closing=end,
)
