"""
schemathesis against a server: with all its checks, three identities, and a bounded time.

It is told what the document alone does not say: which answers give the ids that other operations
take.  By these links what one caller made is asked for by the others, and none of them may see it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.catalogue.catalogue import EXAMPLES, declared, programme
from tests.journeys.world import Clinic

_HERE: Final = Path(__file__).parent
_COMMAND: Final = Path(sys.executable).with_name("schemathesis")
_GRACE_S: Final = 120  # beyond its own limit, for its start and its end
_PARAMETERS: Final = re.compile(r"\{(\w+)\}")


class Callers(NamedTuple):
    """Bearer tokens: of who runs a tenant, of who runs another, of a member of the first."""

    alice: str
    bob: str
    carol: str


class Report(NamedTuple):
    """What a run came to: how many cases, and failures by schemathesis's code."""

    cases: int
    failures: Counter[str]
    output: str


def callers_of(first: Clinic, second: Clinic) -> Callers:
    """Return who runs two tenants, with different programmes, and a member of the first."""
    first.publish(programme())
    second.publish("purchases")
    carol = first.member(first.enrolled())
    tokens = (first.api.token, second.api.token, carol.token)
    return Callers(*(str(token) for token in tokens))


def check(
    document: Mapping[str, Any],
    base_url: str,
    callers: Callers,
    space: Path,
    *,
    seconds: int,
    seed: int = 1,
) -> Report:
    """Run all phases and checks within ``seconds``; files go to the directory ``space``."""
    schema, identities, result = (
        space / "openapi.json",
        space / "identities.json",
        space / "hints.json",
    )
    schema.write_text(json.dumps(linked(document)))
    identities.write_text(json.dumps(_identities(callers)))
    done = subprocess.run(
        [
            *(_COMMAND, "--config-file", _HERE / "schemathesis.toml", "run", schema),
            *("--url", base_url, "--max-time", str(seconds), "--seed", str(seed)),
            *("--report", "json", "--report-json-path", result),
        ],
        cwd=space,
        env=os.environ
        | {"TESSERA_IDENTITIES": str(identities), "TESSERA_HOOKS": str(_HERE / "hooks.py")},
        capture_output=True,
        text=True,
        timeout=seconds + _GRACE_S,
        check=False,
    )
    if not result.exists():
        raise RuntimeError(f"schemathesis did not run:\n{done.stdout}\n{done.stderr}")
    report = json.loads(result.read_text())
    failures = Counter({each["code"]: int(each["count"]) for each in report["failures"]})
    if report["errors"]:
        failures["errors"] = len(report["errors"])
    return Report(int(report["test_cases"]["generated"]), failures, done.stdout)


def narrowed(document: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """Return a document of these operations alone."""
    paths = {
        path: {
            method: operation
            for method, operation in methods.items()
            if operation["operationId"] in operations
        }
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": {path: methods for path, methods in paths.items() if methods}}


def linked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document whose answers link to every operation that takes what they give."""
    made: dict[str, Any] = json.loads(json.dumps(document))
    operations = [
        (path, operation)
        for path, methods in made["paths"].items()
        for operation in methods.values()
    ]
    makers = {declared()[each.operation].name: each for each in EXAMPLES.values() if each.gives}
    for path, source in operations:
        maker = makers.get(source["operationId"])
        if maker is None:
            continue
        given = {name: f"$response.body#/{place}" for name, place in maker.gives.items()}
        given |= {name: f"$request.path.{name}" for name in _PARAMETERS.findall(path)}
        links = {
            target["operationId"]: {
                "operationId": target["operationId"],
                "parameters": {name: given[name] for name in names},
            }
            for other, target in operations
            if source is not target
            and set(names := _PARAMETERS.findall(other)) <= given.keys()
            # schemathesis begins with what seems to need nothing; what makes something may also
            # follow upon anything else that does.
            and (names or target["operationId"] in makers)
        }
        # 200 is the answer of a dry run, which makes nothing.
        source["responses"]["201"]["links"] = links
    return made


def _identities(callers: Callers) -> dict[str, Any]:
    return {
        "auth": [
            {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
            for name, token in callers._asdict().items()
        ]
    }
