"""The API reference, a page for people."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example("GET /"),
    Example("GET /docs"),
    Example("GET /docs/try"),
    Example("GET /docs/{asset}", names={"asset": "reference.js"}),
)
