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
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command, Decision
from chalicelib.domain.draft import Draft
from chalicelib.domain.effects import Opened, StatusChange
from chalicelib.domain.entry import Detail
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.programme import Programmes
from chalicelib.domain.progress import Shelf

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


_THE: Final = "the"
#: The one of a member, under a constant key.
BELONGING: Final = Shelf("household", Belonging)
#: Those of a household, by the member's id.
RELATIVES: Final = Shelf("relatives", Relative)
#: The one of a household, under a constant key.
TERMS: Final = Shelf("household_terms", Terms)


class Household(Struct, frozen=True):
    """
    What a discount has to know of the household of whoever buys.

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

    member: str
    household: str
    role: Role
    max_members: int | None = None


class LeaveHousehold(Command, frozen=True):
    """Let a member leave their household; ``note`` is sealed."""

    member: str
    household: str
    note: str = ""


class AdmitMember(Command, frozen=True):
    """Note in a household who has joined it; `JoinHousehold` on the other side."""

    member: str
    role: Role
    since: Instant
    max_members: int | None = None


class DismissMember(Command, frozen=True):
    """Note in a household that somebody has left it."""

    member: str


class Together(Struct, frozen=True):
    """A household as it is, after a change or as it was read."""

    max_members: int
    members: dict[str, Relative]
    changed: bool = True


# ── The member's side ──


def join(
    account: Account, _programmes: Programmes, command: JoinHousehold, now: Instant
) -> Decision:
    """Say in the member's account to which household they belong, and pass it on."""
    held = belonging(account)
    if held is not None and held.household != command.household:
        raise Conflict(
            "in_another_household",
            "This member belongs to another household: let them leave it first.",
        )
    since = now if held is None else held.since
    draft = Draft(account, now)
    BELONGING.put(draft, _THE, Belonging(command.household, command.role, since))
    passed = AdmitMember(
        actor=command.actor,
        member=command.member,
        role=command.role,
        since=since,
        max_members=command.max_members,
    )
    if draft.is_empty:
        return Decision(passed=passed)
    entry = draft.entry("join", actor=command.actor, subject=command.household, reason=command.role)
    return Decision(entries=(entry,), passed=passed)


def leave(
    account: Account, _programmes: Programmes, command: LeaveHousehold, now: Instant
) -> Decision:
    """Forget in the member's account the household that they leave, and pass it on."""
    held = belonging(account)
    if held is None or held.household != command.household:
        raise NotFound("not_in_household", "This member does not belong to this household.")
    draft = Draft(account, now)
    end(draft)
    note = Detail(note=command.note) if command.note else None
    entry = draft.entry("leave", actor=command.actor, subject=command.household, detail=note)
    return Decision(entries=(entry,), passed=parting(account, command.actor, command.member))


def parting(account: Account, actor: str, member: str) -> DismissMember | None:
    """Return what has to be told to the household, if any, of a member who leaves it."""
    if belonging(account) is None:
        return None
    return DismissMember(actor=actor, member=member)


def belonging(account: Account) -> Belonging | None:
    """Return to which household a member belongs."""
    return BELONGING.get(account, _THE)


def end(draft: Draft) -> None:
    """Forget the household, where a member leaves it or their account ends."""
    BELONGING.drop(draft, _THE)


# ── The household's side ──


def admit(
    account: Account, _programmes: Programmes, command: AdmitMember, now: Instant
) -> Decision:
    """Note who joined; the first one founds the household."""
    draft = Draft(account, now)
    if command.max_members is not None and account.version == 0:
        draft.add(Opened(now))
        draft.add(StatusChange("household"))
        TERMS.put(draft, _THE, Terms(command.max_members))
    elif account.status != "household":
        raise NotFound("household_not_found", "There is no such household.")
    known = RELATIVES.all(account)
    most = max_members(draft.account)
    if command.member not in known and len(known) >= most:
        raise Conflict(
            "household_full",
            f"This household is for {most} members at most: let somebody leave it first.",
            max_members=most,
        )
    RELATIVES.put(draft, command.member, Relative(command.role, command.since))
    return _told(draft, command, "admit", command.role)


def dismiss(
    account: Account, _programmes: Programmes, command: DismissMember, now: Instant
) -> Decision:
    """Note who left; with the last of them the household ends."""
    draft = Draft(account, now)
    RELATIVES.drop(draft, command.member)
    if not relatives(draft.account):
        TERMS.drop(draft, _THE)
        draft.add(StatusChange("closed"))
    return _told(draft, command, "dismiss")


def _told(
    draft: Draft, command: AdmitMember | DismissMember, kind: str, reason: str = ""
) -> Decision:
    after = draft.account
    told = Together(max_members(after), relatives(after), changed=not draft.is_empty)
    if draft.is_empty:
        return Decision(result=told)
    entry = draft.entry(kind, actor=command.actor, counterparty=command.member, reason=reason)
    return Decision(entries=(entry,), result=told)


def relatives(account: Account) -> dict[str, Relative]:
    """Return who belongs to a household, by the member's id."""
    return RELATIVES.all(account)


def max_members(account: Account) -> int:
    """Return how many may belong to a household; none where it has ended."""
    terms = TERMS.get(account, _THE)
    return terms.max_members if terms else 0
