"""
How what people type is read: one spelling for each kind, so that what looks the same is the same.

`tidy` is for words that are shown again, such as a category: blanks around them and twice in a row
go, and so do characters that show nothing.  `folded` is for ids that are only compared, such as a
card's number: besides, full-width characters are plain ones, digits of every script are those from
0 to 9, and a hyphen is a hyphen, whichever key brought it.  Letters that look like Latin ones are
those: a Cyrillic А is an A.  Capitals stay, since they do not look like small letters.  `searched`
is for names of people, which are typed without their accents, too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

# Soft hyphen, zero-width space, word joiner, byte order mark, fillers, marks of direction.
# Not the joiners: in Persian and many other scripts they change what is seen.
_INVISIBLE: Final = "\u00ad\u061c\u180e\u200b\u200e\u200f\u2060\ufeff\u115f\u1160\u3164\uffa0\u2800"
_DIRECTION: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_JOINERS: Final = "\u200c\u200d"
_HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_QUOTES: Final = "\u2018\u2019\u02bc"
# What looks like a Latin letter, in the order of the Latin ones.
_LATIN: Final = "ABEKMHOPCTXYIJSaeopcxyijs" + "ABEZHIKMNOPTYXo"
_ALIKE: Final = "АВЕКМНОРСТХУІЈЅаеорсхуіјѕ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"
# An Arabic keyboard's letters where a Persian one has others, which look the same within a word.
_PERSIAN: Final = {"ي": "ی", "ى": "ی", "ك": "ک"}

_UNSEEN: Final = dict.fromkeys(map(ord, _INVISIBLE + _DIRECTION))
_FOLDS: Final = str.maketrans(
    dict.fromkeys(_HYPHENS, "-")
    | dict.fromkeys(_QUOTES, "'")
    | dict(zip(_ALIKE, _LATIN, strict=True))
    | _PERSIAN,
    # What shows nothing, here the joiners too.
) | dict.fromkeys(map(ord, _INVISIBLE + _DIRECTION + _JOINERS))

# White space of Unicode, without the control characters that no text of a request may hold.
_BLANKS: Final = "\t\n \u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_NOTHING: Final = "".join(f"\\u{ord(c):04x}" for c in _BLANKS + _INVISIBLE + _DIRECTION + _JOINERS)
_CONTROL: Final = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f"
#: The pattern of a text that shows something: not only blanks and what is invisible.
VISIBLE: Final = f"^[{_NOTHING}]*[^{_NOTHING}{_CONTROL}][^{_CONTROL}]*$"

#: All that there is to say of a text that only has to show something.
NOT_BLANK: Final = "Not blank."

#: How much of two names is the same where one may be meant by the other: of three letters two.
_NEAR: Final = 0.65  # nosemgrep: float-money - a share of letters
#: How much of a name is looked at for letters that are swapped.
_SWAPPED_MAX: Final = 100


def tidy(text: str) -> str:
    """Return words as they are shown: one blank between them, none around, nothing invisible."""
    if not text.isascii():
        text = text.translate(_UNSEEN)
    return " ".join(text.split())


def folded(text: str) -> str:
    """Return the one form of all that looks like an id; it is compared, and never shown."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_FOLDS)
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
        # What was taken out may have stood between a letter and its accent.
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.split())


def searched(name: str) -> str:
    """
    Return the one form of a name that is searched for; it is compared, and never shown.

    Capitals make no difference, nor do marks on letters.  Both go before letters are told by their
    looks, and vowels that are signs stay: they are letters of the name.
    """
    if not name.isascii():
        parts = unicodedata.normalize("NFKD", name)
        name = "".join(c for c in parts if not unicodedata.combining(c))
    return folded(name.casefold())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the name that was meant, if one is near: first one with two letters swapped."""
    known = list(known)
    swapped = {
        name[:i] + name[i + 1] + name[i] + name[i + 2 :]
        for i in range(min(len(name), _SWAPPED_MAX) - 1)
    }
    for each in known:
        if each in swapped and each != name:
            return each
    from difflib import get_close_matches  # only refusals need it

    near = get_close_matches(name, known, n=1, cutoff=_NEAR)
    return near[0] if near else None
