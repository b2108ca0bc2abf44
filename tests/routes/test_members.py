"""Members: created, found, read, changed, enrolled, closed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic, LocalWorld, example

UNKNOWN = "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture(autouse=True)
def _programme(clinic: Clinic) -> None:
    clinic.publish("clinic")


class TestCreate:
    """`POST /v1/members`."""

    def test_no_key(self, clinic: Clinic) -> None:
        """Nobody is made by nobody."""
        clinic.anyone.post("/v1/members", {}).expect(401, "credential_missing")

    def test_details(self, clinic: Clinic) -> None:
        """What is known of a person is kept, and told to who may read it."""
        details = {
            "locale": "zh-TW",
            "tz": "Asia/Taipei",
            "display_name": "\u967d\u660e",
            "birthday": "02-29",
            "contact": "crm-77",
            "acquisition_source": "friend",
        }

        made = clinic.api.post("/v1/members", details).expect(201)

        read = clinic.api.get(f"/v1/members/{made['id']}").expect(200)
        assert {name: read[name] for name in details} == details
        assert (made["status"], made["tier"]) == ("enrolled", "base")
        assert [each["programme"] for each in made["enrolments"]] == ["clinic"]

    def test_blanks_around_what_was_typed(self, clinic: Clinic) -> None:
        """They are no part of it; those between words are."""
        details = {
            "display_name": "José  Díaz",
            "contact": "crm-77",
            "acquisition_source": "friend",
        }
        padded = {name: f" \t{text}\u3000\n" for name, text in details.items()}
        member = clinic.api.post("/v1/members", padded).expect(201)["id"]
        path = f"/v1/members/{member}"

        read = clinic.api.get(path).expect(200)
        assert {name: read[name] for name in details} == details

        changes = {"display_name": " Pepe ", "contact": " crm-78 ", "revision": read["revision"]}
        changed = clinic.api.patch(path, changes).expect(200)
        assert (changed["display_name"], changed["contact"]) == ("Pepe", "crm-78")

    def test_the_same_once_more(self, clinic: Clinic) -> None:
        """Who is sent again with nothing new keeps the revision, so that no reader is stale."""
        who = {"external_id": {"system": "ehr", "value": "77"}, "display_name": "A"}
        member = clinic.api.post("/v1/members", who).expect(201)["id"]
        first = clinic.api.get(f"/v1/members/{member}").headers["etag"]

        clinic.api.post("/v1/members", who).expect(200)
        assert clinic.api.get(f"/v1/members/{member}").headers["etag"] == first

        clinic.api.post("/v1/members", who | {"birthday": "01-02"}).expect(200)
        assert clinic.api.get(f"/v1/members/{member}").headers["etag"] != first

    def test_nothing_known(self, clinic: Clinic) -> None:
        """A member may be a mere id."""
        made = clinic.api.post("/v1/members", {"programmes": []}).expect(201)

        read = clinic.api.get(f"/v1/members/{made['id']}").expect(200)
        assert (read["status"], read["tier"], read["locale"]) == ("prospect", None, "en")
        assert "display_name" not in read

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"tz": "Asia/Teheran"}, "/tz"),
            ({"locale": "Farsi!"}, "/locale"),
            ({"birthday": "1980-02-29"}, "/birthday"),
            ({"birthday": "13-01"}, "/birthday"),
            ({"birthday": "02-30"}, "/birthday"),
            ({"birthday": "04-31"}, "/birthday"),
            ({"birthday": "00-10"}, "/birthday"),
            ({"birthday": "02-29\n"}, "/birthday"),
            ({"birthday": "01-1\u0663"}, "/birthday"),
            ({"age_bands": {"senior": "2027-02-29"}}, "/age_bands/senior"),
            ({"age_bands": {"senior": "01-18"}}, "/age_bands/senior"),
            ({"age_bands": {"65+": "2027-01-18"}}, "/age_bands/65+"),
            ({"age_bands": ["senior"]}, "/age_bands"),
            ({"locale": "en\n"}, "/locale"),
            ({"external_id": {"system": "ehr\n", "value": "1"}}, "/external_id/system"),
            ({"external_id": "emr:1"}, "/external_id"),
            ({"external_id": {"system": "e m r", "value": "1"}}, "/external_id/system"),
            ({"consents": [{"purpose": "programme"}]}, "/consents/0/granted"),
            ({"programmes": ["clinic", "spa"]}, "/programmes/1"),
            ({"programmes": "clinic"}, "/programmes"),
        ],
    )
    def test_bad_bodies(self, clinic: Clinic, body: dict[str, Any], pointer: str) -> None:
        """Each violation points at its field."""
        result = clinic.api.post("/v1/members", body).expect(422)

        assert pointer in [error["pointer"] for error in result["errors"]]


class TestFind:
    """`POST /v1/members/lookup`."""

    def test_found(self, clinic: Clinic) -> None:
        """The external id leads to the member's own id."""
        member = clinic.enrolled(external_id={"system": "emr", "value": "a b/c"})

        wanted = {"system": "emr", "value": "a b/c"}
        found = clinic.api.post("/v1/members/lookup", wanted).expect(200)

        assert found == {"id": member}
        other = clinic.api.post("/v1/members/lookup", {**wanted, "value": "A b/c"})
        other.expect(404, "member_not_found")


class TestChange:
    """`PATCH /v1/members/{member_id}`."""

    def test_parts(self, clinic: Clinic) -> None:
        """What is left out stays, `null` empties."""
        member = clinic.enrolled(display_name="A", contact="c", tz="Europe/Paris", birthday="01-02")
        path = f"/v1/members/{member}"
        tag = clinic.api.get(path).headers["etag"]

        changes = {"display_name": "B", "tz": None, "birthday": None}
        changed = clinic.api.patch(path, changes, If_Match=tag)

        result = changed.expect(200)
        assert (result["display_name"], result["contact"]) == ("B", "c")
        assert not {"tz", "birthday"} & result.keys()
        assert result == clinic.api.get(path).expect(200)
        assert changed.headers["etag"] == clinic.api.get(path).headers["etag"]

    @pytest.mark.parametrize(
        "body", [{"tz": "Mars/Base"}, {"locale": None}, {"display_name": 7}, {"tier": "gold"}]
    )
    def test_bad_bodies(self, clinic: Clinic, body: dict[str, Any]) -> None:
        """A refused change changes nothing."""
        path = f"/v1/members/{clinic.enrolled()}"
        before = clinic.api.get(path)

        clinic.api.patch(path, body, If_Match=before.headers["etag"]).expect(422)

        assert clinic.api.get(path).body == before.body

    def test_unknown(self, world: LocalWorld, clinic: Clinic) -> None:
        """Who is not there, or is another tenant's, cannot be changed."""
        member = clinic.enrolled()

        clinic.api.patch(f"/v1/members/{UNKNOWN}", {}, If_Match='"1"').expect(404)
        world.clinic().api.patch(f"/v1/members/{member}", {}, If_Match='"1"').expect(404)

    def test_no_trace_in_the_ledger(self, clinic: Clinic) -> None:
        """Personal data is no matter of the journal."""
        member = clinic.enrolled()
        path = f"/v1/members/{member}"

        clinic.api.patch(path, {"display_name": "B"}, If_Match='"1"').expect(200)

        assert len(clinic.check(member)) == 1

    def test_a_birthday(self, clinic: Clinic) -> None:
        """Only the birthday is the account's matter too."""
        member = clinic.enrolled(birthday="12-31")
        path = f"/v1/members/{member}"

        clinic.api.patch(path, {"birthday": "12-31", "contact": "c"}, If_Match='"1"').expect(200)
        result = clinic.api.patch(path, {"birthday": "02-29"}, If_Match='"2"').expect(200)

        assert result["birthday"] == "02-29"
        kinds = [event["kind"] for event in clinic.check(member)]
        assert kinds == ["member.enrolled", "profile.changed"]

    def test_u6_age_bands(self, clinic: Clinic) -> None:
        """They are given, kept, changed and taken back apart from the birthday."""
        member = clinic.enrolled(age_bands={"adult": "2028-02-29"})
        path = f"/v1/members/{member}"
        assert clinic.api.get(path).expect(200)["age_bands"] == {"adult": "2028-02-29"}

        clinic.api.patch(path, {"birthday": "02-29"}, If_Match='"1"').expect(200)
        other = {"age_bands": {"senior": "2027-01-18"}}
        result = clinic.api.patch(path, other, If_Match='"2"').expect(200)
        assert (result["birthday"], result["age_bands"]) == ("02-29", other["age_bands"])
        result = clinic.api.patch(path, {"age_bands": None}, If_Match='"3"').expect(200)
        assert "age_bands" not in result
        kinds = [event["kind"] for event in clinic.check(member)]
        assert kinds == ["member.enrolled", *["profile.changed"] * 3]

    def test_u6_age_bands_are_completed(self, clinic: Clinic) -> None:
        """Who is known by the external id gets what is not known yet; the rest stays."""
        who = {"external_id": {"system": "emr", "value": "bands"}}
        first, more = {"adult": "2020-01-18"}, {"adult": "2021-01-18", "senior": "2027-01-18"}
        member = clinic.api.post("/v1/members", who | {"age_bands": first}).expect(201)["id"]
        clinic.api.post("/v1/members", who | {"age_bands": more}).expect(200)

        known = clinic.api.get(f"/v1/members/{member}").expect(200)
        assert known["age_bands"] == more | first
        clinic.check(member)


class TestConsents:
    """`POST /v1/members/{member_id}/consents`."""

    def test_given_and_withdrawn(self, clinic: Clinic) -> None:
        """What is in force is what was said last."""
        path = f"/v1/members/{clinic.enrolled()}"
        given = {"purpose": "newsletter", "granted": True, "text_version": "2", "channel": "app"}

        first = clinic.api.post(f"{path}/consents", {"consents": [given]}).expect(200)
        withdrawn = {"consents": [given | {"granted": False}]}
        second = clinic.api.post(f"{path}/consents", withdrawn).expect(200)

        assert first["consents"] == {"newsletter": True}
        assert second["consents"] == {"newsletter": False}
        assert clinic.api.get(path).expect(200)["consents"] == {"newsletter": False}

    def test_joining_by_a_consent_on_record(self, clinic: Clinic) -> None:
        """A consent that was given before need not be given again to join."""
        clinic.publish(example("purchases", enrolment={"required_consents": ["programme"]}))
        path = f"/v1/members/{clinic.enrolled(programmes=[])}"
        joining = {"programmes": ["purchases"]}
        clinic.api.post(f"{path}/enrolments", joining).expect(422, "consent_required")
        consent = {"purpose": "programme", "granted": True, "text_version": "3"}
        clinic.api.post(f"{path}/consents", {"consents": [consent]}).expect(200)

        result = clinic.api.post(f"{path}/enrolments", joining).expect(200)

        assert [each["programme"] for each in result["enrolments"]] == ["purchases"]

    def test_replayed(self, clinic: Clinic) -> None:
        """The same words are recorded once."""
        member = clinic.enrolled()
        consent = {"purpose": "newsletter", "granted": True, "text_version": "2"}
        path, body = f"/v1/members/{member}/consents", {"consents": [consent]}
        first = clinic.api.post(path, body, key="c1")

        again = clinic.api.post(path, body, key="c1")

        assert (again.body, again.replayed) == (first.body, True)
        assert len(clinic.check(member)) == 2


class TestEnrol:
    """`POST /v1/members/{member_id}/enrolments`."""

    def test_joining_another(self, clinic: Clinic) -> None:
        """A member joins a second programme; both evaluate what happens from then on."""
        clinic.publish("pharmacy")
        member = clinic.enrolled(programmes=["clinic"])

        result = clinic.api.post(
            f"/v1/members/{member}/enrolments", {"programmes": ["clinic", "pharmacy"]}
        ).expect(200)

        assert [each["programme"] for each in result["enrolments"]] == ["clinic", "pharmacy"]
        evaluated = clinic.record(member).expect(201)["explanation"]
        assert [each["programme"] for each in evaluated] == ["clinic", "pharmacy"]
        clinic.check(member)

    def test_unknown_member(self, clinic: Clinic) -> None:
        """Nobody is enrolled who is not there."""
        path = f"/v1/members/{UNKNOWN}/enrolments"

        clinic.api.post(path, {"programmes": ["clinic"]}).expect(404, "member_not_found")


class TestClose:
    """`POST /v1/members/{member_id}/closure`."""

    def test_value_is_forfeited(self, clinic: Clinic) -> None:
        """Nothing is left, the ledger says where it went, and it can be read and verified."""
        member = clinic.enrolled(external_id={"system": "emr", "value": "1"})
        clinic.give(member, 120)
        path = f"/v1/members/{member}"

        closed = clinic.api.post(f"{path}/closure", {"reason": "moved"}, key="c1")

        assert closed.expect(200)["status"] == "closed"
        assert clinic.available(member) == 0
        last = clinic.check(member)[-1]
        assert (last["kind"], last["about"]["reason"]) == ("member.closed", "moved")
        assert [(move["destination"], move["amount"]) for move in last["movements"]] == [
            ("forfeited/tenant", 120)
        ]
        again = clinic.api.post(f"{path}/closure", {"reason": "moved"}, key="c1")
        assert (again.body, again.replayed) == (closed.body, True)
        clinic.api.post(f"{path}/closure", {"reason": "again"}).expect(409, "account_closed")

    def test_s6_comes_back(self, clinic: Clinic) -> None:
        """S6: under the same record number begins a new account; staff can still read the old."""
        record = {"system": "emr", "value": "1"}
        former = clinic.enrolled(external_id=record)
        clinic.record(former).expect(201)
        clinic.api.post(f"/v1/members/{former}/closure", {"reason": "moved"}).expect(200)
        clinic.api.post(
            "/v1/activities", {**clinic.activity(former), "external_id": "late"}
        ).expect(409, "account_closed")

        body = {"external_id": record}
        came = clinic.api.post("/v1/members", body, key="back")
        member = came.expect(201)["id"]

        assert member != former
        assert clinic.available(member) == 0
        assert clinic.api.post("/v1/members/lookup", record).expect(200)["id"] == member
        shown = clinic.api.get(f"/v1/members/{member}").expect(200)
        assert (shown["status"], shown["former_id"]) == ("enrolled", former)
        old = clinic.api.get(f"/v1/members/{former}").expect(200)
        assert (old["status"], old["external_systems"]) == ("closed", ["emr"])
        assert clinic.check(former)[-1]["kind"] == "member.closed"
        again = clinic.api.post("/v1/members", body, key="back")
        assert (again.body, again.replayed) == (came.body, True)
        assert clinic.api.post("/v1/members", body).expect(200)["id"] == member
        clinic.check(member)

    def test_s6_a_request_is_the_same_whoever_it_leads_to(self, clinic: Clinic) -> None:
        """S6: creating somebody, sent again after they came back, is answered as then."""
        body = {"external_id": {"system": "emr", "value": "1"}, "programmes": ["clinic"]}
        first = clinic.api.post("/v1/members", body, key="first")
        closure = f"/v1/members/{first.expect(201)['id']}/closure"
        clinic.api.post(closure, {"reason": "moved"}).expect(200)
        back = clinic.api.post("/v1/members", body, key="back").expect(201)

        again = clinic.api.post("/v1/members", body, key="first")

        assert (again.body, again.replayed) == (first.body, True)
        other = {**body, "locale": "bg"}
        clinic.api.post("/v1/members", other, key="first").expect(422, "idempotency_key_reused")
        clinic.check(back["id"])

    def test_nothing_happens_afterwards(self, world: LocalWorld, clinic: Clinic) -> None:
        """A closed account takes no writes, and no time passes on it."""
        member = clinic.enrolled()
        clinic.record(member).expect(201)
        path = f"/v1/members/{member}"
        clinic.api.post(f"{path}/closure", {"reason": "moved"}).expect(200)
        world.clock.advance(days=800)
        world.tick()

        consent = {"purpose": "newsletter", "granted": True, "text_version": "2"}
        for target, body in (
            ("/v1/activities", clinic.activity(member)),
            (f"{path}/enrolments", {"programmes": ["clinic"]}),
            (f"{path}/consents", {"consents": [consent]}),
            (f"{path}/redemptions", {"programme": "clinic", "reward": "parking"}),
        ):
            clinic.api.post(target, body).expect(409, "account_closed")

        assert clinic.check(member)[-1]["kind"] == "member.closed"
