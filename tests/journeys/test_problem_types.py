"""D4: whoever is refused can follow the type of the problem to a page about it."""

from __future__ import annotations

import html
import re
from collections import Counter

import pytest

from chalicelib.routes.http.problems import CODES
from chalicelib.routes.http.refusals import EXTENSIONS
from chalicelib.routes.problem_types import meanings
from tests.journeys.world import Clinic


def test_d4_every_code_has_its_page(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """It says what the code means, its status, and every member that its documents may have."""
    for name, code in CODES.items():
        with subtests.test(name):
            answer = clinic.anyone.get(f"/problems/{name}")
            assert answer.status == 200
            page = html.unescape(answer.body.decode())
            assert f"<h1>{code.title}</h1>" in page
            assert f"<code>{name}</code>, with status {code.status}" in page
            members = set(re.findall(r"<dt><code>(\w+)</code></dt>", page))
            assert members == set(code.extensions.split()) <= EXTENSIONS.keys()


def advice(clinic: Clinic, name: str) -> str:
    """What the page of a code says of it, below its status."""
    page = html.unescape(clinic.anyone.get(f"/problems/{name}").body.decode())
    found = re.search(r"with status \d+</p>\n<p>(.+)</p>\n", page)
    assert found, page
    return re.sub("</?code>", "`", found[1])


def test_d4_every_code_says_its_own(clinic: Clinic) -> None:
    """No code shares what it says with another: what helps against one status helps seldom."""
    said = Counter(advice(clinic, name) for name in CODES)

    assert [text for text, times in said.items() if times > 1] == []
    assert [text for text in said if not 40 <= len(text) <= 300 or not text.endswith(".")] == []


def test_d4_no_code_is_described_that_is_not_answered() -> None:
    """What is said of codes is of those that there are."""
    assert meanings().keys() == CODES.keys()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not_eligible", "The same request is accepted once the visits are recorded"),
        ("account_closed", "it is never opened again"),
        ("payment_known", "sent again under this one it is refused for ever"),
        ("hold_ended", "never opens again"),
    ],
)
def test_d4_it_says_whether_the_same_request_can_succeed(
    clinic: Clinic, name: str, said: str
) -> None:
    """The status does not tell it: a 409 can be for good, and a 422 can pass."""
    assert said in advice(clinic, name)


def test_d4_what_it_names_to_call_is_there(clinic: Clinic) -> None:
    """Operations that are named in the pages exist."""
    paths = clinic.anyone.get("/openapi.json").expect(200)["paths"]
    named = re.findall("`(GET|POST|PUT|PATCH|DELETE) (/[^`]*)`", " ".join(meanings().values()))

    assert len(named) >= 2
    assert [each for each in named if each[0].lower() not in paths.get(each[1], {})] == []


def test_d4_a_refusal_leads_to_its_page(clinic: Clinic) -> None:
    """The type is an address of this API."""
    refused = clinic.api.get("/v1/members/mem_none/balance").expect(404)

    assert refused["code"] in clinic.anyone.get(refused["type"]).body.decode()


@pytest.mark.parametrize("name", ["no_such_code", "Not_Found", "%3Cscript%3E", "a" * 65])
def test_d4_other_codes_have_none(clinic: Clinic, name: str) -> None:
    """What no refusal has as its code is not found, and not repeated."""
    refused = clinic.anyone.get(f"/problems/{name}").expect(404, "not_found")

    assert name not in refused["detail"]
