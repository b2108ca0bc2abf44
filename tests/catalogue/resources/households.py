"""A household of two: who founded it, and a child."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "discounts": {
        "offers": [
            {
                "id": "household",
                "name": "Two of a household",
                "terms": {"type": "household", "percent": 1},
            },
            {
                "id": "together",
                "name": "What all of them spent",
                "terms": {"type": "spend_bands", "at_least": 10**6, "percent": 2, "shared": True},
            },
        ]
    }
}
_JOINED = "POST /v1/households/{household_id}/members"

EXAMPLES = (
    Example(
        "POST /v1/households",
        body={"member_id": "{member_id}", "role": "adult", "max_members": 6},
        gives={"household_id": "household_id"},
        calls=2,
        write_units=11,
        apart=True,
    ),
    Example("GET /v1/households", after=("POST /v1/households",), calls=2),
    Example(
        _JOINED,
        body={"member_id": "{other_member_id}", "role": "child"},
        calls=2,
        write_units=10,
        apart=True,
    ),
    Example("GET /v1/households/{household_id}", after=(_JOINED,), calls=1),
    Example("GET /v1/members/{member_id}/household", after=(_JOINED,), calls=2),
    Example(
        "POST /v1/households/{household_id}/departures",
        after=(_JOINED,),
        body={"member_id": "{other_member_id}", "note": "grown up"},
        calls=2,
        write_units=10,
        apart=True,
    ),
)
