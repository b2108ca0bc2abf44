"""Points as an apology."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {"goodwill": {"currency": "points", "daily": {"server": 10**9, "manager": 100}}}

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/goodwill",
        body={
            "programme": "clinic",
            "points": 50,
            "reason": "wait",
            "note": "55 minutes instead of 20",
        },
        calls=2,
        write_units=9,
    ),
)
