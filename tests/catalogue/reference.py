"""
The examples of the API reference, and the example clinic in which their code samples run.

    python -m tests.catalogue.reference

carries every example of the catalogue out and writes two files anew: what was sent and answered,
`chalicelib/routes/http/examples.json`, and what was made before, `chalicelib/cli/clinic.json`,
which a first `tessera serve` makes again.  Clock, ids and chance are fixed, so the same code gives
the same files, to the letter.

Examples are about one member, so that a reader who records a purchase finds it in the balance.
Only where one ends what another needs it has a member `apart`; so each can be sent on its own, and
all of them in any order.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from chalicelib.cli import seed
from chalicelib.domain.api_key import ENTROPY_BYTES, ID_BYTES
from chalicelib.routes.http import examples as shown_examples
from chalicelib.routes.http.operation import JSON_TYPE
from chalicelib.usecases.open_tenant import open_tenant
from tests import conftest  # noqa: F401 - keeps the machine's credentials out of this process
from tests.catalogue.catalogue import EXAMPLES, GIVERS, declared, programme
from tests.catalogue.example import Example
from tests.catalogue.stage import Stage, Things, needed, send
from tests.journeys.client import Answer, InProcess
from tests.journeys.world import Clinic, Ground, LocalWorld

EXAMPLES_FILE: Final = Path(shown_examples.__file__).with_name("examples.json")
CLINIC_FILE: Final = Path(seed.__file__).with_name("clinic.json")
#: These answer with the document that the examples stand in, or with what is made of it.
DOCUMENTS: Final = frozenset({"GET /openapi.json", "GET /tools.json"})
#: Names of what each installation draws itself, with what `tessera serve` prints it as.
DRAWN: Final[Mapping[str, str]] = {
    name: credential for each in EXAMPLES.values() for name, credential in each.draws.items()
}
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_KEY: Final = "Idempotency-Key"


class Reference(NamedTuple):
    """What is shown of each operation, by its name, and the clinic in which it is sent."""

    examples: dict[str, Any]
    clinic: dict[str, Any]


class _Rehearsal:
    """A world with fixed ids; it notes each request with the ids that were made for it."""

    def __init__(self, ground: Ground) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: list[Answer] = []
        self._inner = InProcess(ground.gateway)
        self._numbers = itertools.count(1)
        self._ids: list[str] = []
        self._world = LocalWorld(ground, self)
        self._world.services = self._world.services._replace(
            new_id=self._new_id, random_bytes=self._random_bytes
        )
        self._world.runtime = self._world.runtime._replace(use_cases=self._world.services)
        self._world.provide()

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Carry a request, and note it."""
        self._ids = []
        answer = self._inner(method, target, headers, body)
        noted = {"target": target, "body": json.loads(body or b"null"), "ids": self._ids}
        self.requests.append({**noted, "method": method, "has_key": _KEY in headers})
        self.answers.append(answer)
        return answer

    def mark(self, name: str, value: str, credential: str | None) -> None:
        """
        Let an installation take its own value of a name from the answer that first had it.

        It is printed as ``credential``, if it has one, and stands in what is sent after it.
        """
        giver = next(
            place for place, answer in enumerate(self.answers) if value in answer.body.decode()
        )
        label = credential or f"{seed.UNTOLD}{giver}"
        filled = [filled_in(each["body"], value, f"{{{label}}}") for each in self.requests]
        if credential or filled != [each["body"] for each in self.requests]:
            gives = self.requests[giver].setdefault("gives", {})
            gives[label] = EXAMPLES[GIVERS[name]].gives[name]
        for request, body in zip(self.requests, filled, strict=True):
            request["body"] = body

    def clinic(self) -> Clinic:
        """Return the tenant that a first start has."""
        world = self._world
        token = open_tenant(world.services, seed.SETTINGS).token
        return Clinic(world, seed.SETTINGS.tenant, token, world.clock)

    def sandbox(self) -> Clinic:
        """Return a tenant with a test clock."""
        return self._world.sandbox()

    def _new_id(self, kind: str) -> str:
        made = _ulid(kind, self._world.clock(), next(self._numbers))
        self._ids.append(made)
        return made

    def _random_bytes(self, count: int) -> bytes:
        drawn = _bytes(next(self._numbers), count)
        assert count == ENTROPY_BYTES
        self._ids.append(base64.b32encode(drawn[:ID_BYTES]).decode())
        return drawn


def carried_out(ground: Ground) -> Reference:
    """Make what all examples need, then carry out each: those that only read first."""
    rehearsal = _Rehearsal(ground.renewed())
    stage, shared = Stage(rehearsal.clinic()), Things()
    del rehearsal.requests[:], rehearsal.answers[:]
    here = [each for each in EXAMPLES.values() if not each.needs_clock]
    things = {
        each.operation: stage.prepared(each, Things() if each.apart else shared) for each in here
    }
    rehearsal.mark("sandbox_key", shared["sandbox_key"], DRAWN["sandbox_key"])
    for each in here:
        told = _drawn(each)
        for name in things[each.operation].keys() & DRAWN.keys():
            if name in told or each.apart:
                rehearsal.mark(name, things[each.operation][name], told.get(name))
    clinic = {"programme": programme(), "requests": [*rehearsal.requests]}
    shown = {
        each.operation: _shown(stage, each, things[each.operation])
        for each in sorted(here, key=lambda each: each.method != "GET")
    }
    for each in EXAMPLES.values():
        if each.needs_clock:
            stage = Stage(_Rehearsal(ground.renewed()).sandbox())
            shown[each.operation] = _shown(stage, each, stage.prepared(each))
    return Reference({declared()[name].name: each for name, each in shown.items()}, clinic)


def text(made: Mapping[str, Any]) -> str:
    """Return examples, or a clinic, as the file holds them."""
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _drawn(example: Example) -> dict[str, str]:
    """Return what an example needs and each installation draws itself, with the credentials."""
    before = "other_" if example.apart else ""
    return {name: before + DRAWN[name] for name in needed(example) if name in DRAWN}


def filled_in(body: Any, value: str, instead: str) -> Any:
    """Return a body in which something else stands for a value."""
    if isinstance(body, dict):
        return {name: filled_in(each, value, instead) for name, each in body.items()}
    if isinstance(body, list):
        return [filled_in(each, value, instead) for each in body]
    return instead if body == value else body


def _shown(stage: Stage, example: Example, things: Things) -> dict[str, Any]:
    operation = declared()[example.operation]
    own = Things()
    own.update(things)
    also = {}
    if operation.also and operation.tries:
        tried = stage.request(example, own)
        answer = send(stage.clinic.api, tried._replace(target=f"{tried.target}?dry_run=true"))
        also = {str(answer.status): answer.json}
    asked = stage.request(example, own)
    key = "intention-1" if operation.idempotent is True else None
    answer = send(stage.clinic.api, asked, key=key)
    assert answer.status == operation.status, answer.body
    if operation.also and not also:  # what is there already is found
        again = send(stage.clinic.api, asked)
        also = {str(again.status): again.json}
    assert tuple(map(int, also)) == operation.also
    known = {**own, **example.names, _KEY: key}
    names = [*operation.path_names, *([_KEY] if key else [])]
    path = {name: known[name] for name in names}
    entry: dict[str, Any] = {
        "status": str(answer.status),
        "parameters": {**path, **asked.headers, **_query(example.query)},
        "body": asked.body,
        "answer": _content(example, answer),
        "also": also,
        "minted": [own[name] for name in example.mints],
        "drawn": {own[name]: credential for name, credential in _drawn(example).items()},
        "bearer": DRAWN["sandbox_key"] if example.needs_clock else None,
    }
    empty_too = {"body", "answer"}
    return {
        name: value
        for name, value in entry.items()
        if value or (name in empty_too and value is not None)
    }


def _content(example: Example, answer: Answer) -> Any:
    is_json = answer.headers.get("content-type", "").startswith(JSON_TYPE)
    return answer.json if is_json and example.operation not in DOCUMENTS else None


def _query(query: str) -> dict[str, Any]:
    pairs: Mapping[str, str] = dict(part.split("=", 1) for part in query.split("&") if part)
    return {name: int(value) if value.isdigit() else value for name, value in pairs.items()}


def _ulid(kind: str, now: int, number: int) -> str:
    value = now << 80 | int.from_bytes(_bytes(number, 10), "big")
    letters = "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
    return f"{kind}_{letters}"


def _bytes(number: int, count: int) -> bytes:
    return hashlib.shake_128(f"example {number}".encode()).digest(count)


def write() -> None:
    """Write both files."""
    with tempfile.TemporaryDirectory() as directory:
        made = carried_out(Ground(Path(directory)))
    EXAMPLES_FILE.write_text(text(made.examples), encoding="utf-8")
    CLINIC_FILE.write_text(text(made.clinic), encoding="utf-8")


if __name__ == "__main__":
    write()
