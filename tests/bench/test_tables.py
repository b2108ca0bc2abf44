"""Figures stand in columns, numbers to the right."""

from __future__ import annotations

from tests.bench.tables import Table


def test_layout() -> None:
    """Words are to the left, numbers to the right with their thousands, notes below."""
    table = Table("Things", ("name", "count"), (("a", 1), ("long name", 12_345.678)), ("So.",))

    assert str(table).splitlines() == [
        "Things",
        "--------------------",
        "name           count",
        "--------------------",
        "a                  1",
        "long name  12,345.68",
        "--------------------",
        "So.",
    ]
