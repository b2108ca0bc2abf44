"""Seeded histories of concurrent requests and faults: every invariant holds at every end."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest

from tests.examples import SHARE
from tests.faults.campaign import ROOT, Tally, lines, play, replay, timed
from tests.faults.faults import InjectedFault
from tests.faults.operations import OPERATIONS

#: Fewer would leave some fault, or some answer, out.
HISTORIES: Final = 1000 if SHARE == 1 else 800


@pytest.fixture(scope="module")
def tally() -> Tally:
    """Run the histories that every change must pass, always the same."""
    done, seconds = timed(0, HISTORIES, os.cpu_count() or 1)
    print("\n".join(lines(done, seconds)))  # noqa: T201 - pytest shows it where a test fails
    return done


def test_invariants_hold(tally: Tally) -> None:
    """No history ends with a violation; one that did is told with its seed."""
    assert tally.histories == HISTORIES
    assert [replay(violation) for violation in tally.violations] == []


def test_every_fault_fires(tally: Tally) -> None:
    """Each kind of fault happened, and not only once: a fault that never fires finds nothing."""
    assert {fault.value: n for fault in InjectedFault if (n := tally.fired[fault.value]) < 10} == {}


def test_every_operation_is_answered(tally: Tally) -> None:
    """Each operation of the list was carried out, and written ones were replayed too."""
    for operation in OPERATIONS:
        result = tally.answers[operation.name]
        assert result["accepted"] + result["read"] >= 2, operation.name
        assert result["replayed"] or not operation.leaves, operation.name


@pytest.mark.parametrize("seed", [3])
def test_same_seed_same_history(seed: int) -> None:
    """A seed makes the same history here, a second time, and in another process."""
    first, second = play(seed), play(seed)
    elsewhere = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--seed", str(seed)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert first.digest == second.digest
    assert f"digest {first.digest.hex()}" in elsewhere.stdout


def test_seeds_differ() -> None:
    """Two seeds make two histories: what is compared above says something."""
    assert play(3).digest != play(4).digest
