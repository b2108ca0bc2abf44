"""Lists of days: as many as are permitted fit into the one body that replaces them."""

from __future__ import annotations

import json
from datetime import date, timedelta

from chalicelib.routes.holidays import DAYS_MAX, LISTS_MAX
from chalicelib.routes.http.parsing import BODY_BYTES_MAX
from tests.journeys.world import Clinic


def test_as_many_as_are_permitted(clinic: Clinic) -> None:
    """All lists of the longest names, full of dates, are taken; one day or one list more is not."""
    days = [(date(2027, 1, 1) + timedelta(days=7 * n)).isoformat() for n in range(DAYS_MAX)]
    lists = {f"days_{number:02}{'x' * 33}": days for number in range(LISTS_MAX)}

    assert len(json.dumps({"lists": lists})) < BODY_BYTES_MAX
    clinic.api.put("/v1/holidays", {"lists": lists, "revision": 0}).expect(200)
    assert clinic.api.get("/v1/holidays").expect(200)["lists"] == lists
    for more in ({"one": [*days, "01-01"]}, {**lists, "more": ["01-01"]}):
        clinic.api.put("/v1/holidays", {"lists": more, "revision": 1}).expect(422, "invalid_body")
