"""An adjustment that is taken back by itself."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/ledger/{event_version}/revocation",
        body={"reason": "by-mistake"},
        calls=2,
        write_units=8,
        apart=True,
    ),
)
