"""A status that was shown, which brings a discount."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "statuses": [{"id": "family", "name": "Family"}],
    "discounts": {
        "offers": [
            {
                "id": "family",
                "name": "Family",
                "terms": {"type": "status", "any": ["family"], "percent": 5},
            }
        ]
    },
}
_PATH = "/v1/members/{member_id}/statuses"
_FAMILY = {"programme": "clinic", "status": "family"}

EXAMPLES = (
    Example(
        f"POST {_PATH}",
        body={**_FAMILY, "proof": "card 81"},
        always={"from_on": "{today}", "until_on": "2099-12-31"},
        calls=2,
        write_units=6,
    ),
    Example(f"GET {_PATH}", after=(f"POST {_PATH}",), calls=1, bounded=True),
    Example(
        f"POST {_PATH}/withdrawal",
        after=(f"POST {_PATH}",),
        body={**_FAMILY, "reason": "moved-apart"},
        calls=2,
        write_units=6,
        apart=True,
    ),
)
