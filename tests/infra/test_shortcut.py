"""The short way to the embedded engine: botocore as ever, but for its HTTP and signatures."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from infra.local import shortcut
from infra.local.engine import Engine, free_port
from infra.local.tables import create_tables

REGION = "eu-west-1"
TABLE = "tessera-catalogue"


def make_client(endpoint: str) -> Any:
    """Return a client of a new session, which goes whatever way new sessions go."""
    return botocore.session.Session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=endpoint,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2),
    )


def item(name: str, note: bytes = b"") -> dict[str, Any]:
    """Return an item."""
    return {"pk": {"S": name}, "sk": {"S": "-"}, "note": {"B": note}}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Return a running engine with the declared tables, made the long way."""
    with Engine() as engine:
        client = make_client(engine.endpoint)
        create_tables(client, streams=False)
        client.close()
        yield engine


@pytest.fixture
def client(engine: Engine) -> Iterator[Any]:
    """Return a client that takes the short way."""
    with shortcut.taken(engine.endpoint, REGION, "local"):
        yield make_client(engine.endpoint)


def test_both_ways_lead_to_the_same_tables(engine: Engine, client: Any) -> None:
    """What is written the short way is read the long way, byte for byte, and the reverse."""
    long = make_client(engine.endpoint)
    for writer, reader, name in ((client, long, "short"), (long, client, "long")):
        writer.put_item(TableName=TABLE, Item=item(name, bytes(range(256)) * 1000))

        answer = reader.get_item(TableName=TABLE, Key={"pk": {"S": name}, "sk": {"S": "-"}})

        assert answer["Item"]["note"]["B"] == bytes(range(256)) * 1000
    long.close()


def test_refusals_are_what_they_are(client: Any) -> None:
    """A refusal comes out as botocore's own error."""
    client.put_item(TableName=TABLE, Item=item("once"))

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        client.put_item(
            TableName=TABLE, Item=item("once"), ConditionExpression="attribute_not_exists(pk)"
        )


def test_threads_have_lines_of_their_own(client: Any) -> None:
    """Many threads at once each get their own answers."""

    def put_and_get(number: int) -> bool:
        name = f"thread-{number}"
        client.put_item(TableName=TABLE, Item=item(name, name.encode()))
        found = client.get_item(TableName=TABLE, Key={"pk": {"S": name}, "sk": {"S": "-"}})
        return bool(found["Item"]["note"]["B"] == name.encode())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(put_and_get, range(80)))


def test_a_lost_engine_is_a_connection_error() -> None:
    """An engine that is gone, or goes, is what botocore and the store know as such."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with shortcut.taken(endpoint, REGION, "local"):
        client = make_client(endpoint)
        with pytest.raises(EndpointConnectionError):
            client.list_tables()
        with Engine(port=port):
            assert client.list_tables()["TableNames"] == []
        with pytest.raises(ConnectionClosedError):
            client.list_tables()
