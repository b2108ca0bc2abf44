"""Points put on an account by hand, which also pays for what other examples spend."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/adjustments",
        body={"programme": "clinic", "currency": "points", "amount": 500, "reason": "moved-here"},
        gives={"event_version": "version"},
        calls=2,
        write_units=7,
    ),
)
