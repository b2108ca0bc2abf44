"""A programme from its first draft to the version that follows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import at_once
from tests.journeys.world import Clinic, LocalWorld, example


def starry() -> dict[str, Any]:
    """Return the clinic's programme with its points called stars."""
    document = example("clinic")
    document["currencies"][0]["id"] = "stars"
    for rule in document["earning"]:
        rule["currency"] = "stars"
    for reward in document["rewards"]:
        reward["price"]["currency"] = "stars"
    document["transfers"][0]["currency"] = "stars"
    return document


class TestValidation:
    """Every problem at once, and nothing kept."""

    def test_all_problems(self, clinic: Clinic) -> None:
        """Each problem has its path and what to do; one does not hide the others."""
        document = example("clinic")
        document["time_zone"] = "Europe/Londn"
        document["earning"][0]["when"] = "activity.chanel == 'app'"
        document["earning"][1]["currency"] = "stars"
        document["earning"][2]["award"] = {"type": "fixed", "amount": 1.5}
        document["rewards"][0]["prise"] = 3

        refused = clinic.api.post("/v1/programmes/validation", {"document": document})

        result = refused.expect(422, "invalid_programme")
        pointers = {error["pointer"] for error in result["errors"]}
        assert pointers >= {
            "/time_zone",
            "/earning/0/when",
            "/earning/1/currency",
            "/earning/2/award/amount",
            "/rewards/0/prise",
        }
        assert clinic.api.get("/v1/programmes").expect(200)["programmes"] == []

    @pytest.mark.parametrize("name", ["clinic", "persian-clinic", "pharmacy", "purchases"])
    def test_examples_are_valid(self, clinic: Clinic, name: str) -> None:
        """The documents that ship with the product can be published."""
        body = {"document": example(name)}

        assert clinic.api.post("/v1/programmes/validation", body).expect(200)["valid"]

    @pytest.mark.parametrize("document", [{}, {"id": 7}, {"earning": "x"}, {"$schema": []}])
    def test_anything_gets_an_answer(self, clinic: Clinic, document: dict[str, Any]) -> None:
        """Whatever the document is, its problems come back, none of them ours."""
        for path in ("/v1/programmes/validation", "/v1/programmes"):
            clinic.api.post(path, {"document": document}).expect(422, "invalid_programme")


class TestDrafting:
    """Drafts are numbered versions that count for nothing yet."""

    def test_numbers(self, clinic: Clinic) -> None:
        """Versions count up for each programme; the answer says where each is."""
        for number in (1, 2):
            drafted = clinic.api.post("/v1/programmes", {"document": example("clinic")})
            result = drafted.expect(201)
            assert (result["version"], result["state"], result["effective_from"]) == (
                number,
                "draft",
                None,
            )
            where = drafted.headers["location"]
            assert where == f"/v1/programmes/clinic?version={number}"
        clinic.api.post("/v1/programmes", {"document": example("pharmacy")}).expect(201)

        listed = clinic.api.get("/v1/programmes").expect(200)["programmes"]

        found = [(each["programme"], each["version"]) for each in listed]
        assert found == [("clinic", 1), ("clinic", 2), ("pharmacy", 1)]

    def test_drafted_at_once(self, clinic: Clinic) -> None:
        """Two drafts never share a number."""
        answers = at_once(
            5, lambda _: clinic.api.post("/v1/programmes", {"document": example("clinic")})
        )

        drafted = [answer.json["version"] for answer in answers if answer.status == 201]
        assert len(set(drafted)) == len(drafted) >= 1
        for answer in answers:
            if answer.status != 201:
                answer.expect(409, "version_taken")

    def test_a_draft_is_not_in_force(self, clinic: Clinic) -> None:
        """Nobody can join what is not published."""
        clinic.api.post("/v1/programmes", {"document": example("clinic")}).expect(201)

        refused = clinic.api.post("/v1/members", {"programmes": ["clinic"]})

        refused.expect(422, "unknown_programme")
        assert clinic.api.post("/v1/members", {}).expect(201)["status"] == "prospect"

    def test_pages(self, clinic: Clinic) -> None:
        """The list goes on where the page before ended."""
        for _ in range(3):
            clinic.api.post("/v1/programmes", {"document": example("purchases")}).expect(201)
        numbers, cursor = [], ""
        for _ in range(3):
            page = clinic.api.get(f"/v1/programmes?limit=1{cursor}").expect(200)
            numbers += [each["version"] for each in page["programmes"]]
            cursor = f"&cursor={page['next_cursor']}"

        assert (numbers, page["next_cursor"]) == ([1, 2, 3], None)


class TestPublication:
    """From then on it never changes."""

    def test_first_version_may_be_in_force_already(self, clinic: Clinic) -> None:
        """Nobody can have joined the first, so it may take effect whenever its author says."""
        since = clinic.now(days=-20)
        clinic.publish("clinic", since)

        read = clinic.api.get("/v1/programmes/clinic").expect(200)

        assert (read["version"], read["state"]) == (1, "published")
        assert read["effective_from"] == since
        assert read["document"]["id"] == "clinic"

    def test_a_later_one_gives_notice(self, clinic: Clinic) -> None:
        """A version that follows takes effect two minutes ahead, so that all servers know it."""
        clinic.publish("clinic")
        clinic.api.post("/v1/programmes", {"document": example("clinic")}).expect(201)
        path = "/v1/programmes/clinic/versions/2/publication"

        early = clinic.api.post(path, {"effective_from": clinic.now(seconds=119)})
        result = early.expect(422, "effective_too_early")
        assert result["errors"][0]["pointer"] == "/effective_from"
        assert clinic.now(seconds=120) in result["detail"]

        made = clinic.api.post(path, {}).expect(200)
        assert made["effective_from"] == clinic.now(seconds=120)
        assert clinic.api.get("/v1/programmes/clinic").expect(200)["version"] == 1

    def test_after_the_one_before(self, world: LocalWorld, clinic: Clinic) -> None:
        """Versions take effect in the order in which they follow each other."""
        clinic.publish("clinic")
        clinic.publish("clinic", clinic.now(days=7))
        clinic.api.post("/v1/programmes", {"document": example("clinic")}).expect(201)
        path = "/v1/programmes/clinic/versions/3/publication"

        early = {"effective_from": clinic.now(days=7)}
        clinic.api.post(path, early).expect(422, "effective_too_early")
        clinic.api.post(path, {"effective_from": clinic.now(days=8)}).expect(200)

        for days, version in ((0, 1), (7, 2), (1, 3)):
            world.clock.advance(days=days)
            assert clinic.api.get("/v1/programmes/clinic").expect(200)["version"] == version

    def test_twice(self, clinic: Clinic) -> None:
        """The same publication again is answered the same; another one is refused."""
        clinic.publish("clinic")
        path = "/v1/programmes/clinic/versions/1/publication"
        first = clinic.api.get("/v1/programmes/clinic").expect(200)

        again = clinic.api.post(path, {}).expect(200)
        refused = clinic.api.post(path, {"effective_from": clinic.now(days=3)})

        assert again["effective_from"] == first["effective_from"]
        refused.expect(409, "not_a_draft")

    def test_what_members_hold_stays(self, clinic: Clinic) -> None:
        """A version that drops what accounts may hold cannot follow, and stays a draft."""
        clinic.publish("clinic")
        clinic.api.post("/v1/programmes", {"document": starry()}).expect(201)

        refused = clinic.api.post("/v1/programmes/clinic/versions/2/publication", {})

        result = refused.expect(422, "invalid_succession")
        assert any(error["pointer"].startswith("/currencies") for error in result["errors"])
        read = clinic.api.get("/v1/programmes/clinic?version=2").expect(200)
        assert read["state"] == "draft"

    def test_what_cannot_follow_is_told_before(self, clinic: Clinic) -> None:
        """Validation refuses it as publishing does, and a draft of it says so."""
        body = {"document": starry()}
        assert clinic.api.post("/v1/programmes/validation", body).expect(200)["valid"]
        clinic.publish("clinic")

        told = clinic.api.post("/v1/programmes/validation", body).expect(422, "invalid_succession")
        draft = clinic.api.post("/v1/programmes", body).expect(201)
        refused = clinic.api.post("/v1/programmes/clinic/versions/2/publication", {})

        problems = refused.expect(422, "invalid_succession")["errors"]
        assert told["errors"] == problems != []
        assert told["detail"] == "The document cannot follow version 1."
        assert draft["warnings"][: len(problems)] == [
            {**each, "detail": f"cannot be published: {each['detail']}"} for each in problems
        ]
        # A draft forbids nothing: what follows is asked of what is published.
        again = {"document": example("clinic")}
        assert clinic.api.post("/v1/programmes/validation", again).expect(200)["valid"]

    def test_what_cannot_follow_what_is_scheduled(self, clinic: Clinic) -> None:
        """A version that is published for a later day counts before it takes effect."""
        clinic.publish("clinic")
        grown = example("clinic")
        grown["currencies"].append(grown["currencies"][0] | {"id": "stars"})
        clinic.publish(grown, clinic.now(days=7))
        body = {"document": example("clinic")}

        told = clinic.api.post("/v1/programmes/validation", body).expect(422, "invalid_succession")

        assert told["detail"] == "The document cannot follow version 2."
        (problem,) = told["errors"]
        assert problem["pointer"] == "/currencies"
        assert problem["detail"].startswith("`stars` is gone: ")
        warned, *_ = clinic.api.post("/v1/programmes", body).expect(201)["warnings"]
        assert warned["detail"] == f"cannot be published: {problem['detail']}"

    def test_what_changes_for_members_is_told_before(self, clinic: Clinic) -> None:
        """What a draft warns of where a version follows another, validation warns of too."""
        clinic.publish("clinic")
        document = example("clinic", time_zone="Europe/Paris")

        valid = clinic.api.post("/v1/programmes/validation", {"document": document}).expect(200)
        draft = clinic.api.post("/v1/programmes", {"document": document}).expect(201)

        assert valid["warnings"] == draft["warnings"]
        assert valid["warnings"][-1]["pointer"] == "/time_zone"

    def test_unknown(self, clinic: Clinic) -> None:
        """What is not there cannot be published or read."""
        clinic.publish("clinic")

        clinic.api.get("/v1/programmes/other").expect(404, "programme_not_found")
        clinic.api.get("/v1/programmes/clinic?version=9").expect(404, "version_not_found")
        clinic.api.get("/v1/programmes/clinic?version=0").expect(422, "invalid_query")
        for path, code in (
            ("/v1/programmes/other/versions/1/publication", "programme_not_found"),
            ("/v1/programmes/clinic/versions/9/publication", "version_not_found"),
            ("/v1/programmes/clinic/versions/0/publication", "not_found"),
            ("/v1/programmes/clinic/versions/x/publication", "not_found"),
        ):
            clinic.api.post(path, {}).expect(404, code)


class TestActivitiesOfTheirDay:
    """An activity is evaluated by the version that was in force when it happened."""

    def test_late_activities(self, world: LocalWorld, clinic: Clinic) -> None:
        """Before and after the change each day's rule gives its points, whenever it is told."""
        clinic.publish("clinic", clinic.now(days=-60))
        member = clinic.enrolled()
        document = example("clinic")
        document["earning"][0]["award"]["amount"] = 80
        clinic.publish(document, clinic.now(days=2))
        world.clock.advance(days=4)

        before = clinic.record(member, occurred_at=clinic.now(days=-2, seconds=-1)).expect(201)
        after = clinic.record(member, occurred_at=clinic.now(days=-2)).expect(201)

        assert [award["amount"] for award in before["awards"]] == [50]
        assert [award["amount"] for award in after["awards"]] == [80]
        versions = [result["explanation"][0]["version"] for result in (before, after)]
        assert versions == [1, 2]
        clinic.check(member)

    def test_tier_of_the_day(self, world: LocalWorld, clinic: Clinic) -> None:
        """An activity of a day before the climb is not given the later tier's extra."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        world.clock.advance(days=2)
        spent = {"amount": {"amount": 50_000, "currency": "GBP"}}
        result = clinic.record(member, "payment.received", **spent).expect(201)
        assert [move["after"] for move in result["tier_changes"]] == ["silver"]

        earlier = clinic.record(member, occurred_at=clinic.now(days=-1)).expect(201)
        today = clinic.record(member, occurred_at=clinic.now(seconds=1)).expect(201)

        assert [award["amount"] for award in earlier["awards"]] == [50]
        assert [award["amount"] for award in today["awards"]] == [62]

    def test_before_joining(self, clinic: Clinic) -> None:
        """What happened before the member joined earns nothing, is kept, and the answer says so."""
        clinic.publish("clinic", clinic.now(days=-60))
        member = clinic.enrolled()

        result = clinic.record(member, occurred_at=clinic.now(days=-3)).expect(201)

        assert result["awards"] == []
        assert "before the member joined" in result["explanation"][0]["note"]
        assert clinic.ledger(member)[-1]["activity"]["type"] == "visit.completed"


def test_w_rules_in_words(clinic: Clinic) -> None:
    """A patient reads names and sentences in their language."""
    clinic.publish("persian-clinic")

    english = clinic.api.get("/v1/programmes/persian-clinic/rules")
    persian = clinic.api.get("/v1/programmes/persian-clinic/rules", Accept_Language="fa-IR,en;q=.5")

    assert english.expect(200)["name"] == "Companions of the clinic"
    assert english.headers["content-language"] == "en"
    assert english.expect(200)["translated"] is True
    result = persian.expect(200)
    assert (result["name"], result["dir"]) == ("همراهان درمانگاه", "rtl")
    assert {rule["kind"] for rule in result["rules"]} >= {"earning", "expiry"}
    assert (result["lang"], result["translated"]) == ("fa-IR", True)
    assert persian.headers["content-language"] == "fa-IR"
    assert {(rule["lang"], rule["dir"]) for rule in result["rules"]} == {("fa", "rtl")}


def test_w_what_is_not_translated_says_in_which_language_it_is(clinic: Clinic) -> None:
    """Sentences of a language without any are English; names say from which they are borrowed."""
    clinic.publish("persian-clinic")

    german = clinic.api.get("/v1/programmes/persian-clinic/rules", Accept_Language="de")
    bulgarian = clinic.api.get("/v1/programmes/persian-clinic/rules", Accept_Language="bg")

    result = german.expect(200)
    assert (result["lang"], result["translated"]) == ("de", False)
    assert german.headers["content-language"] == "de, en"
    assert {(rule["lang"], rule["dir"]) for rule in result["rules"]} == {("en", "ltr")}
    result = bulgarian.expect(200)
    assert (result["lang"], result["translated"]) == ("bg", False)
    assert bulgarian.headers["content-language"] == "bg, en"
    rules = {(rule["kind"], rule["id"]): rule for rule in result["rules"]}
    assert rules["earning", "screening"]["text"].startswith("За посещение получавате 950 points.")
    assert (rules["earning", "screening"]["lang"], rules["earning", "screening"]["borrowed"]) == (
        "bg",
        ["en"],
    )


def test_w_a_name_without_a_locale_is_told(clinic: Clinic) -> None:
    """
    A plain text is in a language that nobody named: `und` says so, but to readers of English.

    English is what everything falls back to.  No answer is *in* such a language, so the header
    does not have it.
    """
    clinic.publish(example("clinic") | {"name": {"en": "Friends", "bg": "Приятели"}})
    path = "/v1/programmes/clinic/rules"

    bulgarian = clinic.api.get(path, Accept_Language="bg")

    result = bulgarian.expect(200)
    assert result["translated"] is False
    assert bulgarian.headers["content-language"] == "bg"
    told = {(rule["kind"], rule["id"]): rule["borrowed"] for rule in result["rules"]}
    assert (told["expiry", "points"], told["reporting", "clinic"]) == (["und"], [])
    english = clinic.api.get(path, Accept_Language="en-GB").expect(200)
    assert english["translated"] is True
    assert {tuple(rule["borrowed"]) for rule in english["rules"]} == {()}
