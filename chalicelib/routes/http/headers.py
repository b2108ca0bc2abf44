"""Request headers that every operation reads in the same way, and those that every answer bears."""

from __future__ import annotations

import re
from typing import Final, Literal

from chalicelib.domain.errors import Malformed, Unsupported

#: On every answer.  Answers are about persons: nothing on the way may keep or reinterpret them.
ANSWER_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
DEFAULT_LOCALE: Final = "en"

_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")
_ENTITY_TAG: Final = re.compile(r'"[\x21\x23-\x7e]{1,128}"')
_LANGUAGE: Final = re.compile(
    r"(?P<tag>[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4})(?:\s*;\s*q=(?P<q>[01](?:\.\d{0,3})?))?",
)
_ACCEPT_LANGUAGE_MAX: Final = 512


def idempotency_key(value: str | None, *, wanted: bool | Literal["optional"]) -> str | None:
    """
    Return the ``Idempotency-Key`` of a request, where the operation takes one.

    Raises `Malformed` ``idempotency_key_required`` where it must be and is not, or
    ``invalid_idempotency_key`` when it is not 1–255 visible ASCII characters.
    """
    if wanted is False:
        return None
    if value is None:
        if wanted is True:
            raise Malformed(
                "idempotency_key_required",
                "Send an Idempotency-Key header, new for each intention, the same on a retry.",
            )
        return None
    if not _VISIBLE.fullmatch(value):
        raise Malformed(
            "invalid_idempotency_key",
            "An Idempotency-Key is 1 to 255 visible ASCII characters.",
        )
    return value


def if_match(value: str | None, *, wanted: bool) -> str | None:
    """
    Return the entity tag of ``If-Match``, where the operation reads one.

    Raises `Malformed` ``invalid_if_match`` when it is not one strong tag.
    """
    if value is None or not wanted:
        return None
    if not _ENTITY_TAG.fullmatch(value):
        raise Malformed("invalid_if_match", "If-Match is one strong entity tag, in quotes.")
    return value


def require_json(content_type: str | None) -> None:
    """
    Refuse a body that does not say that it is JSON in UTF-8.

    Raises `Unsupported` ``unsupported_media_type``.
    """
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")]
    if media_type != "application/json" or any(c not in {"utf-8", "utf8"} for c in charsets):
        raise Unsupported(
            "unsupported_media_type",
            "Send the body with Content-Type: application/json, in UTF-8.",
        )


def first_locale(accept_language: str | None) -> str:
    """Return the language that the caller would rather have, ``en`` when the header names none."""
    best, best_quality = DEFAULT_LOCALE, 0.0
    for part in (accept_language or "")[:_ACCEPT_LANGUAGE_MAX].split(","):
        match = _LANGUAGE.fullmatch(part.strip())
        quality = float(match["q"] or 1) if match else 0.0
        if match and quality > best_quality:
            best, best_quality = match["tag"], quality
    return best
