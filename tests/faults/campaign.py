"""
Many histories: over a range of seeds, in processes of their own, added up and told.

Each process is `python -m tests.faults` over its share of the seeds and tells what it found in
JSON, so that what a campaign runs is exactly what a replay runs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from tests.faults.checker import check
from tests.faults.exhaustive import Explored, explore
from tests.faults.history import History
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.record import Outcome
from tests.faults.scripts import PAIRS, Pair
from tests.faults.simulation import Simulation
from tests.faults.world import scenarios

ROOT: Final = Path(__file__).parents[2]
#: The seed at which each planted bug was caught the last time: `keep_caught` writes it.
CAUGHT: Final = Path(__file__).with_name("caught.json")


class Violation(Struct, frozen=True):
    """What one seed was caught at."""

    seed: int
    found: list[str]


class Tally(Struct):
    """What came of so many histories."""

    histories: int = 0
    calls: Counter[str] = msgspec.field(default_factory=Counter)
    fired: Counter[str] = msgspec.field(default_factory=Counter)
    answers: dict[str, Counter[str]] = msgspec.field(default_factory=dict)
    violations: list[Violation] = msgspec.field(default_factory=list)
    digest: str = ""

    def add(self, history: History, found: list[str]) -> None:
        """Count one history."""
        self.histories += 1
        self.calls.update(history.calls)
        self.fired.update({fault.value: n for fault, n in history.fired.items()})
        for intent in history.intents:
            result = self.answers.setdefault(intent.operation.name, Counter())
            for delivery in intent.deliveries:
                result.update(map(_word, delivery.outcomes or [Outcome("open")]))
        if found:
            self.violations.append(Violation(history.seed, found))

    def join(self, other: Tally) -> None:
        """Add what another process counted."""
        self.histories += other.histories
        self.calls.update(other.calls)
        self.fired.update(other.fired)
        for name, result in other.answers.items():
            self.answers.setdefault(name, Counter()).update(result)
        self.violations += other.violations


def _word(outcome: Outcome) -> str:
    return "replayed" if outcome.replayed else outcome.kind


def play(seed: int, mutant: Mutant | None = None, *, keep_trace: bool = False) -> History:
    """Run one history, checked; ``violations`` of what it returns are all that was wrong."""
    # Where histories begin is made once in a process, so never with a bug.
    scenarios()
    planted: AbstractContextManager[None] = mutant.planted() if mutant else nullcontext()
    with planted:
        history = (
            Simulation(seed, ledger=mutant.ledger, keep_trace=keep_trace).run()
            if mutant
            else Simulation(seed, keep_trace=keep_trace).run()
        )
        # What was wrong at a step explains the rest; the checker sees what only the end shows.
        history.violations = history.violations or check(history)
    return history


def play_all(seeds: Iterable[int], mutant: Mutant | None = None) -> Tally:
    """Run histories in this process; of a mutant no more than until it is caught."""
    tally = Tally()
    for seed in seeds:
        history = play(seed, mutant)
        tally.add(history, history.violations)
        if mutant and history.violations:
            break
    return tally


def _counted(_kind: type, result: dict[str, int]) -> Counter[str]:
    # A counter is a dictionary on the way from process to process.
    return Counter(result)


def spread(first: int, count: int, processes: int) -> Tally:
    """Run histories in so many processes."""
    commands = [
        [*_command(), "--seeds", f"{first + number}:{first + count}:{processes}"]
        for number in range(processes)
    ]
    tally = Tally()
    for output in _outputs(commands):
        tally.join(msgspec.json.decode(output, type=Tally, dec_hook=_counted))
    tally.violations.sort(key=lambda violation: violation.seed)
    return tally


def walk(pairs: Iterable[Pair], processes: int) -> Explored:
    """Walk these pairs of scripts, in so many processes; a violation ends its pair."""
    numbers = [str(PAIRS.index(pair)) for pair in pairs]
    shares = [numbers[first::processes] for first in range(processes)]
    commands = [[*_command(), "--walk", ",".join(share)] for share in shares if share]
    walked = Explored()
    for output in _outputs(commands):
        walked.join(msgspec.json.decode(output, type=Explored))
    return walked


def walk_here(numbers: Iterable[int]) -> Explored:
    """Do a share of a walk in this process."""
    walked = Explored()
    for number in numbers:
        walked.join(explore(PAIRS[number]))
    return walked


def hunt(names: Iterable[str], limit: int, processes: int) -> dict[str, int | None]:
    """
    Return the seed at which each planted bug is caught, ``None`` where it survives them all.

    Where it was caught the last time is tried first, then every seed below ``limit``: while
    histories are drawn as they were, that takes one history each.
    """
    shares = [list(names)[number::processes] for number in range(processes)]
    commands = [
        [*_command(), "--hunt", ",".join(share), "--limit", str(limit)] for share in shares if share
    ]
    caught: dict[str, int | None] = {}
    for output in _outputs(commands):
        caught.update(msgspec.json.decode(output, type=dict[str, int | None]))
    return caught


def hunt_here(names: Iterable[str], limit: int) -> dict[str, int | None]:
    """Do a share of a hunt in this process."""
    known: dict[str, int] = msgspec.json.decode(CAUGHT.read_bytes())
    caught: dict[str, int | None] = {}
    for name in names:
        seeds = chain([known[name]] if known.get(name, limit) < limit else [], range(limit))
        found = play_all(seeds, MUTANTS[name]).violations
        caught[name] = found[0].seed if found else None
    return caught


def keep_caught(caught: Mapping[str, int | None]) -> None:
    """Keep the seeds at which planted bugs were caught, for the next hunt."""
    seeds = {name: seed for name, seed in sorted(caught.items()) if seed is not None}
    CAUGHT.write_bytes(msgspec.json.format(msgspec.json.encode(seeds)) + b"\n")


def lines(tally: Tally, seconds: float) -> Iterator[str]:
    """Tell a tally in words."""
    rate = tally.histories / seconds
    yield f"{tally.histories:,} histories in {seconds:.0f} s ({rate:.1f}/s)"
    yield f"{tally.calls.total():,} calls to DynamoDB: {_listed(tally.calls)}"
    yield f"{tally.fired.total():,} faults fired: {_listed(tally.fired)}"
    for name, result in sorted(tally.answers.items()):
        yield f"  {name}: {_listed(result)}"
    yield f"{len(tally.violations)} histories with a violation"
    yield from (replay(violation) for violation in tally.violations[:20])


def replay(violation: Violation) -> str:
    """Tell what a seed was caught at, and how to see it again."""
    return f"{violation.found[0]}; replay: python -m tests.faults --seed {violation.seed}"


def timed(first: int, count: int, processes: int) -> tuple[Tally, float]:
    """Run histories in so many processes, and tell how many seconds that took."""
    began = time.monotonic()
    return spread(first, count, processes), time.monotonic() - began


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def _command() -> list[str]:
    return [sys.executable, "-m", "tests.faults"]


def _outputs(commands: list[list[str]]) -> Iterator[bytes]:
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for command in commands]
    try:
        for process in started:
            output, _ = process.communicate()
            if process.returncode:
                raise RuntimeError(f"a process of the campaign ended with {process.returncode}")
            yield output
    finally:
        for process in started:
            process.kill()
            process.wait()
