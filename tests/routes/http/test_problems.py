"""Every refusal has a registered code, a fixed title and the status of its family."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import (
    Conflict,
    Invalid,
    LoyaltyError,
    Malformed,
    MemberNotFound,
    Throttled,
    Unauthorised,
)
from chalicelib.routes.http.problems import CODES, STATUSES, bare_problem, problem_of, status_of

FAMILIES = {
    name: family
    for name, family in inspect.getmembers(errors, inspect.isclass)
    if issubclass(family, LoyaltyError)
}


def raised() -> Iterator[tuple[str, str, str]]:
    """Each refusal in the code that spells its code out: family, code, where."""
    for path in sorted(Path("chalicelib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            first = node.args[0] if node.args else None
            if node.func.id in FAMILIES and isinstance(first, ast.Constant):
                yield node.func.id, str(first.value), f"{path}:{node.lineno}"


def test_codes_in_the_code_are_registered() -> None:
    """A code that is raised anywhere is in the registry, under the status of its family."""
    statuses = dict(STATUSES)
    wrong = [
        f"{where}: {code}"
        for family, code, where in raised()
        if code not in CODES or CODES[code].status != statuses[FAMILIES[family]]
    ]

    assert wrong == []


def test_leaves_have_the_status_of_their_nearest_family() -> None:
    """A malformed request is 400 although it is also invalid."""
    assert status_of(Malformed("malformed_json", "x")) == 400
    assert status_of(Invalid("invalid_body", "x")) == 422
    assert status_of(MemberNotFound()) == 404
    assert {status_of(family("c", "m")) for family, _ in STATUSES} == {s for _, s in STATUSES}


def test_a_document() -> None:
    """Fixed title, detail to act on, extensions beside; extensions that are no JSON are text."""
    problem = problem_of(Conflict("insufficient_points", "Too few.", needed=5, kind=Path("x")), "r")

    assert problem.status == 409
    assert json.loads(problem.body) == {
        "type": "/problems/insufficient_points",
        "title": "The balance does not cover this",
        "status": 409,
        "detail": "Too few.",
        "instance": "urn:tessera:request:r",
        "code": "insufficient_points",
        "needed": 5,
        "kind": "x",
    }


def test_errors_are_listed() -> None:
    """The violations of an invalid request come as they were found."""
    errors_ = [{"pointer": "/a", "detail": "is required"}]
    problem = problem_of(Invalid("invalid_body", "x", errors=errors_), "r")

    assert json.loads(problem.body)["errors"] == errors_


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (Throttled("too_many_requests", "x", retry_after=9), {"Retry-After": "9"}),
        (Throttled("too_many_requests", "x"), {"Retry-After": "1"}),
        (
            Unauthorised("credential_missing", "x"),
            {"WWW-Authenticate": 'Bearer realm="tessera"'},
        ),
        (Conflict("conflict", "x"), {}),
    ],
)
def test_headers(error: LoyaltyError, headers: dict[str, str]) -> None:
    """Refusals that may pass say when to come back, those that lack a credential ask for one."""
    assert problem_of(error, "r").headers == headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 418, 429, 500, 502])
def test_statuses_of_the_framework(status: int) -> None:
    """Whatever the framework or the gateway answers, the caller gets a registered code."""
    problem = bare_problem(status, "r")

    assert problem.status == status == json.loads(problem.body)["status"]
    assert problem.code in CODES
