"""
API Gateway's part, on one machine: HTTP to Lambda event, Lambda answer to HTTP.

A WSGI application around a Chalice one.  It builds the event that a REST API with Lambda proxy
integration sends and calls the application object with it, so everything above runs as deployed.
What API Gateway answers by itself (an unknown path or method, a preflight, a body over its limit)
is answered here, as the problem documents that the deployed API's gateway responses produce.

One thing it does that API Gateway does not, where it is asked to: it tells what each request cost
in DynamoDB, as `Tessera-Cost: calls=2; write_units=6; read_units=1`.
"""

from __future__ import annotations

import base64
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from chalice.app import Chalice, Request

import chalicelib
from chalicelib import wiring
from chalicelib.loading import ready_for_threads
from chalicelib.routes.http.problems import bare_problem
from chalicelib.store.metering import measured
from infra.local.routing import Router
from infra.local.throttle import Throttle
from infra.refusal_headers import refusal_headers

BODY_LIMIT_B: Final = 10 * 1024 * 1024
TIMEOUT_MS: Final = 30_000
STAGE: Final = "api"

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Answer = tuple[int, list[tuple[str, str]], bytes]

_log = logging.getLogger(__name__)


class Gateway:
    """
    The WSGI application; safe under any number of threads.

    The Chalice object given is changed for good: what it keeps about "the current request" becomes
    a value for each thread.  Chalice's authorizers are not emulated, and refused at construction.
    ``tells_cost`` adds the cost header, which is for who runs the server: it shows what lies
    behind an answer.  Beyond what a ``throttle`` lets through, 429 is answered, as the deployed API
    does for all callers together.
    """

    def __init__(
        self, app: Chalice, *, tells_cost: bool = False, throttle: Throttle | None = None
    ) -> None:
        self._throttle = throttle
        self._app = _threaded(app)
        self._tells_cost = tells_cost
        self._router = Router(app.routes)
        for path, methods in app.routes.items():
            if any(entry.authorizer for entry in methods.values()):
                raise ValueError(f"{path} has a Chalice authorizer, which is not emulated here")
        # No request is answered by the command line, which brings tables and colours.
        ready_for_threads(chalicelib, without="chalicelib.cli")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request_id = str(uuid.uuid4())
        try:
            answer = self._measured if self._tells_cost else self._answer
            status, headers, body = answer(environ, request_id)
        except Exception:  # noqa: BLE001 - logged with its trace
            # The outermost edge: whatever went wrong, the client gets a document and we a trace.
            _log.exception("unhandled error, request %s", request_id)
            status, headers, body = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, request_id)
        headers.append(("x-amzn-RequestId", request_id))
        if status not in _BODILESS:
            headers.append(("Content-Length", str(len(body))))
        start_response(f"{status} {_phrase(status)}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" or status in _BODILESS else [body]

    def _measured(self, environ: Environ, request_id: str) -> Answer:
        with measured() as cost:
            status, headers, body = self._answer(environ, request_id)
        spent = (
            f"calls={cost.total_calls}; write_units={cost.write_units}; "
            f"read_units={cost.read_units:g}"
        )
        return status, [*headers, ("Tessera-Cost", spent)], body

    def _answer(self, environ: Environ, request_id: str) -> Answer:
        if self._throttle is not None and not self._throttle.lets_through():
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, request_id, **{"Retry-After": "1"})
        event = self.event_of(environ, request_id)
        if not isinstance(event, dict):
            return event
        return _from_lambda(self._app(event, Context(request_id, self._app.app_name)))

    def event_of(self, environ: Environ, request_id: str) -> dict[str, Any] | Answer:
        """Return the Lambda event of a request, or what API Gateway answers by itself."""
        method = environ["REQUEST_METHOD"]
        path = _raw_path(environ)
        match = self._router.match(path)
        if match is None:
            return refusal(HTTPStatus.NOT_FOUND, request_id)
        resource, parameters = match
        entries = self._app.routes[resource]
        if method not in entries:
            if method == "OPTIONS" and (preflight := _preflight(entries)):
                return preflight
            allowed = ", ".join(sorted(entries))
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED, request_id, Allow=allowed)
        if int(environ.get("CONTENT_LENGTH") or 0) > BODY_LIMIT_B:
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, request_id)
        return _event(environ, request_id, resource, path, parameters, self._app.api.binary_types)


class Context:
    """What Lambda tells a handler about the invocation; the deadline is API Gateway's 30 s."""

    def __init__(
        self, request_id: str, function_name: str, *, timeout_ms: int = TIMEOUT_MS
    ) -> None:
        self.aws_request_id = request_id
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:local:000000000000:function:{function_name}"
        self.memory_limit_in_mb = 1024
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "local"
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + timeout_ms / 1000

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation, never below zero."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def refusal(status: HTTPStatus, request_id: str, **headers: str) -> Answer:
    """Return what the deployed API's gateway responses make of a status."""
    problem = bare_problem(int(status), request_id)
    own = {**refusal_headers(wiring.cors_origin()), "X-Request-Id": request_id}
    return problem.status, [*(own | problem.headers | headers).items()], problem.body


_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
# These arrive in WSGI without the prefix of every other header.
_BARE_HEADERS: Final = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}


def _event(
    environ: Environ,
    request_id: str,
    resource: str,
    path: str,
    parameters: dict[str, str],
    binary_types: list[str],
) -> dict[str, Any]:
    method = environ["REQUEST_METHOD"]
    headers = _headers(environ)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    body, encoded = _body(environ, headers.get("content-type", ""), binary_types)
    return {
        "resource": resource,
        "path": unquote(path),
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        # API Gateway says null where there is nothing, and takes the last of repeated names.
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "requestId": request_id,
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/{STAGE}{unquote(path)}",
            "stage": STAGE,
            "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "requestTimeEpoch": time.time_ns() // 1_000_000,
            "identity": {
                "sourceIp": environ.get("REMOTE_ADDR", "127.0.0.1"),
                "userAgent": headers.get("user-agent", ""),
            },
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def _raw_path(environ: Environ) -> str:
    # PATH_INFO is decoded already, so a %2F in it is a slash by now.  The request
    # line is as sent; a proxy's form of it has the scheme and the host in front.
    target = str(environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition("?")[0]
    if "://" in target and not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("#")[0] or "/"


def _headers(environ: Environ) -> dict[str, str]:
    found = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    bare = {name: environ[key] for key, name in _BARE_HEADERS.items() if environ.get(key)}
    return found | bare


def _body(environ: Environ, content_type: str, binary_types: list[str]) -> tuple[str | None, bool]:
    raw: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not raw:
        return None, False
    if content_type.partition(";")[0].strip().lower() not in binary_types:
        try:
            return raw.decode(), False
        except UnicodeDecodeError:
            # API Gateway would replace the bad bytes and so hide them; the application gets to
            # see, and to refuse, what was sent.
            pass
    return base64.b64encode(raw).decode(), True


def _from_lambda(answer: dict[str, Any]) -> Answer:
    headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers.extend((name, str(value)) for value in values)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    body = answer.get("body") or ""
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else _encoded(body)
    return int(answer["statusCode"]), headers, raw


def _encoded(body: str | bytes) -> bytes:
    return body if isinstance(body, bytes) else body.encode()


def _preflight(entries: dict[str, Any]) -> Answer | None:
    """Return the answer that Chalice puts into the API for a resource with CORS, if it has any."""
    methods = [name for name, entry in entries.items() if entry.cors is not None]
    if not methods:
        return None
    headers = dict(entries[methods[0]].cors.get_access_control_headers())
    headers["Access-Control-Allow-Methods"] = ",".join([*methods, "OPTIONS"])
    return int(HTTPStatus.OK), [*headers.items(), ("Content-Type", "application/json")], b""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _threaded(app: Chalice) -> Chalice:
    # Lambda runs one request at a time in a process and Chalice relies on it: under threads its
    # attributes would hand one request's headers and query to another.
    if not isinstance(app, _PerThread):
        app.__class__ = type("LocalApp", (_PerThread, app.__class__), {})
    return app


class _PerThread(Chalice):
    """A Chalice application in which each thread has its own current request."""

    _here = threading.local()

    @property
    def current_request(self) -> Request | None:
        return getattr(self._here, "request", None)

    @current_request.setter
    def current_request(self, value: Request | None) -> None:
        self._here.request = value

    @property
    def lambda_context(self) -> Any:
        return getattr(self._here, "context", None)

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._here.context = value
