"""Whether the API is there, and its document."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example("GET /health"),
    Example("GET /openapi.json"),
    Example("GET /tools.json"),
)
