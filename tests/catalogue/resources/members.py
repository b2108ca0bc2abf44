"""A member of the clinic, known to another system by the number of a record."""

from __future__ import annotations

from tests.catalogue.example import Example, Step

_CONSENT = {"purpose": "programme", "granted": True, "text_version": "3"}
_RECORD = {"system": "ehr", "value": "{record}"}

EXAMPLES = (
    Example(
        "POST /v1/members",
        body={
            "external_id": _RECORD,
            "locale": "en-GB",
            "consents": [_CONSENT],
            "programmes": ["clinic"],
        },
        always={"tz": "Europe/London"},
        mints={"record": "record-{}"},
        gives={"member_id": "id"},
        calls=3,
        write_units=10,
        replay_adds=1,
    ),
    Example("POST /v1/members/lookup", body=_RECORD, calls=1),
    Example(
        "POST /v1/members/{member_id}/enrolments",
        after=(Step("POST /v1/members", {"programmes": []}),),
        body={"programmes": ["clinic"]},
        calls=2,
        write_units=6,
    ),
    Example(
        "POST /v1/members/{member_id}/consents",
        body={"consents": [{"purpose": "newsletter", "granted": True, "text_version": "1"}]},
        calls=3,
        write_units=8,
    ),
    Example("GET /v1/members/{member_id}", calls=2),
    Example(
        "PATCH /v1/members/{member_id}",
        headers={"If-Match": '"1"'},
        body={"tz": "Europe/London", "birthday": "02-29"},
        calls=4,
        write_units=2,
    ),
    Example(
        "POST /v1/members/{member_id}/closure",
        body={"reason": "moved away"},
        ends=True,
        calls=2,
        write_units=6,
    ),
)
