"""Requests are checked in order, answered once, and logged without persons."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from chalice.config import Config
from chalice.local import CustomLocalChalice, LocalGateway
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import observability
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.http.services import provide
from tests.examples import examples
from tests.routes.toy import OWN, STORED, Shop, context

LINE = {"sku": "a", "amount": 1}
BASKET: dict[str, Any] = {"reward": "mug", "lines": [LINE, {"sku": "b", "amount": 4}]}
PATH = "/v1/members/mem_1/baskets"
LONG = "k" * 256


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile."""
    written = io.StringIO()
    logger = observability.logger()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    yield written
    logging.getLogger(logger.service).removeHandler(handler)


class TestAnswers:
    """What a handler answers is what the caller gets."""

    def test_a_struct(self, shop: Shop) -> None:
        """A Struct is encoded, with the declared status and the version as entity tag."""
        answer = shop.call("POST", PATH, BASKET)

        assert (answer.status, answer.json) == (201, {"member": "mem_1", "total": 5})
        assert answer.headers["ETag"] == '"7"'
        assert "Idempotency-Replayed" not in answer.headers

    def test_a_replay_is_byte_for_byte(self, shop: Shop) -> None:
        """Stored bytes pass through untouched, spaces and escapes too."""
        answer = shop.call("POST", PATH, {**BASKET, "reward": "replay"})

        assert answer.body == STORED
        assert answer.headers["Idempotency-Replayed"] == "true"

    def test_nothing(self, shop: Shop) -> None:
        """An answer may be empty."""
        answer = shop.call("DELETE", "/v1/activities/f1")

        assert (answer.status, answer.body) == (204, b"")

    def test_what_a_call_carries(self, shop: Shop) -> None:
        """Tenant and actor of the credential, decoded path, language and time left."""
        event = _event(shop, "GET", "/v1/members/mem%5F7", headers={"Accept-Language": "fr;q=.5"})
        answer = json.loads(shop.app(event, context(1234))["body"])

        assert answer["path"] == {"member_id": "mem_7"}
        assert answer["tenant"] == "clinic"
        assert answer["actor"].startswith("server:")
        assert 0 < answer["left"] <= 1234


class TestRefusals:
    """Each refusal is one problem document."""

    @pytest.mark.parametrize(
        ("reward", "status", "code", "header"),
        [
            ("conflict", 409, "insufficient_points", None),
            ("absent", 404, "member_not_found", None),
            ("throttled", 429, "too_many_requests", ("Retry-After", "7")),
            ("unavailable", 503, "unavailable", ("Retry-After", "1")),
            ("crash", 500, "internal_error", None),
        ],
    )
    def test_what_handlers_raise(
        self, shop: Shop, reward: str, status: int, code: str, header: tuple[str, str] | None
    ) -> None:
        """Families become statuses; anything unexpected becomes 500 and tells nothing."""
        refused = shop.call("POST", PATH, {**BASKET, "reward": reward})

        assert (refused.status, refused.json["code"]) == (status, code)
        assert header is None or refused.headers[header[0]] == header[1]
        assert "canary" not in refused.body.decode()

    def test_extensions_are_added_but_never_replace(self, shop: Shop) -> None:
        """A refusal's extensions are members of the document; its own members stay."""
        refused = shop.call("POST", PATH, {**BASKET, "reward": "conflict"}).json

        assert (refused["needed"], refused["status"]) == (5, 409)

    @pytest.mark.parametrize(
        ("method", "path", "body", "headers", "expected"),
        [
            ("POST", PATH, BASKET, {"Idempotency-Key": None}, (400, "idempotency_key_required")),
            ("POST", PATH, BASKET, {"Idempotency-Key": ""}, (400, "invalid_idempotency_key")),
            ("POST", PATH, BASKET, {"Idempotency-Key": "a b"}, (400, "invalid_idempotency_key")),
            ("POST", PATH, BASKET, {"Idempotency-Key": "é"}, (400, "invalid_idempotency_key")),
            (
                "POST",
                PATH,
                BASKET,
                {"Idempotency-Key": "k" * 256},
                (400, "invalid_idempotency_key"),
            ),
            ("POST", PATH, BASKET, {"Idempotency-Key": LONG[:-1]}, (201, None)),
            ("POST", PATH, BASKET, {"Content-Type": "text/plain"}, (415, "unsupported_media_type")),
            ("POST", PATH, BASKET, {"Content-Type": None}, (415, "unsupported_media_type")),
            ("POST", PATH, BASKET, {"Content-Type": "image/png"}, (415, "unsupported_media_type")),
            (
                "POST",
                PATH,
                BASKET,
                {"Content-Type": "application/json; charset=latin1"},
                (415, "unsupported_media_type"),
            ),
            (
                "POST",
                PATH,
                BASKET,
                {"Content-Type": "Application/JSON; charset=UTF-8"},
                (201, None),
            ),
            ("POST", PATH, b"{", {}, (400, "malformed_json")),
            ("POST", PATH, None, {}, (400, "malformed_json")),
            ("POST", PATH, b"[" * 20_000, {}, (400, "malformed_json")),
            ("POST", PATH, b" " * 70_000, {}, (413, "body_too_large")),
            ("POST", PATH, {}, {}, (422, "invalid_body")),
            ("POST", PATH, {**BASKET, "tenant": "x"}, {}, (422, "invalid_body")),
            ("POST", PATH + "?limit=5", BASKET, {}, (422, "invalid_query")),
            ("GET", PATH + "?limit=500", None, {}, (422, "invalid_query")),
            ("DELETE", "/v1/activities/f1", {"why": 1}, {}, (422, "invalid_body")),
            ("DELETE", "/v1/activities/f1", {}, {}, (204, None)),
            ("GET", "/v1/members/a%2Fb", None, {}, (404, "member_not_found")),
            ("GET", "/v1/members/%ff", None, {}, (404, "member_not_found")),
            ("GET", "/v1/members/%00", None, {}, (404, "member_not_found")),
            ("GET", "/v1/members/" + "a" * 129, None, {}, (404, "member_not_found")),
            ("DELETE", "/v1/activities/a%23b", None, {}, (404, "not_found")),
            ("PUT", PATH, BASKET, {}, (405, "method_not_allowed")),
            ("PATCH", "/v1/members/mem_1", LINE, {}, (400, "if_match_required")),
            ("PATCH", "/v1/members/mem_1", LINE, {"If-Match": "7"}, (400, "invalid_if_match")),
            ("PATCH", "/v1/members/mem_1", LINE, {"If-Match": '"x"'}, (400, "invalid_if_match")),
            ("PATCH", "/v1/members/mem_1", LINE, {"If-Match": 'W/"7"'}, (400, "invalid_if_match")),
            ("PATCH", "/v1/members/mem_1", LINE, {"If-Match": '"6"'}, (412, "stale")),
            ("PATCH", "/v1/members/mem_1", LINE, {"If-Match": '"7"'}, (200, None)),
            ("POST", "/v1/activities", LINE, {"Idempotency-Key": None}, (200, None)),
        ],
    )
    def test_requests(
        self,
        shop: Shop,
        method: str,
        path: str,
        body: object,
        headers: dict[str, str | None],
        expected: tuple[int, str | None],
    ) -> None:
        """Every bad request has its status and its code; their good neighbours pass."""
        answer = shop.call(method, path, body, headers=headers)
        code = answer.json["code"] if answer.status >= 400 else None

        assert (answer.status, code) == expected

    def test_the_order_of_checks(self, shop: Shop) -> None:
        """The first thing wrong is what is answered: fixing each in turn reveals the next."""
        weak = shop.services.keys.add(2, {"members:read"}).token
        path, broken = "/v1/members/%00/baskets?x=1", b"{"
        sound = "/v1/members/mem_1/baskets"
        bare: dict[str, str | None] = {"Idempotency-Key": None, "Content-Type": "text/plain"}
        plain: dict[str, str | None] = {"Content-Type": "text/plain"}
        answers = [
            shop.call("POST", path, broken, token=None, headers=bare),
            shop.call("POST", path, broken, token=weak, headers=bare),
            shop.call("POST", path, broken, headers=bare),
            shop.call("POST", sound + "?x=1", broken, headers=bare),
            shop.call("POST", sound, broken, headers=bare),
            shop.call("POST", sound, broken, headers=plain),
            shop.call("POST", sound, broken),
            shop.call("POST", sound, {}),
        ]

        assert [answer.status for answer in answers] == [401, 403, 404, 422, 400, 415, 400, 422]

    def test_bodies_that_the_gateway_garbled(self, shop: Shop) -> None:
        """Half a surrogate pair in the event, or base64 that is none, is a malformed body."""
        event = _event(shop, "POST", "/v1/activities", body=b"{}")
        halves = shop.app({**event, "body": '{"sku":"\ud800"}'}, context(1000))
        not_base64 = shop.app({**event, "body": "é", "isBase64Encoded": True}, context(1000))
        encoded = base64.b64encode(json.dumps(LINE).encode()).decode()
        sound = shop.app({**event, "body": encoded, "isBase64Encoded": True}, context(1000))

        assert json.loads(halves["body"])["code"] == "malformed_json"
        assert json.loads(not_base64["body"])["code"] == "malformed_json"
        assert sound["statusCode"] == 200

    def test_the_framework_answers_in_our_form(self, shop: Shop) -> None:
        """Its 405 keeps Allow; an event of no route and a view that fails are problems too."""
        refused = shop.call("DELETE", PATH)
        unknown = shop.app({"requestContext": {}}, context(1000))

        assert set(refused.headers["Allow"].split(", ")) == {"GET", "POST"}
        assert json.loads(unknown["body"])["code"] == "internal_error"
        assert unknown["headers"]["Content-Type"] == "application/problem+json"


class TestFingerprint:
    """Equal requests have equal fingerprints; any difference that matters makes another."""

    def test_spelling_does_not_matter(self, shop: Shop) -> None:
        """Order of keys, spaces, escapes and normal form are spelling; the key is not in it."""
        spellings = [
            b'{"sku":"\\u00e9","amount":1}',
            b'{ "amount" : 1, "sku" : "e\\u0301" }',
            '{"amount":1,"sku":"é"}'.encode(),
        ]
        found = {shop.call("POST", "/v1/activities", raw).json["fingerprint"] for raw in spellings}
        other_key = shop.call(
            "POST", "/v1/activities", spellings[0], headers={"Idempotency-Key": "z"}
        )

        assert len(found) == 1
        assert other_key.json["fingerprint"] in found

    def test_everything_else_matters(self, shop: Shop) -> None:
        """Method and route, path, any field, a field left out, and the actor."""
        other = shop.services.keys.add(2, {"*"}).token
        match: dict[str, str | None] = {"If-Match": '"7"'}
        found = [
            shop.call("POST", "/v1/activities", LINE),
            shop.call("PUT", "/v1/activities", LINE),
            shop.call("POST", "/v1/activities", {**LINE, "amount": 2}),
            shop.call("POST", "/v1/activities", {**LINE, "sku": "A"}),
            shop.call("POST", "/v1/activities", LINE, token=other),
            shop.call("PATCH", "/v1/members/mem_1", LINE, headers=match),
            shop.call("PATCH", "/v1/members/mem_2", LINE, headers=match),
        ]

        assert len({answer.json["fingerprint"] for answer in found}) == len(found)
        assert len(bytes.fromhex(found[0].json["fingerprint"])) == hashlib.sha256().digest_size


class TestDeclaring:
    """A route that makes no sense fails at import."""

    @pytest.mark.parametrize(
        ("declared", "error"),
        [
            ({}, TypeError),
            ({"scope": "everything"}, ValueError),
            ({"scope": None}, ValueError),
            ({"scope": "members:read", "errors": ("no_such_code",)}, ValueError),
            ({"scope": "members:read", "member_may": True}, ValueError),
            ({"scope": "members:read", "body": msgspec.defstruct("Lax", ["x"])}, ValueError),
        ],
    )
    def test_refused(self, declared: dict[str, Any], error: type[Exception]) -> None:
        """No scope, no such scope, no such code, members without their id, a lenient body."""
        with pytest.raises(error):
            Resource("r").get("/things", name="list_things", summary="Things", **declared)(_handler)

    @pytest.mark.parametrize(
        "name", ["", "list", "things_list", "lists_things", "list_", "list_2", "list_Things"]
    )
    def test_a_name_is_a_verb_and_a_noun(self, name: str) -> None:
        """One of the known verbs, then words in lower case: clients name their methods by it."""
        declare = Resource("r").get("/things", name=name, scope="members:read", summary="x")
        with pytest.raises(ValueError, match="VERBS"):
            declare(_handler)

    def test_members_only_with_scopes_that_members_hold(self) -> None:
        """member_may on a scope that no member has would never work."""
        declare = Resource("r").get(
            "/m/{member_id}",
            name="read_clock",
            scope="clock:write",
            summary="x",
            member_may=True,
        )
        with pytest.raises(ValueError, match="members do not hold"):
            declare(_handler)

    def test_writes_are_idempotent_unless_they_say_otherwise(self) -> None:
        """A write needs its key by default, a read never does."""
        resource = Resource("r")
        declared: dict[str, Any] = {"scope": "members:read", "summary": "x"}
        resource.get("/a", name="read_a", **declared)(_handler)
        resource.post("/a", name="create_a", **declared)(_handler)
        resource.post("/b", name="create_b", idempotent=False, **declared)(_handler)

        assert [each.idempotent for each in resource.operations] == [False, True, False]


class TestServices:
    """What the layer works with comes from the provided factory, once."""

    def test_made_once_at_the_first_request(self, shop: Shop) -> None:
        """Sixteen first requests at once make one set of services; public routes make none."""
        made: list[object] = []
        barrier = threading.Barrier(16)

        def factory() -> Any:
            made.append(None)
            return shop.services

        provide(factory)
        assert shop.call("GET", "/health").status == 200
        assert made == []
        gateway = _threaded(shop)

        def first(_: int) -> int:
            barrier.wait()
            headers = {"Authorization": f"Bearer {shop.server}"}
            return int(
                gateway.handle_request("GET", "/v1/members/mem_1", headers, None)["statusCode"]
            )

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(first, range(16))) == {200}
        assert len(made) == 1

    def test_threads_do_not_mix_requests(self, shop: Shop) -> None:
        """Sixteen threads on one app: every answer is about the request that was asked."""
        gateway = _threaded(shop)
        headers = {
            "Authorization": f"Bearer {shop.server}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k",
        }

        def ask(number: int) -> bool:
            body = json.dumps({"reward": "mug", "lines": [{"sku": "a", "amount": number}]})
            path = f"/v1/members/mem_{number}/baskets"
            answer = gateway.handle_request("POST", path, headers, body.encode())
            expected = {"member": f"mem_{number}", "total": number}
            return bool(json.loads(answer["body"]) == expected)

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(ask, [n % 1000 + 1 for n in range(640)]))


class TestLog:
    """One line an outcome, of allow-listed fields."""

    def test_one_line_without_persons(self, shop: Shop, log: io.StringIO) -> None:
        """Ids, status and code are logged; nothing of the body, query or headers is."""
        body = {"reward": "conflict", "lines": [{"sku": "canary1", "amount": 1}]}
        shop.call("POST", f"/v1/members/{OWN}/baskets", body)
        line = json.loads(log.getvalue())

        assert line["member_id"] == OWN
        assert (line["status"], line["code"]) == (409, "insufficient_points")
        assert line["operation"] == "create_basket"
        assert "canary" not in log.getvalue()

    @pytest.mark.parametrize("path", ["/v1/members/canary-jane.roe", "/v1/members/mem_1?canary=1"])
    def test_what_callers_choose_is_not_logged(
        self, shop: Shop, log: io.StringIO, path: str
    ) -> None:
        """Not even where an id belongs: only ids that we made are."""
        shop.call("GET", path, headers={"X-Request-Id": "canary", "User-Agent": "canary"})

        assert json.loads(log.getvalue())["operation"] == "read_shopper"
        assert "canary" not in log.getvalue()

    def test_the_unexpected_is_logged_once(self, shop: Shop, log: io.StringIO) -> None:
        """With its type and place and the id that the caller was given, without its message."""
        refused = shop.call("POST", PATH, {**BASKET, "reward": "crash"})
        line = json.loads(log.getvalue())

        assert (line["level"], line["error_type"]) == ("ERROR", "RuntimeError")
        assert line["correlation_id"] == refused.headers["X-Request-Id"]
        assert any("toy.py" in frame for frame in line["frames"])
        assert "canary" not in log.getvalue()

    def test_other_fields_are_a_mistake(self) -> None:
        """A field that is not on the list is refused where it is written."""
        with pytest.raises(ValueError, match="name"):
            observability.outcome("http", name="Jane Roe")


@settings(
    max_examples=examples(300),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]),
    path=st.sampled_from(
        ["/v1/activities", PATH, "/v1/members/mem_1", "/v1/activities/f1", "/health"]
    ),
    query=st.sampled_from(["", "?limit=%00", "?limit=1&limit=2", "?%ff=1", "?cursor=%f0", "?="]),
    body=st.binary(max_size=60)
    | st.sampled_from([b'{"sku":"a","amount":1}', b'{"amount":1e400}', b'{"sku":{"a":[[]]}}']),
    header=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30),
    name=st.sampled_from(["Idempotency-Key", "If-Match", "Accept-Language", "Content-Type"]),
)
def test_no_request_makes_a_500(
    shop: Shop, *, method: str, path: str, query: str, body: bytes, header: str, name: str
) -> None:
    """Whatever comes in, the answer is the operation's or a refusal of its own."""
    assert shop.call(method, path + query, body, headers={name: header}).status < 500


def _handler(call: Call) -> Reply:
    del call
    return Reply()


def _event(shop: Shop, method: str, path: str, **given: Any) -> dict[str, Any]:
    gateway = LocalGateway(shop.app, Config())
    headers = {
        "Authorization": f"Bearer {shop.server}",
        "Content-Type": "application/json",
        **given.get("headers", {}),
    }
    return gateway.event_converter.create_lambda_event(method, path, headers, given.get("body"))


def _threaded(shop: Shop) -> LocalGateway:
    shop.app.__class__ = CustomLocalChalice
    return LocalGateway(shop.app, Config())
