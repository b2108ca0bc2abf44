"""A plan by the month, paid for, changed, paused and cancelled."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "plans": [
        {"id": "club", "name": "Club", "period": "month", "fee": 1_500},
        {"id": "club-year", "name": "Club, by the year", "period": "year", "fee": 15_000},
    ]
}
_PATH = "/v1/members/{member_id}/subscriptions"
_CLINIC = {"programme": "clinic"}
_BEGUN = f"POST {_PATH}"

EXAMPLES = (
    Example(
        _BEGUN,
        body={**_CLINIC, "plan": "club", "reference": "{first_fee}"},
        mints={"first_fee": "card-{}"},
        calls=2,
        # Two of them name the payment, as with a fee; without a reference there are 7.
        write_units=9,
        apart=True,
    ),
    Example(f"GET {_PATH}", after=(_BEGUN,), calls=1, bounded=True),
    Example(
        f"POST {_PATH}/fees",
        after=(_BEGUN,),
        body={**_CLINIC, "plan": "club", "reference": "{fee}"},
        mints={"fee": "card-{}"},
        calls=2,
        write_units=8,
    ),
    Example(
        f"POST {_PATH}/change",
        after=(_BEGUN,),
        body={**_CLINIC, "plan": "club-year"},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(
        f"POST {_PATH}/cancellation",
        after=(_BEGUN,),
        body={**_CLINIC, "reason": "moving"},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(
        f"POST {_PATH}/pause",
        after=(_BEGUN,),
        body={**_CLINIC, "months": 2},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(
        f"POST {_PATH}/resumption",
        after=(_BEGUN, f"POST {_PATH}/pause"),
        body=_CLINIC,
        calls=2,
        write_units=6,
        apart=True,
    ),
)
