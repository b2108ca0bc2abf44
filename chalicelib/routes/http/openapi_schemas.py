"""
The schemas of the OpenAPI document: those of msgspec, as generators, linters and agents read them.

A declaration says what is checked.  Some of it tools would take for something else, and some of it
it need not say, since a name means the same wherever it stands; both is settled here, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from chalicelib.routes.http.operation import ID_PREFIXES, made_id

Schema = dict[str, Any]

REFERENCE: Final = "#/components/schemas/{name}"
_REFERENCE: Final = re.compile(r"#/components/schemas/(\w+)")
_NULL: Final = {"type": "null"}
#: What the end of a name says of a text that an answer or a request holds.
_FORMATS: Final = {"_at": "date-time", "_on": "date"}
#: How components end in the code, and what clients see of it.
_ENDINGS: Final = {"View": "", "Body": "Input"}
#: What a request's strings may not hold (`parsing`), where no pattern says it already.
_ORDINARY: Final = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"


def components(types: list[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """Return the schema of each type, and the components that these refer to."""
    schemas, named = msgspec.json.schema_components(types, ref_template=REFERENCE)
    return list(schemas), named


def published(document: dict[str, Any]) -> dict[str, Any]:
    """
    Return the document with its components named as clients would name them.

    Raises `LookupError` where two components would have one name.
    """
    schemas = document["components"]["schemas"]
    names = {name: public_name(name) for name in schemas}
    if len(set(names.values())) < len(names):
        taken = [new for new in names.values() if list(names.values()).count(new) > 1]
        raise LookupError(f"name these differently: {sorted(set(taken))}")
    made: dict[str, Any] = _renamed(document, names)
    # Some generators take the title for the name.
    made["components"]["schemas"] = {
        names[name]: {**schema, "title": names[name]}
        for name, schema in made["components"]["schemas"].items()
    }
    return made


def public_name(name: str) -> str:
    """Return what clients see of the name of a component."""
    for ending, shown in _ENDINGS.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + shown
    return name


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {
            name: _REFERENCE.sub(lambda found: REFERENCE.format(name=names[found[1]]), value)
            if name == "$ref"
            else _renamed(value, names)
            for name, value in part.items()
        }
    if isinstance(part, list):
        return [_renamed(each, names) for each in part]
    return part


def finished(named: Mapping[str, Schema], asked: set[str]) -> dict[str, Schema]:
    """Return the components as they are published; ``asked`` are those that requests hold."""
    return {name: _component(name, named[name], asked=name in asked) for name in sorted(named)}


def reached(part: Any, named: Mapping[str, Schema]) -> set[str]:
    """Return the names of the components that a part refers to, however indirectly."""
    found: set[str] = set()
    waiting = list(_references(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(named[name]))
    return found


def plain(schema: Schema, *, asked: bool = False) -> Schema:
    """
    Return one schema without what tools misread.

    A ``default`` is told in words: to generators it makes a field one that is always there.  An
    object whose fields are not named is open, which they read as one without fields unless it is
    said; beside a reference they expect no type, and beside the values of a text one.
    """
    made = {name: _plain(name, value, asked=asked) for name, value in schema.items()}
    if all(isinstance(each, str) for each in made.get("enum", (None,))):
        made["type"] = "string"
    if "$ref" in made:
        made.pop("type", None)
    elif made.get("type") == "object" and not made.keys() & _SHAPES:
        made["additionalProperties"] = True
    elif asked and made.get("type") == "string" and not made.keys() & _LIMITED:
        made["pattern"] = _ORDINARY
    if asked and isinstance(made.get("additionalProperties"), dict):
        made.setdefault("propertyNames", {"pattern": _ORDINARY})
    if made.get("required") == []:
        del made["required"]
    _tell_default(made, schema.get("default"), asked=asked)
    return made


_SHAPES: Final = frozenset({"properties", "additionalProperties"})
_LIMITED: Final = frozenset({"pattern", "enum", "const", "format"})


def _plain(keyword: str, value: Any, *, asked: bool) -> Any:
    if keyword == "description":
        return prose(value)
    if keyword == "properties":
        return {name: plain(each, asked=asked) for name, each in value.items()}
    if keyword in {"items", "additionalProperties", "not"} and isinstance(value, dict):
        return plain(value, asked=asked)
    if keyword in {"anyOf", "oneOf", "allOf"}:
        return [plain(each, asked=asked) for each in value]
    return value


def prose(docstring: str) -> str:
    """Return a docstring as Markdown: paragraphs of one line each."""
    paragraphs = docstring.replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


def described(name: str, component: str) -> str | None:
    """
    Return what a field or a parameter is: in that component or operation, or wherever it stands.

    `descriptions.json` says it.  What a declaration says is about the field's type, and stands
    where nothing else does; a refusal describes its own members.
    """
    texts = _descriptions()
    alone = component in _SELF_DESCRIBED
    return texts.get(f"{component}.{name}") or (None if alone else texts.get(name))


@cache
def _descriptions() -> dict[str, str]:
    text = resources.files("chalicelib.routes.http").joinpath("descriptions.json").read_bytes()
    found: dict[str, str] = msgspec.json.decode(text)
    return found


def _component(name: str, schema: Schema, *, asked: bool) -> Schema:
    made = {**plain(schema, asked=asked), **_AMENDED.get(name, {})}
    made.get("properties", {}).update(_UNREAD.get(name, {}))
    for field, each in made.get("properties", {}).items():
        if text := described(field, name):
            _describe(each, text)
        _type(field, each)
    return made


def _describe(schema: Schema, text: str) -> None:
    """Say what a field is, and keep what was said of its default."""
    default = _DEFAULT.search(schema.get("description", ""))
    schema["description"] = f"{text} {default[0]}" if default else text


#: What holds of an object as a whole: a member is named in one of two ways.
_AMENDED: Final = {"MemberRef": {"minProperties": 1, "maxProperties": 1}}
#: What a document may hold and nobody reads.
_UNREAD: Final[dict[str, dict[str, Schema]]] = {
    "ProgrammeDocument": {"$schema": {"type": "string", "pattern": _ORDINARY}},
}
_SELF_DESCRIBED: Final = frozenset({"Problem", "Refusal"})
_LEFT_OUT: Final = "Left out:"
_DEFAULT: Final = re.compile(rf"{_LEFT_OUT} `[^`]*`\.")


def _tell_default(schema: Schema, default: Any, *, asked: bool) -> None:
    schema.pop("default", None)
    if asked and isinstance(default, str | int) and default != "":
        text_of_it = msgspec.json.encode(default).decode().strip('"')
        text = schema.get("description", "")
        schema["description"] = f"{text} {_LEFT_OUT} `{text_of_it}`.".strip()


def _type(field: str, schema: Schema) -> None:
    """Give a text the format or the pattern that the name of its field says."""
    wanted: Schema = {}
    if field in ID_PREFIXES:
        wanted = {"pattern": f"^{made_id(field)}$"}
    elif field[-3:] in _FORMATS:
        wanted = {"format": _FORMATS[field[-3:]]}
    for each in (schema, *schema.get("anyOf", ())):
        if each.get("type") == "string" and not each.keys() & _LIMITED:
            each.update(wanted)


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "$ref":
                yield from _REFERENCE.findall(value)
            else:
                yield from _references(value)
    elif isinstance(part, Iterable) and not isinstance(part, str):
        for each in part:
            yield from _references(each)


def without_null(schema: Schema) -> Schema:
    """Return the schema of what is left out and never null."""
    options = [each for each in schema.get("anyOf", []) if each != _NULL]
    shown = {name: value for name, value in schema.items() if name != "anyOf"}
    if len(options) == 1:
        return {**options[0], **shown}
    return {**shown, "anyOf": options} if options else shown
