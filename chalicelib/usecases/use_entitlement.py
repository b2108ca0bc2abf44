"""Entitlements of a member: listed, granted by hand, used, and given back."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.commands import Command
from chalicelib.domain.entry import StoredEntry, decode
from chalicelib.domain.errors import NotFound
from chalicelib.domain.mechanics import entitlements, stamps
from chalicelib.domain.mechanics.entitlements import (
    GrantEntitlement,
    ReturnEntitlement,
    UseEntitlement,
)
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity, Loaded
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services, on_test_clock


class BenefitsRead(NamedTuple):
    """What a member may use, and how far each stamp card is, in every programme joined."""

    held: tuple[entitlements.Held, ...]
    cards: tuple[stamps.CardProgress, ...]


def read_benefits(services: Services, caller: Caller, member: str) -> BenefitsRead:
    """Read entitlements and stamp cards as they are now: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    held: list[entitlements.Held] = []
    cards: list[stamps.CardProgress] = []
    for programme_id in sorted(reading.account.enrolments):
        version = reading.programmes.in_force(programme_id, reading.now)
        if version is not None:
            held += entitlements.held(reading.account, version.document, reading.now)
            cards += stamps.progress(reading.account, version.document)
    return BenefitsRead(tuple(held), tuple(cards))


def change_entitlement(
    services: Services,
    caller: Caller,
    member: str,
    command: GrantEntitlement | UseEntitlement,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Grant units, or use some: one read and one transaction."""
    return execute(services, caller, member, command, present, identity=identity)


def return_entitlement(
    services: Services,
    caller: Caller,
    member: str,
    use: int,
    reason: str,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Give a use back, named by the version of its entry; raises `NotFound` ``use_not_found``."""
    test_clock = on_test_clock(services, caller.tenant)
    read: list[StoredEntry] = []

    def load() -> Loaded:
        loaded, stored = services.ledger.load_with_entry(
            caller.tenant, member, use, with_clock=test_clock
        )
        read[:] = [] if stored is None else [stored]
        return loaded

    def commands(_loaded: Loaded) -> tuple[Command, ...]:
        if not read:
            raise NotFound("use_not_found", "No use of an entitlement has this id.")
        used = decode(read[0])
        return (ReturnEntitlement(actor=caller.actor, used=used, reason=reason),)

    return execute(services, caller, member, commands, present, identity=identity, load=load)
