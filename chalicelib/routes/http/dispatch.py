"""
One request in, one response out: check, call the handler, present what it answers or raises.

The checks are made in a fixed order and the first refusal is the answer: credential (401), its rate
(429), scope (403), path (404; a member's own account only), query (422), headers (400), body (413,
415, 400, 422).
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec
from chalice.app import Chalice, Request, Response

from chalicelib import metrics, observability
from chalicelib.domain.conversion import Refused, convert
from chalicelib.domain.errors import Invalid, LoyaltyError, Malformed, MemberNotFound, NotFound
from chalicelib.routes.http import headers, problems
from chalicelib.routes.http.credentials import (
    PUBLIC,
    Principal,
    acting_for,
    authenticate,
    authorise,
)
from chalicelib.routes.http.operation import ME, Call, Operation, Query, Reply, made_id
from chalicelib.routes.http.parsing import parse_object
from chalicelib.routes.http.services import Services, provided
from chalicelib.usecases.services import Acting, Within

_PATH_LENGTH_MAX: Final = 128
_HOST: Final = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
#: What a caller without a Lambda context, such as a test, has left.
_UNLIMITED_MS: Final = 30_000


def serve(
    operation: Operation,
    handler: Callable[[Call[Any, Any]], Reply],
    app: Chalice,
    path: dict[str, str],
) -> Response:
    """Give one answer to one request, whatever happens, and log one line about it."""
    started = time.perf_counter()
    request = app.current_request
    assert request is not None  # noqa: S101 - Chalice sets it before it calls a view
    correlation_id = correlation_id_of(request)
    seen: dict[str, object] = {"operation": operation.name, "correlation_id": correlation_id}
    told: dict[str, str] = {}
    unexpected: Exception | None = None
    try:
        call = _call(operation, app, request, path, correlation_id, seen, told)
        if operation.takes_codes:
            from chalicelib.routes.http.codes import guarded

            handler = guarded(handler)
        if call.access is not None and "member_id" in call.path:
            from chalicelib.routes.http.acting import checked

            handler = checked(handler)
        reply = handler(call)
        response = _present(operation, reply, correlation_id)
        seen["replayed"] = reply.replayed or None
    except LoyaltyError as error:
        problem = problems.problem_of(error, correlation_id)
        response = problem_response(problem, correlation_id)
        seen["code"] = problem.code
    except Exception as error:  # noqa: BLE001 - the outermost edge: nothing may leak past it
        unexpected = error
        problem = problems.bare_problem(HTTPStatus.INTERNAL_SERVER_ERROR, correlation_id)
        response = problem_response(problem, correlation_id)
        seen["code"] = problem.code
    response.headers.update(told)
    seen["status"] = response.status_code
    seen["duration_ms"] = round((time.perf_counter() - started) * 1000, 1)
    if unexpected is None:
        observability.outcome("http", **seen)
    else:
        observability.failure("http", unexpected, **seen)
    if "code" in seen:
        metrics.count("Refusals", of=str(seen["code"]))
    metrics.flush()
    return response


def _call(
    operation: Operation,
    app: Chalice,
    request: Request,
    given_path: dict[str, str],
    correlation_id: str,
    seen: dict[str, object],
    told: dict[str, str],
) -> Call[Any, Any]:
    """Return the checked request; the order of the checks is the order of the refusals."""
    services = provided() if operation.scope != PUBLIC else None
    principal = _principal(operation, request, services, seen, told)
    path = _path(operation, given_path, principal)
    access: Acting | Within | None = None
    if principal is not None and "member_id" in path:
        access = acting_for(principal, path["member_id"], operation.delegates)
        seen["member_id"] = _log_id(path["member_id"])
    if services is not None and principal is not None and principal.locations is not None:
        from chalicelib.routes.http.acting import within  # few credentials are limited

        access = within(operation, principal, services)
    given = request.headers
    query = _query(operation, request)
    wanted = operation.idempotent
    if wanted and getattr(query, "dry_run", False):
        wanted = "optional"  # nothing is written, so nothing can be written twice
    key = headers.idempotency_key(given.get("idempotency-key"), wanted=wanted)
    entity_tag = headers.if_match(given.get("if-match"), wanted=operation.if_match)
    raw_body = _raw_body(request)
    body = _body(operation, raw_body, given.get("content-type"))
    return Call(
        app=app,
        operation=operation,
        principal=principal,
        path=path,
        query=query,
        body=body,
        raw_body=raw_body,
        idempotency_key=key,
        if_match=entity_tag,
        correlation_id=correlation_id,
        access=access,
        locale=headers.first_locale(given.get("accept-language")),
        remaining_ms=_remaining(request),
        base_url=lambda: _base_url(request),
        services=services,
    )


def _principal(
    operation: Operation,
    request: Request,
    services: Services | None,
    seen: dict[str, object],
    told: dict[str, str],
) -> Principal | None:
    if services is None:
        return None
    header = request.headers.get("authorization")
    principal = authenticate(header, services.keys, services.tokens, services.wall_clock())
    seen["tenant"] = principal.tenant
    seen["actor_kind"] = principal.kind
    if principal.kind == "server":
        seen["key_id"] = principal.id
    if services.rates is not None:
        services.rates.take(principal, told)
    authorise(
        principal,
        operation.scope,
        member_may=operation.member_may,
        limited_may=operation.limited_may,
    )
    return principal


def _path(
    operation: Operation, given: dict[str, str], principal: Principal | None
) -> dict[str, str]:
    """
    Return decoded parameters; one that no id could look like is as absent as an unknown id.

    A member may say ``me`` for their own id, which is the same request in other words.
    """
    decoded: dict[str, str] = {}
    for name, value in given.items():
        pattern = operation.pattern(name)
        try:
            text = unquote_to_bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        if name == "member_id" and text == ME and principal is not None:
            if principal.member_id is None:
                raise NotFound(
                    "member_not_found",
                    f"`{ME}` needs a member's token, and stands for that member: name the member "
                    "by id instead.",
                )
            text = principal.member_id
        if len(text) > _PATH_LENGTH_MAX or not re.fullmatch(pattern, text):
            if name == "member_id":
                raise MemberNotFound
            raise NotFound("not_found", "Nothing has that id.")
        decoded[name] = text
    return decoded


def _query(operation: Operation, request: Request) -> Query | None:
    """Return the parsed query; nothing where none is declared."""
    given = request.query_params
    values = {} if given is None else {name: given.getlist(name) for name in given}
    if not values:
        if operation.query is None:
            return None
        defaults = _defaults(operation.query)
        if defaults is not None:
            return defaults
    from chalicelib.routes.http.queries import parse_query

    return parse_query(values, operation.query)


@cache
def _defaults(query: type[Query]) -> Query | None:
    """Return a query as declared; ``None`` where it has something that must be given."""
    with suppress(msgspec.ValidationError):
        return msgspec.convert({}, query)
    return None


def _raw_body(request: Request) -> bytes:
    try:
        raw = request.raw_body
    except (UnicodeEncodeError, ValueError):
        raise Malformed("malformed_json", "The body is not UTF-8.") from None
    return raw if isinstance(raw, bytes) else raw.encode()


def _body(operation: Operation, raw: bytes, content_type: str | None) -> Any:
    """Return the Struct that the body became; nothing where none is declared."""
    if operation.body is None:
        if raw.strip() not in {b"", b"{}"}:
            raise Invalid("invalid_body", "This operation takes no body.")
        return None
    headers.require_json(content_type)
    parsed = parse_object(raw)
    try:
        return convert(parsed, operation.body)
    except Refused as refused:
        raise Invalid(
            "invalid_body",
            "The body breaks the schema; see errors.",
            errors=[
                {"pointer": violation.pointer, "detail": violation.detail}
                for violation in refused.violations
            ],
        ) from None


def _remaining(request: Request) -> Callable[[], int]:
    context = request.lambda_context
    if context is None or not hasattr(context, "get_remaining_time_in_millis"):
        return lambda: _UNLIMITED_MS
    return lambda: int(context.get_remaining_time_in_millis())


def _base_url(request: Request) -> str:
    """Return the address below which the caller found the API: with its stage or base path."""
    context, host = request.context, request.headers.get("host") or ""
    if domain := context.get("domainName"):
        return f"https://{domain}{str(context['path']).removesuffix(request.path)}"
    if not _HOST.fullmatch(host):
        return ""
    return f"{'https' if request.headers.get('x-forwarded-proto') == 'https' else 'http'}://{host}"


def correlation_id_of(request: Request | None) -> str:
    """Return the request's id as the gateway or the function gave it, no caller's choice."""
    if request is not None:
        given = request.context.get("requestId")
        found = given or getattr(request.lambda_context, "aws_request_id", None)
        if isinstance(found, str) and found:
            return found
    return str(uuid.uuid4())  # nosemgrep: randomness - for the log, nothing depends on it


def _log_id(member_id: str) -> str | None:
    # Only ids that we made: a caller may put a name or a number of a person where an id belongs.
    return member_id if re.fullmatch(made_id("member_id"), member_id) else None


def _present(operation: Operation, reply: Reply, correlation_id: str) -> Response:
    extra = dict(reply.headers or {})
    if reply.replayed:
        extra["Idempotency-Replayed"] = "true"
    if reply.version is not None:
        extra["ETag"] = f'"{reply.version}"'
    body = reply.body
    if body is None:
        encoded = b""
    else:
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    media = reply.media or operation.media[0]
    return _response(reply.status or operation.status, encoded, media, extra, correlation_id)


def problem_response(problem: problems.Problem, correlation_id: str) -> Response:
    """Return the response that carries a problem document."""
    return _response(
        problem.status,
        problem.body,
        problems.PROBLEM_TYPE,
        problem.headers,
        correlation_id,
    )


def _response(
    status: int,
    body: bytes,
    content_type: str,
    extra: dict[str, str],
    correlation_id: str,
) -> Response:
    # As text: Lambda encodes answers as JSON itself, and UTF-8 comes out as the same bytes.
    return Response(
        body=body.decode("utf-8"),
        status_code=status,
        headers={
            "Content-Type": content_type,
            "X-Request-Id": correlation_id,
            **headers.ANSWER_HEADERS,
            **extra,
        },
    )
