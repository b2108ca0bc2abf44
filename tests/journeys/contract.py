"""The OpenAPI document as a contract: does an answer fit what is documented?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol

import jsonschema_rs

PROBLEM = "application/problem+json"
_SHARED = "urn:tessera:api"
_NOSNIFF = "nosniff"
_ANSWERS_KEPT = "no-store"
#: Headers that some answers have and others have not.
SOMETIMES = {
    "content-language",
    "etag",
    "idempotency-replayed",
    "location",
    "retry-after",
    "www-authenticate",
}


class _Answered(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Operation(NamedTuple):
    """One documented operation."""

    method: str
    path: str
    entry: Mapping[str, Any]

    @property
    def scope(self) -> str | None:
        """The scope that it takes; ``None`` for a public one."""
        found: str | None = self.entry.get("x-scope")
        return found

    @property
    def members_may(self) -> bool:
        """Whether members may call it for themselves."""
        return bool(self.entry.get("x-members-may"))


class Contract:
    """A document, and whether answers keep it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.operations = [
            Operation(method.upper(), path, entry)
            for path, methods in document["paths"].items()
            for method, entry in methods.items()
        ]
        self._patterns = [(_pattern(each.path), each) for each in self.operations]
        self._validator = cache(self._make_validator)
        shared = {"components": document["components"]}
        self._shared = jsonschema_rs.Registry([(_SHARED, shared)])

    @property
    def schemas(self) -> Mapping[str, Any]:
        """The document's components, by name."""
        found: Mapping[str, Any] = self._document["components"]["schemas"]
        return found

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation that serves a path, fixed segments first, or ``None``."""
        found = [
            operation
            for pattern, operation in self._patterns
            if operation.method == method and pattern.fullmatch(path)
        ]
        return min(found, key=lambda operation: operation.path.count("{"), default=None)

    def response(self, operation: Operation, status: int) -> Mapping[str, Any] | None:
        """Return what is documented of a status, where it is described once for many, too."""
        found: Mapping[str, Any] | None = operation.entry["responses"].get(str(status))
        if found is None or "$ref" not in found:
            return found
        name = found["$ref"].rpartition("/")[2]
        shared: Mapping[str, Any] = self._document["components"]["responses"][name]
        return shared

    def needs_key(self, operation: Operation) -> bool:
        """Whether what an operation writes is refused without an Idempotency-Key."""
        refused = self.response(operation, 400) or {}
        return "idempotency_key_required" in refused.get("x-codes", ())

    def check(
        self, operation: Operation | None, method: str, target: str, answer: _Answered
    ) -> None:
        """Raise ``AssertionError`` where an answer is not as documented."""
        said = f"{method} {target}: {answer.status} {answer.body[:500]!r}"
        kind = answer.headers.get("content-type", "")
        assert answer.headers.get("x-request-id"), said
        if answer.status >= 400:
            _check_problem(answer, kind, said)
        if operation is None:
            assert answer.status in (404, 405), said
            return
        assert answer.headers.get("x-content-type-options") == _NOSNIFF, said
        if "json" in kind or not answer.body:
            # About persons; what is the same for everyone may be kept.
            assert answer.headers.get("cache-control") == _ANSWERS_KEPT, said
        documented = self.response(operation, answer.status)
        assert documented is not None, f"{answer.status} is not documented: {said}"
        if answer.status >= 400:
            problem = json.loads(answer.body)
            assert problem["code"] in documented["x-codes"], said
            members = self._document["components"]["schemas"]["Problem"]["properties"]
            assert problem.keys() <= members.keys(), said
        told = {name.lower() for name in documented.get("headers", {})}
        undocumented = answer.headers.keys() & SOMETIMES - told
        assert not undocumented, f"{undocumented} is not documented: {said}"
        if "content" not in documented:
            assert not answer.body, said
            return
        media = documented["content"].get(kind)
        assert media is not None, f"{kind!r} is not documented: {said}"
        if "json" not in kind:
            return
        validator = self._validator(operation.method, operation.path, str(answer.status), kind)
        for error in validator.iter_errors(json.loads(answer.body)):
            raise AssertionError(f"{error.message}: {said}")

    def _make_validator(
        self, method: str, path: str, status: str, kind: str
    ) -> jsonschema_rs.Draft202012Validator:
        # It takes microseconds where one that is written in Python takes as long as the request.
        # What answers share is read once for all of them.
        own = {"allOf": self.schema(method, path, status, kind)["allOf"]}
        elsewhere = json.dumps(own).replace('"#/components/', f'"{_SHARED}#/components/')
        return jsonschema_rs.Draft202012Validator(elsewhere, registry=self._shared)

    def schema(self, method: str, path: str, status: str, kind: str) -> dict[str, Any]:
        """Return the schema of an answer, with all that it refers to."""
        entry = self._document["paths"][path][method.lower()]
        documented = self.response(Operation(method, path, entry), int(status))
        assert documented is not None
        schema = documented["content"][kind]["schema"]
        return {"components": self._document["components"], "allOf": [schema]}


def _check_problem(answer: _Answered, kind: str, said: str) -> None:
    """Every refusal is one RFC 9457 document that says the same as the status line."""
    assert kind == PROBLEM, said
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status, said
    assert problem["type"] == f"/problems/{problem['code']}", said
    assert problem["instance"] == f"urn:tessera:request:{answer.headers['x-request-id']}", said
    assert problem["title"], said
    assert problem["detail"], said
    assert "Traceback" not in said
    for error in problem.get("errors", []):
        assert {"detail"} < error.keys() <= {"detail", "pointer", "parameter"}, said
    assert (answer.status in (429, 503)) == ("retry-after" in answer.headers), said
    assert (answer.status == 401) <= ("www-authenticate" in answer.headers), said


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))
