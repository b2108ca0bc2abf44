"""Adjustment: a balance is corrected by hand, by someone, for a reason."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain import calendar
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Adjust, Decision
from chalicelib.domain.draft import Draft
from chalicelib.domain.entry import ADJUSTED, Detail
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.mechanics import value
from chalicelib.domain.programme import Programmes, qualified
from chalicelib.domain.ruling import ruling


class Adjusted(Struct, frozen=True, omit_defaults=True):
    """What an adjustment moved."""

    currency: str
    amount: int
    expires_on: str | None = None


def adjust(account: Account, programmes: Programmes, command: Adjust, now: Instant) -> Decision:
    """Give or take value; what is given lasts as if it were earned today."""
    programme = ruling(account, programmes, command.programme, now)
    currency = programme.currency(command.currency)
    if currency is None:
        known = ", ".join(c.id for c in programme.currencies)
        raise Invalid(
            "unknown_currency",
            f"{programme.id} has no such currency; it has: {known}.",
            errors=[{"pointer": "/currency", "detail": f"must be one of: {known}"}],
        )
    draft = Draft(account, now)
    key = qualified(programme.id, currency.id)
    expires_on = None
    if command.amount >= 0:
        today = calendar.local_date(now, programme.time_zone)
        term = value.term(currency.expiry, today, programme.time_zone, currency.expiry_warning_days)
        expires_on = term.expires_on
        value.credit(draft, key, command.amount, term, funder="", source=ADJUSTED)
    else:
        available = account.balance(key).available
        if available < -command.amount:
            raise Conflict(
                "insufficient_points",
                f"{available} are available; {-command.amount} cannot be taken.",
                available=available,
                missing=-command.amount - available,
            )
        value.debit(draft, key, -command.amount, destination=ADJUSTED)
    note = Detail(note=command.note) if command.note else None
    entry = draft.entry("adjust", actor=command.actor, reason=command.reason, detail=note)
    return Decision(entries=(entry,), result=Adjusted(key, command.amount, expires_on))
