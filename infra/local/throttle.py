"""How many requests API Gateway lets through: a bucket that fills at a rate, up to a burst."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """
    Lets ``rate`` requests a second through, ``burst`` at once; safe under any number of threads.

    ``clock`` tells seconds that never jump back.
    """

    def __init__(self, rate: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._there: float = burst
        self._seen = clock()

    def lets_through(self) -> bool:
        """Take one request out of the bucket; ``False`` where it is empty."""
        with self._lock:
            now = self._clock()
            self._there = min(self._burst, self._there + (now - self._seen) * self._rate)
            self._seen = now
            if self._there < 1:
                return False
            self._there -= 1
            return True
