"""A member joins, consents and leaves."""

from __future__ import annotations

from tests.catalogue.example import Example, Step

EXAMPLES = (
    Example(
        "POST /v1/members/{member_id}/enrolments",
        after=(Step("POST /v1/members", {"programmes": []}),),
        body={"programmes": ["clinic"]},
        calls=2,
        write_units=6,
        apart=True,
    ),
    Example("GET /v1/members/{member_id}/programmes", calls=1),
    Example("GET /v1/members/{member_id}/consents", calls=2),
    Example(
        "POST /v1/members/{member_id}/consents",
        body={"consents": [{"purpose": "newsletter", "granted": True, "text_version": "1"}]},
        calls=3,
        write_units=8,
    ),
    Example(
        "POST /v1/members/{member_id}/closure",
        after=("POST /v1/members/{member_id}/adjustments",),
        body={"reason": "moved-away"},
        ends=True,
        apart=True,
        calls=2,
        write_units=6,
    ),
)
