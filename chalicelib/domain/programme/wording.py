"""
What a programme says of itself, without a language: messages, each an id and its arguments.

The sentences are in the message files beside the example programmes, one folder a locale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from msgspec import Struct

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.money import Money
from chalicelib.domain.programme.document import Metrics, Programme
from chalicelib.domain.programme.fields import (
    Caption,
    InactivityExpiry,
    LeapDay,
    LineScope,
    Part,
    Plural,
    RollingExpiry,
    Text,
)

# Of more than these, a programme of 200 rules in one group would be 40,000 names long.
_RIVALS_NAMED: Final = 10


class Amount(Struct, frozen=True):
    """
    A number of a programme's currency: `50 points`.

    ``forms`` are the names that other numbers have, by locale and plural category.
    """

    number: int
    name: Text
    forms: dict[str, dict[Plural, str]]


class DayOfYear(Struct, frozen=True):
    """A day of every year."""

    month: int
    day: int


class Weekday(Struct, frozen=True):
    """A day of every week, 0 for Monday."""

    day: int


class TimeOfDay(Struct, frozen=True):
    """A local time: `09:30`."""

    text: str


class Message(Struct, frozen=True):
    """
    One message: its id in the message files and what its variables are.

    A string is a word to select by, or a text as it is; a dictionary a text by locale.
    """

    id: str
    args: dict[str, Argument]


class AllOf(Struct, frozen=True):
    """Every one of these: `a, b and c`."""

    items: tuple[Item, ...]


class AnyOf(Struct, frozen=True):
    """Any one of these: `a, b or c`."""

    items: tuple[Item, ...]


Item = Text | date | DayOfYear | Weekday | Message
Argument = Item | TimeOfDay | int | Money | Amount | AllOf | AnyOf


class Description(Struct, frozen=True):
    """
    One part of a programme; ``kind`` is `joining`, `expiry`, or a mechanic's own word.

    ``expressions`` are the conditions and formulas that the sentences only mention, as written, and
    ``metadata`` is what the tenant keeps with it.
    """

    kind: str
    id: str
    name: Text
    sentences: tuple[Message, ...]
    expressions: tuple[str, ...] = ()
    metadata: dict[str, str] = {}


class Composer:
    """Makes the messages of one programme; mechanics are handed it, so they import none of this."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme

    def describe(
        self,
        kind: str,
        part_id: str,
        name: Text,
        *sentences: Message | None,
        expressions: tuple[str, ...] = (),
        of: Part | None = None,
    ) -> Description:
        """
        Return the description of one part, without the sentences that are ``None``.

        It is ``of`` a part of the document that has metadata, if of one.
        """
        said = tuple(sentence for sentence in sentences if sentence is not None)
        metadata = {} if of is None else of.metadata
        return Description(kind, part_id, name, said, expressions, metadata)

    def message(self, message_id: str, /, **args: Argument) -> Message:
        """Return a message; ``args`` are all variables that it has in the message files."""
        return Message(message_id, args)

    def all_of(self, items: Iterable[Item]) -> AllOf:
        """Return a list joined by `and`."""
        return AllOf(tuple(items))

    def rivals(self, names: Iterable[Text]) -> AllOf:
        """Return the first of many names and how many others there are: each has all as rivals."""
        known = tuple(names)
        named, others = known[:_RIVALS_NAMED], len(known[_RIVALS_NAMED:])
        return self.all_of((*named, self.message("others", others=others)) if others else named)

    def any_of(self, items: Iterable[Item]) -> AnyOf:
        """Return a list joined by `or`."""
        return AnyOf(tuple(items))

    def money(self, amount: int) -> Money:
        """Return an amount of the programme's money, in minor units."""
        return Money(amount, self.programme.money.currency)

    def amount(self, number: int, currency_id: str) -> Amount:
        """Return a number of one of the programme's currencies."""
        currency = self.programme.currency(currency_id)
        if currency is None:
            return Amount(number, currency_id, {})
        return Amount(number, currency.name, currency.forms)

    def day(self, text: str) -> date | DayOfYear | Message:
        """Return a date (``2026-11-22``) or a day of every year (``12-31``) of a document."""
        if len(text) > len("12-31"):
            return calendar.parse_date(text)
        if text == "02-29":
            return self.message("end-of-february")
        return DayOfYear(int(text[:2]), int(text[3:]))

    def weekday(self, day: int) -> Weekday:
        """Return a day of every week, 0 for Monday."""
        return Weekday(day)

    def time(self, text: str) -> TimeOfDay:
        """Return a local time of a document (``09:30``)."""
        return TimeOfDay(text)

    def season(self, first: str | None, last: str | None) -> Message | None:
        """Return the days between which something is offered, either open, or ``None``."""
        if first and last:
            return self.message("season-between", first=self.day(first), last=self.day(last))
        if first:
            return self.message("season-since", first=self.day(first))
        return self.message("season-until", last=self.day(last)) if last else None

    def places(self, locations: tuple[str, ...]) -> Message | None:
        """Return at which locations something is offered, or ``None`` where everywhere."""
        return self.message("places", names=self.any_of(locations)) if locations else None

    def activity(self, kind: str) -> Message:
        """
        Return what a kind of activity is called.

        Kinds are the tenant's own words: those without a name are put as their subject and what
        happened to it, as in `bill` and `paid early` of ``bill.paid_early``.
        """
        subject, _, action = kind.replace("_", " ").partition(".")
        if not action:
            return self.message("activity-bare", subject=subject)
        return self.message(
            "activity",
            kind=kind.replace(".", "-"),
            subject=subject,
            action=action.replace(".", " "),
        )

    def activities(self, kinds: Iterable[str]) -> AnyOf:
        """Return any of these kinds of activities."""
        return self.any_of(self.activity(kind) for kind in kinds)

    def visits(self, number: int) -> Message:
        """Return so many visits, and what counts as one where that is not a completed visit."""
        kinds = self.programme.metrics.visits_on
        if kinds == Metrics().visits_on:
            return self.message("visits", visits=number)
        return self.message("visits-on", visits=number, activity=self.activities(kinds))

    def referrals(self, number: int) -> Message:
        """Return so many referrals, and what counts as one where the programme says so."""
        kinds = self.programme.metrics.referrals_on
        if kinds == Metrics().referrals_on:
            return self.message("referrals", referrals=number)
        return self.message("referrals-on", referrals=number, activity=self.activities(kinds))

    def spent(self, amount: int) -> Message:
        """Return so many minor units spent, and on what where the programme says so."""
        money, kinds = self.money(amount), self.programme.metrics.spend_on
        if kinds == Metrics().spend_on:
            return self.message("spent", money=money)
        return self.message("spent-on", money=money, activity=self.activities(kinds))

    def lines(self, scope: LineScope) -> Iterator[Message]:
        """Yield which lines count, and which do not."""
        included = (*scope.include.categories, *scope.include.skus)
        if included:
            yield self.message("counted", names=self.all_of(included))
        excluded = (*scope.exclude.categories, *scope.exclude.skus)
        if excluded:
            yield self.message("not-counted", names=self.all_of(excluded))

    def described(self, text: Caption | None) -> Message | None:
        """Return what the author says of a part, or ``None``."""
        return self.message("described", text=text) if text else None

    def usable_for(self, days: int | None) -> Message | None:
        """Return through how many days something is usable, or ``None`` for ever."""
        return None if days is None else self.message("usable-for", days=days)

    def span(self, policy: RollingExpiry | InactivityExpiry) -> Message:
        """Return how long something lasts: `90 days`, `2 years`."""
        if policy.days is not None:
            return self.message("days", days=policy.days)
        if policy.months is not None:
            return self.message("currencies-months", months=policy.months)
        return self.message("currencies-years", years=policy.years or 0)

    def leap_day(self, day: LeapDay) -> Message:
        """Return which day stands for 29 February in a year that has none."""
        return self.message("leap-day", day=self.day(day))

    def currency_name(self, currency_id: str) -> Text:
        """Return a currency's name, its id where it is not known."""
        currency = self.programme.currency(currency_id)
        return currency_id if currency is None else currency.name

    def tier_name(self, tier_id: str) -> Text:
        """Return a tier's name, its id where it is not known."""
        levels = self.programme.tiers.levels if self.programme.tiers else ()
        return next((level.name for level in levels if level.id == tier_id), tier_id)
