"""What a replay led to, in the one form in which the server's answer and our own are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Holdings(NamedTuple):
    """What became of one member: how many purchases were accepted, the points, and the tier."""

    accepted: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0
    available: int = 0
    tier: str = ""


@dataclass
class Outcome:
    """
    What became of all: members by customer number, and refusals by what was asked and why.

    The keys of ``refused`` are pairs such as ``("redemption", "limit_reached")``.
    """

    members: dict[str, Holdings] = field(default_factory=dict)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def total(self, name: str) -> int:
        """Return the sum over all members of one of their numbers."""
        return sum(int(getattr(holdings, name)) for holdings in self.members.values())

    def tiers(self) -> Counter[str]:
        """Return how many members hold each tier."""
        return Counter(holdings.tier for holdings in self.members.values())

    def refusals(self, what: str) -> dict[str, int]:
        """Return how often each reason was given for refusing that."""
        return {code: n for (kind, code), n in sorted(self.refused.items()) if kind == what}


TOTALS = ("accepted", "issued", "redeemed", "expired", "available")


def differences(server: Outcome, expected: Outcome) -> Iterator[str]:
    """Say everything in which the server's outcome differs from the expected one."""
    yield from _differing("members", len(server.members), len(expected.members))
    for name in TOTALS:
        yield from _differing(name, server.total(name), expected.total(name))
    for (what, why), is_, should in _paired(server.refused, expected.refused):
        yield from _differing(f"{what} refused, {why}", is_, should)
    for tier, is_, should in _paired(server.tiers(), expected.tiers()):
        yield from _differing(f"members in {tier}", is_, should)
    for customer in sorted(server.members.keys() | expected.members.keys()):
        ours, theirs = expected.members.get(customer), server.members.get(customer)
        if ours is None or theirs is None:
            yield f"customer {customer} is {'unknown to the server' if ours else 'unexpected'}"
            continue
        for name in Holdings._fields:
            has, ought = getattr(theirs, name), getattr(ours, name)
            yield from _differing(f"customer {customer}: {name}", has, ought)


def _differing(what: str, is_: object, should: object) -> Iterator[str]:
    if is_ != should:
        yield f"{what}: the server has {is_}, expected {should}"


def _paired(server: Counter[K], expected: Counter[K]) -> Iterator[tuple[K, int, int]]:
    for key in sorted(server.keys() | expected.keys(), key=str):
        yield key, server[key], expected[key]
