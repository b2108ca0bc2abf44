"""What a process loads: the resource that a request names, and no more than an event needs."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from chalice.app import Chalice

import app
from chalicelib.loading import OnDemand
from chalicelib.routes import health, resources
from chalicelib.routes.http import cors, resource
from infra.local.gateway import Context
from tests.cold import loaded
from tests.cold.cases import Case, Cases
from tests.cold.process import Started
from tests.cold.stand_in import StandIn
from tests.journeys.world import Ground

PATHS: Final = resources.paths()
METHODS: Final = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
_ID: Final = "mem_00000000000000000000000000"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what each new application adds to: clients send it with every call."""
    monkeypatch.setenv("AWS_EXECUTION_ENV", "test")


class Fresh:
    """Fresh processes out of the staged sources, and what each case imported."""

    def __init__(self, cases: Cases, places: list[Path]) -> None:
        self.cases = cases
        self._places = places
        self._known: dict[str, Started] = {}

    def started(self, case: Case) -> Started:
        """Return what a process made of a case."""
        if case.name not in self._known:
            self._known[case.name] = self.cases.run(case, self._places)
        return self._known[case.name]

    def modules(self, case: Case) -> set[str]:
        """Return every module that a process imports for a case, ours and others."""
        return set(self.started(case).modules)


@pytest.fixture(scope="module")
def fresh(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """Return what starts processes as they are deployed."""
    with StandIn().started() as stand_in:
        yield Fresh(Cases(ground, stand_in), loaded.places(tmp_path_factory.mktemp("staged")))


@pytest.mark.parametrize("event", ["earn", "balance", "tick"])
def test_a_cold_process_imports_what_it_needs(fresh: Fresh, event: str) -> None:
    """What an event does not use, its process does not load; a module more or less is named."""
    case = loaded.cases_of(fresh.cases)[event]
    expected, found = loaded.expected()[event], loaded.ours(fresh.modules(case))

    assert found == expected, (
        f"a cold {event} imports, which {loaded.FILE.name} does not know: "
        f"{sorted(found - expected)}; and no longer: {sorted(expected - found)}. "
        "Is it meant?  `python -m tests.cold` writes the file anew."
    )


def test_no_job_imports_a_route(fresh: Fresh) -> None:
    """The scheduled tick and its worker know nothing of the API."""
    for case in (fresh.cases.tick, fresh.cases.settle):
        assert not {name for name in fresh.modules(case) if name.startswith("chalicelib.routes")}


_HEAVY: Final = {
    "aws_lambda_powertools.utilities.batch",
    "cel_expr_python",
    "cryptography",
    "google.protobuf",
    "jwt",
    "pynamodb",
}


def test_what_is_heavy_comes_with_what_needs_it(fresh: Fresh) -> None:
    """Tokens bring cryptography and expressions bring CEL; an earn by key has neither."""
    assert not _HEAVY & fresh.modules(fresh.cases.earn_by_key)
    assert _HEAVY & fresh.modules(fresh.cases.earn_by_token) == {
        "cel_expr_python",
        "cryptography",
        "google.protobuf",
        "jwt",
    }
    assert not _HEAVY & fresh.modules(fresh.cases.settle)


def test_garbage_is_collected_from_the_first_answer_on(fresh: Fresh) -> None:
    """A process that serves its first event does without, whatever the event; then it collects."""
    assert [case.name for case in fresh.cases.all if not fresh.started(case).collects] == []

    alone = OnDemand("tessera", _prepare, PATHS)
    try:
        assert not gc.isenabled()
        alone(_event("GET", "/health"), _context())
        assert gc.isenabled()
        assert gc.get_freeze_count()
    finally:
        gc.enable()
        gc.unfreeze()


def test_the_map_has_every_path() -> None:
    """Each path leads to the modules whose operations it has, and no path is left out."""
    declared: dict[str, set[str]] = {}
    for path, methods in app.app.routes.items():
        for entry in methods.values():
            operation = resource.operation_of(entry.view_function)
            assert operation is not None
            declared.setdefault(path, set()).add(operation.resource)

    assert {path: set(modules) for path, modules in PATHS.items()} == declared


@pytest.mark.parametrize("path", [*PATHS, "/v1/nowhere"])
def test_on_demand_answers_alike(path: str) -> None:
    """With only what a request names, each method is answered as with everything there is."""
    whole = OnDemand("tessera", _prepare, None)
    for method in METHODS:
        alone = OnDemand("tessera", _prepare, PATHS)
        assert alone(_event(method, path), _context()) == whole(_event(method, path), _context())
        assert alone.routes.keys() < whole.routes.keys() or path in _WHOLE


def test_one_resource_is_declared_once() -> None:
    """A process that served one resource serves it again, and others beside it."""
    alone = OnDemand("tessera", _prepare, PATHS)
    for path in ("/v1/clock", "/health", "/v1/clock"):
        alone(_event("GET", path), _context())

    assert {PATHS[path][0] for path in alone.routes} == {"clock", "health"}


def test_the_document_is_of_the_whole_api() -> None:
    """Also where the document is the first thing that is asked for."""
    event = _event("GET", "/openapi.json")
    whole = OnDemand("tessera", _prepare, None)

    assert OnDemand("tessera", _prepare, PATHS)(event, _context()) == whole(event, _context())


def test_the_document_is_of_the_app_that_serves() -> None:
    """Whatever other apps there are in the process, with the same resources or with a few."""
    event = _event("GET", "/openapi.json")
    whole = OnDemand("tessera", _prepare, None)
    before = whole(event, _context())
    Chalice("another", configure_logs=False).register_blueprint(health.api.blueprint)

    assert whole(event, _context()) == before
    assert OnDemand("tessera", _prepare, PATHS)(event, _context()) == before


def test_paths_are_as_the_package_reads_them(tmp_path: Path) -> None:
    """The map of a package is JSON at the place where `chalicelib.loading` looks for it."""
    loaded.places(tmp_path)

    assert json.loads((tmp_path / "chalicelib/routes/paths.json").read_text("utf-8")) == PATHS


#: What tells of every operation loads every resource.
_WHOLE = {"/openapi.json", "/tools.json"}


def _prepare(api: Chalice) -> None:
    # As `app.prepare`, but for the services: they are those of the world around.
    api.api.cors = cors.allowing("*")
    api.register_middleware(resource.problem_middleware, "http")


def _context() -> Context:
    return Context("loading", "api")


def _event(method: str, path: str) -> dict[str, Any]:
    """Return a request without a credential or a body."""
    names = path.split("{")[1:]
    return {
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {name.partition("}")[0]: _ID for name in names},
        "stageVariables": None,
        "requestContext": {
            "requestId": "loading",
            "resourcePath": path,
            "path": path,
            "httpMethod": method,
        },
        "body": None,
        "isBase64Encoded": False,
    }
