"""A programme's document as bytes, in the one form that is stored and compared."""

from __future__ import annotations

import msgspec

from chalicelib.domain.mechanics.registry import Document
from chalicelib.domain.programme import Programme


def decode(document: bytes) -> Document:
    """Read a stored document; one that was validated always reads."""
    return msgspec.json.decode(document, type=Document)


def encode(programme: Programme) -> bytes:
    """Write a document: sorted, defaults left out."""
    return msgspec.json.encode(programme, order="sorted")
