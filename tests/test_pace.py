"""A bound on what work costs is held against the pace of the machine, and still bounds."""

from __future__ import annotations

import pytest

from tests import pace


@pytest.mark.parametrize(
    ("cpu_s", "slowness", "is_within"),
    [(0.9, 1.0, True), (1.0, 1.0, False), (1.9, 2.0, True), (2.0, 2.0, False)],
)
def test_within_a_second(
    monkeypatch: pytest.MonkeyPatch, cpu_s: float, slowness: float, *, is_within: bool
) -> None:
    """What takes twice as long where all work does is within its bound; what takes more is not."""
    monkeypatch.setattr(pace, "slowness", lambda: slowness)

    assert pace.within(cpu_s, 1.0) is is_within


@pytest.mark.parametrize(("piece_s", "slowness"), [(0.012, 1.0), (0.024, 1.0), (0.06, 2.5)])
def test_slowness(monkeypatch: pytest.MonkeyPatch, piece_s: float, slowness: float) -> None:
    """It is what the piece of work takes most often, and no machine is too quick."""
    pieces = iter([5.0, 0.001, *[piece_s] * 7])
    monkeypatch.setattr(pace, "_piece_s", lambda: next(pieces))

    assert pace.slowness() == pytest.approx(slowness)
