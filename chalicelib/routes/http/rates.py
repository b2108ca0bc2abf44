"""
How many requests a credential may make: a bucket for each, which fills as time passes.

A limit of so many a minute is a bucket of that size which fills in a minute.  What is kept of one
is the instant at which it would be full (the generic cell rate algorithm), so it is a number and
needs no timer.  Each process counts what comes to it, without a call: what all of them let through
together is bounded by the throttle of the API and by how many of them may run.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, get_args

from chalicelib.domain.errors import Throttled
from chalicelib.routes.http.credentials import Kind, Principal

_WINDOW_S: Final = 60
_MICRO: Final = 1_000_000
_CREDENTIALS_MAX: Final = 4096


class Rates:
    """What credentials have left.  Safe to share between threads."""

    def __init__(self, per_minute: Mapping[Kind, int], wall_clock: Callable[[], int]) -> None:
        self._per_minute = per_minute
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        #: By tenant and actor: when the bucket is full again, in microseconds.
        self._full_at: OrderedDict[tuple[str, str], int] = OrderedDict()

    def take(self, principal: Principal, told: dict[str, str]) -> None:
        """
        Take one request of a credential, and say in headers what is left.

        Raises `Throttled` ``too_many_requests`` where none is.
        """
        limit = self._per_minute.get(principal.kind)
        if limit is None:
            return
        each = _WINDOW_S * _MICRO // limit
        now = self._wall_clock() * 1000
        who = principal.tenant, principal.actor
        with self._lock:
            full_at = max(self._full_at.get(who, 0), now)
            taken = full_at + each
            wait = taken - now - limit * each
            if wait <= 0:
                full_at = self._full_at[who] = taken
                self._full_at.move_to_end(who)
                if len(self._full_at) > _CREDENTIALS_MAX:
                    self._full_at.popitem(last=False)
        told["RateLimit-Limit"] = str(limit)
        told["RateLimit-Remaining"] = str((limit * each - (full_at - now)) // each)
        told["RateLimit-Reset"] = str(_seconds(full_at - now))
        told["RateLimit-Policy"] = f"{limit};w={_WINDOW_S}"
        if wait > 0:
            raise Throttled(
                "too_many_requests",
                f"This credential may make {limit:,} requests a minute. Slow down, and send it "
                "again.",
                retry_after=_seconds(wait),
            )


def limits_of(setting: str) -> dict[Kind, int]:
    """
    Return the requests a minute of each kind of a setting such as ``member=120,staff=600``.

    Raises `ValueError` where it is no such setting.
    """
    limits: dict[Kind, int] = {}
    for part in filter(None, map(str.strip, setting.split(","))):
        name, _, number = part.partition("=")
        kind = next((kind for kind in get_args(Kind) if kind == name.strip()), None)
        count = number.strip()
        if (
            kind is None
            or not (count.isascii() and count.isdecimal())
            or not 0 < int(count) <= _MOST
        ):
            known = ", ".join(get_args(Kind))
            raise ValueError(
                f"{part!r} is no limit: give one of {known}, `=`, and how many requests a minute, "
                f"{_MOST:,} at most"
            )
        limits[kind] = int(count)
    return limits


#: Beyond this a bucket would fill by less than a microsecond's worth of requests.
_MOST: Final = 1_000_000


def _seconds(microseconds: int) -> int:
    return -(-microseconds // _MICRO)
