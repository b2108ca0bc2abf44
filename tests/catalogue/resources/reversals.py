"""A purchase of which a line comes back."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "POST /v1/activities/reversals",
        body={
            "source": "till-2",
            "external_id": "{receipt}",
            "lines": [{"id": "1"}],
            "reason": "returned",
        },
        calls=3,
        write_units=8,
        apart=True,
    ),
)
