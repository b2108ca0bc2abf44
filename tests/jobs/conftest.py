"""Towns on the fake stores and on the engine of this process."""

from __future__ import annotations

import pytest

from chalicelib.store.catalogue import CachedCatalogue, DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from infra.local import in_process
from tests.conftest import LocalTables
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.directory import FakeDirectory
from tests.fakes.ledger import FakeLedger
from tests.town import Stores, Town


def stores_of(connection: Connection, prefix: str) -> Stores:
    """Return the stores over a connection, with a catalogue that remembers."""
    dynamo = Dynamo(connection, prefix)
    catalogue = CachedCatalogue(DynamoCatalogue(dynamo), lambda: 0)
    return Stores(DynamoLedger(dynamo), DynamoDirectory(dynamo), catalogue)


@pytest.fixture(scope="session")
def jobs_connection() -> Connection:
    """Return a connection that the engine of this process answers."""
    connection = Connection("eu-west-1", "http://engine.invalid")
    in_process.attach(connection.client)
    return connection


@pytest.fixture
def town(jobs_connection: Connection, engine: LocalTables) -> Town:
    """Return an empty town on the engine of this process."""
    return Town(stores_of(jobs_connection, engine.prefix))


@pytest.fixture
def village() -> Town:
    """Return an empty town on the fake stores, which are quicker."""
    ledger = FakeLedger()
    return Town(Stores(ledger, FakeDirectory(ledger), FakeCatalogue(ledger)))
