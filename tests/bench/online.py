"""
Throughput and waiting through HTTP, with the engine's own ceiling measured beside it.

The server is the one of `make serve`, a program of its own with its engine in another; clients are
threads of this process.  The ceiling is the same calls to the same engine from as many threads, by
botocore alone, in rounds between those of the server.  All share this machine's cores, so neither
says what AWS does.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config

from infra.local.program import Program
from infra.local.settings import ENGINE
from tests.bench.tables import Table

CLIENTS: Final = 8
REQUESTS: Final = 2_000
QUICK_REQUESTS: Final = 200
#: Each kind takes its turn in each: what else the machine does is then shared out alike.
ROUNDS: Final = 10

_TABLE: Final = "tessera-ledger"
_NOW: Final = "2026-03-02T10:00:00Z"

Send = Callable[[int, int], None]


class Spent(NamedTuple):
    """How long each of a round's requests waited, and all of them together took, in seconds."""

    waits: list[float]
    seconds: float


def tables(requests: int = REQUESTS) -> Iterator[Table]:
    """Yield the table of loads, and that of what the server holds in memory."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Program(Path(directory), keeps_state=False) as program,
    ):
        before = _memory(program.pid)
        rows = list(_rows(program, requests))
        after = _memory(program.pid)
    yield Table(
        f"4. Through HTTP on this machine, {CLIENTS} clients, {requests:,} requests each kind",
        ("what", "a second", "p50 ms", "p95 ms", "p99 ms"),
        rows,
        (
            "Server, engine and clients share this machine's cores. The engine is an emulator,",
            "and serial: on AWS the database is not the limit, and each function has its own core.",
        ),
    )
    yield Table(
        "5. Memory of the local server, without its engine",
        ("when", "MB"),
        [("after its start", before), (f"after {3 * requests:,} requests", after)],
    )


def _rows(program: Program, requests: int) -> Iterator[tuple[str | float, ...]]:
    host = Host(program)
    members = [host.enrolled() for _ in range(requests)]
    kinds: dict[str, Send] = {
        "earn": lambda client, number: host.earn(client, members[number], number),
        "balance": lambda client, number: host.balance(client, members[number]),
        "redeem": lambda client, number: host.redeem(client, members[number]),
    }
    engine = Bare((program.directory / ENGINE).read_text())
    kinds["ceiling: the calls of an earn"] = engine.earn
    kinds["ceiling: the call of a balance"] = engine.read
    spent: dict[str, list[Spent]] = {name: [] for name in kinds}
    for first in range(0, requests, requests // ROUNDS):
        for name, send in kinds.items():
            spent[name].append(loaded(send, range(first, first + requests // ROUNDS)))
    for name, rounds in spent.items():
        waits = [wait for each in rounds for wait in each.waits]
        rate = len(waits) / sum(each.seconds for each in rounds)
        yield name, rate, *(1000 * quantile(waits, share) for share in (0.5, 0.95, 0.99))


def loaded(send: Send, numbers: range) -> Spent:
    """Send requests from all clients at once, as fast as they are answered."""
    waits: list[float] = []
    left = iter(numbers)
    lock = threading.Lock()

    def work(client: int) -> None:
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            began = time.perf_counter()
            send(client, number)
            waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if len(waits) != len(numbers):
        raise RuntimeError(f"{len(numbers) - len(waits)} requests failed")
    return Spent(waits, seconds)


def quantile(values: list[float], share: float) -> float:
    """Return the value that so large a share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Host:
    """A running server, and a connection to it for each client."""

    def __init__(self, program: Program) -> None:
        self._address = urlsplit(program.base_url).netloc
        self._open: dict[int, http.client.HTTPConnection] = {}
        self._key = program.credentials["api_key"]
        self._now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def enrolled(self) -> str:
        """Enrol somebody with points for a reward."""
        member = str(self._send(0, "POST", "/v1/members", {}, 201)["id"])
        gift = {"programme": "clinic", "currency": "points", "amount": 200, "reason": "bench"}
        self._send(0, "POST", f"/v1/members/{member}/adjustments", gift, 201)
        return member

    def earn(self, client: int, member: str, number: int) -> None:
        """Record a visit."""
        activity = {
            "member": {"id": member},
            "type": "visit.completed",
            "source": "bench",
            "external_id": f"activity-{number}",
            "occurred_at": self._now,
        }
        self._send(client, "POST", "/v1/activities", activity, 201)

    def balance(self, client: int, member: str) -> None:
        """Read a balance."""
        self._send(client, "GET", f"/v1/members/{member}/balance", None, 200)

    def redeem(self, client: int, member: str) -> None:
        """Redeem a reward."""
        wish = {"programme": "clinic", "reward": "parking"}
        self._send(client, "POST", f"/v1/members/{member}/redemptions", wish, 201)

    def _send(self, client: int, method: str, path: str, body: Any, status: int) -> Any:
        connection = self._open.get(client)
        if connection is None:
            connection = self._open[client] = http.client.HTTPConnection(self._address, timeout=60)
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"bench-{time.perf_counter_ns()}-{client}",
        }
        raw = None if body is None else json.dumps(body).encode()
        connection.request(method, path, raw, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)


class Bare:
    """The engine by itself: a client for each thread would be more connections than ours has."""

    def __init__(self, endpoint: str) -> None:
        self._client: Any = botocore.session.Session().create_client(
            "dynamodb", endpoint_url=endpoint, config=Config(max_pool_connections=CLIENTS)
        )

    def earn(self, _client: int, number: int) -> None:
        """Read an account; write it, an event and a record, in one transaction."""
        self.read(_client, number)
        items = [
            {**_key(number, sort), "body": {"B": b"x" * size}}
            for sort, size in (("A", 400), ("E#1", 600), ("D", 500))
        ]
        self._client.transact_write_items(
            TransactItems=[
                {
                    "Put": {
                        "TableName": _TABLE,
                        "Item": item,
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                }
                for item in items
            ]
        )

    def read(self, _client: int, number: int) -> None:
        """Read an account."""
        key = _key(number, "A")
        self._client.get_item(TableName=_TABLE, Key=key, ConsistentRead=True)


def _key(number: int, sort: str) -> dict[str, Any]:
    return {"pk": {"S": f"bench#{number}"}, "sk": {"S": sort}}


def _memory(pid: int) -> float:
    """Return the resident megabytes of a process, as Linux counts them."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell what a process holds")
