"""The console command, `tessera`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalicelib.cli import main


def test_help_lists_every_command() -> None:
    """The help names each command with what it does."""
    answer = CliRunner().invoke(main, ["--help"])

    assert answer.exit_code == 0
    for name in ("redrive", "replay", "serve", "token", "verify"):
        assert f"\n  {name} " in answer.output


def test_unknown_command_is_refused() -> None:
    """A misspelt command is a usage error."""
    answer = CliRunner().invoke(main, ["sevre"])

    assert answer.exit_code == 2
    assert "No such command" in answer.output


def test_help_imports_nothing_heavy() -> None:
    """The help is there without the frameworks behind the commands."""
    code = (
        "import sys; from click.testing import CliRunner; from chalicelib.cli import main; "
        "CliRunner().invoke(main, ['--help']); "
        "sys.exit(bool({'botocore', 'chalice', 'pynamodb', 'infra'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_serve_names_an_unusable_port() -> None:
    """What the environment gets wrong is said in one line, without a traceback."""
    answer = CliRunner().invoke(main, ["serve"], env={"PORT": "eight"})

    assert answer.exit_code == 1
    assert answer.output.startswith("Error: PORT is 'eight'")


def test_serve_tells_its_environment_line_by_line() -> None:
    """The variables in the help stand below one another, as they are written."""
    answer = CliRunner().invoke(main, ["serve", "--help"])

    assert answer.exit_code == 0
    assert "\n    PORT   " in answer.output
    assert "\n    TESSERA_STAGE   " in answer.output


@pytest.mark.parametrize(
    ("environment", "result"),
    [
        ({"TESSERA_ROOT_KEY": "not base64"}, "TESSERA_ROOT_KEY is not base64"),
        (
            {"TESSERA_DYNAMODB_ENDPOINT": "http://127.0.0.1:1"},
            "TESSERA_DYNAMODB_ENDPOINT is http://127.0.0.1:1, and no tables can be made there: ",
        ),
        (
            {"TESSERA_STAGE": "dev", "TESSERA_ROOT_KEY": "eA==", "AWS_DEFAULT_REGION": ""},
            "TESSERA_STAGE=dev needs to know the region: set AWS_REGION",
        ),
    ],
)
def test_serve_names_what_it_cannot_start_with(
    tmp_path: Path, environment: dict[str, str], result: str
) -> None:
    """A setting that turns out unusable is one line, not a traceback and not a failing server."""
    started = subprocess.run(
        [sys.executable, "-m", "chalicelib.cli", "serve"],
        env=os.environ | {"PORT": "0", "TESSERA_LOCAL_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert started.returncode == 1
    assert started.stderr.startswith(f"Error: {result}")
    assert started.stderr.count("\n") == 1
