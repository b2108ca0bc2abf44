"""How a history goes wrong, drawn once for the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.faults.chance import Chance
from tests.faults.faults import DRAWN, InjectedFault
from tests.faults.record import Operation
from tests.faults.slots import COUNT
from tests.faults.world import MINUTE

# What can befall few calls comes as often as what can befall any; deaths come less often, since
# of one who is dead nothing more is seen.
_SHARES: Final[dict[InjectedFault, int]] = {
    InjectedFault.KILLED_BEFORE: 1,
    InjectedFault.KILLED_AFTER: 1,
    InjectedFault.FAILED_AFTER: 6,
    InjectedFault.DELAYED: 6,
    InjectedFault.REPEATED: 6,
    InjectedFault.CONFLICT: 6,
    InjectedFault.LOADED: 6,
    InjectedFault.UNPROCESSED: 6,
    InjectedFault.PAGED: 6,
    InjectedFault.STALE: 20,
}
# How far the clocks of two containers may be from the true time.
SKEW_MAX: Final = 5 * MINUTE


@dataclass
class Weather:
    """How a history goes wrong: which faults, how often; how busy it is."""

    percent: int
    faults: Sequence[tuple[InjectedFault, int]]
    operations: Sequence[tuple[Operation, int]]
    intents: int
    big_moves: int
    twice_percent: int
    alike_percent: int
    cold: bool
    ranked: bool
    skews: list[int]


def draw_weather(chance: Chance, operations: Sequence[Operation]) -> Weather:
    """
    Draw how a history goes: a few kinds of fault and of request more than the others.

    What is always mixed evenly seldom comes close together; this way it does.
    """
    kinds = [(fault, chance.pick((0, 2, 2, 8)) * _SHARES.get(fault, 2)) for fault in DRAWN]
    skew = chance.pick((0, 0, 0, 2_000, SKEW_MAX))
    favourites = [chance.pick(operations) for _ in range(4)]
    return Weather(
        percent=chance.pick((0, 10, 20, 30, 40, 50)),
        faults=[(fault, weight) for fault, weight in kinds if weight],
        operations=[(each, each.weight * (20 if each in favourites else 1)) for each in operations],
        intents=6 + chance.below(8),
        big_moves=chance.pick((0, 1, 2, 4)),
        twice_percent=chance.pick((0, 10, 30, 60)),
        alike_percent=chance.pick((0, 0, 30, 60)),
        cold=chance.percent(20),
        ranked=chance.percent(60),
        skews=[chance.below(2 * skew + 1) - skew for _ in range(COUNT)],
    )
