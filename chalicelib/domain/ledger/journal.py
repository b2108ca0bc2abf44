"""
The journal as bytes: each event chained to the one before, so that none can be changed unseen.

An event is stored in two fields, ``body`` (effects, postings, what happened) and ``detail`` (what
could reveal health, or who somebody is, in a field of its own so that it can be sealed): the lines,
SKUs and source ids of an activity, and also its type and place, which an event has in its payload
once it is read, and the person who acted.  The hash chain runs over these stored bytes, so that no
later release can make an old event look different.
"""

from __future__ import annotations

import functools
import hashlib
import zlib
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.ledger.actor import PERSONS, Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import (
    SCHEMA,
    ActivityRecorded,
    ActivityReversed,
    ActivitySummary,
    Detail,
    Event,
)

# Bodies are small.  zlib's usual window and tables take longer to set up than such a body takes to
# compress, and these compress it as far.  What is written once is compressed quickly, to within a
# twentieth; an account lies in every write, and every kilobyte of it costs.  What is large, such as
# a cart of 100 lines with 100 discounts each, repeats itself further apart than such a window.
_QUICKLY: Final = (1, zlib.DEFLATED, 11, 4)  # level, method, bits of the window, memory
_SMALLEST: Final = (6, zlib.DEFLATED, 13, 6)
_LARGELY: Final = (6, zlib.DEFLATED, 15, 8)
_LARGE: Final = 1 << 14
_SMALL: Final = 150

_ENCODER: Final = msgspec.json.Encoder()


class StoredEvent(Struct, frozen=True):
    """An event as it lies in the store: its place, its bytes and its link in the chain."""

    version: int
    effective_at: Instant
    body: bytes
    detail: bytes
    hash: bytes


class _Sealed(Struct, frozen=True, omit_defaults=True):
    """
    What is stored as the detail of an event.

    ``named`` are type, category, channel and location of an activity, and ``actor`` who acted.
    """

    detail: Detail | None = None
    named: tuple[str, str, str, str] | None = None
    actor: Actor | None = None


_NOTHING: Final = _Sealed()


def deflate(data: bytes, *, smallest: bool = False) -> bytes:
    """Compress, as zlib (RFC 1950): what is small quickly, or to as few bytes as it can."""
    how = _LARGELY if len(data) > _LARGE else _SMALLEST if smallest else _QUICKLY
    packing = zlib.compressobj(*how)
    return packing.compress(data) + packing.flush()


def encode(event: Event, *, previous: bytes, key: str) -> StoredEvent:
    """
    Return the bytes to store and their hash.

    ``previous`` is the hash of the event before (empty for the first) and ``key`` the account's
    key, so that an event moved to another account or place breaks the chain.
    """
    opened, sealed = _apart(event)
    body = deflate(_ENCODER.encode(opened))
    detail = b"" if sealed == _NOTHING else _packed(_ENCODER.encode(sealed))
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
            event = _together(event, _seals().decode(_unpacked(stored.detail)))
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"event {stored.version} cannot be read: {error}") from error
    if event.schema != SCHEMA:
        raise ValueError(f"event {stored.version} has schema {event.schema}, not {SCHEMA}")
    return event


def _apart(event: Event) -> tuple[Event, _Sealed]:
    """Return what of an event may stay open, and what is sealed."""
    data, actor, named, person = event.data, event.actor, None, None
    if isinstance(data, ActivityRecorded | ActivityReversed):
        activity = data.activity
        named = (activity.type, activity.category, activity.channel, activity.location)
        data = replace(data, activity=_summary(activity, ("", "", "", "")))
    if actor.kind in PERSONS:
        person, actor = actor, Actor(actor.kind, "")
    opened = replace(event, data=data, actor=actor, detail=None)
    return opened, _Sealed(event.detail, named, person)


def _together(event: Event, sealed: _Sealed) -> Event:
    """Return an event as it was before `_apart`."""
    data = event.data
    if sealed.named is not None and isinstance(data, ActivityRecorded | ActivityReversed):
        data = replace(data, activity=_summary(data.activity, sealed.named))
    return replace(event, data=data, actor=sealed.actor or event.actor, detail=sealed.detail)


def _summary(activity: ActivitySummary, named: tuple[str, str, str, str]) -> ActivitySummary:
    kind, category, channel, location = named
    return replace(activity, type=kind, category=category, channel=channel, location=location)


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
def _seals() -> msgspec.json.Decoder[_Sealed]:
    return msgspec.json.Decoder(_Sealed)
