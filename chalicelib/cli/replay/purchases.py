"""The raw purchases: one row of the file, and how the file is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import NamedTuple

_COLUMNS = 4


class Purchase(NamedTuple):
    """One row: its place in the file counted from 1, who bought, when, how many, for how much."""

    number: int
    customer: str
    day: date
    quantity: int
    cents: int


class Unreadable(ValueError):
    """A line of the file is no purchase; the message says which and why."""


def parse(text: str) -> list[Purchase]:
    """
    Read whitespace-separated columns: customer, date (YYYYMMDD), quantity, dollars.

    A first line of column names is skipped and blank lines are passed over; neither counts as a
    row.  Raises `Unreadable`.
    """
    lines = [(place, line.split()) for place, line in enumerate(text.splitlines(), start=1)]
    lines = [(place, columns) for place, columns in lines if columns]
    if lines and not lines[0][1][0].isdigit():
        del lines[0]
    return [_purchase(number, *line) for number, line in enumerate(lines, start=1)]


def by_day(purchases: Iterable[Purchase]) -> Iterator[tuple[date, list[list[Purchase]]]]:
    """
    Walk the days in order, each with the purchases of every customer who bought that day.

    A customer's purchases of a day are together, in the order of the file.
    """
    ordered = sorted(purchases, key=_day_and_row)
    for day, bought in groupby(ordered, key=_day):
        baskets: dict[str, list[Purchase]] = {}
        for purchase in bought:
            baskets.setdefault(purchase.customer, []).append(purchase)
        yield day, list(baskets.values())


def _purchase(number: int, place: int, columns: Sequence[str]) -> Purchase:
    if len(columns) != _COLUMNS:
        raise Unreadable(f"line {place} has {len(columns)} columns instead of {_COLUMNS}")
    customer, day, quantity, dollars = columns
    try:
        return Purchase(number, customer, _date(day), int(quantity), _cents(dollars))
    except (ValueError, InvalidOperation):
        raise Unreadable(f"line {place} is no purchase: {' '.join(columns)}") from None


def _date(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _cents(dollars: str) -> int:
    cents = Decimal(dollars).scaleb(2)
    if cents != cents.to_integral_value():
        raise ValueError(dollars)
    return int(cents)


def _day(purchase: Purchase) -> date:
    return purchase.day


def _day_and_row(purchase: Purchase) -> tuple[date, int]:
    return purchase.day, purchase.number
