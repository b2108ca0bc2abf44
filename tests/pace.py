"""
How quick this machine is just now, for tests that bound what work may cost.

A bound is so many seconds of CPU on the machine on which it was set.  On another, or while others
use the same cores, the same work takes more of them: so what is above its bound is measured against
a fixed piece of work, which is done then and there.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Final, TypeVar

T = TypeVar("T")

#: What the piece of work takes on the machine on which bounds were set: seconds of CPU.
_PIECE_S: Final = 0.024
_PIECES: Final = 9
_ROUNDS: Final = 50
_DOCUMENT: Final = {
    f"line-{number}": {"amount": number, "tags": ["a", "b"], "name": "x" * 20}
    for number in range(200)
}


def within(cpu_s: float, bound_s: float) -> bool:
    """Tell whether work that took so much CPU a moment ago is within its bound."""
    return cpu_s < bound_s or cpu_s < bound_s * slowness()


def calls_of(act: Callable[[], T]) -> tuple[T, int]:
    """Return what work returns, and how many functions it called: the same on every machine."""
    calls = 0

    def count(_frame: object, event: str, _of: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        result = act()
    finally:
        sys.setprofile(None)
    return result, calls


def slowness() -> float:
    """Return how many times as long as where bounds were set work takes now, one at least."""
    return max(1.0, median(_piece_s() for _ in range(_PIECES)) / _PIECE_S)


def _piece_s() -> float:
    """Do what requests do most: read and write JSON, look up, add, compare."""
    began = time.process_time()
    for _ in range(_ROUNDS):
        read = json.loads(json.dumps(_DOCUMENT))
        total = 0
        for name in sorted(read):
            line = read[name]
            total += line["amount"] * 3 // 2 + len(line["tags"])
            line["total"] = f"{name}:{total}"
    return time.process_time() - began
