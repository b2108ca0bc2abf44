"""Transfers over the API: from one member to another, at once or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, Api, at_once
from tests.journeys.world import Clinic, LocalWorld

ABSENT = "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def shop(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme: 10 to 500 at once, 1,000 a month."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish("clinic")
    return made


@pytest.fixture
def sender(shop: Clinic) -> str:
    """Return a member with 100 points through 2 March 2027 and 100 through 5 March 2027."""
    found = shop.enrolled()
    shop.give(found, 100)
    shop.move_to("2026-03-05T10:00:00Z")
    shop.give(found, 100)
    return found


@pytest.fixture
def friend(shop: Clinic) -> str:
    """Return a member without points."""
    return shop.enrolled()


def send(shop: Clinic, sender: str, to: str, amount: int, *, api: Api | None = None) -> Answer:
    """Transfer points."""
    body = {"programme": "clinic", "currency": "points", "amount": amount, "to": to}
    return (api or shop.api).post(f"/v1/members/{sender}/transfers", body)


def lots(shop: Clinic, member: str) -> list[tuple[int, str]]:
    """Return what a member can spend, by last day."""
    return [(lot["amount"], lot["expires_on"]) for lot in shop.balance(member)["lots"]]


def test_the_gift(shop: Clinic, sender: str, friend: str) -> None:
    """A member sends 150 of 200: they arrive with their days, and both ledgers tell of it."""
    sent = send(shop, sender, friend, 150, api=shop.member(sender)).expect(201)

    assert [(lot["amount"], lot["expires_on"]) for lot in sent["lots"]] == [
        (100, "2027-03-02"),
        (50, "2027-03-05"),
    ]
    assert lots(shop, friend) == [(100, "2027-03-02"), (50, "2027-03-05")]
    assert lots(shop, sender) == [(50, "2027-03-05")]
    assert sent["balances"][0]["available"] == 50
    out, come = shop.check(sender)[-1], shop.check(friend)[-1]
    assert (out["kind"], out["about"]["recipient_id"]) == ("transfer.sent", friend)
    assert (come["kind"], come["about"]["sender_id"]) == ("transfer.received", sender)
    assert out["about"]["transfer_id"] == come["about"]["transfer_id"] == sent["transfer_id"]
    assert out["version"] == sent["version"]


def test_twenty_at_once(shop: Clinic, sender: str, friend: str) -> None:
    """Of twenty transfers of thirty on two hundred, six happen, and nothing is lost between."""
    answers = at_once(20, lambda _: send(shop, sender, friend, 30))

    assert sorted(answer.status for answer in answers) == 6 * [201] + 14 * [409]
    assert (shop.available(sender), shop.available(friend)) == (20, 180)
    shop.check(sender)
    shop.check(friend)


def test_to_and_fro_at_once(shop: Clinic, sender: str, friend: str) -> None:
    """Two who give to one another at the same time both do."""
    shop.give(friend, 100)
    ways = [(sender, friend), (friend, sender)]

    answers = at_once(8, lambda number: send(shop, *ways[number % 2], 10))

    assert [answer.status for answer in answers] == 8 * [201]
    assert (shop.available(sender), shop.available(friend)) == (200, 100)
    shop.check(sender)
    shop.check(friend)


def test_a_lost_answer_is_given_again(shop: Clinic, sender: str, friend: str) -> None:
    """The same key moves value once, though the sender has more; another body is refused."""
    body: dict[str, Any] = {"programme": "clinic", "currency": "points", "amount": 60, "to": friend}
    target = f"/v1/members/{sender}/transfers"
    first, again = (shop.api.post(target, body, key="k") for _ in range(2))

    assert first.status == 201
    assert (first.body, again.headers["idempotency-replayed"]) == (again.body, "true")
    assert (shop.available(sender), shop.available(friend)) == (140, 60)
    other = body | {"to": shop.enrolled()}
    shop.api.post(target, other, key="k").expect(422, "idempotency_key_reused")


def test_what_is_held_stays(shop: Clinic, sender: str, friend: str) -> None:
    """Value that is set aside for a purchase cannot be given away meanwhile."""
    hold = {"programme": "clinic", "currency": "points", "amount": 150}
    shop.api.post(f"/v1/members/{sender}/holds", hold).expect(201)

    assert send(shop, sender, friend, 60).expect(409, "insufficient_points")["available"] == 50


def test_expiry_goes_along(shop: Clinic, sender: str, friend: str) -> None:
    """What was sent ends with the friend when it would have ended with the sender."""
    send(shop, sender, friend, 100).expect(201)

    shop.move_to("2027-03-02T23:59:59Z")
    assert (shop.available(sender), shop.available(friend)) == (100, 100)
    shop.move_to("2027-03-03T00:00:00Z")

    assert (shop.available(sender), shop.available(friend)) == (100, 0)
    assert shop.check(friend)[-1]["kind"] == "lots.expired"


def test_both_settle_first(shop: Clinic, sender: str, friend: str) -> None:
    """What fell due on either account is written with the transfer, by no job before it."""
    send(shop, sender, friend, 100).expect(201)
    shop.give(friend, 30)

    shop.api.put("/v1/clock", {"now": "2027-03-03T10:00:00Z", "settle": False}).expect(200)
    send(shop, friend, sender, 20).expect(201)

    assert [event["kind"] for event in shop.check(friend)][-3:] == [
        "expiry.announced",
        "lots.expired",
        "transfer.sent",
    ]
    assert lots(shop, sender) == [(120, "2027-03-05")]


class TestRefusals:
    """What a sender is told."""

    def test_oneself(self, shop: Clinic, sender: str) -> None:
        """Nobody sends to themselves."""
        refused = send(shop, sender, sender, 50).expect(422, "same_member")
        assert refused["errors"] == [{"pointer": "/to", "detail": "must be another member"}]

    @pytest.mark.parametrize("amount", [9, 501])
    def test_amount(self, shop: Clinic, sender: str, friend: str, amount: int) -> None:
        """Ten at least, five hundred at most."""
        refused = send(shop, sender, friend, amount).expect(422, "transfer_amount")
        assert refused["errors"][0]["pointer"] == "/amount"

    def test_who_cannot_receive(self, world: LocalWorld, shop: Clinic, sender: str) -> None:
        """Nobody, a prospect, a former member and another tenant's are told alike."""
        prospect = shop.api.post("/v1/members", {"programmes": []}).expect(201)["id"]
        former = shop.enrolled()
        shop.api.post(f"/v1/members/{former}/closure", {"reason": "moved"}).expect(200)
        elsewhere = world.sandbox("2026-03-02T10:00:00Z")
        elsewhere.publish("clinic")
        foreign = elsewhere.enrolled()

        refusals = [
            send(shop, sender, to, 50).expect(409, "recipient_unavailable")
            for to in (ABSENT, prospect, former, foreign)
        ]

        result = [{k: v for k, v in each.items() if k != "instance"} for each in refusals]
        assert result == [result[0]] * 4
        assert shop.available(sender) == 200
        assert elsewhere.available(foreign) == 0

    def test_a_former_member_sends_nothing(self, shop: Clinic, sender: str, friend: str) -> None:
        """An account that is closed gives nothing away."""
        shop.api.post(f"/v1/members/{sender}/closure", {"reason": "moved"}).expect(200)
        send(shop, sender, friend, 50).expect(409, "account_closed")

    def test_anothers_points(self, shop: Clinic, sender: str, friend: str) -> None:
        """A member gives their own value away, and nobody else's."""
        send(shop, sender, friend, 50, api=shop.member(friend)).expect(404, "member_not_found")

    def test_a_month(self, shop: Clinic, sender: str, friend: str) -> None:
        """A thousand a month, whoever they go to; the next month is another."""
        shop.give(sender, 1_500)
        for _ in range(2):
            send(shop, sender, friend, 500).expect(201)

        refused = send(shop, sender, shop.enrolled(), 10).expect(409, "transfer_limit")

        assert (refused["direction"], refused["window"]) == ("sending", "month")
        assert (refused["limit"], refused["left"]) == (1000, 0)
        shop.move_to("2026-04-01T10:00:00Z")
        send(shop, sender, friend, 10).expect(201)
