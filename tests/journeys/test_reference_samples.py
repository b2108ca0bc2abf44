"""The code samples of the reference: each is right, and many run against a first `make serve`."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from infra.local.program import Program
from tests.journeys.client import OverHttp
from tests.journeys.contract import Contract, Operation
from tests.journeys.world import local_contract

OPERATIONS = local_contract().operations
#: What the example member of a first start can read, and these writes need nothing else.
MADE_ELSEWHERE = {"programme_id", "household_id", "quote_id", "redemption_id", "number"}
ON_A_SANDBOX = {"read_clock"}
WRITES = {
    *("create_member", "find_member", "find_members", "update_external_id", "adjust_balance"),
    *("record_activity", "record_activities", "place_hold", "create_quote"),
    *("create_api_key", "create_sandbox", "validate_programme"),
}


def source(operation: Operation, label: str) -> str:
    """Return a sample of an operation."""
    (found,) = (each for each in operation.entry["x-codeSamples"] if each["label"] == label)
    return str(found["source"])


def body_of(operation: Operation) -> Any:
    """Return the example of what an operation is sent; nothing where it takes no body."""
    content = operation.entry.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


def shape(value: Any) -> Any:
    """Return what a body holds, but for times and the ids that a sample makes itself."""
    if isinstance(value, dict):
        renewed = {"occurred_at", "external_id"} if "occurred_at" in value else set()
        return {name: shape(each) for name, each in value.items() if name not in renewed}
    return [shape(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(
    params=[pytest.param(each, id=each.entry["operationId"]) for each in OPERATIONS],
)
def operation(request: pytest.FixtureRequest) -> Operation:
    """Each operation."""
    found: Operation = request.param
    return found


def test_every_operation_has_three(operation: Operation) -> None:
    """In the order in which they are shown; nothing of a template is left over."""
    samples = operation.entry["x-codeSamples"]

    assert [each["label"] for each in samples] == ["curl", "Python", "TypeScript"]
    public = operation.entry["security"] == []
    for each in samples:
        assert ("TESSERA_API_KEY" in each["source"]) is not public
        assert "@now" not in each["source"]
        assert "@new" not in each["source"]
        address = re.search(r"http://127\.0\.0\.1:8000([^\"'\s]*)", each["source"])
        assert address is not None
        assert "{" not in address[1]


def test_curl_is_what_the_example_sends(operation: Operation) -> None:
    """A shell reads it as one command, with the method, the headers and the body."""
    words = shlex.split(source(operation, "curl"))
    headers = [words[place + 1] for place, word in enumerate(words) if word == "-H"]

    assert words[0] == "curl"
    body = body_of(operation)
    method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
    assert method == operation.method
    assert ("Content-Type: application/json" in headers) is (body is not None)
    assert any(each.startswith("Idempotency-Key: ") for each in headers) is operation.needs_key
    if body is not None:
        assert shape(json.loads(words[words.index("-d") + 1])) == shape(body)


def test_python_is_what_the_example_sends(operation: Operation) -> None:
    """It parses, imports what it uses and nothing else, and its body is that of the example."""
    tree = ast.parse(source(operation, "Python"))
    imported = {
        each.asname or each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    assert imported == used - {"answer", "print", "str"}
    (call,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    )
    assert isinstance(call.func, ast.Attribute)
    assert call.func.attr == operation.method.lower()
    sent = [each.value for each in call.keywords if each.arg == "json"]
    told = [shape(_value(each)) for each in sent]
    assert told == ([] if body_of(operation) is None else [shape(body_of(operation))])


def test_typescript_is_what_the_example_sends(operation: Operation) -> None:
    """The body that it makes JSON of is that of the example."""
    text = source(operation, "TypeScript")
    found = re.search(r"JSON\.stringify\((.*)\),\n}\);", text, re.DOTALL)

    assert (found is None) is (body_of(operation) is None)
    if found is not None:
        made = re.sub(r"`[^`]*`", '"new"', found[1].replace("new Date()", '"now"'))
        assert shape(json.loads(made)) == shape(body_of(operation))
    assert (f'method: "{operation.method}"' in text) is (operation.method != "GET")
    assert ("crypto.randomUUID()" in text.partition("body:")[0]) is operation.needs_key


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Return a server after its first start."""
    with Program(tmp_path_factory.mktemp("samples"), keeps_state=False) as program:
        yield program


@pytest.fixture(scope="module")
def sendable(served: Program) -> list[Operation]:
    """Return the operations that need no more than the example member, as the server tells them."""
    answer = OverHttp(served.base_url)("GET", "/openapi.json", {}, b"")
    return [
        each
        for each in Contract(json.loads(answer.body)).operations
        if each.entry["operationId"] in WRITES or _reads_what_is_there(each)
    ]


@pytest.mark.http
def test_curl_runs_as_it_stands(served: Program, sendable: list[Operation], tmp_path: Path) -> None:
    """None is refused, and each may be sent again."""
    assert {each.entry["operationId"] for each in sendable} >= WRITES
    assert len(sendable) > 30
    environment = os.environ | {"TESSERA_API_KEY": served.credentials["api_key"]}
    silent = "curl -sS -o /dev/null -w '\\n%{http_code}' "
    lines = [source(each, "curl").replace("curl ", silent, 1) for each in sendable for _ in "ab"]
    file = tmp_path / "samples.sh"
    file.write_text("\n".join(lines))
    said = subprocess.run(
        ["/bin/bash", str(file)], env=environment, capture_output=True, text=True, check=True
    )

    statuses = said.stdout.split()
    assert said.stderr == ""
    refused = [line for line, status in zip(lines, statuses, strict=True) if status >= "400"]
    assert refused == []


@pytest.mark.http
def test_python_runs_as_it_stands(
    served: Program, sendable: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each prints the status, and what came."""
    monkeypatch.setenv("TESSERA_API_KEY", served.credentials["api_key"])
    for each in sendable:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(source(each, "Python"), "sample", "exec"), {})  # noqa: S102 - ours
        assert printed.getvalue()[0] == "2", (each.entry["operationId"], printed.getvalue())


def _reads_what_is_there(operation: Operation) -> bool:
    named = {each["name"] for each in operation.entry["parameters"] if each["in"] == "path"}
    return (
        operation.method == "GET"
        and not named & MADE_ELSEWHERE
        and operation.entry["operationId"] not in ON_A_SANDBOX
    )


def _value(node: ast.expr) -> Any:
    """Return what a literal says; what is made when it runs is a text."""
    if isinstance(node, ast.Dict):
        names = [ast.literal_eval(each) for each in node.keys if each is not None]
        return dict(zip(names, map(_value, node.values), strict=True))
    if isinstance(node, ast.List):
        return [_value(each) for each in node.elts]
    return "made" if isinstance(node, ast.Call | ast.JoinedStr) else ast.literal_eval(node)
