"""
The journal as bytes: each event chained to the one before, so that none can be changed unseen.

An event is stored in two fields, ``body`` (effects, postings, what happened) and ``detail``
(lines, SKUs, source ids: what could reveal health, in a field of its own so that it can be
sealed).  The hash chain runs over these stored bytes, so that no later release can make an old
event look different.
"""

from __future__ import annotations

import functools
import hashlib
import zlib
from typing import Final

import msgspec
from msgspec import Struct

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import SCHEMA, Detail, Event

# Bodies are small.  zlib's usual window and tables take longer to set up than such a body takes to
# compress, and these compress it as far.
_LEVEL: Final = 6
_WINDOW_BITS: Final = 13
_MEMORY_LEVEL: Final = 6
_SMALL: Final = 100

_ENCODER: Final = msgspec.json.Encoder()


class StoredEvent(Struct, frozen=True):
    """An event as it lies in the store: its place, its bytes and its link in the chain."""

    version: int
    effective_at: Instant
    body: bytes
    detail: bytes
    hash: bytes


def deflate(data: bytes) -> bytes:
    """Compress what is small, as zlib (RFC 1950)."""
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
    return packing.compress(data) + packing.flush()


def encode(event: Event, *, previous: bytes, key: str) -> StoredEvent:
    """
    Return the bytes to store and their hash.

    ``previous`` is the hash of the event before (empty for the first) and ``key`` the account's
    key, so that an event moved to another account or place breaks the chain.
    """
    body = deflate(_ENCODER.encode(msgspec.structs.replace(event, detail=None)))
    detail = b"" if event.detail is None else _packed(_ENCODER.encode(event.detail))
    return StoredEvent(
        version=event.version,
        effective_at=event.effective_at,
        body=body,
        detail=detail,
        hash=link(previous, key, event.version, body, detail),
    )


def decode(stored: StoredEvent) -> Event:
    """
    Read stored bytes back.

    Raises ``ValueError`` (of which msgspec's and zlib's errors are made) where the bytes are not
    an event, or of another schema.
    """
    try:
        event = _events().decode(zlib.decompress(stored.body))
        if stored.detail:
            detail = _details().decode(_unpacked(stored.detail))
            event = msgspec.structs.replace(event, detail=detail)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"event {stored.version} cannot be read: {error}") from error
    if event.schema != SCHEMA:
        raise ValueError(f"event {stored.version} has schema {event.schema}, not {SCHEMA}")
    return event


def link(previous: bytes, key: str, version: int, body: bytes, detail: bytes) -> bytes:
    """Return the SHA-256 of an event: over the one before, its place, and its stored bytes."""
    parts = (previous, key.encode(), str(version).encode(), body, detail)
    # The length goes first, so that no byte can move from one part to the next unseen.
    chained = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(chained).digest()


def _packed(detail: bytes) -> bytes:
    # Most details are a source and an id, which zlib would only make longer.
    return detail if len(detail) < _SMALL else deflate(detail)


def _unpacked(stored: bytes) -> bytes:
    return stored if stored.startswith(b"{") else zlib.decompress(stored)


@functools.cache
def _events() -> msgspec.json.Decoder[Event]:
    # Made when first asked for: a decoder of every kind of event takes milliseconds to make.
    return msgspec.json.Decoder(Event)


@functools.cache
def _details() -> msgspec.json.Decoder[Detail]:
    return msgspec.json.Decoder(Detail)
