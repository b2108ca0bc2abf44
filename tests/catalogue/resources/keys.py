"""A key for a till."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "POST /v1/api-keys",
        body={"name": "till 2", "scopes": ["activities:write"]},
        always={"sources": ["till-2"], "ends_on": "2099-12-31"},
        gives={"key_id": "key_id"},
        refused_alone="scope_not_held",
        calls=1,
        write_units=3,
    ),
    Example("GET /v1/api-keys", after=("POST /v1/api-keys",), calls=2),
    Example(
        "PATCH /v1/api-keys/{key_id}",
        body={"ends_on": "2099-12-31"},
        refused_alone="scope_not_held",
        calls=2,
        write_units=2,
    ),
    Example(
        "DELETE /v1/api-keys/{key_id}",
        refused_alone="scope_not_held",
        calls=2,
        write_units=2,
        apart=True,
    ),
)
