"""Take back an activity, whole or in part."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.events import QUOTED
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity, activity_unknown
from chalicelib.usecases.execution import Done, Present, change_account
from chalicelib.usecases.identity import activity_key, check_source
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import IdempotencyKey


class Reversal(Struct, frozen=True):
    """Which activity, and how much of it: all that is left where nothing is said."""

    source: str
    external_id: str
    lines: tuple[LineReversal, ...] = ()
    amount: int | None = None
    reason: str = ""
    note: str = ""


def reverse_activity(
    services: Services,
    caller: Caller,
    reversal: Reversal,
    present: Present,
    identity: IdempotencyKey | None,
    *,
    dry_run: bool = False,
) -> Done:
    """Reverse an activity by its own identity: three calls, or two for a ``dry_run``."""
    if reversal.source != QUOTED:
        check_source(caller, reversal.source)
    key = activity_key(reversal.source, reversal.external_id)
    (record,) = services.ledger.remembered(caller.tenant, [key])
    if record is None:
        raise activity_unknown()
    command = ReverseActivity(
        member=record.member,
        version=record.version,
        lines=reversal.lines,
        amount=reversal.amount,
        reason=reversal.reason,
        note=reversal.note,
    )
    try:
        return change_account(services, caller, command, present, identity, dry_run=dry_run)
    except MemberNotFound:
        # Of somebody whom the caller may not see: as if it were not on record.
        raise activity_unknown() from None
