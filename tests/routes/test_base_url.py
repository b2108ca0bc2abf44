"""D10: the document names the address that was asked, so that a client made of it finds the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.routes.http.openapi import LOCAL_URL
from infra.local.gateway import Context
from tests.routes.toy import Shop

_PATH = "/openapi.json"


@pytest.mark.parametrize(
    ("context", "headers", "url"),
    [
        ({"domainName": "a.example", "path": "/prod/openapi.json"}, {}, "https://a.example/prod"),
        ({"domainName": "a.example", "path": "/openapi.json"}, {}, "https://a.example"),
        (
            {"domainName": "a.example", "path": "/v/openapi.json"},
            {"host": "b"},
            "https://a.example/v",
        ),
        ({}, {"host": "127.0.0.1:8000"}, "http://127.0.0.1:8000"),
        ({}, {"host": "[::1]:8000"}, "http://[::1]:8000"),
        ({}, {"host": "a.example", "x-forwarded-proto": "https"}, "https://a.example"),
        ({}, {"host": "a.example", "x-forwarded-proto": "javascript"}, "http://a.example"),
        ({}, {"host": 'a"><script>'}, LOCAL_URL),
        ({}, {"host": "a.example/elsewhere"}, LOCAL_URL),
        ({}, {"host": "a@b"}, LOCAL_URL),
        ({}, {}, LOCAL_URL),
    ],
)
def test_d10_the_server_is_the_one_that_was_asked(
    shop: Shop, context: dict[str, Any], headers: dict[str, str], url: str
) -> None:
    """Behind a stage, a domain of one's own, or on this machine; what is no address is not told."""
    event = {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "stageVariables": None,
        "requestContext": {"resourcePath": _PATH, "httpMethod": "GET", "path": _PATH, **context},
        "body": None,
        "isBase64Encoded": False,
    }

    answer = shop.app(event, Context("url", "api"))

    assert json.loads(answer["body"])["servers"] == [{"url": url}]
