"""Purchases at a till, one by one, and many in one call."""

from __future__ import annotations

from typing import Any

from tests.catalogue.example import Example

PROGRAMME = {"attributes": {"remark": "string"}}


def _purchase(receipt: str, pence: int) -> dict[str, Any]:
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
        body=_purchase("{receipt}", 25_000),
        mints={"receipt": "receipt-{}"},
        calls=2,
        write_units=7,
        replay_adds=1,
    ),
    Example(
        "POST /v1/activities/batch",
        body={"activities": [_purchase("{first}", 4_950), _purchase("{second}", 7_500)]},
        mints={"first": "batch-{}", "second": "batch-{}"},
        in_parts=True,
        calls=3,
        write_units=13,
    ),
)
