"""Making a tenant from the command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from chalicelib.cli.tenant import command
from infra.local.program import Program
from tests.cli.test_verify import COMPLETED
from tests.journeys.world import ServerWorld


def run(program: Program, *arguments: str) -> Result:
    """Run the command like someone beside the running server."""
    around = dict.fromkeys(COMPLETED) | {"TESSERA_LOCAL_DIR": str(program.directory)}
    return CliRunner().invoke(command, list(arguments), env=around)


def test_made(program: Program, server: ServerWorld) -> None:
    """The key that is printed administers the new tenant, and sees nothing of others."""
    made = run(program, "create", "harbour-street", "--time-zone", "Europe/Sofia")

    assert made.exit_code == 0, made.output
    api = server.api.as_(made.output.strip())
    assert api.get("/v1/programmes").expect(200)["programmes"] == []
    key = {"name": "till", "scopes": ["activities:write"]}
    assert api.post("/v1/api-keys", key).expect(201)["scopes"] == ["activities:write"]


def test_taken(program: Program, server: ServerWorld) -> None:  # noqa: ARG001 - it must be there
    """An id is given once."""
    assert run(program, "create", "mill-lane").exit_code == 0

    again = run(program, "create", "mill-lane")

    assert again.exit_code == 1
    assert "There is a tenant 'mill-lane' already." in again.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Mill Lane"], "2 to 40 small letters, digits and hyphens"),
        (["a#b"], "2 to 40 small letters, digits and hyphens"),
        (["mill-lane", "--time-zone", "Europe/Sofa"], "not an IANA time zone"),
    ],
)
def test_mistakes(program: Program, arguments: list[str], said: str) -> None:
    """What cannot be a tenant is refused before anything is written."""
    refused = run(program, "create", *arguments)

    assert refused.exit_code == 2
    assert said in refused.output


def test_a3_recovered(program: Program, server: ServerWorld) -> None:
    """Whoever may write to the tables gets back into a tenant, with a key that may do all."""
    lost = server.api.as_(run(program, "create", "well-street").output.strip())

    found = run(program, "recover", "well-street")

    assert found.exit_code == 0, found.output
    api = server.api.as_(found.output.strip())
    api.delete(f"/v1/api-keys/{str(lost.token).split('_')[1]}").expect(200)
    api.post("/v1/api-keys", {"name": "next", "scopes": ["*"]}).expect(201)


def test_a3_nothing_to_recover(program: Program, server: ServerWorld) -> None:  # noqa: ARG001 - it must be there
    """A tenant that is not there is not made by the way."""
    refused = run(program, "recover", "nowhere")

    assert refused.exit_code == 1
    assert "There is no tenant 'nowhere'." in refused.output
