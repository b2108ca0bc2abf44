"""Bank holidays, which every programme of a tenant may go by."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example("GET /v1/holidays", calls=1),
    Example(
        "PUT /v1/holidays",
        headers={"If-Match": '"0"'},
        body={
            "lists": {"bank-holidays": ["12-26", "2027-05-03"], "hospital-days": ["05-12"]},
        },
        calls=1,
        write_units=2,
    ),
)
