"""
The process that dies: it forks for each task, and the child is killed where it is told to be.

    python -m tests.faults.worker ENDPOINT

reads a task a line from standard input and answers each with a line: how the child ended (0, or
minus the signal) and how many calls it had made.  Forking from a process of its own, which has all
modules loaded and no threads, makes a death cost milliseconds.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import CLOCK, Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.store.catalogue import CachedCatalogue, DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.create_member import NewMember, create_member
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.redeem_reward import Wish, redeem_reward
from chalicelib.usecases.reverse_activity import Reversal, reverse_activity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import IdempotencyKey
from chalicelib.usecases.tick import tick
from tests import conftest  # noqa: F401 - keeps the machine's credentials out of this process
from tests.faults.chance import Chance
from tests.faults.programmes import PROGRAMME
from tests.faults.telling import answer_of
from tests.faults.world import Ids, no_pause, services_over

TENANT: Final = "mortal"
When = Literal["before", "after"]


class Task(Struct, frozen=True):
    """What a child does at an instant, and at which of its calls it is killed, if at any."""

    name: str
    now: Instant
    members: tuple[str, ...] = ()
    shards: tuple[int, ...] = ()
    call: int = 0
    when: When = "before"


class Ended(Struct, frozen=True):
    """How a child ended: its exit status (minus the signal), and how many calls it made."""

    status: int
    calls: int


def _earn(services: Services, caller: Caller, task: Task) -> None:
    activity = Activity("visit.completed", "emr", "killed", task.now)
    record_activity(services, caller, Reported(activity, task.members[0]), answer_of)


def _first_contact(services: Services, caller: Caller, task: Task) -> None:
    activity = Activity("visit.completed", "emr", "killed", task.now)
    reported = Reported(activity, external_id=("ehr", "stranger"))
    record_activity(services, caller, reported, answer_of)


def _join(services: Services, caller: Caller, task: Task) -> None:
    new = NewMember(external_id=("ehr", f"newcomer {len(task.members)}"))
    create_member(services, caller, new, answer_of, _KEY)


def _redeem(services: Services, caller: Caller, task: Task) -> None:
    redeem_reward(services, caller, task.members[0], Wish(PROGRAMME, "tea"), answer_of, _KEY)


def _reverse(services: Services, caller: Caller, _task: Task) -> None:
    reverse_activity(services, caller, Reversal("emr", "visit-0", reason="gone"), answer_of, _KEY)


def _tick(services: Services, caller: Caller, task: Task) -> None:
    tick(services, Caller("", CLOCK, caller.remaining_ms), task.now, shards=task.shards)


_KEY: Final = IdempotencyKey("k" * 64, b"f" * 32)
TASKS: Final[dict[str, Callable[[Services, Caller, Task], None]]] = {
    "earn": _earn,
    "first contact": _first_contact,
    "join": _join,
    "redeem": _redeem,
    "reverse": _reverse,
    "tick": _tick,
}


def services(connection: Connection, prefix: str, now: Instant, ids: Ids) -> Services:
    """Return services whose every choice is fixed, so that doing it again is doing the same."""
    dynamo = Dynamo(connection, prefix)
    catalogue = CachedCatalogue(DynamoCatalogue(dynamo), lambda: now)
    return services_over(
        dynamo, DynamoLedger(dynamo), catalogue, lambda: now, ids, Chance(0), no_pause
    )


class _Death:
    """Counts the calls of a process, and ends it at one of them."""

    def __init__(self, task: Task, tell: int) -> None:
        self._task = task
        self._tell = tell
        self._calls = 0

    def before(self, **_: Any) -> None:
        """Take note of a call that goes out."""
        self._calls += 1
        # The parent learns of every call, since a killed process tells nothing any more.
        os.write(self._tell, b".")
        self._die_if("before")

    def after(self, **_: Any) -> None:
        """Take note of an answer that has come."""
        self._die_if("after")

    def _die_if(self, when: When) -> None:
        if (self._calls, when) == (self._task.call, self._task.when):
            os.kill(os.getpid(), signal.SIGKILL)


def _child(connection: Connection, prefix: str, task: Task, tell: int) -> None:
    death = _Death(task, tell)
    events: Any = connection.client.meta.events
    events.register_first("before-send.dynamodb", death.before)
    events.register_first("response-received.dynamodb", death.after)
    made = services(connection, prefix, task.now, Ids(len(task.members)))
    TASKS[task.name](made, Caller(TENANT, Actor("server", "mortal")), task)


def _forked(connection: Connection, prefix: str, task: Task) -> Ended:
    heard, tell = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _child(connection, prefix, task, tell)
            status = 0
        finally:
            # Nothing of the parent's is to be tidied up here.
            os._exit(status)
    os.close(tell)
    calls = 0
    while told_now := os.read(heard, 4096):
        calls += len(told_now)
    os.close(heard)
    _, ended = os.waitpid(child, 0)
    return Ended(os.waitstatus_to_exitcode(ended), calls)


def main(endpoint: str, prefix: str) -> None:
    """Do tasks until there are no more."""
    connection = Connection("eu-west-1", endpoint)
    # Made before any child is: each child has a copy, and a connection of its own.
    connection.client  # noqa: B018 - reading it makes it
    for line in sys.stdin.buffer:
        ended = _forked(connection, prefix, msgspec.json.decode(line, type=Task))
        sys.stdout.buffer.write(msgspec.json.encode(ended) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
