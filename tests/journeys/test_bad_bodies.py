"""
What no request may hold, on real routes: each is one refusal that says where, and none is ours.

The client holds every answer to be a documented problem document; here is which one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.routes.http.parsing import BODY_BYTES_MAX
from tests.catalogue.catalogue import EXAMPLES
from tests.catalogue.example import Example
from tests.catalogue.stage import Absent, request_of
from tests.journeys.client import Answer
from tests.journeys.world import Clinic, Document, Ground, LocalWorld, example, local_contract

DEEP = 17
UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n\t",
    "half an object": b'{"a": 1',
    "a trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "two documents": b"{}{}",
    "a list": b"[]",
    "a string": b'"{}"',
    "a number": b"7",
    "null": b"null",
    "twenty thousand brackets": b"[" * 20_000,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep lists": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b'{"a": [-Infinity]}',
    "an overflow": b'{"a": 1e999}',
    "an integer above 2^53": b'{"a": 9007199254740993}',
    "a googol": b'{"a": 1' + b"0" * 100 + b"}",
    "ten thousand digits": b'{"a": ' + b"9" * 10_000 + b"}",
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice inside": b'{"b": [{"a": 1, "a": 1}]}',
    "one key in two spellings": '{"\u00e9": 1, "e\u0301": 2}'.encode(),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "broken UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "half of a surrogate pair": b'{"a": "\\ud800"}',
    "a NUL": b'{"a": "\\u0000"}',
    "an escape sequence": b'{"a": "\\u001b[31m"}',
    "a control character in a key": b'{"a\\u0007": 1}',
}
# Every operation that has a body.
TARGETS = tuple(each for each in EXAMPLES.values() if each.body is not None)


@pytest.fixture(scope="module")
def clinic(ground: Ground) -> Clinic:
    """Return a tenant with a programme, one for all: what is refused leaves nothing behind."""
    clinic = LocalWorld(ground).clinic()
    clinic.publish("clinic")
    return clinic


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member of the clinic's programme."""
    return clinic.enrolled()


def attempt(
    clinic: Clinic, target: Example, member: str, body: object, **headers: str | None
) -> Answer:
    """Send a body to one of the targets, about a member and otherwise about nothing."""
    asked = request_of(target, Absent(member_id=member))
    given = {**asked.headers, **{name.replace("_", "-"): v for name, v in headers.items()}}
    return clinic.api.send(asked.method, asked.target, body, headers=given)


def fields_of(target: Example) -> set[str]:
    """Return the fields that a target's body has."""
    found = local_contract().find(target.method, target.path)
    assert found is not None
    reference = found.entry["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = local_contract().schemas[reference.rpartition("/")[2]]
    return set(schema["properties"])


def by_name(target: Example) -> str:
    """Return how a target is called in the names of tests."""
    return target.operation


@pytest.mark.parametrize("target", TARGETS, ids=by_name)
def test_unreadable(
    clinic: Clinic, member: str, target: Example, subtests: pytest.Subtests
) -> None:
    """What is no strict JSON object is 400 everywhere, before any schema looks at it."""
    for name, raw in UNREADABLE.items():
        with subtests.test(name):
            sent = {"Content_Type": "application/json"}
            attempt(clinic, target, member, raw, **sent).expect(400, "malformed_json")
    assert len(clinic.ledger(member)) == 1


@pytest.mark.parametrize("target", TARGETS, ids=by_name)
def test_too_large(clinic: Clinic, member: str, target: Example) -> None:
    """64 KiB are read, one byte more is not."""
    padding = BODY_BYTES_MAX - len(b'{"a": ""}')
    fits = b'{"a": "' + b"x" * padding + b'"}'

    assert attempt(clinic, target, member, fits).status == 422
    refused = attempt(clinic, target, member, b" " + fits).expect(413, "body_too_large")
    assert refused["limit_bytes"] == BODY_BYTES_MAX


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/problem+json",
    ],
)
def test_other_media(
    clinic: Clinic, member: str, kind: str | None, subtests: pytest.Subtests
) -> None:
    """A body says that it is JSON in UTF-8."""
    for target in TARGETS:
        with subtests.test(target.operation):
            refused = attempt(clinic, target, member, {}, Content_Type=kind)
            refused.expect(415, "unsupported_media_type")
    for kind_taken in ("application/json;charset=utf-8", 'APPLICATION/JSON; charset="UTF-8"'):
        clinic.api.post("/v1/members", {}, Content_Type=kind_taken).expect(201)


@pytest.mark.parametrize("target", TARGETS, ids=by_name)
def test_fields_of_the_server(
    clinic: Clinic, member: str, target: Example, subtests: pytest.Subtests
) -> None:
    """What only the server sets cannot be sent along: unknown fields are named and refuse."""
    servers = {"tenant", "points", "tier", "id", "status", "version", "balance", "__proto__"}
    for name in sorted(servers - fields_of(target)):
        with subtests.test(name):
            result = attempt(clinic, target, member, {name: "x"}).expect(422, "invalid_body")
            assert f"/{name}" in [error["pointer"] for error in result["errors"]]
    assert clinic.available(member) == 0


def test_fields_of_the_server_beside_a_right_body(clinic: Clinic, member: str) -> None:
    """Nothing of a request with a field too many is carried out."""
    activity = clinic.activity(member)

    for place, extra in (
        ("/points", {"points": 1000}),
        ("/awards", {"awards": [{"amount": 1000}]}),
        ("/member/tier", {"member": {"id": member, "tier": "gold"}}),
        ("/lines/0/points", {"lines": [{"id": "1", "amount": 1, "points": 9}], "currency": "GBP"}),
    ):
        result = clinic.api.post("/v1/activities", activity | extra).expect(422, "invalid_body")
        assert [error["pointer"] for error in result["errors"]] == [place]
    assert len(clinic.check(member)) == 1


LONG = "x" * 201
MONEY = {"amount": 100, "currency": "GBP"}
LINE = {"id": "1", "amount": 100}
#: Parts of an activity that break its schema, with where the refusal points.
BROKEN: list[tuple[Document, str]] = [
    ({"amount": {**MONEY, "amount": 1.5}}, "/amount/amount"),
    ({"amount": {**MONEY, "amount": 1.01}}, "/amount/amount"),
    ({"amount": {**MONEY, "amount": True}}, "/amount/amount"),
    ({"amount": {**MONEY, "amount": "100"}}, "/amount/amount"),
    ({"amount": {**MONEY, "amount": 10**15 + 1}}, "/amount/amount"),
    ({"amount": {**MONEY, "amount": -1}}, "/amount/amount"),
    ({"amount": {**MONEY, "amount": None}}, "/amount/amount"),
    ({"amount": 100}, "/amount"),
    ({"amount": {"amount": 100}}, "/amount/currency"),
    ({"amount": {**MONEY, "currency": "gbp"}}, "/amount/currency"),
    ({"amount": {**MONEY, "currency": "£"}}, "/amount/currency"),
    ({"amount": MONEY, "currency": "EUR"}, "/currency"),
    ({"quantity": 0}, "/quantity"),
    ({"quantity": -1}, "/quantity"),
    ({"quantity": 10**9 + 1}, "/quantity"),
    ({"quantity": True}, "/quantity"),
    ({"type": "Visit"}, "/type"),
    ({"type": "visit completed"}, "/type"),
    ({"type": ""}, "/type"),
    ({"type": None}, "/type"),
    ({"type": ["visit.completed"]}, "/type"),
    ({"source": ""}, "/source"),
    ({"source": "a/b"}, "/source"),
    ({"source": "a\nb"}, "/source"),
    ({"external_id": ""}, "/external_id"),
    ({"external_id": LONG}, "/external_id"),
    ({"external_id": 7}, "/external_id"),
    ({"category": "x" * 65}, "/category"),
    ({"category": {}}, "/category"),
    ({"lines": [LINE] * 101}, "/lines"),
    ({"lines": {}}, "/lines"),
    ({"lines": [None]}, "/lines/0"),
    ({"lines": [LINE, {**LINE, "quantity": 0}]}, "/lines/1/quantity"),
    ({"lines": [{**LINE, "amount": 0.5}]}, "/lines/0/amount"),
    ({"attributes": {"A": 1}}, "/attributes/A"),
    ({"attributes": {"a": 1.5}}, "/attributes/a"),
    ({"attributes": {"a": None}}, "/attributes/a"),
    ({"attributes": {"a": [1]}}, "/attributes/a"),
    ({"attributes": {f"a{n}": n for n in range(21)}}, "/attributes"),
    ({"member": "mem_1"}, "/member"),
    ({"member": None}, "/member"),
]
INSTANTS = (
    "",
    "now",
    "2026-03-02",
    "2026-03-02T10:00:00",
    "2026-02-30T10:00:00Z",
    "2026-03-02T25:00:00Z",
    "2026-03-02T10:00:00+25:00",
    "0000-01-01T00:00:00Z",
    "٢٠٢٦-03-02T10:00:00Z",
    "1772445600000",
)


def test_broken_activities(clinic: Clinic, member: str, subtests: pytest.Subtests) -> None:
    """Each violation is 422 and points at the field."""
    for change, pointer in BROKEN:
        with subtests.test(json.dumps(change)[:60]):
            body = clinic.activity(member) | change
            result = clinic.api.post("/v1/activities", body).expect(422, "invalid_body")
            assert pointer in [error["pointer"] for error in result["errors"]], result
    for text in INSTANTS:
        with subtests.test(text):
            result = clinic.record(member, occurred_at=text).expect(422)
            assert result["errors"][0]["pointer"] == "/occurred_at"
    assert len(clinic.check(member)) == 1


def test_every_violation_at_once(clinic: Clinic, member: str) -> None:
    """A body with several violations is told all of them."""
    result = clinic.record(member, quantity=0, category=7, lines=[{"id": 1}]).expect(422)

    pointers = {error["pointer"] for error in result["errors"]}
    assert pointers == {"/quantity", "/category", "/lines/0/id"}


def test_odd_but_right(clinic: Clinic, member: str, subtests: pytest.Subtests) -> None:
    """What is unusual and allowed is taken, and never an error of ours."""
    odd: list[Document] = [
        {"amount": {**MONEY, "amount": 0}},
        {"amount": {**MONEY, "amount": 10**15}},
        {"lines": [{}], "currency": "GBP"},
        {"lines": [LINE | {"id": "a"}, LINE | {"id": "b"}], "currency": "GBP"},
        {"external_id": "'; DROP TABLE events; --"},
        {"external_id": "\U0001f9b7 tooth"},
        {"external_id": "x" * 200},
        {"category": "=cmd|' /C calc'!A0"},
        {"occurred_at": "2026-03-02T10:00:00.123456789Z"},
        {"occurred_at": "2026-03-02t11:00:00+01:00"},
        {"attributes": {"booked_online": True}},
        {"channel": "line\nfeed\tand tab"},
    ]
    for change in odd:
        with subtests.test(json.dumps(change)[:60]):
            kind = "purchase.completed" if "amount" in change or "lines" in change else None
            clinic.record(member, kind or "visit.completed", **change).expect(201)
    clinic.check(member)


def test_large_awards_stay_in_bounds(world: LocalWorld) -> None:
    """V6: 10^15 for one activity is given exactly; one more is a slip, and explained."""
    clinic = world.clinic()
    document = example("purchases")
    document["earning"][0] |= {"caps": [], "award": {"type": "per_amount", "amount": 2, "per": 1}}
    document["tiers"]["levels"] = document["tiers"]["levels"][:1]
    document["earning"][0]["tier_percent"] = {}
    clinic.publish(document)
    member = clinic.enrolled()

    largest = 10**15 // 2
    for amount in (largest, largest, largest + 1, 10**15):
        money = {"amount": amount, "currency": "USD"}
        result = clinic.record(member, "purchase.completed", amount=money).expect(201)
        assert bool(result["awards"]) == (amount == largest)
        assert bool(result["explanation"][0]["rules"][0].get("reason")) == (amount > largest)

    assert clinic.available(member) == 2 * 10**15
    clinic.check(member)


@pytest.mark.parametrize(
    ("target", "parameter"),
    [
        ("/v1/members/{member}/ledger?limit=0", "limit"),
        ("/v1/members/{member}/ledger?limit=101", "limit"),
        ("/v1/members/{member}/ledger?limit=ten", "limit"),
        ("/v1/members/{member}/ledger?limit=1&limit=2", "limit"),
        ("/v1/members/{member}/ledger?page=2", "page"),
        ("/v1/members/{member}/balance?as_of=", None),
        ("/v1/members/{member}/tier?x=1", "x"),
        ("/v1/programmes/clinic?version=one", "version"),
        ("/v1/programmes/clinic?version=99999999999999999999", "version"),
    ],
)
def test_queries(clinic: Clinic, member: str, target: str, parameter: str | None) -> None:
    """Each violation of a query is 422 and names its parameter."""
    result = clinic.api.get(target.format(member=member)).expect(422)

    named = [error["parameter"] for error in result["errors"]]
    assert parameter is None or named == [parameter]


@pytest.mark.parametrize("value", ["1", "yes", "True", ""])
def test_dry_run_is_said_clearly(clinic: Clinic, member: str, value: str) -> None:
    """A word that is not quite `true` must not turn a look into a deed."""
    path = f"/v1/activities?dry_run={value}"

    clinic.api.post(path, clinic.activity(member)).expect(422, "invalid_query")

    assert len(clinic.check(member)) == 1


@pytest.mark.parametrize(
    "member_id",
    ["%00", "..%2F..", "a" * 129, "%F0%9F%A6%B7", "mem_1%23A", "a%20b", "'", "%7B%7D"],
)
def test_ids_that_none_has(clinic: Clinic, member: str, member_id: str) -> None:
    """Whatever stands where an id belongs is a member who is not there."""
    del member

    result = clinic.api.get(f"/v1/members/{member_id}/balance").expect(404, "member_not_found")

    assert result["detail"] == "There is no such member."


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "é"])
def test_idempotency_keys(clinic: Clinic, member: str, key: str) -> None:
    """A key that is none is refused before anything happens; so is its absence."""
    path = f"/v1/members/{member}/redemptions"
    body = {"programme": "clinic", "reward": "parking"}

    clinic.api.post(path, body, key=key).expect(400, "invalid_idempotency_key")
    clinic.api.post(path, body, key=None).expect(400, "idempotency_key_required")


@pytest.mark.http
def test_over_a_socket(world: LocalWorld, server: Any, subtests: pytest.Subtests) -> None:
    """The same bytes through a real server are refused the same."""
    del world
    sandbox: Clinic = server.sandbox()

    for name, raw in UNREADABLE.items():
        with subtests.test(name):
            answer = sandbox.api.post("/v1/activities", raw, Content_Type="application/json")
            answer.expect(400, "malformed_json")


def test_bodies_where_none_is_taken(clinic: Clinic, member: str) -> None:
    """An operation without a body takes none; an empty object is none."""
    path = f"/v1/members/{member}/balance"

    assert clinic.api.send("GET", path, b"{}").status == 200
    clinic.api.send("GET", path, {"a": 1}).expect(422, "invalid_body")
