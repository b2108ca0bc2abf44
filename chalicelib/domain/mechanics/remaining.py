"""
What remains of an activity: which part of it a reversal takes, and what is left then.

A part is lines, units or money of them, or an amount of all: that is spread over what is left of
the lines in proportion, and takes no units, as a price reduction does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import RecordKind
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.activity import Activity, recorded_in
from chalicelib.domain.ledger.events import ActivityRecorded, Event, Line, Outcome


class LineReversal(Struct, frozen=True):
    """
    How much of one line comes back; all that is left of it where nothing is said.

    Of a line that bought a package it may be what is ``unused`` of that.
    """

    id: str
    amount: int | None = None
    quantity: int | None = None
    unused: bool = False


class Remaining(Struct, frozen=True, omit_defaults=True):
    """
    What of a recorded activity is not yet reversed.

    ``lines`` are (amount, quantity) in the order of the activity's, since a line's id may tell what
    was served; ``granted`` follows the order of the event's awards, and of those at the places
    ``revoked`` the value is gone, whatever they still count for; ``outcomes`` are what its outcomes
    have become; ``revision`` counts the changes.
    """

    amount: int | None
    quantity: int | None
    lines: tuple[tuple[int, int], ...] = ()
    granted: tuple[int, ...] = ()
    whole: bool = True
    revision: int = 0
    outcomes: tuple[Outcome, ...] = ()
    revoked: tuple[int, ...] = ()


#: By the version of the activity's event.
REMAINING: Final = RecordKind("remaining", Remaining)


def untouched(event: Event) -> Remaining:
    """Return what of an activity can be reversed before any reversal: all of it."""
    activity = recorded_in(event)
    return Remaining(
        amount=activity.amount,
        quantity=activity.quantity,
        lines=tuple((line.amount, line.quantity) for line in activity.lines),
        granted=tuple(award.granted for award in _recorded(event).awards),
        outcomes=event.outcomes,
    )


def _recorded(event: Event) -> ActivityRecorded:
    if not isinstance(event.data, ActivityRecorded):
        raise TypeError(f"an event {event.kind} records no activity")
    return event.data


def reduced(
    activity: Activity,
    before: Remaining,
    lines: tuple[LineReversal, ...],
    amount: int | None,
) -> Remaining:
    """
    Return what of an activity remains after a reversal, not yet what of its award.

    Raises `Invalid` ``lines_or_amount``, ``no_amount``, ``unknown_line`` or ``duplicate_line``, and
    `Conflict` ``exceeds_remaining``.
    """
    if lines and amount is not None:
        raise Invalid(
            "lines_or_amount",
            "Say which lines come back, or how much of all of them, not both.",
            errors=[{"pointer": "/amount", "detail": "must be left out where lines are named"}],
        )
    if lines:
        return _without_lines(activity, before, lines)
    if amount is None:
        return _all_gone(before)
    left = sum(each for each, _ in before.lines) if activity.lines else before.amount
    if left is None:
        raise Invalid(
            "no_amount",
            "This activity has no amount: reverse it whole.",
            errors=[{"pointer": "/amount", "detail": "must be left out: the activity has none"}],
        )
    _check_left("/amount", left, amount)
    if amount == left:
        return _all_gone(before)
    return replace(before, amount=left - amount, lines=_spread(before.lines, amount))


def _spread(lines: tuple[tuple[int, int], ...], amount: int) -> tuple[tuple[int, int], ...]:
    """Return lines less an amount, which comes off each in proportion to what is left of it."""
    back = money.apportion(amount, {place: left for place, (left, _) in enumerate(lines)})
    return tuple((left - back[place], units) for place, (left, units) in enumerate(lines))


def _without_lines(
    activity: Activity, before: Remaining, reversals: tuple[LineReversal, ...]
) -> Remaining:
    places = {line.id: place for place, line in enumerate(activity.lines)}
    lines = list(before.lines)
    named: set[str] = set()
    for number, reversal in enumerate(reversals):
        pointer = f"/lines/{number}"
        if reversal.id in named:
            raise Invalid(
                "duplicate_line",
                "A line is named twice: say once how much of it comes back.",
                errors=[{"pointer": f"{pointer}/id", "detail": "is named before"}],
            )
        named.add(reversal.id)
        place = places.get(reversal.id)
        if place is None:
            raise Invalid(
                "unknown_line",
                f"This activity has {len(lines)} lines, and none of this id.",
                errors=[
                    {"pointer": f"{pointer}/id", "detail": "must be the id of one of its lines"}
                ],
            )
        amount, quantity = lines[place]
        less_quantity = units_back(reversal, amount, quantity)
        _check_left(f"{pointer}/quantity", quantity, less_quantity)
        less_amount = reversal.amount
        if less_amount is None:
            whole = reversal.quantity is None or reversal.quantity == quantity
            less_amount = (
                amount if whole else money.divide(amount * less_quantity, quantity, "half_up")
            )
        _check_left(f"{pointer}/amount", amount, less_amount)
        lines[place] = (amount - less_amount, quantity - less_quantity)
    if not any(amount or quantity for amount, quantity in lines):
        return _all_gone(before)
    units = before.quantity
    if units is not None:
        # An activity may state its units and have lines too: what comes back of them is the same.
        back = sum(was - now for (_, was), (_, now) in zip(before.lines, lines, strict=True))
        units = max(units - back, 0)
    left = sum(amount for amount, _ in lines)
    return replace(before, amount=left, quantity=units, lines=tuple(lines))


def units_back(reversal: LineReversal, amount: int, quantity: int) -> int:
    """Return how many units come back of a line of which so much is left."""
    if reversal.quantity is not None:
        return reversal.quantity
    # Part of the money of a line comes back, as a price reduction does: its units stay.
    return 0 if reversal.amount is not None and reversal.amount < amount else quantity


def _check_left(pointer: str, left: int, asked: int) -> None:
    if asked > left:
        raise Conflict(
            "exceeds_remaining",
            f"Only {left} of this is left to reverse, not {asked}.",
            pointer=pointer,
            remaining=left,
        )


def _all_gone(before: Remaining) -> Remaining:
    return replace(
        before,
        amount=None if before.amount is None else 0,
        quantity=None if before.quantity is None else 0,
        lines=((0, 0),) * len(before.lines),
        whole=False,
    )


def what_is_left(activity: Activity, remaining: Remaining) -> Activity:
    """Return an activity as if it had only what remains of it."""
    lines = tuple(
        Line(line.id, *left, line.category, line.sku)
        for line, left in zip(activity.lines, remaining.lines, strict=True)
        if any(left)
    )
    return replace(activity, amount=remaining.amount, quantity=remaining.quantity, lines=lines)


def returned_lines(activity: Activity, before: Remaining, after: Remaining) -> Iterator[Line]:
    """Yield what of each line came back."""
    for line, (amount, quantity), (left, units) in zip(
        activity.lines, before.lines, after.lines, strict=True
    ):
        if (amount, quantity) != (left, units):
            yield Line(line.id, amount - left, quantity - units, line.category, line.sku)
