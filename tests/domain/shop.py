"""A programme that offers rewards, and members who can pay for them."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.decide.claims import TakeFrom
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    Member,
    fixed,
    points,
    programme,
    rule,
)


def shop(*items: dict[str, Any], currency: dict[str, Any] | None = None, **parts: Any) -> Programme:
    """Return a programme whose visits earn 100 and that offers these rewards."""
    return programme(
        rule("visit", fixed(100)),
        currencies=[currency or points()],
        rewards=list(items),
        **parts,
    )


def rich(*items: dict[str, Any], value: int = 1_000, **parts: Any) -> Member:
    """Return a member of such a programme with so much to spend."""
    member = Member(shop(*items, **parts))
    if value:
        member.adjust(value, "2026-01-06")
    return member


def taken(claim: Any) -> tuple[str, int, int]:
    """Return from which counter a claim takes, how much, and how much may be taken in all."""
    assert isinstance(claim, TakeFrom)
    return claim.counter, claim.amount, claim.limit
