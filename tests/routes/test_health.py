"""Whether the API answers can be asked by anyone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import chalicelib
from tests.routes.toy import Shop


def test_health(shop: Shop) -> None:
    """It answers without a credential and names the release."""
    answer = shop.call("GET", "/health", token=None)

    assert answer.status == 200
    assert answer.json == {"status": "ok", "version": chalicelib.__version__}


def test_the_version_is_that_of_the_project() -> None:
    """The package and its metadata tell one version."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert chalicelib.__version__ == project["version"]
