"""
One contract, held by every implementation: DynamoDB on three engines, and the fake.

``moto`` is for single-threaded tests: under concurrency it loses writes.  ``dynamodb_local`` is
Amazon's own engine, for a second opinion; the others answer inside this process.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from moto import mock_aws  # before any client is made: moto hooks those that come after it

from chalicelib.store.catalogue import DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.ports import Catalogue, Directory, Ledger
from infra.local import in_process
from infra.local.tables import create_tables
from tests.examples import SHARE
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.directory import FakeDirectory
from tests.fakes.ledger import FakeLedger

REGION = "eu-west-1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In CI leave most to the other engines: moto is the slowest, and Amazon's own is there."""
    on_moto = [each for each in items if _engine_of(each) == "moto"]
    left_out = {each for place, each in enumerate(on_moto) if place % SHARE}
    items[:] = [each for each in items if each not in left_out]
    config.hook.pytest_deselected(items=sorted(left_out, key=lambda each: each.nodeid))


def _engine_of(item: pytest.Item) -> str:
    called = getattr(item, "callspec", None)
    return called.params.get("store", "") if called else ""


class Store(NamedTuple):
    """The three ports over one store; ``dynamo`` is ``None`` for the fake."""

    ledger: Ledger
    directory: Directory
    catalogue: Catalogue
    dynamo: Dynamo | None


@pytest.fixture(scope="session")
def in_process_connection() -> Connection:
    """Return a connection that the engine of this process answers."""
    connection = Connection(REGION, "http://engine.invalid")
    in_process.attach(connection.client)
    return connection


@pytest.fixture(scope="session")
def moto_connection() -> Connection:
    """Return a connection that moto answers while it is switched on."""
    connection = Connection(REGION)
    assert connection.client.meta.service_model
    return connection


@pytest.fixture(scope="session")
def dynamodb_local_connection(dynamodb_local: str) -> Connection:
    """Return a connection to DynamoDB Local."""
    return Connection(REGION, dynamodb_local)


@pytest.fixture(
    params=[
        "fake",
        "in_process",
        "moto",
        pytest.param("dynamodb_local", marks=pytest.mark.http),
    ]
)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Return an empty store."""
    if request.param == "fake":
        ledger = FakeLedger()
        yield Store(ledger, FakeDirectory(ledger), FakeCatalogue(ledger), None)
        return
    connection: Connection = request.getfixturevalue(f"{request.param}_connection")
    if request.param == "moto":
        with mock_aws():
            yield _over(connection)
    else:
        yield _over(connection)


def _over(connection: Connection) -> Store:
    # Random, since an engine that is not ours may have been here before.
    prefix = f"t{secrets.token_hex(4)}-"
    client: Any = connection.client
    create_tables(client, prefix, streams=False)
    dynamo = Dynamo(connection, prefix)
    return Store(DynamoLedger(dynamo), DynamoDirectory(dynamo), DynamoCatalogue(dynamo), dynamo)
