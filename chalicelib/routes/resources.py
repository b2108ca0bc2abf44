"""
Every resource of the API: each module beside this one that declares an ``api`` is one.

`paths` is what a package knows of them, so that a request loads no other (`chalicelib.loading`).
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import chalicelib.routes
from chalicelib.routes.http.resource import Resource


@cache
def resources() -> dict[str, Resource]:
    """Return the resources by the names of their modules, in the order of these names."""
    found = {}
    for module in pkgutil.iter_modules(chalicelib.routes.__path__):
        declared = getattr(import_module(f"chalicelib.routes.{module.name}"), "api", None)
        if isinstance(declared, Resource):
            found[module.name] = declared
    return found


def names() -> list[str]:
    """Return the names of the modules that are resources."""
    return list(resources())


def paths() -> dict[str, list[str]]:
    """Return from each path that is served the names of the modules that serve it."""
    found: dict[str, list[str]] = {}
    for name, resource in resources().items():
        for path in sorted({operation.path for operation in resource.operations}):
            found.setdefault(path, []).append(name)
    return dict(sorted(found.items()))
