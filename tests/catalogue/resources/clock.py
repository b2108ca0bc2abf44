"""A tenant whose time is moved by hand."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (
    Example(
        "POST /v1/sandboxes",
        body={"now": "{now}"},
        gives={"sandbox_key": "api_key"},
        draws={"sandbox_key": "sandbox_api_key"},
        calls=1,
        write_units=8,
    ),
    Example("GET /v1/sandboxes", after=("POST /v1/sandboxes",), calls=2),
    Example("GET /v1/clock", needs_clock=True, calls=1),
    Example("PUT /v1/clock", body={"now": "{tomorrow}"}, needs_clock=True, calls=17, write_units=2),
)
