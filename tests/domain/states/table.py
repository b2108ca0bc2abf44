"""
Tables of what every command does in every state: each cell is a test of its own.

A table says of each state what comes of each command: a refusal by its code, or what then is, in
the words of its subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.domain.errors import LoyaltyError

Table = Mapping[str, Mapping[str, str]]


def every_cell(table: Table, commands: Mapping[str, Any]) -> pytest.MarkDecorator:
    """Make a test of (state, command, outcome) of every cell, of which none may be missing."""
    cells = []
    for state, row in table.items():
        if row.keys() != commands.keys():
            raise AssertionError(f"the row of {state} has not one cell for each command")
        cells += [pytest.param(state, *cell, id=f"{state}: {cell[0]}") for cell in row.items()]
    return pytest.mark.parametrize(("state", "command", "outcome"), cells)


def outcome_of(act: Callable[[], str]) -> str:
    """Return what comes of a command, or the code that it is refused with."""
    try:
        return act()
    except LoyaltyError as refusal:
        return refusal.code
