"""
Strict JSON: what a request's body must be before any schema looks at it.

A body is at most 64 KiB of UTF-8 without a byte order mark, one JSON object, at most 16 levels
deep, without repeated keys, NaN, Infinity or numbers that overflow to them, without integers
beyond ±2^53 (JavaScript could not read them back), and without control characters in strings
other than line feed and tab.  Strings are normalised to NFC, so that one name has one spelling.
Every violation is `malformed_json` with a position or with a JSON pointer per violation.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from chalicelib.domain.errors import Malformed, TooLarge
from chalicelib.domain.pointer import escape_pointer

BODY_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 16
INTEGER_MAX: Final = 2**53
_DIGITS_MAX: Final = 17
_VIOLATIONS_MAX: Final = 50
_CANONICAL: Final = msgspec.json.Encoder(order="sorted")

# Possessive quantifiers keep this linear: a string that never ends is swallowed once.
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
# C0 but for tab and line feed, DEL, C1, and lone halves of surrogate pairs.
_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class _OutOfRange:
    """Stands where a number was that no field could hold."""


class _Repeated:
    """Stands where an object was that named some of its keys twice."""

    def __init__(self, names: list[str]) -> None:
        self.names = names


def parse_object(raw: bytes) -> dict[str, Any]:
    """
    Return the JSON object in ``raw``, its strings normalised.

    Raises `TooLarge` where the body is over 64 KiB (``body_too_large``); `Malformed` where it is
    not one strict JSON object (``malformed_json``).
    """
    if len(raw) > BODY_BYTES_MAX:
        raise TooLarge(
            "body_too_large",
            f"The body is {len(raw)} bytes; the limit is {BODY_BYTES_MAX}.",
            limit_bytes=BODY_BYTES_MAX,
        )
    text = _decode(raw)
    _check_depth(text)
    reader = _Reader()
    value = _load(text, reader)
    violations = []
    # Nothing is wrong with most bodies, nor anything to normalise, and that takes no walk to see.
    if reader.found_unfit or not _is_plain(text):
        found = zip(_violations(value, ""), range(_VIOLATIONS_MAX), strict=False)
        violations = [{"pointer": pointer, "detail": detail} for (pointer, detail), _ in found]
    if violations:
        raise Malformed(
            "malformed_json",
            f"The body holds {len(violations)} value(s) that are not allowed; see errors.",
            errors=violations,
        )
    if not isinstance(value, dict):
        raise Malformed("malformed_json", "The body must be a JSON object: {…}.")
    return value


def normalised(text: str) -> str | None:
    """Return ``text`` in NFC, or nothing where it has a character that no string may have."""
    return None if _UNFIT.search(text) else unicodedata.normalize("NFC", text)


def canonical(value: Any) -> bytes:
    """Return the one encoding of a parsed value: sorted keys, no spaces, UTF-8."""
    return _CANONICAL.encode(value)


def _decode(raw: bytes) -> str:
    if not raw.strip():
        raise Malformed("malformed_json", "The request needs a JSON object as its body.")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise Malformed("malformed_json", "The body starts with a byte order mark.", position=0)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(
            "malformed_json",
            f"The body is not UTF-8 at byte {error.start}.",
            position=error.start,
        ) from None


def _check_depth(text: str) -> None:
    # Before parsing, and without recursion: the parser would answer deep nesting by overflowing.
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    depth = 0
    for match in _STRUCTURE.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise Malformed(
                    "malformed_json",
                    f"The body nests deeper than {DEPTH_MAX} levels at position {match.start()}.",
                    position=match.start(),
                )
        elif mark in "]}":
            depth -= 1


def _is_plain(text: str) -> bool:
    # The parser refuses bare control characters, all but DEL.
    return text.isascii() and "\\" not in text and "\x7f" not in text


def _load(text: str, reader: _Reader) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=reader.object,
            parse_int=reader.integer,
            parse_float=reader.decimal,
            parse_constant=reader.constant,
        )
    except json.JSONDecodeError as error:
        raise Malformed(
            "malformed_json",
            f"{error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}.",
            position=error.pos,
            line=error.lineno,
            column=error.colno,
        ) from None


class _Reader:
    """Makes values of what the parser reads; knows whether any of them stands for an unfit one."""

    def __init__(self) -> None:
        self.found_unfit = False

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeated:
        """Return the members of an object."""
        # Keys are compared as they will be read: two spellings of one name are one key.
        members: dict[str, Any] = {}
        repeated: list[str] = []
        for name, value in pairs:
            key = unicodedata.normalize("NFC", name)
            if key in members:
                repeated.append(key)
            members[key] = value
        if repeated:
            self.found_unfit = True
            return _Repeated(repeated)
        return members

    def integer(self, digits: str) -> int | _OutOfRange:
        """Return a whole number."""
        if len(digits) > _DIGITS_MAX or abs(int(digits)) > INTEGER_MAX:
            return self.constant(digits)
        return int(digits)

    def decimal(self, digits: str) -> float | int | _OutOfRange:
        """Return a number that has a fraction or an exponent."""
        number = float(digits)
        if not math.isfinite(number):
            return self.constant(digits)
        # To JSON Schema 5.0 is an integer, and some languages write every number so.
        return int(number) if number.is_integer() and abs(number) <= INTEGER_MAX else number

    def constant(self, _name: str) -> _OutOfRange:
        """Return what stands for NaN and Infinity, and for a number that no field could hold."""
        self.found_unfit = True
        return _OutOfRange()


def _violations(value: Any, at: str) -> Iterator[tuple[str, str]]:
    """Yield every unfit value under ``value``, normalising strings in place on the way."""
    if isinstance(value, _OutOfRange):
        yield at, "is a number out of range: use a finite number within ±2^53"
    elif isinstance(value, _Repeated):
        for name in value.names:
            shown = normalised(name)
            yield at, "names a key twice" + (f": `{shown[:64]}`" if shown else "")
    elif isinstance(value, str):
        if normalised(value) is None:
            yield at, "holds a control character or half of a surrogate pair"
    elif isinstance(value, dict):
        yield from _object_violations(value, at)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                value[index] = normalised(item) or item
            yield from _violations(item, f"{at}/{index}")


def _object_violations(members: dict[str, Any], at: str) -> Iterator[tuple[str, str]]:
    for name, item in members.items():
        if normalised(name) is None:
            yield at, "has a key with a control character or half of a surrogate pair"
            continue
        if isinstance(item, str):
            members[name] = normalised(item) or item
        yield from _violations(item, f"{at}/{escape_pointer(name)}")
