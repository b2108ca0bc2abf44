"""The toy shop, new for every test."""

from __future__ import annotations

import pytest

from tests.routes.toy import Shop


@pytest.fixture
def shop() -> Shop:
    """The toy app with its client."""
    return Shop()
