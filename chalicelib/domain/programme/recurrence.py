"""
Days that recur: those of every year, and those of a rule.

Rules are of RFC 5545 as dateutil reads them, which is imported only where there is one.

A rule names days and nothing finer: hours are said beside it.  It has no end of its own, since the
part of a document that recurs has its dates.
"""

from __future__ import annotations

import re
from calendar import isleap
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import calendar
from chalicelib.domain.programme.fields import LeapDay, Recurrence

_PART: Final = re.compile(r"([A-Z]+)=([-+A-Z0-9,]+)")
_KNOWN: Final = frozenset(
    {
        "FREQ",
        "INTERVAL",
        "BYDAY",
        "BYMONTHDAY",
        "BYYEARDAY",
        "BYWEEKNO",
        "BYMONTH",
        "BYSETPOS",
        "WKST",
    }
)
_EARLIEST: Final = date(2000, 1, 1)
_LEAP_DAY: Final = "02-29"
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


def in_year(month_day: str, year: int, leap_day: LeapDay) -> date | None:
    """
    Return a day of every year, ``MM-DD``, in a year; ``leap_day`` stands for 29 February.

    ``None`` for what is no day of any year: something stored long ago must not stop a purchase.
    """
    if month_day == _LEAP_DAY and not isleap(year):
        month_day = leap_day
    try:
        return date(year, int(month_day[:2]), int(month_day[3:]))
    except ValueError:
        return None


def occurs(recurrence: Recurrence, day: date, time: str) -> bool:
    """Tell whether a local day, at a local time written ``HH:MM``, is among those that recur."""
    if not (recurrence.from_time or "") <= time < (recurrence.until_time or "24:00"):
        return False
    return _is_on(recurrence.rrule, recurrence.starts_on, day)


def check(recurrence: Recurrence) -> None:
    """
    Raise `Invalid` ``invalid_recurrence`` for a rule that is none, with the remedy.

    Only days can recur, and without an end: hours are `from_time` and `until_time`, the end is the
    rule's `valid_until`.
    """
    if calendar.parse_date(recurrence.starts_on) < _EARLIEST:
        # Occurrences are counted from there on, so a start far back only costs time.
        raise _invalid(f"`starts_on` must be {_EARLIEST} or later")
    if (recurrence.from_time or "") >= (recurrence.until_time or "24:00"):
        raise _invalid("`until_time` must be after `from_time`")
    named: dict[str, str] = {}
    for part in recurrence.rrule.split(";"):
        found = _PART.fullmatch(part)
        if found is None:
            raise _invalid(f"{part[:40]!r} is no part of a rule: write FREQ=WEEKLY;BYDAY=TU,TH")
        name, value = found.groups()
        if name not in _KNOWN:
            known = ", ".join(sorted(_KNOWN))
            raise _invalid(f"{name} cannot be used: a rule names days, by {known}")
        if name in named:
            raise _invalid(f"{name} is there twice: leave one of them out")
        named[name] = value
    if named.get("FREQ") not in _FREQUENCIES:
        raise _invalid(f"FREQ must be one of {', '.join(_FREQUENCIES)}")
    if not re.fullmatch(r"[1-9]\d{0,2}", named.get("INTERVAL", "1")):
        raise _invalid("INTERVAL must be a whole number from 1 to 999")
    try:
        _rule(recurrence.rrule, recurrence.starts_on, date(2000, 1, 1))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise _invalid(f"{recurrence.rrule[:80]!r} cannot be read as a rule") from error


@lru_cache(maxsize=4096)
def _is_on(rrule: str, starts_on: str, day: date) -> bool:
    if day.isoformat() < starts_on:
        return False
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day on the wall
    return bool(_rule(rrule, starts_on, day).between(midnight, midnight, inc=True))


def _rule(rrule: str, starts_on: str, until: date) -> Any:
    """Return the rule up to a day, so that one without any occurrence is not sought for ever."""
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    first = calendar.parse_date(starts_on)
    begins = datetime(first.year, first.month, first.day)  # noqa: DTZ001
    ends = datetime(until.year, until.month, until.day)  # noqa: DTZ001
    return rrulestr(rrule, dtstart=begins).replace(until=ends)


def _invalid(detail: str) -> Invalid:
    return Invalid("invalid_recurrence", detail)
