"""The parameters of an operation as OpenAPI documents them: of its path, query and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chalicelib.routes.http.openapi_schemas import described, without_null
from chalicelib.routes.http.operation import ME

if TYPE_CHECKING:
    from chalicelib.routes.http.operation import Operation

_KEY: Final = "New for each write, such as a UUID; the same on a retry."
_KEY_UNLESS_DRY: Final = f"{_KEY} Required, but not where `dry_run` is true."


def parameters(operation: Operation, query: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return what documents the parameters; ``query`` is the component of the query's Struct."""
    return [*_in_path(operation), *_in_query(query), *_in_headers(operation)]


def _in_path(operation: Operation) -> list[dict[str, Any]]:
    return [_path_parameter(operation, name) for name in operation.path_names]


def _path_parameter(operation: Operation, name: str) -> dict[str, Any]:
    pattern, description = operation.pattern(name), described(name, operation.name) or name
    if name == "member_id" and operation.member_may:
        pattern = f"{pattern}|{ME}"
        description = f"The member; `{ME}` for oneself."
    schema = {"type": "string", "maxLength": 128, "pattern": f"^(?:{pattern})$"}
    place = {"name": name, "in": "path", "required": True}
    return {**place, "description": description, "schema": schema}


def _in_query(component: dict[str, Any] | None) -> list[dict[str, Any]]:
    if component is None:
        return []
    required = component.get("required", [])
    found = []
    for name, declared in component["properties"].items():
        schema = without_null(declared)
        text = schema.pop("description", None)
        place = {"name": name, "in": "query", "required": name in required}
        found.append({**place, **({"description": text} if text else {}), "schema": schema})
    return found


def _in_headers(operation: Operation) -> list[dict[str, Any]]:
    found = []
    if operation.idempotent:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                # No schema says "unless that is true"; the refusal does.
                "required": operation.idempotent is True and not operation.tries,
                "description": _KEY_UNLESS_DRY
                if operation.idempotent is True and operation.tries
                else _KEY,
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
                "required": False,
                "description": "The ETag that it was read with, where `revision` is not sent.",
                "schema": {"type": "string", "pattern": '^"(0|[1-9][0-9]{0,14})"$'},
            },
        )
    return found
