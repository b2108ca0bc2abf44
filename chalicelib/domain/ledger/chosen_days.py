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

_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(8999, 12, 31)
#: The last instant that a test clock may show.
LATEST: Final = parse_instant(f"{_LAST}T23:59:59.999Z")


def parse_chosen_date(text: str, pointer: str) -> date:
    """
    Read a date of somebody's choice.

    Raises `Invalid` ``invalid_date``, as `parse_date` does, with its ``pointer`` in the request.
    """
    try:
        day = parse_date(text)
    except Invalid as error:
        raise _invalid(pointer, error.message) from None
    if not _FIRST <= day <= _LAST:
        raise _invalid(pointer, f"Dates run from {_FIRST} to {_LAST}: leave out what has no end.")
    return day


def _invalid(pointer: str, fix: str) -> Invalid:
    return Invalid("invalid_date", fix, errors=[{"pointer": pointer, "detail": fix}])
