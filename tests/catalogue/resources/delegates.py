"""A relative, who may see a member's balance and redeem."""

from __future__ import annotations

from tests.catalogue.example import Example

_PATH = "/v1/members/{member_id}/delegates"

EXAMPLES = (
    Example(
        f"POST {_PATH}",
        body={
            "delegate_id": "{other_member_id}",
            "capacity": "relative",
            "scopes": ["balance", "redeem"],
        },
        always={"from_on": "{today}", "until_on": "2099-12-31"},
        calls=2,
        write_units=10,
        apart=True,
    ),
    Example(f"GET {_PATH}", after=(f"POST {_PATH}",), calls=1, bounded=True),
    Example("GET /v1/members/{member_id}/delegators", calls=1, bounded=True),
    Example(
        f"POST {_PATH}/revocation",
        after=(f"POST {_PATH}",),
        body={"delegate_id": "{other_member_id}", "reason": "moved-apart"},
        calls=2,
        write_units=10,
        apart=True,
    ),
)
