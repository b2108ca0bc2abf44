"""Planted bugs: the simulation catches every one, or it is no proof of anything."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from tests.faults.campaign import ROOT, hunt, play
from tests.faults.mutants import MUTANTS

LIMIT: Final = 1000


def test_every_planted_bug_is_caught() -> None:
    """Each is caught within 1,000 seeds."""
    caught = hunt(MUTANTS, LIMIT, os.cpu_count() or 1)
    print(caught)  # noqa: T201 - pytest shows it where the test fails

    assert caught.keys() == MUTANTS.keys()
    assert [name for name, seed in caught.items() if seed is None] == []


def test_what_was_planted_is_taken_out_again() -> None:
    """After a mutant the same seed runs clean."""
    mutant = MUTANTS["restore-to-new-expiry"]
    with mutant.planted():
        pass

    assert play(3).violations == []


def test_a_caught_bug_replays() -> None:
    """The line that a failure prints shows it again, with the bug planted."""
    shown = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--seed", "0", "--mutant", "no-dedupe-record"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert shown.returncode == 1
    assert "VIOLATION" in shown.stdout
