"""Requests at random: an operation of the document, called well, badly, or very badly."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.routes.http.parsing import BODY_BYTES_MAX
from tests.catalogue.catalogue import EXAMPLES
from tests.fuzz import corpus
from tests.fuzz.memory import Memory
from tests.fuzz.mutation import mutated, written
from tests.fuzz.values import Maker
from tests.journeys.contract import Operation

# How often one part of a request is odd, of many: most parts are right, so that a request gets as
# far as the part that is not.
_BODY_ODD: Final = 0.45
_BODY_DAMAGED: Final = 0.08
_PART_ODD: Final = 0.05
_LISTED: Final = 100
# How often everything in a body is at its maximum, and how much of what a body may be it then is.
_LARGEST: Final = 0.003
_ROOM: Final = BODY_BYTES_MAX * 9 // 10


class Request(NamedTuple):
    """One HTTP request as it goes to the gateway."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Credential(NamedTuple):
    """
    A value of Authorization that proves somebody of a tenant, and what that one has learnt.

    ``member`` is who it is for where it is a member's own; ``now`` is the tenant's time.
    """

    header: str
    tenant: str
    member: str | None
    memory: Memory
    now: Callable[[], Instant]


class Generator:
    """Makes requests from a document and what was learnt so far; the same again for a seed."""

    def __init__(
        self,
        operations: list[Operation],
        components: Mapping[str, Any],
        credentials: list[Credential],
        rng: random.Random,
    ) -> None:
        self._operations = [
            operation for operation in operations for _ in range(1 if _is_rare(operation) else 10)
        ]
        self._components = components
        self._credentials = credentials
        self._rng = rng
        self._sent: list[tuple[Request, Credential]] = []
        self._keys: list[str] = []

    def request(self) -> tuple[Request, Credential]:
        """Return the next request and whoever sends it."""
        rng = self._rng
        if self._sent and rng.random() < 0.04:
            return rng.choice(self._sent)
        credential = rng.choice(self._credentials)
        operation = rng.choice(self._operations)
        made = self._made(operation, credential, _ROOM if self._odd(_LARGEST) else None)
        self._sent.append((made, credential))
        del self._sent[:-_LISTED]
        return made, credential

    def largest(self, operation: Operation, credential: Credential) -> Request:
        """Return a request of an operation with a body as large as it may be."""
        return self._made(operation, credential, _ROOM)

    def _made(self, operation: Operation, credential: Credential, room: int | None) -> Request:
        rng = self._rng
        credential.memory.dwell_on(self._names(operation), rng)
        maker = Maker(self._components, credential.memory, rng, credential.now(), room=room)
        method = rng.choice(corpus.METHODS) if self._odd(0.02) else operation.method
        body = self._body(operation, maker, is_large=room is not None)
        headers = self._headers(operation, credential, has_body=bool(body))
        return Request(method, self._target(operation, maker, credential), headers, body)

    def _names(self, operation: Operation) -> list[str]:
        """Return what an operation will ask the memory for, as far as that is plain to see."""
        names = [each["name"] for each in operation.entry["parameters"]]
        declared = operation.entry.get("requestBody")
        if declared is not None:
            schema = declared["content"]["application/json"]["schema"]
            component = self._components[schema["$ref"].rpartition("/")[2]]
            names += component["properties"]
        return names

    def _odd(self, share: float = _PART_ODD) -> bool:
        return self._rng.random() < share

    def _target(self, operation: Operation, maker: Maker, credential: Credential) -> str:
        if self._odd(0.02):
            return self._rng.choice(corpus.TARGETS)

        def filled(match: re.Match[str]) -> str:
            if self._odd():
                return self._rng.choice(corpus.SEGMENTS)
            return self._path_value(operation, match[1], maker, credential)

        path = re.sub(r"\{(\w+)\}", filled, operation.path)
        if self._odd(0.01):
            at = self._rng.randrange(len(path) + 1)
            path = path[:at] + self._rng.choice(corpus.SEGMENTS) + path[at:]
        query = self._query(operation, maker)
        return f"{path}?{query}" if query else path

    def _path_value(
        self, operation: Operation, name: str, maker: Maker, credential: Credential
    ) -> str:
        schema = _parameter(operation, name)["schema"]
        known = credential.memory.recall("", name, self._rng)
        if known is None or self._odd():
            known = maker.value(schema)
        return quote(str(known), safe=self._rng.choice(("", ":@~", "%")))

    def _query(self, operation: Operation, maker: Maker) -> str:
        if self._odd():
            return self._rng.choice(corpus.QUERIES)
        pairs = []
        for parameter in operation.entry["parameters"]:
            if parameter["in"] != "query":
                continue
            if parameter["required"] or self._rng.random() < 0.3:
                value = maker.value(parameter["schema"], parameter["name"])
                pairs.append((parameter["name"], self._said(value)))
        if self._odd():
            pairs.append((self._rng.choice(corpus.TEXTS), self._rng.choice(corpus.TEXTS)))
        if pairs and self._odd():
            pairs.append(self._rng.choice(pairs))
        return urlencode(pairs, errors="surrogatepass")

    def _said(self, value: Any) -> str:
        if self._odd(0.1):
            return self._rng.choice((*corpus.TEXTS, *corpus.NUMBERS))
        if isinstance(value, bool):
            return str(value).lower()
        return str(value)

    def _body(self, operation: Operation, maker: Maker, *, is_large: bool) -> bytes:
        rng = self._rng
        declared = operation.entry.get("requestBody")
        if declared is None:
            return rng.choice(corpus.BODIES) if self._odd() else b""
        body = maker.value(declared["content"]["application/json"]["schema"])
        # A large one is to get as far as it can.
        if not is_large and rng.random() < _BODY_ODD:
            body = mutated(body, rng)
        return written(body, rng, odd=not is_large and rng.random() < _BODY_DAMAGED)

    def _headers(
        self, operation: Operation, credential: Credential, *, has_body: bool
    ) -> dict[str, str]:
        rng = self._rng
        headers: dict[str, str] = {}
        if self._odd():
            headers["Authorization"] = rng.choice(corpus.CREDENTIALS)
        elif not self._odd(0.01):
            headers["Authorization"] = credential.header
        if has_body and not self._odd(0.01):
            headers["Content-Type"] = (
                rng.choice(corpus.TYPES) if self._odd(0.03) else "application/json"
            )
        if _has_header(operation, "Idempotency-Key") and not self._odd(0.03):
            headers["Idempotency-Key"] = self._key()
        if _has_header(operation, "If-Match") and not self._odd(0.03):
            headers["If-Match"] = self._tag(credential)
        if rng.random() < 0.1:
            headers["Accept-Language"] = rng.choice(corpus.LANGUAGES)
        if self._odd():
            name, value = rng.choice(corpus.STRANGE)
            headers[name] = value
        return headers

    def _key(self) -> str:
        rng = self._rng
        if self._odd(0.03):
            return rng.choice(corpus.KEYS)
        if self._keys and self._odd(0.1):
            return rng.choice(self._keys)
        self._keys.append(f"k-{rng.getrandbits(64):x}")
        del self._keys[:-_LISTED]
        return self._keys[-1]

    def _tag(self, credential: Credential) -> str:
        known = credential.memory.recall("", "etag", self._rng)
        if known is None or self._odd(0.2):
            return self._rng.choice(corpus.TAGS)
        return str(known)


def _is_rare(operation: Operation) -> bool:
    # What ends an account would soon have ended them all; what is public is the same for ever.
    return operation.scope is None or EXAMPLES[f"{operation.method} {operation.path}"].ends


def _parameter(operation: Operation, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        each for each in operation.entry["parameters"] if each["name"] == name
    )
    return found


def _has_header(operation: Operation, name: str) -> bool:
    return any(
        each["in"] == "header" and each["name"] == name for each in operation.entry["parameters"]
    )
