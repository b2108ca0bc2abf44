"""What laws leave room for, and a gift that two people allow beyond that."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {"policies": [{"pack": "house", "item_cap": 10**9, "year_cap": 10**9}]}

_PATH = "/v1/members/{member_id}/policy-overrides"

EXAMPLES = (
    Example("GET /v1/members/{member_id}/policies", calls=1, bounded=True),
    Example(
        f"POST {_PATH}",
        body={
            "programme": "clinic",
            "rules": ["HOUSE-ITEM"],
            "kind": "reward",
            "id": "gift",
            "reason": "hardship",
            "by": "officer-1",
        },
        always={"rules": ["HOUSE-ITEM"]},
        gives={"override_id": "override_id"},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(f"GET {_PATH}", after=(f"POST {_PATH}",), calls=1, apart=True),
    Example(
        f"POST {_PATH}/{{override_id}}/approval",
        body={"by": "officer-2"},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(
        f"POST {_PATH}/{{override_id}}/withdrawal",
        body={"reason": "not-needed", "by": "officer-1"},
        calls=2,
        write_units=6,
        apart=True,
    ),
)
