"""
Limits of discounts: in how many orders, for how many units, and how much they take off a member.

Units that a limit leaves out are the cheapest, in whatever order the lines come; money that it
leaves is spread over the lines in proportion.  What is used in a window is counted in the account
when a purchase is confirmed, by the day of service, or where that is to come by the day on which it
is priced; what is used after a refund is the business of `limit_returns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final, NamedTuple

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account, limit_counter
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import Line, OfferCount, OfferTaken
from chalicelib.domain.mechanics.discount_terms import SECTION, BuyGet, Discount, OfferLimit
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Lines, LineScope
from chalicelib.domain.programme.scope import in_scope

_WHOLE: Final = 100


class Room:
    """
    What the limits of a discount leave open to a purchase, of which each voucher takes its part.

    ``chosen`` are the lines in its scope, the dearest units first.  ``bound`` are the
    places of the limits by which the last voucher got less.
    """

    def __init__(
        self,
        account: Account,
        programme: Programme,
        discount: Discount,
        day: date,
        chosen: tuple[Line, ...],
    ) -> None:
        self._rounding = SECTION.of(programme).rounding
        self._chosen = chosen
        self._limits = [
            _Limit(place, limit, _on(limit, chosen)) for place, limit in enumerate(discount.limits)
        ]
        self._left = [
            max(most_of(limit) - _used(account, programme, discount, place, day), 0)
            for place, limit in enumerate(discount.limits)
        ]
        self.bound: list[int] = []

    def lines(self) -> tuple[Line, ...]:
        """Return what of lines the discount may be for: of units, the dearest."""
        self.bound = []
        kept = {line.id: line for line in self._chosen}
        for place, limit, on in self._limits:
            left = self._left[place]
            if limit.orders is not None and not left and not on.isdisjoint(kept):
                self.bound.append(place)
                kept = {name: line for name, line in kept.items() if name not in on}
            if (
                limit.units is None
                or sum(kept[name].quantity for name in on if name in kept) <= left
            ):
                continue
            self.bound.append(place)
            for name, line in kept.items():
                if name in on:
                    units = min(line.quantity, left)
                    left -= units
                    kept[name] = _part(line, units)
            kept = {name: line for name, line in kept.items() if line.quantity}
        return tuple(kept.values()) if self.bound else self._chosen

    def off(
        self, part: Sequence[Line], offered: Mapping[str, int | None], percent: int
    ) -> dict[str, int | None]:
        """
        Return what the discount takes off lines of which ``part`` is within its limits.

        ``None`` stands for the percentage, where nothing limits it on a line.
        """
        found = dict(offered)
        if part is not self._chosen:
            whole = {line.id: line.quantity for line in self._chosen}
            for line in part:
                if found.get(line.id, 0) is None and line.quantity < whole[line.id]:
                    found[line.id] = self._rounded(line, percent)
        self._limit_money(part, found, percent)
        taken = {name: amount for name, amount in found.items() if amount != 0}
        for place, limit, on in self._limits:
            if limit.units is not None:
                used = sum(line.quantity for line in part if line.id in taken and line.id in on)
                self._left[place] = max(self._left[place] - used, 0)
        return taken

    def _limit_money(
        self, part: Sequence[Line], found: dict[str, int | None], percent: int
    ) -> None:
        """Lower what comes off lines to the money that limits leave, and take that of it."""
        for place, limit, on in self._limits:
            if limit.money is None:
                continue
            here = [line for line in part if line.id in found and line.id in on]
            # However a percentage is rounded beside other discounts.
            most = sum(_most(line, found[line.id], percent) for line in here)
            if most > self._left[place]:
                wanted = {line.id: found[line.id] for line in here}
                wanted |= {
                    line.id: self._rounded(line, percent)
                    for line in here
                    if wanted[line.id] is None
                }
                rounded = {name: amount or 0 for name, amount in wanted.items()}
                most = sum(rounded.values())
                if most > self._left[place] or not self._left[place]:
                    self.bound.append(place)
                    rounded, most = money.apportion(self._left[place], rounded), self._left[place]
                found |= rounded
            self._left[place] -= most

    def _rounded(self, line: Line, percent: int) -> int:
        return money.divide(line.amount * percent, _WHOLE, self._rounding)


def _most(line: Line, amount: int | None, percent: int) -> int:
    """Return the most that comes off a line: an amount, or the percentage rounded up."""
    return -(-line.amount * percent // _WHOLE) if amount is None else amount


class _Limit(NamedTuple):
    """A limit by its place, and the ids of the lines that it is on."""

    place: int
    limit: OfferLimit
    on: AbstractSet[str]


def _on(limit: OfferLimit, lines: Sequence[Line]) -> AbstractSet[str]:
    if limit.of == Lines():
        return {line.id for line in lines}
    scope = LineScope(limit.of)
    return {line.id for line in lines if in_scope(line, scope)}


def _part(line: Line, units: int) -> Line:
    """Return so many units of a line, and what they come to."""
    amount = line.amount * units // line.quantity
    return Line(line.id, amount, units, line.category, line.sku)


def most_of(limit: OfferLimit) -> int:
    """Return how much a limit leaves in all."""
    return limit.money or limit.units or limit.orders or 0


# ── What is used ──


def _used(account: Account, programme: Programme, discount: Discount, place: int, day: date) -> int:
    limit = discount.limits[place]
    if limit.window == "order":
        return 0
    return account.counter(_counter(programme, discount, place, day))


def _counter(programme: Programme, discount: Discount, place: int, day: date) -> str:
    """
    Return the counter of a limit in the window that a local day is in.

    It is named by what it counts and by the window, and of several of these by their order, which
    `discount_rules` keeps from one version to the next.  What was used counts on where a limit is
    moved to other lines, or comes back after a version without it.
    """
    limit = discount.limits[place]
    alike = [each for each in discount.limits[:place] if each.kind == limit.kind]
    bucket = calendar.window_key(day, limit.window)
    of = f"offer:{discount.id}/{limit.measure}/{limit.window}/{len(alike)}/{bucket}"
    return limit_counter(programme.id, of)


def _kept_until(programme: Programme, limit: OfferLimit, day: date) -> Instant | None:
    """Return when what is used may be forgotten: nobody prices by a day of the window any more."""
    last = calendar.window_end(day, limit.window)
    if last is None:
        return None
    kept = calendar.add_days(last, programme.backdate_limit_days + 1)
    return calendar.expiry_instant(kept, programme.time_zone)


def units_of(chosen: Sequence[Line], off: Sequence[int], parts: Iterable[Line]) -> tuple[int, ...]:
    """Return for how many units something is off each line in a scope, by what it was for."""
    units = {line.id: 0 for line in chosen}
    for line in parts:
        units[line.id] += line.quantity
    return tuple(units[line.id] if amount else 0 for line, amount in zip(chosen, off, strict=True))


def counted(
    programme: Programme,
    discount: Discount,
    taken: OfferTaken,
    lines: Sequence[Line],
    day: date,
) -> OfferTaken:
    """Return a discount that was taken off lines with how much of each limit that uses."""
    counts = []
    for place, limit in enumerate(discount.limits):
        if limit.window != "order":
            places = taken.places
            if limit.of != Lines():
                on = _on(limit, lines)
                beside = zip(places, lines, strict=True)
                places = tuple(place for place, line in beside if line.id in on)
            count = OfferCount(
                _counter(programme, discount, place, day),
                limit.measure,
                most_of(limit),
                places,
                0,
                _kept_until(programme, limit, day),
            )
            counts.append(replace(count, used=_uses(taken, count)))
    # Full sets may come to be of other lines, those of a limit that they use nothing of now.
    moves = isinstance(discount.terms, BuyGet)
    return replace(taken, counts=tuple(each for each in counts if each.used or moves))


def _uses(taken: OfferTaken, count: OfferCount) -> int:
    """Return how much of a limit is used by what a discount took off a purchase."""
    amounts = taken.units if count.measure == "units" else taken.off
    on = set(count.places)
    there = zip(taken.places, amounts, strict=True)
    used = sum(amount for place, amount in there if place in on)
    return min(used, 1) if count.measure == "orders" else used


def use(event: EventBuilder, offers: Sequence[OfferTaken]) -> None:
    """
    Count what a purchase uses of limits.

    Raises `Conflict` ``quote_stale`` where others have used that meanwhile.
    """
    for offer in offers:
        for count in offer.counts:
            if not count.used:
                continue
            used = event.account.counter(count.counter)
            if used + count.used > count.most:
                raise Conflict(
                    "quote_stale",
                    f"Of the limit of {offer.discount} {max(count.most - used, 0)} are left, and "
                    f"this quote uses {count.used}: ask for a new one.",
                    available=max(count.most - used, 0),
                )
            event.add(CounterChange(count.counter, count.used, count.kept_until))
