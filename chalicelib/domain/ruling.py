"""Which document rules what a member asks for now, and which currency of it is meant."""

from __future__ import annotations

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.programme import Currency, Programme, Programmes


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


def currency_in(
    programme: Programme, currency_id: str, fit: tuple[str, ...] | None = None
) -> Currency:
    """
    Return the currency that a request names at ``/currency``.

    It is one of those ``fit`` for what is asked, of all of them where nothing is said; raises
    `Invalid` ``unknown_currency`` for any other.
    """
    ids = tuple(each.id for each in programme.currencies) if fit is None else fit
    currency = programme.currency(currency_id)
    if currency is None or currency_id not in ids:
        known = ", ".join(ids) or "none"
        raise Invalid(
            "unknown_currency",
            f"{programme.id} has no such currency for this; it has: {known}.",
            errors=[{"pointer": "/currency", "detail": f"must be one of: {known}"}],
        )
    return currency
