"""A tier given by hand."""

from __future__ import annotations

from tests.catalogue.example import Example

_GRANTED = "POST /v1/members/{member_id}/tier-grants"

EXAMPLES = (
    Example(
        _GRANTED,
        body={"programme": "clinic", "tier": "gold", "reason": "long-wait", "days": 30},
        calls=2,
        write_units=7,
    ),
    Example("GET /v1/members/{member_id}/tier", after=(_GRANTED,), calls=1),
    Example(
        f"{_GRANTED}/removal",
        after=(_GRANTED,),
        body={"programme": "clinic", "reason": "given-by-mistake"},
        calls=2,
        write_units=6,
        apart=True,
    ),
)
