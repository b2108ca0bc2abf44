"""
Local days computed from the bytes of the zone files alone: no `zoneinfo`, no `calendar`.

A zone is a list of pieces of time with one offset each.  The last instant at which a wall calendar
shows a date before some day is the latest over all pieces in which it does; from then on the date
is that day or later, and never earlier again.  That is arithmetic on integers: no wall time that
is missing or doubled comes into it.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY_S: Final = 86_400
# No offset is so far from UTC.
_NEAR_S: Final = 3 * _DAY_S
_FOREVER: Final = 2**62
# Rules are spelt out up to this year; no test looks further.
_HORIZON: Final = 2101

_HEADER: Final = struct.Struct(">4sc15x6l")
_NAME: Final = r"(?:[A-Za-z]+|<[^>]+>)"
_OFFSET: Final = r"([+-]?[0-9:]+)"
_CHANGE: Final = r"M(\d+)\.(\d)\.(\d)(?:/([+-]?[0-9:]+))?"
_RULE: Final = re.compile(rf"{_NAME}{_OFFSET}{_NAME}{_OFFSET}?,{_CHANGE},{_CHANGE}")


class Zone(NamedTuple):
    """The instants (seconds) from which an offset (seconds) holds; the first begins long ago."""

    since: tuple[int, ...]
    offsets: tuple[int, ...]

    def date_at(self, instant: int) -> date:
        """Return the date on the wall calendar at an instant in milliseconds."""
        second = instant // 1000
        offset = self.offsets[bisect_right(self.since, second) - 1]
        return date.fromordinal(_EPOCH + (second + offset) // _DAY_S)

    def day_start(self, day: date) -> int:
        """Return the instant in milliseconds from which the date is this day or a later one."""
        midnight = _midnight(day)
        latest = midnight - _NEAR_S
        for place in range(bisect_right(self.since, latest) - 1, len(self.since)):
            begins = self.since[place]
            if begins > midnight + _NEAR_S:
                break
            ends = self.since[place + 1] if place + 1 < len(self.since) else _FOREVER
            earlier_until = min(ends, midnight - self.offsets[place])
            if earlier_until > begins:
                latest = max(latest, earlier_until)
        return latest * 1000

    def changes(self, first: date, last: date) -> Iterator[date]:
        """Yield the days (in UTC) on which the offset changes, from one day to another."""
        for second in self.since:
            if _midnight(first) <= second < _midnight(last):
                yield date.fromordinal(_EPOCH + second // _DAY_S)


@cache
def read(name: str) -> Zone:
    """Read a zone from the bundled files."""
    return parse(data_of(name))


@cache
def data_of(name: str) -> bytes:
    """Return the bytes of a zone's file; links have those of what they link to."""
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


def parse(data: bytes) -> Zone:
    """Read the second data block of a TZif file (RFC 9636), with 64-bit times, and its footer."""
    start = _HEADER.size + _block_size(_counts(data, 0), 4)
    counts = _counts(data, start)
    times, types = counts[3], counts[4]
    at = start + _HEADER.size
    since = struct.unpack_from(f">{times}q", data, at)
    kinds = data[at + 8 * times : at + 9 * times]
    known = [struct.unpack_from(">l", data, at + 9 * times + 6 * n)[0] for n in range(types)]
    # Before the first change the first type holds.
    changes = [(-_FOREVER, known[0]), *zip(since, (known[kind] for kind in kinds), strict=True)]
    footer = data[at + _block_size(counts, 8) :].strip(b"\n").decode("ascii")
    if "," in footer:
        last = changes[-1][0]
        changes += [change for change in sorted(_by_rule(footer, last)) if change[0] > last]
    return Zone(tuple(second for second, _ in changes), tuple(offset for _, offset in changes))


def _counts(data: bytes, at: int) -> list[int]:
    magic: bytes
    magic, version, *counts = _HEADER.unpack_from(data, at)
    assert magic == b"TZif"
    assert version >= b"2"
    return counts


def _block_size(counts: list[int], width: int) -> int:
    isut, isstd, leap, times, types, characters = counts
    return times * (width + 1) + types * 6 + characters + leap * (width + 4) + isstd + isut


def _by_rule(footer: str, after: int) -> Iterator[tuple[int, int]]:
    """Yield the changes of a POSIX rule such as `EST5EDT,M3.2.0,M11.1.0`, year by year."""
    rule = _RULE.fullmatch(footer)
    assert rule is not None, f"not a rule of months: {footer}"
    standard = -_seconds(rule[1])
    summer = -_seconds(rule[2]) if rule[2] else standard + 3600
    first = max(date.fromordinal(_EPOCH + after // _DAY_S).year, 1900)
    for year in range(first, _HORIZON):
        for change, before, then in (
            (rule.groups()[2:6], standard, summer),
            (rule.groups()[6:], summer, standard),
        ):
            month, week, weekday, time = change
            day = _nth(year, int(month), int(week), int(weekday))
            yield _midnight(day) + _seconds(time or "2") - before, then


def _nth(year: int, month: int, week: int, weekday: int) -> date:
    """Return the first, second … weekday (0 = Sunday) of a month; the fifth is the last."""
    first = date(year, month, 1).toordinal()
    day = first + (weekday - first % 7) % 7 + 7 * (week - 1)
    while date.fromordinal(day).month != month:
        day -= 7
    return date.fromordinal(day)


def _seconds(text: str) -> int:
    """Return the seconds of `[+-]h[:m[:s]]`."""
    sign = -1 if text.startswith("-") else 1
    parts = text.lstrip("+-").split(":")
    return sign * sum(int(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def _midnight(day: date) -> int:
    return (day.toordinal() - _EPOCH) * _DAY_S
