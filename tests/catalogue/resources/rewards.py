"""A reward that points can be spent on."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "rewards": [
        {
            "id": "gift",
            "name": "20 % off vitamins",
            "price": {"currency": "points", "amount": 100},
            "voucher_valid_days": 180,
            "retail_value": 500,
        },
        {
            "id": "thermometer",
            "name": "Thermometer",
            "retail_value": 1_200,
            "price": {"currency": "points", "amount": 100},
            "ordered": True,
        },
    ],
}

EXAMPLES = (
    Example(
        "GET /v1/members/{member_id}/rewards",
        after=("POST /v1/members/{member_id}/adjustments",),
        calls=2,
        bounded=True,
    ),
)
