"""Money paid in before it is spent."""

from __future__ import annotations

from tests.catalogue.example import Example

PROGRAMME = {
    "currencies": [{"id": "prepaid", "name": "Prepaid money", "expiry": {"type": "never"}}],
    "wallets": [
        {
            "currency": "prepaid",
            "kind": "prepaid",
            "bands": [{"at_least": 20_000, "percent": 10}, {"at_least": 50_000, "percent": 20}],
        }
    ],
    "transfers": [{"currency": "prepaid"}],
}

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/top-ups",
        body={
            "programme": "clinic",
            "currency": "prepaid",
            "amount": 50_000,
            "reference": "{payment}",
        },
        mints={"payment": "card-{}"},
        calls=2,
        # Two of them name the payment; without a reference there are 6.
        write_units=8,
    ),
)
