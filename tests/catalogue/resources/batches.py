"""Purchases at a till, many in one call."""

from __future__ import annotations

from tests.catalogue.example import Example
from tests.catalogue.resources.activities import purchase

EXAMPLES = (
    Example(
        "POST /v1/activities/batch",
        body={"activities": [purchase("{first}", 4_950), purchase("{second}", 7_500)]},
        mints={"first": "batch-{}", "second": "batch-{}"},
        in_parts=True,
        calls=3,
        write_units=13,
    ),
)
