"""A short storm: ``make storm`` lets it rage at length."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine import storm
from tests.engine.storm import Storm

pytestmark = pytest.mark.http

OPERATIONS = 400


@pytest.fixture(scope="module")
def raged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    """Return what a storm came to, with its server still there."""
    with storm.raging(tmp_path_factory.mktemp("storm"), OPERATIONS, seed=1) as found:
        yield found


def test_every_client_knows_and_the_journal_agrees(raged: Storm) -> None:
    """Every operation has a definite answer, and its effect is there once or not at all."""
    assert len(raged.fates) == OPERATIONS
    assert {fate.wish.kind for fate in raged.fates} == {"earn", "redeem", "reverse", "cancel"}
    storm.check(raged)


def test_the_line_was_bad(raged: Storm) -> None:
    """Faults were done, not only drawn, in about the shares that were asked for."""
    assert 0.2 < raged.fired["throttled"] / raged.requests < 0.4
    assert 0.05 < raged.fired["lost"] / raged.requests < 0.15
    assert any(fate.tries > 1 for fate in raged.fates)


def test_a_lost_or_doubled_effect_would_be_noticed(raged: Storm) -> None:
    """What a client was told and is not there, or was not told and is, fails the check."""
    accepted = [fate for fate in raged.fates if fate.answer.status < 300]
    refused = [fate for fate in raged.fates if fate.answer.status >= 400]

    for fates in (accepted[1:], accepted[:-1], [*accepted, accepted[0]]):
        with pytest.raises(AssertionError):
            storm.check(raged._replace(fates=[*fates, *refused]))
