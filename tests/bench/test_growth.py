"""An account stays small and an earn cheap, however long and busy its history."""

from __future__ import annotations

import pytest

from tests.bench import growth
from tests.bench.ground import Warm
from tests.journeys.world import Ground

WEEKS = growth.WEEKS_OF_FIVE_YEARS


@pytest.fixture(scope="module")
def warm(ground: Ground) -> Warm:
    """Return a clinic in a warm container."""
    return Warm(ground)


def test_five_years_of_weeks(warm: Warm) -> None:
    """After five years of weekly activity an earn costs what it did after one."""
    after_one, after_five = growth.earns(warm, "every week", 7, (53, WEEKS))

    for each in (after_one, after_five):
        assert each.body < growth.BODY_MAX_BYTES
        assert each.calls == growth.CALLS
        assert each.lots <= 54
        assert each.write_units <= 6
    assert after_five.body < 1.2 * after_one.body


def test_a_busy_year(warm: Warm) -> None:
    """Something every day makes as many lots as a year has days, and then no more."""
    first, full, later = growth.earns(warm, "every day", 1, (1, 367, 400))

    assert (first.lots, first.calls, first.write_units) == (1, growth.CALLS, 7)
    assert full.lots == later.lots == 366
    for each in (full, later):
        assert each.body < 1200
        assert each.calls == growth.CALLS
        assert each.write_units <= 8
