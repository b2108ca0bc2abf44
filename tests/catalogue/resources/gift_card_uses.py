"""A part of a gift card pays for a purchase, and another goes into a wallet."""

from __future__ import annotations

from tests.catalogue.example import Example

_USED = "POST /v1/gift-cards/use"

EXAMPLES = (
    Example(
        _USED,
        body={
            "code": "{gift_code}",
            "amount": 1_800,
            "currency": "GBP",
            "reference": "receipt-1",
        },
        gives={"gift_card_use_id": "gift_card_use_id"},
        calls=3,
        write_units=8,
    ),
    Example(
        "POST /v1/gift-cards/{gift_card_id}/uses/{gift_card_use_id}/cancellation",
        after=(_USED,),
        body={"amount": 800, "reason": "returned"},
        calls=2,
        write_units=8,
    ),
    Example(
        "POST /v1/members/{member_id}/gift-cards",
        body={"code": "{gift_code}", "amount": 2_000},
        calls=3,
        write_units=11,
    ),
)
