"""
schemathesis with all its checks against a server, and the same settings against a careless one.

``make fuzz-http`` takes longer over it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from chalicelib.routes.http.openapi import encoded
from infra.local.program import Program
from infra.local.server import Server
from tests.journeys.world import Ground, LocalWorld, ServerWorld
from tests.openapi import checking
from tests.openapi.careless import OPERATIONS, Careless
from tests.openapi.checking import callers_of

pytestmark = pytest.mark.http

SECONDS = 20
# Of so few operations all phases come to an end long before.
PLANTED_SECONDS = 60
PLANTED = {"ST101", "ST401", "ST402"}
DOCUMENT = json.loads(encoded(app.app))


def test_the_api_passes_every_check(server: ServerWorld, program: Program, tmp_path: Path) -> None:
    """No answer contradicts the document, and nobody gets to see what another one made."""
    callers = callers_of(server.sandbox(), server.sandbox())

    report = checking.check(DOCUMENT, program.base_url, callers, tmp_path, seconds=SECONDS)

    assert not report.failures, report.output
    assert report.cases > 70


def test_planted_violations_are_found(ground: Ground, world: LocalWorld, tmp_path: Path) -> None:
    """What one may not see, do without a credential, or get as a 500 is found where it is so."""
    callers = callers_of(world.sandbox(), world.sandbox())
    document = checking.narrowed(DOCUMENT, OPERATIONS)
    careless = Server(0)
    careless.start(Careless(ground.gateway, callers))
    try:
        report = checking.check(document, careless.url, callers, tmp_path, seconds=PLANTED_SECONDS)
    finally:
        careless.stop()

    assert report.failures.keys() >= PLANTED, report.output
