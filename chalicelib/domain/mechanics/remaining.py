"""
What remains of an activity: which part of it a reversal takes, and what is left then.

A part is lines, units or money of them, or an amount of all: that is spread over what is left of
the lines in proportion, and takes no units, as a price reduction does.

Of each line an exact share is left.  Units take theirs of it, and an amount the share that it is of
what still counts as spend.  All else follows from that share, each rounded once: what of the line
counts as spend, and what of it was paid, by whomever.  So how little of a line counts makes no
difference to what comes back of it, nor does the order of refunds.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import RecordKind
from chalicelib.domain.decide.reaction import Kept
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.activity import Activity, recorded_in
from chalicelib.domain.ledger.events import ActivityRecorded, Event, Line, Outcome, QuoteBought

#: A share, as part of a whole, in lowest terms.
Share = tuple[int, int]
_ALL: Final[Share] = (1, 1)
_NOTHING: Final[Share] = (0, 1)


class LineReversal(Struct, frozen=True):
    """
    How much of one line comes back; all that is left of it where nothing is said.

    Of a line that bought a package it may be what is ``unused`` of that, which is as much as leaves
    a share of the whole line: what is ``kept``.
    """

    id: str
    amount: int | None = None
    quantity: int | None = None
    unused: bool = False
    kept: Share | None = None


class Remaining(Struct, frozen=True, omit_defaults=True):
    """
    What of a recorded activity is not yet reversed.

    ``lines`` are (amount, quantity) in the order of the activity's, since a line's id may tell what
    was served, and ``shares`` which share of each is left; ``granted`` follows the order of the
    event's awards, and of those at the places ``revoked`` the value is gone, whatever they still
    count for; by the places of those that carry, ``counted`` is what of it still counts.
    ``outcomes`` are what its outcomes have become; ``revision`` counts the changes.
    """

    amount: int | None
    quantity: int | None
    lines: tuple[tuple[int, int], ...] = ()
    granted: tuple[int, ...] = ()
    whole: bool = True
    revision: int = 0
    outcomes: tuple[Outcome, ...] = ()
    revoked: tuple[int, ...] = ()
    shares: tuple[Share, ...] = ()
    counted: dict[int, int] = {}


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
        shares=(_ALL,) * len(activity.lines),
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
    spread = replace(before, amount=left - amount, lines=_spread(before.lines, amount))
    return replace(spread, shares=_shares_spread(before, spread))


def _spread(lines: tuple[tuple[int, int], ...], amount: int) -> tuple[tuple[int, int], ...]:
    """Return lines less an amount, which comes off each in proportion to what is left of it."""
    back = money.apportion(amount, {place: left for place, (left, _) in enumerate(lines)})
    return tuple((left - back[place], units) for place, (left, units) in enumerate(lines))


def _shares_spread(before: Remaining, after: Remaining) -> tuple[Share, ...]:
    """
    Return the shares that are left of lines after an amount of all of them came back.

    Where points and cashback paid, an amount is of what they left to pay: what of the whole bill
    comes back is in the same share, and is spread over what was paid for each line.
    """
    had = {place: amount for place, (amount, _) in enumerate(before.lines)}
    has = {place: amount for place, (amount, _) in enumerate(after.lines)}
    bought = next((each for each in before.outcomes if isinstance(each, QuoteBought)), None)
    if bought is not None:
        counted, back = sum(had.values()), sum(had.values()) - sum(has.values())
        had = {place: _of(net, before.shares[place]) for place, net in enumerate(bought.nets)}
        paid = money.divide(sum(had.values()) * back, counted, "half_up")
        gone = money.apportion(paid, had)
        has = {place: net - gone[place] for place, net in had.items()}
    return tuple(_times(share, has[place], had[place]) for place, share in enumerate(before.shares))


def _of(amount: int, share: Share) -> int:
    return money.divide(amount * share[0], share[1], "half_up")


def _times(share: Share, part: int, whole: int) -> Share:
    """Return so much of a share; of nothing, the share as it is."""
    if not whole:
        return share
    # Lines below nothing have both below it.
    part, whole = share[0] * abs(part), share[1] * abs(whole)
    common = gcd(part, whole)
    part, whole = part // common, whole // common
    if whole > money.MAX_TOTAL:
        # No sum of money tells the difference.
        part, whole = part * money.MAX_TOTAL // whole, money.MAX_TOTAL
    return part, whole


def _without_lines(
    activity: Activity, before: Remaining, reversals: tuple[LineReversal, ...]
) -> Remaining:
    places = {line.id: place for place, line in enumerate(activity.lines)}
    lines, shares = list(before.lines), list(before.shares)
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
        _check_left(f"{pointer}/quantity", quantity, units_back(reversal, amount, quantity))
        if reversal.amount is not None:
            _check_left(f"{pointer}/amount", amount, reversal.amount)
        lines[place], shares[place] = _line_left(
            activity.lines[place], lines[place], shares[place], reversal
        )
    if not any(amount or quantity for amount, quantity in lines):
        return _all_gone(before)
    units = before.quantity
    if units is not None:
        # An activity may state its units and have lines too: what comes back of them is the same.
        back = sum(was - now for (_, was), (_, now) in zip(before.lines, lines, strict=True))
        units = max(units - back, 0)
    return replace(
        before,
        amount=sum(amount for amount, _ in lines),
        quantity=units,
        lines=tuple(lines),
        shares=tuple(shares),
    )


def _line_left(
    line: Line, left: tuple[int, int], share: Share, reversal: LineReversal
) -> tuple[tuple[int, int], Share]:
    """Return what is left of a line, its amount and units and its share, after a reversal."""
    amount, quantity = left
    units = quantity - units_back(reversal, amount, quantity)
    if reversal.amount is not None and amount:
        rest = amount - reversal.amount
        return (rest, units), _times(share, rest, amount)
    if reversal.kept is not None:
        kept = _times(_ALL, *reversal.kept)
    else:
        kept = _times(share, units, quantity) if units else _NOTHING
    if kept != share:
        # It may have been rounded before, and never gains.
        amount = min(amount, _of(line.amount, kept), key=abs)
    return (amount, units), kept


def shares_left(activity: Activity, left: Remaining) -> tuple[Kept, ...]:
    """Return which share of each line of an activity is left, and how many of its units."""
    return tuple(
        Kept(*share, units, line.quantity)
        for line, share, (_, units) in zip(activity.lines, left.shares, left.lines, strict=True)
    )


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
        shares=(_NOTHING,) * len(before.lines),
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
