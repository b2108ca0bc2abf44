"""A purchase at a till."""

from __future__ import annotations

from typing import Any

from tests.catalogue.example import Example

PROGRAMME = {"attributes": {"remark": "string"}}


def purchase(receipt: str, pence: int) -> dict[str, Any]:
    """Return a purchase of vitamins."""
    return {
        "member": {"id": "{member_id}"},
        "type": "purchase.completed",
        "source": "till-2",
        "external_id": receipt,
        "occurred_at": "{now}",
        "currency": "GBP",
        "lines": [{"id": "1", "amount": pence, "category": "vitamins"}],
        "attributes": {"remark": "gift wrapped"},
    }


EXAMPLES = (
    Example(
        "POST /v1/activities",
        body=purchase("{receipt}", 25_000),
        mints={"receipt": "receipt-{}"},
        calls=2,
        write_units=7,
        replay_adds=1,
    ),
)
