"""The local server as a program: start, answer, stop, start again."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.program import Program, ProgramError
from infra.local.serve import _client, beside
from infra.local.settings import ServeError, settings_from

TOY = (sys.executable, str(Path(__file__).with_name("toy_server.py")))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Return a server that tests look at and leave running."""
    with Program(tmp_path_factory.mktemp("running"), command=TOY) as program:
        yield program


def test_a_second_start(tmp_path: Path) -> None:
    """
    It finds what the first wrote, and keeps the key that it cannot know again.

    U13: the first says what it is about, and each where the reference is.
    """
    with Program(tmp_path, command=TOY) as first:
        said, url = first.output, first.base_url
        assert _count(first) == 1
        assert _count(first) == 2
        keys = [(tmp_path / name).read_text() for name in ("root_key", "issuer.pem")]

    with Program(tmp_path, command=TOY) as second:
        again = second.output
        assert _count(second) == 3

    assert second.credentials["api_key"] == "once"
    assert [(tmp_path / name).read_text() for name in ("root_key", "issuer.pem")] == keys
    steps = (
        "Starting the engine",
        "Loading the API",
        "the first start",
        f"reference is {url}/docs",
    )
    places = [said.index(step) for step in steps]
    assert places == sorted(places)
    assert "the first start" not in again
    assert "/docs" in again


def test_killed_server_leaves_its_engine_to_save(tmp_path: Path) -> None:
    """After a kill of the server alone, the next one waits for its engine, and nothing is lost."""
    killed = Program(tmp_path, command=TOY)
    assert _count(killed) == 1
    killed._process.kill()
    killed._process.wait()

    with Program(tmp_path, command=TOY) as second:
        assert _count(second) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_clean_stop(tmp_path: Path, number: signal.Signals) -> None:
    """Either signal ends the server with code 0, after it has ticked and said what it saved."""
    program = Program(tmp_path, command=TOY)

    program._process.send_signal(number)

    assert program._process.wait(120) == 0
    assert "Stopped; the state is saved." in program.output
    assert (tmp_path / "state" / "dynamodb.json").exists()
    assert (tmp_path / "ticked").exists()


def test_u5_signals_in_a_row(tmp_path: Path) -> None:
    """However often it is told to stop, it stops once, and in order."""
    program = Program(tmp_path, command=TOY)

    for number in (signal.SIGINT, signal.SIGTERM) * 200:
        program._process.send_signal(number)

    assert program._process.wait(120) == 0
    assert "Stopped; the state is saved." in program.output


def test_u5_the_engine_dies(tmp_path: Path) -> None:
    """The server says so at once, and answers nobody from then on."""
    program = Program(tmp_path, command=TOY)
    tasks = Path(f"/proc/{program.pid}/task").glob("*/children")
    (engine,) = {child for task in tasks for child in task.read_text().split()}

    os.kill(int(engine), signal.SIGKILL)

    assert program._process.wait(60) == 1
    assert "The engine has ended by itself" in program.output
    assert "the engine ended by itself (code -9): what was written in the last 30 s" in (
        program.output
    )
    with pytest.raises(OSError, match="refused"):
        _count(program)


def test_secrets_are_the_owners(running: Program) -> None:
    """Keys and credentials are readable by their owner only, and can be pasted from the output."""
    directory, output = running.directory, running.output

    for name in ("credentials.json", "root_key", "issuer.pem"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    result = json.loads((directory / "credentials.json").read_text())
    assert result.keys() == {"base_url", "tenant", "admin_token", "api_key"}
    assert f"export TESSERA_BASE_URL={result['base_url']}" in output
    assert f"export TESSERA_API_KEY={result['api_key']}" in output


def test_busy_port(running: Program, tmp_path: Path) -> None:
    """A second server on the same port says which, and how to choose another."""
    port = int(running.base_url.rpartition(":")[2])

    with pytest.raises(ProgramError, match=f"127.0.0.1:{port} is taken.*PORT="):
        Program(tmp_path, port=port, command=TOY)


def test_beside_a_running_server(running: Program, tmp_path: Path) -> None:
    """Another program gets all that it needs for the same tables, while the server runs."""
    environment = {"TESSERA_LOCAL_DIR": str(running.directory), "AWS_PROFILE": "of somebody"}
    assert _count(running) == 1
    beside(environment)
    found = _client(environment).scan(TableName="tessera-catalogue", ConsistentRead=True)

    assert found["Count"] == 2  # the count, and by what the root key is known
    assert environment["TESSERA_ROOT_KEY"] == (running.directory / "root_key").read_text().strip()
    assert "AWS_PROFILE" not in environment
    with pytest.raises(ServeError, match="no server runs"):
        beside({"TESSERA_LOCAL_DIR": str(tmp_path)})


def test_two_servers_do_not_share_a_state(tmp_path: Path) -> None:
    """A second server on the same directory is refused: each would overwrite the other's state."""
    with (
        Program(tmp_path, command=TOY),
        pytest.raises(ProgramError, match="another server uses"),
    ):
        Program(tmp_path, command=TOY)


def test_throwaway_state(tmp_path: Path) -> None:
    """A server that keeps no state stops cleanly, saves nothing and finds nothing."""
    for _ in range(2):
        with Program(tmp_path, command=TOY, keeps_state=False) as program:
            assert _count(program) == 1
        assert program.output.endswith("Stopped.\n")

    assert not (tmp_path / "state").exists()


def test_beside_an_account() -> None:
    """What names an AWS account is complete."""
    environment = {"TESSERA_STAGE": "prod", "TESSERA_ROOT_KEY": "x"}
    beside(environment)

    assert environment == {"TESSERA_STAGE": "prod", "TESSERA_ROOT_KEY": "x"}


@pytest.mark.parametrize("port", ["eight", "-1", "70000", "8000x"])
def test_unusable_port_is_named(port: str) -> None:
    """A PORT that is no port is refused by its name."""
    with pytest.raises(ServeError, match="PORT"):
        settings_from({"PORT": port})


def test_a_cloud_stage_needs_its_own_root_key() -> None:
    """Hashes made with a key of this machine must not reach an account in the cloud."""
    with pytest.raises(ServeError, match="TESSERA_ROOT_KEY"):
        settings_from({"TESSERA_STAGE": "prod"})


def test_an_unknown_stage_is_named() -> None:
    """A misspelt stage must not pass for one in the cloud."""
    with pytest.raises(ServeError, match="local, dev, prod"):
        settings_from({"TESSERA_STAGE": "staging", "TESSERA_ROOT_KEY": "x"})


@pytest.mark.parametrize(
    ("environment", "embedded"),
    [
        ({}, True),
        ({"TESSERA_DYNAMODB_ENDPOINT": "http://127.0.0.1:8001"}, False),
        ({"TESSERA_STAGE": "dev", "TESSERA_ROOT_KEY": "x"}, False),
    ],
)
def test_which_engine(environment: dict[str, str], embedded: bool) -> None:  # noqa: FBT001
    """The embedded engine is used unless the environment names another one."""
    assert settings_from(environment).is_embedded is embedded


def _count(program: Program) -> int:
    request = urllib.request.Request(f"{program.base_url}/count", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(json.load(answer)["count"])
