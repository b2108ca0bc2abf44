"""Two workers with two requests each on one account: every order of their calls, every death."""

from __future__ import annotations

import os

import pytest

from tests.faults.broken_stores import (
    NoVersionGuard,
    RemainingUnguarded,
    StockOutside,
    UnchangedUnguarded,
)
from tests.faults.campaign import walk
from tests.faults.exhaustive import explore
from tests.faults.mutants import CHECKED_ONCE
from tests.faults.scripts import DISOWNED, FEW, PAIRS, PARTED, REVERSED, Pair
from tests.faults.world import LedgerOver


def test_every_run_holds() -> None:
    """
    No order of calls and no death at any place breaks an invariant.

    With ``TESSERA_ALL_PAIRS`` set, of every pair of scripts: that takes minutes.
    """
    pairs = PAIRS if os.environ.get("TESSERA_ALL_PAIRS") else FEW
    walked = walk(pairs, os.cpu_count() or 1)
    print(f"{walked.runs} runs, {walked.states} states, {walked.calls} calls")  # noqa: T201

    assert walked.found == []
    assert walked.runs > 100 * len(pairs)


@pytest.mark.parametrize(
    ("pair", "ledger"),
    [
        (REVERSED, NoVersionGuard),
        (FEW[0], StockOutside),
        (REVERSED, RemainingUnguarded),
        (PARTED, UnchangedUnguarded),
    ],
    ids=["no-version-guard", "stock-outside", "remaining-unguarded", "unchanged-unguarded"],
)
def test_a_planted_bug_is_found(pair: Pair, ledger: LedgerOver) -> None:
    """A walk finds what it should, without any death: it does not pass by being blind."""
    assert explore(pair, kills=0, ledger=ledger).found != []


def test_a_delegate_is_asked_for_by_each_attempt() -> None:
    """Who may no more when a write is decided anew is found to have written, if nobody asks."""
    assert explore(DISOWNED, kills=0).found == []
    with CHECKED_ONCE.planted():
        assert explore(DISOWNED, kills=0).found != []
