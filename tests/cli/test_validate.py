"""Checking a programme document from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chalicelib.cli.validate import command
from tests.journeys.world import example


def validated(directory: Path, document: Any) -> Result:
    """Run the command on a document."""
    file = directory / "programme.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return CliRunner().invoke(command, [str(file)])


def test_u13_right(tmp_path: Path) -> None:
    """A document that can be published."""
    done = validated(tmp_path, example("clinic"))

    assert done.exit_code == 0, done.output
    assert done.output.endswith("clinic can be published.\n")


def test_u13_wrong(tmp_path: Path) -> None:
    """Every problem with its place, as the API tells them."""
    done = validated(tmp_path, example("clinic", time_zone="Europe/Sofa", surprise=1))

    assert done.exit_code == 1
    assert "/surprise: is not a known field" in done.output
    assert "The programme has" in done.output


@pytest.mark.parametrize("text", ["", "{", "\u0000"])
def test_u13_no_json(tmp_path: Path, text: str) -> None:
    """What cannot be read is told as that."""
    done = validated(tmp_path, text)

    assert done.exit_code == 1
    assert "is no JSON" in done.output


def test_numbers_are_read_as_by_the_api(tmp_path: Path) -> None:
    """To JSON 30.0 is 30; a key that is there twice is refused."""
    done = validated(tmp_path, example("clinic", backdate_limit_days=30.0))
    assert done.exit_code == 0, done.output

    done = validated(tmp_path, '{"id": "a", "id": "b"}')
    assert done.exit_code == 1
    assert "/: names a key twice: `id`" in done.output
