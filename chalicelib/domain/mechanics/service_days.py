"""The day of service by which a purchase is priced: how far back and ahead of today it may be."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.errors import Forbidden, Invalid
from chalicelib.domain.ledger.activity import PURCHASE
from chalicelib.domain.ledger.chosen_days import parse_chosen_date
from chalicelib.domain.programme.document import Programme

#: How many days ahead a service may be: as far as appointments are made, with a leap day.
AHEAD_DAYS: Final = 366


def service_day(
    decider: Decider, programme: Programme, activity_type: str, service_on: str | None, today: date
) -> date:
    """
    Return the day by which discounts go: the one that is said, or today.

    What a member says of a purchase is not checked by anybody before it is priced, so members quote
    purchases of today.  Staff go back as far as an activity may be dated back, and ahead to the
    appointments of a year.

    Raises `Forbidden` ``not_for_members``, and `Invalid` ``backdate_limit`` or ``invalid_date``.
    """
    day = parse_chosen_date(service_on, "/service_on") if service_on else today
    if decider.actor.is_member:
        if activity_type != PURCHASE:
            raise _not_for_members("/type", f"a {PURCHASE}")
        if day != today:
            raise _not_for_members("/service_on", f"what is bought today, {today.isoformat()}")
    earliest = today - timedelta(days=programme.backdate_limit_days)
    if day < earliest:
        text = f"{programme.id} goes back {programme.backdate_limit_days} days."
        raise _out_of_reach("backdate_limit", text, f"before {earliest.isoformat()}")
    latest = today + timedelta(days=AHEAD_DAYS)
    if day > latest:
        text = f"Services are priced up to {AHEAD_DAYS} days ahead: quote it nearer to its day."
        raise _out_of_reach("invalid_date", text, f"after {latest.isoformat()}")
    return day


def _out_of_reach(code: str, text: str, where: str) -> Invalid:
    errors = [{"pointer": "/service_on", "detail": f"must not be {where}"}]
    return Invalid(code, text, errors=errors)


def _not_for_members(pointer: str, what: str) -> Forbidden:
    return Forbidden(
        "not_for_members",
        f"Members quote {what}; for anything else let staff make the quote.",
        pointer=pointer,
    )
