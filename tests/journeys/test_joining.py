"""Joining what can be joined, and what members read of programmes and of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic, LocalWorld, example


@pytest.fixture
def three(clinic: Clinic) -> Clinic:
    """Return a clinic with a programme for all, one that needs a consent, one that needs visits."""
    for name, enrolment in (
        ("open", {}),
        ("research", {"required_consents": ["research"]}),
        ("regulars", {"min_completed_visits": 3}),
    ):
        clinic.publish(example("clinic", id=name, enrolment=enrolment))
    return clinic


def joined(answer: dict[str, Any]) -> list[str]:
    """Return which programmes a member has joined."""
    return sorted(each["programme"] for each in answer["enrolments"])


class TestJoining:
    """U3: what can be joined is joined, and of the rest is said what would help."""

    def test_u3_those_whose_conditions_are_met(self, three: Clinic) -> None:
        """Nothing is refused where nothing was asked for by name."""
        made = three.api.post("/v1/members", {}).expect(201)

        assert joined(made) == ["open"]
        assert made["not_joined"] == [
            {
                "programme": "regulars",
                "code": "not_eligible",
                "detail": "Joining regulars needs 3 completed visits; this person has 0.",
                "needed": 3,
            },
            {
                "programme": "research",
                "code": "consent_required",
                "detail": "Joining research needs consent to: research.",
                "missing_consents": ["research"],
            },
        ]

    def test_w_what_would_help_in_the_language_of_the_reader(self, three: Clinic) -> None:
        """W: a reader of another language is told in that language what would help."""
        made = three.api.post("/v1/members", {}, Accept_Language="bg").expect(201)

        assert [(each["code"], each["detail"]) for each in made["not_joined"]] == [
            ("not_eligible", "За включване са нужни: 3 посещения. Досега: 0 посещения."),
            ("consent_required", "За включване са нужни: съгласие за „research“."),
        ]

    def test_u3_named_ones_or_none(self, three: Clinic) -> None:
        """Where one that was named cannot be joined, none is."""
        three.api.post("/v1/members", {"programmes": ["open", "research"]}).expect(
            422, "consent_required"
        )
        member = three.enrolled(programmes=[])
        body = {"programmes": ["open", "regulars"]}

        refused = three.api.post(f"/v1/members/{member}/enrolments", body)

        assert refused.expect(422, "not_eligible")["needed"] == 3
        assert three.api.get(f"/v1/members/{member}").expect(200)["enrolments"] == []

    def test_u3_later_the_rest(self, three: Clinic) -> None:
        """Who is known joins more when more is met; what is joined stays."""
        known = {"external_id": {"system": "emr", "value": "1"}}
        member = three.api.post("/v1/members", known).expect(201)["id"]
        consent = {"purpose": "research", "granted": True, "text_version": "1"}

        again = three.api.post("/v1/members", {**known, "consents": [consent]}).expect(201)

        assert (again["id"], joined(again)) == (member, ["open", "research"])
        assert [each["programme"] for each in again["not_joined"]] == ["regulars"]

    def test_u3_none_at_all(self, clinic: Clinic) -> None:
        """Where there is a programme and none can be joined, that is refused, not passed over."""
        clinic.publish(example("clinic", enrolment={"min_completed_visits": 1}))

        clinic.api.post("/v1/members", {}).expect(422, "not_eligible")
        clinic.api.post("/v1/members", {"programmes": []}).expect(201)


class TestMe:
    """U4: a member reads what concerns them, under `me` as under their id."""

    def test_u4_me(self, three: Clinic) -> None:
        """One request in two words, also where it is replayed; staff have no `me`."""
        member = three.enrolled()
        api = three.member(member)

        for path in ("", "/balance", "/ledger", "/rewards", "/programmes", "/consents"):
            own = api.get(f"/v1/members/me{path}").expect(200)
            assert own == api.get(f"/v1/members/{member}{path}").expect(200)
        three.give(member, 200, programme="open")
        body = {"programme": "open", "reward": "parking"}
        first = api.post("/v1/members/me/redemptions", body, key="one").expect(201)
        again = api.post(f"/v1/members/{member}/redemptions", body, key="one")
        assert (again.json, again.replayed) == (first, True)
        for other in (three.api, three.staff("admin")):
            for path in ("", "/balance", "/redemptions"):
                refused = other.get(f"/v1/members/me{path}").expect(404, "member_not_found")
                assert refused["detail"] == (
                    "`me` needs a member's token, and stands for that member: name the member by "
                    "id instead."
                )
        three.member("mem_01HZX0000000000000000000A1").get("/v1/members/me").expect(404)

    def test_u4_programmes(self, three: Clinic) -> None:
        """What a member has joined and may join, with what would help; in words each."""
        three.api.post("/v1/programmes", {"document": example("clinic", id="draft")}).expect(201)
        api = three.member(three.enrolled())

        shown = api.get("/v1/members/me/programmes", Accept_Language="en").expect(200)

        assert [(each["programme"], each["joined"]) for each in shown["programmes"]] == [
            ("open", True),
            ("regulars", False),
            ("research", False),
        ]
        obstacles = [each["obstacle"] for each in shown["programmes"]]
        assert [each and each["code"] for each in obstacles] == [
            None,
            "not_eligible",
            "consent_required",
        ]
        rules = api.get("/v1/members/me/programmes/regulars/rules").expect(200)["rules"]
        assert rules
        assert rules == three.api.get("/v1/programmes/regulars/rules").expect(200)["rules"]
        for absent in ("draft", "nothing"):
            path = f"/v1/members/me/programmes/{absent}/rules"
            api.get(path).expect(404, "programme_not_found")

    def test_u4_consents(self, world: LocalWorld, three: Clinic) -> None:
        """Each consent with its evidence, given and withdrawn."""
        member = three.enrolled()
        api = three.member(member)
        path = f"/v1/members/{member}/consents"
        for granted in (True, False):
            world.clock.advance(seconds=60)
            given = {"purpose": "research", "granted": granted, "text_version": "7"}
            three.api.post(path, {"consents": [given]}).expect(200)

        shown = api.get("/v1/members/me/consents").expect(200)

        assert shown["consents"]["research"] is False
        assert [each for each in shown["evidence"] if each["text_version"] == "7"] == [
            {"purpose": "research", "granted": granted, "text_version": "7", "at": at}
            for granted, at in (
                (True, "2026-03-02T10:01:00Z"),
                (False, "2026-03-02T10:02:00Z"),
            )
        ]


class TestExternalIds:
    """U9: what other systems call a member can be added, changed and freed."""

    def test_u9_added_changed_and_freed(self, clinic: Clinic) -> None:
        """A member is found by the id of today; one that was given up is free."""
        clinic.publish("clinic")
        member = clinic.enrolled(external_id={"system": "emr", "value": "1"})
        path = f"/v1/members/{member}/external-ids"

        def found(system: str, value: str) -> str | None:
            answer = clinic.api.post("/v1/members/lookup", {"system": system, "value": value})
            return None if answer.status == 404 else str(answer.expect(200)["id"])

        clinic.api.put(path, {"system": "lis", "value": "a"}, Idempotency_Key="1").expect(200)
        assert (found("emr", "1"), found("lis", "a")) == (member, member)
        for key in ("2", "2", "3"):
            change = {"system": "emr", "value": "2"}
            clinic.api.put(path, change, Idempotency_Key=key).expect(200)
        assert (found("emr", "1"), found("emr", "2"), found("lis", "a")) == (None, member, member)
        read = clinic.api.get(f"/v1/members/{member}").expect(200)
        assert read["external_systems"] == ["emr", "lis"]
        other = clinic.enrolled(external_id={"system": "emr", "value": "1"})
        assert other != member

        clinic.api.post(f"{path}/removal", {"system": "lis"}).expect(200)
        clinic.api.post(f"{path}/removal", {"system": "lis"}).expect(200)
        assert found("lis", "a") is None
        assert (
            clinic.record({"external_id": {"system": "emr", "value": "2"}}).json["member_id"]
            == member
        )
        clinic.check(member)

    def test_u9_anothers(self, clinic: Clinic) -> None:
        """An id that somebody has is not taken from them, until they have left it."""
        clinic.publish("clinic")
        holder = clinic.enrolled(external_id={"system": "emr", "value": "1"})
        member = clinic.enrolled()
        path, wanted = f"/v1/members/{member}/external-ids", {"system": "emr", "value": "1"}

        clinic.api.put(path, wanted).expect(409, "external_id_taken")
        clinic.api.post(f"/v1/members/{holder}/closure", {"reason": "moved-away"}).expect(200)
        clinic.api.post(f"/v1/members/{holder}/external-ids/removal", {"system": "emr"}).expect(200)

        clinic.api.put(path, wanted).expect(200)
        nobody = "/v1/members/mem_01HZX0000000000000000000A1/external-ids"
        clinic.api.put(nobody, wanted).expect(404, "member_not_found")


@pytest.mark.parametrize(
    ("path", "body", "code", "helps"),
    [
        ("redemptions", {"programme": "clinic", "reward": "x"}, "reward_not_found", "parking"),
        ("redemptions", {"programme": "x", "reward": "x"}, "programme_not_found", "clinic"),
        (
            "adjustments",
            {"programme": "clinic", "currency": "x", "amount": 1, "reason": "y"},
            "unknown_currency",
            "points",
        ),
        (
            "entitlement-grants",
            {"programme": "clinic", "entitlement": "x", "reason": "y"},
            "entitlement_not_found",
            "it has: ",
        ),
        ("subscriptions", {"programme": "clinic", "plan": "x"}, "plan_not_found", "it has: "),
        ("statuses", {"programme": "clinic", "status": "x"}, "status_not_found", "it has: "),
    ],
)
def test_u12_refusals_name_what_there_is(
    clinic: Clinic, path: str, body: dict[str, Any], code: str, helps: str
) -> None:
    """Whoever mistypes an id is told which there are."""
    clinic.publish("clinic")
    member = clinic.enrolled()

    refused = clinic.api.post(f"/v1/members/{member}/{path}", body)

    assert refused.code == code
    assert helps in refused.json["detail"]


def test_u13_the_root_leads_to_the_reference(clinic: Clinic) -> None:
    """Who opens the bare address in a browser finds the page."""
    answer = clinic.anyone.get("/")

    assert answer.status == 307
    assert answer.headers["location"] == "docs"
    assert b'href="docs"' in answer.body
