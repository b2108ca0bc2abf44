"""A member gets the number of another record, and loses it again."""

from __future__ import annotations

from tests.catalogue.example import Example

_IDS = "/v1/members/{member_id}/external-ids"

EXAMPLES = (
    Example(
        f"PUT {_IDS}",
        body={"system": "lis", "value": "{sample}"},
        mints={"sample": "sample-{}"},
        calls=3,
        write_units=8,
    ),
    Example(
        f"POST {_IDS}/removal",
        after=(f"PUT {_IDS}",),
        body={"system": "lis"},
        calls=3,
        write_units=8,
    ),
)
