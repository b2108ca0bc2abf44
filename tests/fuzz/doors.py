"""
Everything that takes bytes of strangers before any credential is known, as one function each.

A door either lets a value in or refuses with a `LoyaltyError`; nothing else may leave it, whatever
the bytes.  What is let in is held against what the door promises of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Final

from chalicelib.domain import voucher_code
from chalicelib.domain.api_key import PREFIX
from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.errors import LoyaltyError, Malformed, NotFound, Unauthorised
from chalicelib.domain.ledger import calendar
from chalicelib.routes.http import cursors, headers, parsing
from chalicelib.routes.http.credentials import authenticate
from chalicelib.routes.http.issuer import Issuer
from chalicelib.routes.http.tokens import TokenVerifier
from chalicelib.usecases.stored import StoredKey
from tests.routes.toy import AUDIENCE, ISSUER, JWKS, NOW

Door = Callable[[bytes], None]

_CURSOR_KEY: Final = b"k" * 32
_MOST_LEVELS: Final = parsing.DEPTH_MAX


def body(raw: bytes) -> None:
    """A body that parses is an object within every bound, and parses to itself again."""
    with suppress(Malformed):
        value = parsing.parse_object(raw)
        if _depth(value) > _MOST_LEVELS:
            raise AssertionError("deeper than a body may be")
        again = parsing.canonical(value)
        if len(again) <= parsing.BODY_BYTES_MAX and parsing.parse_object(again) != value:
            raise AssertionError("not the same when it is read again")


def document(raw: bytes) -> None:
    """Whatever a body holds, validation of a programme says what is wrong and never raises."""
    with suppress(Malformed):
        validated = validate(parsing.parse_object(raw))
        if (validated.programme is None) is not bool(validated.problems):
            raise AssertionError("a programme with problems, or neither")


def cursor(raw: bytes) -> None:
    """Nobody makes a cursor without the key."""
    with suppress(Malformed):
        cursors.unseal(_text(raw), key=_CURSOR_KEY, bound_to="ledger")
        raise AssertionError("a forged cursor")


def credential(raw: bytes) -> None:
    """Nobody is let in by a header that was not issued, be it a key or a token."""
    header = _text(raw)
    for each in (header, f"Bearer {header}", f"Bearer {PREFIX}{header}"):
        with suppress(Unauthorised):
            authenticate(each, _NoKeys(), _verifier(), 0)
            raise AssertionError("a forged credential")


def code(raw: bytes) -> None:
    """A voucher's code that reads is one that prints and reads back to itself."""
    with suppress(NotFound):
        plain = voucher_code.read(_text(raw))
        if voucher_code.read(voucher_code.shown(plain)) != plain:
            raise AssertionError("another code when it is read again")


def instant(raw: bytes) -> None:
    """An instant that reads is written and read back as the same."""
    with suppress(LoyaltyError):
        at = calendar.parse_instant(_text(raw))
        if calendar.parse_instant(calendar.format_instant(at)) != at:
            raise AssertionError("another instant when it is read again")


def day(raw: bytes) -> None:
    """A date that reads is the date as it was written."""
    with suppress(LoyaltyError):
        if calendar.parse_date(_text(raw)).isoformat() != _text(raw):
            raise AssertionError("another date than was written")


def header(raw: bytes) -> None:
    """Every header is read or refused."""
    value = _text(raw)
    headers.first_locale(value)
    with suppress(LoyaltyError):
        headers.idempotency_key(value, wanted=True)
    with suppress(LoyaltyError):
        headers.if_match(value, wanted=True)
    with suppress(LoyaltyError):
        headers.require_json(value)


DOORS: Final[dict[str, Door]] = {
    "body": body,
    "document": document,
    "cursor": cursor,
    "credential": credential,
    "code": code,
    "instant": instant,
    "day": day,
    "header": header,
}

#: What each door is tried with first: something that it lets in, or nearly.
SEEDS: Final[dict[str, tuple[bytes, ...]]] = {
    "body": (b'{"a": [1, -2, null, "\\u00e9"]}', b'{"a": {"b": 1e5}}', b'{"a":1,"a":2}'),
    "document": (b'{"id": "p", "earning": [{"id": "r", "award": {"type": "fixed"}}]}', b"[1]"),
    "cursor": (
        cursors.seal([1, "a"], key=_CURSOR_KEY, bound_to="rewards").encode(),
        b"AQ",
    ),
    "credential": (b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", b"abcdefghijklmnop_secret"),
    "code": (voucher_code.shown(voucher_code.make(b"twelve bytes")).encode(), b"0"),
    "instant": (b"2026-11-26T10:00:00.123+03:30", b"1970-01-01T00:00:00Z"),
    "day": (b"2024-02-29", b"0001-01-01"),
    "header": (b"application/json; charset=utf-8", b"fa-IR, en;q=0.5", b'"etag-1"'),
}


class _NoKeys:
    def find_key(self, _key_id: str) -> StoredKey | None:
        return None

    def note_key_use(self, _key_id: str, _day: int) -> None:
        raise AssertionError("a key that nobody has is not used")


@cache
def _verifier() -> TokenVerifier:
    return TokenVerifier([Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=JWKS)], lambda: NOW)


def _text(raw: bytes) -> str:
    # As WSGI and API Gateway hand over what is no UTF-8.
    return raw.decode("utf-8", "surrogateescape")


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, dict | list) else 0
