"""
The OpenAPI 3.1 document, from the same declarations that check requests.

It is read off the routes of the Chalice app itself, so that what is documented and what is served
cannot differ; a route that no `Operation` declares is refused.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

import chalicelib
from chalicelib.routes.http import openapi_schemas as schemas
from chalicelib.routes.http.credentials import PUBLIC, SCOPES
from chalicelib.routes.http.examples import Example, example_of
from chalicelib.routes.http.openapi_parameters import parameters
from chalicelib.routes.http.openapi_responses import HEADERS, Refusals, success
from chalicelib.routes.http.operation import JSON_TYPE
from chalicelib.routes.http.refusals import Problem
from chalicelib.routes.http.resource import operation_of
from chalicelib.routes.http.samples import with_samples

if TYPE_CHECKING:
    from chalice.app import Chalice

    from chalicelib.routes.http.operation import Operation

#: Where `make serve` answers; who asks over HTTP is told the address that they asked.
LOCAL_URL: Final = "http://127.0.0.1:8000"

_INTRODUCTION: Final = """\
Members earn by visits and purchases, climb tiers, and redeem rewards.

# Start

`make serve` runs this API on your machine with an example clinic, and prints lines to paste into
a terminal: `TESSERA_API_KEY`, and what else samples take from the environment. After that every
sample on this page can be pasted as it stands, in any order. To begin anew, stop it and delete
`.local`.

Send `Authorization: Bearer` with an API key, or with a token of your identity provider, which says
who is a member and who is staff. Each operation names the scope that a key or a role must hold. A
member's token is taken where `members-may` is true, for that member alone.

# Conventions

- **Money** is whole minor units with an ISO 4217 code: 8000 GBP is 80.00 pounds. Points are whole.
JSON knows no difference between 80.00 and 80: an amount sent as 80.00 is 80 pence.
- **Instants** are RFC 3339, in UTC where they are answered: `2026-03-02T10:00:00Z`. Days are dates
in the programme's zone: `2026-03-02`.
- **A write** takes an `Idempotency-Key`, new for each intention and the same on a retry: sent
again it answers as the first time, with `Idempotency-Replayed: true`. A dry run needs none. A
change over a `revision` takes no key, and answers as the first time, too.
- **A refusal** is a `Problem` (RFC 9457) with a stable `code`; more codes may be added. What it
means is at `/problems/<code>`. After 429 and 503 send the same request again, `Retry-After`
seconds later.
- **Rates**: where requests of a credential are limited, every answer has `RateLimit-Limit` (how
many a minute, as many at once), `RateLimit-Remaining` and `RateLimit-Reset` (seconds).
- **Lists** have a `next_cursor` where they go on: give it as `cursor`.
- **Texts** are in the language of `Accept-Language`, those in answers to writes in English.
- Every answer has `X-Request-Id`: quote it when you report something.

# Scopes

| Scope | What it allows |
|---|---|
"""


def introduction() -> str:
    """Return what there is to know before the first call."""
    return _INTRODUCTION + "".join(
        f"| `{name}` | {scope.text} |\n" for name, scope in SCOPES.items()
    )


def operations_of(app: Chalice) -> list[Operation]:
    """
    Return the operations that the app serves, by path and method.

    Raises `LookupError` where a route was not declared through a `Resource`.
    """
    found = []
    for path, methods in sorted(app.routes.items()):
        for method, entry in sorted(methods.items()):
            operation = operation_of(entry.view_function)
            if operation is None:
                raise LookupError(f"{method} {path} was not declared through a Resource")
            found.append(operation)
    return found


@lru_cache(maxsize=4)
def encoded(app: Chalice, base_url: str = LOCAL_URL) -> bytes:
    """Return the document of that app as JSON, as it is served below an address; made once."""
    return msgspec.json.encode(with_samples({**described(app), "servers": [{"url": base_url}]}))


@lru_cache(maxsize=4)
def described(app: Chalice) -> dict[str, Any]:
    """Return the document of that app, but for where it is served; made once."""
    return document(operations_of(app))


def document(operations: list[Operation]) -> dict[str, Any]:
    """Return the document of those operations."""
    types = _types(operations)
    made, named = schemas.components([*types, Problem])
    schema_of = dict(zip(map(id, types), made, strict=False))
    bodies = [schema_of[id(each.body)] for each in operations if each.body is not None]
    asked = schemas.reached(bodies, named)
    # Queries are documented parameter by parameter, not as the objects that they become.
    queries = {_component(each.query, schema_of) for each in operations if each.query is not None}
    finished = schemas.finished(named, asked | queries)
    refusals = Refusals(operations)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        query = None if each.query is None else finished[_component(each.query, schema_of)]
        entry = _operation(each, query, schema_of, refusals)
        paths.setdefault(each.path, {})[each.method.lower()] = entry
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Tessera",
            "summary": "Patient loyalty: earn, climb, redeem, expire.",
            "description": introduction(),
            "version": chalicelib.__version__,
            "contact": {"name": "Who runs this API"},
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [_tag(name) for name in sorted({each.resource for each in operations})],
        "paths": paths,
        "components": {
            "schemas": {name: each for name, each in finished.items() if name not in queries},
            "responses": refusals.components(),
            "headers": HEADERS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key (`tsk_…`), or a JWT of the configured issuer. "
                    "`make serve` prints a key that may do everything, as `TESSERA_API_KEY`.",
                },
            },
        },
    }
    return schemas.published(described)


def _tag(resource: str) -> dict[str, str]:
    """Return the tag of a resource, described by the first line of its module."""
    named = {"name": resource, "x-displayName": resource.replace("_", " ").capitalize()}
    described = sys.modules.get(f"chalicelib.routes.{resource}")
    if described is None or described.__doc__ is None:
        return named
    return {**named, "description": described.__doc__.strip().partition("\n")[0]}


def _types(operations: list[Operation]) -> list[Any]:
    # By identity: a generic alias or a union may be made anew in each declaration.
    wanted = [
        each
        for operation in operations
        for each in (operation.body, operation.query, operation.answer)
        if each is not None
    ]
    return list({id(each): each for each in wanted}.values())


def _operation(
    operation: Operation,
    query: dict[str, Any] | None,
    schema_of: dict[int, dict[str, Any]],
    refusals: Refusals,
) -> dict[str, Any]:
    content = None
    if operation.answer is not None:
        schema = schemas.plain(schema_of[id(operation.answer)])
        content = {media: {"schema": schema} for media in operation.media}
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.resource],
        "summary": operation.summary,
        "description": description(operation),
        "parameters": parameters(operation, query),
        "responses": {
            **{
                str(status): success(operation, status, content)
                for status in sorted({operation.status, *operation.also})
            },
            **refusals.of(operation),
        },
        "security": [] if operation.scope == PUBLIC else [{"bearer": []}],
    }
    if operation.scope != PUBLIC:
        entry["x-scope"] = operation.scope
        entry["x-members-may"] = operation.member_may
    if operation.body is not None:
        asked = {JSON_TYPE: {"schema": schema_of[id(operation.body)]}}
        entry["requestBody"] = {"required": True, "content": asked}
    _show(entry, example_of(operation.name))
    return entry


def description(operation: Operation) -> str:
    """Return what an operation does: the sentence of its summary, and what there is to know."""
    ended = operation.summary.endswith((".", "?", "!"))
    return f"{operation.summary}{'' if ended else '.'} {operation.description}".strip()


def _show(entry: dict[str, Any], example: Example) -> None:
    """
    Put an example that was carried out into the places where readers look for it.

    What is out of date has no place: making the examples anew needs the document first.
    """
    for parameter in entry["parameters"]:
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
    if example.body is not None and "requestBody" in entry:
        entry["requestBody"]["content"][JSON_TYPE]["example"] = example.body
    shown = {} if example.answer is None else {example.status: example.answer}
    for status, answer in {**shown, **example.also}.items():
        if JSON_TYPE not in entry["responses"].get(status, {}).get("content", {}):
            continue
        # The statuses of success share their content, not what they show.
        content = entry["responses"][status]["content"]
        shown = {**content, JSON_TYPE: {**content[JSON_TYPE], "example": answer}}
        entry["responses"][status] = {**entry["responses"][status], "content": shown}


def _component(declared: Any, schema_of: dict[int, dict[str, Any]]) -> str:
    """Return the name of the component of a Struct; msgspec qualifies names that clash."""
    reference: str = schema_of[id(declared)]["$ref"]
    return reference.rpartition("/")[2]
