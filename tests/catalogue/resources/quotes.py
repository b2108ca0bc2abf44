"""A consultation: what it would cost, and that it was bought."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {"quotes": {"minutes": 10_080}}
_QUOTE = "/v1/members/{member_id}/quotes/{quote_id}"

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/quotes",
        after=(
            "POST /v1/members/{member_id}/top-ups",
            "POST /v1/members/{member_id}/statuses",
        ),
        body={
            "programme": "clinic",
            "currency": "GBP",
            "lines": [{"amount": 8_000, "category": "consult", "sku": "GP-30"}],
        },
        always={"service_on": "{today}", "vouchers": [], "exclude": [], "payments": []},
        gives={"quote_id": "quote/quote_id"},
        calls=2,
        write_units=1,
    ),
    Example(
        "GET /v1/members/{member_id}/quotes",
        after=("POST /v1/members/{member_id}/quotes",),
        calls=2,
    ),
    Example(f"GET {_QUOTE}", calls=1),
    Example(
        f"POST {_QUOTE}/confirmation",
        body={"recorded_as": {"source": "till-2", "external_id": "{bill}"}},
        mints={"bill": "bill-{}"},
        calls=2,
        write_units=11,
        apart=True,
    ),
)
