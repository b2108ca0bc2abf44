"""
The operations as tools of a language model: what each does, and what it takes.

The list has the shape of `tools/list` of the Model Context Protocol; others only name its fields
differently.  It is made of the OpenAPI document, and short enough to be given whole: what a model
would not read, such as the schema of a programme, is left in the document, and what a field of one
name means in many tools is said once, beside them.  So are the headers that are not a model's to
fill in, but whoever's that carries its calls out.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.routes.http.openapi import described
from chalicelib.routes.http.openapi_schemas import without_null
from chalicelib.routes.http.operation import JSON_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalice.app import Chalice

    Schema = dict[str, Any]

#: Where a model is told of a schema and does not get it.
_APART: Final = {"ProgrammeDocument"}
#: What a model cannot follow to the letter; where it does not, the refusal says what to change.
_LEFT_OUT: Final = frozenset(
    {
        *("title", "additionalProperties", "propertyNames", "not"),
        *("maxLength", "minLength", "maxItems", "minItems", "pattern", "minimum", "maximum"),
        *("minProperties", "maxProperties"),
    }
)
#: What each call that writes is sent with, by whoever carries it out.
_HEADERS: Final = {
    "Idempotency-Key": "Sent with every call that is no GET and no `dry_run`: new for each, such "
    "as a UUID, and the same when a call is sent again."
}
#: Of how many values one is to be chosen before they are left to the refusal of a wrong one.
_CHOICES_MAX: Final = 20
#: In how many places a field means the same before that is said once for all of them.
_OFTEN: Final = 2


@lru_cache(maxsize=4)
def encoded(app: Chalice) -> bytes:
    """Return the tools of that app as JSON, made once, and what fields mean in many of them."""
    made = tools(described(app))
    return msgspec.json.encode({"tools": made, "fields": _said_once(made), "headers": _HEADERS})


def tools(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a tool for each operation of a document that takes a credential."""
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["security"]
    ]
    schemas = document["components"]["schemas"]
    # What is one tool's input is not told again where another takes many of it.
    elsewhere = {
        _body_of(each)["$ref"].rpartition("/")[2]: {
            "type": "object",
            "description": f"As `{each['operationId']}` takes it.",
        }
        for _, _, each in operations
        if "$ref" in _body_of(each)
    }
    return [
        {
            "name": operation["operationId"],
            "description": operation["description"],
            "inputSchema": _input(operation, schemas, schemas | elsewhere),
            **({"annotations": {"readOnlyHint": True}} if method == "get" else {}),
            "_meta": {"request": f"{method.upper()} {path}{_asked(method, operation)}"},
        }
        for method, path, operation in operations
    ]


def _body_of(operation: dict[str, Any]) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    body: Schema = content.get(JSON_TYPE, {}).get("schema", {})
    return body


def _asked(method: str, operation: dict[str, Any]) -> str:
    """Return the names of a query beside a body: of what only reads, all inputs are the query's."""
    names = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
    return f"?{'&'.join(names)}" if names and method != "get" else ""


def _said_once(made: list[dict[str, Any]]) -> dict[str, str]:
    """Take the descriptions out of tools that fields of one name often have, and return them."""
    fields = [field for tool in made for field in _fields(tool["inputSchema"])]
    often = Counter((name, each["description"]) for name, each in fields if "description" in each)
    # Of a name that means several things, the one that is meant most often.
    found = {name: text for (name, text), times in reversed(often.most_common()) if times >= _OFTEN}
    for name, each in fields:
        if each.get("description") == found.get(name, ""):
            del each["description"]
    return found


def _fields(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the fields of a schema, and of what is in it, by their names."""
    for name, each in schema.get("properties", {}).items():
        yield name, each
        yield from _fields(each)
    for each in (schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if isinstance(each, dict):
            yield from _fields(each)


def _input(
    operation: dict[str, Any], schemas: dict[str, Schema], within: dict[str, Schema]
) -> Schema:
    """
    Return the parameters and the fields of the body by their names.

    ``within`` are the schemas that stand for those which a body is made of.
    """
    fields: dict[str, Schema] = {}
    required: list[str] = []
    for each in operation["parameters"]:
        # A revision is sent in the body as well.
        if each["in"] == "header":
            continue
        fields[each["name"]] = {**_short(each["schema"], schemas), **_text(each)}
        if each["required"]:
            required.append(each["name"])
    body = _body_of(operation)
    body = _short(schemas.get(body.get("$ref", "").rpartition("/")[2], body), within)
    if twice := fields.keys() & body.get("properties", {}).keys():
        raise LookupError(f"{operation['operationId']} takes {sorted(twice)} twice")
    fields |= body.get("properties", {})
    required += body.get("required", [])
    return {"type": "object", "properties": fields, **({"required": required} if required else {})}


def _text(part: dict[str, Any]) -> dict[str, Any]:
    return {"description": part["description"]} if "description" in part else {}


def _short(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """Return a schema with what it refers to in place, and without what only a validator needs."""
    schema = without_null(schema)
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in _APART:
        text = f"Its schema is `{name}` in `/openapi.json`."
        return {"type": "object", "description": f"{schema.get('description', '')} {text}".strip()}
    if name:
        return {**_short(schemas[name], schemas), **_text(schema)}
    shortened = {
        keyword: _shortened(keyword, value, schemas)
        for keyword, value in schema.items()
        # Of what it may be one by one, the type goes without saying.
        if keyword not in _LEFT_OUT and not (keyword == "type" and _are_told(schema))
        if keyword != "enum" or _are_told(schema)
    }
    if "description" in schema and shortened.get("items", {}).get("type") == "string":
        # The list says what its texts are.
        shortened["items"].pop("description", None)
    return shortened


def _are_told(schema: Schema) -> bool:
    return 0 < len(schema.get("enum", ())) <= _CHOICES_MAX


def _shortened(keyword: str, value: Any, schemas: dict[str, Schema]) -> Any:
    if keyword == "description":
        # What comes after the first paragraph is about fields, which have their own.
        return value.partition("\n\n")[0]
    if keyword == "properties":
        return {name: _short(each, schemas) for name, each in value.items()}
    if keyword == "items":
        return _short(value, schemas)
    if keyword in {"anyOf", "oneOf", "allOf"}:
        return [_short(each, schemas) for each in value]
    return value
