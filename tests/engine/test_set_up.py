"""U11: tests download nothing, and what they leave is what `make clean` takes away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import set_up
from tests.engine import dynamodb_local
from tests.engine.dynamodb_local import MissingError

ROOT = Path(__file__).parents[2]


def test_u11_a_test_fetches_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where DynamoDB Local is not here, it says what fetches it, and asks npm for nothing."""
    for name in ("java", "npm"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\ntouch "$(dirname "$0")/called"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dynamodb_local, "_HOME", tmp_path / "nothing")

    with pytest.raises(MissingError, match=r"python -m tests\.set_up"):
        dynamodb_local.DynamoDbLocal(tmp_path / "log")

    assert not (tmp_path / "called").exists()


def test_u11_what_is_fetched_goes_with_clean() -> None:
    """It lies under a directory that `make clean` removes, and set-up fetches it."""
    makefile = (ROOT / "Makefile").read_text()
    (removed,) = re.findall(r"^clean:.*\n\trm -rf (.*)$", makefile, re.MULTILINE)

    assert set_up.BUILD.relative_to(ROOT).as_posix() in removed.split()
    assert (
        "$(BIN)/python -m tests.set_up" in makefile.partition("$(READY):")[2].partition("\n\n")[0]
    )
