"""
What every test may ask for.

`engine` is the DynamoDB engine inside this process, with the declared tables, empty, under a
prefix that no other test uses; nothing goes over a socket.  `world` is the whole API in this
process and `clinic` a tenant in it; `server` is a server of its own, over HTTP.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis
import pytest

from infra.local import in_process
from infra.local.tables import create_tables
from tests.examples import examples

if TYPE_CHECKING:
    from infra.local.program import Program
    from tests.journeys.world import Clinic, Ground, LocalWorld, ServerWorld

# How long an example takes is no one's concern here: machines are busy at times.
hypothesis.settings.register_profile(
    "tessera", deadline=None, print_blob=True, max_examples=examples(100)
)
hypothesis.settings.load_profile("tessera")

# Before anything imports botocore: no test may read the machine's credentials or reach AWS.
os.environ.update(
    {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
)


def pytest_collection_finish() -> None:
    """Keep what was collected out of every later search for garbage: it stays until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class LocalTables(NamedTuple):
    """The declared tables on the engine of this process."""

    client: Any  # a botocore DynamoDB client
    prefix: str  # begins their names: f"{prefix}ledger" and so on


@pytest.fixture(scope="session")
def engine_client() -> Any:
    """Return one botocore client for all tests: making one costs more than most of them."""
    return in_process.make_client()


@pytest.fixture
def engine(engine_client: Any) -> LocalTables:
    """Return empty tables, without the ledger's stream."""
    prefix = in_process.fresh_prefix()
    create_tables(engine_client, prefix, streams=False)
    return LocalTables(engine_client, prefix)


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Return what the worlds of this process stand on."""
    # Only tests of the whole API pay for importing it.
    from tests.journeys.world import Ground

    return Ground(tmp_path_factory.mktemp("ground"))


@pytest.fixture
def world(ground: Ground) -> LocalWorld:
    """Return the API in this process with a clock that a test may move."""
    from tests.journeys.world import LocalWorld

    return LocalWorld(ground)


@pytest.fixture
def clinic(world: LocalWorld) -> Clinic:
    """Return a tenant without any programme."""
    return world.clinic()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Return a server on loopback, with an engine of its own, as the program that it is."""
    from infra.local.program import Program

    with Program(tmp_path_factory.mktemp("server"), keeps_state=False) as program:
        yield program


@pytest.fixture(scope="session")
def server(program: Program) -> ServerWorld:
    """Return the world of the server on loopback."""
    from tests.journeys.world import ServerWorld

    return ServerWorld(program)


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """
    Return the endpoint of Amazon's DynamoDB Local.

    ``TESSERA_TEST_DYNAMODB_ENDPOINT`` names one that runs already.
    """
    from tests.engine.dynamodb_local import started_or_left_out

    if given := os.environ.get("TESSERA_TEST_DYNAMODB_ENDPOINT"):
        yield given
        return
    with started_or_left_out(tmp_path_factory.mktemp("dynamodb-local") / "log") as local:
        yield local.endpoint


@pytest.fixture(scope="session")
def server_on_dynamodb_local(
    dynamodb_local: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerWorld]:
    """Return a server of its own, over HTTP, on DynamoDB Local."""
    from infra.local.program import Program
    from tests.journeys.world import ServerWorld

    more = {"TESSERA_DYNAMODB_ENDPOINT": dynamodb_local}
    with Program(tmp_path_factory.mktemp("server"), more=more) as program:
        yield ServerWorld(program)
