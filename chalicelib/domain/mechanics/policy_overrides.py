"""
Policy overrides: one gift against a rule of a law, where two people say that it is right.

One person asks, another one approves, and then the member can have what was named, once and for
some days, although the named rules are against it.  It counts like any gift.  Until it is approved
it changes nothing; either of the two, or anybody who may approve, can withdraw it.

Staff are known by their tokens, whatever else is said.  A server says for which person it asks, by
an id of the tenant's own, and whoever gives it the scope answers for that.  Who it was is sealed in
the journal; the account keeps a digest, which tells whether two are the same and nothing more.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide import event_builder
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import (
    Detail,
    PolicyOverrideApproved,
    PolicyOverrideRequested,
    PolicyOverrideWithdrawn,
)
from chalicelib.domain.mechanics import discount_terms, entitlements
from chalicelib.domain.mechanics.policy_terms import followed_by
from chalicelib.domain.policies.pack import ItemCap, NoCash, YearCap
from chalicelib.domain.programme.document import Programme

#: How many are open for one member at once.
OPEN_MAX: Final = 10
#: What an override can be for.
Kind = Literal["reward", "entitlement", "discount"]
#: The kind of benefit by which each is had.
_HAD_AS: Final = {"reward": "reward", "entitlement": "unit", "discount": "discount"}
#: Rules that can be overridden: those that say how much may be given.
_RULES: Final = NoCash | ItemCap | YearCap


class PolicyOverride(Struct, frozen=True, omit_defaults=True):
    """
    One override, of the ``rules`` of packs, for what ``kind`` and ``id`` name in a programme.

    ``asked_by`` is a digest; ``until`` is when it ends, in local days of the programme, once it is
    approved.
    """

    programme: str
    rules: tuple[str, ...]
    kind: Kind
    id: str
    reason: str
    asked_by: str
    asked_at: Instant
    days: int
    until: Instant | None = None
    until_on: str | None = None


#: Those that are asked for or approved, and not used, withdrawn or over.
OVERRIDES: Final = ProgressStore(event_builder.OVERRIDES, PolicyOverride)


class RequestOverride(Command, frozen=True):
    """
    Ask for an override, good for so many ``days`` from its approval.

    ``by`` is the person for whom a server asks, and ``note`` is sealed.
    """

    programme: str
    override_id: str
    rules: tuple[str, ...]
    kind: Kind
    id: str
    reason: str
    days: int = 30
    by: str = ""
    note: str = ""


class ApproveOverride(Command, frozen=True):
    """Approve an override that somebody else asked for; ``by`` is for whom a server does."""

    override_id: str
    by: str = ""
    note: str = ""


class WithdrawOverride(Command, frozen=True):
    """End an override that was not used."""

    when_full: ClassVar[bool] = True

    override_id: str
    reason: str
    by: str = ""
    note: str = ""


class Overridden(Struct, frozen=True):
    """An override as it is now; nothing of it is left where it was withdrawn."""

    id: str
    override: PolicyOverride | None


def request(decider: Decider, command: RequestOverride) -> Overridden:
    """
    Ask for an override.

    It is refused in this order: not a member, a person that is not told, a rule or a benefit that
    is none, and too many.
    """
    programme = decider.programme(command.programme)
    person = _person(decider.actor, command.by)
    _check_named(programme, command)
    now = decider.now
    event = decider.event()
    for name, each in OVERRIDES.all(event.account).items():
        if each.until is not None and each.until <= now:
            OVERRIDES.drop(event, name)
    if len(OVERRIDES.all(event.account)) >= OPEN_MAX:
        raise Conflict(
            "too_many_overrides",
            f"{OPEN_MAX} overrides are open for this member: withdraw one first.",
            limit=OPEN_MAX,
        )
    made = PolicyOverride(
        programme.id,
        command.rules,
        command.kind,
        command.id,
        command.reason,
        _digest(command.override_id, person),
        now,
        command.days,
    )
    OVERRIDES.put(event, command.override_id, made)
    event.record(
        PolicyOverrideRequested(
            command.override_id,
            programme.id,
            command.rules,
            command.kind,
            command.id,
            command.reason,
        ),
        detail=_detail(command.by, command.note),
    )
    return Overridden(command.override_id, made)


def approve(decider: Decider, command: ApproveOverride) -> Overridden:
    """
    Approve an override.

    It is refused in this order: none of this member's that is open, a person that is not told,
    approved already, by who asked for it.
    """
    override = _open(decider.member, command.override_id, decider.now)
    person = _person(decider.actor, command.by)
    if override.until is not None:
        raise Conflict(
            "override_approved", "This override is approved already.", until=override.until_on
        )
    if compare_digest(_digest(command.override_id, person), override.asked_by):
        raise Forbidden(
            "second_person_needed",
            "Who asked for an override does not approve it: let another person do so.",
        )
    programme = decider.programme(override.programme)
    today = calendar.local_date(decider.now, programme.time_zone)
    last = calendar.add_days(today, override.days)
    approved = replace(
        override,
        until=calendar.expiry_instant(last, programme.time_zone),
        until_on=last.isoformat(),
    )
    event = decider.event()
    OVERRIDES.put(event, command.override_id, approved)
    event.record(
        PolicyOverrideApproved(command.override_id, override.programme, last.isoformat()),
        detail=_detail(command.by, command.note),
    )
    return Overridden(command.override_id, approved)


def withdraw(decider: Decider, command: WithdrawOverride) -> Overridden:
    """End an override, approved or not; refused where none of this member's is open."""
    override = _open(decider.member, command.override_id, decider.now)
    _person(decider.actor, command.by)
    event = decider.event()
    OVERRIDES.drop(event, command.override_id)
    event.record(
        PolicyOverrideWithdrawn(command.override_id, override.programme, command.reason),
        detail=_detail(command.by, command.note),
    )
    return Overridden(command.override_id, None)


def open_ones(account: Account, now: Instant) -> dict[str, PolicyOverride]:
    """Return the overrides of a member that are asked for or approved, by their ids."""
    known = OVERRIDES.all(account)
    return {name: each for name, each in known.items() if each.until is None or each.until > now}


def against(
    account: Account, programme: Programme, benefit: Benefit, rule: str, now: Instant
) -> str | None:
    """Return the override that lets a member have a benefit against a rule, if there is one."""
    for name, each in open_ones(account, now).items():
        if (
            each.until is not None
            and each.programme == programme.id
            and rule in each.rules
            and (_HAD_AS[each.kind], each.id) == (benefit.kind, benefit.id)
        ):
            return name
    return None


def _open(account: Account, override_id: str, now: Instant) -> PolicyOverride:
    found = open_ones(account, now).get(override_id)
    if found is None:
        raise NotFound("override_not_found", "No override of this id is open for this member.")
    return found


def _person(actor: Actor, by: str) -> str:
    """Return who asks: the subject of a token, or the person that a server names."""
    if actor.kind == "staff":
        return actor.id
    if not by:
        raise Invalid(
            "person_not_told",
            "A server says for which person it asks, by an id of your own.",
            errors=[{"pointer": "/by", "detail": "is required with an API key"}],
        )
    return by


def _check_named(programme: Programme, command: RequestOverride) -> None:
    """Refuse rules that no pack of the programme has, and what it does not give."""
    rules = [
        rule.id
        for followed in followed_by(programme)
        for rule in followed.rules
        if isinstance(rule, _RULES)
    ]
    for place, name in enumerate(command.rules):
        if name not in rules:
            known = ", ".join(rules) or "none"
            raise Invalid(
                "unknown_rule",
                f"{programme.id} follows these rules that can be overridden: {known}.",
                errors=[{"pointer": f"/rules/{place}", "detail": f"one of: {known}"}],
            )
    ids = {
        "reward": [each.id for each in programme.rewards],
        "entitlement": [each.id for each in entitlements.SECTION.of(programme)],
        "discount": [each.id for each in discount_terms.SECTION.of(programme).offers],
    }[command.kind]
    if command.id not in ids:
        known = ", ".join(ids) or "none"
        raise Invalid(
            "unknown_benefit",
            f"{programme.id} has no {command.kind} of this id: {known}.",
            errors=[{"pointer": "/id", "detail": f"one of: {known}"}],
        )


def _digest(override_id: str, person: str) -> str:
    return sha256(f"{override_id}/{person}".encode()).hexdigest()[:32]


def _detail(by: str, note: str) -> Detail | None:
    return Detail(note=note, by=by) if by or note else None


def end(event: EventBuilder) -> None:
    """Give up every override, where an account ends."""
    for name in OVERRIDES.all(event.account):
        OVERRIDES.drop(event, name)


MECHANIC: Final = Mechanic(
    handlers={RequestOverride: request, ApproveOverride: approve, WithdrawOverride: withdraw},
    closing=end,
)
