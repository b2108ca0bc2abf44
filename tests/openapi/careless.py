"""The API behind a careless proxy: three violations that schemathesis must find."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

from infra.local.gateway import Environ, Gateway, StartResponse
from tests.openapi.checking import Callers

_MEMBER = re.compile(r"/v1/members/[^/]+")
#: What is answered carelessly, and what makes that of which it is.
OPERATIONS = (
    "create_member",
    "read_member",
    "create_api_key",
    "revoke_api_key",
    "list_programmes",
    "read_programme_rules",
)


class Careless:
    """
    A WSGI application around the real one that believes anybody.

    Whoever has any credential of these callers reads every member (ST402), whoever has none may
    still revoke keys (ST401), and the rules of a programme cannot be told without an error (ST101).
    """

    def __init__(self, gateway: Gateway, callers: Callers) -> None:
        self._gateway = gateway
        self._owner = f"Bearer {callers.alice}"
        self._believed = {f"Bearer {token}" for token in callers}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, carelessly."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "GET" and path.endswith("/rules"):
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain")])
            return [b"Traceback (most recent call last)"]
        known = environ.get("HTTP_AUTHORIZATION") in self._believed
        reads = method == "GET" and _MEMBER.fullmatch(path)
        if method == "DELETE" or (reads and known):
            environ["HTTP_AUTHORIZATION"] = self._owner
        return self._gateway(environ, start_response)
