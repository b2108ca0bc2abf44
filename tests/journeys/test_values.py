"""What people type, and what comes of it: bad values are refused by name, good ones in any form."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic

POINTS = {"id": "points", "name": "Points", "expiry": {"type": "never"}}
VISIT = {
    "id": "visit",
    "on": ["visit.completed"],
    "currency": "points",
    "award": {"type": "fixed", "amount": 10},
}
SPEND = {
    "id": "spend",
    "on": ["purchase.completed"],
    "currency": "points",
    "award": {"type": "per_amount", "amount": 1, "per": 100},
}


def programme(**parts: Any) -> dict[str, Any]:
    """Return a programme of ten points a visit and one a pound."""
    return {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [POINTS],
        "earning": [VISIT, SPEND],
        **parts,
    }


@pytest.fixture
def desk(clinic: Clinic) -> Clinic:
    """Return a clinic with that programme."""
    clinic.publish(programme())
    return clinic


@pytest.mark.parametrize(
    "birthday", ["02-30", "04-31", "13-01", "00-10", "2-3", "0２-01", "02-28 "]
)
def test_v1_no_birthday(desk: Clinic, birthday: str) -> None:
    """V1: a day that no year has is refused, at creation and at a change, and MM-DD is named."""
    member = desk.enrolled(birthday="02-29")
    refused = [
        desk.api.post("/v1/members", {"birthday": birthday}),
        desk.api.patch(f"/v1/members/{member}", {"birthday": birthday}, If_Match='"1"'),
    ]

    for each in refused:
        (error,) = each.expect(422, "invalid_body")["errors"]
        assert error["pointer"] == "/birthday"
        assert "MM-DD" in error["detail"]
