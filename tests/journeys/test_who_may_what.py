"""Who may what: quotes by members, keys that make and revoke keys, sources, codes, goodwill."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, Api, at_once
from tests.journeys.test_story_4_receptionist import PROGRAMME
from tests.journeys.world import Clinic, LocalWorld, example

SERVICE = {"amount": 8_000, "category": "consult", "id": "1"}


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's discounts, a referral that pays, and a day to go back."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    document = example(PROGRAMME, enrolment={}, backdate_limit_days=10)
    document["earning"] = [
        {
            "id": "referral",
            "on": ["referral.qualified"],
            "award": {"type": "fixed", "amount": 500},
            "currency": "points",
        }
    ]
    made.publish(document)
    return made


def quoted(api: Api, member: str, **more: Any) -> Answer:
    """Quote a consultation."""
    body = {"programme": PROGRAMME, "currency": "GBP", "lines": [SERVICE], **more}
    return api.post(f"/v1/members/{member}/quotes", body)


class TestQuotesByMembers:
    """A1 and A2: members quote purchases of today; all that a quote says is shown to the till."""

    @pytest.mark.parametrize(
        ("claim", "field"),
        [
            ({"type": "referral.qualified"}, "/type"),
            ({"type": "checkup.completed"}, "/type"),
            ({"service_on": "1950-01-01"}, "/service_on"),
            ({"service_on": "2026-03-01"}, "/service_on"),
            ({"service_on": "2026-03-03"}, "/service_on"),
        ],
    )
    @pytest.mark.parametrize("query", ["", "?dry_run=true"])
    def test_a1_only_purchases_of_today(
        self, desk: Clinic, claim: dict[str, str], field: str, query: str
    ) -> None:
        """What a member claims beyond that is refused, and who may say it is named."""
        patient = desk.enrolled()
        body = {"programme": PROGRAMME, "currency": "GBP", "lines": [SERVICE], **claim}

        answer = desk.member(patient).post(f"/v1/members/{patient}/quotes{query}", body)

        refused = answer.expect(403, "not_for_members")
        assert refused["pointer"] == field
        assert "staff" in refused["detail"]

    def test_a1_shown_and_bound(self, desk: Clinic) -> None:
        """The till sees what it confirms: who made the quote, of which kind, day and place."""
        patient = desk.enrolled()
        claimed = {"service_on": "2026-03-02", "channel": "app", "location": "north"}
        made = quoted(desk.member(patient), patient, **claimed).expect(201)["quote"]
        path = f"/v1/members/{patient}/quotes/{made['quote_id']}"

        shown = desk.staff("receptionist").get(path).expect(200)

        said = {name: shown[name] for name in ("type", "made_by", "provider", *claimed)}
        assert said == {
            "type": "purchase.completed",
            "made_by": "member",
            "provider": "",
            **claimed,
        }
        desk.move_to("2026-03-02T10:20:00Z")
        desk.staff("receptionist").post(f"{path}/confirmation", {}).expect(201)
        bought = desk.ledger(patient)[-1]["activity"]
        assert (bought["type"], bought["service_on"]) == ("purchase.completed", "2026-03-02")

    def test_a1_staff_quote_other_kinds(self, desk: Clinic) -> None:
        """What a rule pays for by its kind, staff may quote; the quote says so."""
        patient = desk.enrolled()

        made = quoted(desk.staff("receptionist"), patient, type="referral.qualified").expect(201)

        assert [award["amount"] for award in made["awards"]] == [500]
        assert (made["quote"]["type"], made["quote"]["made_by"]) == ("referral.qualified", "staff")

    @pytest.mark.parametrize(
        ("day", "status"), [("2026-02-20", 201), ("2026-02-19", 422), ("1950-01-01", 422)]
    )
    def test_a2_staff_within_the_limit(self, desk: Clinic, day: str, status: int) -> None:
        """Staff go back as far as activities may be dated back, and no further."""
        patient = desk.enrolled()

        answer = quoted(desk.staff("receptionist"), patient, service_on=day)

        if status == 201:
            assert answer.expect(201)["quote"]["service_on"] == day
        else:
            refused = answer.expect(422, "backdate_limit")
            assert [each["pointer"] for each in refused["errors"]] == ["/service_on"]


def own_id(clinic: Clinic) -> str:
    """Return the id of the clinic's own key, with which it was made."""
    return str(clinic.api.token).split("_")[1]


class TestKeysOfOthers:
    """A3: nobody takes from others what they could not give, and somebody can always give."""

    def test_a3_only_keys_whose_scopes_one_holds(self, clinic: Clinic, world: LocalWorld) -> None:
        """A key that may issue keys revokes none that may more than itself."""
        issuer = clinic.key("keys:write", "members:read")
        administrator, reader = clinic.key("*"), clinic.key("members:read")
        more = clinic.key("members:read", "members:write")

        refused = issuer.delete(f"/v1/api-keys/{administrator.key_id}")
        assert refused.expect(403, "scope_not_held")["scopes"] == ["*"]
        refused = issuer.delete(f"/v1/api-keys/{more.key_id}")
        assert refused.expect(403, "scope_not_held")["scopes"] == ["members:write"]
        issuer.delete(f"/v1/api-keys/{reader.key_id}").expect(200)

        world.clock.advance(seconds=60)
        administrator.get("/v1/programmes").expect(200)
        reader.get("/v1/programmes").expect(401)

    def test_a3_never_the_last_administrator(self, clinic: Clinic, world: LocalWorld) -> None:
        """Of many who revoke each other at once, one administrator stays."""
        keys = [clinic.key("*") for _ in range(3)]
        victims = [*(str(key.key_id) for key in keys), own_id(clinic)]

        answers = at_once(4, lambda place: clinic.api.delete(f"/v1/api-keys/{victims[place]}"))

        assert sorted(answer.status for answer in answers) == [200, 200, 200, 409]
        kept = next(answer for answer in answers if answer.status == 409)
        assert "administrator" in kept.expect(409, "last_administrator")["detail"]
        world.clock.advance(seconds=60)
        alive = [each for each in (*keys, clinic.api) if each.get("/v1/programmes").status == 200]
        assert len(alive) == 1
        alive[0].post("/v1/api-keys", {"name": "next", "scopes": ["*"]}).expect(201)

    def test_a3_revoked_twice(self, clinic: Clinic) -> None:
        """Revoking one administrator again does not count as revoking another."""
        key, _ = clinic.key("*"), clinic.key("*")
        for _ in range(3):
            clinic.api.delete(f"/v1/api-keys/{key.key_id}").expect(200)

        clinic.api.delete(f"/v1/api-keys/{own_id(clinic)}").expect(200)


class TestCodes:
    """A4: who reads redemptions does not hold every member's vouchers."""

    def test_a4_masked(self, clinic: Clinic) -> None:
        """The end of a code is enough to tell vouchers apart; a scope of its own shows all."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        clinic.give(member, 600)
        path = f"/v1/members/{member}/redemptions"
        made = clinic.api.post(path, {"programme": "clinic", "reward": "parking"}).expect(201)
        code = made["voucher"]["code"]
        path += f"/{made['redemption_id']}"

        for api in (clinic.key("rewards:read"), clinic.staff("compliance"), clinic.api):
            shown = api.get(path).expect(200)["voucher"]["code"]
            assert shown == f"*****-*****-*****-{code[-4:]}"
        clinic.key("rewards:read").get(f"{path}/voucher").expect(403, "insufficient_scope")
        clinic.staff("compliance").get(f"{path}/voucher").expect(403, "insufficient_scope")
        for api in (
            clinic.key("vouchers:reveal"),
            clinic.staff("receptionist"),
            clinic.member(member),
        ):
            assert api.get(f"{path}/voucher").expect(200)["code"] == code


class TestSources:
    """A5: an identity belongs to the system that reports under it."""

    def test_a5_quote_is_reserved(self, clinic: Clinic) -> None:
        """Nobody takes the identity that a confirmed quote will have."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        for source in ("quote", "Quote"):
            squatting = clinic.activity(member, source=source, external_id="quote_1")
            refused = clinic.api.post("/v1/activities", squatting).expect(422, "reserved_source")
            assert [each["pointer"] for each in refused["errors"]] == ["/source"]
        batch = {"activities": [clinic.activity(member), squatting]}
        results = clinic.api.post("/v1/activities/batch", batch).expect(200)["results"]
        assert [each["result"] for each in results] == ["recorded", "refused"]
        assert results[1]["problem"]["code"] == "reserved_source"

    def test_a5_sources_of_a_key(self, clinic: Clinic) -> None:
        """A key that has a list reports, takes back and confirms under those sources alone."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        scopes = ["activities:write", "reversals:write", "keys:write"]
        body = {"name": "till", "scopes": scopes, "sources": ["pos-1", "pos-2"]}
        made = clinic.api.post("/v1/api-keys", body).expect(201)
        assert made["sources"] == ["pos-1", "pos-2"]
        till = clinic.api.as_(made["api_key"])

        till.post("/v1/activities", clinic.activity(member, source="pos-2")).expect(201)
        foreign = clinic.activity(member, source="emr")
        refused = till.post("/v1/activities", foreign).expect(403, "source_not_allowed")
        assert refused["sources"] == ["pos-1", "pos-2"]
        clinic.api.post("/v1/activities", foreign).expect(201)
        taken_back = {"source": "emr", "external_id": foreign["external_id"]}
        till.post("/v1/activities/reversals", taken_back).expect(403, "source_not_allowed")
        # Nor does it pass on what it does not have.
        for sources in ({}, {"sources": ["emr"]}):
            more = {"name": "more", "scopes": ["activities:write"], **sources}
            till.post("/v1/api-keys", more).expect(403, "source_not_allowed")
        till.post("/v1/api-keys", {**more, "sources": ["pos-1"]}).expect(201)

    def test_a5_confirming(self, desk: Clinic) -> None:
        """A quote is recorded under the key's own source, or under the quote's."""
        body = {
            "name": "till",
            "scopes": ["quotes:read", "quotes:confirm"],
            "sources": ["pos-1"],
        }
        till = desk.api.as_(desk.api.post("/v1/api-keys", body).expect(201)["api_key"])
        patient = desk.enrolled()

        def confirm(**recorded_as: str) -> Answer:
            made = quoted(till, patient).expect(201)["quote"]["quote_id"]
            named = {"recorded_as": recorded_as} if recorded_as else {}
            return till.post(f"/v1/members/{patient}/quotes/{made}/confirmation", named)

        confirm(source="emr", external_id="1").expect(403, "source_not_allowed")
        confirm(source="quote", external_id="1").expect(422, "reserved_source")
        confirm(source="pos-1", external_id="1").expect(201)
        confirm().expect(201)


class TestGoodwill:
    """A8: a budget is not multiplied by making keys."""

    @pytest.fixture
    def shop(self, world: LocalWorld) -> Clinic:
        """Return a sandbox in which keys may give 100 a day, and reception 300 together."""
        made = world.sandbox()
        document = example(PROGRAMME, enrolment={})
        document["goodwill"] |= {
            "daily": {"server": 100, "receptionist": 200},
            "daily_together": {"receptionist": 300},
        }
        made.publish(document)
        return made

    def test_a8_keys_share_one_budget(self, shop: Clinic) -> None:
        """Five keys give no more than one."""
        patient = shop.enrolled()
        keys = [shop.key("goodwill:write") for _ in range(5)]

        answers = [give(key, patient, 60) for key in keys]

        assert [answer.status for answer in answers] == [201, 403, 403, 403, 403]
        assert answers[1].expect(403, "goodwill_limit")["left"] == 40
        give(keys[3], patient, 40).expect(201)

    def test_a8_a_role_together(self, world: LocalWorld, shop: Clinic) -> None:
        """All who have a role give no more in a day than the programme says, each up to theirs."""
        patient = shop.enrolled()
        staff = [
            shop.api.as_(world.token(shop.tenant, roles=("receptionist",), subject=name))
            for name in ("ann", "bob", "cyd")
        ]

        assert give(staff[0], patient, 201).expect(403, "goodwill_limit")["limit"] == 200
        give(staff[0], patient, 200).expect(201)
        together = give(staff[1], patient, 101).expect(403, "goodwill_limit")
        assert (together["limit"], together["left"]) == (300, 100)
        give(staff[1], patient, 100).expect(201)
        give(staff[2], patient, 1).expect(403, "goodwill_limit")
        shop.move_to("2026-03-03T10:00:00Z")
        give(staff[2], patient, 1).expect(201)


def give(api: Api, patient: str, points: int) -> Answer:
    """Give goodwill."""
    body = {"programme": PROGRAMME, "points": points, "reason": "wait"}
    return api.post(f"/v1/members/{patient}/goodwill", body)


class TestWhoActed:
    """A9: who did something is for staff to know; of others members see the kind."""

    def test_a9_in_the_ledger(self, world: LocalWorld, clinic: Clinic) -> None:
        """The subject of a token may be a person's address."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        token = world.token(clinic.tenant, roles=("manager",), subject="ann@clinic.example")
        clinic.api.as_(token).post(
            f"/v1/members/{member}/adjustments",
            {"programme": "clinic", "currency": "points", "amount": 5, "reason": "mistake"},
        ).expect(201)
        path = f"/v1/members/{member}/ledger"

        shown = clinic.staff("compliance").get(path).expect(200)["events"]
        own = clinic.member(member).get(path).expect(200)["events"]

        assert shown[0]["actor"] == "staff:ann@clinic.example"
        assert [event["actor"] for event in own] == ["staff", "server"]

    def test_who_held_topped_up_and_granted(self, world: LocalWorld, clinic: Clinic) -> None:
        """T: each says who it was, a capture what it spent, and a plan and a grant their notes."""
        document = example("clinic-discounts", enrolment={})
        document["plans"] = [{"id": "club", "name": "Club", "period": "month", "fee": 100}]
        clinic.publish(document)
        member = clinic.enrolled()
        clinic.give(member, 100, programme="clinic-discounts")
        ann = clinic.api.as_(
            world.token(clinic.tenant, roles=("manager",), subject="ann@clinic.example")
        )
        path, of = f"/v1/members/{member}", {"programme": "clinic-discounts"}
        hold = {**of, "currency": "points", "amount": 60}
        held = ann.post(f"{path}/holds", hold).expect(201)["hold"]["hold_id"]
        ann.post(f"{path}/holds/{held}/capture", {"amount": 40}).expect(200)
        top_up = {**of, "currency": "prepaid", "amount": 500, "reference": "till 9"}
        ann.post(f"{path}/top-ups", top_up).expect(201)
        grant = {**of, "entitlement": "scaling", "reason": "kindness", "note": "was kind"}
        ann.post(f"{path}/entitlement-grants", grant).expect(201)
        ann.post(f"{path}/subscriptions", {**of, "plan": "club"}).expect(201)
        ending = {"reason": "moved", "note": "to Leeds", "when": "now", **of}
        ann.post(f"{path}/subscriptions/cancellation", ending).expect(200)

        found = clinic.staff("compliance").get(f"{path}/ledger").expect(200)["events"]
        shown = {event["kind"]: event for event in found}
        kinds = ("hold.placed", "hold.captured", "wallet.topped_up", "entitlement.granted")
        assert {shown[kind]["actor"] for kind in kinds} == {"staff:ann@clinic.example"}
        captured = shown["hold.captured"]["about"]
        assert (captured["hold_id"], captured["amount"]) == (held, 40)
        notes = [shown[kind]["note"] for kind in (*kinds[2:], "plan.cancelled")]
        assert notes == ["till 9", "was kind", "to Leeds"]

    @pytest.mark.parametrize("reason", ["HIV test cancelled", "", "Ann"])
    def test_a9_reasons_are_codes(self, clinic: Clinic, reason: str) -> None:
        """What is to be said in words is a note, and sealed."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        path, body = f"/v1/members/{member}/closure", {"reason": reason, "note": "HIV test"}

        refused = clinic.api.post(path, body).expect(422, "invalid_body")

        assert [each["pointer"] for each in refused["errors"]] == ["/reason"]
        clinic.api.post(path, {**body, "reason": "asked-to"}).expect(200)
        closed = clinic.ledger(member)[-1]
        assert (closed["about"]["reason"], closed["note"]) == ("asked-to", "HIV test")


class TestFirstAnswers:
    """A11: a first answer is given again as it was, and shows nothing of how it is kept."""

    def test_a11_a_dry_run_of_what_was_done(self, clinic: Clinic) -> None:
        """A dry run under the identity of a redemption shows the code, or no voucher at all."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        clinic.give(member, 100)
        path, body = f"/v1/members/{member}/redemptions", {"programme": "clinic"}
        body["reward"] = "parking"
        first = clinic.api.post(path, body, key="once").expect(201)

        again = clinic.api.post(f"{path}?dry_run=true", body, key="once")

        assert "code-of" not in again.body.decode()
        again.expect(409, "limit_reached")
        assert clinic.api.post(path, body, key="once").expect(201) == first

    def test_a11_the_same_activity_from_another_key(self, clinic: Clinic) -> None:
        """An activity is the same whoever reports it: the second gets the first answer."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        body = clinic.activity(member)
        first = clinic.key("activities:write").post("/v1/activities", body)

        again = clinic.key("activities:write").post("/v1/activities", body)

        assert (again.status, again.body, again.replayed) == (201, first.body, True)
