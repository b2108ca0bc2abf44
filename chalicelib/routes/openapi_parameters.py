"""The parameters of an operation as OpenAPI documents them: of its path, query and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.routes.operation import ME

if TYPE_CHECKING:
    from chalicelib.routes.operation import Operation


def parameters(operation: Operation, query: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return what documents the parameters; ``query`` is the schema of the query's Struct."""
    return [*_in_path(operation), *_in_query(query), *_in_headers(operation)]


def _in_path(operation: Operation) -> list[dict[str, Any]]:
    return [_path_parameter(operation, name) for name in operation.path_names]


def _path_parameter(operation: Operation, name: str) -> dict[str, Any]:
    pattern, more = operation.pattern(name), {}
    if name == "member_id" and operation.member_may:
        pattern = f"{pattern}|{ME}"
        more = {"description": f"The id of a member; members may say `{ME}` for their own."}
    schema = {"type": "string", "maxLength": 128, "pattern": f"^(?:{pattern})$"}
    return {"name": name, "in": "path", "required": True, **more, "schema": schema}


def _in_query(schema: dict[str, Any] | None) -> list[dict[str, Any]]:
    if schema is None:
        return []
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _no_null(each)}
        for name, each in schema["properties"].items()
    ]


def _no_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Say that a parameter is left out, never null."""
    options = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    shown = {name: value for name, value in schema.items() if name != "anyOf"}
    if shown.get("default", ...) is None:
        del shown["default"]
    if len(options) == 1:
        return {**options[0], **shown}
    return {**shown, "anyOf": options} if options else shown


def _in_headers(operation: Operation) -> list[dict[str, Any]]:
    found = []
    if operation.idempotent:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": operation.idempotent is True,
                "description": "New for each intention, the same on a retry.",
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": "^[!-~]+$",
                },
            },
        )
    if operation.if_match:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": operation.if_match == "required",
                "description": "The ETag that the resource was read with.",
                "schema": {"type": "string", "pattern": '^"(0|[1-9][0-9]{0,14})"$'},
            },
        )
    return found
