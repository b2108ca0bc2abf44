"""D4: whoever is refused can follow the type of the problem to a page about it."""

from __future__ import annotations

import html
import re

import pytest

from chalicelib.routes.http.problems import CODES
from chalicelib.routes.http.refusals import EXTENSIONS
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


def test_d4_a_refusal_leads_to_its_page(clinic: Clinic) -> None:
    """The type is an address of this API."""
    refused = clinic.api.get("/v1/members/mem_none/balance").expect(404)

    assert refused["code"] in clinic.anyone.get(refused["type"]).body.decode()


@pytest.mark.parametrize("name", ["no_such_code", "Not_Found", "%3Cscript%3E", "a" * 65])
def test_d4_other_codes_have_none(clinic: Clinic, name: str) -> None:
    """What no refusal has as its code is not found, and not repeated."""
    refused = clinic.anyone.get(f"/problems/{name}").expect(404, "not_found")

    assert name not in refused["detail"]
