"""HTTP through the gateway and the server to a small Chalice application and back."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chalice.app import Chalice, CORSConfig, Response

from chalicelib.store import metering
from infra.local.gateway import BODY_LIMIT_B, Gateway
from infra.local.server import PortBusyError, Server

ORIGIN = "https://portal.example"


def toy() -> Chalice:
    """Return an application that tells what reached it."""
    app = Chalice("toy", configure_logs=False)
    app.api.binary_types = ["application/octet-stream"]

    def seen(**parameters: str) -> dict[str, Any]:
        request = app.current_request
        assert request is not None
        event = request.to_original_event()
        return {
            "parameters": parameters,
            "query": event["multiValueQueryStringParameters"],
            "last": event["queryStringParameters"],
            "headers": event["headers"],
            "body": raw(app).decode("latin-1"),
            "encoded": event["isBase64Encoded"],
            "request": event["requestContext"]["requestId"],
            "invocation": app.lambda_context.aws_request_id,
            "remaining": app.lambda_context.get_remaining_time_in_millis(),
        }

    app.route("/echo", methods=["GET", "POST"], content_types=["*/*"], name="echo")(seen)
    app.route("/things/{thing}", name="thing")(seen)
    app.route("/shared", cors=CORSConfig(allow_origin=ORIGIN), name="shared")(seen)

    @app.route("/blob", methods=["POST"], content_types=["application/octet-stream"])
    def blob() -> Response:
        return Response(raw(app)[::-1], headers={"Content-Type": "application/octet-stream"})

    @app.route("/nothing", methods=["DELETE"])
    def nothing() -> Response:
        return Response("", status_code=204)

    @app.route("/cookies")
    def cookies() -> Response:
        return Response({}, headers={"Set-Cookie": ["a=1", "b=2"]})

    return app


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return the running server."""
    server = Server(0)
    server.start(Gateway(toy()))
    yield server
    server.stop()


def raw(app: Chalice) -> bytes:
    """Return the body of the current request."""
    assert app.current_request is not None
    body = app.current_request.raw_body
    return body if isinstance(body, bytes) else body.encode()


class Answer:
    """One HTTP answer, read to its end."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def call(server: Server, method: str, target: str, **more: Any) -> Answer:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, target, **more)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def test_query_keeps_repeated_and_empty_values(server: Server) -> None:
    """Repeated names keep every value in order; the single-valued form has the last."""
    answer = call(server, "GET", "/echo?type=a&type=b%20c&empty=&plus=1%2B1")

    assert answer.json["query"] == {"type": ["a", "b c"], "empty": [""], "plus": ["1+1"]}
    assert answer.json["last"]["type"] == "b c"


def test_path_parameters_are_decoded_after_the_split(server: Server) -> None:
    """An encoded slash stays within its parameter."""
    answer = call(server, "GET", "/things/a%2Fb%20c%C3%A9")

    assert answer.json["parameters"] == {"thing": "a/b cé"}


def test_headers_reach_the_application(server: Server) -> None:
    """Header names are in lower case, as HTTP/2 clients send them."""
    answer = call(server, "GET", "/echo", headers={"Idempotency-Key": "k-1"})

    assert answer.json["headers"]["idempotency-key"] == "k-1"


def test_request_id_is_everywhere_the_same(server: Server) -> None:
    """Event, Lambda context and answer carry one request id, and the deadline is 30 s."""
    answer = call(server, "GET", "/echo")

    assert answer.json["request"] == answer.json["invocation"]
    assert answer.headers["x-amzn-RequestId"] == answer.json["request"]
    assert 0 < answer.json["remaining"] <= 30_000


def test_chunked_body(server: Server) -> None:
    """A body sent in chunks arrives whole."""
    answer = call(
        server, "POST", "/echo", body=iter([b'{"a":', b"1}"]), encode_chunked=True,
        headers={"Transfer-Encoding": "chunked", "Content-Type": "application/json"},
    )  # fmt: skip

    assert answer.json["body"] == '{"a":1}'
    assert answer.json["encoded"] is False


def test_undecodable_body_reaches_the_application_as_sent(server: Server) -> None:
    """Bytes that are not UTF-8 are not replaced: the application is to refuse them."""
    answer = call(
        server, "POST", "/echo", body=b'"\xff"', headers={"Content-Type": "application/json"}
    )

    assert answer.json["body"].encode("latin-1") == b'"\xff"'
    assert answer.json["encoded"] is True


def test_binary_goes_both_ways(server: Server) -> None:
    """A binary type reaches the application as bytes, and its answer comes back as bytes."""
    kind = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}

    answer = call(server, "POST", "/blob", body=b"\x00\x01\xff\xfe", headers=kind)

    assert answer.body == b"\xfe\xff\x01\x00"


def test_bodies_over_64_kb_are_the_applications_to_refuse(server: Server) -> None:
    """The gateway passes on what API Gateway would."""
    answer = call(server, "POST", "/echo", body=b"x" * 70_000)

    assert len(answer.json["body"]) == 70_000


def test_bodies_over_10_mb_are_refused(server: Server) -> None:
    """What API Gateway would refuse is a 413 problem, before the body is read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", "/echo")
    connection.putheader("Content-Length", str(BODY_LIMIT_B + 1))
    connection.endheaders()
    answer = Answer(connection.getresponse())
    connection.close()

    assert answer.status == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["code"] == "body_too_large"


def test_unknown_path(server: Server) -> None:
    """An address that does not exist is a problem document."""
    answer = call(server, "GET", "/nowhere", headers={"Authorization": "Bearer x"})

    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json["code"], answer.json["status"]) == ("not_found", 404)


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "PROPFIND"])
def test_unsupported_method(server: Server, method: str) -> None:
    """A method that the address does not have is a problem that lists those it has."""
    answer = call(server, method, "/echo")

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST"
    assert answer.json["code"] == "method_not_allowed"


def test_head_is_refused_without_a_body(server: Server) -> None:
    """HEAD is refused like any undeclared method, without a body that would spoil what follows."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("HEAD", "/echo")
    assert Answer(connection.getresponse()).status == 405

    connection.request("GET", "/echo")
    assert Answer(connection.getresponse()).status == 200
    connection.close()


def test_no_content(server: Server) -> None:
    """A 204 has neither a body nor a length."""
    answer = call(server, "DELETE", "/nothing")

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (204, b"", None)


def test_repeated_answer_headers(server: Server) -> None:
    """A header with several values is sent once for each."""
    answer = call(server, "GET", "/cookies")

    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_preflight(server: Server) -> None:
    """A resource with CORS answers the browser's question without the application."""
    answer = call(server, "OPTIONS", "/shared", headers={"Origin": ORIGIN})

    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,OPTIONS"


def test_malformed_http(server: Server) -> None:
    """Even what is not HTTP is answered with a problem document."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n")
        answer = raw.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_concurrent_clients_get_their_own_answers(server: Server) -> None:
    """8 threads of 50 requests each: every answer belongs to its request."""

    def client(number: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        own = 0
        for turn in range(50):
            mark = f"{number}-{turn}"
            connection.request(
                "POST", f"/echo?mark={mark}", body=mark.encode(), headers={"X-Mark": mark}
            )
            answer = Answer(connection.getresponse())
            result = answer.json
            own += (
                (result["query"]["mark"][0], result["headers"]["x-mark"], result["body"])
                == (mark, mark, mark)
            ) and result["request"] == result["invocation"] == answer.headers["x-amzn-RequestId"]
        connection.close()
        return own

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(client, range(8))) == [50] * 8


def test_busy_port_names_the_variable(server: Server) -> None:
    """A port that is taken is refused with the way out."""
    with pytest.raises(PortBusyError, match=f"127.0.0.1:{server.port} is taken.*PORT="):
        Server(server.port)


@pytest.mark.parametrize(
    ("tells_cost", "result"), [(True, "calls=1; write_units=0; read_units=0.5"), (False, None)]
)
def test_cost_is_told_where_asked_for(tells_cost: bool, result: str | None) -> None:  # noqa: FBT001
    """A request's calls and capacity are in a header, and in none unless that is asked for."""
    app = toy()

    @app.route("/spending")
    def spending() -> str:
        if cost := metering.active():
            cost.calls["GetItem"] += 1
            cost.read("table", [], consistent=False)
        return "spent"

    server = Server(0)
    server.start(Gateway(app, tells_cost=tells_cost))
    try:
        assert call(server, "GET", "/spending").headers["Tessera-Cost"] == result
    finally:
        server.stop()


def test_authorizers_are_refused() -> None:
    """An application with a Chalice authorizer would run unprotected here, so it does not run."""
    app = toy()

    @app.authorizer()
    def gate(_request: Any) -> None:
        """Never reached."""

    app.route("/guarded", authorizer=gate, name="guarded")(dict)

    with pytest.raises(ValueError, match="/guarded"):
        Gateway(app)
