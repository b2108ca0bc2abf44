"""Membership: the account begins, the member joins programmes, the account ends."""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct, field

from chalicelib.domain import calendar
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import (
    ConsentChange,
    Enrolled,
    Opened,
    StatusChange,
)
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.events import (
    ConsentsChanged,
    MemberClosed,
    MemberCreated,
    MemberEnrolled,
)
from chalicelib.domain.mechanics import households, registry
from chalicelib.domain.mechanics.mechanic import Mechanic
from chalicelib.domain.mechanics.tiers import lowest
from chalicelib.domain.programme import Programme, Programmes


class Joined(Struct, frozen=True):
    """Which programmes a command joined, and with which tier."""

    programmes: dict[str, str]


class Open(Command, frozen=True):
    """
    Begin an account.

    ``programmes`` to join at once, none for a prospect; every one in force where it is ``None``.
    """

    opens: ClassVar[bool] = True

    programmes: tuple[str, ...] | None = ()
    consents: dict[str, bool] = field(default_factory=dict)


class Enrol(Command, frozen=True):
    """
    Join programmes, every one in force where it is ``None``.

    Those already joined stay as they are.
    """

    programmes: tuple[str, ...] | None
    consents: dict[str, bool] = field(default_factory=dict)


class Close(Command, frozen=True):
    """End a member's account: whatever value is left is forfeited, and their household left."""

    reason: str

    def parties(self, known: Known) -> dict[str, str]:
        """Return the member, and the household that they belong to."""
        return {MEMBER: self.member, **households.household_of(known)}


def open_account(decider: Decider, command: Open) -> Joined:
    """Begin an account, as a prospect or enrolled at once."""
    draft = decider.event()
    draft.add(Opened(decider.now))
    joined = _join(draft, decider.programmes, command.programmes, command.consents)
    draft.record(MemberEnrolled(joined) if joined else MemberCreated())
    return Joined(joined)


def enrol(decider: Decider, command: Enrol) -> Joined:
    """Join programmes; nothing changes for those already joined."""
    draft = decider.event()
    joined = _join(draft, decider.programmes, command.programmes, command.consents)
    if not draft.is_empty:
        data = MemberEnrolled(joined) if joined else ConsentsChanged(command.consents)
        draft.record(data)
    return Joined(joined)


def _join(
    draft: EventBuilder,
    programmes: Programmes,
    wanted: tuple[str, ...] | None,
    consents: dict[str, bool],
) -> dict[str, str]:
    programme_ids = wanted
    if programme_ids is None:
        known = programmes.ids()
        programme_ids = tuple(each for each in known if programmes.in_force(each, draft.now))
    _consent(draft, programmes, consents)
    joined = {}
    for place, programme_id in enumerate(programme_ids):
        if programme_id in draft.account.enrolments:
            continue
        version = programmes.in_force(programme_id, draft.now)
        if version is None:
            raise Invalid(
                "unknown_programme",
                "No programme of this id is in force: publish it first, or name another.",
                errors=[{"pointer": f"/programmes/{place}", "detail": "must be in force"}],
            )
        joined[programme_id] = _join_one(draft, version.document)
    if joined and draft.account.status != "enrolled":
        draft.add(StatusChange("enrolled"))
    return joined


def _consent(draft: EventBuilder, programmes: Programmes, consents: dict[str, bool]) -> None:
    for purpose, granted in sorted(consents.items()):
        if draft.account.consents.get(purpose) is not granted:
            draft.add(ConsentChange(purpose, granted))
        if not granted:
            for mechanic in registry.in_account(draft.account):
                if mechanic.withdrawn is not None:
                    mechanic.withdrawn(draft, programmes, purpose)


def _join_one(draft: EventBuilder, programme: Programme) -> str:
    account = draft.account
    missing = [
        purpose
        for purpose in programme.enrolment.required_consents
        if not account.consents.get(purpose)
    ]
    if missing:
        raise Invalid(
            "consent_required",
            f"Joining {programme.id} needs consent to: {', '.join(missing)}.",
            programme=programme.id,
            missing=missing,
        )
    needed = programme.enrolment.min_completed_visits
    if account.stats.visits < needed:
        raise Invalid(
            "not_eligible",
            f"Joining {programme.id} needs {needed} completed visits; "
            f"this person has {account.stats.visits}.",
            programme=programme.id,
            completed_visits=account.stats.visits,
            needed=needed,
        )
    tier = lowest(programme)
    day = calendar.local_date(draft.now, programme.time_zone)
    draft.add(Enrolled(programme.id, tier, draft.now, day.isoformat()))
    return tier


def close(decider: Decider, command: Close) -> None:
    """End the account; its value is forfeited, its debts are written off, its household left."""
    draft = decider.event()
    for mechanic in registry.in_account(decider.member):
        if mechanic.closing is not None:
            mechanic.closing(draft)
    draft.add(StatusChange("closed"))
    draft.record(MemberClosed(command.reason))
    if decider.has(households.HOUSEHOLD):
        households.dismiss(decider, command.member)


MECHANIC: Final = Mechanic(
    handlers={Open: open_account, Enrol: enrol, Close: close},
)
