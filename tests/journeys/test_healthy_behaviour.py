"""Points for healthy behaviour: each kind of it earns, so often, and buys what keeps it up."""

from __future__ import annotations

import pytest

from tests.journeys.client import Answer
from tests.journeys.world import Clinic, LocalWorld, example

PROGRAMME = "healthy-behaviour"


@pytest.fixture
def insurer(world: LocalWorld) -> Clinic:
    """Return a sandbox in the spring of 2026 with the programme."""
    made = world.sandbox("2026-03-02T15:00:00Z")
    made.publish(PROGRAMME)
    return made


def test_once_a_year(insurer: Clinic) -> None:
    """Check-up and assessment earn once a calendar year of the programme's zone."""
    member = insurer.enrolled()

    for kind, points in (("checkup.annual", 500), ("assessment.completed", 250)):
        assert [a["amount"] for a in insurer.record(member, kind).expect(201)["awards"]] == [points]
        again = insurer.record(member, kind).expect(201)
        assert again["awards"] == []
        result = next(r for r in again["explanation"][0]["rules"] if r["matched"])
        assert (result["raw"], result["reason"]) == (points, "its caps are used up")
    assert insurer.available(member) == 750

    # In New York it is still the old year until five in the morning, UTC.
    insurer.move_to("2027-01-01T04:59:59Z")
    assert insurer.record(member, "checkup.annual").expect(201)["awards"] == []
    insurer.move_to("2027-01-01T05:00:00Z")
    assert insurer.record(member, "checkup.annual").expect(201)["awards"][0]["amount"] == 500
    # What 2026 earned ended with it.
    assert insurer.available(member) == 500
    insurer.check(member)


def test_wellness_twice_a_year_and_classes_by_the_week(insurer: Clinic) -> None:
    """Joining earns for two programmes a year, classes up to 60 points a week."""
    member = insurer.enrolled()

    joined = [insurer.record(member, "wellness.joined").expect(201)["awards"] for _ in range(3)]
    attended = [insurer.record(member, "wellness.attended").expect(201)["awards"] for _ in range(4)]

    assert [sum(a["amount"] for a in awards) for awards in joined] == [150, 150, 0]
    assert [sum(a["amount"] for a in awards) for awards in attended] == [20, 20, 20, 0]
    insurer.move_to("2026-03-09T15:00:00Z")
    assert insurer.record(member, "wellness.attended").expect(201)["awards"][0]["amount"] == 20
    assert insurer.available(member) == 380


def test_gear_is_handed_over_once(insurer: Clinic) -> None:
    """A set of bands is ordered, handed over, and nobody gets a second one."""
    member = insurer.enrolled()
    insurer.give(member, 1_000, programme=PROGRAMME)
    path = f"/v1/members/{member}/redemptions"
    body = {"programme": PROGRAMME, "reward": "resistance-bands"}
    made = insurer.member(member).post(path, body).expect(201)
    one = f"{path}/{made['redemption_id']}"
    assert insurer.member(member).get(one).expect(200)["state"] == "issued"

    code = {"code": made["voucher"]["code"]}
    insurer.staff("receptionist").post("/v1/vouchers/use", code).expect(200)

    seen = insurer.member(member).get(one).expect(200)
    assert (seen["state"], seen["changed_at"]) == ("used", "2026-03-02T15:00:00Z")
    assert seen["fulfilment"] == "delivered"
    refused = insurer.api.post(path, body).expect(409, "limit_reached")
    assert (refused["window"], refused["count"]) == ("lifetime", 1)


def test_gear_is_sent(insurer: Clinic) -> None:
    """What is ordered is packed, sent and delivered; forward only, and seen by the member."""
    member = insurer.enrolled()
    insurer.give(member, 1_000, programme=PROGRAMME)
    path = f"/v1/members/{member}/redemptions"
    body = {"programme": PROGRAMME, "reward": "resistance-bands"}
    made = insurer.member(member).post(path, body).expect(201)
    one, desk = f"{path}/{made['redemption_id']}", insurer.staff("receptionist")

    def advance(to: str) -> Answer:
        return desk.post(f"{one}/fulfilment", {"fulfilment": to})

    def to_pack() -> int:
        listed = insurer.api.get("/v1/vouchers?fulfilment=ordered").expect(200)
        return len(listed["vouchers"])

    assert insurer.member(member).get(one).expect(200)["fulfilment"] == "ordered"
    assert to_pack() == 1
    insurer.member(member).post(f"{one}/fulfilment", {"fulfilment": "sent"}).expect(403)
    assert [advance("ready").expect(200)["changed"] for _ in range(2)] == [True, False]
    assert to_pack() == 0
    advance("sent").expect(200)
    insurer.api.post(f"{one}/cancellation", {}).expect(409, "goods_sent")
    assert advance("ready").expect(409, "fulfilled_further")["state"] == "sent"

    insurer.move_to("2026-03-05T15:00:00Z")
    done = advance("delivered").expect(200)

    assert (done["state"], done["changed_at"]) == ("used", "2026-03-05T15:00:00Z")
    seen = insurer.member(member).get(f"{path}?fulfilment=delivered").expect(200)["redemptions"]
    assert [(each["state"], each["fulfilment"]) for each in seen] == [("used", "delivered")]
    code = {"code": made["voucher"]["code"]}
    desk.post("/v1/vouchers/use", code).expect(409, "voucher_used")
    kinds = [event["kind"] for event in insurer.check(member)]
    assert kinds[-3:] == 3 * ["fulfilment.advanced"]


def test_gear_on_its_way_does_not_expire(world: LocalWorld) -> None:
    """A voucher of five days: what was sent in time is listed as issued, and still delivered."""
    insurer = world.sandbox("2026-03-01T15:00:00Z")
    document = example(PROGRAMME)
    bands = next(each for each in document["rewards"] if each["id"] == "resistance-bands")
    document["rewards"] = [bands | {"voucher_valid_days": 5, "limits": []}]
    insurer.publish(document)
    member, desk = insurer.enrolled(), insurer.staff("receptionist")
    insurer.give(member, 1_000, programme=PROGRAMME)
    path = f"/v1/members/{member}/redemptions"
    body = {"programme": PROGRAMME, "reward": "resistance-bands"}
    sent, left = (
        f"{path}/{insurer.member(member).post(path, body).expect(201)['redemption_id']}"
        for _ in range(2)
    )
    insurer.move_to("2026-03-04T15:00:00Z")
    done = desk.post(f"{sent}/fulfilment", {"fulfilment": "sent"}).expect(200)
    assert (done["state"], done["changed_at"]) == ("issued", "2026-03-04T15:00:00Z")
    assert insurer.api.get(sent).expect(200)["changed_at"] is None

    insurer.move_to("2026-03-20T15:00:00Z")

    def listed(query: str) -> list[str]:
        found = insurer.api.get(f"/v1/vouchers?{query}").expect(200)["vouchers"]
        return [f"{path}/{each['redemption_id']}" for each in found]

    assert listed("state=issued&fulfilment=sent&from=2026-03-01&to=2026-03-01") == [sent]
    assert listed("state=expired") == [left]
    desk.post(f"{left}/fulfilment", {"fulfilment": "delivered"}).expect(409, "voucher_expired")
    assert desk.post(f"{sent}/fulfilment", {"fulfilment": "delivered"}).expect(200)["changed"]
    assert insurer.api.get(sent).expect(200)["state"] == "used"
    insurer.check(member)


def test_gear_that_is_cancelled_is_not_sent(insurer: Clinic) -> None:
    """What is packed can be cancelled, then nothing is sent; a pass for the gym is no goods."""
    member, desk = insurer.enrolled(), insurer.staff("receptionist")
    insurer.give(member, 2_000, programme=PROGRAMME)
    path = f"/v1/members/{member}/redemptions"

    def redeemed(reward: str) -> str:
        body = {"programme": PROGRAMME, "reward": reward}
        made = insurer.member(member).post(path, body).expect(201)
        return f"{path}/{made['redemption_id']}"

    bands, gym = redeemed("resistance-bands"), redeemed("gym-month")
    desk.post(f"{bands}/fulfilment", {"fulfilment": "ready"}).expect(200)
    insurer.api.post(f"{bands}/cancellation", {}).expect(200)

    desk.post(f"{bands}/fulfilment", {"fulfilment": "sent"}).expect(409, "voucher_cancelled")
    desk.post(f"{gym}/fulfilment", {"fulfilment": "sent"}).expect(409, "nothing_to_fulfil")
    assert insurer.api.get(gym).expect(200)["fulfilment"] is None
    insurer.check(member)


def test_points_buy_gym_gear_and_discounts(insurer: Clinic) -> None:
    """A year's behaviour buys a month at a gym, and what is left a discount on products."""
    member = insurer.enrolled()
    for kind in ("checkup.annual", "assessment.completed", "wellness.joined", "wellness.joined"):
        insurer.record(member, kind).expect(201)
    assert insurer.available(member) == 1050

    def redeem(reward: str) -> dict[str, object]:
        body = {"programme": PROGRAMME, "reward": reward}
        target = f"/v1/members/{member}/redemptions"
        return dict(insurer.api.post(target, body).expect(201))

    gym = redeem("gym-month")
    assert (gym["price"], gym["voucher"]["expires_on"]) == (900, "2026-05-31")  # type: ignore[index]
    assert redeem("health-products")["price"] == 150
    assert insurer.available(member) == 0
    body = {"programme": PROGRAMME, "reward": "resistance-bands"}
    refused = insurer.api.post(f"/v1/members/{member}/redemptions", body)
    assert refused.expect(409, "insufficient_points")["missing"] == 500
    insurer.check(member)
