"""
Every way in which two workers can meet at one account, and every place at which one can die.

Each worker has two requests to make, one after the other.  The only choices are who goes on with
its next call, and, once in a run, who is killed: before a call, or after a write that it did not
hear of; its client then asks again.  A run follows from its choices, so the tree of them is walked
depth first, each run from the start, and a run ends where it meets a state that was met before:
what is stored, what each worker has heard, and what clients were told.

DynamoDB reads each item of a batch at an instant of its own, so here the first item of every batch,
the account, is read last, and the other worker may write before it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from greenlet import greenlet
from msgspec import Struct

from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.services import Caller
from tests.faults import storage
from tests.faults.chance import Chance
from tests.faults.checker import check
from tests.faults.faults import Call, Killed
from tests.faults.history import History
from tests.faults.operations import OPERATIONS
from tests.faults.play import Play
from tests.faults.record import Delivery, Intent
from tests.faults.scripts import REQUESTS, Pair, Script, prepared
from tests.faults.slots import Slot
from tests.faults.watch import Watch
from tests.faults.world import Ids, Known, LedgerOver, services_over, slots

_BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}


class Explored(Struct):
    """What came of a walk: how many runs through how many states, with how many calls."""

    runs: int = 0
    states: int = 0
    calls: int = 0
    found: list[str] = []

    def join(self, other: Explored) -> None:
        """Add what another walk came to."""
        self.runs += other.runs
        self.states += other.states
        self.calls += other.calls
        self.found = self.found + other.found


@dataclass
class Worker:
    """One of the two, and what it has done so far."""

    number: int
    slot: Slot
    script: list[Intent]
    ids: Ids
    run: greenlet | None = None
    delivery: Delivery | None = None
    done: int = 0
    calls: int = 0
    heard: bytes = b""
    hears_now: bool = False
    result: list[bytes] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether it has made all its requests."""
        return self.done == len(self.script)


class Run:
    """One run along given choices, and on along the first choice from where they end."""

    def __init__(
        self,
        scripts: Pair,
        choices: Sequence[int],
        seen: set[bytes],
        *,
        kills: int = 1,
        ledger: LedgerOver = DynamoLedger,
    ) -> None:
        self._prepared = prepared()
        storage.restore(self._prepared.stored)
        self._choices = choices
        self._seen = seen
        self._kills = kills
        self._ledger = ledger
        self._main = greenlet.getcurrent()
        self.widths: list[int] = []
        play = Play(self._prepared.scenario, Chance(0))
        play.now = self._prepared.now
        self._watch = Watch()
        self.history = History(0, self._prepared.scenario, play, self._watch)
        self._workers = [
            Worker(n, slots()[n], self._intents(n, script), Ids(1000 * (n + 1)))
            for n, script in enumerate(scripts)
        ]

    def go(self) -> list[str] | None:
        """Run to the end and return what is wrong, or ``None`` where it met a known state."""
        for worker in self._workers:
            worker.slot.begin(self._answer, _no_sleep)
            self._start(worker)
        try:
            while options := list(self._options()):
                place = len(self.widths)
                if place >= len(self._choices):
                    state = self._state()
                    if state in self._seen:
                        return None
                    self._seen.add(state)
                self.widths.append(len(options))
                chosen = self._choices[place] if place < len(self._choices) else 0
                options[chosen]()
                if self._watch.found or self.history.violations:
                    break
        finally:
            self._stop()
        return self._watch.found or self.history.violations or check(self.history)

    def _stop(self) -> None:
        for worker in self._workers:
            if worker.run is not None and not worker.run.dead:
                worker.run.throw(Killed)
            worker.slot.end()

    def _intents(self, number: int, script: Script) -> list[Intent]:
        tenant = self._prepared.scenario.tenants[0].id
        made: list[Intent] = []
        for name in script:
            operation, make = REQUESTS[name]
            place, request = 10 * (number + 1) + len(made), make(self._prepared)
            made.append(Intent(place, _BY_NAME[operation], tenant, request))
        self.history.intents.extend(made)
        return made

    # ── Choices ──

    def _options(self) -> Iterator[Callable[[], None]]:
        hearing = [worker for worker in self._workers if worker.hears_now]
        for worker in hearing or [w for w in self._workers if not w.finished]:
            yield partial(self._resume, worker)
            # Killed before its first call it is as if it had not begun.
            if self._kills and worker.calls:
                yield partial(self._kill, worker)

    def _resume(self, worker: Worker) -> None:
        worker.hears_now = False
        if worker.run is not None:
            worker.run.switch()
        self._go_on(worker)

    def _kill(self, worker: Worker) -> None:
        self._kills -= 1
        worker.hears_now = False
        if worker.run is not None:
            worker.run.throw(Killed)
        self._go_on(worker)

    def _go_on(self, worker: Worker) -> None:
        """Begin the next delivery where the last one has ended: until a call nothing is shared."""
        while worker.run is not None and worker.run.dead and not worker.finished:
            self._start(worker)

    def _start(self, worker: Worker) -> None:
        intent = worker.script[worker.done]
        worker.delivery = intent.begin(0, 0, self._watch.versions_of(intent.tenant))
        worker.calls, worker.heard = 0, b""
        worker.run = greenlet(self._work)
        worker.run.switch(worker)

    def _state(self) -> bytes:
        found = hashlib.sha256(storage.digest())
        found.update(repr(self._kills).encode())
        for worker in self._workers:
            before = worker.delivery and sorted(worker.delivery.before.items())
            place = (worker.done, worker.calls, worker.heard, worker.hears_now)
            found.update(repr((place, before, worker.result, vars(worker.ids))).encode())
        return found.digest()

    # ── A worker ──

    def _work(self, worker: Worker) -> None:
        delivery = worker.delivery
        if delivery is None:
            raise AssertionError("a worker begins with a delivery")
        intent, dynamo, now = delivery.intent, worker.slot.dynamo, self._prepared.now
        services = services_over(
            dynamo,
            self._ledger(dynamo),
            Known(self._prepared.scenario, dynamo),
            lambda: now,
            worker.ids,
            Chance(0),
            _no_wait,
        )
        try:
            delivery.outcomes = intent.request.send(services, Caller(intent.tenant, delivery.actor))
        except Killed:
            delivery.outcomes = ()
        except Exception as fault:  # noqa: BLE001 - the edge: an API would answer 500 here
            self.history.violations.append(f"{delivery.id} failed with {fault!r}")
        delivery.ended, delivery.after = 1, self._watch.versions_of(intent.tenant)
        worker.result.append(repr((delivery.before, delivery.after, delivery.outcomes)).encode())
        worker.done += bool(delivery.outcomes)

    def _answer(self, slot: Slot, request: AWSPreparedRequest) -> AWSResponse:
        worker = next(worker for worker in self._workers if worker.slot is slot)
        call = Call(request)
        self._main.switch()
        if call.batched > 1:
            account, others = call.parted(1)
            before = self._carried_out(worker, others)
            self._main.switch()
            return call.joined(self._carried_out(worker, account), before)
        answer = self._carried_out(worker, call)
        if call.writes:
            if answer.status_code == 200:
                self._watch.written(call, self._prepared.now)
            worker.hears_now = True
            self._main.switch()
        return answer

    def _carried_out(self, worker: Worker, call: Call) -> AWSResponse:
        answer = call.carried_out()
        worker.calls += 1
        self.history.calls[call.operation] += 1
        seen = hashlib.sha256(worker.heard + repr(answer.status_code).encode() + answer.content)
        worker.heard = seen.digest()
        return answer


def explore(scripts: Pair, *, kills: int = 1, ledger: LedgerOver = DynamoLedger) -> Explored:
    """Walk all runs of two scripts; the walk ends at the first violation."""
    explored, seen = Explored(), set[bytes]()
    choices: list[int] | None = []
    while choices is not None:
        run = Run(scripts, choices, seen, kills=kills, ledger=ledger)
        found = run.go()
        explored.runs += 1
        explored.calls += run.history.calls.total()
        if found:
            explored.found = [f"{scripts} along {choices}: {each}" for each in found]
            break
        choices = _next(choices, run.widths)
    explored.states = len(seen)
    return explored


def _next(choices: Sequence[int], widths: Sequence[int]) -> list[int] | None:
    """Return the choices of the next run: the last that can be made otherwise is."""
    made = [*choices, *[0] * (len(widths) - len(choices))]
    for place in range(len(made) - 1, -1, -1):
        if made[place] + 1 < widths[place]:
            return [*made[:place], made[place] + 1]
    return None


def _no_sleep(_slot: Slot, _seconds: float) -> None:
    """No time passes here."""


def _no_wait(_milliseconds: float) -> None:
    """No time passes here."""
