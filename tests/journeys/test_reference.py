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


def test_u7_the_search_finds_ids_and_paths(clinic: Clinic) -> None:
    """U7: what one knows of an operation from its client or its address leads to it."""
    shown = handed_over(clinic.anyone.get("/docs/reference.js").body)

    for operation in OPERATIONS:
        entry = shown["paths"][operation.path][operation.method.lower()]
        hidden = entry["description"].partition("<!-- ")[2].split()
        assert operation.entry["operationId"] in hidden
    quotes = shown["paths"]["/v1/members/{member_id}/quotes"]["post"]["description"]
    assert {"create_quote", "/v1/quotes", "/v1/members/quotes"} <= set(quotes.split())
    refund = shown["paths"]["/v1/activities/reversals"]["post"]
    assert refund["description"].count("Refund: take an activity back") > 3


def test_u7_it_says_where_a_good_code_is(clinic: Clinic) -> None:
    """U7: a code in an example is of another place; what `make serve` prints instead is named."""
    shown = handed_over(clinic.anyone.get("/docs/console.js").body)
    told = {
        operation["operationId"]: re.findall("`(TESSERA_[A-Z_]+)`", operation["description"])
        for path in shown["paths"].values()
        for operation in path.values()
    }

    card = ["TESSERA_GIFT_CARD_CODE"]
    assert {name: each for name, each in told.items() if each} == {
        "add_gift_card": card,
        "find_gift_card": card,
        "find_voucher": ["TESSERA_VOUCHER_CODE"],
        "validate_voucher": ["TESSERA_VOUCHER_CODE"],
        "use_entitlement_token": ["TESSERA_OTHER_ENTITLEMENT_TOKEN"],
        "use_gift_card": card,
        "use_voucher": ["TESSERA_OTHER_VOUCHER_CODE"],
    }


#: Filters two tags by what somebody types, with as much of an immutable map as the filter asks of.
FILTERS = """
const [script, phrases] = JSON.parse(require("fs").readFileSync(0));
const then = (value) => ({ then: (next) => then(next(value)) });
const map = (of) => ({
  get: (name) => of[name],
  getIn: ([first, name]) => of[first][name],
  update: (name, change) => map({ ...of, [name]: change(of[name]) })
});
const all = (each) => ({ each, size: each.length, filter: (keep) => all(each.filter(keep)) });
const tagged = (pairs) => ({
  map: (change) => tagged(pairs.map(([tag, each]) => [tag, change(each, tag)])),
  filter: (keep) => tagged(pairs.filter(([, each]) => keep(each))),
  said: () => pairs.map(([tag, each]) =>
    [tag, each.get("operations").each.map((one) => one.get("path"))])
});
const one = (path, operationId, summary) =>
  map({ path, operation: { operationId, summary, description: `${summary}.` } });
const given = tagged([
  ["reversals", map({ operations: all([
    one("/v1/activities/reversals", "reverse_activity", "Refund: take it back"),
    one("/v1/reversals", "list", "List")
  ]) })],
  ["quotes", map({ operations: all([one("/v1/quotes", "create_quote", "Price")]) })]
]);
const show = ({ plugins }) => {
  const filter = plugins.map((each) => each.fn?.opsFilter).find((each) => each);
  process.stdout.write(JSON.stringify(phrases.map((phrase) => filter(given, phrase).said())));
};
const page = {
  fetch: () => then({ json: () => ({ paths: {}, info: {} }) }),
  crypto, sessionStorage: {}, SwaggerUIBundle: show
};
require("vm").runInNewContext(script, page);
"""


def test_u7_the_filter_finds_operations(clinic: Clinic) -> None:
    """U7: by any word of what they are and do, and by a tag all that it has."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("what runs the scripts of pages is not here: install Node 20 or later")
    script = clinic.anyone.get("/docs/console.js").body.decode()
    given = json.dumps([script, [" Refund", "reversals", "create_quote", "nothing"]])
    said = subprocess.run(
        [node, "-e", FILTERS], input=given, capture_output=True, text=True, check=True
    )

    reversals = ["/v1/activities/reversals", "/v1/reversals"]
    assert json.loads(said.stdout) == [
        [["reversals", reversals[:1]]],
        [["reversals", reversals]],
        [["quotes", ["/v1/quotes"]]],
        [],
    ]


def test_an_underscore_of_a_path_is_seen(clinic: Clinic) -> None:
    """Redoc gives a path a line as high as its letters, and hides what is below."""
    sheet = clinic.anyone.get("/docs/page.css").body.decode()

    assert "#reference .http-verb + span { line-height: 1.6; }" in sheet


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
