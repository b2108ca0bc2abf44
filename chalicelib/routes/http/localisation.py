"""How texts and dates look to a person, and in which direction their language runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Message

Direction = Literal["ltr", "rtl"]

_RIGHT_TO_LEFT: Final = frozenset({"fa", "ar", "he", "ur"})
_PERSIAN_DIGITS: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def worded(said: Sequence[Message], locale: str, otherwise: str) -> str:
    """Return messages as text in the reader's language; ``otherwise`` where it has no words."""
    if not said:
        return otherwise
    # Only readers of other languages than English pay for the message files.
    from chalicelib.programmes.rendering import catalogue

    rendered = catalogue().render(said, locale)
    return rendered.text if rendered.translated else otherwise


def language(locale: str) -> str:
    """Return the language of a locale: `fa` of `fa-IR`."""
    return locale.partition("-")[0].lower()


def direction(locale: str) -> Direction:
    """Return `rtl` or `ltr`."""
    return "rtl" if language(locale) in _RIGHT_TO_LEFT else "ltr"


def date_label(iso_date: str, locale: str) -> str:
    """
    Return a local date as people of a locale write it.

    In Persian that is the Jalali calendar in Persian digits; elsewhere ISO 8601, which no reader
    mistakes.
    """
    if language(locale) != "fa":
        return iso_date
    # Only Persian readers pay for this.
    import jdatetime

    day = jdatetime.date.fromgregorian(date=date.fromisoformat(iso_date))
    return f"{day.year:04d}/{day.month:02d}/{day.day:02d}".translate(_PERSIAN_DIGITS)
