"""
The OpenAPI 3.1 document, from the same declarations that check requests.

It is read off the routes of the Chalice app itself, so that what is documented and what is served
cannot differ; a route that no `Operation` declares is refused.
"""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import msgspec

import chalicelib
from chalicelib.routes import problems
from chalicelib.routes.credentials import PUBLIC, SCOPES
from chalicelib.routes.http import operation_of
from chalicelib.routes.openapi_parameters import parameters
from chalicelib.routes.operation import JSON_TYPE, Page, Query

if TYPE_CHECKING:
    from chalice.app import Chalice

    from chalicelib.routes.operation import Operation

_REF: Final = "#/components/schemas/{name}"
#: What any operation may answer with, and what those with a credential or a body add.
_ALWAYS: Final = ("too_many_requests", "internal_error", "unavailable")
_WITH_CREDENTIAL: Final = (
    "credential_missing",
    "credential_invalid",
    "insufficient_scope",
    "unknown_tenant",
    # Whoever is known was looked up, and what they ask for is read.
    "store_unavailable",
    "newer_schema",
)
_WITH_BODY: Final = (
    "malformed_json",
    "body_too_large",
    "unsupported_media_type",
    "invalid_body",
)

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is stable; `detail` says what to do.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body."},
                    "parameter": {"type": "string", "description": "The query parameter."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def operations_of(app: Chalice) -> list[Operation]:
    """
    Return the operations that the app serves, by path and method.

    Raises:
        LookupError: a route was not declared through a `Resource`.
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
def encoded(app: Chalice) -> bytes:
    """Return the document of that app as JSON, made once."""
    return msgspec.json.encode(document(operations_of(app)))


def document(operations: list[Operation]) -> dict[str, Any]:
    """Return the document of those operations."""
    types = _types(operations)
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = dict(zip(map(id, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        entry = _operation(operation, schema_of, components)
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    # Queries are documented parameter by parameter, not as the objects that they become.
    queries = {_component(operation.query, schema_of) for operation in operations}
    kept = {name: schema for name, schema in components.items() if name not in queries}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tessera",
            "summary": "Patient loyalty: earn, climb, redeem, expire.",
            "version": chalicelib.__version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Next to the document, wherever that is: below a stage, or a domain of one's own.
        "servers": [{"url": "./"}],
        "tags": [_tag(name) for name in sorted({each.resource for each in operations})],
        "paths": paths,
        "components": {
            "schemas": {**kept, "Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key (`tsk_…`) or a JWT of the configured issuer. "
                    "Scopes: " + "; ".join(f"`{name}`: {text}" for name, text in SCOPES.items()),
                },
            },
        },
    }


def _tag(resource: str) -> dict[str, str]:
    """Return the tag of a resource, described by the first line of its module."""
    described = sys.modules.get(f"{__package__}.{resource}")
    if described is None or described.__doc__ is None:
        return {"name": resource}
    return {"name": resource, "description": described.__doc__.strip().partition("\n")[0]}


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
    schema_of: dict[int, dict[str, Any]],
    components: dict[str, Any],
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.resource],
        "summary": operation.summary,
        "parameters": parameters(operation, components.get(_component(operation.query, schema_of))),
        "responses": {
            **{
                str(status): _success(operation, schema_of)
                for status in sorted({operation.status, *operation.also})
            },
            **_refusals(operation),
        },
        "security": [] if operation.scope == PUBLIC else [{"bearer": []}],
    }
    if operation.description:
        entry["description"] = operation.description
    if operation.scope != PUBLIC:
        entry["x-scope"] = operation.scope
        entry["x-members"] = operation.member_may
    if operation.body is not None:
        content = {JSON_TYPE: {"schema": schema_of[id(operation.body)]}}
        entry["requestBody"] = {"required": True, "content": content}
    _show(entry, _examples().get(operation.name, {}))
    return entry


@cache
def _examples() -> dict[str, Any]:
    text = resources.files("chalicelib.routes").joinpath("examples.json").read_bytes()
    examples: dict[str, Any] = msgspec.json.decode(text)
    return examples


def _show(entry: dict[str, Any], example: dict[str, Any]) -> None:
    """
    Put an example that was carried out into the places where readers look for it.

    What is out of date has no place: making the examples anew needs the document first.
    """
    for parameter in entry["parameters"]:
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
    if "body" in example and "requestBody" in entry:
        entry["requestBody"]["content"][JSON_TYPE]["example"] = example["body"]
    if "answer" in example and JSON_TYPE in entry["responses"].get(example["status"], {}).get(
        "content", {}
    ):
        entry["responses"][example["status"]]["content"][JSON_TYPE]["example"] = example["answer"]


def _component(declared: Any, schema_of: dict[int, dict[str, Any]]) -> str:
    """Return the name of the component of a Struct; msgspec qualifies names that clash."""
    reference: str = schema_of[id(declared)]["$ref"] if declared else ""
    return reference.rpartition("/")[2]


def _success(operation: Operation, schema_of: dict[int, dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        schema = schema_of[id(operation.answer)]
        answer["content"] = {media: {"schema": schema} for media in operation.media}
    if operation.idempotent:
        answer["headers"] = {
            "Idempotency-Replayed": {
                "description": "`true` when this is the first answer once more.",
                "schema": {"type": "string", "const": "true"},
            },
        }
    return answer


def _refusals(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*operation.errors, *_common_codes(operation))):
        by_status.setdefault(problems.CODES[code].status, []).append(code)
    return {str(status): _refusal(codes) for status, codes in sorted(by_status.items())}


def _refusal(codes: list[str]) -> dict[str, Any]:
    described = "; ".join(f"`{code}`: {problems.CODES[code].title}" for code in codes)
    schema = {
        "allOf": [
            {"$ref": _REF.format(name="Problem")},
            {"properties": {"code": {"enum": codes}}},
        ],
    }
    return {"description": described, "content": {problems.PROBLEM_TYPE: {"schema": schema}}}


def _common_codes(operation: Operation) -> list[str]:
    return [
        *_ALWAYS,
        *_credential_codes(operation),
        *_path_codes(operation),
        *_header_codes(operation),
        "invalid_query",
        *(("invalid_cursor",) if issubclass(operation.query or Query, Page) else ()),
        *(("invalid_body",) if operation.body is None else _WITH_BODY),
    ]


def _credential_codes(operation: Operation) -> list[str]:
    if operation.scope == PUBLIC:
        return []
    return [*_WITH_CREDENTIAL, *(() if operation.member_may else ("not_for_members",))]


def _path_codes(operation: Operation) -> list[str]:
    names = operation.path_names
    codes = ["member_not_found"] if "member_id" in names else []
    return codes if set(names) <= {"member_id"} else [*codes, "not_found"]


def _header_codes(operation: Operation) -> list[str]:
    codes = []
    if operation.idempotent:
        # What must happen once is what is written to an account.
        codes += ["invalid_idempotency_key", "idempotency_key_reused", "account_too_large"]
    if operation.idempotent is True:
        codes.append("idempotency_key_required")
    if operation.if_match:
        codes += ["invalid_if_match", "stale"]
    if operation.if_match == "required":
        codes.append("if_match_required")
    return codes
