"""
What is particular to a language: its messages, and how it writes numbers, money, days and lists.

All of it follows CLDR; Persian has its digits, and the calendar of Iran.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal, cast

from babel import Locale
from babel.dates import format_date, format_skeleton, get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal, get_currency_name, get_currency_precision
from fluent.runtime import FluentBundle, FluentResource, resolver
from fluent.runtime.types import FluentInt, FluentType
from fluent.syntax import ast
from fluent.syntax.visitor import Visitor

from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.money import Money
from chalicelib.domain.programme.wording import DayOfYear, TimeOfDay, Weekday

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

#: What puts in blanks; it stands in no file, `_Spacing` writes it into messages.
_APART: Final = "APART"
_VARIABLES: Final = (ast.VariableReference, ast.MessageReference)

# Unicode's first strong isolate, and what ends it.
_ISOLATE: Final = "\u2068"
_POP_ISOLATE: Final = "\u2069"
# Babel writes the separators of Persian numbers, not their digits.
_PERSIAN_DIGITS: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

# A list is as long as the author of a document made it: the limit is that of the document.
resolver.MAX_PART_LENGTH = sys.maxsize


class MissingMessageError(LookupError):
    """A locale has no such message."""


class Language:
    """The messages of one locale, and its rules."""

    def __init__(self, name: str, folder: Traversable) -> None:
        self.name = name
        self.rules = Locale.parse(LOCALES[name])
        self._other_direction = {"L"} if self.rules.text_direction == "rtl" else {"R", "AL"}
        self._bundle = FluentBundle(
            [str(self.rules)],
            functions=cast(
                "dict[str, Callable[[Any], FluentType]]",
                {"CAPITALISED": _capitalised, "ENDED": _ended, _APART: self._apart},
            ),
            # Codes, articles and numbers must not turn a sentence that runs the other way.
            use_isolating=self.rules.text_direction == "rtl",
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
        if self.rules.language == "zh":
            _Spacing().visit(entry)
        self._bundle.add_resource(ast.Resource([entry]))

    def format(self, message_id: str, **args: Any) -> str:
        """Return one message with its variables."""
        if not self._bundle.has_message(message_id):
            raise MissingMessageError(message_id)
        pattern = self._bundle.get_message(message_id).value
        if pattern is None:
            raise ValueError(f"{message_id!r} in {self.rules} has no text")
        # The bundle's own way would make library numbers of ours, without the locale's digits.
        errors: list[Exception] = []
        variables = resolver.CurrentEnvironment(args=args)
        text = pattern(resolver.ResolverEnvironment(self._bundle, errors, current=variables))
        if errors:
            raise ValueError(f"{message_id!r} in {self.rules}: {errors}")
        return str(text)

    def listed(self, texts: list[str], style: Literal["standard", "or"]) -> str:
        """Return texts as a list: those of another direction stand apart from their neighbours."""
        if self.rules.text_direction == "rtl":
            texts = [self._isolated(text) for text in texts]
        if self.rules.language != "zh":
            return format_list(texts, style, locale=self.rules)
        first, *joints = format_list(["\0"] * len(texts), style, locale=self.rules).split("\0")
        found = first
        for text, joint in zip(texts, joints, strict=True):
            found += _spaced(text, before=_is_han(found[-1:]), after=_is_han(joint[:1])) + joint
        return found

    def _apart(self, value: Number | str, before: str, after: str) -> str:
        """Return a variable with a blank on the sides on which Han is, where it is other there."""
        text = value.format(self.rules) if isinstance(value, Number) else value
        return _spaced(text, before=bool(before), after=bool(after))

    def inserted(self, text: str) -> str:
        """
        Return a text of a programme as a variable of a message.

        Where the language runs from right to left, the bundle isolates all variables; and it may
        be a word to select by, which must stay as it is.
        """
        return text if self.rules.text_direction == "rtl" else self._isolated(text)

    def _isolated(self, text: str) -> str:
        if self._other_direction.isdisjoint(map(unicodedata.bidirectional, text)):
            return text
        return f"{_ISOLATE}{text}{_POP_ISOLATE}"

    def moment(self, value: date | DayOfYear | Weekday | TimeOfDay) -> str:
        """Return a day or a time as the locale writes it; days of every year are Gregorian."""
        match value:
            case DayOfYear(month, day):
                some = date(_LEAP_YEAR, month, day)
                return self._digits(str(format_skeleton("MMMMd", some, locale=self.rules)))
            case Weekday(day):
                return str(get_day_names("wide", locale=self.rules)[day])
            case TimeOfDay(text):
                return self._digits(text)
        return self._date(value)

    def _date(self, day: date) -> str:
        if self.rules.language != "fa":
            return format_date(day, "long", locale=self.rules)
        # Iran's calendar, and only Persian readers pay for it.
        import jdatetime

        jalali = jdatetime.date.fromgregorian(date=day, locale=jdatetime.FA_LOCALE)
        return self._digits(str(jalali.strftime("%-d %B %Y")))

    def money(self, amount: Money) -> str:
        """
        Return a sum of money: in English with the ISO code, elsewhere with the currency's name.

        It has the decimals that are usual there, and those that it needs.
        """
        code, most = amount.currency, money.exponent(amount.currency)
        number = Decimal(amount.amount).scaleb(-most)
        least = min(get_currency_precision(code), most)
        pattern = f"#,##0.{'0' * least}{'#' * (most - least)}"
        written = format_decimal(number, pattern, locale=self.rules, numbering_system="default")
        currency = code
        if self.name != FALLBACK:
            currency = get_currency_name(code, count=number, locale=self.rules)
        return self.format("money", number=self._digits(written), currency=currency)

    def _digits(self, text: str) -> str:
        return text.translate(_PERSIAN_DIGITS) if self.rules.language == "fa" else text


class Number(FluentInt):
    """A whole number, which selects by its plural and stands in the digits of the locale."""

    def format(self, locale: Locale) -> str:
        """Return it as it is written."""
        written = format_decimal(int(self), locale=locale, numbering_system="default")
        return written.translate(_PERSIAN_DIGITS) if locale.language == "fa" else written


class _Spacing(Visitor):
    """
    Leaves the blanks between Han and variables to what the variables hold.

    Chinese has a blank where Han meets letters or figures of other scripts, and none within Han.
    What a name is written in is the author's choice, so no message can know it.
    """

    def visit_Pattern(self, node: ast.Pattern) -> None:  # noqa: N802 - theirs
        """Let a function put in blanks beside each variable that Han is next to."""
        elements = node.elements
        for place, element in enumerate(elements):
            if isinstance(element, ast.Placeable) and isinstance(element.expression, _VARIABLES):
                before, after = _meets(elements, place, -1), _meets(elements, place, 1)
                sides = {"before": before, "after": after}
                named = [
                    ast.NamedArgument(ast.Identifier(side), ast.StringLiteral("x" if met else ""))
                    for side, met in sides.items()
                ]
                arguments = ast.CallArguments([element.expression], named)
                if before or after:
                    name = ast.Identifier(_APART)
                    element.expression = ast.FunctionReference(name, arguments)
        self.generic_visit(node)


def _meets(elements: Sequence[ast.TextElement | ast.Placeable], place: int, step: int) -> bool:
    """Tell whether Han is next to an element, and take the blanks between the two away."""
    near = place + step
    if not 0 <= near < len(elements):
        return False
    element = elements[near]
    if isinstance(element, ast.TextElement):
        text = element.value.lstrip(" ") if step > 0 else element.value.rstrip(" ")
        met = _is_han(text[:1] if step > 0 else text[-1:]) if text else _meets(elements, near, step)
        if met:
            element.value = text
        return met
    if not isinstance(element.expression, ast.SelectExpression):
        return False
    return all(_begins(each.value, step) for each in element.expression.variants)


def _begins(pattern: ast.Pattern, step: int) -> bool:
    end = pattern.elements[0 if step > 0 else -1]
    text = end.value if isinstance(end, ast.TextElement) else ""
    return _is_han(text[:1] if step > 0 else text[-1:])


def _is_han(text: str) -> bool:
    return text.isalpha() and unicodedata.east_asian_width(text) == "W"


def _spaced(text: str, *, before: bool, after: bool) -> str:
    def other(end: str) -> bool:
        return end == "%" or (end.isalnum() and not _is_han(end))

    lead = " " if before and other(text[:1]) else ""
    return f"{lead}{text}{' ' if after and other(text[-1:]) else ''}"


def _capitalised(text: str) -> str:
    """Return a text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def _ended(text: str, stop: str) -> str:
    """Return an author's text as it ends a sentence, which it may do already."""
    ended = text.rstrip(_POP_ISOLATE).endswith(tuple(".!?…。！？؟"))
    return text if ended else f"{text}{stop}"
