"""
A thousand requests on ground of their own: what is run, counted and replayed.

Requests follow from a seed and from the answers before them, so a chapter is the unit in which they
can be had again: request 41,207 is the 207th of chapter 41, whoever runs it and after whatever.
"""

from __future__ import annotations

import itertools
import json
import logging
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from tests import pace
from tests.fuzz import largest
from tests.fuzz.ground import Ground, StoreName, ground_on
from tests.fuzz.judge import Judge, code_of, decoded
from tests.fuzz.requests import Credential, Generator, Request
from tests.journeys.client import Answer, Transport
from tests.journeys.contract import Operation
from tests.journeys.world import local_contract

LENGTH: Final = 1000
# Every so many chapters one runs on the real stores and the engine, which are slower.
ENGINE_EVERY: Final = 40
_ENGINE_AT: Final = 1
# Of what body on memory is looked at.
_LARGE_B: Final = 32_000

MakeGround = Callable[[StoreName, random.Random], AbstractContextManager[Ground]]
Outcome = tuple[str, int, str]  # operation id, status, code


class Exchange(NamedTuple):
    """A request and its answer; without an operation where the path and method are none's."""

    number: int
    request: Request
    operation: Operation | None
    answer: Answer


class Violation(NamedTuple):
    """A request whose answer may not be, or that had none."""

    number: int
    store: StoreName
    request: Request
    answer: Answer | None
    reason: str


class Answered(NamedTuple):
    """What a chapter came to."""

    requests: int
    outcomes: Counter[Outcome]
    fault: Violation | None


def store_of(index: int) -> StoreName:
    """Return what the chapter of a request runs on."""
    return "engine" if index // LENGTH % ENGINE_EVERY == _ENGINE_AT else "fake"


def run(seed: int, first: int, count: int = LENGTH, on: MakeGround = ground_on) -> Answered:
    """Run ``count`` requests of the chapter that begins at index ``first``; stop at a fault."""
    outcomes: Counter[Outcome] = Counter()
    for done, step in enumerate(itertools.islice(_steps(seed, first, on), count), 1):
        if isinstance(step, Violation):
            return Answered(done, outcomes, step)
        operation = step.operation
        name = str(operation.entry["operationId"]) if operation else "(none)"
        outcomes[name, step.answer.status, code_of(step.answer)] += 1
    return Answered(count, outcomes, None)


def replayed(seed: int, index: int, on: MakeGround = ground_on) -> Exchange | Violation:
    """Return one request again, or the fault before it; its lines in the log are written."""
    steps = _steps(seed, index - index % LENGTH, on, loud_at=index)
    return next(step for step in steps if isinstance(step, Violation) or step.number == index)


def _steps(
    seed: int, first: int, on: MakeGround, *, loud_at: int = -1
) -> Iterator[Exchange | Violation]:
    store, contract = store_of(first), local_contract()
    rng = random.Random(f"{seed}/{first // LENGTH}")  # noqa: S311 - to be had again
    # A line for each request would be most of the work.
    logging.disable()
    try:
        # The same ground for all chapters, so that tokens are signed once.
        with on(store, random.Random(f"{seed}/ground")) as ground:  # noqa: S311
            judge = Judge(contract)
            generator = Generator(contract.operations, contract.schemas, ground.credentials, rng)
            for index in itertools.count(first):
                request, credential = generator.request()
                if index == loud_at:
                    logging.disable(logging.NOTSET)
                yield _step(ground, judge, index, request, credential)
                _advance(ground, rng)
    finally:
        logging.disable(logging.NOTSET)


def _step(
    ground: Ground, judge: Judge, index: int, request: Request, credential: Credential
) -> Exchange | Violation:
    answer = None
    try:
        answer = sent(ground.transport, index, request)
        operation = judge.operation(request)
        judge.check(operation, request, answer)
        judge.check_told(credential, request, answer)
    except Exception:  # noqa: BLE001 - whatever goes wrong is what is looked for
        return Violation(index, store_of(index), request, answer, traceback.format_exc(limit=-4))
    if answer.status < 300 and operation is not None and operation.scope is not None:
        _learn(credential, request, answer)
    return Exchange(index, request, operation, answer)


def sent(transport: Transport, index: int, request: Request) -> Answer:
    """
    Send a request; raise ``AssertionError`` where it takes more than the largest may.

    Of memory every second large one is asked, and not of time as well: to see it is slow.
    """

    def send() -> Answer:
        return transport(*request)

    if len(request.body) > _LARGE_B and index % 2:
        answer, memory_b = largest.memory_of(send)
        assert memory_b < largest.MEMORY_MAX_B, f"it took {memory_b / 1e6:.0f} MB"
        return answer
    answer, cpu_s = largest.cpu_of(send)
    assert pace.within(cpu_s, largest.CPU_MAX_S), f"it took {cpu_s:.1f} s of CPU"
    return answer


def _learn(credential: Credential, request: Request, answer: Answer) -> None:
    """Let the caller remember what an accepted request said and what it was answered."""
    result = decoded(answer)
    if "etag" in answer.headers:
        # Of a member it goes with the id; what a tenant has one of goes by itself.
        member = {"member_id": result["id"]} if "id" in result else {}
        result = {"etag": answer.headers["etag"], **member}
    if request.body and request.method == "POST":
        credential.memory.learn(json.loads(request.body))
    credential.memory.learn(result)


def _advance(ground: Ground, rng: random.Random) -> None:
    """Let a moment pass, and once in a while days, so that things fall due."""
    ground.clock.advance(seconds=rng.choice((0, 0, 1, 20)))
    if rng.random() < 0.005:
        ground.clock.advance(days=rng.choice((1, 20, 200)))
