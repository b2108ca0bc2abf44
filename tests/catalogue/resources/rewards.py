"""A reward, redeemed for a voucher that gives a discount."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "rewards": [
        {
            "id": "gift",
            "name": "20 % off vitamins",
            "price": {"currency": "points", "amount": 100},
            "voucher_valid_days": 180,
        }
    ],
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
_FUNDED = "POST /v1/members/{member_id}/adjustments"
_REDEMPTION = "/v1/members/{member_id}/redemptions/{redemption_id}"
_CODE = {"code": "{code}"}
_LINE = {"id": "1", "amount": 2_000, "category": "vitamins"}

EXAMPLES = (
    Example("GET /v1/members/{member_id}/rewards", after=(_FUNDED,), calls=2),
    Example(
        "POST /v1/members/{member_id}/redemptions",
        after=(_FUNDED,),
        body={"programme": "clinic", "reward": "gift"},
        gives={"redemption_id": "redemption_id", "code": "voucher/code"},
        calls=2,
        write_units=10,
    ),
    Example(f"GET {_REDEMPTION}", calls=1),
    Example(
        f"POST {_REDEMPTION}/cancellation",
        body={"reason": "changed their mind"},
        calls=2,
        write_units=8,
    ),
    Example("POST /v1/vouchers/lookup", body=_CODE, calls=2),
    Example(
        "POST /v1/vouchers/validation",
        body={**_CODE, "cart": {"currency": "GBP", "lines": [_LINE]}},
        calls=2,
    ),
    Example("POST /v1/vouchers/use", body=_CODE, calls=3, write_units=8),
)
