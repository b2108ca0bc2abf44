"""
Mutants against tests: each in a copy of the tree, asked tier by tier until one kills it.

The copies lie in a temporary directory, one for each worker, so the tree itself never changes and
may be worked on meanwhile.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import msgspec
from msgspec import Struct

from tests.mutants import reach
from tests.mutants.ground import BESIDE, asked, files_for
from tests.mutants.operators import Mutant
from tests.mutants.reach import Chosen, Reached

#: A mutant may be so many times slower than the code before it counts as hung.
PATIENCE: Final = 4
#: Seconds that starting pytest may take on a busy machine.
START: Final = 60
#: A mutant that gathers without end is to hit a limit, not to take the machine along.
MEMORY: Final = 4 * 2**30
_LEFT: Final = (".*", "__pycache__", "build", "dist", "*.egg-info")
_OPTIONS: Final = (
    *("-x", "-q", "-p", "no:cacheprovider", "-m", "not http and not deployed"),
    *("-p", "_hypothesis_pytestplugin", "--hypothesis-profile=hurry", "--hypothesis-seed=0"),
    *("-p", "tests.mutants.hurry", "-p", "tests.mutants.reach"),
)
#: Plugins that these tests do not use take seconds to load.
_ENVIRONMENT: Final = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": ""}
_FAILED: Final = re.compile(r"(?m)^(?:FAILED|ERROR) (\S+)")
_PASSED, _MISUSED, _NO_TEST = 0, 4, 5


class BrokenGroundError(Exception):
    """The tests fail without any mutant, or cannot be run: nothing could be learnt."""


class Outcome(Struct, frozen=True):
    """What became of a mutant: the tier that killed it and how, or no tier."""

    mutant: Mutant
    tier: str | None
    by: str = ""  # the test that failed, or "timeout"


class Score(Struct, frozen=True):
    """Counts of a campaign."""

    mutants: int
    killed: int
    beside: int  # of these, killed by the tests beside the code
    timed_out: int  # of these, because they took too long

    def of(self, outcomes: int) -> str:
        """Say a count as a share of all."""
        return f"{outcomes} of {self.mutants} ({outcomes / max(self.mutants, 1):.1%})"


def score(outcomes: Sequence[Outcome]) -> Score:
    """Count what became of them."""
    killed = [each for each in outcomes if each.tier]
    beside = [each for each in killed if each.tier in BESIDE]
    late = [each for each in killed if each.by == "timeout"]
    return Score(len(outcomes), len(killed), len(beside), len(late))


def run(
    root: Path, mutants: Sequence[Mutant], tiers: Sequence[str], workers: int
) -> Iterator[Outcome]:
    """
    Try each mutant, and yield what became of it, as they end.

    Raises:
        BrokenGroundError: The tests fail on the code as it is.
    """
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            copies.put(copy(root, Path(directory) / str(number)))
        pool = ThreadPoolExecutor(workers)
        try:
            reached = list(pool.map(lambda tier: _reached(copies, mutants, tier), tiers))
            asking = list(zip(tiers, reached, strict=True))
            trials = [pool.submit(_trial, copies, each, asking) for each in mutants]
            for trial in as_completed(trials):
                yield trial.result()
        finally:
            # Who stops it waits for what runs, not for all that was to come.
            pool.shutdown(cancel_futures=True)


def copy(root: Path, to: Path) -> Path:
    """Copy the tree without what was made from it, and return where it lies."""
    shutil.copytree(root, to, ignore=shutil.ignore_patterns(*_LEFT))
    return to


@contextmanager
def planted(mutant: Mutant, tree: Path) -> Iterator[None]:
    """Have the mistake in a tree for a while."""
    file = tree / mutant.path
    source = file.read_text("utf-8")
    # Compiled code is told by second and size, and a mutant may share both with the code.
    compiled = Path(cache_from_source(str(file)))
    file.write_text(mutant.applied(source), "utf-8")
    compiled.unlink(missing_ok=True)
    try:
        yield
    finally:
        file.write_text(source, "utf-8")
        compiled.unlink(missing_ok=True)


def chosen(reached: Reached, mutant: Mutant, files: Sequence[str]) -> Chosen:
    """
    Return the tests of files that call the function of a mutant, the quickest first.

    A mistake that stands outside of all functions may matter to any of them.
    """
    name = f"{mutant.path}|{mutant.function}"
    place = reached.functions.index(name) if name in reached.functions else None
    everywhere = not mutant.function or place in reached.all_tests
    run: list[str] = []
    leave: list[str] = []
    for test, calls in reached.by_test.items():
        if test.partition("::")[0] in files:
            (run if everywhere or place in calls else leave).append(test)
    return Chosen(sorted(run, key=reached.seconds.__getitem__), leave)


def ask(
    tree: Path, files: Sequence[str], limit: float | None, **asked_of_plugin: str
) -> tuple[str | None, str]:
    """
    Run these tests in a tree; what else is asked for is asked of `reach`, by its environment.

    Returns the first that fails, "timeout", or None where all pass; and what pytest printed.

    Raises:
        BrokenGroundError: pytest was misused.
    """
    command = [sys.executable, "-m", "pytest", *_OPTIONS, *files]
    process = subprocess.Popen(
        command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, env=os.environ | _ENVIRONMENT | asked_of_plugin,
    )  # fmt: skip
    resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        return "timeout", ""
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode in {_PASSED, _NO_TEST}:
        return None, output
    # Modules that cannot even be imported end pytest where it reads `conftest.py`.
    if process.returncode == _MISUSED and "ImportError while loading conftest" not in output:
        raise BrokenGroundError(output[-2000:])
    failed = _FAILED.search(output)
    return failed.group(1) if failed else "at the start", output


def told(outcomes: Sequence[Outcome], root: Path) -> Iterator[str]:
    """Yield lines that say what became of them: counts, then each survivor as a diff."""
    counted = score(outcomes)
    yield f"killed {counted.of(counted.killed)}, {counted.timed_out} of these by time"
    yield f"beside the code {counted.of(counted.beside)}"
    for tier, count in Counter(each.tier for each in outcomes if each.tier).items():
        yield f"  {tier}: {count}"
    survivors = [each.mutant for each in outcomes if each.tier is None]
    yield f"survived: {len(survivors)}"
    for mutant in sorted(survivors, key=lambda each: (each.path, each.line)):
        yield f"\n{mutant.path}:{mutant.line} {mutant.function} ({mutant.operator}, {mutant.key})"
        yield mutant.diff((root / mutant.path).read_text("utf-8"))


def _trial(
    copies: SimpleQueue[Path], mutant: Mutant, asking: Sequence[tuple[str, Reached]]
) -> Outcome:
    tree = copies.get()
    try:
        with planted(mutant, tree):
            for tier, reached in asking:
                if by := _killer(tree, mutant, tier, reached):
                    return Outcome(mutant, tier, by)
    finally:
        copies.put(tree)
    return Outcome(mutant, None)


def _killer(tree: Path, mutant: Mutant, tier: str, reached: Reached) -> str | None:
    tests = chosen(reached, mutant, files_for(tree, mutant.path, tier))
    if not tests.run:
        return None
    limit = START + PATIENCE * sum(reached.seconds[test] for test in tests.run)
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests.run))
    with tempfile.NamedTemporaryFile(prefix="chosen-", suffix=".json") as file:
        file.write(msgspec.json.encode(tests))
        file.flush()
        return ask(tree, files, limit, **{reach.RUN: file.name})[0]


def _reached(copies: SimpleQueue[Path], mutants: Sequence[Mutant], tier: str) -> Reached:
    # On the code as it is; if a test fails there, every mutant would seem killed.
    tree = copies.get()
    try:
        files = asked(tree, mutants, tier)
        if not files:
            return Reached([], [], {}, {})
        with tempfile.NamedTemporaryFile(prefix="reached-", suffix=".json") as file:
            failed, _ = ask(tree, files, None, **{reach.NOTE: file.name})
            if failed:
                raise BrokenGroundError(f"{failed} fails without any mutant")
            return msgspec.json.decode(file.read(), type=Reached)
    finally:
        copies.put(tree)
