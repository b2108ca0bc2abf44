"""What a member has and how it came about: balance, ledger, verification, tier."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic, LocalWorld, example

UNKNOWN = "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member of the clinic's programme with three visits."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    for _ in range(3):
        clinic.record(member).expect(201)
    return member


@pytest.mark.parametrize("part", ["balance", "ledger", "verification", "tier", "rewards"])
def test_who_is_not_there(world: LocalWorld, clinic: Clinic, member: str, part: str) -> None:
    """No key is 401; an unknown member and another tenant's are 404."""
    clinic.anyone.get(f"/v1/members/{member}/{part}").expect(401, "credential_missing")
    clinic.api.get(f"/v1/members/{UNKNOWN}/{part}").expect(404, "member_not_found")
    stranger = world.clinic()
    stranger.api.get(f"/v1/members/{member}/{part}").expect(404, "member_not_found")


class TestBalance:
    """`GET /v1/members/{member_id}/balance`."""

    def test_pending(self, world: LocalWorld, clinic: Clinic) -> None:
        """Value that waits is shown with its day, and can be spent from that day on."""
        document = example("clinic")
        document["currencies"][0]["activation_delay_days"] = 14
        clinic.publish(document)
        member = clinic.enrolled()
        clinic.record(member).expect(201)

        held = clinic.balance(member)
        assert (held["available"], held["pending"], held["lots"]) == (0, 50, [])
        assert held["pending_lots"][0]["active_on"] == "2026-03-16"
        assert held["pending_lots"][0]["active_at"] == "2026-03-16T00:00:00Z"

        world.clock.set("2026-03-16T00:00:00Z")
        held = clinic.balance(member)
        assert (held["available"], held["pending"]) == (50, 0)
        world.tick()
        assert clinic.check(member)[-1]["kind"] == "pending.activated"

    @pytest.mark.parametrize(
        ("wanted", "lang", "direction"),
        [("ar-EG", "ar-EG", "rtl"), ("de;q=0.2, he;q=0.9", "he", "rtl"), ("*", "en", "ltr")],
    )
    def test_language(
        self, clinic: Clinic, member: str, wanted: str, lang: str, direction: str
    ) -> None:
        """The caller's first choice decides in which direction texts run."""
        path = f"/v1/members/{member}/balance"

        result = clinic.api.get(path, Accept_Language=wanted).expect(200)

        assert (result["lang"], result["dir"]) == (lang, direction)

    def test_a_prospect_has_none(self, clinic: Clinic) -> None:
        """Who has joined nothing has no balance to show."""
        clinic.publish("clinic")
        member = clinic.enrolled(programmes=[])

        result = clinic.api.get(f"/v1/members/{member}/balance").expect(200)

        assert (result["status"], result["balances"]) == ("prospect", [])


class TestVerification:
    """`GET /v1/members/{member_id}/verification`."""

    def test_holds(self, clinic: Clinic, member: str) -> None:
        """What nobody touched holds."""
        result = clinic.api.get(f"/v1/members/{member}/verification").expect(200)

        checked = {"since_version": 0, "events": 4, "errors": []}
        assert result == {"member_id": member, "verified": True, **checked}

    @pytest.mark.parametrize("part", ["body", "detail", "hash"])
    def test_one_byte(self, world: LocalWorld, clinic: Clinic, member: str, part: str) -> None:
        """One changed byte of a stored event is found, and the event is named."""
        key = {"pk": {"S": f"T#{clinic.tenant}#M#{member}"}, "sk": {"S": "E#000000000003"}}
        client: Any = world.dynamo.connection.client
        table = world.dynamo.ledger
        stored = client.get_item(TableName=table, Key=key)["Item"][part]["B"]
        changed = bytes([*stored[:-2], stored[-2] ^ 1, stored[-1]])
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #part = :changed",
            ExpressionAttributeNames={"#part": part},
            ExpressionAttributeValues={":changed": {"B": changed}},
        )

        result = clinic.api.get(f"/v1/members/{member}/verification").expect(200)

        assert not result["verified"]
        assert 3 in [error["version"] for error in result["errors"]]

    def test_a_missing_event(self, world: LocalWorld, clinic: Clinic, member: str) -> None:
        """An event that is gone is missed by its number."""
        key = {"pk": {"S": f"T#{clinic.tenant}#M#{member}"}, "sk": {"S": "E#000000000002"}}
        client: Any = world.dynamo.connection.client
        client.delete_item(TableName=world.dynamo.ledger, Key=key)

        result = clinic.api.get(f"/v1/members/{member}/verification").expect(200)

        assert not result["verified"]
        assert result["errors"][0]["version"] == 2

    def test_a_repaired_rule(self, world: LocalWorld, clinic: Clinic, member: str) -> None:
        """An old account holds by its events, whatever the rules have become."""
        document = example("clinic")
        document["earning"][0]["award"]["amount"] = 7
        clinic.publish(document)
        world.clock.advance(days=1)
        clinic.record(member).expect(201)

        clinic.check(member)


class TestTier:
    """`GET /v1/members/{member_id}/tier`."""

    def test_progress(self, clinic: Clinic, member: str) -> None:
        """What the next tier takes, what of it is missing, and since when this one is held."""
        result = clinic.api.get(f"/v1/members/{member}/tier").expect(200)["tiers"][0]

        assert (result["tier"], result["programme"], result["to_keep"]) == ("base", "clinic", None)
        assert result["to_next"]["tier"] == "silver"
        assert result["to_next"]["need"] == "any"
        visits = next(m for m in result["to_next"]["metrics"] if m["metric"] == "visits")
        assert (visits["value"], visits["at_least"], visits["missing"]) == (3, 6, 3)

    def test_reached(self, world: LocalWorld, clinic: Clinic, member: str) -> None:
        """The sixth visit climbs; then it is said what keeps the tier, and by when."""
        for _ in range(2):
            clinic.record(member).expect(201)
        moved = clinic.record(member).expect(201)["tier_changes"]
        assert [(move["before"], move["after"]) for move in moved] == [("base", "silver")]

        result = clinic.api.get(f"/v1/members/{member}/tier").expect(200)["tiers"][0]

        assert (result["tier"], result["to_next"]["tier"]) == ("silver", "gold")
        assert result["to_keep"]["tier"] == "silver"
        assert [step["tier"] for step in result["timeline"]] == ["base", "silver"]
        review = result["review_at"]
        world.clock.set(review)
        held = clinic.api.get(f"/v1/members/{member}/tier").expect(200)["tiers"][0]
        assert held["review_at"] != review

    def test_names(self, clinic: Clinic) -> None:
        """Names of tiers come in the caller's language."""
        clinic.publish(example("persian-clinic", enrolment={}))
        member = clinic.enrolled()

        result = clinic.api.get(f"/v1/members/{member}/tier", Accept_Language="fa").expect(200)

        assert result["tiers"][0]["name"] == "پایه"
        assert result["tiers"][0]["to_next"]["name"] == "نقره‌ای"
