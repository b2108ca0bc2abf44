"""What of an activity a programme counts: in its own money, and which of the lines are in scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.activity import Activity, units
from chalicelib.domain.ledger.events import Evaluation, Line
from chalicelib.domain.programme.fields import LineScope

if TYPE_CHECKING:
    from chalicelib.domain.programme.document import Programme

_EVERY: Final = LineScope()


class Basis(Struct, frozen=True):
    """What of an activity a rule counts: lines in scope, their money and their quantity."""

    lines: tuple[Line, ...]
    amount: int
    quantity: int


def evaluated(activity: Activity, evaluation: Evaluation) -> Activity:
    """Return a recorded activity with what a law let earn nothing when it was evaluated."""
    if not evaluation.barred:
        return activity
    ids = [line.id for line in activity.lines] or [""]
    return replace(activity, barred=frozenset(ids[place] for place in evaluation.barred))


def in_money_of(programme: Programme, activity: Activity) -> tuple[Activity, str]:
    """
    Return an activity as a programme counts it, and why its money is left out, if it is.

    Money of another currency counts by the programme's rate for it, line by line, halves up; where
    there is none it counts as no money, so that what was done counts and spend does not.  What a
    law bars is in no scope, and its money is none of the amount.
    """
    found, why = _in_money_of(programme, activity)
    if activity.barred and found.amount is not None:
        counting = (line.amount for line in found.lines if line.id not in found.barred)
        # What is left may be a deduction alone, which was of what is barred.
        found = replace(found, amount=max(sum(counting), 0))
    return found, why


def _in_money_of(programme: Programme, activity: Activity) -> tuple[Activity, str]:
    unit, given = programme.money.currency, activity.money
    if given is None or given == unit:
        return activity, ""
    rate = programme.money.rates.get(given)
    if rate is None:
        return _without_money(activity, f"it is in {given}, and there is no rate to {unit}")

    def converted(amount: int) -> int:
        return money.divide(amount * rate.amount, rate.per, "half_up")

    amount = activity.amount
    lines = tuple(replace(line, amount=converted(line.amount)) for line in activity.lines)
    if amount is not None:
        amount = sum(line.amount for line in lines) if lines else converted(amount)
    sums = [line.amount for line in lines if line.id not in activity.barred]
    if any(abs(each) > money.MAX_AMOUNT for each in (sum(sums) if lines else amount or 0, *sums)):
        return _without_money(activity, f"in {unit} it is more than {money.MAX_AMOUNT}")
    return replace(activity, amount=amount, money=unit, lines=lines), ""


def _without_money(activity: Activity, why: str) -> tuple[Activity, str]:
    lines = tuple(replace(line, amount=0) for line in activity.lines)
    return replace(activity, amount=None, lines=lines), f"its money counts for nothing: {why}"


def basis(activity: Activity, scope: LineScope) -> Basis | None:
    """
    Return what of an activity is in scope, or ``None`` where no line is.

    An activity without lines counts as one line of its own category, whose id is empty.
    """
    barred = activity.barred
    if scope == _EVERY and not barred:
        return Basis(activity.lines, activity.amount or 0, units(activity))  # as most rules are
    lines = activity.lines or (Line("", activity.amount or 0, units(activity), activity.category),)
    chosen = tuple(line for line in lines if line.id not in barred and in_scope(line, scope))
    if not chosen:
        return None
    if len(chosen) == len(lines):
        return Basis(activity.lines, activity.amount or 0, units(activity))
    return Basis(
        chosen if activity.lines else (),
        sum(line.amount for line in chosen),
        sum(line.quantity for line in chosen),
    )


def chosen(lines: Sequence[Line], scope: LineScope) -> tuple[Line, ...]:
    """Return the lines that are in a scope."""
    if scope == _EVERY:
        return tuple(lines)  # as most discounts are for, each of which is asked for each line
    return tuple(line for line in lines if in_scope(line, scope))


def in_scope(line: Line, scope: LineScope) -> bool:
    """Tell whether a line is among those included, and not excluded."""
    include, exclude = scope.include, scope.exclude
    if line.category in exclude.categories or line.sku in exclude.skus:
        return False
    if not include.categories and not include.skus:
        return True
    return line.category in include.categories or line.sku in include.skus
