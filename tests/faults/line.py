"""
The line to DynamoDB: what becomes of a request on its way there and back.

Which fault fires is drawn from the weather of the history, once for each call, and counted only
where it truly happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from botocore.awsrequest import AWSResponse

from tests.faults.chance import Chance
from tests.faults.faults import SUFFERED, Call, InjectedFault, garbled
from tests.faults.history import History
from tests.faults.record import Intent
from tests.faults.weather import Weather

# What was done, whatever the caller hears; what will be done when nobody waits for it.
_CARRIED_OUT: Final = frozenset(
    {
        InjectedFault.FAILED_AFTER,
        InjectedFault.LOST,
        InjectedFault.GARBLED,
        InjectedFault.REPEATED,
        InjectedFault.KILLED_AFTER,
    }
)
_UNDER_WAY: Final = frozenset({InjectedFault.DELAYED, InjectedFault.REPEATED})

# How long others go on between the two instants at which a batch is read.
_APART_MS: Final = (0, 0, 500)


@dataclass
class Underway:
    """A request that will be carried out although nobody waits for it any more."""

    call: Call
    intent: Intent


class Line:
    """
    Carries the requests of a history; ``underway`` are those that nobody waits for any more.

    ``quiet`` lets everything pass.  ``digest`` goes over all that reaches DynamoDB.  ``pause`` lets
    others go on while a batch is read.
    """

    def __init__(
        self,
        chance: Chance,
        weather: Weather,
        history: History,
        pause: Callable[[int], None],
    ) -> None:
        self._chance = chance
        self._weather = weather
        self._history = history
        self._pause = pause
        self.underway: list[Underway] = []
        self.quiet = False
        self.digest = hashlib.sha256()

    def carry(
        self, call: Call, intent: Intent
    ) -> tuple[AWSResponse | BaseException, InjectedFault | None]:
        """Return what the caller gets for a call of an intent, and what went wrong with it."""
        answer, fault = self._suffer(call, intent, self._fault(call))
        self._history.calls[call.operation] += 1
        if fault is not None:
            self._history.fired[fault] += 1
        return answer, fault

    def land(self, underway: Underway) -> int:
        """Carry out a request that was under way, and return the status of its answer."""
        self.underway.remove(underway)
        return int(self._done(underway.call).status_code)

    def _fault(self, call: Call) -> InjectedFault | None:
        if call.token and any(u.call.token == call.token for u in self.underway):
            if not self.quiet and self._chance.percent(50):
                return InjectedFault.IN_PROGRESS
            return None
        if self.quiet or not self._chance.percent(self._weather.percent):
            return None
        possible = [
            (fault, weight) for fault, weight in self._weather.faults if call.suffers(fault)
        ]
        return self._chance.weighted(possible) if possible else None

    def _suffer(
        self, call: Call, intent: Intent, fault: InjectedFault | None
    ) -> tuple[AWSResponse | BaseException, InjectedFault | None]:
        """Return what a task gets for its call, and what truly went wrong with it."""
        if fault is None:
            return self._read_apart(call) if call.batched > 1 else self._done(call), None
        if fault in _UNDER_WAY:
            self.underway.append(Underway(call, intent))
        answer = self._done(call) if fault in _CARRIED_OUT else None
        if fault is InjectedFault.GARBLED and answer is not None:
            if answer.status_code != 200:
                return answer, None
            return garbled(call, answer, self._chance), fault
        if fault is InjectedFault.REPEATED and answer is not None:
            return answer, fault
        if fault is InjectedFault.STALE:
            return self._stale(call), fault
        return SUFFERED[fault](call, self._chance), fault

    def _done(self, call: Call) -> AWSResponse:
        answer = call.carried_out()
        self.digest.update(repr((call.operation, call.asked, answer.status_code)).encode())
        if call.writes and answer.status_code == 200:
            self._history.watch.written(call, self._history.play.now)
        return answer

    def _read_apart(self, call: Call) -> AWSResponse:
        """Answer a batch of reads as DynamoDB may: each item is consistent, not all of them."""
        parts = call.parted(1 + self._chance.below(call.batched - 1))
        # Accounts are asked for first.  Read last, they are newer than what their version guards.
        first, second = parts if self._chance.percent(25) else reversed(parts)
        before = self._done(first)
        self._pause(self._chance.pick(_APART_MS))
        return call.joined(before, self._done(second))

    def _stale(self, call: Call) -> AWSResponse:
        """Answer from the index as it was some writes ago."""
        values = {
            name: value["S"] for name, value in call.asked["ExpressionAttributeValues"].items()
        }
        found = [
            {
                "pk": {"S": pk},
                "sk": {"S": "A"},
                "due_pk": {"S": due_pk},
                "due_sk": {"S": due_sk},
            }
            for due_pk, due_sk, pk in self._chance.pick(self._history.watch.index)
            if due_pk == values[":part"]
            and due_sk < values.get(":above", due_sk + "~")
            and values.get(":first", "") <= due_sk <= values.get(":last", due_sk)
        ]
        return call.answered(200, {"Items": found, "Count": len(found), "ScannedCount": len(found)})
