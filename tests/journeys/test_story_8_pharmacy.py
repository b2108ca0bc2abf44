"""Story 8, at the till: what a pharmacy in British Columbia may give, and may not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer
from tests.journeys.world import Clinic, LocalWorld, example

PROGRAMME = "canadian-pharmacy"
RX: dict[str, Any] = {"id": "rx", "amount": 1200, "category": "rx"}
REST: dict[str, Any] = {"id": "rest", "amount": 3050, "category": "cosmetics"}


@pytest.fixture
def pharmacy(world: LocalWorld) -> Clinic:
    """Return a sandbox of a pharmacy with a branch in each of two provinces."""
    made = world.sandbox("2026-03-02T18:00:00Z")
    made.publish(example(PROGRAMME))
    places = [{"id": each, "name": each} for each in ("bc", "ab")]
    places += [
        {"id": "vancouver", "name": "Vancouver", "parent": "bc"},
        {"id": "calgary", "name": "Calgary", "parent": "ab"},
    ]
    made.api.put("/v1/locations", {"locations": places, "revision": 0}).expect(200)
    return made


def bought(pharmacy: Clinic, member: str, location: str | None, name: str) -> Answer:
    """Report a basket of 42.50, of which 12.00 are of a prescription."""
    body: dict[str, Any] = {
        "member": {"id": member},
        "type": "purchase.completed",
        "source": "till",
        "external_id": name,
        "occurred_at": "2026-03-02T18:00:00Z",
        "currency": "CAD",
        "lines": [RX, REST],
    }
    return pharmacy.api.post("/v1/activities", body | ({"location": location} if location else {}))


@pytest.mark.parametrize(
    ("location", "points"), [("vancouver", 457), ("bc", 457), (None, 457), ("calgary", 637)]
)
def test_s8_a_basket_with_a_prescription(
    pharmacy: Clinic, location: str | None, points: int
) -> None:
    """In British Columbia 30.50 of it earn 15 points a dollar; the line says by which rule not."""
    member = pharmacy.enrolled()
    answer = bought(pharmacy, member, location, "b-1").expect(201)

    assert [each["amount"] for each in answer["awards"]] == [points]
    (explained,) = answer["explanation"]
    rejected = [] if location == "calgary" else [{"line_id": "rx", "rule": "CA-BC-RX"}]
    assert explained.get("barred", []) == rejected
    pharmacy.check(member)


def test_s8_what_comes_back(pharmacy: Clinic) -> None:
    """A prescription that is brought back takes no points, and the rest takes all of them."""
    member = pharmacy.enrolled()
    bought(pharmacy, member, "vancouver", "b-1").expect(201)
    path = "/v1/activities/reversals"
    back: dict[str, Any] = {"source": "till", "external_id": "b-1", "reason": "returned"}
    pharmacy.api.post(path, back | {"lines": [{"id": "rx"}]}).expect(201)
    assert pharmacy.available(member) == 457
    pharmacy.api.post(path, back | {"lines": [{"id": "rest"}]}).expect(201)
    assert pharmacy.available(member) == 0
    pharmacy.check(member)


def test_s8_a_coupon_for_vitamins(pharmacy: Clinic) -> None:
    """20 percent off 20.00 of vitamins are 4.00, not 6.10 of all that is bought."""
    member = pharmacy.enrolled()
    body = {"programme": PROGRAMME, "reward": "vitamins"}
    code = pharmacy.api.post(f"/v1/members/{member}/redemptions", body).expect(201)["voucher"][
        "code"
    ]
    lines = [
        {"id": "v", "amount": 2000, "category": "vitamins"},
        {"id": "o", "amount": 1050, "category": "cosmetics"},
    ]
    asked = {"programme": PROGRAMME, "currency": "CAD", "vouchers": [code]}
    quote = pharmacy.api.post(f"/v1/members/{member}/quotes", asked | {"lines": lines}).expect(201)
    assert quote["quote"]["due"]["amount"] == 2650
    lines = [RX, *lines]
    quote = pharmacy.api.post(f"/v1/members/{member}/quotes", asked | {"lines": lines}).expect(201)
    assert quote["quote"]["due"]["amount"] == 2650 + 1200
