"""What of an activity a rule counts: which of its lines are in scope."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger.activity import Activity, units
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.programme.fields import LineScope


class Basis(Struct, frozen=True):
    """What of an activity a rule counts: lines in scope, their money and their quantity."""

    lines: tuple[Line, ...]
    amount: int
    quantity: int


def basis(activity: Activity, scope: LineScope) -> Basis | None:
    """
    Return what of an activity is in scope, or ``None`` where no line is.

    An activity without lines counts as one line of its own category.
    """
    lines = activity.lines or (Line("", activity.amount or 0, units(activity), activity.category),)
    chosen = tuple(line for line in lines if in_scope(line, scope))
    if not chosen:
        return None
    if len(chosen) == len(lines):
        return Basis(activity.lines, activity.amount or 0, units(activity))
    return Basis(
        chosen if activity.lines else (),
        sum(line.amount for line in chosen),
        sum(line.quantity for line in chosen),
    )


def in_scope(line: Line, scope: LineScope) -> bool:
    """Tell whether a line is among those included, and not excluded."""
    include, exclude = scope.include, scope.exclude
    if line.category in exclude.categories or line.sku in exclude.skus:
        return False
    if not include.categories and not include.skus:
        return True
    return line.category in include.categories or line.sku in include.skus
