"""Public documents: whether the API answers, and what it can do."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from chalice.app import Chalice

import chalicelib
from chalicelib.loading import OnDemand
from chalicelib.routes.http.credentials import PUBLIC
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.routes.http.resource import Resource

api = Resource("health", prefix="")


class Health(msgspec.Struct, frozen=True):
    """The API answers, and which release it is."""

    status: Literal["ok"]
    version: str


@api.get(
    "/health",
    name="read_health",
    scope=PUBLIC,
    summary="Check that the API answers",
    description="Nothing is read: this process serves, whatever its stores do.",
    answer=Health,
)
def check(call: Call) -> Reply:  # noqa: ARG001 - nothing about the caller matters
    """Answer without reading anything."""
    return Reply(Health(status="ok", version=chalicelib.__version__))


@api.get(
    "/openapi.json",
    name="read_openapi",
    scope=PUBLIC,
    summary="Read the OpenAPI document",
    description="It describes every operation that this process serves, in OpenAPI 3.1.",
    answer=dict[str, Any],
)
def openapi(call: Call) -> Reply:
    """Return the OpenAPI document of the app that serves the request, made at the first one."""
    # Only this route pays for building schemas.
    from chalicelib.routes.http.openapi import LOCAL_URL, encoded

    return Reply(encoded(_whole(call.app), call.base_url() or LOCAL_URL))


@api.get(
    "/tools.json",
    name="list_tools",
    scope=PUBLIC,
    summary="List the operations as tools of a language model",
    description=(
        "Name, description and input schema of each, as in `tools/list` of the Model Context "
        "Protocol. `_meta` says which request a call becomes: inputs go where it names them, into "
        "the path or the query, and all others into the query of a GET or the body of what is "
        "none. `fields` says what a field of that name means wherever it has no description of its "
        "own: give it to the model with the tools. `headers` is what whoever carries the calls out "
        "sends with them."
    ),
    answer=dict[str, Any],
)
def tools(call: Call) -> Reply:
    """Return the tools of the app that serves the request, made at the first one."""
    from chalicelib.routes.http.tool_list import encoded

    return Reply(encoded(_whole(call.app)))


def _whole(app: Chalice) -> Chalice:
    """Return the app that serves a request with every resource declared."""
    if isinstance(app, OnDemand):
        app.load_all()
    return app
