"""
What can go wrong with one call to DynamoDB, and what that looks like to the caller.

Some of it happens before the request is carried out, some after, some both ways: the caller
cannot tell, which is the point.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from infra.local import in_process
from tests.faults.chance import Chance

WRITES: Final = frozenset({"PutItem", "TransactWriteItems", "UpdateItem"})


class InjectedFault(StrEnum):
    """One way in which a call goes wrong; `KILLED` ones end the process that made it."""

    THROTTLED = "throttled"  # refused for load, before anything was done
    FAILED = "failed"  # 500, and nothing was done
    FAILED_AFTER = "failed after"  # 500, although it was done
    UNREACHED = "unreached"  # no connection: nothing was done
    LOST = "lost"  # done, and the answer did not arrive
    GARBLED = "garbled"  # done, and the answer cannot be read
    DELAYED = "delayed"  # the caller has given up when it is done
    REPEATED = "repeated"  # done, and done once more later
    CONFLICT = "conflict"  # cancelled: another transaction was at an item
    LOADED = "loaded"  # cancelled: a partition was at its limit
    IN_PROGRESS = "in progress"  # an earlier attempt with this token is not through
    UNPROCESSED = "unprocessed"  # a batch that is answered in part
    PAGED = "paged"  # a page that ends early
    STALE = "stale"  # an index that is behind its table
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"


class Killed(BaseException):
    """The process is no more; nothing catches this but the scheduler."""


# Which calls each fault can happen to; any call where nothing is said.
_ONLY: Final[dict[InjectedFault, frozenset[str]]] = {
    InjectedFault.FAILED_AFTER: WRITES,
    InjectedFault.DELAYED: WRITES,
    InjectedFault.REPEATED: WRITES,
    # A put is of a quote that nobody knows yet, so nothing can be at it.
    InjectedFault.CONFLICT: WRITES - {"PutItem"},
    InjectedFault.LOADED: frozenset({"TransactWriteItems"}),
    InjectedFault.UNPROCESSED: frozenset({"BatchGetItem"}),
    InjectedFault.PAGED: frozenset({"Query"}),
    InjectedFault.STALE: frozenset({"Query"}),
}
# An attempt that finds its own delayed one under way: drawn by the scheduler, not from this list.
DRAWN: Final = tuple(fault for fault in InjectedFault if fault is not InjectedFault.IN_PROGRESS)


class Call:
    """A request on its way: which operation, what it asks, whose it is."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        self.request = request
        self.operation = _text(request.headers["X-Amz-Target"]).rpartition(".")[2]
        self.asked: dict[str, Any] = json.loads(request.body)
        self.token: str | None = self.asked.pop("ClientRequestToken", None)

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.operation in WRITES

    @property
    def of_index(self) -> bool:
        """Whether it reads the due index."""
        return "IndexName" in self.asked

    @property
    def batched(self) -> int:
        """How many items it reads in a batch."""
        wanted: dict[str, Any] = self.asked.get("RequestItems", {})
        return sum(len(table["Keys"]) for table in wanted.values())

    def parted(self, place: int) -> tuple[Call, Call]:
        """Return a batch of reads as two: of the items before a place, and of the others."""
        parts: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        for number, (table, key) in enumerate(self._keys()):
            wanted = self.asked["RequestItems"][table]
            part = parts[number >= place].setdefault(table, {**wanted, "Keys": []})
            part["Keys"].append(key)
        first, second = (Call(self.altered(RequestItems=part)) for part in parts)
        return first, second

    def joined(self, *answers: AWSResponse) -> AWSResponse:
        """Return the answers to the parts of a batch of reads as one."""
        found: dict[str, list[Any]] = {}
        for answer in answers:
            for table, items in json.loads(answer.content)["Responses"].items():
                found.setdefault(table, []).extend(items)
        return self.answered(200, {"Responses": found, "UnprocessedKeys": {}})

    def _keys(self) -> Iterator[tuple[str, Any]]:
        for table, wanted in self.asked["RequestItems"].items():
            for key in wanted["Keys"]:
                yield table, key

    def suffers(self, fault: InjectedFault) -> bool:
        """Tell whether a fault can happen to this call."""
        if fault is InjectedFault.STALE and not self.of_index:
            return False
        if fault is InjectedFault.PAGED and self.asked.get("Limit", 2) < 2:
            return False
        return self.operation in _ONLY.get(fault, {self.operation})

    def carried_out(self) -> AWSResponse:
        """Let the engine answer it."""
        return in_process.send(self.request)

    def altered(self, **changes: Any) -> AWSPreparedRequest:
        """Return the same request with other arguments."""
        before = self.request
        body = json.dumps(self.asked | changes).encode()
        return AWSPreparedRequest(before.method, before.url, before.headers, body, False)  # noqa: FBT003 - botocore's signature

    def answered(self, status: int, body: dict[str, Any]) -> AWSResponse:
        """Return an answer of our own."""
        return in_process.respond(self.request.url, status, {}, json.dumps(body).encode())

    def refused(self, status: int, code: str, **more: Any) -> AWSResponse:
        """Return a refusal in DynamoDB's form."""
        kind = f"com.amazonaws.dynamodb.v20120810#{code}"
        return self.answered(status, {"__type": kind, "message": code, **more})


def garbled(call: Call, answer: AWSResponse, chance: Chance) -> AWSResponse:
    """Return a good status with a body that is not the answer."""
    whole: bytes = answer.content
    bodies = (b"", b"{}", b"<html>", b"\xff\xfe\x00", whole[: len(whole) // 2])
    return in_process.respond(call.request.url, 200, {}, chance.pick(bodies))


def _cancelled(call: Call, chance: Chance, reason: str) -> AWSResponse:
    """Return a cancellation for a reason that one of the items has."""
    if call.operation == "UpdateItem":
        return call.refused(400, "TransactionConflictException")
    count = len(call.asked["TransactItems"])
    place = chance.below(count)
    reasons = [{"Code": reason if i == place else "None"} for i in range(count)]
    return call.refused(400, "TransactionCanceledException", CancellationReasons=reasons)


def _unprocessed(call: Call, chance: Chance) -> AWSResponse:
    """Carry out a part of a batch of reads, and name the rest as not done."""
    now: dict[str, Any] = {}
    later: dict[str, Any] = {}
    for table, wanted in call.asked["RequestItems"].items():
        for key in wanted["Keys"]:
            chosen = later if chance.percent(50) else now
            chosen.setdefault(table, {**wanted, "Keys": []})["Keys"].append(key)
    if not now:
        return call.answered(200, {"Responses": {}, "UnprocessedKeys": later})
    answer = in_process.send(call.altered(RequestItems=now))
    return call.answered(200, json.loads(answer.content) | {"UnprocessedKeys": later})


def _paged(call: Call, chance: Chance) -> AWSResponse:
    """Carry out a query, a few items of it."""
    few = 1 + chance.below(min(call.asked.get("Limit", 4), 4) - 1)
    return in_process.send(call.altered(Limit=few))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _throttled(call: Call, chance: Chance) -> AWSResponse:
    codes = ("ProvisionedThroughputExceededException", "ThrottlingException")
    return call.refused(400, chance.pick(codes))


def _failed(call: Call, _chance: Chance) -> AWSResponse:
    return call.refused(500, "InternalServerError")


def _in_progress(call: Call, _chance: Chance) -> AWSResponse:
    return call.refused(400, "TransactionInProgressException")


def _conflict(call: Call, chance: Chance) -> AWSResponse:
    return _cancelled(call, chance, "TransactionConflict")


def _loaded(call: Call, chance: Chance) -> AWSResponse:
    return _cancelled(call, chance, "ThrottlingError")


def _unreached(call: Call, _chance: Chance) -> BaseException:
    broken: BaseException = ConnectTimeoutError(endpoint_url=call.request.url)
    return broken


def _unheard(call: Call, chance: Chance) -> BaseException:
    kind = chance.pick((ReadTimeoutError, ConnectionClosedError))
    broken: BaseException = kind(endpoint_url=call.request.url)
    return broken


def _killed(_call: Call, _chance: Chance) -> Killed:
    return Killed()


#: What the caller gets: an answer, or what is raised in its place.  What must have been carried
#: out before is for the scheduler to do; faults that need the true answer are not here.
SUFFERED: Final[dict[InjectedFault, Callable[[Call, Chance], AWSResponse | BaseException]]] = {
    InjectedFault.THROTTLED: _throttled,
    InjectedFault.FAILED: _failed,
    InjectedFault.FAILED_AFTER: _failed,
    InjectedFault.UNREACHED: _unreached,
    InjectedFault.LOST: _unheard,
    InjectedFault.DELAYED: _unheard,
    InjectedFault.CONFLICT: _conflict,
    InjectedFault.LOADED: _loaded,
    InjectedFault.IN_PROGRESS: _in_progress,
    InjectedFault.UNPROCESSED: _unprocessed,
    InjectedFault.PAGED: _paged,
    InjectedFault.KILLED_BEFORE: _killed,
    InjectedFault.KILLED_AFTER: _killed,
}
