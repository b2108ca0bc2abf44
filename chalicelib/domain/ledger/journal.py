"""
The journal as bytes: each event chained to the one before, so that none can be changed unseen.

An event is stored in two fields, ``body`` (effects, postings, what happened) and ``detail``
(lines, SKUs, source ids: what could reveal health, in a field of its own so that it can be
sealed).  The hash chain runs over these stored bytes, so that no later release can make an old
entry look different.
"""

from __future__ import annotations

import functools
import hashlib
import zlib

import msgspec
from msgspec import Struct

from chalicelib.domain.calendar import Instant
from chalicelib.domain.ledger.events import SCHEMA, Detail, Event


class StoredEvent(Struct, frozen=True):
    """An entry as it lies in the store: its place, its bytes and its link in the chain."""

    version: int
    effective_at: Instant
    body: bytes
    detail: bytes
    hash: bytes


def encode(entry: Event, *, previous: bytes, key: str) -> StoredEvent:
    """
    Return the bytes to store and their hash.

    ``previous`` is the hash of the entry before (empty for the first) and ``key`` the account's
    key, so that an entry moved to another account or place breaks the chain.
    """
    body = zlib.compress(msgspec.json.encode(msgspec.structs.replace(entry, detail=None)), 6)
    detail = b"" if entry.detail is None else zlib.compress(msgspec.json.encode(entry.detail), 6)
    return StoredEvent(
        version=entry.version,
        effective_at=entry.effective_at,
        body=body,
        detail=detail,
        hash=link(previous, key, entry.version, body, detail),
    )


def decode(stored: StoredEvent) -> Event:
    """
    Read stored bytes back.

    Raises ``ValueError`` (of which msgspec's and zlib's errors are made) where the bytes are not
    an entry, or of another schema.
    """
    try:
        entry = _events().decode(zlib.decompress(stored.body))
        if stored.detail:
            detail = _details().decode(zlib.decompress(stored.detail))
            entry = msgspec.structs.replace(entry, detail=detail)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise ValueError(f"entry {stored.version} cannot be read: {fault}") from fault
    if entry.schema != SCHEMA:
        raise ValueError(f"entry {stored.version} has schema {entry.schema}, not {SCHEMA}")
    return entry


def link(previous: bytes, key: str, version: int, body: bytes, detail: bytes) -> bytes:
    """Return the SHA-256 of an entry: over the one before, its place, and its stored bytes."""
    digest = hashlib.sha256()
    for part in (previous, key.encode(), str(version).encode(), body, detail):
        # The length goes first, so that no byte can move from one part to the next unseen.
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()


@functools.cache
def _events() -> msgspec.json.Decoder[Event]:
    # Made when first asked for: a decoder of every kind of event takes milliseconds to make.
    return msgspec.json.Decoder(Event)


@functools.cache
def _details() -> msgspec.json.Decoder[Detail]:
    return msgspec.json.Decoder(Detail)
