"""What fields of the programme document hold: ids, amounts, days, lines, expiry, texts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from chalicelib.domain.ledger.money import MAX_AMOUNT


def whole(pattern: str) -> str:
    """
    Return the pattern of texts that match as a whole, for ECMA and for Python alike.

    Python's ``$`` alone would let a line feed follow.  Write digits as ``[0-9]``: Python's class of
    digits has those of every script.
    """
    return rf"^{pattern}(?!\n)$"


Id = Annotated[
    str,
    Meta(
        pattern=whole(r"[a-z][a-z0-9_-]{0,39}"),
        description="A permanent identifier: lower-case letters, digits, `_` and `-`.",
    ),
]
#: The ids of the tenant's locations at which something is offered; everywhere where there are none.
LocationNames = Annotated[
    tuple[Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"))], ...],
    Meta(max_length=50),
]
Expression = Annotated[
    str, Meta(min_length=1, max_length=2000, description="A CEL expression (see the README).")
]
LocalDate = Annotated[
    str,
    Meta(
        pattern=whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        description="A local date.",
        extra_json_schema={"format": "date"},
    ),
]
TimeOfDay = Annotated[
    str, Meta(pattern=whole(r"([01][0-9]|2[0-3]):[0-5][0-9]"), description="A local time: `18:30`.")
]
ActivityType = Annotated[
    str,
    Meta(
        pattern=whole(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*"),
        max_length=64,
        description="The kind of activity, dotted: `visit.completed`.",
    ),
]
UNITS_OF_VALUE: Final = "Whole units of the currency; of money minor units: 8000 is 80.00 GBP."
#: So much value: points, or minor units of a currency that counts money.
Points = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_AMOUNT,
        description=UNITS_OF_VALUE,
    ),
]
#: So much money, in whole minor units.
MinorUnits = Annotated[
    int, Meta(ge=1, le=MAX_AMOUNT, description="Whole minor units: 8000 is 80.00 GBP.")
]
#: So much money, or nothing.
MinorUnitsOrNone = Annotated[
    int, Meta(ge=0, le=MAX_AMOUNT, description="Whole minor units: 8000 is 80.00 GBP.")
]
CurrencyCode = Annotated[
    str,
    Meta(pattern=whole(r"[A-Z]{3}"), description="An ISO 4217 code in capitals, such as GBP."),
]
Percent = Annotated[
    int, Meta(ge=1, le=10_000, description="Whole per cent: 150 is half as much again.")
]
#: What part of something: never more than all of it.
Share = Annotated[int, Meta(ge=1, le=100, description="Whole per cent: 10 is ten per cent.")]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Days = Annotated[int, Meta(ge=0, le=3660)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Name | dict[str, Name]
Caption = Annotated[str, Meta(max_length=200)] | dict[str, Name]
#: What something is worth in a shop, in minor units of the programme's money.
RetailValue = Annotated[int, Meta(ge=0, le=10**9)]
#: What stands for 29 February in a year that has none.
LeapDay = Literal["02-28", "03-01"]
# The script itself, and where it is the usual one.
_TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})
Plural = Literal["zero", "one", "two", "few", "many"]


class Model(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every part of a document shares: immutable, and a typo is an error."""


MetadataKey = Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"))]
#: Short texts of the tenant's own, which nothing here reads.
Metadata = Annotated[dict[MetadataKey, Annotated[str, Meta(max_length=200)]], Meta(max_length=20)]


class Part(Model, frozen=True, kw_only=True):
    """What is one of several, such as a reward or a rule, with what the tenant keeps with it."""

    metadata: Metadata = field(default_factory=dict)


def metadata_of(parts: Iterable[Any], part_id: str) -> dict[str, str]:
    """Return what is kept with the part of an id, nothing where there is none."""
    found = (each.metadata for each in parts if each.id == part_id)
    return next(found, {})


class Lines(Model, frozen=True):
    """A choice of lines: any of these categories or SKUs."""

    categories: tuple[Name, ...] = ()
    skus: tuple[Name, ...] = ()


class LineScope(Model, frozen=True):
    """Which lines of an activity count: those included (all, if none is named) and not excluded."""

    include: Lines = Lines()
    exclude: Lines = Lines()


class Rate(Model, frozen=True):
    """``amount`` minor units of the programme's money for every ``per`` of another currency's."""

    amount: MinorUnits
    per: MinorUnits


class Recurrence(Model, frozen=True):
    """
    Days that recur, by a rule of RFC 5545 in the programme's zone, and hours of these days.

    A day counts from ``from_time`` on, and up to ``until_time``, that minute no more.  ``describe``
    says in words which days they are.
    """

    rrule: Annotated[str, Meta(min_length=1, max_length=200)]
    starts_on: LocalDate
    from_time: TimeOfDay | None = None
    until_time: TimeOfDay | None = None
    describe: Text | None = None


class NeverExpires(Model, frozen=True, tag_field="type", tag="never"):
    """Value stays until it is used."""


class RollingExpiry(Model, frozen=True, tag_field="type", tag="rolling"):
    """
    Value is usable through the day that is so long after the day of the activity: one unit only.

    ``round_up`` prolongs it to the last day of the month, quarter, half-year or year.
    """

    days: Annotated[int, Meta(ge=1, le=36600)] | None = None
    months: Annotated[int, Meta(ge=1, le=1200)] | None = None
    years: Annotated[int, Meta(ge=1, le=100)] | None = None
    round_up: Literal["month", "quarter", "half", "year"] | None = None


class InactivityExpiry(Model, frozen=True, tag_field="type", tag="inactivity"):
    """
    Value is usable through the day that is so long after each later activity: one unit only.

    In any case it lasts for its ``first_life``; where that is left out, so long after the day on
    which it was earned.  Any activity counts, or those of the kinds named in ``on``.
    """

    days: Annotated[int, Meta(ge=1, le=36600)] | None = None
    months: Annotated[int, Meta(ge=1, le=1200)] | None = None
    years: Annotated[int, Meta(ge=1, le=100)] | None = None
    first_life: RollingExpiry | None = None
    on: Annotated[tuple[ActivityType, ...], Meta(max_length=50)] = ()


class FixedExpiry(Model, frozen=True, tag_field="type", tag="fixed"):
    """
    Value is usable through one calendar date.

    ``on`` is a date (`2027-03-20`) or a day of every year (`12-31`); of a yearly day the first
    that is at least ``min_days`` after the activity counts.  `02-29` is the last of February.
    """

    on: Annotated[str, Meta(pattern=whole(r"([0-9]{4}-)?[0-9]{2}-[0-9]{2}"))]
    min_days: Days = 0


Expiry = NeverExpires | RollingExpiry | FixedExpiry | InactivityExpiry


def text_in(text: Caption, locale: str | None) -> str:
    """
    Return a text in a locale, else in its language, else in English, else the first there is.

    Chinese is two languages here, by its script: neither is ever read for the other.
    """
    if isinstance(text, str):
        return text
    return text.get(locale_in(text, locale), "")


def locale_in(translated: Collection[str], locale: str | None) -> str:
    """Return the locale that a reader gets of those that there are, empty where there is none."""
    if locale and locale in translated:
        return locale
    language = language_of(locale or "")
    for near in (language, *(key for key in translated if language_of(key) == language), "en"):
        if near in translated:
            return near
    return next(iter(translated), "")


def borrowed_from(text: Caption, locale: str | None) -> str:
    """Return the locale in which a reader gets a text that is not there in their language."""
    if isinstance(text, str) or not locale:
        return ""
    found = locale_in(text, locale)
    return "" if language_of(found) == language_of(locale) else found


def language_of(locale: str) -> str:
    """Return the language of a locale, of Chinese with its script: `fa` of `fa-IR`, `zh-Hant`."""
    language, *subtags = locale.lower().split("-")
    if language != "zh":
        return language
    traditional = not _TRADITIONAL.isdisjoint(subtags) and "hans" not in subtags
    return "zh-Hant" if traditional else "zh-Hans"
