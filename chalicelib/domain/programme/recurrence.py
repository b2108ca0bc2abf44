"""
Days that recur: those of every year, and those of a rule.

Rules are of RFC 5545.  A rule names days and nothing finer: hours are said beside it.  It has no
end of its own, since the part of a document that recurs has its dates.

Whether a day is one of them is read off the day itself and the days of its own period: a month, a
year.  Nothing is counted from the start of the rule on, so neither a start long ago nor a rule that
seldom names a day takes longer.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from datetime import MAXYEAR, date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import calendar
from chalicelib.domain.programme.fields import LeapDay, Recurrence

_PART: Final = re.compile(r"([A-Z]+)=([-+A-Z0-9,]+)", re.ASCII)
_WEEKDAY: Final = re.compile(r"([-+]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,3}", re.ASCII)
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
#: What the numbers of each part count: up to how many, and whether also from the end.
_NUMBERS: Final = {
    "BYMONTHDAY": (31, True),
    "BYYEARDAY": (366, True),
    "BYWEEKNO": (53, True),
    "BYMONTH": (12, False),
    "BYSETPOS": (366, True),
}
_KNOWN: Final = frozenset({"FREQ", "INTERVAL", "BYDAY", "WKST", *_NUMBERS})
#: In which frequencies a part makes no sense, by RFC 5545.
_UNFIT: Final = {
    "BYWEEKNO": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYMONTHDAY": ("WEEKLY",),
}
#: How many weeks of one kind of day a month and a year have at most.
_WEEKS: Final = {"MONTHLY": 5, "YEARLY": 53}
_ONE_DAY: Final = f"(?:{'|'.join(_DAYS)})"
_WEEKLY: Final = re.compile(f"FREQ=WEEKLY;BYDAY=({_ONE_DAY}(?:,{_ONE_DAY})*)")
_EARLIEST: Final = date(2000, 1, 1)
_LEAP_DAY: Final = "02-29"
#: Among how many days of its periods a rule has to name one: those of nine years, since two leap
#: days may be eight years apart.
_LOOKED_AT: Final = 9 * 366
_WEEK: Final = 7
_MONTHS: Final = 12
_LAST_DAY: Final = date.max.toordinal()


class _Rule(NamedTuple):
    """A rule as read: what it is repeated by, and which days of a period it names."""

    frequency: str
    interval: int
    starts_on: date
    week_start: int
    weekdays: frozenset[int]
    nth_weekdays: frozenset[tuple[int, int]]
    month_days: frozenset[int]
    year_days: frozenset[int]
    weeks: frozenset[int]
    months: frozenset[int]
    positions: frozenset[int]


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
    return _is_on(_read(recurrence.rrule, recurrence.starts_on), day)


def weekdays(recurrence: Recurrence) -> tuple[int, ...]:
    """Return the days of the week, 0 for Monday, of a rule that names these and no more."""
    found = _WEEKLY.fullmatch(recurrence.rrule)
    return tuple(sorted({_DAYS.index(day) for day in found[1].split(",")})) if found else ()


def check(recurrence: Recurrence) -> None:
    """
    Raise `Invalid` ``invalid_recurrence`` for a rule that is none, with the remedy.

    Only days can recur, and without an end: hours are `from_time` and `until_time`, the end is the
    rule's `valid_until`.  A rule that names no day, such as 30 February, is none either.
    """
    if calendar.parse_date(recurrence.starts_on) < _EARLIEST:
        raise _invalid(f"`starts_on` must be {_EARLIEST} or later")
    if (recurrence.from_time or "00:00") >= (recurrence.until_time or "24:00"):
        raise _invalid("`until_time` must be after `from_time`")
    if not _names_a_day(_read(recurrence.rrule, recurrence.starts_on)):
        raise _invalid("it names no day, or the first one is too far off: look at the calendar")


# Reading


@lru_cache(maxsize=256)
def _read(rrule: str, starts_on: str) -> _Rule:
    named = _parts(rrule)
    frequency = _frequency(named)
    plain, nth = _weekdays(named, frequency)
    numbers = {name: _numbers(named, name) for name in _NUMBERS}
    if numbers["BYSETPOS"] and len(named.keys() & {"BYDAY", *_NUMBERS}) == 1:
        raise _invalid("BYSETPOS chooses among the days of another part: name them, as by BYDAY")
    first = calendar.parse_date(starts_on)
    months, month_days = numbers["BYMONTH"], numbers["BYMONTHDAY"]
    if not (plain or nth or month_days or numbers["BYYEARDAY"] or numbers["BYWEEKNO"]):
        # What a rule does not say is that of the day on which it starts.
        if frequency == "WEEKLY":
            plain = frozenset({first.weekday()})
        elif frequency != "DAILY":
            month_days = frozenset({first.day})
            if frequency == "YEARLY":
                months = months or frozenset({first.month})
    return _Rule(
        frequency,
        int(named.get("INTERVAL", "1")),
        first,
        _DAYS.index(named.get("WKST", "MO")),
        plain,
        nth,
        month_days,
        numbers["BYYEARDAY"],
        numbers["BYWEEKNO"],
        months,
        numbers["BYSETPOS"],
    )


def _parts(rrule: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for part in rrule.split(";"):
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
    return named


def _frequency(named: dict[str, str]) -> str:
    """Return how often a rule repeats; raises `Invalid` for what does not go with it."""
    frequency = named.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise _invalid(f"FREQ must be one of {', '.join(_FREQUENCIES)}")
    for name, unfit in _UNFIT.items():
        if name in named and frequency in unfit:
            raise _invalid(f"{name} is not for FREQ={frequency}")
    if not re.fullmatch(r"[1-9][0-9]{0,2}", named.get("INTERVAL", "1")):
        raise _invalid("INTERVAL must be a whole number from 1 to 999")
    if named.get("WKST", "MO") not in _DAYS:
        raise _invalid(f"WKST must be one of {', '.join(_DAYS)}")
    return frequency


def _weekdays(
    named: dict[str, str], frequency: str
) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """Return the days of the week of BYDAY, and those that are counted within the period."""
    plain, nth = set(), set()
    most = 5 if "BYMONTH" in named else _WEEKS.get(frequency, 0)
    for text in named["BYDAY"].split(",") if "BYDAY" in named else ():
        found = _WEEKDAY.fullmatch(text)
        if found is None:
            raise _invalid(f"BYDAY={text[:20]} cannot be read: write MO, or 1MO for the first one")
        number, weekday = found[1], _DAYS.index(found[2])
        if number is None:
            plain.add(weekday)
        elif frequency not in _WEEKS or "BYWEEKNO" in named:
            raise _invalid(f"BYDAY={text} counts days within a month or a year: write {found[2]}")
        elif not 1 <= abs(int(number)) <= most:
            raise _invalid(f"BYDAY={text} is never: count from 1 to {most}, or from the end, -1")
        else:
            nth.add((int(number), weekday))
    return frozenset(plain), frozenset(nth)


def _numbers(named: dict[str, str], name: str) -> frozenset[int]:
    if name not in named:
        return frozenset()
    most, from_the_end = _NUMBERS[name]
    found = set()
    for text in named[name].split(","):
        if not _NUMBER.fullmatch(text):
            raise _invalid(f"{name}={text[:20]} cannot be read: write whole numbers")
        number = int(text)
        if not (1 <= number <= most or (from_the_end and -most <= number <= -1)):
            within = f"from 1 to {most}" + (", or from the end, -1" if from_the_end else "")
            raise _invalid(f"{name}={text} is never: count {within}")
        found.add(number)
    return frozenset(found)


# Days


def _is_on(rule: _Rule, day: date) -> bool:
    if day < rule.starts_on or _periods_since_start(rule, day) % rule.interval:
        return False
    if rule.positions:
        return day in _chosen(rule, _period_of(rule, day)[0])
    return _named(rule, day)


@lru_cache(maxsize=256)
def _chosen(rule: _Rule, first: date) -> frozenset[date]:
    """Return the days of the period beginning on a day that a rule names."""
    named = [day for day in _period_of(rule, first) if _named(rule, day)]
    if not rule.positions:
        return frozenset(named)
    places = (place - 1 if place > 0 else place + len(named) for place in rule.positions)
    return frozenset(named[place] for place in places if 0 <= place < len(named))


def _names_a_day(rule: _Rule) -> bool:
    """Tell whether a rule names a day, of so many days of its periods and no more."""
    left, day = _LOOKED_AT, rule.starts_on
    while left > 0 and day.year < MAXYEAR - rule.interval:
        period = _period_of(rule, day)
        if any(each >= rule.starts_on for each in _chosen(rule, period[0])):
            return True
        left -= len(period)
        day = _next_period(rule, period[0])
    return False


def _periods_since_start(rule: _Rule, day: date) -> int:
    first = rule.starts_on
    match rule.frequency:
        case "DAILY":
            return (day - first).days
        case "WEEKLY":
            return (_week_of(rule, day) - _week_of(rule, first)) // _WEEK
        case "MONTHLY":
            return (day.year - first.year) * _MONTHS + day.month - first.month
    return day.year - first.year


def _week_of(rule: _Rule, day: date) -> int:
    """Return the first day of a day's week, as its number in the calendar."""
    return day.toordinal() - (day.weekday() - rule.week_start) % _WEEK


def _period_of(rule: _Rule, day: date) -> list[date]:
    """Return every day of the day, week, month or year that a day is in."""
    match rule.frequency:
        case "DAILY":
            first, days = day, 1
        case "WEEKLY":
            first, days = date.fromordinal(max(_week_of(rule, day), 1)), _WEEK
        case "MONTHLY":
            first, days = day.replace(day=1), monthrange(day.year, day.month)[1]
        case _:
            first, days = date(day.year, 1, 1), 366 if isleap(day.year) else 365
    end = min(first.toordinal() + days, _LAST_DAY + 1)
    return [date.fromordinal(number) for number in range(first.toordinal(), end)]


def _named(rule: _Rule, day: date) -> bool:
    """Tell whether the parts of a rule, but for BYSETPOS, name a day of its period."""
    if rule.months and day.month not in rule.months:
        return False
    month = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - month - 1} & rule.month_days:
        return False
    if rule.year_days:
        of_year, year = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
        if not {of_year, of_year - year - 1} & rule.year_days:
            return False
    if rule.weeks and not _week_numbers(rule, day) & rule.weeks:
        return False
    if not rule.weekdays and not rule.nth_weekdays:
        return True
    if day.weekday() in rule.weekdays:
        return True
    if rule.frequency == "MONTHLY" or rule.months:
        place, size = day.day, month
    else:
        place, size = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    forward, back = (place - 1) // _WEEK + 1, -((size - place) // _WEEK + 1)
    return bool({(forward, day.weekday()), (back, day.weekday())} & rule.nth_weekdays)


def _week_numbers(rule: _Rule, day: date) -> set[int]:
    """Return the number of a day's week in its year, from the beginning and from the end."""
    week = _week_of(rule, day)
    # A week is of the year that its fourth day is in.
    year = date.fromordinal(min(week + 3, _LAST_DAY)).year
    first = _week_of(rule, date(year, 1, 4))
    last = _week_of(rule, date(year, 12, 28))
    return {(week - first) // _WEEK + 1, (week - last) // _WEEK - 1}


def _next_period(rule: _Rule, first: date) -> date:
    match rule.frequency:
        case "DAILY":
            return first + timedelta(days=rule.interval)
        case "WEEKLY":
            return first + timedelta(weeks=rule.interval)
        case "MONTHLY":
            return calendar.add_months(first, rule.interval)
    return date(first.year + rule.interval, 1, 1)


def _invalid(detail: str) -> Invalid:
    return Invalid("invalid_recurrence", detail)
