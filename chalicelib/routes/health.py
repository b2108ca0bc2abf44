"""The two public documents: whether the API answers, and what it can do."""

from __future__ import annotations

from typing import Any

import msgspec

import chalicelib
from chalicelib.loading import OnDemand
from chalicelib.routes.credentials import PUBLIC
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Call, Reply

api = Resource("health", prefix="")


class Health(msgspec.Struct, frozen=True):
    """The API answers, and which release it is."""

    status: str
    version: str


@api.get(
    "/health",
    name="read_health",
    scope=PUBLIC,
    summary="Whether the API answers",
    description="Reads nothing: it says that this process serves, not that all of its stores do.",
    answer=Health,
)
def check(call: Call) -> Reply:  # noqa: ARG001 - nothing about the caller matters
    """Answers without reading anything."""
    return Reply(Health(status="ok", version=chalicelib.__version__))


@api.get(
    "/openapi.json",
    name="read_openapi",
    scope=PUBLIC,
    summary="This document",
    description="The OpenAPI 3.1 description of every operation that this process serves.",
    answer=dict[str, Any],
)
def openapi(call: Call) -> Reply:  # noqa: ARG001 - the same for everyone
    """Return the OpenAPI document of the app that serves the request, made at the first one."""
    # Only this route pays for building schemas.
    from chalicelib.routes.openapi import encoded

    served = api.blueprint.current_app
    if isinstance(served, OnDemand):
        served.load_all()
    return Reply(encoded(served))
