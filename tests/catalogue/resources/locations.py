"""A hospital's clinics, to which credentials may be limited."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example("GET /v1/locations", calls=1),
    Example(
        "PUT /v1/locations",
        headers={"If-Match": '"0"'},
        body={
            "locations": [
                {"id": "{region}", "name": "North region"},
                {"id": "{skin}", "name": "Skin clinic", "parent": "{region}"},
                {"id": "{mill}", "name": "Old Mill surgery", "closed_on": "2026-12-31"},
            ],
        },
        always={"parent": None},
        names={"region": "north", "skin": "north-skin", "mill": "old-mill"},
        calls=2,
        write_units=2,
        # From then on activities name one of these.
        ends=True,
    ),
)
