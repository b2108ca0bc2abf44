"""
Messages as text: the message files, one folder a locale, by the rules of that locale.

The folder `en` is complete.  A text is in one language throughout: what lacks a message in the
reader's is given in English, and ``lang`` says so.  A programme's own names come in the reader's
locale in either case; where it has them in others only, ``borrowed`` says in which.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple, cast

from babel import Locale
from babel.core import get_global

from chalicelib.domain.ledger.money import Money
from chalicelib.domain.programme.fields import Plural, Text, borrowed_from, locale_in, text_in
from chalicelib.domain.programme.wording import (
    AllOf,
    Amount,
    AnyOf,
    Argument,
    DayOfYear,
    Message,
    TimeOfDay,
    Weekday,
)
from chalicelib.programmes.language import (
    FALLBACK,
    LOCALES,
    Language,
    MissingMessageError,
    Number,
)


class Rendered(NamedTuple):
    """
    A text, and the locale of its messages: the reader's, where it is ``translated``.

    ``borrowed`` are the locales of the programme's own words in it that are not in the reader's
    language, because the programme has not got them there.
    """

    text: str
    lang: str
    translated: bool
    borrowed: frozenset[str] = frozenset()


class Catalogue:
    """The message files of a folder; those of a locale are read when it is first asked for."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._translated = frozenset(each.name for each in folder.iterdir())
        self._read: dict[str, Language] = {}

    def render(self, sentences: Sequence[Message], locale: str | None) -> Rendered:
        """
        Return sentences one after another, in the reader's language, else in English.

        Raises `MissingMessageError` where English has no such message either; `ValueError` where a
        file is not one of messages, or a message could not be formatted.
        """
        name = rules_of(locale or FALLBACK)
        if name in self._translated and name != FALLBACK:
            with suppress(MissingMessageError):
                return self._text(sentences, name, locale, translated=True)
        return self._text(sentences, FALLBACK, locale, translated=name == FALLBACK)

    def _text(
        self, sentences: Sequence[Message], name: str, reader: str | None, *, translated: bool
    ) -> Rendered:
        telling = _Telling(self._language(name), reader)
        return Rendered(telling.text(sentences), name, translated, frozenset(telling.borrowed))

    def _language(self, name: str) -> Language:
        if name not in self._read:
            self._read[name] = Language(name, self._folder.joinpath(name))
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


class _Telling:
    """Sentences put into one language for one reader; ``borrowed`` as in `Rendered`."""

    def __init__(self, language: Language, reader: str | None) -> None:
        self._language = language
        self._reader = reader
        self.borrowed: set[str] = set()

    def text(self, sentences: Sequence[Message]) -> str:
        """Return sentences one after another."""
        gap = self._language.format("sentence-gap")
        return gap.join(map(self._message, sentences))

    def _message(self, message: Message) -> str:
        args = {name: self._argument(value) for name, value in message.args.items()}
        return self._language.format(message.id, **args)

    def _argument(self, value: Argument) -> Number | str:
        language = self._language
        match value:
            case Message():
                return self._message(value)
            case AllOf(items):
                return language.listed([str(self._argument(item)) for item in items], "standard")
            case AnyOf(items):
                return language.listed([str(self._argument(item)) for item in items], "or")
            case Amount(number):
                return language.format("amount", number=Number(number), name=self._counted(value))
            case Money():
                return language.money(value)
            case date() | DayOfYear() | Weekday() | TimeOfDay():
                return language.moment(value)
            case int():
                return Number(value)
        return self._own(value)

    def _own(self, text: Text) -> str:
        """Return a text of the programme in the reader's language, else in another."""
        if borrowed := borrowed_from(text, self._reader):
            self.borrowed.add(borrowed)
        return self._language.inserted(text_in(text, self._reader))

    def _counted(self, amount: Amount) -> str:
        """Return what a currency is called after a number: by its forms, else by its name."""
        named = amount.name
        locale = locale_in(amount.forms if isinstance(named, str) else named, self._reader)
        rules = rules_of(locale)
        if rules is not None:
            category = cast("Plural", Locale.parse(LOCALES[rules]).plural_form(amount.number))
            form = amount.forms.get(locale, {}).get(category)
            if form:
                return self._own(form if isinstance(named, str) else {locale: form})
        return self._own(named)
