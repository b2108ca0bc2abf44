"""Points given to another member."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/transfers",
        after=("POST /v1/members/{member_id}/adjustments",),
        body={
            "to": "{other_member_id}",
            "programme": "clinic",
            "currency": "points",
            "amount": 40,
            "reference": "for your walk",
        },
        calls=2,
        write_units=11,
    ),
)
