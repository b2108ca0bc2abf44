"""What was recorded is taken back: whole, by lines, by an amount, and never twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, at_once
from tests.journeys.world import Clinic, Document, LocalWorld, example

LINES = [
    {"id": "a", "amount": 4000, "quantity": 2, "category": "vitamins", "sku": "D3"},
    {"id": "b", "amount": 1000, "quantity": 1, "category": "prescription", "sku": "RX"},
    {"id": "c", "amount": 2000, "quantity": 1, "category": "devices", "sku": "BP"},
]


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member of the clinic's programme."""
    clinic.publish("clinic")
    return clinic.enrolled()


def bought(clinic: Clinic, member: str, amount: int = 10_000) -> Document:
    """Record a purchase and return its identity."""
    body = clinic.activity(
        member, "purchase.completed", amount={"amount": amount, "currency": "GBP"}
    )
    clinic.api.post("/v1/activities", body).expect(201)
    return identity_of(body)


def basket(clinic: Clinic, member: str) -> Document:
    """Record a basket of three lines, 60 points, and return its identity."""
    body = clinic.activity(member, "purchase.completed", currency="GBP", lines=LINES)
    result = clinic.api.post("/v1/activities", body).expect(201)
    assert [award["amount"] for award in result["awards"]] == [60]
    return identity_of(body)


def identity_of(body: Document) -> Document:
    """Return what names an activity."""
    return {"source": body["source"], "external_id": body["external_id"]}


def reverse(clinic: Clinic, identity: Document, *, key: str = "automatic", **what: Any) -> Answer:
    """Take an activity back."""
    return clinic.api.post("/v1/activities/reversals", identity | what, key=key)


class TestWhole:
    """All of it comes back."""

    def test_all_of_it(self, clinic: Clinic, member: str) -> None:
        """Points, visits and tier are what they would be without the activity."""
        identity = bought(clinic, member, 60_000)
        assert clinic.api.get(f"/v1/members/{member}").json["tier"] == "silver"

        result = reverse(clinic, identity, reason="paid-twice").expect(201)

        assert (result["changed"], result["fully_reversed"]) == (True, True)
        assert result["returned"] == [
            {
                "programme": "clinic",
                "currency": "points",
                "amount": 600,
                "deficit": 0,
                "written_off": 0,
                "pending": 0,
                "expired": 0,
            }
        ]
        moves = [(move["before"], move["after"]) for move in result["tier_changes"]]
        assert moves == [("silver", "base")]
        assert clinic.available(member) == 0
        last = clinic.check(member)[-1]
        assert (last["kind"], last["about"]["reverses"], last["about"]["reason"]) == (
            "activity.reversed",
            2,
            "paid-twice",
        )

    def test_twice_does_nothing(self, clinic: Clinic, member: str) -> None:
        """With another key there is nothing left; with the same key it is the first answer."""
        identity = bought(clinic, member)
        first = reverse(clinic, identity, key="r1")

        replayed = reverse(clinic, identity, key="r1")
        again = reverse(clinic, identity, key="r2")

        assert (replayed.body, replayed.replayed) == (first.body, True)
        result = again.expect(200)
        assert (result["changed"], result["returned"]) == (False, [])
        assert len(clinic.check(member)) == 3

    def test_many_at_once(self, clinic: Clinic, member: str) -> None:
        """Of ten that reverse one activity one does."""
        identity = bought(clinic, member)
        clinic.give(member, 1000)

        answers = at_once(10, lambda _: reverse(clinic, identity))

        assert sorted(answer.status for answer in answers) == [200] * 9 + [201]
        assert clinic.available(member) == 1000
        clinic.check(member)

    def test_recorded_again_is_no_new_activity(self, clinic: Clinic, member: str) -> None:
        """A reversed activity that is reported again is answered as it was, and earns nothing."""
        body = clinic.activity(member)
        first = clinic.api.post("/v1/activities", body)
        reverse(clinic, identity_of(body)).expect(201)

        again = clinic.api.post("/v1/activities", body)

        assert (again.body, again.replayed) == (first.body, True)
        assert clinic.available(member) == 0

    def test_unknown(self, world: LocalWorld, clinic: Clinic, member: str) -> None:
        """What was never recorded, and what another tenant recorded, is not there."""
        identity = bought(clinic, member)

        unknown = {"source": "emr", "external_id": "none"}
        reverse(clinic, unknown).expect(404, "activity_not_found")
        reverse(world.clinic(), identity).expect(404, "activity_not_found")


class TestPart:
    """The award is evaluated anew on what remains."""

    def test_by_amount(self, clinic: Clinic, member: str) -> None:
        """Part of the money comes back, and then the rest."""
        identity = bought(clinic, member, 10_000)

        result = reverse(clinic, identity, amount=2_550).expect(201)
        assert (result["remaining_amount"], result["fully_reversed"]) == (7_450, False)
        assert clinic.available(member) == 74

        too_much = reverse(clinic, identity, amount=7_451).expect(409, "exceeds_remaining")
        assert too_much["remaining"] == 7_450
        assert reverse(clinic, identity, amount=7_450).expect(201)["fully_reversed"]
        assert clinic.available(member) == 0
        clinic.check(member)

    def test_amounts_at_once(self, clinic: Clinic, member: str) -> None:
        """Parts that come back at the same moment all do, and no more than there was."""
        identity = bought(clinic, member, 10_000)

        answers = at_once(5, lambda _: reverse(clinic, identity, amount=3_000))

        assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 2
        assert clinic.available(member) == 10
        clinic.check(member)

    def test_by_line(self, clinic: Clinic, member: str) -> None:
        """Lines come back whole, by quantity or by amount; what earned nothing takes nothing."""
        identity = basket(clinic, member)

        reverse(clinic, identity, lines=[{"id": "b"}]).expect(201)
        assert clinic.available(member) == 60
        reverse(clinic, identity, lines=[{"id": "a", "quantity": 1}]).expect(201)
        assert clinic.available(member) == 40
        reverse(clinic, identity, lines=[{"id": "c", "amount": 500}]).expect(201)
        assert clinic.available(member) == 35
        rest = [{"id": "a"}, {"id": "c"}]
        assert reverse(clinic, identity, lines=rest).expect(201)["fully_reversed"]
        assert clinic.available(member) == 0
        clinic.check(member)

    def test_f_by_amount_of_all_lines(self, clinic: Clinic, member: str) -> None:
        """A price reduction comes off each line in proportion, whatever came back by line."""
        identity = basket(clinic, member)

        look = clinic.api.post("/v1/activities/reversals?dry_run=true", identity | {"amount": 700})
        told = reverse(clinic, identity, amount=700).expect(201)

        assert (look.expect(200), told["remaining_amount"]) == (told, 6_300)
        assert clinic.available(member) == 54
        reverse(clinic, identity, lines=[{"id": "a"}]).expect(201)
        assert clinic.available(member) == 18
        assert reverse(clinic, identity, amount=2_700).expect(201)["fully_reversed"]
        assert clinic.available(member) == 0
        entries = clinic.api.get(f"/v1/members/{member}/statement").expect(200)["entries"]
        assert [each["returned"]["amount"] for each in entries[:3]] == [2_700, 3_600, 700]
        assert [line["net"] for line in entries[2]["lines"]] == [400, 100, 200]
        clinic.check(member)

    @pytest.mark.parametrize(
        ("what", "status", "code"),
        [
            ({"lines": [{"id": "z"}]}, 422, "unknown_line"),
            ({"amount": 100, "lines": [{"id": "1"}]}, 422, "lines_or_amount"),
            ({"lines": [{"id": "a", "amount": 4001}]}, 409, "exceeds_remaining"),
            ({"lines": [{"id": "a", "quantity": 3}]}, 409, "exceeds_remaining"),
            ({"amount": 0}, 422, "invalid_body"),
        ],
    )
    def test_what_cannot_come_back(
        self, clinic: Clinic, member: str, what: Document, status: int, code: str
    ) -> None:
        """Each refusal says what is wrong and changes nothing."""
        identity = basket(clinic, member)

        reverse(clinic, identity, **what).expect(status, code)

        assert len(clinic.check(member)) == 2

    def test_no_amount(self, clinic: Clinic, member: str) -> None:
        """A visit has no money of which a part could come back."""
        body = clinic.activity(member)
        clinic.api.post("/v1/activities", body).expect(201)

        reverse(clinic, identity_of(body), amount=1).expect(422, "no_amount")


class TestSpent:
    """What was spent already, by the programme's policy."""

    def test_deficit_is_repaid(self, clinic: Clinic, member: str) -> None:
        """Below zero by what was spent; later earning repays it before anything can be spent."""
        identity = bought(clinic, member, 10_000)
        redeem = {"programme": "clinic", "reward": "parking"}
        path = f"/v1/members/{member}/redemptions"
        clinic.api.post(path, redeem).expect(201)

        result = reverse(clinic, identity).expect(201)

        assert result["returned"][0]["deficit"] == 100
        held = clinic.balance(member)
        assert (held["available"], held["deficit"], held["lots"]) == (-100, 100, [])
        clinic.give(member, 30)
        assert clinic.balance(member)["deficit"] == 70
        clinic.give(member, 100)
        held = clinic.balance(member)
        assert (held["available"], held["deficit"]) == (30, 0)
        clinic.check(member)

    @pytest.mark.parametrize(("policy", "status"), [("clamp", 201), ("reject", 409)])
    def test_other_policies(self, clinic: Clinic, policy: str, status: int) -> None:
        """`clamp` lets go what is spent, `reject` refuses the reversal."""
        document = example("clinic")
        document["currencies"][0]["negative_balance"] = policy
        clinic.publish(document)
        member = clinic.enrolled()
        identity = bought(clinic, member, 10_000)
        redeem = {"programme": "clinic", "reward": "parking"}
        clinic.api.post(f"/v1/members/{member}/redemptions", redeem).expect(201)

        answer = reverse(clinic, identity)

        result = answer.expect(status)
        assert clinic.available(member) == 0
        if status == 201:
            assert result["returned"][0]["written_off"] == 100
        else:
            assert answer.code == "already_spent"
        clinic.check(member)


def test_adjustment(clinic: Clinic, member: str) -> None:
    """Value is given and taken by hand, with a reason; more than there is cannot be taken."""
    path = f"/v1/members/{member}/adjustments"
    body = {"programme": "clinic", "currency": "points", "reason": "goodwill", "note": "waited"}

    given = clinic.api.post(path, body | {"amount": 50}).expect(201)
    clinic.api.post(path, body | {"amount": -51}).expect(409, "insufficient_points")
    clinic.api.post(path, body | {"amount": 0}).expect(422, "invalid_body")
    looked = clinic.api.post(f"{path}?dry_run=true", body | {"amount": -50}).expect(200)
    taken = clinic.api.post(path, body | {"amount": -20}).expect(201)

    assert (given["balances"][0]["available"], taken["balances"][0]["available"]) == (50, 30)
    assert looked["balances"][0]["available"] == 0
    last = clinic.check(member)[-1]
    assert (last["kind"], last["about"]["reason"], last["note"]) == (
        "balance.adjusted",
        "goodwill",
        "waited",
    )
    assert last["actor"].startswith("server:")
