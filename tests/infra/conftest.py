"""The package for this machine, made once for every test that needs it."""

from __future__ import annotations

import pytest

from infra.distributions import native_target
from infra.packaging import ROOT, Package, build


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the package of stage dev, with the wheels of this machine."""
    out = tmp_path_factory.mktemp("package") / "out"
    return build("dev", native_target(), out, cache=ROOT / "build")
