"""Points given to another member."""

from __future__ import annotations

from tests.catalogue.example import Example

_PATH = "/v1/members/{member_id}/transfers"

EXAMPLES = (
    Example(f"GET {_PATH}", after=(f"POST {_PATH}",), calls=1),
    Example(
        f"POST {_PATH}",
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
