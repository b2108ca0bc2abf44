"""A voucher that gives a discount, at the till."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "discounts": {
        "offers": [
            {
                "id": "gift",
                "name": "20 % off vitamins",
                "terms": {"type": "voucher", "reward": "gift", "percent": 20},
                "scope": {"include": {"categories": ["vitamins"]}},
            }
        ]
    },
}
_CODE = {"code": "{code}"}
_LINE = {"id": "1", "amount": 2_000, "category": "vitamins"}

EXAMPLES = (
    Example(
        "GET /v1/vouchers",
        after=("POST /v1/members/{member_id}/redemptions",),
        calls=2,
        asks_clock=True,
    ),
    Example("POST /v1/vouchers/lookup", body=_CODE, calls=2),
    Example(
        "POST /v1/vouchers/validation",
        body={**_CODE, "cart": {"currency": "GBP", "lines": [_LINE]}},
        calls=2,
    ),
    Example("POST /v1/vouchers/use", body=_CODE, calls=3, write_units=10, apart=True),
)
