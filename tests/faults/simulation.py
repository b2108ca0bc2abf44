"""
One history: clients, containers and DynamoDB, of which chance decides who is next and what fails.

Every request that a client makes runs as a task in a container of its own.  A task stops at each
call to DynamoDB, before the request goes out and before its answer comes in, and wherever the
product waits; then the scheduler lets another go on, moves the clock, carries out a request that
was under way, or lets a client ask again.  Nothing else runs at the same time, so a history follows
from its seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from greenlet import greenlet

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.store.catalogue import TTL_MS, CachedCatalogue, DynamoCatalogue
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.services import Caller
from tests.faults import storage
from tests.faults.chance import Chance
from tests.faults.ending import is_card
from tests.faults.faults import Call, Killed
from tests.faults.history import History
from tests.faults.line import Line, Underway
from tests.faults.operations import OPERATIONS, TICK
from tests.faults.play import Play
from tests.faults.record import Delivery, Intent, Operation
from tests.faults.slots import Slot
from tests.faults.ticking import draw_tick
from tests.faults.watch import Watch
from tests.faults.weather import draw_weather
from tests.faults.world import (
    SCENARIOS,
    Ids,
    Known,
    LedgerOver,
    scenario,
    services_over,
    settings_in_store,
    slots,
)

# What a container has for one request, as on Lambda behind an API.
TIME_LIMIT_MS: Final = 29_000
# How long a client waits before it asks again.
AGAIN_MS: Final = 1_000
# From this step on nothing fails any more, so that every client gets its answer.
QUIET_AFTER: Final = 1_500
LAST_STEP: Final = 20_000


@dataclass
class Task:
    """A delivery in a container."""

    delivery: Delivery
    slot: Slot
    deadline: Instant
    run: greenlet
    rank: float
    wakes: Instant = 0


@dataclass
class Waiting:
    """A client that will ask (again) from an instant on."""

    intent: Intent
    since: Instant


class Simulation:
    """Runs one history; ``keep_trace`` writes down every step in words."""

    def __init__(
        self,
        seed: int,
        *,
        ledger: LedgerOver = DynamoLedger,
        operations: Sequence[Operation] = OPERATIONS,
        keep_trace: bool = False,
    ) -> None:
        self._chance = Chance(seed)
        self._scenario = scenario(self._chance.below(len(SCENARIOS)))
        storage.restore(self._scenario.stored)
        self._play = Play(self._scenario, self._chance)
        self._weather = draw_weather(self._chance, operations)
        self._watch = Watch()
        self.history = History(seed, self._scenario, self._play, self._watch)
        self._main = greenlet.getcurrent()
        self._line = Line(self._chance, self._weather, self.history, self._pause)
        self._ledger = ledger
        self._jitter = Chance(f"jitter {seed}")
        self._ids = {tenant.id: Ids(100) for tenant in self._scenario.tenants}
        self._catalogues = [
            CachedCatalogue(
                DynamoCatalogue(slot.dynamo)
                if self._weather.cold
                else Known(self._scenario, slot.dynamo),
                lambda: self._play.now,
            )
            for slot in slots()
        ]
        self._tasks: list[Task] = []
        self._waiting: list[Waiting] = []
        self._free = list(slots())
        self._step = 0
        self._keep_trace = keep_trace

    def run(self) -> History:
        """Play the history to its end, or to the first step at which something was wrong."""
        for slot in slots():
            slot.begin(self._answer, self._sleep)
        try:
            while not self._has_failed():
                if not self._is_over():
                    self._turn()
                elif not self._begin_last():
                    break
        finally:
            self._end()
        self.history.violations += self._watch.found
        self.history.violations += self._outdated()
        self._line.digest.update(storage.digest())
        self.history.digest = self._line.digest.digest()
        return self.history

    # ── The scheduler ──

    def _is_over(self) -> bool:
        drawn = len(self.history.intents) >= self._weather.intents
        return drawn and not (self._tasks or self._waiting or self._line.underway)

    def _begin_last(self) -> bool:
        """Let the tick settle, at times, what is still due when all is quiet; but once."""
        if self.history.settled or not self._chance.percent(30):
            return False
        self._line.quiet = True
        self._weather.big_moves, self._weather.skews = 0, [0] * len(self._weather.skews)
        for tenant in self._scenario.tenants:
            self.history.settled[tenant.id] = self._play.clock(tenant.id)
            request = draw_tick(self._play, tenant.id)
            number = len(self.history.intents) + 1
            intent = Intent(number, TICK, tenant.id, request)
            self.history.intents.append(intent)
            self._waiting.append(Waiting(intent, self._play.now))
        return True

    def _outdated(self) -> Iterator[str]:
        """Ask every container once more, when what it remembers must be forgotten."""
        self._play.now += TTL_MS
        for slot, catalogue in zip(slots(), self._catalogues, strict=True):
            for tenant in self._scenario.tenants:
                if catalogue.settings(tenant.id) != settings_in_store(tenant.id):
                    yield f"container {slot.number} goes by outdated settings of {tenant.id}"

    def _has_failed(self) -> bool:
        return bool(self._watch.found or self.history.violations)

    def _end(self) -> None:
        for task in list(self._tasks):
            task.run.throw(Killed)
        for slot in slots():
            slot.end()

    def _turn(self) -> None:
        self._step += 1
        if self._step > QUIET_AFTER:
            self._line.quiet = True
        if self._step > LAST_STEP:
            self._violate("the history does not end: a client gets no definite answer")
        self._play.now += 1 + self._chance.below(20)
        way = self._chance.below(100)
        if self._line.underway and way < 12:
            self._land(self._chance.pick(self._line.underway))
        elif way < 16 and self._weather.big_moves > 0:
            self._move_time()
        elif way < 45 and self._begin_one():
            pass
        elif ready := [task for task in self._tasks if task.wakes <= self._play.now]:
            self._next(ready).run.switch()
        elif not self._begin_one():
            self._idle()

    def _next(self, ready: Sequence[Task]) -> Task:
        """Return who goes on: anyone, or for a while the same, so that others fall far behind."""
        if not self._weather.ranked:
            return self._chance.pick(ready)
        task = max(ready, key=lambda task: task.rank)
        if self._chance.percent(15):
            task.rank = self._chance.fraction()
        return task

    def _idle(self) -> None:
        """Let time pass until somebody is ready again."""
        instants = [task.wakes for task in self._tasks]
        if self._free:
            instants += [waiting.since for waiting in self._waiting]
        if instants:
            self._play.now = max(self._play.now, min(instants))
        elif self._line.underway:
            self._land(self._line.underway[0])

    def _move_time(self) -> None:
        self._weather.big_moves -= 1
        tenant = next(tenant for tenant in self._scenario.tenants if not tenant.clocked)
        self._play.now = max(self._play.now, self._play.later(tenant.id))
        self._note("time moves to", self._play.now)

    def _begin_one(self) -> bool:
        """Let a client ask: one that waits, or a new one; tell whether there is any."""
        if not self._free:
            return False
        ready = [waiting for waiting in self._waiting if waiting.since <= self._play.now]
        fresh = len(self.history.intents) < self._weather.intents
        if ready and (not fresh or self._chance.percent(50)):
            waiting = self._chance.pick(ready)
            self._waiting.remove(waiting)
            self._deliver(waiting.intent)
            return True
        if fresh:
            self._draw()
        return fresh

    def _draw(self) -> None:
        tenant = self._scenario.tenants[self._chance.percent(35)].id
        request = None
        if self.history.intents and self._chance.percent(self._weather.alike_percent):
            # What can go wrong mostly takes two of a kind at once.
            operation, tenant = self.history.intents[-1].operation, self.history.intents[-1].tenant
            request = operation.draw(self._play, tenant)
        while request is None:
            # Not everything makes sense at every time.
            operation = self._chance.weighted(self._weather.operations)
            request = operation.draw(self._play, tenant)
        intent = Intent(len(self.history.intents) + 1, operation, tenant, request)
        self.history.intents.append(intent)
        if request.parts and self._chance.percent(self._weather.twice_percent):
            # The same request reaches us twice: now, or one of them later.
            later = self._chance.pick((0, 0, 500, 60_000))
            self._waiting.append(Waiting(intent, self._play.now + later))
        self._deliver(intent)

    def _deliver(self, intent: Intent) -> None:
        if any(each.is_open for each in intent.deliveries):
            # A client asks again only when its first request cannot be under way any more.
            for underway in [u for u in self._line.underway if u.intent is intent]:
                self._land(underway)
        slot = self._free.pop(self._chance.below(len(self._free)))
        versions = self._watch.versions_of(intent.tenant)
        delivery = intent.begin(self._step, self._play.now, versions)
        deadline, rank = self._play.now + TIME_LIMIT_MS, self._chance.fraction()
        task = Task(delivery, slot, deadline, greenlet(self._work), rank)
        self._tasks.append(task)
        self._note("begin", delivery.id, intent.tenant, intent.operation.name, intent.request.about)
        task.run.switch(task)

    # ── A task ──

    def _work(self, task: Task) -> None:
        """Carry one delivery through the use case, whatever comes."""
        delivery = task.delivery
        intent = delivery.intent
        caller = Caller(intent.tenant, delivery.actor, lambda: task.deadline - self._play.now)
        dynamo = task.slot.dynamo
        services = services_over(
            dynamo,
            self._ledger(dynamo),
            self._catalogues[task.slot.number],
            lambda: self._play.now + self._weather.skews[task.slot.number],
            self._ids[intent.tenant],
            self._jitter,
            lambda milliseconds: self._sleep(task.slot, milliseconds / 1000),
        )
        try:
            delivery.outcomes = intent.request.send(services, caller)
        except Killed:
            delivery.outcomes = ()
        except Exception as fault:  # noqa: BLE001 - the edge: an API would answer 500 here
            self._violate(f"{intent.operation.name} {delivery.id} failed with {fault!r}")
        self._finish(task)

    def _finish(self, task: Task) -> None:
        delivery, intent = task.delivery, task.delivery.intent
        delivery.ended, delivery.ended_at = self._step, self._play.now
        delivery.after = self._watch.versions_of(intent.tenant)
        result = [f"{each.kind}{each.code and ':'}{each.code}" for each in delivery.outcomes]
        self._note("end", delivery.id, *result or ["killed"])
        self._tasks.remove(task)
        self._free.append(task.slot)
        for outcome in delivery.outcomes:
            known = self._play.members[intent.tenant]
            if outcome.member and outcome.member not in known and not is_card(outcome.member):
                known.append(outcome.member)
        waits = any(waiting.intent is intent for waiting in self._waiting)
        if not intent.is_settled and not waits:
            self._waiting.append(Waiting(intent, self._play.now + AGAIN_MS))
        elif intent.is_settled and intent.request.parts and self._chance.percent(12):
            # A client that does not trust its answer, or a queue that delivers at least once.
            self._waiting.append(Waiting(intent, self._play.now + self._chance.below(120_000)))

    def _sleep(self, slot: Slot, seconds: float) -> None:
        task = self._task_of(slot)
        task.wakes = self._play.now + int(seconds * 1000) + 1
        self._main.switch()

    def _pause(self, milliseconds: int) -> None:
        task = next(task for task in self._tasks if task.run is greenlet.getcurrent())
        self._sleep(task.slot, milliseconds / 1000)

    def _task_of(self, slot: Slot) -> Task:
        return next(task for task in self._tasks if task.slot is slot)

    def _answer(self, slot: Slot, request: AWSPreparedRequest) -> AWSResponse:
        """Answer one call of a task, sooner or later, as it is or otherwise."""
        task, call = self._task_of(slot), Call(request)
        intent = task.delivery.intent
        self._watch.asked(call, "" if intent.operation.is_job else intent.tenant)
        self._main.switch()
        answer, fault = self._line.carry(call, intent)
        self._note(task.delivery.id, call.operation, fault or "")
        self._main.switch()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _land(self, underway: Underway) -> None:
        status = self._line.land(underway)
        self._note("lands:", underway.call.operation, "of", underway.intent.number, status)

    def _violate(self, what: str) -> None:
        self.history.violations.append(what)

    def _note(self, *words: Any) -> None:
        if self._keep_trace:
            text = " ".join(str(word) for word in words)
            self.history.trace.append(f"{self._step:5} {text}")
        self._line.digest.update(repr((self._step, words)).encode())
