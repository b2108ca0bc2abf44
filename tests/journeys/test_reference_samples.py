"""The code samples of the reference: each is right, and runs against a first `make serve`."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from chalicelib.routes.http.examples import example_of
from infra.local.program import Program
from tests.journeys.client import OverHttp
from tests.journeys.contract import Contract, Operation
from tests.journeys.world import local_contract

CONTRACT = local_contract()
OPERATIONS, needs_key = CONTRACT.operations, CONTRACT.needs_key
NODE = shutil.which("node")


def source(operation: Operation, label: str) -> str:
    """Return a sample of an operation."""
    (found,) = (each for each in operation.entry["x-codeSamples"] if each["label"] == label)
    return str(found["source"])


def body_of(operation: Operation) -> Any:
    """Return the example of what an operation is sent; nothing where it takes no body."""
    content = operation.entry.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


def shape(operation: Operation, value: Any) -> Any:
    """Return what a body holds, but for what a sample makes or draws itself."""
    example = example_of(operation.entry["operationId"])
    renewed = {
        name
        for name, sent in _fields(example.body)
        if sent in (*example.minted, *example.drawn) or name == "occurred_at"
    }
    return _without(renewed, value)


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
        assert ("Authorization" in each["source"]) is not public
        assert not re.search("@(now|new|TESSERA)", each["source"])
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
    assert any(each.startswith("Idempotency-Key: ") for each in headers) is needs_key(operation)
    if body is not None:
        sent = json.loads(words[words.index("-d") + 1])
        assert shape(operation, sent) == shape(operation, body)


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
    told = [shape(operation, _value(each)) for each in sent]
    body = body_of(operation)
    assert told == ([] if body is None else [shape(operation, body)])


def test_typescript_is_what_the_example_sends(operation: Operation) -> None:
    """The body that it makes JSON of is that of the example."""
    text = source(operation, "TypeScript")
    found = re.search(r"JSON\.stringify\((.*)\),\n}\);", text, re.DOTALL)

    assert (found is None) is (body_of(operation) is None)
    if found is not None:
        made = re.sub(r"`[^`]*`|new Date\(\)|process\.env\.\w+", '"made"', found[1])
        assert shape(operation, json.loads(made)) == shape(operation, body_of(operation))
    assert (f'method: "{operation.method}"' in text) is (operation.method != "GET")
    assert ("crypto.randomUUID()" in text.partition("body:")[0]) is needs_key(operation)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Program]:
    """Return a server after its first start, which nobody has used."""
    with Program(tmp_path / "local", keeps_state=False) as program:
        yield program


def samples(served: Program, label: str) -> dict[str, str]:
    """Return the samples as the server shows them, by operation, in the order of the document."""
    answer = OverHttp(served.base_url)("GET", "/openapi.json", {}, b"")
    operations = Contract(json.loads(answer.body)).operations
    return {str(each.entry["operationId"]): source(each, label) for each in operations}


def printed(served: Program) -> dict[str, str]:
    """Return the environment that the server tells people to paste."""
    return dict(re.findall(r"^export (TESSERA_\w+)=(.*)$", served.output, re.MULTILINE))


@pytest.mark.http
def test_u7_curl_runs_as_it_stands(served: Program, tmp_path: Path) -> None:
    """
    U7: each is carried out by a shell, one after another as they are printed.

    And in the opposite order those in Python: so none needs another before it, nor ends what
    another needs, and each can be pasted on its own.
    """
    found = samples(served, "curl")
    silent = "curl -sS -o /dev/null -w '%{http_code}\\n' "
    script = "".join(each.replace("curl ", silent, 1) for each in found.values())
    said = subprocess.run(
        ["/bin/bash"],
        input=script,
        env=os.environ | printed(served),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stderr == ""
    assert refused(zip(found, said.stdout.split(), strict=True)) == {}


@pytest.mark.http
def test_u7_python_runs_as_it_stands(served: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """U7: each is carried out and prints what came, the last of the document first."""
    for name, value in printed(served).items():
        monkeypatch.setenv(name, value)
    statuses = {}
    for name, text in reversed(samples(served, "Python").items()):
        output = StringIO()
        with redirect_stdout(output):
            exec(compile(text, name, "exec"), {})  # noqa: S102 - ours
        statuses[name] = output.getvalue()

    assert refused(statuses.items()) == {}


@pytest.mark.http
@pytest.mark.skipif(
    NODE is None, reason="what runs TypeScript is not here: install Node 20 or later"
)
def test_u7_typescript_runs_as_it_stands(served: Program, tmp_path: Path) -> None:
    """U7: each is carried out by Node, sorted by name; as no type is written, it is JavaScript."""
    found = dict(sorted(samples(served, "TypeScript").items()))
    file = tmp_path / "samples.mjs"
    blocks = "".join(f"{{\n{each}}}\n" for each in found.values())
    file.write_text(
        "const statuses = [];\nconsole.log = (status) => statuses.push(String(status));\n"
        f"{blocks}process.stdout.write(JSON.stringify(statuses));\n"
    )
    said = subprocess.run(
        [str(NODE), str(file)],
        env=os.environ | printed(served),
        capture_output=True,
        text=True,
        check=True,
    )

    assert refused(zip(found, json.loads(said.stdout), strict=True)) == {}


def refused(statuses: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the operations that did not answer with success, or lead elsewhere, as `/` does."""
    return {name: said for name, said in statuses if not said.startswith(("2", "307"))}


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, dict) else ()
    parts = value if isinstance(value, list) else [each for _, each in items]
    yield from items
    for each in parts:
        yield from _fields(each)


def _without(names: set[str], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(names, each) for name, each in value.items() if name not in names}
    return [_without(names, each) for each in value] if isinstance(value, list) else value


def _value(node: ast.expr) -> Any:
    """Return what a literal says; what is made when it runs is a text."""
    if isinstance(node, ast.Dict):
        names = [ast.literal_eval(each) for each in node.keys if each is not None]
        return dict(zip(names, map(_value, node.values), strict=True))
    if isinstance(node, ast.List):
        return [_value(each) for each in node.elts]
    return (
        "made"
        if isinstance(node, ast.Call | ast.JoinedStr | ast.Subscript)
        else ast.literal_eval(node)
    )
