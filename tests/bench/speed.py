"""
Time against a floor: the same calls to the same engine with the same bytes, by botocore alone.

Each round does an operation for many members, keeps the calls that it made and what they were
answered, puts the tables back as they were, and makes those calls again from a bare client.  What
is above the floor is ours: routing, credentials, parsing, rules and encoding.

The engine takes most of that time, and is not there on AWS.  So both are done once more with the
answers that were kept in its place: then the floor is botocore alone.  There each request is
followed by its calls from the bare client, so that both find the processor's caches as the other
left them: in a loop of its own the floor would have them to itself, as nothing has on Lambda.
Since nothing waits inside one process, the time is the processor's, which other programs on the
machine disturb least.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from statistics import mean
from typing import Any, Final, NamedTuple

import app
from infra.local import in_process
from infra.local.gateway import Context
from tests.bench import engine
from tests.bench.ground import Warm
from tests.bench.tables import Table

ROUNDS: Final = 20
MEMBERS: Final = 60
QUICK_ROUNDS: Final = 2

# On AWS every request is signed, which is a good part of botocore's time.
_attach = functools.partial(in_process.attach, signed=True)

Request = tuple[str, str, bytes, dict[str, str], int]


class Turn(NamedTuple):
    """A request, and its calls from a bare client."""

    send: Callable[[], None]
    calls: list[Callable[[], None]]


class Measured(NamedTuple):
    """Processor time of one operation in milliseconds, with the engine and without it."""

    ours: float
    floor: float
    ours_alone: float
    floor_alone: float


def table(warm: Warm, rounds: int = ROUNDS) -> tuple[Table, dict[str, float]]:
    """Return the table of earning, reading and redeeming, and what each takes without an engine."""
    members = [_with_points(warm) for _ in range(MEMBERS)]
    kinds: dict[str, Callable[[str], Request]] = {
        "earn": lambda member: _earn(warm, member),
        "balance": _balance,
        "redeem": lambda member: _redeem(warm, member),
    }
    found = {
        name: _least(warm, [request(member) for member in members], rounds)
        for name, request in kinds.items()
    }
    rows: list[tuple[str | float, ...]] = [
        (name, *_row(measured)) for name, measured in found.items()
    ]
    result = Table(
        f"2. Processor time of one request, the least of {rounds} rounds of {MEMBERS}",
        (
            "operation",
            "floor ms",
            "ours ms",
            "ours / floor",
            "floor ms, no engine",
            "ours ms, no engine",
            "ours / floor, no engine",
            "own / floor, no engine",
        ),
        rows,
        (
            "Ours is the whole request, from the gateway's event to the answer, but for its line",
            "of log; the floor is the same calls with the same bytes from a bare botocore client:",
            "to the same engine, and to nothing but the answers that were kept, turn by turn.",
            "Own is what is above the floor.",
        ),
    )
    return result, {name: measured.ours_alone for name, measured in found.items()}


def _least(warm: Warm, requests: list[Request], rounds: int) -> Measured:
    bare = in_process.make_client()

    # What other programs on the machine take of a round only adds to it.  The first round warms up,
    # and is not counted.
    measured = [_round(warm, bare, requests) for _ in range(rounds + 1)][1:]
    return Measured(*(min(figures) for figures in zip(*measured, strict=True)))


def _round(warm: Warm, bare: Any, requests: list[Request]) -> Measured:
    client: Any = warm.world.dynamo.connection.client
    before = engine.snapshot(warm.world.dynamo.ledger.removesuffix("ledger"))
    tape = engine.Tape()
    _attach(client, tape.record)
    turns: list[Turn] = []
    for request in requests:
        send = _sender(warm, request)
        with engine.recorded(client) as made:
            send()
        turns.append(Turn(send, [_caller(bare, call) for call in made]))
    engine.restore(before)

    _attach(client)
    ours = sum(_timed([turn.send]) for turn in turns)
    engine.restore(before)
    _attach(bare)
    floor = sum(_timed(turn.calls) for turn in turns)
    engine.restore(before)

    _attach(client, tape.play())
    _attach(bare, tape.play())
    alone = [(_timed([turn.send]), _timed(turn.calls)) for turn in turns]
    _attach(client)
    # The first finds what botocore keeps of hooks empty: attaching to it has emptied it.
    ours_alone, floor_alone = map(mean, zip(*alone[1:], strict=True))
    return Measured(ours / len(turns), floor / len(turns), ours_alone, floor_alone)


def _row(found: Measured) -> tuple[float, ...]:
    return (
        found.floor,
        found.ours,
        found.ours / found.floor,
        found.floor_alone,
        found.ours_alone,
        found.ours_alone / found.floor_alone,
        (found.ours_alone - found.floor_alone) / found.floor_alone,
    )


def _timed(works: list[Callable[[], None]]) -> float:
    """Return the processor time in milliseconds of all of these."""
    before = time.thread_time_ns()
    for work in works:
        work()
    return (time.thread_time_ns() - before) / 1e6


def _sender(warm: Warm, request: Request) -> Callable[[], None]:
    method, target, body, headers, status = request
    event, context = warm.event(method, target, body, headers), Context("bench", "api")

    def send() -> None:
        answer = app.app(event, context)
        assert answer["statusCode"] == status, answer["body"]

    return send


def _caller(client: Any, call: engine.Call) -> Callable[[], None]:
    ask = client.get_item if call.operation == "GetItem" else client.transact_write_items
    assert call.operation in {"GetItem", "TransactWriteItems"}

    def make() -> None:
        ask(**call.arguments)

    return make


def _with_points(warm: Warm) -> str:
    member = warm.clinic.enrolled()
    warm.clinic.give(member, 1_000)
    for _ in range(3):
        warm.call("POST", "/v1/activities", warm.clinic.activity(member), status=201)
    return member


def _earn(warm: Warm, member: str) -> Request:
    return ("POST", "/v1/activities", warm.encoded(warm.clinic.activity(member)), {}, 201)


def _balance(member: str) -> Request:
    return ("GET", f"/v1/members/{member}/balance", b"", {}, 200)


def _redeem(warm: Warm, member: str) -> Request:
    body = warm.encoded({"programme": "clinic", "reward": "parking"})
    key = {"Idempotency-Key": f"redeem-{member}"}
    return ("POST", f"/v1/members/{member}/redemptions", body, key, 201)
