"""Who pays for a member's care, told anew."""

from __future__ import annotations

from tests.catalogue.example import Example

_PATH = "/v1/members/{member_id}/coverages"

EXAMPLES = (
    Example(
        f"PUT {_PATH}",
        body={"coverages": [{"payer_class": "commercial", "until_on": "2099-12-31"}]},
        always={"coverages": [{"payer_class": "self_pay", "from_on": "{today}"}]},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example(f"GET {_PATH}", after=(f"PUT {_PATH}",), calls=1, bounded=True),
)
