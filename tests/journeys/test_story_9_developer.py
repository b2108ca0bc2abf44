"""
Acceptance story 9: a developer can rely on what an answer says.

Its webhooks are for another day.  Its rate limit (429 with Retry-After) is API Gateway's to
enforce, which the local gateway does alike; `tests/infra/test_application.py` holds what is
deployed to the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import app
from infra.local.gateway import Gateway
from infra.local.server import Server
from infra.local.throttle import Throttle
from tests.journeys.client import Answer, InProcess, OverHttp, Transport, at_once
from tests.journeys.world import Clinic, LocalWorld, example

DAY_S = 86_400


@pytest.fixture
def clinic(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme in its second month."""
    made = world.sandbox("2026-01-05T09:00:00Z")
    made.publish("clinic")
    made.move_to("2026-03-02T10:00:00Z")
    return made


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member who joined today."""
    return clinic.enrolled()


class TestIdempotency:
    """One effect, whatever was sent again."""

    def test_same_key_twice(self, clinic: Clinic, member: str) -> None:
        """The second answer is the first, byte for byte, and says so."""
        body = clinic.activity(member)

        first = clinic.api.post("/v1/activities", body, key="k1")
        again = clinic.api.post("/v1/activities", body, key="k1")

        first.expect(201)
        assert (again.status, again.body, again.replayed) == (201, first.body, True)
        assert not first.replayed
        assert _earns(clinic, member) == 1

    def test_same_key_in_parallel(self, clinic: Clinic, member: str) -> None:
        """Twenty at once have one effect and twenty equal answers, all but one marked."""
        body = clinic.activity(member)

        answers = at_once(20, lambda _: clinic.api.post("/v1/activities", body, key="k1"))

        _one_effect(answers)
        assert _earns(clinic, member) == 1

    def test_same_activity_in_parallel(self, clinic: Clinic, member: str) -> None:
        """The activity's own identity does the same without any key."""
        body = clinic.activity(member)

        answers = at_once(20, lambda _: clinic.api.post("/v1/activities", body))

        _one_effect(answers)
        assert _earns(clinic, member) == 1

    @pytest.mark.parametrize(
        "other", [{"external_id": "another"}, {"type": "checkup.completed"}, {"channel": "app"}]
    )
    def test_same_key_other_body(self, clinic: Clinic, member: str, other: dict[str, str]) -> None:
        """A key stands for one request: with any other body it is refused, and nothing happens."""
        body = clinic.activity(member)
        clinic.api.post("/v1/activities", body, key="k1").expect(201)

        refused = clinic.api.post("/v1/activities", body | other, key="k1")

        refused.expect(422, "idempotency_key_reused")
        assert _earns(clinic, member) == 1

    def test_other_key_same_activity(self, clinic: Clinic, member: str) -> None:
        """An activity is recorded once, whatever key it is sent with."""
        body = clinic.activity(member)
        first = clinic.api.post("/v1/activities", body, key="k1")

        again = clinic.api.post("/v1/activities", body, key="k2")

        assert (again.body, again.replayed) == (first.body, True)
        assert _earns(clinic, member) == 1

    def test_same_activity_otherwise(self, clinic: Clinic, member: str) -> None:
        """What is on record as one activity cannot be another."""
        body = clinic.activity(member)
        clinic.api.post("/v1/activities", body).expect(201)

        for other in ({"type": "checkup.completed"}, {"member": {"id": clinic.enrolled()}}):
            clinic.api.post("/v1/activities", body | other).expect(422, "idempotency_key_reused")

    def test_refusals_are_not_remembered(self, clinic: Clinic, member: str) -> None:
        """A refused request may be sent again when it has become possible."""
        path, body = (
            f"/v1/members/{member}/redemptions",
            {"programme": "clinic", "reward": "parking"},
        )
        clinic.api.post(path, body, key="k1").expect(409, "insufficient_points")
        clinic.give(member, 100)

        assert not clinic.api.post(path, body, key="k1").replayed

    def test_replay_comes_before_refusal(self, clinic: Clinic, member: str) -> None:
        """A redemption whose answer was lost is answered, though the balance is now too low."""
        clinic.give(member, 100)
        path, body = (
            f"/v1/members/{member}/redemptions",
            {"programme": "clinic", "reward": "parking"},
        )
        first = clinic.api.post(path, body, key="k1")

        again = clinic.api.post(path, body, key="k1")

        first.expect(201)
        assert clinic.available(member) == 0
        assert (again.status, again.body, again.replayed) == (201, first.body, True)
        clinic.api.post(path, body, key="k2").expect(409)


class TestDates:
    """Activities of the past are taken for so long."""

    def test_beyond_the_limit(self, clinic: Clinic, member: str) -> None:
        """More than 30 days back is refused with the limit, 30 days are taken."""
        late = clinic.activity(member, occurred_at=clinic.now(days=-30, seconds=-1))
        result = clinic.api.post("/v1/activities", late).expect(422, "backdate_limit")
        assert result["limit_days"] == 30
        assert result["errors"][0]["pointer"] == "/occurred_at"

        clinic.record(member, occurred_at=clinic.now(days=-30)).expect(201)

    def test_future(self, clinic: Clinic, member: str) -> None:
        """What has not happened cannot be reported."""
        early = clinic.activity(member, occurred_at=clinic.now(seconds=DAY_S))

        clinic.api.post("/v1/activities", early).expect(422, "occurred_in_future")


class TestPages:
    """The ledger page by page."""

    def test_no_gap_or_repeat_under_writes(self, clinic: Clinic, member: str) -> None:
        """What was there when the first page was read is seen once, whatever is written since."""
        clinic.record_many(member, 30)
        seen: list[int] = []
        path = f"/v1/members/{member}/ledger"
        cursor = ""
        while True:
            page = clinic.api.get(f"{path}?limit=7{cursor}").expect(200)
            seen += [event["version"] for event in page["events"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
            at_once(2, lambda _: clinic.record(member).expect(201))

        assert seen == list(range(31, 0, -1))

    def test_fifty_at_a_time(self, clinic: Clinic, member: str) -> None:
        """`limit` is kept, its maximum is 100, and the last page says that it is the last."""
        clinic.record_many(member, 60)
        path = f"/v1/members/{member}/ledger"

        first = clinic.api.get(f"{path}?limit=50").expect(200)
        rest = clinic.api.get(f"{path}?limit=50&cursor={first['next_cursor']}").expect(200)

        assert (len(first["events"]), len(rest["events"])) == (50, 11)
        assert rest["next_cursor"] is None
        clinic.api.get(f"{path}?limit=101").expect(422, "invalid_query")

    def test_cursors_are_their_owners(self, clinic: Clinic, member: str) -> None:
        """A cursor works for its list and its caller; one that was tampered with does not."""
        clinic.record(member).expect(201)
        cursor = clinic.api.get(f"/v1/members/{member}/ledger?limit=1").expect(200)["next_cursor"]
        other = clinic.enrolled()

        for path, api in (
            (f"/v1/members/{other}/ledger?cursor={cursor}", clinic.api),
            (f"/v1/members/{member}/ledger?cursor={cursor}", clinic.key("ledger:read")),
            (f"/v1/members/{member}/ledger?cursor={cursor[:-1]}~", clinic.api),
            ("/v1/programmes?cursor=" + cursor, clinic.api),
        ):
            api.get(path).expect(400, "invalid_cursor")


class TestConcurrentChanges:
    """Whoever changes a profile has read the latest."""

    def test_stale(self, clinic: Clinic, member: str) -> None:
        """The second change over one ETag is refused and changes nothing."""
        path = f"/v1/members/{member}"
        tag = clinic.api.get(path).headers["etag"]

        changed = clinic.api.patch(path, {"display_name": "A"}, If_Match=tag)
        refused = clinic.api.patch(path, {"display_name": "B"}, If_Match=tag)

        assert changed.expect(200)["display_name"] == "A"
        assert changed.headers["etag"] != tag
        refused.expect(412, "stale")
        assert clinic.api.get(path).expect(200)["display_name"] == "A"

    def test_the_same_sent_again(self, clinic: Clinic, member: str) -> None:
        """Since no answer came, it is sent again: it is answered as then, and written once."""
        path = f"/v1/members/{member}"
        revision = clinic.api.get(path).expect(200)["revision"]
        change = {"display_name": "A", "birthday": "02-03", "metadata": {"k": "v"}}
        change |= {"revision": revision}

        first = clinic.api.patch(path, change)
        again = clinic.api.patch(path, change)

        assert first.expect(200)["revision"] == revision + 1
        assert (again.expect(200), again.headers["etag"]) == (first.json, f'"{revision + 1}"')
        assert clinic.api.get(path).expect(200) == first.json
        kinds = [event["kind"] for event in clinic.check(member)]
        assert kinds.count("profile.changed") == 1

        # Another change over that revision is none of these, and one that came later hides both.
        clinic.api.patch(path, change | {"display_name": "B"}).expect(412, "stale")
        clinic.api.patch(path, change | {"contact": "c"}).expect(412, "stale")
        clinic.api.patch(path, {"contact": "c", "revision": revision + 1}).expect(200)
        clinic.api.patch(path, change).expect(412, "stale")

    def test_the_same_from_many(self, clinic: Clinic, member: str) -> None:
        """Ten who send one change at once are answered alike."""
        path = f"/v1/members/{member}"
        tag = clinic.api.get(path).headers["etag"]

        answers = at_once(10, lambda _: clinic.api.patch(path, {"display_name": "A"}, If_Match=tag))

        assert {answer.status for answer in answers} == {200}
        assert {answer.body for answer in answers} == {answers[0].body}

    def test_one_of_many(self, clinic: Clinic, member: str) -> None:
        """Of ten changes over one ETag exactly one is made."""
        path = f"/v1/members/{member}"
        tag = clinic.api.get(path).headers["etag"]

        answers = at_once(
            10, lambda n: clinic.api.patch(path, {"display_name": f"{n}"}, If_Match=tag)
        )

        assert sorted(answer.status for answer in answers) == [200] + [412] * 9
        made = next(answer.json for answer in answers if answer.status == 200)
        assert clinic.api.get(path).expect(200)["display_name"] == made["display_name"]

    def test_tag_is_needed(self, clinic: Clinic, member: str) -> None:
        """Without a revision nothing is changed blindly; a tag is a quoted one."""
        path = f"/v1/members/{member}"

        clinic.api.patch(path, {"display_name": "A"}).expect(400, "if_match_required")
        for tag in ("1", "*", 'W/"1"', '"abc"'):
            clinic.api.patch(path, {}, If_Match=tag).expect(400, "invalid_if_match")

    def test_d11_metadata_is_kept_as_it_is(self, clinic: Clinic) -> None:
        """20 texts by keys of one's own: given with a new member, replaced, emptied."""
        texts = {f"key-{n}": f"{n}" for n in range(20)}
        new = {"metadata": texts, "external_id": {"system": "crm", "value": "1"}}
        path = f"/v1/members/{clinic.api.post('/v1/members', new).expect(201)['id']}"
        assert clinic.api.get(path).expect(200)["metadata"] == texts

        changed = clinic.api.patch(path, {"metadata": {"crm.id": "7"}, "revision": 1}).expect(200)
        assert changed["metadata"] == {"crm.id": "7"}
        kept = clinic.api.patch(path, {"display_name": "A", "revision": 2}).expect(200)
        assert kept["metadata"] == {"crm.id": "7"}
        emptied = clinic.api.patch(path, {"metadata": None, "revision": 3}).expect(200)
        assert "metadata" not in emptied

    @pytest.mark.parametrize(
        "metadata",
        [
            {f"key-{n}": "" for n in range(21)},
            {"a key": ""},
            {"": "x"},
            {"k" * 41: ""},
            {"key": "v" * 201},
            {"key": 1},
            {"key": {"deep": "er"}},
        ],
        ids=["too many", "a blank", "no key", "a long key", "a long text", "a number", "an object"],
    )
    def test_d11_metadata_is_bounded(self, clinic: Clinic, metadata: object) -> None:
        """It stays small: 20 keys of 40 characters, with texts of 200."""
        refused = clinic.api.post("/v1/members", {"metadata": metadata}).expect(422, "invalid_body")

        assert refused["errors"][0]["pointer"].startswith("/metadata")

    def test_d7_the_revision_is_in_the_body(self, clinic: Clinic, member: str) -> None:
        """Who cannot reach headers reads it in the answer, and sends it in the body."""
        path = f"/v1/members/{member}"
        read = clinic.api.get(path)
        revision = read.expect(200)["revision"]
        assert read.headers["etag"] == f'"{revision}"'

        change = {"display_name": "A", "revision": revision}
        changed = clinic.api.patch(path, change).expect(200)

        assert (changed["display_name"], changed["revision"]) == ("A", revision + 1)
        clinic.api.patch(path, change, If_Match=f'"{revision + 1}"').expect(412, "stale")


def test_errors_are_problem_documents(clinic: Clinic, member: str) -> None:
    """RFC 9457 for every refusal, the framework's own too; the client checks each."""
    refusals = [
        clinic.api.get("/v1/nothing-here").expect(404, "not_found"),
        clinic.api.put("/v1/members", {}).expect(405, "method_not_allowed"),
        clinic.api.get("/v1/members/unknown/balance").expect(404, "member_not_found"),
        clinic.api.post("/v1/activities", b"{").expect(400, "malformed_json"),
        clinic.anyone.get(f"/v1/members/{member}").expect(401, "credential_missing"),
    ]

    for refusal in refusals:
        assert {"type", "title", "status", "detail", "instance", "code"} <= refusal.keys()
    assert clinic.api.put("/v1/members", {}).headers["allow"] == "GET, POST"


@contextmanager
def through(gateway: Gateway, transport: Transport) -> Iterator[Transport]:
    """Reach another gateway in the way of a transport."""
    if isinstance(transport, InProcess):
        yield InProcess(gateway)
        return
    server = Server(0)
    server.start(gateway)
    yield OverHttp(server.url)
    server.stop()


def test_too_many_requests(clinic: Clinic, member: str, transport: Transport) -> None:
    """Beyond the burst 429 says when to come again, changes nothing, and then all goes on."""
    seconds = [0.0]
    throttle = Throttle(rate=1, burst=3, clock=lambda: seconds[0])
    body = clinic.activity(member)
    with through(Gateway(app.app, throttle=throttle), transport) as limited:
        api = clinic.api.over(limited)
        for _ in range(3):
            api.get(f"/v1/members/{member}/balance").expect(200)

        refused = api.post("/v1/activities", body, key="k1")

        assert refused.expect(429, "too_many_requests")["status"] == 429
        assert refused.headers["retry-after"] == "1"
        assert _earns(clinic, member) == 0
        seconds[0] += int(refused.headers["retry-after"])
        api.post("/v1/activities", body, key="k1").expect(201)
        api.get(f"/v1/members/{member}/balance").expect(429, "too_many_requests")
    assert _earns(clinic, member) == 1


def test_dry_run_writes_nothing(clinic: Clinic, member: str) -> None:
    """The same answer as it would be, with each rule explained, and no trace of it."""
    body = clinic.activity(member)

    looked = clinic.api.post("/v1/activities?dry_run=true", body).expect(200)
    result = clinic.api.post("/v1/activities", body).expect(201)

    assert looked["awards"] == result["awards"] != []
    assert looked["balances"] == result["balances"]
    assert looked["explanation"] == result["explanation"]
    rules = {rule["rule"] for rule in result["explanation"][0]["rules"]}
    assert rules == {rule["id"] for rule in example("clinic")["earning"]}
    assert len(clinic.check(member)) == 2


def _one_effect(answers: list[Answer]) -> None:
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.replayed for answer in answers) == len(answers) - 1


def _earns(clinic: Clinic, member: str) -> int:
    events: list[dict[str, Any]] = clinic.check(member)
    return sum(event["kind"] == "activity.recorded" for event in events)
