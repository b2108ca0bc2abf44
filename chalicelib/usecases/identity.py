"""
By which key a write is recognised when it comes again.

A key is the SHA-256 of its parts with their lengths and a word for its kind, so that no two
different identities can spell the same key.  It holds within a tenant: the store adds that.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.errors import Forbidden, Invalid
from chalicelib.domain.ledger.events import QUOTED
from chalicelib.usecases.services import Caller
from chalicelib.usecases.stored import IdempotencyKey

if TYPE_CHECKING:
    from chalicelib.domain.ledger.activity import Activity


def activity_identity(activity: Activity) -> IdempotencyKey:
    """
    Return the identity of an activity: permanent, whoever reports it and in whatever request.

    Its fingerprint is that of its meaning: the order of fields, what may be left out, and how an id
    was typed make no difference.  Raises `Invalid` for an activity that contradicts itself.
    """
    from chalicelib.domain.ledger.activity import meaning  # reads do not need it

    content = msgspec.json.encode(meaning(activity), order="sorted")
    key = activity_key(activity.source, activity.external_id)
    return IdempotencyKey(key, hashlib.sha256(content).digest())


def activity_key(source: str, external_id: str) -> str:
    """Return the key under which an activity is on record."""
    from chalicelib.domain.spelling import folded  # reads do not need it

    return _key("activity", source.lower(), folded(external_id))


def check_source(caller: Caller, source: str, pointer: str = "/source") -> None:
    """
    Refuse to record under a source that is reserved, or not the caller's.

    An identity is taken for good, so a reporter must not take those of another system.
    """
    if source.casefold() == QUOTED:
        raise Invalid(
            "reserved_source",
            f"`{QUOTED}` is the source of confirmed quotes: report under one of your own.",
            errors=[{"pointer": pointer, "detail": f"must not be `{QUOTED}`"}],
        )
    if caller.sources is not None and source not in caller.sources:
        raise source_not_allowed(caller.sources)


def source_not_allowed(allowed: frozenset[str]) -> Forbidden:
    """Return the refusal of a source that a key may not report under."""
    known = sorted(allowed)
    return Forbidden(
        "source_not_allowed", f"This key is for the sources {', '.join(known)}.", sources=known
    )


def request_identity(path: str, key: str, fingerprint: bytes) -> IdempotencyKey:
    """Return the identity of any other write: its path and its ``Idempotency-Key``."""
    return IdempotencyKey(_key("request", path, key), fingerprint)


def _key(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    return digest.hexdigest()
