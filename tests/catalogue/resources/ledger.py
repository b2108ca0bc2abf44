"""How what a member has came about."""

from __future__ import annotations

from tests.catalogue.example import Example

_EARNED = "POST /v1/activities"
_SPENT = "POST /v1/members/{member_id}/redemptions"

EXAMPLES = (
    Example(
        "GET /v1/members/{member_id}/ledger", query="limit=2", after=(_EARNED, _SPENT), calls=1
    ),
    Example("GET /v1/members/{member_id}/verification", after=(_EARNED,), calls=3),
    Example(
        "GET /v1/gift-cards/{gift_card_id}/ledger",
        query="limit=2",
        after=("POST /v1/gift-cards/use",),
        calls=1,
    ),
    Example("GET /v1/gift-cards/{gift_card_id}/verification", calls=3),
)
