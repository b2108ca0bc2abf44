"""D11: lists come in pages, and a page goes on where the last one ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.world import Clinic, example


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member with points, of a programme with several rewards."""
    document = example("clinic")
    reward = document["rewards"][0]
    document["rewards"] = [{**reward, "id": f"gift-{n}"} for n in range(5)]
    clinic.publish(document)
    member = clinic.enrolled()
    body = {"programme": "clinic", "currency": "points", "amount": 100, "reason": "welcome"}
    clinic.api.post(f"/v1/members/{member}/adjustments", body).expect(201)
    return member


def pages(clinic: Clinic, path: str, field: str, limit: int) -> list[list[Any]]:
    """Return every page of a list."""
    found: list[list[Any]] = []
    more = ""
    while True:
        read = clinic.api.get(f"{path}?limit={limit}{more}").expect(200)
        found.append(read[field])
        if read["next_cursor"] is None:
            return found
        more = f"&cursor={read['next_cursor']}"


@pytest.mark.parametrize(("limit", "sizes"), [(2, [2, 2, 1]), (5, [5]), (1, [1] * 5), (100, [5])])
def test_d11_every_reward_is_on_one_page(
    clinic: Clinic, member: str, limit: int, sizes: list[int]
) -> None:
    """None is lost and none comes twice, whatever the size of a page."""
    found = pages(clinic, f"/v1/members/{member}/rewards", "rewards", limit)

    assert [len(each) for each in found] == sizes
    assert [each["reward"] for page in found for each in page] == [f"gift-{n}" for n in range(5)]


def test_d11_what_ends_meanwhile_does_not_lose_its_neighbours(clinic: Clinic, member: str) -> None:
    """Also where those with which a page ended are released, the next begins with the next one."""
    path = f"/v1/members/{member}/holds"
    body = {"programme": "clinic", "currency": "points", "amount": 1}
    holds = sorted(clinic.api.post(path, body).expect(201)["hold"]["hold_id"] for _ in range(4))
    first = clinic.api.get(f"{path}?limit=2").expect(200)
    assert [each["hold_id"] for each in first["holds"]] == holds[:2]

    for released in holds[:2]:
        clinic.api.post(f"{path}/{released}/release", {}).expect(200)
        second = clinic.api.get(f"{path}?limit=2&cursor={first['next_cursor']}").expect(200)

        assert [each["hold_id"] for each in second["holds"]] == holds[2:]
        assert second["next_cursor"] is None


def test_d11_a_cursor_is_of_one_list(clinic: Clinic, member: str) -> None:
    """That of rewards says nothing about holds."""
    cursor = clinic.api.get(f"/v1/members/{member}/rewards?limit=1").expect(200)["next_cursor"]

    refused = clinic.api.get(f"/v1/members/{member}/holds?cursor={cursor}")

    refused.expect(400, "invalid_cursor")
