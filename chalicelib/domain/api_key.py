"""API keys: `tsk_<key id>_<secret>`, of which only the secret's SHA-256 is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import NamedTuple

ENTROPY_BYTES = 30
ID_BYTES = 10
ID_PATTERN = r"[a-z2-7]{16}"
_TOKEN = re.compile(rf"tsk_({ID_PATTERN})_([a-z2-7]{{32}})")
PREFIX = "tsk_"


class MintedKey(NamedTuple):
    """A new key: ``token`` is shown once, ``key_id`` and ``secret_hash`` are kept."""

    key_id: str
    token: str
    secret_hash: str


def mint(entropy: bytes) -> MintedKey:
    """Return a key made of 30 random bytes: 80 bits name it, 160 bits are its secret."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"an API key is made of {ENTROPY_BYTES} random bytes")
    key_id, secret = _base32(entropy[:ID_BYTES]), _base32(entropy[ID_BYTES:])
    return MintedKey(key_id, f"{PREFIX}{key_id}_{secret}", _hash(secret))


def parts(token: str) -> tuple[str, str] | None:
    """Return (key id, secret) of a token, or ``None`` where it is not formed like one."""
    match = _TOKEN.fullmatch(token)
    return None if match is None else (match[1], match[2])


def matches(secret: str, secret_hash: str) -> bool:
    """Compare a secret with a kept hash, in time that does not depend on where they differ."""
    return hmac.compare_digest(_hash(secret), secret_hash)


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().lower().rstrip("=")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
