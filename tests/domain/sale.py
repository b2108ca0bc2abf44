"""One sale of three lines, which tests of reversals take back."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.reversal import Reversed
from tests.domain.building import (
    PURCHASE,
    Member,
    line,
    per_amount,
    programme,
    rule,
)

LINES = (
    line("a", 3_000, "food", quantity=3),
    line("b", 2_050, "care", quantity=1),
    line("c", 1_000, "rx", quantity=2),
)
SPEND = rule("spend", per_amount(1, 100), on=PURCHASE)
NO_RX = {"exclude": {"categories": ["rx"]}}


def basket(*rules: dict[str, Any], lines: tuple[Line, ...] = LINES, **parts: Any) -> Member:
    """Return a member who made one purchase, named `sale`, on 1 February."""
    member = Member(programme(*(rules or (SPEND,)), **parts))
    member.basket("2026-02-01", *lines, name="sale")
    return member


def returned(result: Reversed) -> dict[str, int]:
    """Return how much came back, by currency."""
    return {each.currency: each.amount for each in result.returned}
