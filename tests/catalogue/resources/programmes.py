"""A second programme beside the one that all other examples are about."""

from __future__ import annotations

from tests.catalogue.example import Example
from tests.journeys.world import example

# A condition of joining, so that who joins whatever there is does not join this one.
_DOCUMENT = example("purchases", enrolment={"min_completed_visits": 3})
_PUBLISHED = "POST /v1/programmes/{programme_id}/versions/{version}/publication"

EXAMPLES = (
    Example(
        "POST /v1/programmes/validation",
        body={"document": _DOCUMENT},
        always={"document": _DOCUMENT},
        calls=1,
    ),
    Example(
        "POST /v1/programmes",
        body={"document": _DOCUMENT},
        gives={"programme_id": "programme", "version": "version"},
        calls=2,
        write_units=2,
    ),
    Example(
        _PUBLISHED,
        body={},
        always={"effective_from": None},
        calls=3,
        write_units=2,
        asks_clock=True,
        apart=True,
    ),
    Example("GET /v1/programmes", calls=1, bounded=True),
    Example("GET /v1/programmes/{programme_id}", after=(_PUBLISHED,), calls=2, asks_clock=True),
    Example(
        "GET /v1/members/{member_id}/programmes/{programme_id}/rules",
        after=(_PUBLISHED,),
        calls=1,
    ),
    Example(
        "GET /v1/programmes/{programme_id}/rules", after=(_PUBLISHED,), calls=2, asks_clock=True
    ),
)
