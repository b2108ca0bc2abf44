"""JSON pointers (RFC 6901): where in a document something stands."""

from __future__ import annotations

from typing import Any


def escape_pointer(token: str) -> str:
    """Return one token of a JSON pointer, so that a name may hold `/` and `~`."""
    return token.replace("~", "~0").replace("/", "~1")


def join(at: str, *tokens: str | int) -> str:
    """Return the pointer of what stands below ``at``, by the names and places that lead there."""
    for token in tokens:
        at = f"{at}/{escape_pointer(token) if isinstance(token, str) else token}"
    return at


def has_place(document: Any, at: str) -> bool:
    """Say whether ``at`` names a field of an object, there or not, or an item of a list."""
    if not at:
        return True
    *path, last = map(_unescape, at.split("/")[1:])
    for token in path:
        document = _below(document, token)
    return isinstance(document, dict) or _below(document, last) is not None


def _below(document: Any, token: str) -> Any:
    if isinstance(document, dict):
        return document.get(token)
    if isinstance(document, list) and token.isdecimal() and int(token) < len(document):
        return document[int(token)]
    return None


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
