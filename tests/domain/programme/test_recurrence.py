"""Days that recur: which they are, at which hours, and which rules are none."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.programme.fields import Recurrence
from chalicelib.domain.programme.recurrence import check, occurs
from tests import pace
from tests.examples import examples


@pytest.mark.parametrize(
    ("rrule", "on", "off"),
    [
        ("FREQ=DAILY;INTERVAL=2", ["2026-01-01", "2026-01-03"], ["2025-12-30", "2026-01-02"]),
        ("FREQ=WEEKLY;BYDAY=TU,TH", ["2026-01-06", "2026-01-08"], ["2026-01-07"]),
        ("FREQ=MONTHLY;BYDAY=1TU", ["2026-02-03", "2026-03-03"], ["2026-02-10"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-01-31", "2028-02-29"], ["2028-02-28"]),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=7", ["2026-04-07", "2030-04-07"], ["2026-04-08"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", ["2026-03-31"], ["2026-03-30"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29"], ["2026-02-28", "2027-03-01"]),
        ("FREQ=YEARLY;BYDAY=-1MO,FR", ["2026-12-28", "2026-03-06"], ["2026-12-21"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
            ["2026-01-11", "2026-01-12"],
            ["2026-01-04"],
        ),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", ["2029-01-01", "2030-12-30"], ["2026-01-05"]),
        ("FREQ=YEARLY;BYWEEKNO=53", ["2026-12-31"], ["2027-12-31"]),
        # As far as each of them counts.
        ("FREQ=MONTHLY;BYDAY=5FR,-5SA", ["2026-01-30", "2026-01-03"], ["2026-01-23"]),
        ("FREQ=YEARLY;BYDAY=53TH,-53TH", ["2026-12-31", "2026-01-01"], ["2027-12-31"]),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=5SU,-5MO", ["2026-03-29", "2026-03-02"], ["2026-03-22"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31,-31", ["2026-01-31", "2026-03-01"], ["2026-02-28"]),
        ("FREQ=YEARLY;BYYEARDAY=366", ["2028-12-31"], ["2028-12-30", "2027-12-31"]),
        ("FREQ=YEARLY;BYYEARDAY=-366", ["2028-01-01"], ["2027-01-01"]),
        ("FREQ=YEARLY;BYYEARDAY=-1", ["2028-12-31", "2027-12-31"], ["2028-12-30"]),
        ("FREQ=YEARLY;BYYEARDAY=-365", ["2028-01-02", "2027-01-01"], ["2028-01-01"]),
        ("FREQ=YEARLY;BYWEEKNO=-53", ["2026-01-01", "2026-01-04"], ["2027-01-01"]),
        ("FREQ=YEARLY;BYMONTH=12", ["2026-12-01"], ["2026-11-01", "2026-12-02"]),
        ("FREQ=DAILY;INTERVAL=999", ["2026-01-01", "2028-09-26"], ["2028-09-25"]),
        # The last day of a leap year.
        (
            "FREQ=YEARLY;BYDAY=SU;BYSETPOS=-1",
            ["2028-12-31", "2027-12-26"],
            ["2028-12-24", "2028-12-30"],
        ),
        # 4 January 2032 ends a first week, 28 December 2026 begins a last one.
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=SU", ["2032-01-04", "2027-01-10"], ["2027-01-03"]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO", ["2026-12-28", "2027-12-27"], ["2026-12-21"]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", ["2027-01-03", "2028-12-31"], ["2026-12-27"]),
    ],
)
def test_days(rrule: str, on: list[str], off: list[str]) -> None:
    """A day is among them or not, also where there is none at all."""
    recurrence = Recurrence(rrule, "2026-01-01")
    check(recurrence)
    assert [
        day for day in (*on, *off) if occurs(recurrence, date.fromisoformat(day), "12:00")
    ] == on


def test_the_earliest_day() -> None:
    """A rule may start with the century, and no sooner."""
    check(Recurrence("FREQ=DAILY", "2000-01-01"))

    with pytest.raises(Invalid, match="2000-01-01 or later"):
        check(Recurrence("FREQ=DAILY", "1999-12-31"))


@pytest.mark.parametrize(
    ("first", "last", "time", "expected"),
    [
        (None, None, "00:00", True),
        ("09:00", None, "08:59", False),
        ("09:00", None, "09:00", True),
        (None, "12:00", "11:59", True),
        (None, "12:00", "12:00", False),
        ("09:00", "12:00", "23:59", False),
    ],
)
def test_hours(first: str | None, last: str | None, time: str, *, expected: bool) -> None:
    """From the first on, up to the last."""
    recurrence = Recurrence("FREQ=DAILY", "2026-01-01", first, last)
    assert occurs(recurrence, date(2026, 5, 1), time) is expected


@pytest.mark.parametrize("place", ["365", "-365"])
def test_the_last_position(place: str) -> None:
    """A position counts as far as there are days in a year."""
    rule = f"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS={place}"
    recurrence = Recurrence(rule, "2026-01-01")
    check(recurrence)
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))

    on = "2026-12-31" if place == "365" else "2026-01-01"
    assert [day.isoformat() for day in days if occurs(recurrence, day, "12:00")] == [on]


@pytest.mark.parametrize(
    ("rule", "starts_on"),
    [
        # The next one is in a year that no calendar has.
        ("FREQ=YEARLY;INTERVAL=999;BYMONTH=3;BYMONTHDAY=2", "8999-03-02"),
        ("FREQ=YEARLY;INTERVAL=999;BYYEARDAY=61", "8999-03-02"),
    ],
)
def test_the_first_day_counts(rule: str, starts_on: str) -> None:
    """A rule that names the day on which it starts, and none after it, names a day."""
    recurrence = Recurrence(rule, starts_on)
    check(recurrence)
    assert occurs(recurrence, date.fromisoformat(starts_on), "12:00")


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2028-12-24", False), ("2028-12-31", True), ("2027-12-19", False), ("2027-12-26", True)],
)
def test_the_last_weekday_of_a_year(day: str, *, expected: bool) -> None:
    """Counted from the end, of a leap year too."""
    recurrence = Recurrence("FREQ=YEARLY;BYDAY=-1SU", "2026-01-01")
    assert occurs(recurrence, date.fromisoformat(day), "12:00") is expected


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("BYDAY=TU", "FREQ must be one of"),
        ("FREQ=HOURLY", "FREQ must be one of"),
        ("FREQ=WEEKLY;BYHOUR=9", "BYHOUR cannot be used"),
        ("FREQ=WEEKLY;COUNT=3", "COUNT cannot be used"),
        ("FREQ=WEEKLY;UNTIL=20260101", "UNTIL cannot be used"),
        ("FREQ=WEEKLY;FREQ=DAILY", "FREQ is there twice"),
        ("every tuesday", "is no part of a rule"),
        ("FREQ=WEEKLY;BYDAY=XX", "cannot be read"),
        ("FREQ=WEEKLY;BYDAY=", "is no part of a rule"),
        ("FREQ=WEEKLY;BYDAY=MO,", "cannot be read"),
        # B2: what is never, or took seconds to find out.
        ("FREQ=MONTHLY;BYDAY=99MO", "is never: count from 1 to 5"),
        ("FREQ=MONTHLY;BYDAY=-6MO", "is never: count from 1 to 5"),
        ("FREQ=YEARLY;BYDAY=54MO", "is never: count from 1 to 53"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=6MO", "is never: count from 1 to 5"),
        ("FREQ=WEEKLY;BYDAY=1MO", "counts days within a month or a year: write MO"),
        ("FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO", "counts days within a month or a year: write MO"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "it names no day"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", "it names no day"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "it names no day"),
        ("FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2", "it names no day"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "it names no day"),
        ("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=366", "it names no day"),
        ("FREQ=DAILY;BYSETPOS=2", "chooses among the days of another part"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "is never: count from 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "is never: count from 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,+", "cannot be read"),
        ("FREQ=YEARLY;BYMONTH=13", "is never: count from 1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "is never: count from 1 to 12"),
        ("FREQ=YEARLY;BYYEARDAY=367", "is never: count from 1 to 366"),
        ("FREQ=YEARLY;BYWEEKNO=54", "is never: count from 1 to 53"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO is not for FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY is not for FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY is not for FREQ=WEEKLY"),
        ("FREQ=WEEKLY;WKST=XX", "WKST must be one of"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be"),
        ("FREQ=DAILY;INTERVAL=1000", "INTERVAL must be"),
        ("FREQ=MONTHLY;BYMONTHDAY=", "is no part of a rule"),
    ],
)
def test_no_rule(rrule: str, words: str) -> None:
    """What is no rule, or says more than days, is refused with what to do."""
    with pytest.raises(Invalid, match=words):
        check(Recurrence(rrule, "2026-01-01"))


@pytest.mark.parametrize(
    ("first", "last"),
    [("12:00", "09:00"), ("12:00", "12:00"), (None, "00:00"), ("24:00", None)],
)
def test_hours_the_wrong_way(first: str | None, last: str | None) -> None:
    """The end of the hours comes after their beginning, by a minute at least."""
    check(Recurrence("FREQ=DAILY", "2026-01-01", "12:00", "12:01"))
    with pytest.raises(Invalid, match="must be after"):
        check(Recurrence("FREQ=DAILY", "2026-01-01", first, last))


def test_how_far_a_first_day_may_be() -> None:
    """Of every ninth day the first on 29 February is the 3,294th, and is found; no later one is."""
    rule = "FREQ=DAILY;INTERVAL=9;BYMONTH=2;BYMONTHDAY=29"
    check(Recurrence(rule, "2027-01-07"))

    with pytest.raises(Invalid, match="the first one is too far off"):
        check(Recurrence(rule, "2026-12-29"))


_WEEKDAYS = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw a rule that may be written, without what dateutil and RFC 5545 see differently."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.integers(1, 5)))}
    if draw(st.booleans()):
        parts["BYMONTH"] = _listed(draw, st.integers(1, 12))
    if frequency != "WEEKLY" and draw(st.booleans()):
        signed = st.integers(1, 31).flatmap(lambda n: st.sampled_from([n, -n]))
        parts["BYMONTHDAY"] = _listed(draw, signed)
    elif frequency == "YEARLY" and draw(st.booleans()):
        signed = st.integers(1, 366).flatmap(lambda n: st.sampled_from([n, -n]))
        parts["BYYEARDAY"] = _listed(draw, signed)
    if draw(st.booleans()):
        nth = draw(st.booleans()) if frequency in {"MONTHLY", "YEARLY"} else False
        counts = st.integers(1, 5).flatmap(lambda n: st.sampled_from([str(n), str(-n)]))
        days = st.tuples(counts if nth else st.just(""), _WEEKDAYS).map("".join)
        parts["BYDAY"] = _listed(draw, days)
    if frequency == "WEEKLY":
        parts["WKST"] = draw(_WEEKDAYS)
    elif bool(parts.keys() & {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}) and draw(st.booleans()):
        positions = st.integers(1, 6).flatmap(lambda n: st.sampled_from([n, -n]))
        parts["BYSETPOS"] = _listed(draw, positions)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _listed(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> str:
    return ",".join(map(str, draw(st.lists(values, min_size=1, max_size=3, unique=True))))


@given(rules(), st.dates(date(2000, 1, 1), date(2030, 12, 31)))
@settings(max_examples=examples(20), deadline=None)
def test_b2_days_are_those_of_another_implementation(rrule: str, starts_on: date) -> None:
    """B2: over four years the days are those that dateutil counts from the start on."""
    recurrence = Recurrence(rrule, starts_on.isoformat())
    last = starts_on + timedelta(days=4 * 366)
    begins, ends = (datetime.fromisoformat(day.isoformat()) for day in (starts_on, last))
    counted = rrulestr(rrule, dtstart=begins).replace(until=ends)
    expected = {each.date() for each in counted}
    days = (starts_on + timedelta(days=n) for n in range((last - starts_on).days + 1))

    found = {day for day in days if occurs(recurrence, day, "12:00")}

    assert found == expected


@pytest.mark.parametrize("rrule", ["FREQ=YEARLY;BYDAY=MO;BYSETPOS=-1", "FREQ=YEARLY;BYWEEKNO=52"])
def test_b2_the_end_of_the_calendar(rrule: str) -> None:
    """B2: the last days that there are have an answer as well."""
    recurrence = Recurrence(rrule, "2026-01-01")
    answers = [occurs(recurrence, date.max - timedelta(days=n), "12:00") for n in range(10)]

    assert any(answers)


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=366,365,-366",
        "FREQ=DAILY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29",
    ],
)
def test_b2_work_is_bounded(rrule: str) -> None:
    """B2: to refuse a rule, or to look at a day, takes a bounded number of days of the calendar."""
    started = time.process_time()
    with suppress(Invalid):
        check(Recurrence(rrule, "2001-01-01"))
    for year in range(2020, 9999, 400):
        occurs(Recurrence(rrule, "2001-01-01"), date(year, 3, 1), "12:00")

    assert pace.within(time.process_time() - started, 0.2)
