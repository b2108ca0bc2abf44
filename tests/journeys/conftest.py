"""
How the requests of a journey reach the API.

A file named `test_story_…` is an acceptance story, and each of its tests runs twice: with the
gateway called inside this process, and through a socket of the server that `make serve` runs.
Every other journey calls the gateway.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.server import Server
from tests.journeys.client import InProcess, OverHttp, Transport
from tests.journeys.world import Ground, LocalWorld

STORY = "test_story_"
IN_PROCESS, OVER_A_SOCKET = "in process", "over a socket"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of a story over both transports; one that uses neither is an error."""
    if not metafunc.definition.path.name.startswith(STORY):
        return
    if "transport" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} never reaches the API")
    metafunc.parametrize("transport", (IN_PROCESS, OVER_A_SOCKET), indirect=True)


@pytest.fixture(scope="session")
def socket(ground: Ground) -> Iterator[Transport]:
    """Return the way through a socket: a server on loopback over the gateway of this process."""
    server = Server(0)
    server.start(ground.gateway)
    yield OverHttp(server.url)
    server.stop()


@pytest.fixture
def transport(request: pytest.FixtureRequest, ground: Ground) -> Transport:
    """Return what carries the requests of a test."""
    if getattr(request, "param", IN_PROCESS) == IN_PROCESS:
        return InProcess(ground.gateway)
    over: Transport = request.getfixturevalue("socket")
    return over


@pytest.fixture
def world(ground: Ground, transport: Transport) -> LocalWorld:
    """Return the API of this process, reached by the test's transport."""
    return LocalWorld(ground, transport)
