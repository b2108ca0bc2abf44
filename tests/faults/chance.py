"""Where a history's choices come from: a seed, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Choices that follow from a seed; the same seed makes the same choices in the same order."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chance, not secrecy

    def below(self, bound: int) -> int:
        """Return a number from 0 up to, not including, the bound."""
        return int(self._random.random() * bound)

    def percent(self, share: int) -> bool:
        """Answer true in so many of a hundred cases."""
        return self._random.random() * 100 < share

    def fraction(self) -> float:
        """Return a number from 0 up to 1."""
        return self._random.random()

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, all alike."""
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """Return one of the options, each by its weight; one weight at least is above zero."""
        place = self.below(sum(weight for _, weight in options))
        for option, weight in options:
            if place < weight:
                return option
            place -= weight
        raise AssertionError("the place is below the sum of the weights")
