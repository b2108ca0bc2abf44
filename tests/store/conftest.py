"""
A store on the engine of this process, with a line to it that can be cut.

`Line` stands where the network would be, below botocore, whose retries and
parsing of answers are the real ones.  Only botocore's waiting between attempts is left out.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from chalicelib.store.catalogue import DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from infra.local import in_process
from infra.local.tables import create_tables

InjectedFault = Callable[[AWSPreparedRequest], AWSResponse]


class Line:
    """The way to the engine: what happens to the next requests, and which there were."""

    def __init__(self) -> None:
        self._faults: list[InjectedFault] = []
        self._lock = threading.Lock()
        self.sent: list[str] = []

    def next(self, *faults: InjectedFault) -> None:
        """Let these happen to the next requests, one each; the rest goes through."""
        self._faults = list(faults)
        self.sent.clear()

    def __call__(self, request: AWSPreparedRequest) -> AWSResponse:
        """Carry a request to the engine, or do to it what was set."""
        with self._lock:
            self.sent.append(request.headers["X-Amz-Target"].decode().rpartition(".")[2])
            fault = self._faults.pop(0) if self._faults else in_process.send
        return fault(request)


class Wired(NamedTuple):
    """A store and the line to its engine."""

    line: Line
    dynamo: Dynamo
    ledger: DynamoLedger
    directory: DynamoDirectory
    catalogue: DynamoCatalogue
    pauses: list[float]


def never_arrives(failure: Exception) -> InjectedFault:
    """Return the fault of a request that is not carried out and fails in this way."""

    def fault(_: AWSPreparedRequest) -> AWSResponse:
        raise failure

    return fault


def unanswered(failure: Exception) -> InjectedFault:
    """Return the fault of a request that is carried out, and whose answer is lost in this way."""

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        in_process.send(request)
        raise failure

    return fault


def carried_out_but(status: int, body: bytes) -> InjectedFault:
    """Return the fault of a request that is carried out, with another answer than it had."""

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        in_process.send(request)
        return answer(status, body)(request)

    return fault


def answer(status: int, body: bytes | dict[str, Any]) -> InjectedFault:
    """Return an answer that the engine was never asked for."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, status, headers, in_process._Body(raw))

    return fault


def refusal(code: str, status: int = 400, **more: Any) -> InjectedFault:
    """Return DynamoDB's answer to a request that it does not carry out."""
    return answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}"} | more)


def cancellation(*reasons: str | dict[str, Any]) -> InjectedFault:
    """Return a cancelled transaction with these reasons, in the order of what was sent."""
    result = [{"Code": each} if isinstance(each, str) else each for each in reasons]
    return refusal("TransactionCanceledException", CancellationReasons=result)


@pytest.fixture(scope="session")
def connection() -> Connection:
    """Return one connection for all tests: making its client costs more than most of them."""
    return Connection("eu-west-1", "http://engine.invalid")


@pytest.fixture
def wired(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    """Return an empty store whose line is whole."""
    instant = SimpleNamespace(time=time.time, sleep=lambda _seconds: None)
    monkeypatch.setattr(botocore.endpoint, "time", instant)
    line, prefix = Line(), in_process.fresh_prefix()
    pauses: list[float] = []
    in_process.attach(connection.client, line)
    client: Any = connection.client
    create_tables(client, prefix, streams=False)
    dynamo = Dynamo(connection, prefix, pauses.append)
    line.next()
    yield Wired(
        line, dynamo, DynamoLedger(dynamo), DynamoDirectory(dynamo), DynamoCatalogue(dynamo), pauses
    )
    client.meta.events.unregister("before-send.dynamodb", unique_id="tessera-engine")
