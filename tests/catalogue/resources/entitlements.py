"""A coffee that is free, and a card of stamps that gives one."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "entitlements": [
        {
            "id": "coffee",
            "name": "Coffee",
            "waives": {"include": {"categories": ["coffee"]}},
        }
    ],
    "stamp_cards": [
        {
            "id": "ten-vitamins",
            "name": "Ten vitamins, a coffee",
            "size": 10,
            "on": ["purchase.completed"],
            "full": {"entitlement": "coffee"},
        }
    ],
}
_GRANTED = "POST /v1/members/{member_id}/entitlement-grants"
_USE = "/v1/members/{member_id}/entitlement-uses"
_COFFEE = {"programme": "clinic", "entitlement": "coffee"}

EXAMPLES = (
    Example(
        _GRANTED,
        body={**_COFFEE, "units": 2, "reason": "long-wait", "valid_days": 90},
        calls=2,
        write_units=7,
    ),
    Example("GET /v1/members/{member_id}/entitlements", after=(_GRANTED,), calls=1, bounded=True),
    Example(
        f"POST {_USE}",
        after=(_GRANTED,),
        body=_COFFEE,
        gives={"use_id": "use_id"},
        calls=2,
        write_units=6,
    ),
    Example(
        f"POST {_USE}/{{use_id}}/cancellation",
        body={"reason": "spilt"},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(
        "GET /v1/members/{member_id}/stamp-cards",
        after=("POST /v1/activities",),
        calls=1,
        bounded=True,
    ),
)
