"""
Many clients at once against a server of its own, whose engine is another process.

Each test runs on ministack and on Amazon's DynamoDB Local.  What must hold afterwards is read from
the journal: every write that was accepted is in it exactly once, whatever the clients were told in
between.  A client that is told to come again (503) sends the same request again, as the API
promises that it may.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.journeys.client import Answer, Api, at_once
from tests.journeys.world import Clinic, Document, ServerWorld, example

pytestmark = pytest.mark.http

CLIENTS = 50
TRIES = 25
GIFT = {"programme": "purchases", "reward": "gift"}


@pytest.fixture(scope="module", params=["ministack", "dynamodb_local"])
def place(request: pytest.FixtureRequest) -> ServerWorld:
    """Return a server on each of the engines."""
    name = "server" if request.param == "ministack" else f"server_on_{request.param}"
    found: ServerWorld = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="module")
def shop(place: ServerWorld) -> Clinic:
    """Return a sandbox in which a gift costs 100 points, as often as one likes."""
    made = place.sandbox("2026-03-02T10:00:00Z")
    gift = {"id": "gift", "name": "Gift", "price": {"currency": "points", "amount": 100}}
    made.publish(example("purchases", rewards=[gift]))
    return made


@pytest.fixture
def member(shop: Clinic) -> str:
    """Return a new member."""
    return shop.enrolled()


def insist(api: Api, path: str, body: Document, key: str | None = None) -> Answer:
    """Send a write until it is decided."""
    headers = {} if key is None else {"key": key}
    for _ in range(TRIES):
        answer = api.post(path, body, **headers)
        if answer.status != 503:
            return answer
    raise AssertionError(f"not decided in {TRIES} tries")


def test_fifty_clients_on_one_member(shop: Clinic, member: str) -> None:
    """Earning, correcting and redeeming at once: each accepted write is there exactly once."""
    shop.give(member, 1000, programme="purchases")
    activities = [_purchase(shop, member, 100 * (n + 1)) for n in range(CLIENTS)]
    path = f"/v1/members/{member}"
    adjustment = {"programme": "purchases", "currency": "points", "amount": 7, "reason": "test"}

    def client(number: int) -> list[Answer]:
        other = number % 5
        answers = [insist(shop.api, "/v1/activities", activities[number])]
        if other == 0:
            answers.append(insist(shop.api, f"{path}/redemptions", GIFT, f"{member}-{number}"))
        elif other == 1:
            body = adjustment | {"reason": f"by-{number}"}
            answers.append(insist(shop.api, f"{path}/adjustments", body, f"{member}-{number}"))
        else:
            answers.append(insist(shop.api, "/v1/activities", activities[number]))
        return answers

    answers = at_once(CLIENTS, client)

    events = shop.check(member)
    earned = Counter(event["activity"]["external_id"] for event in events if "activity" in event)
    assert earned == Counter(activity["external_id"] for activity in activities)
    redeemed = [pair[1].expect(201)["redemption_id"] for pair in answers[0::5]]
    ids = [
        event["about"]["redemption_id"] for event in events if event["kind"] == "reward.redeemed"
    ]
    assert Counter(ids) == Counter(redeemed)
    reasons = Counter(
        event["about"]["reason"] for event in events if event["kind"] == "balance.adjusted"
    )
    given = [f"by-{number}" for number in range(1, CLIENTS, 5)]
    assert reasons == Counter([*given, "test"])
    for number, (first, *_) in enumerate(answers):
        result = first.expect(201)
        # Nobody is told another's answer: each knows the points of their own purchase.
        assert _granted(events, result["version"]) == activities[number]["external_id"]


def test_twenty_redemptions_of_everything(shop: Clinic, member: str) -> None:
    """Of twenty that want all 100 points at once exactly one gets the gift."""
    shop.give(member, 100, programme="purchases")
    path = f"/v1/members/{member}/redemptions"

    answers = at_once(20, lambda n: insist(shop.api, path, GIFT, f"{member}-{n}"))

    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert {a.code for a in answers if a.status == 409} == {"insufficient_points"}
    assert shop.available(member) == 0
    kinds = Counter(event["kind"] for event in shop.check(member))
    assert kinds["reward.redeemed"] == 1


def test_one_redemption_twenty_times(shop: Clinic, member: str) -> None:
    """One redemption sent twenty times at once has one effect and twenty equal answers."""
    shop.give(member, 1000, programme="purchases")
    path = f"/v1/members/{member}/redemptions"

    answers = at_once(20, lambda _: insist(shop.api, path, GIFT, member))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.replayed for answer in answers) == 19
    assert shop.available(member) == 900


def test_one_activity_in_two_versions(shop: Clinic, member: str) -> None:
    """One identity with two bodies, ten times each at once: one is recorded, the other refused."""
    activity = _purchase(shop, member, 5000)
    bodies = [activity, activity | {"channel": "app"}]

    answers = at_once(20, lambda n: insist(shop.api, "/v1/activities", bodies[n % 2]))

    by_body = [answers[0::2], answers[1::2]]
    statuses = [{answer.status for answer in side} for side in by_body]
    assert sorted(statuses, key=min) == [{201}, {422}]
    for side in by_body:
        for answer in side:
            if answer.status == 422:
                answer.expect(422, "idempotency_key_reused")
    won = by_body[statuses.index({201})]
    assert len({answer.body for answer in won}) == 1
    assert shop.available(member) == 50
    assert len(shop.check(member)) == 2


def test_members_are_never_mixed_up(shop: Clinic) -> None:
    """Each of many clients works for its own member and is told about nobody else."""
    members = [shop.enrolled() for _ in range(8)]

    def client(number: int) -> None:
        member = members[number]
        api = shop.member(member)
        for step in range(1, 4):
            result = shop.api.post(
                "/v1/activities", _purchase(shop, member, 100 * (number + 1))
            ).expect(201)
            assert result["member_id"] == member
            assert [award["amount"] for award in result["awards"]] == [number + 1]
            read = api.get(f"/v1/members/{member}/balance")
            shown = read.expect(200)
            assert shown["member_id"] == member
            assert shown["balances"][0]["available"] == (number + 1) * step
            page = api.get(f"/v1/members/{member}/ledger?limit=1").expect(200)
            assert page["events"][0]["movements"][0]["amount"] == number + 1

    at_once(len(members), client)

    for number, member in enumerate(members):
        assert shop.available(member) == (number + 1) * 3
        assert len(shop.check(member)) == 4


def test_first_contacts(shop: Clinic) -> None:
    """Twenty first contacts with one person at once make one member with twenty activities."""
    who = {"external_id": {"system": "emr", "value": "at-once"}}
    activities = [_purchase(shop, who, 100) for _ in range(20)]

    answers = at_once(20, lambda n: insist(shop.api, "/v1/activities", activities[n]))

    members = {answer.expect(201)["member_id"] for answer in answers}
    assert len(members) == 1
    events = shop.check(members.pop())
    assert Counter(event["kind"] for event in events) == {
        "member.created": 1,
        "activity.recorded": 20,
    }


def test_bearers_of_one_gift_card(place: ServerWorld) -> None:
    """Of twenty who hold the code of the last £10 one pays with it; of parts, as many as fit."""
    sandbox = place.sandbox("2026-03-02T10:00:00Z")
    sandbox.publish(example("clinic-discounts", enrolment={}))
    sale = {"programme": "clinic-discounts", "gift_card": "gift", "amount": 1_000}

    def paid(part: int) -> tuple[Document, list[Answer]]:
        sold = sandbox.api.post("/v1/gift-cards", sale).expect(201)
        body = {"code": sold["code"], "amount": part, "currency": "GBP"}
        path = "/v1/gift-cards/use"
        keys = [f"{sold['gift_card_id']}-{number}" for number in range(20)]
        answers = at_once(20, lambda number: insist(sandbox.api, path, body, keys[number]))
        card = f"/v1/gift-cards/{sold['gift_card_id']}"
        shown = sandbox.api.get(card).expect(200)
        assert sandbox.api.get(f"{card}/verification").expect(200)["verified"]
        return shown, answers

    whole, answers = paid(1_000)
    assert sorted(each.status for each in answers) == [201] + [409] * 19
    assert (whole["used"], whole["balance"]) == (1_000, 0)
    parts, answers = paid(150)
    assert sorted(each.status for each in answers) == [201] * 6 + [409] * 14
    assert (parts["used"], parts["balance"]) == (900, 100)


def test_time_moves_while_clients_write(place: ServerWorld) -> None:
    """Writes, reads and a clock that is moved on at the same time leave a journal that holds."""
    sandbox = place.sandbox("2026-01-01T00:00:00Z")
    # Time may move on by months between the making of an activity and its arrival.
    sandbox.publish(example("purchases", backdate_limit_days=365))
    members = [sandbox.enrolled() for _ in range(4)]
    months = [f"2026-{month:02d}-15T12:00:00Z" for month in range(2, 12)]

    def client(number: int) -> None:
        if number == 0:
            for month in months:
                sandbox.move_to(month)
            return
        member = members[number % 4]
        for _ in range(6):
            money = {"amount": 1000, "currency": "USD"}
            activity = sandbox.activity(member, "purchase.completed", amount=money)
            insist(sandbox.api, "/v1/activities", activity).expect(201)
            sandbox.available(member)

    at_once(9, client)

    sandbox.move_to("2028-01-01T00:00:00Z")
    for member in members:
        events = sandbox.check(member)
        assert Counter(event["kind"] for event in events)["activity.recorded"] == 12
        assert sandbox.available(member) == 0


def _purchase(shop: Clinic, member: str | Document, amount: int) -> Document:
    money = {"amount": amount, "currency": "USD"}
    return shop.activity(
        member, "purchase.completed", amount=money, occurred_at="2026-03-02T10:00:00Z"
    )


def _granted(events: list[dict[str, Any]], version: int) -> str:
    return str(events[version - 1]["activity"]["external_id"])
