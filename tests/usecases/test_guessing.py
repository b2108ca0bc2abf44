"""Codes that are guessed: how many, by whom, for how long."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Throttled
from chalicelib.usecases.guessing import MISSES_MAX, WINDOW_MS, Guesses
from chalicelib.usecases.secrets import TenantSecrets
from tests.fakes.ledger import FakeLedger

SECRETS = TenantSecrets(lambda: b"r" * 32)
START = 100 * WINDOW_MS


class Process:
    """What one process knows of guesses, at a time that the test sets."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.now = START
        self._guesses = Guesses(ledger, SECRETS, lambda: self.now)

    def miss(self, times: int, kind: str = "member", actor: str = "member:a") -> None:
        """Name codes that nobody has."""
        for _ in range(times):
            self._guesses.check("clinic", actor)
            self._guesses.missed("clinic", kind, actor)

    def wait_s(self, actor: str = "member:a", tenant: str = "clinic") -> int:
        """Return for how many seconds somebody is locked out."""
        try:
            self._guesses.check(tenant, actor)
        except Throttled as refusal:
            return int(refusal.extensions["retry_after"])
        return 0


@pytest.mark.parametrize(("kind", "most"), MISSES_MAX.items())
def test_so_many_and_no_more(kind: str, most: int) -> None:
    """The last one that is let through locks out, until the window ends."""
    process = Process(FakeLedger())
    process.now += 1
    process.miss(most - 1, kind)
    assert process.wait_s() == 0

    process.miss(1, kind)
    assert process.wait_s() == WINDOW_MS / 1000
    process.now = START + WINDOW_MS - 1
    assert process.wait_s() == 1
    process.now = START + WINDOW_MS
    assert process.wait_s() == 0
    process.miss(most - 1, kind)
    assert process.wait_s() == 0


def test_others_are_not_affected() -> None:
    """Neither who has another credential, nor the same subject at another tenant."""
    process = Process(FakeLedger())
    process.miss(MISSES_MAX["member"])

    assert process.wait_s() > 0
    assert process.wait_s("member:b") == 0
    assert process.wait_s("staff:a") == 0
    assert process.wait_s(tenant="hospital") == 0


def test_processes_count_together() -> None:
    """Misses of all of them are one number; each learns of a lock by a miss of its own."""
    ledger = FakeLedger()
    first, second = Process(ledger), Process(ledger)
    first.miss(MISSES_MAX["member"] - 1)
    assert (first.wait_s(), second.wait_s()) == (0, 0)

    second.miss(1)
    assert (first.wait_s(), second.wait_s()) == (0, WINDOW_MS / 1000)
    first.miss(1)
    assert first.wait_s() == WINDOW_MS / 1000
