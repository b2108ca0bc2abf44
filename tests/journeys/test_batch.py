"""Several activities in one call, each with its own outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

import app
from chalicelib.routes.batches import BATCH_MAX
from infra.local.gateway import Context, _event
from tests.journeys.client import at_once, environ
from tests.journeys.world import Clinic, Document

PATH = "/v1/activities/batch"


@pytest.fixture(autouse=True)
def _programme(clinic: Clinic) -> None:
    clinic.publish("clinic")


def send(clinic: Clinic, activities: list[Document]) -> list[Document]:
    """Send activities in one call and return what became of each."""
    results: list[Document] = clinic.api.post(PATH, {"activities": activities}).expect(200)[
        "results"
    ]
    assert [result["index"] for result in results] == list(range(len(activities)))
    return results


def test_all_of_many_members(clinic: Clinic) -> None:
    """As many as there may be, mixed: each is recorded, a member's own in the order given."""
    members = [clinic.enrolled() for _ in range(4)]
    activities = [clinic.activity(members[place % 4]) for place in range(BATCH_MAX)]

    results = send(clinic, activities)

    assert {result["result"] for result in results} == {"recorded"}
    for place, result in enumerate(results):
        assert result["activity"]["member_id"] == members[place % 4]
    for number, member in enumerate(members):
        recorded = [event["activity"]["external_id"] for event in clinic.check(member)[1:]]
        assert recorded == [activity["external_id"] for activity in activities[number::4]]


def test_one_refused_among_many(clinic: Clinic) -> None:
    """A refusal is one activity's own: those before and after it are recorded."""
    member, other = clinic.enrolled(), clinic.enrolled()
    activities = [clinic.activity(member) for _ in range(3)]
    activities += [
        clinic.activity(member, occurred_at=clinic.now(days=-40)),
        clinic.activity("mem_unknown"),
        clinic.activity(member),
        clinic.activity(other),
    ]

    results = send(clinic, activities)

    outcomes = [result["result"] for result in results]
    assert outcomes == ["recorded"] * 3 + ["refused"] * 2 + ["recorded"] * 2
    assert results[3]["problem"]["code"] == "backdate_limit"
    assert results[4]["problem"]["code"] == "member_not_found"
    assert results[4]["problem"]["status"] == 404
    assert (len(clinic.check(member)), len(clinic.check(other))) == (5, 2)


def test_sent_again(clinic: Clinic) -> None:
    """A batch that is sent again is answered the same, one by one, with what is new added."""
    member = clinic.enrolled()
    activities = [clinic.activity(member) for _ in range(5)]
    first = send(clinic, activities)

    again = send(clinic, [*activities, clinic.activity(member)])

    assert [result.get("replayed", False) for result in again] == [True] * 5 + [False]
    for one, other in zip(first, again, strict=False):
        assert one["activity"] == other["activity"]
    assert len(clinic.check(member)) == 7


def test_sent_at_once(clinic: Clinic) -> None:
    """The same batch from five clients at the same time has one effect."""
    members = [clinic.enrolled() for _ in range(3)]
    activities = [clinic.activity(members[place % 3]) for place in range(12)]

    sent = at_once(5, lambda _: send(clinic, activities))

    for results in zip(*sent, strict=True):
        assert {result["result"] for result in results} == {"recorded"}
        assert sum(not result.get("replayed", False) for result in results) == 1
    for member in members:
        assert len(clinic.check(member)) == 5


def test_same_activity_twice(clinic: Clinic) -> None:
    """One activity listed twice is recorded once; listed with another body it is refused."""
    member = clinic.enrolled()
    activity = clinic.activity(member)

    results = send(clinic, [activity, activity, activity | {"channel": "app"}])

    assert [result["result"] for result in results] == ["recorded", "recorded", "refused"]
    assert results[1]["replayed"]
    assert results[2]["problem"]["code"] == "idempotency_key_reused"
    assert len(clinic.check(member)) == 2


def test_strangers_become_prospects(clinic: Clinic) -> None:
    """Activities about someone not met before make one prospect, named by id and by external id."""
    reference = {"external_id": {"system": "emr", "value": "new"}}

    results = send(clinic, [clinic.activity(reference) for _ in range(4)])

    assert len({result["activity"]["member_id"] for result in results}) == 1
    assert len(clinic.check(results[0]["activity"]["member_id"])) == 5


def test_dry_run(clinic: Clinic) -> None:
    """A look at a batch writes none of it."""
    member = clinic.enrolled()
    body = {"activities": [clinic.activity(member) for _ in range(3)]}

    results = clinic.api.post(f"{PATH}?dry_run=true", body).expect(200)["results"]

    assert {result["result"] for result in results} == {"recorded"}
    assert len(clinic.check(member)) == 1


def test_limits(clinic: Clinic) -> None:
    """V2: what is no batch as a whole, none and one too many of them, is refused whole."""
    member = clinic.enrolled()
    activity = clinic.activity(member)

    for activities in ([], [{**activity, "external_id": f"{n}"} for n in range(BATCH_MAX + 1)]):
        result = clinic.api.post(PATH, {"activities": activities}).expect(422, "invalid_body")
        assert result["errors"][0]["pointer"] == "/activities"
    clinic.api.post(PATH, {"activities": activity}).expect(422, "invalid_body")
    assert len(clinic.check(member)) == 1


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"amount": {"amount": 10.5, "currency": "GBP"}}, "invalid_body", "/amount/amount"),
        ({"colour": "red"}, "invalid_body", "/colour"),
        ({"occurred_at": "2026-03-02"}, "invalid_instant", "/occurred_at"),
        ({"member": {}}, "invalid_body", "/member"),
        ({"lines": [{"amount": 5}]}, "currency_required", "/currency"),
    ],
)
def test_v2_one_that_cannot_be_read(
    clinic: Clinic, wrong: Document, code: str, pointer: str
) -> None:
    """V2: three are recorded; one is refused with its index, and its pointer in this body."""
    member = clinic.enrolled()
    activities = [clinic.activity(member) for _ in range(4)]
    activities[2] |= wrong

    results = send(clinic, activities)

    outcomes = [result["result"] for result in results]
    assert outcomes == ["recorded", "recorded", "refused", "recorded"]
    problem = results[2]["problem"]
    assert (problem["code"], problem["status"]) == (code, 422)
    assert [each["pointer"] for each in problem["errors"]] == [f"/activities/2{pointer}"]
    assert len(clinic.check(member)) == 4


@pytest.mark.parametrize("nonsense", [None, 7, "visit", [], {}])
def test_v2_what_is_no_activity_at_all(clinic: Clinic, nonsense: object) -> None:
    """V2: also an item that is not even an object refuses nothing but itself."""
    member = clinic.enrolled()
    activities: list[Any] = [nonsense, clinic.activity(member)]

    results = send(clinic, activities)

    assert [result["result"] for result in results] == ["refused", "recorded"]
    pointers = [each["pointer"] for each in results[0]["problem"]["errors"]]
    assert all(pointer.startswith("/activities/0") for pointer in pointers)


class _Waning(Context):
    """A context whose time runs out after it was asked so often."""

    def __init__(self, looks: int) -> None:
        super().__init__("waning", "tessera")
        self._looks = looks

    def get_remaining_time_in_millis(self) -> int:
        """Return plenty, then too little."""
        self._looks -= 1
        return 30_000 if self._looks >= 0 else 400


def test_out_of_time(clinic: Clinic) -> None:
    """What time did not suffice for is `not_attempted`; the same batch again completes it."""
    member = clinic.enrolled()
    activities = [clinic.activity(member) for _ in range(6)]
    raw = json.dumps({"activities": activities}).encode()
    headers = {
        "Authorization": f"Bearer {clinic.api.token}",
        "Content-Type": "application/json",
    }
    request = environ("POST", PATH, headers, raw)
    event = _event(request, "waning", PATH, PATH, {}, app.app.api.binary_types)

    answer: dict[str, Any] = app.app(event, _Waning(3))

    assert answer["statusCode"] == 200
    outcomes = [result["result"] for result in json.loads(answer["body"])["results"]]
    assert outcomes == ["recorded"] * 3 + ["not_attempted"] * 3
    assert len(clinic.check(member)) == 4
    again = send(clinic, activities)
    assert [result["result"] for result in again] == ["recorded"] * 6
    assert [result.get("replayed", False) for result in again] == [True] * 3 + [False] * 3
    assert len(clinic.check(member)) == 7
