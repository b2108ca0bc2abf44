"""A statement with a purchase that was quoted."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "GET /v1/members/{member_id}/statement",
        query="limit=2",
        after=("POST /v1/members/{member_id}/quotes/{quote_id}/confirmation",),
        calls=1,
        apart=True,
    ),
)
