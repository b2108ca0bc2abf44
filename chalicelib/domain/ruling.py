"""Which document rules what a member asks for now."""

from __future__ import annotations

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.programme import Programme, Programmes


def ruling(account: Account, programmes: Programmes, programme_id: str, now: Instant) -> Programme:
    """Return the document that rules a member's programme now; refuse who is not a member."""
    version = programmes.in_force(programme_id, now)
    if version is None:
        raise NotFound("programme_not_found", "No programme of this id is in force.")
    if programme_id not in account.enrolments:
        raise Conflict(
            "not_enrolled", f"This member has not joined {programme_id}.", programme=programme_id
        )
    return version.document
