"""
The journal: one immutable entry for each thing that happened to an account.

An entry is stored as bytes, ``body`` (effects, postings, the least of the fact) and ``detail``
(lines, SKUs, source ids: what could reveal health, in a field of its own so that it can be
sealed).  The hash chain runs over these stored bytes, so that no later release can make an old
entry look different.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.domain.bill import Bill
from chalicelib.domain.calendar import Instant
from chalicelib.domain.decide.actor import CLOCK, Actor
from chalicelib.domain.effects import Effect
from chalicelib.domain.lots import NEVER_EXPIRES, LotKey, PendingKey

# 3: lots named by a key.
SCHEMA = 3

# Ledger accounts between which value moves. `member/*` are the member's own.
AVAILABLE = "member/available"
PENDING = "member/pending"
HELD = "member/held"
ISSUED = "issued"
REDEEMED = "redeemed"
EXPIRED = "expired"
FORFEITED = "forfeited"
ADJUSTED = "adjusted"
# Before the id of a payee, for whose benefit value was redeemed.
PAYEE = "payee/"


class Posting(Struct, frozen=True, array_like=True):
    """A movement of one currency between two ledger accounts: what one loses the other gains."""

    source: str
    destination: str
    currency: str
    amount: int


class RuleAward(Struct, frozen=True, omit_defaults=True):
    """
    What one earning rule gave for a fact.

    ``raw`` is the award before caps, ``room`` what the caps left open then (``None`` without a
    cap), ``granted`` what was given.  A reversal needs all three.
    """

    programme: str
    rule: str
    currency: str
    raw: int
    granted: int
    room: int | None = None
    lot: LotKey = NEVER_EXPIRES
    active_at: Instant | None = None
    active_on: str | None = None
    warn_at: Instant | None = None

    @property
    def pending(self) -> PendingKey | None:
        """Return which pending lot it went to, or ``None`` where it was usable at once."""
        if self.active_at is None or self.active_on is None:
            return None
        return PendingKey(self.active_at, self.active_on, self.lot)


class Judged(Struct, frozen=True, omit_defaults=True):
    """By which version, in which tier and after how many visits a programme judged a fact."""

    programme: str
    version: int
    tier: str
    visits: int = 0


class Fact(Struct, frozen=True, omit_defaults=True):
    """The least of an activity that simulation and reports need; nothing that names a service."""

    type: str
    amount: int | None = None
    money: str | None = None
    quantity: int | None = None
    category: str = ""
    channel: str = ""
    location: str = ""


class Line(Struct, frozen=True, omit_defaults=True):
    """One line of a basket or bill; ``amount`` in minor units for the whole line."""

    id: str
    amount: int = 0
    quantity: int = 1
    category: str = ""
    sku: str = ""


class Detail(Struct, frozen=True, omit_defaults=True):
    """
    What could reveal health: sealed apart from the body.

    ``bill`` is that of a quote that was bought.  Of a reversal it is what came back of that, or
    ``lines`` are what came back of a fact that was priced elsewhere.
    """

    source: str = ""
    external_id: str = ""
    provider: str = ""
    lines: tuple[Line, ...] = ()
    attributes: dict[str, str | int | bool] = {}
    note: str = ""
    bill: Bill | None = None


class Entry(Struct, frozen=True, omit_defaults=True):
    """
    One journal record.

    ``version`` is its place in the account, ``occurred_at`` when the fact happened,
    ``effective_at`` when it changed the account.  ``kind`` is one of the registry's `KINDS`.
    ``subject`` names what it is about: a redemption, a transfer, or the version of the entry that
    a reversal takes back, or a household; ``counterparty`` is the other member of a transfer, or in
    a household's journal whoever joined or left it.  ``noted`` is what mechanics other than earning
    made of the fact, as each wants to find it again when the fact is reversed: by
    `programme/section`.
    """

    version: int
    kind: str
    effective_at: Instant
    occurred_at: Instant
    # Left out of the bytes where it is 3, whatever this release writes.
    schema: int = 3
    effects: tuple[Effect, ...] = ()
    postings: tuple[Posting, ...] = ()
    actor: Actor = CLOCK
    fact: Fact | None = None
    judged: tuple[Judged, ...] = ()
    awards: tuple[RuleAward, ...] = ()
    subject: str = ""
    counterparty: str = ""
    reason: str = ""
    detail: Detail | None = None
    noted: dict[str, Any] = {}


class StoredEntry(Struct, frozen=True):
    """An entry as it lies in the store: its place, its bytes and its link in the chain."""

    version: int
    effective_at: Instant
    body: bytes
    detail: bytes
    hash: bytes


_ENTRY = msgspec.json.Decoder(Entry)
_DETAIL = msgspec.json.Decoder(Detail)


def encode(entry: Entry, *, previous: bytes, key: str) -> StoredEntry:
    """
    Return the bytes to store and their hash.

    ``previous`` is the hash of the entry before (empty for the first) and ``key`` the account's
    key, so that an entry moved to another account or place breaks the chain.
    """
    body = zlib.compress(msgspec.json.encode(msgspec.structs.replace(entry, detail=None)), 6)
    detail = b"" if entry.detail is None else zlib.compress(msgspec.json.encode(entry.detail), 6)
    return StoredEntry(
        version=entry.version,
        effective_at=entry.effective_at,
        body=body,
        detail=detail,
        hash=link(previous, key, entry.version, body, detail),
    )


def decode(stored: StoredEntry) -> Entry:
    """
    Read stored bytes back.

    Raises ``ValueError`` (of which msgspec's and zlib's errors are made) where the bytes are not
    an entry, or of another schema.
    """
    try:
        entry = _ENTRY.decode(zlib.decompress(stored.body))
        if stored.detail:
            detail = _DETAIL.decode(zlib.decompress(stored.detail))
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
