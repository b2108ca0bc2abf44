"""A gift card of £50, of which a part is used."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "gift_cards": [
        {
            "id": "gift",
            "name": "A present from the clinic",
            "currency": "prepaid",
            "min_amount": 1_000,
            "max_amount": 25_000,
            "expiry": {"type": "rolling", "years": 2},
        }
    ]
}
_SOLD = "POST /v1/gift-cards"

EXAMPLES = (
    Example(
        _SOLD,
        body={
            "programme": "clinic",
            "gift_card": "gift",
            "amount": 5_000,
            "reference": "{gift_payment}",
        },
        mints={"gift_payment": "sale-{}"},
        gives={"gift_card_id": "gift_card_id", "gift_code": "code"},
        draws={"gift_code": "gift_card_code"},
        calls=2,
        write_units=12,
    ),
    Example("GET /v1/gift-cards", after=(_SOLD,), calls=2, asks_clock=True),
    Example("GET /v1/gift-cards/{gift_card_id}", calls=1),
    Example("POST /v1/gift-cards/lookup", body={"code": "{gift_code}"}, calls=2),
    Example(
        "POST /v1/gift-cards/{gift_card_id}/cancellation",
        body={"left": "refund", "reason": "sold-by-mistake", "note": "Paid for twice."},
        calls=2,
        write_units=6,
        apart=True,
    ),
)
