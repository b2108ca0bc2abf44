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


def test_v4_money_of_little_worth(clinic: Clinic) -> None:
    """V4: thresholds, bands, fees, prices and top-ups of $600 can be stated in rials."""
    rials = 60_000_000_000  # 600 million rials in dinars, a hundred to the rial
    document = programme(
        money={"currency": "IRR"},
        currencies=[POINTS, {"id": "money", "name": "Money", "expiry": {"type": "never"}}],
        earning=[VISIT, SPEND | {"award": {"type": "per_amount", "amount": 1, "per": rials}}],
        tiers={
            "levels": [
                {"id": "base", "name": "Base"},
                {
                    "id": "gold",
                    "name": "Gold",
                    "qualify": {"all": [{"metric": "spend", "at_least": rials}]},
                },
            ]
        },
        wallets=[
            {
                "currency": "money",
                "kind": "prepaid",
                "bands": [{"at_least": rials, "percent": 10}],
            }
        ],
        discounts={
            "offers": [
                {
                    "id": "bands",
                    "name": "Bands",
                    "terms": {
                        "type": "spend_bands",
                        "at_least": rials,
                        "percent": 2,
                        "every": rials,
                    },
                }
            ]
        },
        plans=[{"id": "year", "name": "Year", "period": "year", "fee": 10 * rials}],
    )
    clinic.publish(document)
    member = clinic.enrolled()
    paid = {"programme": "clinic", "currency": "money", "amount": rials}

    topped = clinic.api.post(f"/v1/members/{member}/top-ups", paid).expect(201)
    money = {"amount": rials, "currency": "IRR"}
    bought = clinic.record(member, "purchase.completed", amount=money).expect(201)
    cart = {"programme": "clinic", "currency": "IRR", "lines": [{"amount": rials}]}
    quoted = clinic.api.post(f"/v1/members/{member}/quotes", cart).expect(201)["quote"]

    assert (topped["percent"], clinic.available(member, "money")) == (10, rials)
    assert (bought["awards"][0]["amount"], bought["tier_changes"][0]["after"]) == (1, "gold")
    # The wallet's 10 % is better than the 2 % for what was spent.
    assert quoted["net"]["amount"] == rials * 90 // 100
    clinic.check(member)


def test_m10_a_sign_is_no_return(desk: Clinic) -> None:
    """M10: a sale below nothing is refused, and the operation for what comes back is named."""
    member = desk.enrolled()
    sale = {"amount": 10_000, "currency": "GBP"}
    desk.record(member, "purchase.completed", amount=sale).expect(201)

    back = sale | {"amount": -10_000}
    refused = desk.record(member, "purchase.completed", amount=back).expect(422, "invalid_body")
    assert "POST /v1/activities/reversals" in refused["errors"][0]["detail"]
    lines = [{"amount": 100}, {"amount": -10_100}]
    refused = desk.record(member, "purchase.completed", currency="GBP", lines=lines)
    assert "POST /v1/activities/reversals" in refused.expect(422, "negative_amount")["detail"]

    assert len(desk.check(member)) == 2


def test_m10_a_line_below_nothing_is_a_discount(desk: Clinic) -> None:
    """M10: a line may be below nothing where the sale is not."""
    member = desk.enrolled()
    lines = [{"amount": 10_000}, {"amount": -1_000}]

    sold = desk.record(member, "purchase.completed", currency="GBP", lines=lines).expect(201)

    assert sold["awards"][0]["amount"] == 90
