"""A top-up whose payment is charged back."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "POST /v1/payments/reversals",
        body={"reference": "{payment}", "reason": "chargeback"},
        calls=3,
        write_units=8,
        apart=True,
    ),
)
