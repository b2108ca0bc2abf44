"""
Messages as text: the message files, one folder a locale, by the rules of that locale.

The folder `en` is complete.  A text is in one language throughout: what lacks a message in the
reader's is given in English, and ``lang`` says so.  A programme's own names come in the reader's
locale in either case.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal, NamedTuple, cast

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_skeleton, get_day_names
from babel.lists import format_list
from fluent.runtime import FluentBundle, FluentResource, resolver
from fluent.runtime.types import FluentDecimal, FluentType
from fluent.syntax import ast

from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.money import Money
from chalicelib.domain.programme.fields import Plural, locale_in, text_in
from chalicelib.domain.programme.wording import (
    AllOf,
    Amount,
    AnyOf,
    Argument,
    DayOfYear,
    Message,
    Weekday,
)

#: The locales that a folder may be for, each with its rules in CLDR: of all that babel has, the
#: package ships these.  Plain English writes dates as Americans do there; 001 is the world.
LOCALES: Final = {
    "bg": "bg",
    "en": "en_001",
    "fa": "fa",
    "zh-Hans": "zh_Hans",
    "zh-Hant": "zh_Hant",
}
FALLBACK: Final = "en"

# A year with a 29 February, for days without a year.
_LEAP_YEAR: Final = 2024

# A list is as long as the author of a document made it: the limit is that of the document.
resolver.MAX_PART_LENGTH = sys.maxsize


class Rendered(NamedTuple):
    """A text, the locale of its messages, and whether that is what the reader asked for."""

    text: str
    lang: str
    translated: bool


class MissingMessageError(LookupError):
    """A locale has no such message."""


class Catalogue:
    """The message files of a folder; those of a locale are read when it is first asked for."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._translated = frozenset(each.name for each in folder.iterdir())
        self._read: dict[str, _Language] = {}

    def render(self, sentences: Sequence[Message], locale: str | None) -> Rendered:
        """
        Return sentences one after another, in the reader's language, else in English.

        Raises:
            MissingMessageError: English has no such message either.
            ValueError: a file is not one of messages, or a message could not be formatted.
        """
        name = rules_of(locale or FALLBACK)
        if name in self._translated and name != FALLBACK:
            with suppress(MissingMessageError):
                text = self._language(name).text(sentences, locale)
                return Rendered(text, name, translated=True)
        text = self._language(FALLBACK).text(sentences, locale)
        return Rendered(text, FALLBACK, translated=name == FALLBACK)

    def _language(self, name: str) -> _Language:
        if name not in self._read:
            self._read[name] = _Language(name, self._folder.joinpath(name))
        return self._read[name]


@functools.cache
def catalogue() -> Catalogue:
    """Return the message files of this package."""
    return Catalogue(resources.files("chalicelib.programmes").joinpath("messages"))


def rules_of(locale: str) -> str | None:
    """Return which of `LOCALES` a reader's locale is: `zh-Hant` of `zh-TW`; ``None`` for others."""
    return next((name for name in _candidates(locale) if name in LOCALES), None)


def _candidates(locale: str) -> Iterator[str]:
    language, *subtags = locale.split("-")
    language = language.lower()
    likely = get_global("likely_subtags")
    usual = likely.get(language, "").split("_")[1:2]
    script = [each.title() for each in subtags if len(each) == len("Hant")][:1]
    if not script:
        where = [each.upper() for each in subtags if len(each) == len("TW")][:1]
        script = likely.get("_".join((language, *where)), "").split("_")[1:2] or usual
    yield "-".join((language, *script))
    if script == usual:
        yield language


class _Language:
    """The messages of one locale, and its rules."""

    def __init__(self, name: str, folder: Traversable) -> None:
        self._rules = Locale.parse(LOCALES[name])
        self._bundle = FluentBundle(
            [str(self._rules)],
            functions=cast(
                "dict[str, Callable[[Any], FluentType]]",
                {"CAPITALISED": _capitalised, "ENDED": _ended},
            ),
            # Names that run the other way must not turn the sentence around them.
            use_isolating=self._rules.text_direction == "rtl",
        )
        for file in sorted(folder.iterdir(), key=lambda each: each.name):
            for entry in FluentResource(file.read_text("utf-8")).body:
                self._add(entry, file.name)

    def _add(self, entry: ast.EntryType, file: str) -> None:
        # The bundle would pass over both in silence.
        if isinstance(entry, ast.Junk):
            raise ValueError(f"{file}: this is no message: {entry.content!r}")  # noqa: TRY004
        if isinstance(entry, ast.Message) and self._bundle.has_message(entry.id.name):
            raise ValueError(f"{file}: {entry.id.name!r} is there already")
        self._bundle.add_resource(ast.Resource([entry]))

    def text(self, sentences: Sequence[Message], reader: str | None) -> str:
        gap = self._format("sentence-gap")
        return gap.join(self._message(sentence, reader) for sentence in sentences)

    def _message(self, message: Message, reader: str | None) -> str:
        args = {name: self._argument(value, reader) for name, value in message.args.items()}
        return self._format(message.id, **args)

    def _format(self, message_id: str, **args: Any) -> str:
        if not self._bundle.has_message(message_id):
            raise MissingMessageError(message_id)
        pattern = self._bundle.get_message(message_id).value
        if pattern is None:
            raise ValueError(f"{message_id!r} in {self._rules} has no text")
        text, errors = self._bundle.format_pattern(pattern, args)
        if errors:
            raise ValueError(f"{message_id!r} in {self._rules}: {errors}")
        return str(text)

    def _argument(self, value: Argument, reader: str | None) -> int | str:
        match value:
            case Message():
                return self._message(value, reader)
            case AllOf(items):
                return self._list(items, "standard", reader)
            case AnyOf(items):
                return self._list(items, "or", reader)
            case Amount(number):
                return self._format("amount", number=number, name=_counted(value, reader))
            case Money(amount, currency):
                return self._format("money", number=_decimal(amount, currency), currency=currency)
            case date():
                return self._date(value)
            case DayOfYear(month, day):
                some = date(_LEAP_YEAR, month, day)
                return str(format_skeleton("MMMMd", some, locale=self._rules))
            case Weekday(day):
                return str(get_day_names("wide", locale=self._rules)[day])
            case int():
                return value
        return text_in(value, reader)

    def _list(
        self, items: Sequence[Argument], style: Literal["standard", "or"], reader: str | None
    ) -> str:
        texts = [str(self._argument(item, reader)) for item in items]
        return format_list(texts, style, locale=self._rules)

    def _date(self, day: date) -> str:
        if self._rules.language != "fa":
            return format_date(day, "long", locale=self._rules)
        # Iran's calendar, and only Persian readers pay for it.
        import jdatetime

        jalali = jdatetime.date.fromgregorian(date=day, locale=jdatetime.FA_LOCALE)
        return str(jalali.strftime("%-d %B %Y"))


def _capitalised(text: str) -> str:
    """Return a text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def _ended(text: str, stop: str) -> str:
    """Return an author's text as it ends a sentence, which it may do already."""
    return text if text.endswith(tuple(".!?…。！？؟")) else f"{text}{stop}"


def _counted(amount: Amount, reader: str | None) -> str:
    """Return what a currency is called after a number: by its forms, else by its name."""
    named = amount.name
    locale = locale_in(amount.forms if isinstance(named, str) else named, reader)
    rules = rules_of(locale)
    if rules is None:
        return text_in(named, reader)
    category = cast("Plural", Locale.parse(LOCALES[rules]).plural_form(amount.number))
    return amount.forms.get(locale, {}).get(category) or text_in(named, reader)


def _decimal(amount: int, currency: str) -> FluentDecimal:
    digits = money.exponent(currency)
    number = Decimal(amount).scaleb(-digits)
    return FluentDecimal(number, minimumFractionDigits=digits, maximumFractionDigits=digits)
