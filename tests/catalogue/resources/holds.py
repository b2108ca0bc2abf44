"""Points set aside for a basket."""

from __future__ import annotations

from tests.catalogue.example import Example

_PATH = "/v1/members/{member_id}/holds"
_ONE = f"{_PATH}/{{hold_id}}"

EXAMPLES = (
    Example(
        f"POST {_PATH}",
        after=("POST /v1/members/{member_id}/adjustments",),
        body={
            "programme": "clinic",
            "currency": "points",
            "amount": 80,
            "minutes": 1_440,
            "reference": "basket 12",
        },
        gives={"hold_id": "hold/hold_id"},
        calls=2,
        write_units=8,
    ),
    Example(f"GET {_PATH}", after=(f"POST {_PATH}",), calls=1),
    Example(f"POST {_ONE}/extension", body={"minutes": 2_880}, calls=2, write_units=6),
    Example(f"POST {_ONE}/capture", body={"amount": 60}, calls=2, write_units=6),
    Example(f"POST {_ONE}/release", body={"reason": "basket-was-left"}, calls=2, write_units=6),
)
