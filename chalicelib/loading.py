"""
What a process loads of the API: all of it, or what a request names and nothing else.

A package has a map of the API's paths, which `routes.resources` makes from the declarations.  Where
it is, a request imports the resource that serves its path when it comes, and a job none.  Where it
is not, as in tests, on a developer's machine, and where Chalice writes the template, every route is
declared at once.
"""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec
from chalice.app import Chalice

#: Resources are imported by name alone: they know this module, and not the other way round.
_ROUTES: Final = "chalicelib.routes"
#: Where a package has the map: from each path to the modules below `chalicelib.routes` that serve
#: it.  It is part of no source tree.
PATHS_FILE: Final = Path(__file__).with_name("routes").joinpath("paths.json")

Paths = Mapping[str, Sequence[str]]


def packaged_paths() -> Paths | None:
    """Return the map that this package has; nothing outside of one."""
    if not PATHS_FILE.exists():
        return None
    paths: Paths = json.loads(PATHS_FILE.read_bytes())
    return paths


def started() -> None:
    """
    Let Python collect garbage from now on, but look at nothing that is there already.

    What a process loads for its first event lives as long as the process.  To look through it
    again and again while it is loaded took an eighth of a cold start.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def ready_for_threads(*packages: ModuleType, without: str = "") -> None:
    """
    Make msgspec know every Struct, so that threads can read them; each module of ``packages`` too.

    What begins with ``without`` is not imported for it.

    At its first use it notes a Struct as known before it knows the fields, and a second thread that
    reads the same kind then ends the process with a segmentation fault (0.22.0, and its main branch
    in November 2026).  On Lambda a process has one thread; a program with more calls this first.
    A Struct that nothing could be read into is passed over.
    """
    # On Lambda nothing of this is loaded.
    from pkgutil import walk_packages

    for package in packages:
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not (without and module.name.startswith(without)):
                import_module(module.name)
    for kind in _below(msgspec.Struct):
        with contextlib.suppress(TypeError, NameError):
            msgspec.json.Decoder(kind)


def _below(kind: type) -> Iterator[type]:
    below: type
    for below in kind.__subclasses__():
        yield below
        yield from _below(below)


class OnDemand(Chalice):
    """
    A Chalice application whose resources are declared when a request names them.

    ``prepare`` is called once, before the first of them, for what holds for every route.  Without
    ``paths`` all are declared at construction.  With them no garbage is collected until the first
    event was answered (`started`), and a request that declares a resource must be alone in the
    process, as it is on Lambda.
    """

    def __init__(
        self, app_name: str, prepare: Callable[[Chalice], None], paths: Paths | None
    ) -> None:
        super().__init__(app_name)
        self._prepare: Callable[[Chalice], None] | None = prepare
        self._paths = paths
        self._loaded: set[str] = set()
        if paths is None:
            self.load_all()
        else:
            gc.disable()

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one request, once what serves its path is declared."""
        if self._paths is not None:
            path = event.get("requestContext", {}).get("resourcePath")
            self._load(self._paths.get(path, ()))
        try:
            return super().__call__(event, context)
        finally:
            started()

    def load_all(self) -> None:
        """Declare every resource that is not declared yet."""
        # Finding them means importing them all, which the request for one must not.
        self._load(import_module(f"{_ROUTES}.resources").names())

    def _load(self, modules: Iterable[str]) -> None:
        if self._prepare is not None:
            self._prepare(self)
            self._prepare = None
        for name in modules:
            if name not in self._loaded:
                module = import_module(f"{_ROUTES}.{name}")
                self.register_blueprint(module.api.blueprint)
                self._loaded.add(name)
