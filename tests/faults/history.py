"""What a seed led to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from chalicelib.domain.ledger.calendar import Instant
from tests.faults.faults import InjectedFault
from tests.faults.play import Play
from tests.faults.record import Intent
from tests.faults.watch import Watch
from tests.faults.world import Scenario


@dataclass
class History:
    """
    One history: who asked for what, how often what failed, and what was wrong with it.

    ``settled`` says up to when the tick has settled all that was due, where it has, by tenant.
    """

    seed: int
    scenario: Scenario
    play: Play
    watch: Watch
    intents: list[Intent] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    fired: Counter[InjectedFault] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    settled: dict[str, Instant] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    digest: bytes = b""
