"""A coffee that is free, for who shows the token of it."""

from __future__ import annotations

from tests.catalogue.example import Example

_MADE = "POST /v1/members/{member_id}/entitlement-tokens"

EXAMPLES = (
    Example(
        _MADE,
        after=("POST /v1/members/{member_id}/entitlement-grants",),
        body={"programme": "clinic", "entitlement": "coffee", "valid_minutes": 1_440},
        gives={"token": "token"},
        draws={"token": "entitlement_token"},
        calls=1,
    ),
    Example(
        "POST /v1/entitlement-tokens/use",
        body={"token": "{token}"},
        calls=2,
        write_units=6,
        apart=True,
    ),
)
