"""
A plugin of pytest: which functions of the code each test calls, and to leave tests out by that.

With ``MUTANTS_NOTE`` in the environment it writes there what a run reached, as `Reached`.  With
``MUTANTS_RUN`` it reads a `Chosen` there: of the tests that it knows only those are run, in their
order, and whatever it does not know comes first.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import msgspec
import pytest
from msgspec import Struct

NOTE: Final = "MUTANTS_NOTE"
RUN: Final = "MUTANTS_RUN"
CODE: Final = "chalicelib/"


class Reached(Struct):
    """
    What a run called: functions as `path|qualified name`, and by test their places in that list.

    What is called where a module of the code is imported is called by ``all_tests``.
    """

    functions: list[str]
    all_tests: list[int]
    by_test: dict[str, list[int]]
    seconds: dict[str, float]


class Chosen(Struct):
    """The tests to run, the first first, and those to leave out."""

    run: list[str]
    leave: list[str]


def name_of(code: CodeType, root: Path) -> str | None:
    """Return a function of the code as mutants name it, or ``None`` for what is elsewhere."""
    where = code.co_filename
    if not where.startswith(f"{root}/{CODE}"):
        return None
    inner = code.co_qualname.replace(".<locals>", "")
    named = [part for part in inner.split(".") if not part.startswith("<")]
    return f"{where.removeprefix(f'{root}/')}|{'.'.join(named)}" if named else None


class _Noting:
    """Notes every function of the code that is called while it is ``traced``."""

    def __init__(self, root: Path, to: Path) -> None:
        self._root, self._to = root, to
        self._names: dict[CodeType, str | None] = {}
        self._places: dict[str, int] = {}
        self._called: set[CodeType] = set()
        self._reached = Reached([], [], {}, {})
        self._by_file: dict[str, set[int]] = {}
        self._by_test: dict[str, set[int]] = {}
        self._by_fixture: dict[Any, set[int]] = {}
        #: What is emptied before each test; and what an object keeps, which is not.
        self._caches: list[Any] = []
        self._kept: set[int] = set()

    def _trace(self, frame: FrameType, _event: str, _argument: Any) -> None:
        # Called for each call; to answer nothing leaves the lines of the function alone.
        self._called.add(frame.f_code)

    def _trace_imports(self, frame: FrameType, _event: str, _argument: Any) -> None:
        code = frame.f_code
        if code in self._called:
            return
        self._called.add(code)
        place = self._place(code)
        if place is not None and self._is_imported(frame.f_back):
            self._reached.all_tests.append(place)

    def _is_imported(self, frame: FrameType | None) -> bool:
        while frame is not None:
            code = frame.f_code
            if code.co_name == "<module>" and code.co_filename.startswith(f"{self._root}/{CODE}"):
                return True
            frame = frame.f_back
        return False

    def _place(self, code: CodeType) -> int | None:
        if code not in self._names:
            self._names[code] = name_of(code, self._root)
        name = self._names[code]
        return None if name is None else self._places.setdefault(name, len(self._places))

    def _traced(self, trace: Any) -> Iterator[None]:
        self._called = set()
        threading.settrace(trace)
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def _places_called(self) -> set[int]:
        # A copy: what this calls may be traced too.
        places = {self._place(code) for code in tuple(self._called)}
        return {place for place in places if place is not None}

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Note what is called where a file of tests is imported: every test of it needs that."""
        tracing = self._traced(self._trace_imports)
        next(tracing)
        try:
            return (yield)
        finally:
            next(tracing, None)
            if isinstance(collector, pytest.Module):
                self._by_file[collector.nodeid] = self._places_called()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """Note what a test and its fixtures call."""
        # What an earlier test has put into a cache is called when this one runs alone.
        for cache in self._caches:
            cache.cache_clear()
        begun = time.perf_counter()
        tracing = self._traced(self._trace)
        next(tracing)
        try:
            return (yield)
        finally:
            next(tracing, None)
            self._reached.seconds[item.nodeid] = time.perf_counter() - begun
            called = self._places_called() | self._of_fixtures(item)
            self._by_test[item.nodeid] = called
            file = item.nodeid.partition("::")[0]
            self._by_file.setdefault(file, set()).update(called & self._kept)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        """Note what a fixture calls: each test that uses it needs that, not the first alone."""
        outside, self._called = self._called, set()
        try:
            return (yield)
        finally:
            self._by_fixture.setdefault(fixturedef, set()).update(self._places_called())
            self._called |= outside

    def _of_fixtures(self, item: pytest.Item) -> set[int]:
        info = getattr(item, "_fixtureinfo", None)
        used = info.name2fixturedefs.values() if info else ()
        return {
            place for each in used for one in each for place in self._by_fixture.get(one, set())
        }

    def pytest_sessionstart(self) -> None:
        """Import the code, and note what is called by that."""
        tracing = self._traced(self._trace_imports)
        next(tracing)
        try:
            _import_all(self._root)
        finally:
            next(tracing, None)
        self._caches, kept = _caching(f"{CODE.rstrip('/')}.")
        self._kept = {place for code in kept if (place := self._place(code)) is not None}

    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        self._reached.functions = list(self._places)
        for test, called in self._by_test.items():
            of_file = self._by_file.get(test.partition("::")[0], set())
            self._reached.by_test[test] = sorted(called | of_file)
        self._to.write_bytes(msgspec.json.encode(self._reached))


class _Choosing:
    """Leaves tests out, and puts the others in order."""

    def __init__(self, chosen: Chosen) -> None:
        self._left = set(chosen.leave)
        self._order = {name: place for place, name in enumerate(chosen.run)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what is to run; names that are new may be what a mistake has made of them."""
        kept = [item for item in items if item.nodeid not in self._left]
        items[:] = sorted(kept, key=lambda item: self._order.get(item.nodeid, -1))


def _caching(package: str) -> tuple[list[Any], list[CodeType]]:
    """Return the caches of a package's functions, and what computes what its objects keep."""
    caches: list[Any] = []
    kept: list[CodeType] = []
    for name, module in list(sys.modules.items()):
        if not name.startswith(package):
            continue
        held = list(vars(module).values())
        held += [each for one in held if isinstance(one, type) for each in vars(one).values()]
        caches += [each for each in held if hasattr(each, "cache_clear")]
        kept += [each.func.__code__ for each in held if isinstance(each, functools.cached_property)]
    return caches, kept


def _import_all(root: Path) -> None:
    # What is imported late would be called by that test alone which is the first to need it.
    for file in sorted((root / CODE / "domain").rglob("*.py")):
        importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))


def pytest_configure(config: pytest.Config) -> None:
    """Do what the environment asks for."""
    if to := os.environ.get(NOTE):
        config.pluginmanager.register(_Noting(config.rootpath, Path(to)))
    if chosen := os.environ.get(RUN):
        read = msgspec.json.decode(Path(chosen).read_bytes(), type=Chosen)
        config.pluginmanager.register(_Choosing(read))
