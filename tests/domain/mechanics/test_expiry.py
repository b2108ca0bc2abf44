"""How long value lasts, to the millisecond."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.programme.fields import Expiry
from tests.domain.building import fixed_day, rolling

NEVER = {"type": "never"}


class TestTerm:
    """The last day of value, and the instant at which that day is over."""

    @pytest.mark.parametrize(
        ("policy", "day", "expires_on"),
        [
            (rolling(days=1), "2026-02-28", "2026-03-01"),
            (rolling(days=365), "2026-02-01", "2027-02-01"),
            (rolling(months=1), "2026-01-31", "2026-02-28"),
            (rolling(months=1), "2028-01-31", "2028-02-29"),
            (rolling(months=1), "2026-02-28", "2026-03-28"),
            (rolling(months=13), "2026-12-31", "2028-01-31"),
            (rolling(months=12), "2028-02-29", "2029-02-28"),
            (rolling(years=1), "2028-02-29", "2029-02-28"),
            (rolling(years=4), "2028-02-29", "2032-02-29"),
            (rolling(months=3, round_up="year"), "2026-09-30", "2026-12-31"),
            (rolling(months=3, round_up="year"), "2026-10-01", "2027-12-31"),
            (rolling(days=1, round_up="year"), "2026-12-31", "2027-12-31"),
            (rolling(days=1, round_up="half"), "2026-06-29", "2026-06-30"),
            (rolling(days=1, round_up="quarter"), "2026-06-30", "2026-09-30"),
            (rolling(days=20, round_up="month"), "2026-01-11", "2026-01-31"),
            (rolling(days=21, round_up="month"), "2026-01-11", "2026-02-28"),
            (rolling(months=1, round_up="quarter"), "2026-02-28", "2026-03-31"),
            (rolling(months=1, round_up="quarter"), "2026-03-01", "2026-06-30"),
            (rolling(months=5, round_up="half"), "2026-01-31", "2026-06-30"),
            (rolling(months=6, round_up="half"), "2026-01-01", "2026-12-31"),
            (rolling(years=1, round_up="year"), "2026-12-31", "2027-12-31"),
            (fixed_day("2027-03-20"), "2026-02-01", "2027-03-20"),
            (fixed_day("2027-03-20"), "2027-04-01", "2027-03-20"),
            (fixed_day("12-31"), "2026-02-01", "2026-12-31"),
            (fixed_day("12-31"), "2026-12-31", "2026-12-31"),
            (fixed_day("03-20"), "2026-03-20", "2026-03-20"),
            (fixed_day("03-20"), "2026-03-21", "2027-03-20"),
            (fixed_day("12-31", min_days=90), "2026-10-02", "2026-12-31"),
            (fixed_day("12-31", min_days=90), "2026-10-03", "2027-12-31"),
            (fixed_day("12-31", min_days=400), "2026-10-03", "2027-12-31"),
            (fixed_day("02-29"), "2026-02-01", "2026-02-28"),
            (fixed_day("02-29"), "2027-03-01", "2028-02-29"),
        ],
    )
    def test_last_day(self, policy: dict[str, Any], day: str, expires_on: str) -> None:
        """T: months clamp to shorter ones, and round up; a yearly day is the first far enough."""
        term = expiry.term(msgspec.convert(policy, Expiry), date.fromisoformat(day), "UTC")

        assert term.expires_on == expires_on

    def test_never(self) -> None:
        """Value that never expires has neither a last day nor an instant."""
        term = expiry.term(msgspec.convert(NEVER, Expiry), date(2026, 2, 1), "UTC")

        assert term == expiry.NEVER == expiry.Term(None, None)

    @pytest.mark.parametrize(
        ("zone", "last", "expires_at"),
        [
            ("UTC", "2026-12-31", "2027-01-01T00:00:00Z"),
            ("Asia/Tehran", "2027-03-20", "2027-03-20T20:30:00Z"),
            ("Europe/London", "2026-03-28", "2026-03-29T00:00:00Z"),  # the clock changes at 01:00
            ("Europe/London", "2026-03-29", "2026-03-29T23:00:00Z"),
            ("Europe/London", "2026-10-25", "2026-10-26T00:00:00Z"),
            ("Asia/Kathmandu", "2026-05-01", "2026-05-01T18:15:00Z"),
            # Santiago has no midnight on 6 September 2026: 24:00 is 01:00.
            ("America/Santiago", "2026-09-05", "2026-09-06T04:00:00Z"),
            # And it repeats the hour from 23:00 on 4 April 2026: value lasts through both.
            ("America/Santiago", "2026-04-04", "2026-04-05T04:00:00Z"),
            # Beirut springs forward from 00:00 to 01:00 on 29 March 2026.
            ("Asia/Beirut", "2026-03-28", "2026-03-28T22:00:00Z"),
        ],
    )
    def test_instant(self, zone: str, last: str, expires_at: str) -> None:
        """The instant is the start of the next local day, wherever that begins."""
        term = expiry.until(date.fromisoformat(last), zone)

        assert format_instant(term.expires_at or 0) == expires_at

    @pytest.mark.parametrize(
        ("policy", "ok"),
        [
            (NEVER, True),
            (rolling(days=3), True),
            (rolling(), False),
            (rolling(days=3, months=1), False),
            (fixed_day("12-31"), True),
            (fixed_day("02-29"), True),
            (fixed_day("02-30"), False),
            (fixed_day("2027-02-28"), True),
            (fixed_day("2027-02-29"), False),
            (fixed_day("13-01"), False),
        ],
    )
    def test_problems(self, policy: dict[str, Any], *, ok: bool) -> None:
        """Only policies that lead to a day are accepted."""
        assert (expiry.problem_of(msgspec.convert(policy, Expiry)) is None) is ok
