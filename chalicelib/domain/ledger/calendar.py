"""
Time as a programme sees it: instants on the wire, local days in a zone, and counting windows.

An `Instant` is an integer: milliseconds since 1970-01-01T00:00:00Z.  A local day is a
``datetime.date`` and means nothing without a zone.  Nothing here knows what time it is now.

Zones come from the ``tzdata`` package that is deployed with the code and never from the host,
so that a balance falls due at the same instant on every machine.

**When does a local day begin?**  `day_start` answers with the instant from which the local date
is that day or later *and never earlier again*.  That one sentence settles every odd case:

* midnight does not exist (clocks go forward over it): the first valid instant after the gap;
* midnight happens twice (01:00 back to 00:00): the first of the two, for the date stays;
* the clock goes back over midnight (00:00 back to 23:00): the end of the repeated hour, so that
  what expires with the previous day is usable through the whole of it;
* the day was skipped (Apia had no 30 December 2011): the start of the next day that exists.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from importlib import resources
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import Invalid

Instant = int
Window = Literal["day", "week", "month", "year", "lifetime"]

_SUNDAY: Final = 6

_WINDOWS: Final[tuple[Window, ...]] = get_args(Window)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  (wall times are measured from it)
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LAST_INSTANT: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
_MONTHS_A_YEAR: Final = 12
_ECHO_LENGTH: Final = 40

_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


# Zones


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return every IANA name that `zone` accepts, aliases included."""
    listed = resources.files("tzdata").joinpath("zones").read_text("ascii").split()
    return frozenset(listed) - {"Factory"}  # the placeholder for a machine not yet set up


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """
    Return the zone with this exact IANA name, such as ``Europe/Sofia``.

    Only listed names are looked up, so paths, directories and ``localtime`` cannot get in.
    Raises `Invalid` ``unknown_time_zone`` for anything else.
    """
    if name not in zone_names():
        raise Invalid(
            "unknown_time_zone",
            "This is not an IANA time zone: use a name such as 'Europe/Sofia' or 'UTC'.",
        )
    data = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with data.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


# Text


def parse_instant(text: str) -> Instant:
    """
    Read an RFC 3339 date-time, offset required, into an `Instant` from 1970 to 9999.

    Digits beyond the millisecond are dropped.  Raises `Invalid` ``invalid_instant`` for anything
    else, among it leap seconds, which have no place in a count of milliseconds.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise _bad_instant("write it as 2026-11-22T10:00:00Z, with Z or an offset like +03:30")
    if match[1] == "60":
        raise _bad_instant("leap seconds are not counted: send second 59")
    try:
        instant = (datetime.fromisoformat(text.upper()) - _EPOCH_UTC) // _MILLISECOND
    except ValueError:
        raise _bad_instant("there is no such day") from None
    if not 0 <= instant <= _LAST_INSTANT:
        raise _bad_instant("instants run from 1970 to 9999, in UTC")
    return instant


def format_instant(instant: Instant) -> str:
    """
    Write an `Instant` as RFC 3339 in UTC: ``2026-11-22T10:00:00Z``.

    Milliseconds are written, as ``.123``, only when they are not zero.  Raises `Invalid`
    ``date_out_of_range`` beyond the year 9999.
    """
    timespec = "milliseconds" if instant % 1000 else "seconds"
    return f"{_wall(instant, UTC).isoformat(timespec=timespec)}Z"


def parse_date(text: str) -> date:
    """
    Read ``YYYY-MM-DD``, ASCII digits only, years 0001 to 9999.

    Raises `Invalid` ``invalid_date`` for any other form and for days that do not exist.
    """
    match = _DATE.fullmatch(text)
    try:
        if match is not None:
            year, month, day = match.groups()
            return date(int(year), int(month), int(day))
    except ValueError:
        pass
    raise Invalid("invalid_date", f"{_echo(text)} is not a date: write it as 2026-11-22.")


# Local days


# One event asks for the day of the same instant again and again.
@lru_cache(maxsize=1024)
def local_date(instant: Instant, zone_name: str) -> date:
    """Return the date on the calendar of ``zone_name`` at ``instant``."""
    return _wall(instant, zone(zone_name)).date()


def local_time(instant: Instant, zone_name: str) -> str:
    """Return the time on the clock of ``zone_name`` at ``instant``, as ``HH:MM``."""
    return _wall(instant, zone(zone_name)).isoformat(timespec="minutes")[-5:]


# Value of a whole day begins or ends with it, so the same day is asked for again and again.
@lru_cache(maxsize=1024)
def day_start(day: date, zone_name: str) -> Instant:
    """
    Return the instant from which the local date is ``day`` or later and never earlier again.

    The module's docstring works through what that means where clocks jump at midnight.
    """
    where = zone(zone_name)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  (a wall time)
    first = _instant(midnight, where, fold=0)
    second = _instant(midnight, where, fold=1)
    if first == second:
        return first
    if first > second:
        return _end_of_gap(second, first, midnight, where)
    # Midnight is read twice.  Where the clock went back past it, only the second reading is final.
    return second if _wall(second - 1, where) < midnight else first


def expiry_instant(expires_on: date, zone_name: str) -> Instant:
    """
    Return the instant at which value that expires on this local day is gone.

    It is exclusive: the start of the next local day, so that value is usable through the whole of
    its last day.  Raises `Invalid` ``date_out_of_range`` for 9999-12-31.
    """
    return day_start(add_days(expires_on, 1), zone_name)


def _end_of_gap(before: Instant, after: Instant, midnight: datetime, where: ZoneInfo) -> Instant:
    """Bisect for the first instant whose wall time is past the ``midnight`` that is missing."""
    while before < after:
        middle = (before + after) // 2
        if _wall(middle, where) < midnight:
            before = middle + 1
        else:
            after = middle
    return after


def _instant(wall: datetime, where: ZoneInfo, *, fold: int) -> Instant:
    offset = wall.replace(tzinfo=where, fold=fold).utcoffset() or timedelta()
    return (wall - _EPOCH - offset) // _MILLISECOND


# One decision asks many times for one of a few instants.
@lru_cache(maxsize=64)
def _wall(instant: Instant, where: tzinfo) -> datetime:
    try:
        there = (_EPOCH_UTC + timedelta(milliseconds=instant)).astimezone(where)
    except OverflowError:
        raise _out_of_range() from None
    return there.replace(tzinfo=None, fold=0)


# Arithmetic on days


def add_days(day: date, days: int) -> date:
    """Return the day so many days later; `Invalid` ``date_out_of_range`` outside 0001 to 9999."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise _out_of_range() from None


def add_months(day: date, months: int) -> date:
    """
    Return the same day so many months later, clamped to the end of a shorter month.

    31 January and one month is 28 or 29 February.  Months may be negative.  Raises `Invalid`
    ``date_out_of_range`` outside the years 0001 to 9999.
    """
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    if not MINYEAR <= year <= MAXYEAR:
        raise _out_of_range()
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def add_years(day: date, years: int) -> date:
    """Return the same day so many years later; 29 February becomes 28 in a common year."""
    return add_months(day, years * _MONTHS_A_YEAR)


def last_of_month(day: date) -> date:
    """Return the last day of the month that a day is in."""
    return day.replace(day=monthrange(day.year, day.month)[1])


# Counting windows


def month_of(day: date) -> str:
    """Return the month of a day, as ``2026-11``."""
    return f"{day.year:04d}-{day.month:02d}"


def window_key(day: date, window: str) -> str:
    """
    Name the window that contains ``day``, so that equal keys mean the same window.

    The keys are ``2026-11-22``, ``2026-W47``, ``2026-11``, ``2026`` and ``lifetime``; weeks are
    those of ISO 8601, which begin on Monday.  Raises `Invalid` ``unknown_window``.
    """
    match _window(window):
        case "day":
            return day.isoformat()
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year:04d}-W{week:02d}"
        case "month":
            return month_of(day)
        case "year":
            return f"{day.year:04d}"
        case "lifetime":
            return "lifetime"


def window_end(day: date, window: str) -> date | None:
    """
    Return the last date of the window that contains ``day``; a lifetime has none.

    Raises `Invalid` ``unknown_window``.
    """
    match _window(window):
        case "day":
            return day
        case "week":
            return add_days(day, _SUNDAY - day.weekday())
        case "month":
            return last_of_month(day)
        case "year":
            return date(day.year, 12, 31)
        case "lifetime":
            return None


def window_over(day: date, window: str, zone_name: str) -> Instant | None:
    """
    Return the instant at which the window that contains ``day`` is over; a lifetime never is.

    What is counted in it may be forgotten from then on.  Raises `Invalid` ``unknown_window``.
    """
    last = window_end(day, window)
    return None if last is None else expiry_instant(last, zone_name)


def windows_within(days: int, window: str) -> int:
    """
    Return how many windows so many days in a row are in at the most; all of them in one lifetime.

    ``days`` is 1 or more.  Raises `Invalid` ``unknown_window``.
    """
    # The first day is the last of its window, and the shortest ones follow.
    match _window(window):
        case "day":
            return days
        case "week":
            return (days - 2) // 7 + 2
        case "month":
            last = add_days(date(2021, 1, 31), days - 1)
            return (last.year - 2021) * _MONTHS_A_YEAR + last.month
        case "year":
            return add_days(date(2020, 12, 31), days - 1).year - 2019
        case "lifetime":
            return 1


def _window(text: str) -> Window:
    for window in _WINDOWS:
        if text == window:
            return window
    raise Invalid(
        "unknown_window", f"{_echo(text)} is not a window: use one of {', '.join(_WINDOWS)}."
    )


# Refusals


def _bad_instant(fix: str) -> Invalid:
    # Without what was sent: instants come with activities, and a name may have slipped into the
    # field.
    return Invalid("invalid_instant", f"This is not an instant: {fix}.")


def _out_of_range() -> Invalid:
    return Invalid("date_out_of_range", "The date lies outside the years 0001 to 9999.")


def _echo(text: str) -> str:
    """Quote what was sent, cut short, so that no refusal is longer than its cause deserves."""
    return repr(text) if len(text) <= _ECHO_LENGTH else f"{text[:_ECHO_LENGTH]!r}…"
