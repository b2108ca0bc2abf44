"""Take back an activity, whole or in part."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.commands import Command, LineReversal, Remaining, ReverseActivity
from chalicelib.domain.entry import StoredEntry, decode
from chalicelib.domain.errors import NotFound
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.identity import activity_key
from chalicelib.usecases.ports import Identity, Loaded, Remembered
from chalicelib.usecases.services import Caller, Services, on_test_clock


class Reversal(Struct, frozen=True):
    """Which activity, and how much of it: all that is left where nothing is said."""

    source: str
    external_id: str
    lines: tuple[LineReversal, ...] = ()
    amount: int | None = None
    reason: str = ""


def reverse_activity(
    services: Services,
    caller: Caller,
    reversal: Reversal,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Reverse an activity by its own identity: three calls."""
    key = activity_key(reversal.source, reversal.external_id)
    record = services.ledger.remembered(caller.tenant, key)
    if record is None:
        raise _unknown()
    test_clock = on_test_clock(services, caller.tenant)
    member = record.member
    read: list[tuple[StoredEntry, Remaining | None]] = []
    records: list[Remembered | None] = [record]

    def load() -> Loaded:
        # The record that named the member serves the first attempt; another attempt reads anew.
        current = records.pop() if records else services.ledger.remembered(caller.tenant, key)
        if current is None:
            raise _unknown()
        loaded, stored = services.ledger.load_with_entry(
            caller.tenant, member, current.version, with_clock=test_clock
        )
        if stored is None:
            raise _unknown()
        read[:] = [(stored, current.remaining)]
        return loaded

    def commands(_loaded: Loaded) -> tuple[Command, ...]:
        stored, remaining = read[0]
        return (
            ReverseActivity(
                actor=caller.actor,
                recorded=decode(stored),
                remaining=remaining,
                lines=reversal.lines,
                amount=reversal.amount,
                reason=reversal.reason,
            ),
        )

    return execute(services, caller, member, commands, present, identity=identity, load=load)


def _unknown() -> NotFound:
    return NotFound("activity_not_found", "No activity has this source and external id.")
