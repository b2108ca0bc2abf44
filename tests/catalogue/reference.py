"""
The examples of the API reference: every example of the catalogue, carried out.

    python -m tests.catalogue.reference

writes `chalicelib/routes/examples.json` anew.  Each is carried out in a world of its own, with
clock, ids and chance fixed, so the same code gives the same examples, to the letter, and what they
are about has the same id in all of them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chalicelib.domain.ledger.actor import Actor
from chalicelib.routes import operation as operations
from chalicelib.routes.operation import JSON_TYPE
from chalicelib.usecases.keys import issue_key
from chalicelib.usecases.services import Caller
from chalicelib.usecases.stored import Settings
from tests import conftest  # noqa: F401 - keeps the machine's credentials out of this process
from tests.catalogue.catalogue import EXAMPLES, declared
from tests.catalogue.example import Example
from tests.catalogue.stage import Request, Stage, send
from tests.journeys.client import Answer
from tests.journeys.world import Clinic, Ground, LocalWorld

FILE: Final = Path(operations.__file__).with_name("examples.json")
#: These answer with the document that the examples stand in, or with what is made of it.
DOCUMENTS: Final = frozenset({"GET /openapi.json", "GET /tools.json"})
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_KEY: Final = "Idempotency-Key"


def carried_out(ground: Ground) -> dict[str, Any]:
    """Carry every example out, and return what was sent and answered by operation."""
    return {
        declared()[name].name: _shown(Stage(_clinic(ground.renewed(), example)), example)
        | _also(ground, example)
        for name, example in EXAMPLES.items()
    }


def text(examples: Mapping[str, Any]) -> str:
    """Return the examples as the file holds them."""
    return json.dumps(examples, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _clinic(ground: Ground, example: Example) -> Clinic:
    world, numbers = LocalWorld(ground), itertools.count(1)
    world.services = world.services._replace(
        new_id=lambda kind: _ulid(kind, world.clock(), next(numbers)),
        random_bytes=lambda count: _bytes(next(numbers), count),
    )
    world.runtime = world.runtime._replace(use_cases=world.services)
    world.provide()
    if example.needs_clock:
        return world.sandbox()
    settings = Settings(tenant="northside", name="Northside Clinic", time_zone="Europe/London")
    assert world.catalogue.create_tenant(settings, None)
    caller = Caller(tenant=settings.tenant, actor=Actor("system", "setup"))
    token = issue_key(world.services, caller, "setup", frozenset({"*"})).token
    return Clinic(world, settings.tenant, token, world.clock)


def _shown(stage: Stage, example: Example) -> dict[str, Any]:
    operation = declared()[example.operation]
    things = stage.prepared(example)
    asked = stage.request(example, things)
    key = "intention-1" if operation.idempotent is True else None
    answer = send(stage.clinic.api, asked, key=key)
    assert answer.status == operation.status, answer.body
    known = {**example.names, **things, _KEY: key}
    names = [*operation.path_names, *([_KEY] if key else [])]
    path = {name: known[name] for name in names}
    entry = _entry({**path, **asked.headers, **_query(example.query)}, asked, answer)
    if example.operation in DOCUMENTS:
        del entry["answer"]
    return entry


def _also(ground: Ground, example: Example) -> dict[str, Any]:
    """Return what an operation answers with another status of success, where it has one."""
    operation = declared()[example.operation]
    if not operation.also:
        return {}
    stage = Stage(_clinic(ground.renewed(), example))
    asked = stage.request(example, stage.prepared(example))
    if "dry_run" in getattr(operation.query, "__struct_fields__", ()):
        asked = asked._replace(target=f"{asked.target}?dry_run=true")
    else:  # what is there already is found
        send(stage.clinic.api, asked)
    answer = send(stage.clinic.api, asked)
    assert (answer.status,) == operation.also, answer.body
    return {"also": {str(answer.status): json.loads(answer.body)}}


def _entry(parameters: Mapping[str, Any], asked: Request, answer: Answer) -> dict[str, Any]:
    entry: dict[str, Any] = {"status": str(answer.status)}
    if parameters:
        entry["parameters"] = parameters
    if asked.body is not None:
        entry["body"] = asked.body
    if answer.body and answer.headers["content-type"].startswith(JSON_TYPE):
        entry["answer"] = json.loads(answer.body)
    return entry


def _query(query: str) -> dict[str, Any]:
    pairs: Mapping[str, str] = dict(part.split("=", 1) for part in query.split("&") if part)
    return {name: int(value) if value.isdigit() else value for name, value in pairs.items()}


def _ulid(kind: str, now: int, number: int) -> str:
    value = now << 80 | int.from_bytes(_bytes(number, 10), "big")
    letters = "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
    return f"{kind}_{letters}"


def _bytes(number: int, count: int) -> bytes:
    return hashlib.shake_128(f"example {number}".encode()).digest(count)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        FILE.write_text(text(carried_out(Ground(Path(directory)))), encoding="utf-8")
