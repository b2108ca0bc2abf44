"""Days that recur: which they are, at which hours, and which rules are none."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.programme.fields import Recurrence
from chalicelib.domain.programme.recurrence import check, occurs


@pytest.mark.parametrize(
    ("rrule", "on", "off"),
    [
        ("FREQ=DAILY;INTERVAL=2", ["2026-01-01", "2026-01-03"], ["2025-12-30", "2026-01-02"]),
        ("FREQ=WEEKLY;BYDAY=TU,TH", ["2026-01-06", "2026-01-08"], ["2026-01-07"]),
        ("FREQ=MONTHLY;BYDAY=1TU", ["2026-02-03", "2026-03-03"], ["2026-02-10"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-01-31", "2028-02-29"], ["2028-02-28"]),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=7", ["2026-04-07", "2030-04-07"], ["2026-04-08"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", ["2026-03-31"], ["2026-03-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", [], ["2026-02-28", "2036-03-01"]),
    ],
)
def test_days(rrule: str, on: list[str], off: list[str]) -> None:
    """A day is among them or not, also where there is none at all."""
    recurrence = Recurrence(rrule, "2026-01-01")
    check(recurrence)
    assert [
        day for day in (*on, *off) if occurs(recurrence, date.fromisoformat(day), "12:00")
    ] == on


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
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be"),
        ("FREQ=DAILY;INTERVAL=1000", "INTERVAL must be"),
        ("FREQ=MONTHLY;BYMONTHDAY=", "is no part of a rule"),
    ],
)
def test_no_rule(rrule: str, words: str) -> None:
    """What is no rule, or says more than days, is refused with what to do."""
    with pytest.raises(Invalid, match=words):
        check(Recurrence(rrule, "2026-01-01"))


def test_hours_the_wrong_way() -> None:
    """The end of the hours comes after their beginning."""
    with pytest.raises(Invalid, match="must be after"):
        check(Recurrence("FREQ=DAILY", "2026-01-01", "12:00", "09:00"))
