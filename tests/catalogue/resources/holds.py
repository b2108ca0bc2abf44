"""Points set aside for a basket."""

from __future__ import annotations

from tests.catalogue.example import Example, Step

_PATH = "/v1/members/{member_id}/holds"
_ONE = f"{_PATH}/{{hold_id}}"
_FOR_A_WEEK = (Step(f"POST {_PATH}", {"minutes": 10_080}),)

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
    Example(
        f"POST {_ONE}/extension",
        after=(Step(f"POST {_PATH}", {"minutes": 4_320}),),
        body={"minutes": 5_760},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(
        f"POST {_ONE}/capture",
        after=_FOR_A_WEEK,
        body={"amount": 60},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(
        f"POST {_ONE}/release",
        after=_FOR_A_WEEK,
        body={"reason": "basket-was-left"},
        calls=2,
        write_units=6,
        apart=True,
    ),
)
