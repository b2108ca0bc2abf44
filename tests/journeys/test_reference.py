"""U7: the API reference is a page of its own, with examples that are what the API answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import pytest

import app
from chalicelib.routes.http.openapi import encoded
from tests.catalogue import reference
from tests.journeys.contract import Operation
from tests.journeys.world import Clinic, Ground, local_contract

OPERATIONS = local_contract().operations
STYLE, SCRIPT = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
#: What each page loads.
PAGES = {
    "/docs": {"page.css": STYLE, "redoc.standalone.js": SCRIPT, "reference.js": SCRIPT},
    "/docs/try": {
        "swagger-ui.css": STYLE,
        "page.css": STYLE,
        "swagger-ui-bundle.js": SCRIPT,
        "console.js": SCRIPT,
    },
}
ASSETS = {name: media for assets in PAGES.values() for name, media in assets.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> reference.Reference:
    """Carry every example out."""
    return reference.carried_out(Ground(tmp_path_factory.mktemp("reference")))


def test_examples_are_what_the_api_answers(made: reference.Reference) -> None:
    """The reference shows what is carried out, in the clinic that a first start makes."""
    told = "run `python -m tests.catalogue.reference`"
    assert reference.text(made.examples) == reference.EXAMPLES_FILE.read_text("utf-8"), told
    assert reference.text(made.clinic) == reference.CLINIC_FILE.read_text("utf-8"), told


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.entry["operationId"])
def test_every_operation_shows_an_example(operation: Operation) -> None:
    """Whoever reads about an operation sees it carried out: what was sent, and what came."""
    entry = operation.entry
    if "requestBody" in entry:
        assert "example" in entry["requestBody"]["content"]["application/json"]
    for parameter in entry["parameters"]:
        if parameter["required"]:
            assert "example" in parameter, parameter["name"]
    shown = [
        response["content"]["application/json"]
        for status, response in entry["responses"].items()
        if status < "300" and "application/json" in response.get("content", {})
    ]
    is_document = f"{operation.method} {operation.path}" in reference.DOCUMENTS
    assert is_document or all("example" in each for each in shown)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere(clinic: Clinic, path: str) -> None:
    """What it names is served here, below whatever the API stands, and nothing else may load."""
    answer = clinic.anyone.get(path)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy
    page = answer.body.decode()
    named = set(re.findall(r'(?:href|src)="([^"]*)"', page)) - {"data:,"}
    leads = {"/stage/openapi.json", *(f"/stage{page}" for page in PAGES)}
    assert {urljoin(f"/stage{path}", each) for each in named} == leads | {
        f"/stage/docs/{name}" for name in PAGES[path]
    }
    assert not any(each.startswith("/") for each in named)
    assert "<script>" not in page


@pytest.mark.parametrize("name", ASSETS)
def test_assets(clinic: Clinic, name: str) -> None:
    """Script and style come with their type, and may be kept."""
    answer = clinic.anyone.get(f"/docs/{name}")

    assert answer.status == 200
    assert answer.headers["content-type"] == ASSETS[name]
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert len(answer.body) > 50


@pytest.mark.parametrize("name", [name for name, media in ASSETS.items() if media == STYLE])
def test_styles_load_nothing(clinic: Clinic, name: str) -> None:
    """No style sheet names an address; the pictures in it are in it."""
    sheet = clinic.anyone.get(f"/docs/{name}").body.decode()
    addresses = re.findall(r"""url\(\s*["']?(?!["'\s]|data:)|@import""", sheet)
    assert addresses == []


@pytest.mark.parametrize("name", [name for name, media in ASSETS.items() if media == SCRIPT])
def test_scripts_show_no_picture_from_elsewhere(clinic: Clinic, name: str) -> None:
    """The policy would refuse it; nor is it asked for."""
    script = clinic.anyone.get(f"/docs/{name}").body.decode()
    assert re.findall(r"""src:\s*["'](?:https?:)?//[^"']*""", script) == []


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "..%2F..%2Fapp.py",
        "swagger-ui-bundle.js.map",
        "console.html",
        "%00",
        "LICENSE",
    ],
)
def test_nothing_else_is_served(clinic: Clinic, name: str) -> None:
    """What is no part of the page is not there, whatever lies beside it."""
    clinic.anyone.get(f"/docs/{name}").expect(404)


@pytest.mark.parametrize(
    ("name", "document"),
    [("reference.js", 'fetch("openapi.json")'), ("console.js", 'fetch("../openapi.json")')],
)
def test_a_script_asks_for_this_document_only(clinic: Clinic, name: str, document: str) -> None:
    """It is told where the document is."""
    script = clinic.anyone.get(f"/docs/{name}").body.decode()

    assert document in script
    assert "http" not in script


#: Runs a script of a page outside of a browser, and prints the document that it hands over.
RUNS = """
const [script, document] = JSON.parse(require("fs").readFileSync(0));
const then = (value) => ({ then: (next) => then(next(value)) });
const handed = (each) => process.stdout.write(JSON.stringify(each));
const page = {
  fetch: () => then({ json: () => document }),
  crypto, sessionStorage: {}, document: { getElementById: () => null },
  Redoc: { init: handed }, SwaggerUIBundle: ({ spec }) => handed(spec)
};
require("vm").runInNewContext(script, page);
"""


def handed_over(script: bytes) -> Any:
    """Return the document as a script changes it for those who look at its page."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("what runs the scripts of pages is not here: install Node 20 or later")
    document = json.loads(encoded(app.app))
    given = json.dumps([script.decode(), document])
    said = subprocess.run(
        [node, "-e", RUNS], input=given, capture_output=True, text=True, check=True
    )
    return json.loads(said.stdout)


def test_u7_every_refusal_is_told(clinic: Clinic) -> None:
    """U7: by its operation, or, where many have it, once before them all."""
    shown = handed_over(clinic.anyone.get("/docs/reference.js").body)
    once = set(re.findall(r"`(\w+)`: ", shown["info"]["description"].partition("# Refusals")[2]))

    assert 10 < len(once) < 30
    for operation in OPERATIONS:
        left = shown["paths"][operation.path][operation.method.lower()]["responses"]
        for status, answer in operation.entry["responses"].items():
            if status == "default" or status < "400":
                continue
            # One that several operations have alike is a reference, which the page follows.
            documented = local_contract().response(operation, int(status))
            assert documented is not None
            assert (set(documented["x-codes"]) <= once) is (status not in left), answer


def test_u7_what_is_filled_in_can_be_sent(clinic: Clinic) -> None:
    """U7: the page that sends requests has activities of now, and keys of their own."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    shown = handed_over(clinic.anyone.get("/docs/console.js").body)
    text = json.dumps(
        [each.get("requestBody") for path in shown["paths"].values() for each in path.values()]
    )
    times = re.findall(r'"occurred_at": "([^"]*)"', text)
    keys = [
        each["example"]
        for path in shown["paths"].values()
        for operation in path.values()
        for each in operation["parameters"]
        if each["name"] == "Idempotency-Key" and each["required"]
    ]

    assert len(times) == 3
    assert all(datetime.fromisoformat(each) > before for each in times)
    assert len(keys) == len(set(keys)) > 20


def test_a_key_is_kept_for_the_tab(clinic: Clinic) -> None:
    """A reload finds it; nothing is kept longer, nor validated elsewhere."""
    script = clinic.anyone.get("/docs/console.js").body.decode()

    assert "sessionStorage.setItem" in script
    assert "sessionStorage.removeItem" in script
    assert "localStorage" not in script
    assert "persistAuthorization: false" in script
    assert "validatorUrl: null" in script


def test_the_file_is_small_enough_to_read() -> None:
    """Examples stay examples: what has a list shows a few of it."""
    examples = json.loads(reference.EXAMPLES_FILE.read_text("utf-8"))

    assert {
        name: len(json.dumps(each))
        for name, each in examples.items()
        if len(json.dumps(each)) > 6_000
    } == {}
