"""Membership: the account begins, the member joins programmes, the account ends."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain import calendar
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Close, Decision, Enrol, Open
from chalicelib.domain.draft import Draft
from chalicelib.domain.effects import (
    ConsentChange,
    Enrolled,
    Opened,
    StatusChange,
)
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.mechanics import households
from chalicelib.domain.mechanics.registry import CLOSING, WITHDRAWN
from chalicelib.domain.mechanics.tiers import lowest
from chalicelib.domain.programme import Programme, Programmes


class Joined(Struct, frozen=True):
    """Which programmes a command joined, and with which tier."""

    programmes: dict[str, str]


def open_account(account: Account, programmes: Programmes, command: Open, now: Instant) -> Decision:
    """Begin an account, as a prospect or enrolled at once."""
    draft = Draft(account, now)
    draft.add(Opened(now))
    joined = _join(draft, programmes, command.programmes, command.consents)
    entry = draft.entry("enrol" if joined else "open", actor=command.actor)
    return Decision(entries=(entry,), result=Joined(joined))


def enrol(account: Account, programmes: Programmes, command: Enrol, now: Instant) -> Decision:
    """Join programmes; nothing changes for those already joined."""
    draft = Draft(account, now)
    joined = _join(draft, programmes, command.programmes, command.consents)
    entries = () if draft.is_empty else (draft.entry("enrol", actor=command.actor),)
    return Decision(entries=entries, result=Joined(joined))


def _join(
    draft: Draft,
    programmes: Programmes,
    programme_ids: tuple[str, ...],
    consents: dict[str, bool],
) -> dict[str, str]:
    for purpose, granted in sorted(consents.items()):
        if draft.account.consents.get(purpose) is not granted:
            draft.add(ConsentChange(purpose, granted))
        if not granted:
            for forget in WITHDRAWN:
                forget(draft, programmes, purpose)
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


def _join_one(draft: Draft, programme: Programme) -> str:
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


def close(account: Account, _programmes: Programmes, command: Close, now: Instant) -> Decision:
    """End the account; its value is forfeited, its debts are written off, its household left."""
    if account.status == "closed":
        raise Conflict("account_closed", "This account is closed already.")
    draft = Draft(account, now)
    for give_up in CLOSING:
        give_up(draft)
    draft.add(StatusChange("closed"))
    entry = draft.entry("close", actor=command.actor, reason=command.reason)
    passed = households.parting(account, command.actor, command.member)
    return Decision(entries=(entry,), passed=passed)
