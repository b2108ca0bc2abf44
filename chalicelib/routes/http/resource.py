"""
The HTTP layer that every resource stands on: declare an operation, get a checked `Call`.

::

    api = Resource("rewards")

    @api.post(
        "/members/{member_id}/redemptions",
        name="redeem_reward", scope="redemptions:write", summary="Redeem a reward",
        body=RedemptionBody, answer=RedemptionAnswer, status=201,
        idempotent=True, member_may=True, errors=("insufficient_points", "out_of_stock"),
    )
    def redeem(call: Call[RedemptionBody]) -> Reply: ...

Whatever a handler raises becomes one problem document; whatever is unexpected becomes
``internal_error`` and one line in the log.  A route without a scope, with one that does not
exist, or with a name that is no verb and a noun, fails at import.

Nothing is read at import.  `provide` names a factory of `Services`, which is called once, at the
first request.  One process may serve many threads: the request is taken from Chalice once, in
the view, and travels as an argument from there.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar, Unpack

from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib import observability
from chalicelib.routes.http import problems
from chalicelib.routes.http.credentials import PUBLIC, Principal
from chalicelib.routes.http.dispatch import correlation_id_of, problem_response, serve
from chalicelib.routes.http.operation import Body, Call, Declaration, Operation, Page, Query, Reply
from chalicelib.routes.http.services import Services, provide

__all__ = [
    "PUBLIC",
    "Body",
    "Call",
    "Operation",
    "Page",
    "Principal",
    "Query",
    "Reply",
    "Resource",
    "Services",
    "problem_middleware",
    "provide",
]

PREFIX: Final = "/v1"
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Handler = TypeVar("Handler", bound=Callable[[Call[Any, Any]], Reply])


class _OperationBlueprint(Blueprint):
    """
    A blueprint whose views belong to the app that they are registered with.

    Chalice's own deferral uses its arguments up, so that a second app, as tests make them, would
    get other methods; and its `current_request` is that of the last app registered.
    """

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name)
        self.declared: list[tuple[Operation, Callable[[Call[Any, Any]], Reply]]] = []

    def register(self, app: Chalice, options: dict[str, Any]) -> None:
        """Add a route to the app for every declared operation."""
        super().register(app, options)
        for operation, handler in self.declared:
            route = app.route(
                operation.path,
                methods=[operation.method],
                name=operation.name,
                # The content type is ours to judge: none stops a request before it is checked.
                content_types=[],
            )
            route(_view(operation, handler, app))


class Resource:
    """The operations of one resource, and the Chalice blueprint that serves them."""

    def __init__(self, name: str, *, prefix: str = PREFIX) -> None:
        self.name = name
        self.blueprint = _OperationBlueprint(f"chalicelib.routes.{name}")
        self._prefix = prefix

    @property
    def operations(self) -> list[Operation]:
        """What is declared so far, in order."""
        return [operation for operation, _ in self.blueprint.declared]

    def get(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        """Declare a read."""
        return self._declare("GET", path, declared)

    def post(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        """Declare a write that makes something, or a question too long for a query."""
        return self._declare("POST", path, declared)

    def put(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        """Declare a write that replaces something."""
        return self._declare("PUT", path, declared)

    def patch(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        """Declare a write that changes something."""
        return self._declare("PATCH", path, declared)

    def delete(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        """Declare a write that ends something."""
        return self._declare("DELETE", path, declared)

    def _declare(
        self,
        method: str,
        path: str,
        declared: Declaration,
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            # Writes are idempotent unless they say that there is nothing to repeat.
            settings: dict[str, Any] = {"idempotent": method in _WRITES, **declared}
            operation = Operation(
                method=method,
                path=self._prefix + path,
                resource=self.name,
                **settings,
            )
            self.blueprint.declared.append((operation, handler))
            return handler

        return register


def operation_of(view: object) -> Operation | None:
    """Return the operation that a Chalice view serves; nothing when it was not declared here."""
    operation = getattr(view, "operation", None)
    return operation if isinstance(operation, Operation) else None


def _view(
    operation: Operation,
    handler: Callable[[Call[Any, Any]], Reply],
    app: Chalice,
) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return serve(operation, handler, app, path)

    view.__name__ = operation.name
    view.__doc__ = operation.summary
    view.operation = operation  # type: ignore[attr-defined]
    return view


def problem_middleware(request: Request, get_response: Callable[[Any], Response]) -> Response:
    """
    Turn the framework's own refusals into problem documents.

    Registered as ``app.register_middleware(problem_middleware, "http")``.  Our own answers pass
    untouched; of the framework's, ``Allow`` and the CORS headers are kept.
    """
    correlation_id = correlation_id_of(request)
    try:
        response = get_response(request)
    except Exception as error:  # noqa: BLE001 - the outermost edge: nothing may leak past it
        observability.failure("http", error, status=500, correlation_id=correlation_id)
        problem = problems.bare_problem(HTTPStatus.INTERNAL_SERVER_ERROR, correlation_id)
        return problem_response(problem, correlation_id)
    if "X-Request-Id" in response.headers or response.status_code < HTTPStatus.BAD_REQUEST:
        return response
    problem = problems.bare_problem(response.status_code, correlation_id)
    observability.outcome(
        "http",
        status=response.status_code,
        code=problem.code,
        correlation_id=correlation_id,
    )
    rewritten = problem_response(problem, correlation_id)
    kept = {
        name: value
        for name, value in response.headers.items()
        if name == "Allow" or name.startswith("Access-Control-")
    }
    rewritten.headers.update(kept)
    return rewritten
