"""A thermometer, ordered for points and sent."""

from __future__ import annotations

from tests.catalogue.example import Example, Step

_REDEEMED = Step("POST /v1/members/{member_id}/redemptions", {"reward": "thermometer"})

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/redemptions/{redemption_id}/fulfilment",
        after=("POST /v1/members/{member_id}/adjustments", _REDEEMED),
        body={"fulfilment": "sent"},
        calls=2,
        write_units=8,
        apart=True,
    ),
)
