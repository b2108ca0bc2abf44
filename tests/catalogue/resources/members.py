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
        always={"tz": "Europe/London", "at_location": None},
        mints={"record": "record-{}"},
        gives={"member_id": "id"},
        calls=3,
        write_units=11,
        replay_adds=1,
    ),
    Example("GET /v1/members", query="limit=2", after=("POST /v1/members",), calls=3),
    Example(
        "POST /v1/members/search",
        after=(Step("POST /v1/members", {"display_name": "Kim Lee"}),),
        body={"name": "kim"},
        calls=3,
        apart=True,
    ),
    Example("POST /v1/members/lookup", body=_RECORD, calls=1),
    Example("GET /v1/members/{member_id}", calls=2),
    Example(
        "PATCH /v1/members/{member_id}",
        headers={"If-Match": '"1"'},
        body={"tz": "Europe/London", "birthday": "02-29", "age_bands": {"senior": "2027-01-18"}},
        calls=3,
        write_units=6,
        apart=True,
    ),
)
