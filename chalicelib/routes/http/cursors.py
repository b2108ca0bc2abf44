"""
Opaque cursors: where a list continues, signed for one tenant, one list and one caller.

A cursor is base64url of one version byte, 16 bytes of HMAC-SHA-256 and the position as JSON.  The
key is derived from the root key for the tenant; what the cursor is bound to goes into the HMAC.
Anything that was not made here for just this list and caller is `invalid_cursor`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.errors import Malformed

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_VERSION: Final = b"\x01"
_SIGNATURE_BYTES: Final = 16


def derived_key(root_key: bytes, purpose: str, tenant: str) -> bytes:
    """Return 32 bytes for one purpose of one tenant: none shares its key with another."""
    return hmac.digest(root_key, f"{purpose}\x00{tenant}".encode(), hashlib.sha256)


def seal(position: Any, *, key: bytes, bound_to: str) -> str:
    """Return the cursor for a JSON-able position, good only for what it is bound to."""
    payload = msgspec.json.encode(position)
    signed = _VERSION + _signature(key, bound_to, payload) + payload
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode("ascii")


def unseal(cursor: str, *, key: bytes, bound_to: str) -> Any:
    """
    Return the position in a cursor.

    Raises `Malformed` ``invalid_cursor``, whatever is wrong with it.
    """
    try:
        signed = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4),
            altchars=b"-_",
            validate=True,
        )
    except (UnicodeEncodeError, binascii.Error):
        raise _invalid() from None
    version, rest = signed[:1], signed[1:]
    signature, payload = rest[:_SIGNATURE_BYTES], rest[_SIGNATURE_BYTES:]
    expected = _signature(key, bound_to, payload)
    if version != _VERSION or not hmac.compare_digest(signature, expected):
        raise _invalid()
    return msgspec.json.decode(payload)


def concealed(cursor: str, *, key: bytes) -> str:
    """Return a cursor of which nobody reads what it says."""
    return _cipher(key).encrypt(cursor.encode("ascii")).decode("ascii").rstrip("=")


def revealed(cursor: str, *, key: bytes) -> str:
    """Return what `concealed` was given; raises `Malformed` ``invalid_cursor`` otherwise."""
    from cryptography.fernet import InvalidToken

    try:
        token = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return _cipher(key).decrypt(token).decode("ascii")
    except (UnicodeEncodeError, InvalidToken):
        raise _invalid() from None


def _cipher(key: bytes) -> Fernet:
    from cryptography.fernet import Fernet  # few callers are limited to locations

    return Fernet(base64.urlsafe_b64encode(hmac.digest(key, b"concealed", hashlib.sha256)))


def _signature(key: bytes, bound_to: str, payload: bytes) -> bytes:
    scope = hashlib.sha256(bound_to.encode()).digest()
    return hmac.digest(key, _VERSION + scope + payload, hashlib.sha256)[:_SIGNATURE_BYTES]


def _invalid() -> Malformed:
    return Malformed(
        "invalid_cursor",
        "The cursor is not one of this list; start again without it.",
    )
