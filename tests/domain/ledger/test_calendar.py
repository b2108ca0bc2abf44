"""Local days begin and end when the clocks of their zone say so, in every zone and odd year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import calendar

QUARTER = 15 * 60_000
DAY = 24 * 60 * 60_000
INSTANTS = st.integers(0, 253_402_300_799_999)


def at(text: str) -> int:
    """Read a UTC instant without the code under test."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def date_at(instant: int, where: ZoneInfo) -> date:
    """Look at a wall calendar without the code under test."""
    return datetime.fromtimestamp(instant // 1000, where).date()


class TestZone:
    """Zones are looked up by exact IANA name."""

    @pytest.mark.parametrize("name", ["Europe/Sofia", "Asia/Tehran", "UTC", "US/Eastern"])
    def test_known(self, name: str) -> None:
        """An IANA name or alias is a zone that knows its name."""
        assert calendar.zone(name).key == name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            " ",
            ".",
            "..",
            "../etc/passwd",
            "/etc/localtime",
            "localtime",
            "Europe",
            "America/Argentina",
            "Europe/",
            "Europe/../Europe/Sofia",
            "europe/sofia",
            "Europe/Atlantis",
            "Factory",
            "posixrules",
            "zones",
            "tzdata.zi",
            "__init__.py",
            "UTC\x00",
            "UTC\n",
            "+03:30",
            "Z",
            "x" * 10_000,
        ],
    )
    def test_unknown(self, name: str) -> None:
        """Paths, directories, other files and other spellings are not zones."""
        with pytest.raises(Invalid, match="unknown_time_zone") as caught:
            calendar.zone(name)
        assert len(caught.value.message) < 200

    def test_every_listed_name_loads(self) -> None:
        """Each name that is offered is a zone."""
        assert len(calendar.zone_names()) > 500
        assert all(calendar.zone(name).key == name for name in calendar.zone_names())


class TestInstants:
    """Instants are read strictly and written in one form."""

    @pytest.mark.parametrize(
        ("text", "instant"),
        [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-22T10:00:00Z", 1_795_341_600_000),
            ("2026-11-22t10:00:00z", 1_795_341_600_000),
            ("2026-11-22T10:00:00+00:00", 1_795_341_600_000),
            ("2026-11-22T10:00:00-00:00", 1_795_341_600_000),
            ("2026-11-22T13:30:00+03:30", 1_795_341_600_000),
            ("2026-11-22T05:00:00-05:00", 1_795_341_600_000),
            ("2026-11-22T10:00:00.1Z", 1_795_341_600_100),
            ("2026-11-22T10:00:00.12399999999999999Z", 1_795_341_600_123),
            ("2026-11-22T10:00:00.0009Z", 1_795_341_600_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("1970-01-01T00:00:00-00:01", 60_000),
        ],
    )
    def test_read(self, text: str, instant: int) -> None:
        """Every RFC 3339 spelling of an instant is read to the millisecond, truncating."""
        assert calendar.parse_instant(text) == instant

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026-11-22",
            "2026-11-22T10:00:00",
            "2026-11-22 10:00:00Z",
            "2026-11-22T10:00Z",
            "2026-11-22T10:00:00+0330",
            "2026-11-22T10:00:00+03",
            "2026-11-22T10:00:00+24:00",
            "2026-11-22T10:00:00+03:60",
            "2026-11-22T10:00:00\u221203:30",
            "2026-11-22T24:00:00Z",
            "2026-11-22T10:60:00Z",
            "2026-11-22T10:00:61Z",
            "2026-11-22T10:00:00.Z",
            "2026-11-22T10:00:00,5Z",
            "2026-02-29T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-00-01T10:00:00Z",
            "0000-01-01T10:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "20261122T100000Z",
            "2026-W47-7T10:00:00Z",
            "+2026-11-22T10:00:00Z",
            "2026-11-22T10:00:00Z ",
            "2026-11-22T10:00:00Z\n",
            "۲۰۲۶-۱۱-۲۲T10:00:00Z",
            "２０２６-11-22T10:00:00Z",
            "2026-11-22T10:00:00Z" * 1000,
        ],
    )
    def test_refused(self, text: str) -> None:
        """Whatever is not RFC 3339 in ASCII with an offset, from 1970 to 9999, is refused."""
        with pytest.raises(Invalid, match="invalid_instant") as caught:
            calendar.parse_instant(text)
        assert len(caught.value.message) < 200

    def test_leap_second(self) -> None:
        """A leap second is refused by name, with what to send instead."""
        with pytest.raises(Invalid, match="leap seconds are not counted: send second 59"):
            calendar.parse_instant("2016-12-31T23:59:60Z")

    @pytest.mark.parametrize(
        ("instant", "text"),
        [
            (0, "1970-01-01T00:00:00Z"),
            (1, "1970-01-01T00:00:00.001Z"),
            (1_795_341_600_120, "2026-11-22T10:00:00.120Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
        ],
    )
    def test_written(self, instant: int, text: str) -> None:
        """Milliseconds are written only when there are some."""
        assert calendar.format_instant(instant) == text

    def test_beyond_the_calendar(self) -> None:
        """An instant after 9999 has no text."""
        with pytest.raises(Invalid, match="date_out_of_range"):
            calendar.format_instant(253_402_300_800_000)

    @given(INSTANTS)
    def test_round_trip(self, instant: int) -> None:
        """What is written is read back unchanged."""
        assert calendar.parse_instant(calendar.format_instant(instant)) == instant


class TestDates:
    """Dates are ``YYYY-MM-DD`` and nothing else."""

    @pytest.mark.parametrize("text", ["0001-01-01", "1957-03-20", "2024-02-29", "9999-12-31"])
    def test_read(self, text: str) -> None:
        """A date in the one form is read."""
        assert calendar.parse_date(text) == date.fromisoformat(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026-2-1",
            "20260201",
            "2026-W47-7",
            "2026-02-29",
            "0000-01-01",
            "2026-02-01\n",
            " 2026-02-01",
            "2026-02-01T00:00:00Z",
            "۱۴۰۵-۰۱-۰۱",
            "10000-01-01",
        ],
    )
    def test_refused(self, text: str) -> None:
        """Other forms, and days that no calendar has, are refused."""
        with pytest.raises(Invalid, match="invalid_date"):
            calendar.parse_date(text)


class TestLocalDays:
    """A local day begins at the instant after which the date is never earlier again."""

    @pytest.mark.parametrize(
        ("instant", "zone", "day", "time"),
        [
            ("2026-03-20T20:29:59", "Asia/Tehran", "2026-03-20", "23:59"),
            ("2026-03-20T20:30:00", "Asia/Tehran", "2026-03-21", "00:00"),
            ("2026-12-31T23:00:00", "UTC", "2026-12-31", "23:00"),
            ("2026-12-31T23:00:00", "Europe/Sofia", "2027-01-01", "01:00"),
            ("2026-12-31T23:00:00", "Pacific/Kiritimati", "2027-01-01", "13:00"),
            ("2026-12-31T23:00:00", "Pacific/Pago_Pago", "2026-12-31", "12:00"),
        ],
    )
    def test_date_and_time(self, instant: str, zone: str, day: str, time: str) -> None:
        """An instant falls on one date and time of the zone's wall clock."""
        assert calendar.local_date(at(instant), zone).isoformat() == day
        assert calendar.local_time(at(instant), zone) == time

    @pytest.mark.parametrize(
        ("expires_on", "zone", "instant"),
        [
            ("2027-03-20", "Asia/Tehran", "2027-03-20T20:30:00"),
            ("2026-12-31", "Asia/Taipei", "2026-12-31T16:00:00"),
            ("2026-12-31", "Europe/Sofia", "2026-12-31T22:00:00"),
            ("2026-12-31", "America/New_York", "2027-01-01T05:00:00"),
            ("2026-12-31", "UTC", "2027-01-01T00:00:00"),
        ],
    )
    def test_expiry(self, expires_on: str, zone: str, instant: str) -> None:
        """Value is usable through the whole of its last local day and gone with the next."""
        last_day = date.fromisoformat(expires_on)
        gone = calendar.expiry_instant(last_day, zone)
        assert gone == at(instant)
        assert calendar.local_date(gone - 1, zone) == last_day
        assert calendar.local_date(gone, zone) == last_day + timedelta(days=1)

    @pytest.mark.parametrize(
        ("day", "zone", "instant"),
        [
            # Midnight does not exist: the first valid instant.
            pytest.param("2022-03-22", "Asia/Tehran", "2022-03-21T20:30:00", id="gap-tehran"),
            pytest.param("2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00", id="gap-cairo"),
            pytest.param("2026-03-29", "Asia/Beirut", "2026-03-28T22:00:00", id="gap-beirut"),
            pytest.param("2026-09-06", "America/Santiago", "2026-09-06T04:00:00", id="gap-chile"),
            # 01:00 goes back to 00:00: the date stays, so the first midnight.
            pytest.param("2026-11-01", "America/Havana", "2026-11-01T04:00:00", id="twice-havana"),
            pytest.param("2026-10-25", "Atlantic/Azores", "2026-10-25T00:00:00", id="twice-azores"),
            # 00:00 goes back to 23:00: the end of the repeated hour.
            pytest.param(
                "2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00", id="back-brazil"
            ),
            pytest.param("2026-10-30", "Africa/Cairo", "2026-10-29T22:00:00", id="back-cairo"),
            pytest.param("2026-10-25", "Asia/Beirut", "2026-10-24T22:00:00", id="back-beirut"),
            # 00:01 goes back to 23:01: the date is the new one for a minute, then the old again.
            pytest.param("2010-11-07", "America/St_Johns", "2010-11-07T03:30:00", id="back-00:01"),
            # The day was skipped: the start of the next that exists.
            pytest.param("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00", id="skipped-apia"),
            pytest.param("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00", id="after-apia"),
            pytest.param("1993-08-21", "Pacific/Kwajalein", "1993-08-21T12:00:00", id="skipped-kw"),
            # Nothing odd.
            pytest.param("2026-06-15", "Asia/Tehran", "2026-06-14T20:30:00", id="plain"),
        ],
    )
    def test_odd_midnights(self, day: str, zone: str, instant: str) -> None:
        """Missing, doubled, undone and skipped midnights have one documented start each."""
        start = calendar.day_start(date.fromisoformat(day), zone)
        assert calendar.format_instant(start) == instant + "Z"
        assert calendar.local_date(start - 1, zone) < date.fromisoformat(day)
        assert calendar.local_date(start, zone) >= date.fromisoformat(day)

    def test_last_day_of_the_calendar(self) -> None:
        """9999-12-31 begins like any day, and nothing can expire with it."""
        assert calendar.day_start(date.max, "UTC") == at("9999-12-31T00:00:00")
        assert calendar.day_start(date.max, "Asia/Taipei") == at("9999-12-30T16:00:00")
        with pytest.raises(Invalid, match="date_out_of_range"):
            calendar.expiry_instant(date.max, "UTC")

    @pytest.mark.parametrize("start", [date(2025, 1, 1), date(2009, 12, 1)])
    def test_every_zone_around_every_transition(self, start: date) -> None:
        """In every zone, around every change of offset in two years, a scan of clocks agrees."""
        checked = 0
        for name in sorted(calendar.zone_names()):
            where = calendar.zone(name)  # the host's data may be of another year
            for day in _days_near_transitions(where, start, 760):
                assert calendar.day_start(day, name) == _scanned_start(day, where), (name, day)
                checked += 1
        assert checked > 1000

    @given(
        st.dates(date(1970, 1, 2), date(2100, 1, 1)),
        st.sampled_from(sorted(calendar.zone_names())),
    )
    def test_days_partition_time(self, day: date, zone: str) -> None:
        """Days follow each other: before the start the date is earlier, from it on it is not."""
        start = calendar.day_start(day, zone)
        assert calendar.local_date(start - 1, zone) < day <= calendar.local_date(start, zone)
        assert calendar.day_start(day + timedelta(days=1), zone) >= start


def _days_near_transitions(where: ZoneInfo, start: date, days: int) -> list[date]:
    """Days within one of a change of the offset, found by comparing noons."""
    noons = [datetime(start.year, start.month, start.day, 12, tzinfo=UTC)]
    noons = [noons[0] + timedelta(days=n) for n in range(days)]
    offsets = [(noon.date(), noon.astimezone(where).utcoffset()) for noon in noons]
    changed = {later[0] for earlier, later in pairwise(offsets) if earlier[1] != later[1]}
    return sorted({day + timedelta(days=n) for day in changed for n in (-1, 0, 1)})


def _scanned_start(day: date, where: ZoneInfo) -> int:
    """
    Read the wall calendar backwards from well into the day until the date is an earlier one.

    By quarters of an hour first, then by the second: no rule of clocks is assumed.
    """
    instant = at(day.isoformat()) + 2 * DAY
    while date_at(instant, where) >= day:
        instant -= QUARTER
    low, high = instant, instant + QUARTER
    while high - low > 1000:
        middle = (low + high) // 2000 * 1000
        low, high = (low, middle) if date_at(middle, where) >= day else (middle, high)
    return high


class TestArithmetic:
    """Months clamp to their end, and the calendar's ends are refusals."""

    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            ("2026-01-31", 1, "2026-02-28"),
            ("2024-01-31", 1, "2024-02-29"),
            ("2026-01-31", 3, "2026-04-30"),
            ("2026-11-22", 0, "2026-11-22"),
            ("2026-11-22", 2, "2027-01-22"),
            ("2026-12-01", 12, "2027-12-01"),
            ("2026-03-31", -1, "2026-02-28"),
            ("2026-01-15", -1, "2025-12-15"),
            ("2026-01-15", -25, "2023-12-15"),
            ("9999-01-31", 1, "9999-02-28"),
            ("9998-12-31", 12, "9999-12-31"),
            ("0001-02-01", -1, "0001-01-01"),
        ],
    )
    def test_months(self, day: str, months: int, expected: str) -> None:
        """A month later is the same day, or the last of a shorter month."""
        assert calendar.add_months(date.fromisoformat(day), months).isoformat() == expected

    def test_years(self) -> None:
        """29 February becomes 28 February in a common year and stays in a leap year."""
        assert calendar.add_years(date(2024, 2, 29), 1) == date(2025, 2, 28)
        assert calendar.add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)

    def test_days(self) -> None:
        """Days are counted over the ends of months and years."""
        assert calendar.add_days(date(2026, 12, 31), 1) == date(2027, 1, 1)
        assert calendar.add_days(date(2026, 3, 1), -1) == date(2026, 2, 28)

    @pytest.mark.parametrize(
        ("add", "day", "count"),
        [
            (calendar.add_days, date.max, 1),
            (calendar.add_days, date.min, -1),
            (calendar.add_days, date(2026, 1, 1), 10**12),
            (calendar.add_months, date.max, 1),
            (calendar.add_months, date.min, -1),
            (calendar.add_years, date(2026, 1, 1), 8_000),
            (calendar.add_years, date(2026, 1, 1), 10**30),
        ],
    )
    def test_out_of_range(self, add: object, day: date, count: int) -> None:
        """A date past 9999 or before 0001 is a refusal, not an accident."""
        assert callable(add)
        with pytest.raises(Invalid, match="date_out_of_range"):
            add(day, count)


class TestWindows:
    """A window has one key for all of its days and ends on the last of them."""

    @pytest.mark.parametrize(
        ("day", "window", "key", "end"),
        [
            ("2026-11-22", "day", "2026-11-22", "2026-11-22"),
            ("2026-11-22", "week", "2026-W47", "2026-11-22"),
            ("2026-11-23", "week", "2026-W48", "2026-11-29"),
            ("2027-01-01", "week", "2026-W53", "2027-01-03"),
            ("2025-12-29", "week", "2026-W01", "2026-01-04"),
            ("2026-11-22", "month", "2026-11", "2026-11-30"),
            ("2024-02-01", "month", "2024-02", "2024-02-29"),
            ("2026-11-22", "year", "2026", "2026-12-31"),
            ("2026-11-22", "lifetime", "lifetime", None),
        ],
    )
    def test_windows(self, day: str, window: str, key: str, end: str | None) -> None:
        """Each kind of window names itself and knows its last day."""
        of = date.fromisoformat(day)
        assert calendar.window_key(of, window) == key
        assert calendar.window_end(of, window) == (date.fromisoformat(end) if end else None)

    @given(
        st.dates(date(1970, 1, 1), date(2200, 1, 1)),
        st.sampled_from(["day", "week", "month", "year"]),
    )
    def test_key_changes_exactly_after_the_end(self, day: date, window: str) -> None:
        """The last day has the key of every day before it in the window; the next has another."""
        key = calendar.window_key(day, window)
        end = calendar.window_end(day, window)
        assert end is not None
        assert day <= end
        assert calendar.window_key(end, window) == key
        assert calendar.window_key(end + timedelta(days=1), window) != key

    @pytest.mark.parametrize("window", ["day", "week", "month", "year", "lifetime"])
    def test_windows_within(self, window: str) -> None:
        """Wherever so many days begin, they are in no more windows, and somewhere in as many."""
        days = [date(2020, 1, 1) + timedelta(days=number) for number in range(7 * 366)]
        keys = [calendar.window_key(day, window) for day in days]
        numbers = list(accumulate(a != b for a, b in pairwise([keys[0], *keys])))
        for length in (*range(1, 70), *range(360, 370)):
            spans = zip(numbers, numbers[length - 1 :], strict=False)
            most = max(last - first + 1 for first, last in spans)
            assert calendar.windows_within(length, window) == most, length

    def test_unknown_window(self) -> None:
        """Another word is refused with the words that are known."""
        with pytest.raises(Invalid, match="day, week, month, year, lifetime"):
            calendar.window_key(date(2026, 11, 22), "fortnight")
        with pytest.raises(Invalid, match="unknown_window"):
            calendar.window_end(date(2026, 11, 22), "")
        with pytest.raises(Invalid, match="unknown_window"):
            calendar.windows_within(3, "order")

    def test_month_of(self) -> None:
        """Month buckets are named like months."""
        assert calendar.month_of(date(2026, 3, 1)) == "2026-03"
