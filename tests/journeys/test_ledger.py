"""U8: the ledger by dates, and what made each of its lines."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.store import metering
from tests.catalogue.catalogue import programme
from tests.journeys.world import Clinic, LocalWorld

PERIOD = "from=2026-03-03&to=2026-03-05"


@pytest.fixture
def member(world: LocalWorld, clinic: Clinic) -> str:
    """Return a member who joined on 2 March and got a point on each day of the next eight."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    for _ in range(8):
        world.clock.advance(days=1)
        clinic.give(member, 1)
    return member


def days(clinic: Clinic, member: str, query: str) -> list[str]:
    """Return the days of what the ledger shows, newest first, page by page."""
    found: list[str] = []
    more = ""
    while True:
        page = clinic.api.get(f"/v1/members/{member}/ledger?{query}{more}").expect(200)
        found += [event["effective_at"][:10] for event in page["events"]]
        if page["next_cursor"] is None:
            return found
        more = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("from=2026-03-03&to=2026-03-05", 3, 5),
        ("from=2026-03-08", 8, 10),
        ("to=2026-03-02", 2, 2),
        ("from=2026-03-03T10:00:00Z&to=2026-03-05T10:00:00Z", 3, 4),
        ("from=2026-03-03T10:00:00.001Z&to=2026-03-05T10:00:00.001Z", 4, 5),
        ("from=2026-03-11", 1, 0),
        ("to=2026-03-01", 1, 0),
    ],
)
def test_u8_by_dates(
    clinic: Clinic, member: str, query: str, first: int, last: int, limit: int
) -> None:
    """Days are whole, instants begin and end to the millisecond, whatever the size of a page."""
    wanted = [f"2026-03-{day:02d}" for day in range(last, first - 1, -1)]

    assert days(clinic, member, f"{query}&limit={limit}") == wanted


def test_u8_a_period_long_ago_is_found_from_the_nearest_checkpoint(
    world: LocalWorld, clinic: Clinic, member: str
) -> None:
    """What was written since is not read: the checkpoint, what is next to it, and the page."""
    for _ in range(4):
        world.clock.advance(days=1)
        clinic.record_many(member, 100)

    with metering.measured() as cost:
        assert days(clinic, member, PERIOD) == ["2026-03-05", "2026-03-04", "2026-03-03"]
    assert cost.total_calls <= 4
    assert len(days(clinic, member, "from=2026-03-12&to=2026-03-12&limit=40")) == 100


def test_u8_days_are_the_tenants(world: LocalWorld) -> None:
    """A day begins where the tenant is: in Auckland 2 March is over at 11:00 in London."""
    clinic = world.clinic(time_zone="Pacific/Auckland")
    clinic.publish("clinic")
    member = clinic.enrolled()
    world.clock.advance(seconds=3600)
    clinic.give(member, 1)

    assert len(days(clinic, member, "to=2026-03-02")) == 1
    assert len(days(clinic, member, "from=2026-03-03")) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-02-30", "invalid_date"),
        ("to=2026-03-01T10:00:00", "invalid_instant"),
        ("from=yesterday", "invalid_instant"),
        ("to=9999-12-31", "date_out_of_range"),
    ],
)
def test_u8_what_is_no_day(clinic: Clinic, member: str, query: str, code: str) -> None:
    """The refusal names the parameter."""
    refused = clinic.api.get(f"/v1/members/{member}/ledger?{query}").expect(422, code)

    assert refused["errors"][0]["parameter"] == query.partition("=")[0]


def test_u8_a_member_who_is_not_there(clinic: Clinic, member: str) -> None:
    """An empty period of somebody is not the same as nobody."""
    clinic.api.get(f"/v1/members/{member}/ledger?from=2026-04-01").expect(200)
    nobody = member[:-1] + ("0" if member[-1] != "0" else "1")
    clinic.api.get(f"/v1/members/{nobody}/ledger?from=2026-04-01").expect(404, "member_not_found")


def test_u8_the_statement_by_dates(world: LocalWorld, clinic: Clinic, member: str) -> None:
    """What was bought in a month is asked for by its days."""
    for _ in range(3):
        paid = {"amount": 1_000, "currency": "GBP"}
        clinic.record(member, "payment.received", amount=paid).expect(201)
        world.clock.advance(days=1)
    path = f"/v1/members/{member}/statement"

    page = clinic.api.get(f"{path}?from=2026-03-11&to=2026-03-11").expect(200)

    assert [each["occurred_at"][:10] for each in page["entries"]] == ["2026-03-11"]


def about(event: dict[str, Any]) -> dict[str, Any]:
    """Return what made an event, however it is said."""
    shown = dict(event["about"])
    shown |= {"rules": [each["rule"] for each in event.get("awards", [])]}
    shown |= {"off": [each["id"] for each in event.get("deductions", [])]}
    return {name: value for name, value in shown.items() if value}


def test_u8_each_line_names_what_made_it(clinic: Clinic) -> None:
    """A reward from redemption to use, a rule, an offer that took something off, a wallet."""
    clinic.publish(programme())
    member = clinic.enrolled()
    clinic.give(member, 1_000)
    path = f"/v1/members/{member}"
    redeemed = clinic.api.post(
        f"{path}/redemptions", {"programme": "clinic", "reward": "parking"}
    ).expect(201)
    clinic.api.post("/v1/vouchers/use", {"code": redeemed["voucher"]["code"]}).expect(200)
    clinic.record(member).expect(201)
    family = {"programme": "clinic", "status": "family"}
    clinic.api.post(f"{path}/statuses", family).expect(201)
    paid_in = {"programme": "clinic", "currency": "prepaid", "amount": 1_000}
    clinic.api.post(f"{path}/top-ups", paid_in).expect(201)
    body = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 8_000}]}
    quote = clinic.api.post(f"{path}/quotes", body).expect(201)["quote"]
    clinic.api.post(f"{path}/quotes/{quote['quote_id']}/confirmation", {}).expect(201)

    _, given, bought, used, visited, verified, topped_up, paid = clinic.check(member)

    reward = {
        "redemption_id": redeemed["redemption_id"],
        "programme": "clinic",
        "reward": "parking",
    }
    assert about(given)["reason"] == "test"
    assert about(bought) == reward
    assert about(used) == reward
    assert about(visited)["rules"] == ["visit"]
    assert about(paid)["quote_id"] == quote["quote_id"]
    assert about(paid)["off"] == ["family"]
    assert [
        (each["mechanic"], [draw["currency"] for draw in each["outcome"].get("draws", [])])
        for each in paid["outcomes"]
        if each["mechanic"] == "quotes"
    ] == [("quotes", ["clinic/prepaid"])]
    parts = [{"amount": 1_000, "percent": 0}]
    money = {"programme": "clinic", "currency": "prepaid", "amount": 1_000}
    assert about(topped_up) == {**money, "parts": parts}
    # For what it brings it may be known; by its id it is not told.
    assert "family" not in str(verified)
