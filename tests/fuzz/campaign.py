"""Many chapters on all cores: what came of them, and whether anything was missed."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tests.fuzz import chapter
from tests.fuzz.chapter import Answered, Outcome, Violation
from tests.journeys.world import local_contract

_TELL_EVERY: Final = 10
_SERVER_FAULTS: Final = range(500, 600)


class Summary(NamedTuple):
    """What a campaign came to; ``fault`` is the first one, at which it stopped."""

    seed: int
    requests: int
    seconds: float
    outcomes: Counter[Outcome]
    fault: Violation | None

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        found: Counter[int] = Counter()
        for (_, status, _), count in self.outcomes.items():
            found[status] += count
        return found

    @property
    def server_faults(self) -> int:
        """How many answers were a 5xx."""
        return sum(self.statuses[status] for status in _SERVER_FAULTS)

    @property
    def never_accepted(self) -> list[str]:
        """The operations that were never answered with a success."""
        accepted = {name for name, status, _ in self.outcomes if status < 300}
        return sorted(_names() - accepted)

    @property
    def codes(self) -> Counter[str]:
        """How often each code of refusal was answered."""
        found: Counter[str] = Counter()
        for (_, _, code), count in self.outcomes.items():
            found[code] += count
        del found[""]
        return found


def run(
    seed: int, requests: int, workers: int, tell: Callable[[int, float], None] = lambda *_: None
) -> Summary:
    """Send that many requests from ``workers`` processes; ``tell`` is called now and then."""
    started = time.monotonic()
    outcomes: Counter[Outcome] = Counter()
    done = 0
    fault = None
    parts = _parts(seed, requests)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for number, result in enumerate(pool.imap_unordered(_run, parts), 1):
            done += result.requests
            outcomes += result.outcomes
            if number % _TELL_EVERY == 0:
                tell(done, time.monotonic() - started)
            if (fault := result.fault) is not None:
                break
    return Summary(seed, done, time.monotonic() - started, outcomes, fault)


def _parts(seed: int, requests: int) -> Iterator[tuple[int, int, int]]:
    for first in range(0, requests, chapter.LENGTH):
        yield seed, first, min(chapter.LENGTH, requests - first)


def _run(part: tuple[int, int, int]) -> Answered:
    return chapter.run(*part)


def _names() -> set[str]:
    return {str(each.entry["operationId"]) for each in local_contract().operations}
