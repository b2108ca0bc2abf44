"""A reward, redeemed for a voucher, and taken back."""

from __future__ import annotations

from tests.catalogue.example import Example

_REDEMPTION = "/v1/members/{member_id}/redemptions/{redemption_id}"

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/redemptions",
        after=("POST /v1/members/{member_id}/adjustments",),
        body={"programme": "clinic", "reward": "gift"},
        gives={"redemption_id": "redemption_id", "code": "voucher/code"},
        draws={"code": "voucher_code"},
        calls=2,
        write_units=11,
    ),
    Example(
        "GET /v1/members/{member_id}/redemptions",
        after=("POST /v1/members/{member_id}/redemptions",),
        calls=2,
    ),
    Example(f"GET {_REDEMPTION}", calls=1),
    Example(f"GET {_REDEMPTION}/voucher", calls=1),
    Example(
        f"POST {_REDEMPTION}/cancellation",
        body={"reason": "changed-their-mind"},
        calls=2,
        write_units=10,
        apart=True,
    ),
)
