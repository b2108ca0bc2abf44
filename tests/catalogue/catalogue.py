"""
Every example, by its operation; who gives a name; and the programme that they are about.

A file in `tests/catalogue/resources/` belongs to the resource of its name.  It has `EXAMPLES`, and
in `PROGRAMME` what it adds to the clinic's programme.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import app
from chalicelib.routes.http.openapi import operations_of
from chalicelib.routes.http.operation import Operation
from tests.catalogue.example import TIMES, Example
from tests.journeys.world import example

_FOLDER: Final = Path(__file__).with_name("resources")
_OTHER: Final = "other_"


def _modules() -> dict[str, ModuleType]:
    return {
        each.name: import_module(f"tests.catalogue.resources.{each.name}")
        for each in pkgutil.iter_modules([str(_FOLDER)])
    }


MODULES: Final = _modules()
EXAMPLES: Final[Mapping[str, Example]] = {
    each.operation: each for module in MODULES.values() for each in module.EXAMPLES
}
#: The operation whose example gives or mints a name.
GIVERS: Final[Mapping[str, str]] = {
    name: each.operation for each in EXAMPLES.values() for name in (*each.gives, *each.mints)
}


@cache
def declared() -> Mapping[str, Operation]:
    """Return what the routes declare, named as it is served."""
    return {f"{each.method} {each.path}": each for each in operations_of(app.app)}


def programme() -> dict[str, Any]:
    """Return the clinic's example programme with something of every mechanic."""
    document = example("clinic")
    for module in MODULES.values():
        document = _joined(document, getattr(module, "PROGRAMME", {}))
    return document


def meanings() -> dict[str, Any]:
    """
    Return the fields of bodies in which not every value makes sense, each with one that does.

    Those that name a part of the programme or a time, and those of which examples say so.
    """
    ids = [value for name, value in _fields(programme()) if name == "id"]
    result = [*ids, *([each] for each in ids), *(f"{{{name}}}" for name in TIMES)]
    found = {name: value for each in EXAMPLES.values() for name, value in each.always.items()}
    for each in EXAMPLES.values():
        sent = each.body or {}
        for name, value in _fields({field: sent[field] for field in sent.keys() - found.keys()}):
            if value in result:
                found.setdefault(name, value)
    return found


def plain(name: str) -> str:
    """Return the kind of a name: of `other_member_id` it is `member_id`."""
    return name.removeprefix(_OTHER)


def _fields(body: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(body, dict):
        for name, value in body.items():
            yield name, value
            yield from _fields(value)
    elif isinstance(body, list):
        for value in body:
            yield from _fields(value)


def _joined(one: Any, more: Any) -> Any:
    if isinstance(one, dict):
        both = {name: _joined(one[name], more[name]) for name in one.keys() & more.keys()}
        return {**one, **more, **both}
    return [*one, *more]
