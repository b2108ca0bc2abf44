"""
A plugin of pytest: which functions of the code each test calls, and to leave tests out by that.

With ``MUTANTS_NOTE`` in the environment it writes there what a run reached, as `Reached`.  With
``MUTANTS_RUN`` it reads a `Chosen` there: of the tests that it knows only those are run, in their
order, and whatever it does not know comes first.
"""

from __future__ import annotations

import functools
import gc
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
        places = {self._place(code) for code in self._called}
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
        for each in gc.get_objects():
            if isinstance(each, functools._lru_cache_wrapper):
                each.cache_clear()
        begun = time.perf_counter()
        tracing = self._traced(self._trace)
        next(tracing)
        try:
            return (yield)
        finally:
            next(tracing, None)
            self._reached.seconds[item.nodeid] = time.perf_counter() - begun
            by_file = self._by_file.get(item.nodeid.partition("::")[0], set())
            self._reached.by_test[item.nodeid] = sorted(self._places_called() | by_file)

    def pytest_sessionstart(self) -> None:
        """Import the code, and note what is called by that."""
        tracing = self._traced(self._trace_imports)
        next(tracing)
        try:
            _import_all(self._root)
        finally:
            next(tracing, None)

    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        self._reached.functions = list(self._places)
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
