"""
Linters and generators read the document as it is served, and what they make of it works.

They are installed by `make clients`, into a directory beside other builds: Spectral, Redocly and a
TypeScript compiler for Node.js, and an environment of its own for a client in Python.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.routes.http.samples import with_samples
from infra.local.program import Program
from tests.journeys.world import Clinic, ServerWorld

pytestmark = pytest.mark.http

HERE: Final = Path(__file__).parent
TOOLS: Final = Path(__file__).parents[2] / "build" / "clients"
MODULES: Final = TOOLS / "node_modules"
PYTHON: Final = TOOLS / "python" / "bin"
TIMEOUT_S: Final = 300
#: None of them is to tell anyone that it ran.
SILENT: Final = {
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "SCARF_ANALYTICS": "false",
    "MYPYPATH": "generated",
    "PYTHONPATH": "generated",
    "PATH": os.pathsep.join([str(PYTHON), str(MODULES / ".bin"), os.environ["PATH"]]),
}


@pytest.fixture(scope="session")
def space(program: Program, server: ServerWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the document, as a server hands it out, and the tools beside it."""
    if not MODULES.exists() and not os.environ.get("CI"):
        pytest.skip("`make clients` installs what this needs")
    space = tmp_path_factory.mktemp("clients")
    document = server.api.get("/openapi.json").expect(200)
    (space / "openapi.json").write_text(json.dumps(document))
    (space / "node_modules").symlink_to(MODULES)
    for name in ("package.json", "tsconfig.json", "spectral.yaml", "purchase.ts", "purchase.py"):
        shutil.copy(HERE / name, space)
    assert document["servers"][0]["url"] == program.base_url
    return space


@pytest.fixture
def shop(server: ServerWorld) -> Clinic:
    """Return a tenant whose programme gives points for purchases."""
    clinic = server.sandbox()
    clinic.publish("purchases")
    return clinic


def run(space: Path, *command: str) -> str:
    """Run a tool there, and return what it prints; whatever it finds fails the test."""
    done = subprocess.run(
        command,
        cwd=space,
        env=os.environ | SILENT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def check(shop: Clinic, printed: str) -> None:
    """What a client read is what the API has: a point for each of 42 dollars."""
    told: dict[str, Any] = json.loads(printed)

    assert told["refused"] == "member_not_found"
    assert told["available"] == [shop.available(told["member"])] == [42]


def test_spectral(space: Path) -> None:
    """Not even a hint."""
    run(
        space, "spectral", "lint", "openapi.json", "--ruleset=spectral.yaml", "--fail-severity=hint"
    )


def test_redocly(space: Path) -> None:
    """Not even a warning."""
    run(space, "redocly", "lint", "openapi.json", "--extends=recommended-strict")


def test_typescript(space: Path, program: Program, shop: Clinic) -> None:
    """The types compile as strictly as can be, and a client by them buys something."""
    run(space, "openapi-typescript", "openapi.json", "--output=api.d.ts")
    run(space, "tsc", "--project", ".")

    check(shop, run(space, "node", "purchase.js", program.base_url, token(shop), shop.now()))


def test_typescript_samples(space: Path) -> None:
    """Every sample of the reference compiles by itself."""
    document = json.loads((space / "openapi.json").read_bytes())
    samples = space / "samples"
    samples.mkdir()
    for methods in with_samples(document)["paths"].values():
        for operation in methods.values():
            (sample,) = [
                each for each in operation["x-codeSamples"] if each["lang"] == "TypeScript"
            ]
            # Its being a module is what lets it wait.
            (samples / f"{operation['operationId']}.ts").write_text(sample["source"] + "export {};")
    settings = {"extends": "../tsconfig.json", "compilerOptions": {"noEmit": True}}
    (samples / "tsconfig.json").write_text(json.dumps(settings))

    assert len(list(samples.glob("*.ts"))) > 90
    run(space, "tsc", "--project", "samples")


def test_python(space: Path, program: Program, shop: Clinic) -> None:
    """The client is made without a warning, is typed throughout, and buys something."""
    command = ("generate", "--path=openapi.json", "--output-path=generated", "--fail-on-warning")
    run(space, "openapi-python-client", *command)
    run(space, "mypy", "--strict", "purchase.py", "generated/tessera_client")

    printed = run(space, "python", "purchase.py", program.base_url, token(shop), shop.now())
    check(shop, printed)


def token(shop: Clinic) -> str:
    """Return the key of who runs a tenant."""
    return str(shop.api.token)


def test_a_fault_in_the_document_is_found(space: Path, tmp_path: Path) -> None:
    """An operation that names what there is not is refused by both linters."""
    document = json.loads((space / "openapi.json").read_bytes())
    broken = json.dumps(document).replace("#/components/schemas/Problem", "#/components/schemas/No")
    (tmp_path / "openapi.json").write_text(broken)
    shutil.copy(HERE / "spectral.yaml", tmp_path)

    with pytest.raises(AssertionError, match="No"):
        run(tmp_path, "spectral", "lint", "openapi.json", "--ruleset=spectral.yaml")
    with pytest.raises(AssertionError, match="No"):
        run(tmp_path, "redocly", "lint", "openapi.json", "--extends=recommended-strict")
