"""Both transports of the stories lead to the same API, and one of them is a socket."""

from __future__ import annotations

import pytest

from tests.journeys.client import InProcess, Transport
from tests.journeys.conftest import IN_PROCESS, OVER_A_SOCKET
from tests.journeys.world import Ground, LocalWorld


@pytest.mark.parametrize("transport", [OVER_A_SOCKET], indirect=True)
def test_a_socket_is_one(world: LocalWorld, ground: Ground) -> None:
    """What comes through it has the header that only a server adds; the tenant is the same."""
    clinic = world.clinic()
    member = clinic.enrolled()

    answer = clinic.api.get(f"/v1/members/{member}")
    beside = clinic.api.over(InProcess(ground.gateway)).get(f"/v1/members/{member}")

    assert "date" in answer.headers
    assert "date" not in beside.headers
    assert answer.expect(200) == beside.expect(200)


@pytest.mark.parametrize("transport", [IN_PROCESS], indirect=True)
def test_no_socket_is_needed(transport: Transport) -> None:
    """The other way opens none."""
    assert isinstance(transport, InProcess)
