"""Two-phase spending over the API: set aside, then spend or give up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, at_once
from tests.journeys.world import Clinic, LocalWorld


@pytest.fixture
def shop(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish("clinic")
    return made


@pytest.fixture
def member(shop: Clinic) -> str:
    """Return a member with 100 points."""
    found = shop.enrolled()
    shop.give(found, 100)
    return found


def place(shop: Clinic, member: str, amount: int, **more: Any) -> Answer:
    """Set points aside."""
    body = {"programme": "clinic", "currency": "points", "amount": amount, **more}
    return shop.api.post(f"/v1/members/{member}/holds", body)


def end(shop: Clinic, member: str, hold: str, how: str, **body: Any) -> Answer:
    """Capture or release a hold."""
    return shop.api.post(f"/v1/members/{member}/holds/{hold}/{how}", body)


def test_hold_and_capture_a_part(shop: Clinic, member: str) -> None:
    """Eighty are set aside, fifty spent, thirty come back."""
    placed = place(shop, member, 80, reference="basket 7").expect(201)
    hold = placed["hold"]["hold_id"]
    assert placed["hold"]["expires_at"] == "2026-03-02T10:15:00Z"
    seen = shop.balance(member)
    assert (seen["available"], seen["held"]) == (20, 80)
    assert place(shop, member, 21).expect(409, "insufficient_points")["available"] == 20
    listed = shop.member(member).get(f"/v1/members/{member}/holds").expect(200)["holds"]
    assert [each["hold_id"] for each in listed] == [hold]

    result = end(shop, member, hold, "capture", amount=50).expect(200)

    assert (result["captured"], result["released"]) == (50, 30)
    seen = shop.balance(member)
    assert (seen["available"], seen["held"]) == (50, 0)
    again = end(shop, member, hold, "capture").expect(409, "hold_ended")
    assert again["state"] == "captured"
    moves = [event["movements"] for event in shop.check(member)][-2:]
    assert [(m["source"], m["destination"], m["amount"]) for each in moves for m in each] == [
        ("member/available", "member/held", 80),
        ("member/held", "redeemed/tenant/tenant", 50),
        ("member/held", "member/available", 30),
    ]


def test_two_captures_at_once(shop: Clinic, member: str) -> None:
    """Twenty capture the same hold, each with a key of its own: one effect."""
    hold = place(shop, member, 60).expect(201)["hold"]["hold_id"]

    answers = at_once(20, lambda _: end(shop, member, hold, "capture"))

    assert sorted(answer.status for answer in answers) == [200] + 19 * [409]
    assert shop.available(member) == 40
    kinds = [event["kind"] for event in shop.check(member)]
    assert kinds.count("hold.captured") == 1


def test_holds_at_once(shop: Clinic, member: str) -> None:
    """Of twenty holds of thirty on a hundred, three are placed."""
    answers = at_once(20, lambda _: place(shop, member, 30))

    assert sorted(answer.status for answer in answers) == 3 * [201] + 17 * [409]
    assert shop.balance(member)["held"] == 90
    shop.check(member)


def test_time_is_up(shop: Clinic, member: str) -> None:
    """At the very instant it is everybody's again, whether or not a job has run."""
    hold = place(shop, member, 60, minutes=30).expect(201)["hold"]["hold_id"]
    shop.api.put("/v1/clock", {"now": "2026-03-02T10:29:59.999Z", "settle": False}).expect(200)
    assert shop.available(member) == 40
    shop.api.put("/v1/clock", {"now": "2026-03-02T10:30:00Z", "settle": False}).expect(200)
    assert shop.available(member) == 100

    assert end(shop, member, hold, "capture").expect(409, "hold_ended")["state"] == "expired"
    shop.move_to("2026-03-02T10:31:00Z")
    assert shop.check(member)[-1]["kind"] == "holds.expired"


def test_a_lost_answer_is_given_again(shop: Clinic, member: str) -> None:
    """The same key places one hold and is answered the same twice."""
    body = {"programme": "clinic", "currency": "points", "amount": 60}
    target = f"/v1/members/{member}/holds"
    first, again = (shop.api.post(target, body, key="k") for _ in range(2))

    assert first.status == 201
    assert (first.body, again.headers["idempotency-replayed"]) == (again.body, "true")
    assert shop.balance(member)["held"] == 60


def test_as_of(shop: Clinic, member: str) -> None:
    """The past remembers what was set aside."""
    place(shop, member, 60).expect(201)
    shop.move_to("2026-03-03T10:00:00Z")
    path = f"/v1/members/{member}/balance?as_of=2026-03-02T10:05:00Z"
    seen = shop.api.get(path).expect(200)["balances"][0]

    assert (seen["available"], seen["held"]) == (40, 60)


@pytest.mark.parametrize("minutes", [0, 10_081])
def test_how_long(shop: Clinic, member: str, minutes: int) -> None:
    """A minute at least, seven days at most."""
    refused = place(shop, member, 1, minutes=minutes).expect(422, "invalid_body")
    assert refused["errors"][0]["pointer"] == "/minutes"
