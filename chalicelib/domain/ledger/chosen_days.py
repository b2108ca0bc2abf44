"""
Days that somebody may choose: from 1900 to 8999.

Terms are counted from them, before or after, and every day that is counted must still be in the
calendar.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.calendar import parse_date, parse_instant

#: The first and the last of them; no calendar of a reader ends before.
FIRST: Final = date(1900, 1, 1)
LAST: Final = date(8999, 12, 31)
#: The last instant that a test clock may show.
LATEST: Final = parse_instant(f"{LAST}T23:59:59.999Z")


def chosen_date(text: str) -> date:
    """Read a date of somebody's choice; raises `Invalid` ``invalid_date``, as `parse_date` does."""
    day = parse_date(text)
    if not FIRST <= day <= LAST:
        fix = f"Dates run from {FIRST} to {LAST}: leave out what has no end."
        raise Invalid("invalid_date", fix)
    return day


def parse_chosen_date(text: str, pointer: str) -> date:
    """Read a date of a request: the refusal names its ``pointer``."""
    try:
        return chosen_date(text)
    except Invalid as error:
        errors = [{"pointer": pointer, "detail": error.message}]
        raise Invalid("invalid_date", error.message, errors=errors) from None
