"""
What operations answer with, as OpenAPI documents it: success with its headers, and refusals.

All refusals are one `Problem`, so that a client has one class for them and meets a code that is
newer than itself without failing.  The answers that most operations share are described once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from chalicelib.routes.http import problems
from chalicelib.routes.http.credentials import PUBLIC
from chalicelib.routes.http.operation import Page, Query

if TYPE_CHECKING:
    from chalicelib.routes.http.operation import Operation

_REF: Final = "#/components/responses/{name}"
_HEADER: Final = "#/components/headers/{name}"
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}

#: What any operation may answer with, and what those with a credential or a body add.
_ALWAYS: Final = ("too_many_requests", "internal_error", "unavailable")
_WITH_CREDENTIAL: Final = (
    "credential_missing",
    "credential_invalid",
    "key_ended",
    "insufficient_scope",
    "unknown_tenant",
    # Checking a credential reads the database, and so does the operation.
    "store_unavailable",
    "newer_schema",
)
_WITH_BODY: Final = (
    "malformed_json",
    "body_too_large",
    "unsupported_media_type",
    "invalid_body",
)

#: Every header that some answer bears beyond those of all.
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Content-Language": {
        "description": "The language of the texts in the answer.",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "The revision of what was read or written; `If-Match` takes it back.",
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` where this is the first answer once more.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {
        "description": "The path of what was created.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "RateLimit-Limit": {
        "description": "How many requests a minute the credential may make, as many at once.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Remaining": {
        "description": "How many of them it may make now.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Reset": {
        "description": "In how many seconds it may make all of them again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Retry-After": {
        "description": "How many seconds to wait before the same request is sent again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "What the credential lacks (RFC 6750).",
        "schema": {"type": "string"},
    },
}
_OF_STATUS: Final = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.FORBIDDEN: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: (
        *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
        "Retry-After",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
_OTHER: Final = "OtherRefusal"


class Refusals:
    """The refusals of a document's operations, of which those that most share have names."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        sets = Counter(
            (status, codes)
            for operation in operations
            for status, codes in _by_status(operation).items()
        )
        most: dict[int, tuple[str, ...]] = {}
        for (status, codes), times in sorted(sets.items(), key=lambda each: (-each[1], each[0])):
            if times > 1:
                most.setdefault(status, codes)
        self._most = most

    def components(self) -> dict[str, Any]:
        """Return the answers that have names."""
        other = {
            "description": "Any other refusal, such as of a later release: read its `code`.",
            "content": {problems.PROBLEM_TYPE: {"schema": _PROBLEM}},
        }
        shared = {_name(status): _refusal(status, codes) for status, codes in self._most.items()}
        return {**shared, _OTHER: other}

    def of(self, operation: Operation) -> dict[str, Any]:
        """Return the refusals of an operation by their statuses."""
        found = {
            str(status): {"$ref": _REF.format(name=_name(status))}
            if self._most.get(status) == codes
            else _refusal(status, codes)
            for status, codes in sorted(_by_status(operation).items())
        }
        return {**found, "default": {"$ref": _REF.format(name=_OTHER)}}


def success(operation: Operation, status: int, content: dict[str, Any] | None) -> dict[str, Any]:
    """Return what an operation answers with a status of success."""
    answer: dict[str, Any] = {"description": _outcome(operation, status)}
    if content is not None:
        answer["content"] = content
    names = (*operation.headers, *(("Idempotency-Replayed",) if operation.idempotent else ()))
    if names:
        answer["headers"] = _headers(names)
    return answer


def _outcome(operation: Operation, status: int) -> str:
    if status == operation.status:
        return operation.summary
    if operation.tries:
        return "With `dry_run`: what it would be. Nothing is written."
    return "It is there already: nothing changed."


def codes_of(operation: Operation) -> tuple[str, ...]:
    """Return every code that an operation may answer with."""
    return tuple(dict.fromkeys((*operation.errors, *_common(operation))))


def _by_status(operation: Operation) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for code in sorted(codes_of(operation)):
        found.setdefault(problems.CODES[code].status, []).append(code)
    return {status: tuple(codes) for status, codes in found.items()}


def _refusal(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "; ".join(f"`{code}`: {problems.CODES[code].title}" for code in codes),
        "content": {problems.PROBLEM_TYPE: {"schema": _PROBLEM}},
        "x-codes": list(codes),
    }
    names = _OF_STATUS.get(HTTPStatus(status))
    return {**answer, "headers": _headers(names)} if names else answer


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": _HEADER.format(name=name)} for name in names}


def _name(status: int) -> str:
    return "".join(word for word in HTTPStatus(status).phrase.title() if word.isalpha())


def _common(operation: Operation) -> list[str]:
    return [
        *_ALWAYS,
        *_credential_codes(operation),
        *_path_codes(operation),
        *_header_codes(operation),
        "invalid_query",
        *(("invalid_cursor",) if issubclass(operation.query or Query, Page) else ()),
        *(("invalid_body",) if operation.body is None else _WITH_BODY),
    ]


def _credential_codes(operation: Operation) -> list[str]:
    if operation.scope == PUBLIC:
        return []
    codes = list(_WITH_CREDENTIAL)
    if not operation.member_may:
        codes.append("not_for_members")
    if not operation.limited_may:
        codes.append("limited_to_locations")
    return codes


def _path_codes(operation: Operation) -> list[str]:
    names = operation.path_names
    codes = ["member_not_found"] if "member_id" in names else []
    return codes if set(names) <= {"member_id"} else [*codes, "not_found"]


def _header_codes(operation: Operation) -> list[str]:
    codes = []
    if operation.idempotent:
        # What must happen once is what is written to an account.
        codes += ["invalid_idempotency_key", "idempotency_key_reused"]
        codes += ["account_too_large", "total_too_large"]
    if operation.idempotent is True:
        codes.append("idempotency_key_required")
    if operation.if_match:
        codes += ["if_match_required", "invalid_if_match", "stale"]
    return codes
