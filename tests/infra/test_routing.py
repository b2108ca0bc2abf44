"""Which resource a path belongs to."""

from __future__ import annotations

import pytest

from infra.local.routing import Router

ROUTER = Router(
    [
        "/",
        "/v1/members",
        "/v1/members/{member}",
        "/v1/members/lookup",
        "/v1/members/{member}/ledger",
        "/v1/{kind}/summary",
    ]
)


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/", "/", {}),
        ("/v1/members", "/v1/members", {}),
        ("/v1/members/", "/v1/members", {}),
        ("/v1/members/mem_1", "/v1/members/{member}", {"member": "mem_1"}),
        ("/v1/members/lookup", "/v1/members/lookup", {}),
        ("/v1/members/lookup/ledger", "/v1/members/{member}/ledger", {"member": "lookup"}),
        ("/v1/members/summary", "/v1/members/{member}", {"member": "summary"}),
        ("/v1/rewards/summary", "/v1/{kind}/summary", {"kind": "rewards"}),
        ("/v1/members/a%2Fb", "/v1/members/{member}", {"member": "a/b"}),
        ("/v1/members/J%C3%BCrg%20M", "/v1/members/{member}", {"member": "Jürg M"}),
        ("/v1/members/a+b", "/v1/members/{member}", {"member": "a+b"}),
        ("/v1/members/%7Bmember%7D", "/v1/members/{member}", {"member": "{member}"}),
    ],
)
def test_match(path: str, resource: str, parameters: dict[str, str]) -> None:
    """A literal beats a parameter from the left, and parameters are decoded after the split."""
    assert ROUTER.match(path) == (resource, parameters)


@pytest.mark.parametrize(
    "path", ["/v1", "/V1/members", "/v1/members//ledger", "//v1/members", "/v1/members/%FF", "/x"]
)
def test_no_match(path: str) -> None:
    """Unknown, misspelt, empty and undecodable segments match nothing."""
    assert ROUTER.match(path) is None
